//! What a picture looks like once it is prepared.

use files::Workspace;
use image::imageops::{FilterType, invert, resize};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};
use mnist::{Digits, IMAGE_SIDE, Mnist, PIXELS};
use pictures::{Frame, Prepared, prepare};

fn test_digits() -> Digits {
    let data = Workspace::find().unwrap().data();
    Mnist::load_verified(&data).unwrap().test
}

/// A digit as a picture of another size, white on black.
fn enlarged(pixels: &[u8; PIXELS], scale: u32) -> GrayImage {
    let side = IMAGE_SIDE as u32;
    let picture = GrayImage::from_raw(side, side, pixels.to_vec()).unwrap();
    resize(&picture, side * scale, side * scale, FilterType::Nearest)
}

fn inverted(mut picture: GrayImage) -> GrayImage {
    invert(&mut picture);
    picture
}

fn prepared(picture: impl Into<DynamicImage>) -> Prepared {
    prepare(&picture.into()).unwrap()
}

/// Mean difference of two images' pixels, in greys of 255. A digit that is misplaced by a pixel differs by some 15.
fn difference(a: &[u8; PIXELS], b: &[u8; PIXELS]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b)));
    differences.sum::<f64>() / PIXELS as f64
}

/// A white bar on black, 400×300.
fn bar() -> GrayImage {
    GrayImage::from_fn(400, 300, |x, y| {
        let inside = (30..230).contains(&x) && (150..290).contains(&y);
        Luma([if inside { 255 } else { 0 }])
    })
}

#[test]
fn a_digit_of_mnists_is_taken_as_it_is_white_on_black_or_inverted() {
    let test = test_digits();
    let mut changed = 0;
    for image in test.images() {
        let picture = enlarged(image, 1);
        for picture in [picture.clone(), inverted(picture)] {
            changed += usize::from(prepared(picture).pixels != *image);
        }
    }
    println!("{changed} of 20000 pictures changed");
    // Specks, and digits that are not 20 pixels high.
    assert!(changed <= 20, "{changed} of 20000 pictures changed");
}

#[test]
fn two_digits_side_by_side_are_told_from_one() {
    let test = test_digits();
    let says_several = |picture: GrayImage| prepared(picture).steps.contains("more than one digit");
    let several = (0..1_000).filter(|index| says_several(enlarged(test.image(*index), 3)));
    assert_eq!(several.collect::<Vec<_>>(), Vec::<usize>::new());
    for index in (0..100).step_by(2) {
        let mut both = GrayImage::new(280, 140);
        for (place, index) in [index, index + 1].into_iter().enumerate() {
            let digit = enlarged(test.image(index), 5);
            image::imageops::replace(&mut both, &digit, 140 * place as i64, 0);
        }
        assert!(says_several(both), "{index}");
    }
}

#[test]
fn large_black_on_white_digits_come_out_as_they_were() {
    let test = test_digits();
    let differences: Vec<f64> = (0..100)
        .map(|index| {
            let prepared = prepared(inverted(enlarged(test.image(index), 10)));
            let steps = &prepared.steps;
            assert!(
                steps.starts_with("280×280, inverted, cropped to "),
                "{steps}"
            );
            difference(&prepared.pixels, test.image(index))
        })
        .collect();
    let misplaced = differences.iter().filter(|difference| **difference > 13.0);
    let (misplaced, mean) = (misplaced.count(), differences.iter().sum::<f64>() / 100.0);
    println!("mean {mean} greys, {misplaced} misplaced");
    // Where the mass is nearly between two pixels, the place is either's.
    assert!(
        misplaced <= 2 && mean < 4.0,
        "mean {mean} greys, {misplaced} misplaced"
    );
}

#[test]
fn the_aspect_ratio_is_kept_and_the_mass_is_in_the_middle() {
    let prepared = prepared(bar());
    assert_eq!(
        prepared.steps,
        "400×300, cropped to 200×140, scaled to 20×14, centred in 28×28"
    );
    // A pixel shows 10×10 of the picture's; the bar begins in pixel 5 of its row and pixel 8 of its column.
    let frame = Frame {
        left: 30.0 - 5.0 * 10.0,
        top: 150.0 - 8.0 * 10.0,
        width: 280.0,
        height: 280.0,
    };
    assert_eq!(prepared.frame, frame);
    for (index, pixel) in prepared.pixels.iter().enumerate() {
        let inside = (5..25).contains(&(index % 28)) && (8..22).contains(&(index / 28));
        assert_eq!(*pixel, if inside { 255 } else { 0 }, "pixel {index}");
    }
}

#[test]
fn ink_and_paper_may_have_any_greys_and_colours() {
    let expected = prepared(bar()).pixels;
    let coloured = |ink: [u8; 3], paper: [u8; 3]| {
        let bar = bar();
        ImageBuffer::from_fn(bar.width(), bar.height(), |x, y| {
            Rgb(if bar.get_pixel(x, y).0 == [0] {
                paper
            } else {
                ink
            })
        })
    };
    for (ink, paper) in [
        ([0; 3], [255; 3]),
        ([60; 3], [200; 3]),
        ([20; 3], [110; 3]),
        ([200; 3], [60; 3]),
        ([160; 3], [200; 3]),
        ([255, 255, 0], [255; 3]),
        ([0, 0, 255], [250, 240, 220]),
        ([255, 40, 40], [20, 60, 20]),
    ] {
        let found = prepared(coloured(ink, paper)).pixels;
        assert_eq!(found, expected, "{ink:?} on {paper:?}");
    }
}

#[test]
fn transparent_paper_is_what_the_ink_stands_out_from() {
    let bar = bar();
    let expected = prepared(bar.clone()).pixels;
    let opacity = |x: u32, y: u32| bar.get_pixel(x, y).0[0];
    for ink in [0, 80, 255] {
        let drawing = ImageBuffer::from_fn(400, 300, |x, y| LumaA([ink, opacity(x, y)]));
        assert_eq!(prepared(drawing.clone()).pixels, expected, "ink of {ink}");
        let sixteen_bits = DynamicImage::from(drawing).to_rgba16();
        assert_eq!(prepared(sixteen_bits).pixels, expected, "ink of {ink}");
    }
    // The corners of a window's picture are transparent, its paper is not.
    let window = ImageBuffer::from_fn(400, 300, |x, y| {
        let grey = 255 - opacity(x, y);
        Rgba([grey, grey, grey, if x + y < 8 { 0 } else { 255 }])
    });
    assert_eq!(prepared(window).pixels, expected);
}

#[test]
fn specks_are_left_out_and_pieces_are_not() {
    let expected = prepared(bar()).pixels;
    let mut dusty = bar();
    for (x, y) in [(3, 3), (396, 7), (200, 20), (10, 280)] {
        dusty.put_pixel(x, y, Luma([255]));
        dusty.put_pixel(x + 1, y, Luma([200]));
    }
    let found = prepared(dusty);
    assert!(found.steps.contains("4 specks removed"), "{}", found.steps);
    assert_eq!(found.pixels, expected);

    let mut broken = bar();
    (150..290).for_each(|y| (60..64).for_each(|x| broken.put_pixel(x, y, Luma([0]))));
    let found = prepared(broken);
    assert!(
        found.steps.contains("cropped to 200×140"),
        "{}",
        found.steps
    );
}

#[test]
fn ink_may_touch_the_border() {
    let cropped = image::imageops::crop_imm(&bar(), 30, 100, 370, 190).to_image();
    let found = prepared(inverted(cropped));
    assert!(
        found.steps.contains("cropped to 200×140"),
        "{}",
        found.steps
    );
}

#[test]
fn the_thinnest_line_is_thickened() {
    for (width, height, scaled) in [
        (500, 100, "scaled to 20×1,"),
        (100, 3000, "scaled to 1×20,"),
    ] {
        let line = GrayImage::from_fn(width, height, |x, y| {
            let is_ink = if width > height { y == 50 } else { x == 50 };
            Luma([if is_ink && x > 0 && y > 0 { 0 } else { 255 }])
        });
        let found = prepared(line);
        assert!(found.steps.contains(scaled), "{}", found.steps);
        let ink = found.pixels.iter().filter(|pixel| **pixel > 100).count();
        assert!(ink >= 20, "{ink} pixels of ink: {}", found.steps);
    }
    let diagonal = GrayImage::from_fn(600, 600, |x, y| Luma([if x == y { 0 } else { 255 }]));
    let found = prepared(diagonal);
    assert!(found.steps.contains("thickened"), "{}", found.steps);
    assert!(found.pixels.iter().filter(|pixel| **pixel > 100).count() >= 20);
}

#[test]
fn what_is_blank_is_refused() {
    for grey in [0, 10, 128, 245, 255] {
        for (width, height) in [(1, 1), (28, 28), (3000, 2), (50, 50)] {
            let blank = GrayImage::from_pixel(width, height, Luma([grey]));
            let error = prepare(&blank.into()).unwrap_err().to_string();
            assert!(error.starts_with("it is blank"), "{error}");
        }
    }
    let transparent = ImageBuffer::from_pixel(50, 50, LumaA([77, 0]));
    assert!(prepare(&DynamicImage::ImageLumaA8(transparent)).is_err());
    let grain = GrayImage::from_fn(50, 50, |x, y| Luma([200 + (7 * x + 5 * y) as u8 % 10]));
    assert!(prepare(&grain.into()).is_err());
}

#[test]
fn the_frame_is_in_pixels_of_the_picture_also_where_that_was_shrunk() {
    // Fifteen times as large, which is more than is looked at.
    let large = resize(&bar(), 6_000, 4_500, FilterType::Nearest);
    let (small, large) = (prepared(bar()).frame, prepared(large).frame);
    let scaled = [
        (small.left, large.left),
        (small.top, large.top),
        (small.width, large.width),
        (small.height, large.height),
    ];
    for (small, large) in scaled {
        assert!((15.0 * small - large).abs() < 50.0, "{small} and {large}");
    }
}
