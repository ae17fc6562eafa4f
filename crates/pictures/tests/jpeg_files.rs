//! JPEG files cut short, whatever comes after the cut.

use std::fs;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{GrayImage, ImageEncoder};
use pictures::decode_picture;

const END: [u8; 2] = [0xff, 0xd9];

/// Files that Pillow wrote: the letter L in blocks of a few units, in one scan and in many.
fn files() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jpeg");
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files = entries.map(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    });
    let mut files: Vec<_> = files.collect();
    files.sort();
    assert_eq!(files.len(), 4);
    files
}

fn is_cut_short(file: &[u8]) -> bool {
    decode_picture(file).is_err_and(|error| error.to_string() == "it is cut short")
}

/// Where the first scan begins.
fn first_scan(file: &[u8]) -> usize {
    file.windows(2)
        .position(|marker| marker == [0xff, 0xda])
        .unwrap()
}

/// The file with a segment of its own after the start marker.
fn with_segment(file: &[u8], kind: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(2 + content.len()).unwrap().to_be_bytes();
    [&file[..2], &[0xff, kind], &length, content, &file[2..]].concat()
}

#[test]
fn a_whole_file_is_whole_whatever_surrounds_it() {
    for (name, file) in files() {
        for file in [
            file.clone(),
            [&file, b"what a camera left".as_slice()].concat(),
            [&file, &file[..100]].concat(),
            with_segment(&file, 0xe1, &files()[0].1),
            with_segment(&file, 0xfe, b"\xff\xd9 \xff\xda"),
        ] {
            let picture = decode_picture(&file).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!((picture.width(), picture.height()), (61, 83));
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_cut_short() {
    for (name, file) in files() {
        let thumbnail = with_segment(&file, 0xe1, &files()[0].1);
        for file in [file, thumbnail] {
            for length in 3..file.len() {
                assert!(
                    is_cut_short(&file[..length]),
                    "{name}, {length} of {}",
                    file.len()
                );
            }
        }
    }
}

#[test]
fn an_end_marker_does_not_make_it_whole() {
    for (name, file) in files() {
        let scans = file
            .windows(2)
            .filter(|marker| *marker == [0xff, 0xda])
            .count();
        let start = first_scan(&file);
        let lengths = start..file.len() - 2;
        let accepted = lengths.clone().filter(|length| {
            let cut = [&file[..*length], &END].concat();
            !is_cut_short(&cut) && decode_picture(&cut).is_ok()
        });
        let accepted: Vec<usize> = accepted.collect();
        if scans == 1 {
            assert!(accepted.is_empty(), "{name}: {accepted:?}");
        } else {
            // A progressive picture is there after each scan, only coarser: where a marker begins, or in the middle of it.
            for length in accepted {
                let is_marker = |at: usize| file[at] == 0xff && file[at + 1] != 0;
                assert!(
                    is_marker(length) || is_marker(length - 1),
                    "{name}: {length}"
                );
            }
        }
    }
}

#[test]
fn a_gap_is_a_cut() {
    for (name, file) in files() {
        let start = first_scan(&file) + 20;
        let mut refused = 0;
        let places = start..file.len() - 60;
        for place in places.clone() {
            let gap = [&file[..place], &file[place + 40..]].concat();
            refused += usize::from(decode_picture(&gap).is_err());
        }
        println!("{name}: {refused} of {}", places.len());
        assert!(
            refused > places.len() / 2,
            "{name}: {refused} of {}",
            places.len()
        );
    }
}

#[test]
fn pictures_of_all_sizes_are_whole() {
    for side in (1..40).chain([64, 255, 1000]) {
        let picture = GrayImage::from_fn(side, 2 * side + 1, |x, y| {
            image::Luma([(x * 7 + y * 13 + x * y) as u8])
        });
        let mut file = Vec::new();
        let (width, height) = picture.dimensions();
        let encoder = JpegEncoder::new_with_quality(&mut file, 90);
        encoder
            .write_image(&picture, width, height, image::ExtendedColorType::L8)
            .unwrap();
        decode_picture(&file).unwrap();
        let cut = [&file[..file.len() - 3], &END].concat();
        assert!(is_cut_short(&cut), "{side}");
    }
}
