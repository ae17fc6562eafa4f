//! What an exported page computes in the browser, against what is computed here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::{DynamicImage, GrayImage, Luma};
use pictures::prepare;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::support::{model, steps};
use crate::webdriver::Browser;
use crate::why::test_digits;
use crate::{Host, Page, WIDE};

/// Test images, from all of them.
const IMAGES: usize = 1_000;

/// How many are asked about at once.
const CHUNK: usize = 50;

/// What the page itself is answered to questions at paths; the message of what is refused.
fn asked(browser: &mut Browser, questions: &[(&str, Value)]) -> Vec<Value> {
    let script = format!(
        "const done = arguments[arguments.length - 1]; \
         const one = ([path, question], {{ ask, post }}) => \
           (question ? post(path, question) : ask(path)).catch((error) => ({{ refused: error.message, status: error.status }})); \
         import(new URL('asking.js', document.baseURI)) \
           .then((asking) => Promise.all({}.map((it) => one(it, asking)))) \
           .then(done, (error) => done(String(error)));",
        json!(questions)
    );
    let answers = browser.eventual(&script);
    answers
        .as_array()
        .unwrap_or_else(|| panic!("{answers}"))
        .clone()
}

fn question(picture: &GrayImage) -> Value {
    json!({ "width": picture.width(), "height": picture.height(), "pixels": BASE64.encode(picture.as_raw()) })
}

fn floats(text: &Value) -> Vec<f32> {
    let bytes = BASE64.decode(text.as_str().unwrap()).unwrap();
    let numbers = bytes.as_chunks::<4>().0.iter();
    numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Asserts that what the page made of a picture is what is made of it here.
fn assert_prepared(picture: &GrayImage, answer: &Value) {
    let Ok(prepared) = prepare(&DynamicImage::ImageLuma8(picture.clone())) else {
        assert_eq!(answer["status"], 422, "{answer}");
        return;
    };
    let seen = &answer["seen"];
    assert_eq!(seen["preparation"], prepared.steps.as_str());
    assert_eq!(
        seen["pixels"],
        BASE64.encode(prepared.pixels),
        "{}",
        prepared.steps
    );
    let frame = prepared.frame;
    let frame = [frame.left, frame.top, frame.width, frame.height];
    let found: [f64; 4] = serde_json::from_value(seen["frame"].clone()).unwrap();
    assert_eq!(found, frame, "{}", prepared.steps);
}

#[test]
#[ignore = "needs Chromium"]
fn the_browser_computes_the_networks_probabilities() {
    let mut page = Page::from(Host::Files, WIDE);
    let digits = test_digits();
    let images: Vec<_> = digits
        .images()
        .iter()
        .step_by(digits.len() / IMAGES)
        .collect();
    assert_eq!(images.len(), IMAGES);
    let models: Vec<_> = steps()
        .into_iter()
        .map(|step| model(step).unwrap())
        .collect();
    let mut furthest = 0.0_f64;
    for images in images.chunks(CHUNK) {
        let picture = |image: &&[u8; 784]| GrayImage::from_raw(28, 28, image.to_vec()).unwrap();
        let pictures: Vec<GrayImage> = images.iter().map(picture).collect();
        let questions: Vec<_> = pictures
            .iter()
            .map(|it| ("api/predict", question(it)))
            .collect();
        let answers = asked(&mut page.browser, &questions);
        for (picture, answer) in pictures.iter().zip(&answers) {
            assert_prepared(picture, answer);
            let prepared = prepare(&DynamicImage::ImageLuma8(picture.clone())).unwrap();
            for (model, answer) in models.iter().zip(answer["steps"].as_array().unwrap()) {
                let expected = model.probabilities([&prepared.pixels]).unwrap()[0];
                for (found, expected) in answer["probabilities"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .zip(expected)
                {
                    furthest = furthest.max((found.as_f64().unwrap() - f64::from(expected)).abs());
                }
            }
        }
    }
    println!("the furthest probability differs by {furthest:e}");
    assert!(furthest < 1e-4, "{furthest:e}");
}

/// A picture such as a hand, a camera or chance might make: lines on paper with grain, of any size, dark or light.
fn chance(seed: u64) -> GrayImage {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let side = |random: &mut ChaCha8Rng| {
        random.random_range(1..=if seed.is_multiple_of(3) { 40 } else { 300 })
    };
    let (width, height) = (side(random), side(random));
    let [paper, ink] = [(); 2].map(|()| random.random::<u8>());
    let grain = random.random_range(0..=if seed.is_multiple_of(2) { 0 } else { 20 });
    let mut picture = GrayImage::from_pixel(width, height, Luma([paper]));
    let place = |random: &mut ChaCha8Rng| {
        [width, height].map(|side| random.random_range(0.0..f64::from(side)))
    };
    for _ in 0..random.random_range(0..5) {
        let (from, to) = (place(random), place(random));
        let thickness = random.random_range(0.4..15.0);
        let grey = ink.saturating_add(random.random_range(0..40));
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            let at = [f64::from(x) + 0.5, f64::from(y) + 0.5];
            if distance(at, from, to) < thickness {
                pixel.0[0] = grey;
            }
        }
    }
    for pixel in picture.iter_mut() {
        *pixel = pixel.saturating_add(random.random_range(0..=grain));
    }
    picture
}

/// How far a point is from a line between two others.
fn distance(at: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let [dx, dy] = [to[0] - from[0], to[1] - from[1]];
    let length = (dx * dx + dy * dy).max(1e-9);
    let share = ((at[0] - from[0]) * dx + (at[1] - from[1]) * dy) / length;
    let share = share.clamp(0.0, 1.0);
    (at[0] - from[0] - share * dx).hypot(at[1] - from[1] - share * dy)
}

#[test]
#[ignore = "needs Chromium"]
fn the_browser_prepares_any_picture_as_it_is_prepared_here() {
    let mut page = Page::from(Host::Files, WIDE);
    let pictures: Vec<GrayImage> = (0..300).map(chance).collect();
    let mut preparations = Vec::new();
    for pictures in pictures.chunks(CHUNK) {
        let questions: Vec<_> = pictures
            .iter()
            .map(|it| ("api/predict", question(it)))
            .collect();
        for (picture, answer) in pictures.iter().zip(asked(&mut page.browser, &questions)) {
            assert_prepared(picture, &answer);
            preparations.extend(answer["seen"]["preparation"].as_str().map(str::to_owned));
        }
    }
    // There are blank ones, and all that can be done to a picture has been done.
    assert!(preparations.len() < pictures.len());
    for step in [
        "inverted",
        "a speck removed",
        "more than one digit",
        "thickened",
    ] {
        let mut preparations = preparations.iter();
        assert!(preparations.any(|it| it.contains(step)), "{step}");
    }
}

/// Asserts that two answers are the same but for how floats are rounded: texts in base64 are of levels, or of floats.
fn assert_alike(name: &str, found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(found), Value::Object(expected)) => {
            let names = |object: &serde_json::Map<String, Value>| {
                object.keys().cloned().collect::<Vec<_>>()
            };
            assert_eq!(names(found), names(expected), "{name}");
            for (name, found) in found {
                assert_alike(name, found, &expected[name]);
            }
        }
        (Value::Array(found), Value::Array(expected)) => {
            assert_eq!(found.len(), expected.len(), "{name}");
            for (found, expected) in found.iter().zip(expected) {
                assert_alike(name, found, expected);
            }
        }
        (Value::Number(found), Value::Number(expected)) => {
            let difference = (found.as_f64().unwrap() - expected.as_f64().unwrap()).abs();
            assert!(difference < 1e-3, "{name}: {found}, not {expected}");
        }
        (Value::String(_), Value::String(_)) if name == "levels" => {
            let [found, expected] =
                [found, expected].map(|it| BASE64.decode(it.as_str().unwrap()).unwrap());
            let near = found
                .iter()
                .zip(&expected)
                .all(|(one, other)| one.abs_diff(*other) <= 1);
            assert!(found.len() == expected.len() && near, "{name}");
        }
        (Value::String(_), Value::String(_))
            if ["values", "erased", "weights", "scale", "offset"].contains(&name) =>
        {
            let [found, expected] = [found, expected].map(floats);
            let near = found
                .iter()
                .zip(&expected)
                .all(|(one, other)| (one - other).abs() < 1e-3);
            assert!(found.len() == expected.len() && near, "{name}");
        }
        _ => assert_eq!(found, expected, "{name}"),
    }
}

#[test]
#[ignore = "needs Chromium"]
fn the_answers_are_those_of_the_server() {
    let last = steps().pop().unwrap();
    let drawn = |picture: &GrayImage, step: &str, exact: bool| {
        let mut question = question(picture);
        question["step"] = step.into();
        question["exact"] = exact.into();
        question
    };
    let [drawing, blank] = [chance(4), GrayImage::new(280, 280)];
    let of_digit = question(&drawing);
    let mut questions = vec![
        ("api/predict".to_owned(), of_digit),
        ("api/predict".to_owned(), drawn(&drawing, &last.name, false)),
        ("api/predict".to_owned(), question(&blank)),
        ("api/results".to_owned(), Value::Null),
        ("api/ladder".to_owned(), Value::Null),
        ("api/digits/7".to_owned(), Value::Null),
        ("api/digits?of=1,947".to_owned(), Value::Null),
    ];
    for step in steps() {
        questions.push(("api/predict".to_owned(), drawn(&drawing, &step.name, true)));
        let mut erased = drawn(&drawing, &step.name, false);
        erased.as_object_mut().unwrap().remove("exact");
        questions.push(("api/erase".to_owned(), erased));
        questions.push((format!("api/weights/{}", step.name), Value::Null));
    }
    let questions: Vec<_> = questions
        .iter()
        .map(|(path, question)| (path.as_str(), question.clone()))
        .collect();
    let [mut exported, served] = [Host::Files, Host::Server]
        .map(|host| asked(&mut Page::from(host, WIDE).browser, &questions));
    for (answer, (path, _)) in exported.iter_mut().zip(&questions) {
        if *path == "api/ladder" {
            // Which test digits it has, which the server need not say.
            answer.as_object_mut().unwrap().remove("offered").unwrap();
        }
    }
    for ((path, _), (found, expected)) in questions.iter().zip(exported.iter().zip(&served)) {
        assert_alike(path, found, expected);
    }
}
