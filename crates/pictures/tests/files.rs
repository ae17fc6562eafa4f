//! Files as they come: sound ones of every format, and all sorts of broken ones.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageEncoder, ImageFormat, Luma, Rgba};
use pictures::{MAX_SIDE, Prepared, decode_picture, prepare, read_picture};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const FORMATS: [ImageFormat; 4] = [
    ImageFormat::Png,
    ImageFormat::Jpeg,
    ImageFormat::Bmp,
    ImageFormat::Pnm,
];

/// A black L on white, which looks different from every side.
fn letter() -> GrayImage {
    GrayImage::from_fn(60, 80, |x, y| {
        let is_ink = (15..25).contains(&x) && (10..70).contains(&y)
            || (15..45).contains(&x) && (60..70).contains(&y);
        Luma([if is_ink { 0 } else { 255 }])
    })
}

fn encoded(picture: &GrayImage, format: ImageFormat) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    if format == ImageFormat::Pnm {
        return [format!("P5 {width} {height} 255\n").as_bytes(), picture].concat();
    }
    let mut file = Cursor::new(Vec::new());
    picture.write_to(&mut file, format).unwrap();
    file.into_inner()
}

/// Mean difference of two images' pixels, in greys of 255.
fn difference(a: &Prepared, b: &Prepared) -> f64 {
    let pixels = a.pixels.iter().zip(&b.pixels);
    let differences = pixels.map(|(a, b)| f64::from(a.abs_diff(*b)));
    differences.sum::<f64>() / a.pixels.len() as f64
}

/// Why a file is refused: one line, which names the file.
fn refusal(path: &Path) -> String {
    let message = format!("{:#}", read_picture(path).unwrap_err());
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(
        message.contains(name) && !message.contains('\n'),
        "{message}"
    );
    message
}

#[test]
fn a_file_is_what_its_content_says() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("letter.png");
    let expected = prepare(&letter().into()).unwrap();
    for format in FORMATS {
        fs::write(&path, encoded(&letter(), format)).unwrap();
        let found = read_picture(&path).unwrap();
        // What JPEG leaves around strokes makes the box a little larger.
        let allowed = if format == ImageFormat::Jpeg {
            8.0
        } else {
            0.0
        };
        let difference = difference(&found, &expected);
        assert!(difference <= allowed, "{format:?}: {difference} greys");
    }
    let text = "P2\n# by hand\n3 3\n9\n9 9 9\n9 0 9\n9 9 9\n";
    assert_eq!(
        decode_picture(text.as_bytes())
            .unwrap()
            .to_luma8()
            .get_pixel(1, 1)
            .0,
        [0]
    );
}

#[test]
fn a_picture_that_lies_on_its_side_is_turned() {
    // TIFF's header, one entry: orientation (0x0112), a short, 6: turn it to the right.
    let exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    let on_its_side = image::imageops::rotate270(&letter());
    let mut file = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut file, 95);
    encoder.set_exif_metadata(exif).unwrap();
    on_its_side.write_with_encoder(encoder).unwrap();
    let found = prepare(&decode_picture(&file).unwrap()).unwrap();
    let expected = prepare(&letter().into()).unwrap();
    let difference = difference(&found, &expected);
    assert!(difference < 3.0, "{difference} greys");
}

#[test]
fn what_is_no_picture_is_refused_in_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("digit.png");
    assert!(refusal(&path).starts_with("cannot read"));
    fs::create_dir(&path).unwrap();
    assert!(refusal(&path).starts_with("cannot read"));
    fs::remove_dir(&path).unwrap();
    for (content, expected) in [
        (b"".as_slice(), "it is empty"),
        (b"a digit\n", "it is no PNG, JPEG, BMP or PGM picture"),
        (&[0; 1000], "it is no PNG, JPEG, BMP or PGM picture"),
        (b"GIF89a, so they say", "it is a GIF picture"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "it is a WEBP picture"),
        (b"\x89PNG\r\n\x1a\n", "it is cut short"),
        (b"\xff\xd8\xff", "it is cut short"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "it is cut short"),
        (
            b"\xff\xd8\xff\xda\0\x02\xff\xd9",
            "it is a broken JPEG file",
        ),
        (b"BM", "it is cut short"),
        (b"P5", "it is cut short"),
        (b"P5 9 9 255\n too few", "it is cut short"),
        (b"P5 0 0 255\n", "it has no pixels"),
        (b"P5 -1 9 255\n", "it is a broken PGM file"),
        (
            b"P5 99999999999999999999 9 255\n",
            "it is a broken PGM file",
        ),
        (
            b"P5 4294967295 4294967295 255\n",
            "it is 4294967295×4294967295 pixels large",
        ),
        (b"P2 2 1 9\n5 five", "it is a broken PGM file"),
    ] {
        fs::write(&path, content).unwrap();
        let message = refusal(&path);
        assert!(message.contains(expected), "{message}, expected {expected}");
    }
}

#[test]
fn pictures_that_are_too_large_are_refused_by_their_header() {
    let directory = tempfile::tempdir().unwrap();
    for format in FORMATS {
        let path = directory.path().join("large");
        for (width, height) in [(MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)] {
            let white = GrayImage::from_pixel(width, height, Luma([255]));
            fs::write(&path, encoded(&white, format)).unwrap();
            let expected =
                format!("it is {width}×{height} pixels large; at most {MAX_SIDE}×{MAX_SIDE}");
            assert!(refusal(&path).contains(&expected), "{}", refusal(&path));
        }
    }
    let path = directory.path().join("endless.pgm");
    let file = fs::File::create(&path).unwrap();
    file.set_len(1 << 40).unwrap();
    assert!(refusal(&path).contains("it is larger than 134217728 bytes"));
}

#[test]
fn half_a_picture_is_refused() {
    for format in FORMATS {
        let whole = encoded(&letter(), format);
        for length in [20, whole.len() / 4, whole.len() / 2, 3 * whole.len() / 4] {
            let error = decode_picture(&whole[..length]).unwrap_err().to_string();
            assert_eq!(error, "it is cut short", "{format:?}, {length} bytes");
        }
    }
    // A thumbnail of its own does not make a photograph whole.
    let mut file = encoded(&letter(), ImageFormat::Jpeg);
    let thumbnail = file.clone();
    let length = u16::try_from(2 + thumbnail.len()).unwrap().to_be_bytes();
    let segment = [&[0xff, 0xe1], length.as_slice(), &thumbnail].concat();
    file.splice(2..2, segment);
    assert!(decode_picture(&file).is_ok());
    file.truncate(file.len() - 40);
    assert_eq!(
        decode_picture(&file).unwrap_err().to_string(),
        "it is cut short"
    );
}

#[test]
fn damage_is_an_error_of_one_line_or_goes_unnoticed() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let coloured: DynamicImage = letter().into();
    let coloured = image::imageops::resize(
        &coloured.to_rgba8(),
        20,
        30,
        image::imageops::FilterType::Triangle,
    );
    let mut transparent = Cursor::new(Vec::new());
    let see_through = image::RgbaImage::from_fn(20, 30, |x, y| {
        let Rgba([red, green, blue, _]) = *coloured.get_pixel(x, y);
        Rgba([red, green, blue, (x * y) as u8])
    });
    see_through
        .write_to(&mut transparent, ImageFormat::Png)
        .unwrap();
    let mut files: Vec<Vec<u8>> = FORMATS
        .iter()
        .map(|format| encoded(&letter(), *format))
        .collect();
    files.push(transparent.into_inner());
    let mut refused = 0;
    for file in &files {
        for _ in 0..300 {
            let mut damaged = file.clone();
            for _ in 0..random.random_range(1..=4) {
                // Most of the damage where most of the meaning is.
                let end = if random.random_range(0..2) == 0 {
                    64.min(file.len())
                } else {
                    file.len()
                };
                damaged[random.random_range(0..end)] = random.random_range(0..=255);
            }
            if random.random_range(0..4) == 0 {
                damaged.truncate(random.random_range(0..file.len()));
            }
            if let Err(error) = decode_picture(&damaged).and_then(|picture| prepare(&picture)) {
                let message = format!("{error:#}");
                assert!(
                    message.starts_with("it ") && !message.contains('\n'),
                    "{message}"
                );
                refused += 1;
            }
        }
    }
    println!("{refused} of {} refused", 300 * files.len());
    assert!(refused > 300, "{refused} of {} refused", 300 * files.len());
}
