//! Digits that are not MNIST's: drawn with a pen, and photographed or saved badly.

mod drawing;

use burn::tensor::Device;
use evidence::{Kind, Places};
use files::Workspace;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, blur, crop_imm, resize};
use image::{DynamicImage, GrayImage, Luma};
use inference::{Model, most_probable};
use pictures::{decode_picture, prepare};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use drawing::{Pen, digits};

/// A pen as people use them.
const PEN: Pen = Pen {
    height: 400.0,
    width: 20.0,
    slant: 0.1,
};

/// The recorded network of the last step.
fn model() -> Model {
    let places = Places::of(Workspace::find().unwrap());
    let last = places
        .records(Kind::Step)
        .unwrap()
        .pop()
        .expect("runs are recorded");
    let weights = places.weights(Kind::Step, last.name());
    Model::from_file(last.experiment(), &weights, Device::flex()).unwrap()
}

/// Asserts that all but `allowed` of ten digits are recognised, after what `change` does to them.
fn recognised(
    model: &Model,
    pen: Pen,
    allowed: usize,
    what: &str,
    mut change: impl FnMut(&GrayImage) -> DynamicImage,
) {
    let wrong: Vec<String> = digits(pen)
        .filter_map(|(digit, picture)| {
            let prepared = prepare(&change(&picture)).unwrap();
            let probabilities = model.probabilities([&prepared.pixels]).unwrap();
            let predicted = most_probable(&probabilities[0]);
            (predicted != digit).then(|| format!("{digit} as {predicted} ({})", prepared.steps))
        })
        .collect();
    assert!(wrong.len() <= allowed, "{what}, {pen:?}: {wrong:?}");
}

#[test]
fn digits_of_any_pen_are_recognised() {
    let model = model();
    for slant in [-0.1, 0.0, 0.2] {
        for width in [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0] {
            let pen = Pen {
                width,
                slant,
                ..PEN
            };
            recognised(&model, pen, 1, "plain", |picture| picture.clone().into());
        }
    }
    let small = Pen {
        height: 30.0,
        width: 2.0,
        slant: 0.0,
    };
    recognised(&model, small, 1, "small", |picture| picture.clone().into());
}

#[test]
fn digits_on_bad_paper_are_recognised() {
    let model = model();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for spread in [5, 20, 60] {
        recognised(&model, PEN, 1, "grain", |picture| {
            with(picture, |_, _, grey| {
                80.0 + 0.4 * grey + f64::from(random.random_range(-spread..=spread))
            })
        });
    }
    recognised(&model, PEN, 1, "dust", |picture| {
        with(picture, |_, _, grey| match random.random_range(0..500) {
            0 => 0.0,
            1 => 255.0,
            _ => grey,
        })
    });
    recognised(&model, PEN, 1, "light from the side", |picture| {
        with(picture, |x, _, grey| (0.6 + 0.4 * x) * (70.0 + 0.6 * grey))
    });
    recognised(&model, PEN, 1, "darker corners", |picture| {
        with(picture, |x, y, grey| {
            let from_middle = (x - 0.5).hypot(y - 0.5);
            (1.0 - 0.5 * from_middle) * (70.0 + 0.6 * grey)
        })
    });
}

#[test]
fn digits_saved_badly_are_recognised() {
    let model = model();
    for quality in [5, 20, 60] {
        recognised(&model, PEN, 1, "JPEG", |picture| {
            let mut file = Vec::new();
            let encoder = JpegEncoder::new_with_quality(&mut file, quality);
            picture.write_with_encoder(encoder).unwrap();
            decode_picture(&file).unwrap()
        });
    }
    recognised(&model, PEN, 1, "two greys", |picture| {
        with(picture, |_, _, grey| if grey < 128.0 { 0.0 } else { 255.0 })
    });
    recognised(&model, PEN, 1, "out of focus", |picture| {
        blur(picture, 8.0).into()
    });
    recognised(&model, PEN, 1, "tiny", |picture| {
        resize(picture, 30, 30, FilterType::Triangle).into()
    });
    recognised(&model, PEN, 1, "huge", |picture| {
        resize(picture, 2500, 2500, FilterType::Triangle).into()
    });
    recognised(&model, PEN, 1, "no margin", |picture| {
        let (left, top, width, height) = box_of_ink(picture);
        crop_imm(picture, left, top, width, height)
            .to_image()
            .into()
    });
}

/// The picture with other greys, which are a function of the place, 0 to 1 in both directions, and the grey.
fn with(picture: &GrayImage, mut grey: impl FnMut(f64, f64, f64) -> f64) -> DynamicImage {
    let (width, height) = picture.dimensions();
    GrayImage::from_fn(width, height, |x, y| {
        let place = (
            f64::from(x) / f64::from(width),
            f64::from(y) / f64::from(height),
        );
        let grey = grey(place.0, place.1, f64::from(picture.get_pixel(x, y).0[0]));
        Luma([grey.round().clamp(0.0, 255.0) as u8])
    })
    .into()
}

fn box_of_ink(picture: &GrayImage) -> (u32, u32, u32, u32) {
    let ink = || {
        picture
            .enumerate_pixels()
            .filter(|(_, _, grey)| grey.0[0] < 128)
    };
    let (left, right) = (
        ink().map(|(x, ..)| x).min().unwrap(),
        ink().map(|(x, ..)| x).max().unwrap(),
    );
    let (top, bottom) = (
        ink().map(|(_, y, _)| y).min().unwrap(),
        ink().map(|(_, y, _)| y).max().unwrap(),
    );
    (left, top, right - left + 1, bottom - top + 1)
}
