//! What is answered to those who ask well.

use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use evidence::{Kind, State};
use inference::most_probable;
use mnist::DISPUTED_TEST_IMAGES;
use serde_json::Value;

use crate::support::{Checkout, Running, content, model, recorded, steps};
use crate::{DIGITS, Page, drawing, generous};

/// Probabilities of a step in an answer.
fn probabilities(answer: &Value, step: usize) -> Vec<f32> {
    let values = answer["steps"][step]["probabilities"].as_array().unwrap();
    values
        .iter()
        .map(|value| value.as_f64().unwrap() as f32)
        .collect()
}

#[test]
fn every_step_says_what_its_network_says_be_there_ever_so_many_clients() {
    let page = Page::start(generous());
    let indices: Vec<usize> = (0..96).collect();
    let answers: Vec<Value> = thread::scope(|scope| {
        let clients: Vec<_> = indices
            .chunks(8)
            .map(|indices| {
                scope.spawn(|| {
                    let mut client = page.client();
                    let ask = |index: &usize| {
                        let answer = client.post("/api/predict", &drawing(*index)).unwrap();
                        assert_eq!(answer.status, 200, "{answer:?}");
                        answer.json()
                    };
                    indices.iter().map(ask).collect::<Vec<_>>()
                })
            })
            .collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    for (place, step) in steps().into_iter().enumerate() {
        let model = model(step).unwrap();
        let images = indices.iter().map(|index| DIGITS.image(*index));
        let expected = model.probabilities(images).unwrap();
        for (answer, expected) in answers.iter().zip(&expected) {
            let found = probabilities(answer, place);
            let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
            assert!(
                found.iter().zip(expected).all(near),
                "{found:?}, not {expected:?}"
            );
            assert_eq!(answer["steps"][place]["digit"], most_probable(expected));
        }
    }
}

#[test]
fn layers_are_those_of_the_step_that_was_asked_for() {
    let page = Page::start(generous());
    let mut client = page.client();
    let ladder = client.get("/api/ladder").unwrap().json();
    for (place, step) in steps().into_iter().enumerate() {
        let mut question = drawing(7);
        question["step"] = step.name.as_str().into();
        let answer = client.post("/api/predict", &question).unwrap().json();
        let model = model(step).unwrap();
        let expected = model.activations(DIGITS.image(7)).unwrap();
        let layers = answer["layers"].as_array().unwrap();
        let introduced = ladder["steps"][place]["summary"]["layers"]
            .as_array()
            .unwrap();
        assert_eq!(
            (layers.len(), introduced.len()),
            (expected.len(), expected.len())
        );
        for ((layer, summary), expected) in layers.iter().zip(introduced).zip(&expected) {
            for (found, introduced, expected) in [
                ("channels", "channels_out", expected.channels),
                ("height", "n_out", expected.height),
                ("width", "n_out", expected.width),
            ] {
                assert_eq!(layer[found], expected);
                assert_eq!(summary[introduced], expected);
            }
            let (low, high) = (
                layer["low"].as_f64().unwrap(),
                layer["high"].as_f64().unwrap(),
            );
            let levels = BASE64.decode(layer["levels"].as_str().unwrap()).unwrap();
            assert_eq!(levels.len(), expected.values.len());
            // Half a level, and a little for the arithmetic.
            let within = (high - low) / 255.0 * 0.501 + 1e-6;
            for (level, value) in levels.iter().zip(&expected.values) {
                let found = low + f64::from(*level) / 255.0 * (high - low);
                assert!(
                    (found - f64::from(*value)).abs() <= within,
                    "{found}, not {value}"
                );
            }
        }
    }
    assert_eq!(
        client.post("/api/predict", &drawing(7)).unwrap().json()["layers"],
        Value::Null
    );
}

/// Numbers of an answer: 32-bit floats, the low byte first.
fn floats(text: &Value) -> Vec<f32> {
    let bytes = BASE64.decode(text.as_str().unwrap()).unwrap();
    let numbers = bytes.as_chunks::<4>().0.iter();
    numbers.map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// Maps `[channels, side, side]`.
struct Maps {
    channels: usize,
    side: usize,
    values: Vec<f32>,
}

/// What a layer makes of maps, by the definition of a convolution and by nothing of ours.
fn computed(layer: &Value, input: &Maps) -> Maps {
    let number = |name: &str| layer[name].as_u64().map(|it| it as usize);
    let is_weighted = layer["kind"] == "weighted";
    let kernel = number("kernel").unwrap_or(input.side);
    let (stride, padding) = (
        number("stride").unwrap_or(1),
        number("padding").unwrap_or(0),
    );
    let groups = number("groups").unwrap_or(input.channels);
    let side = (input.side + 2 * padding - kernel) / stride + 1;
    let list = |name: &str| {
        let list = layer[name].is_string().then(|| floats(&layer[name]));
        list.map(|list| list.into_iter().map(f64::from).collect::<Vec<_>>())
    };
    let (scale, offset) = (list("scale"), list("offset"));
    let weights = is_weighted.then(|| floats(&layer["weights"]));
    let channels = offset.as_ref().map_or(input.channels, Vec::len);
    let each = input.channels / groups;
    let mut values = Vec::new();
    for (channel, row, column) in places(channels, side) {
        let first = channel / (channels / groups) * each;
        let window = places(each, kernel).filter_map(|(of, down, right)| {
            let row = (row * stride + down).checked_sub(padding)?;
            let column = (column * stride + right).checked_sub(padding)?;
            let at = ((first + of) * input.side + row) * input.side + column;
            let inside = row < input.side && column < input.side;
            let weight = ((channel * each + of) * kernel + down) * kernel + right;
            inside.then(|| (f64::from(input.values[at]), weight))
        });
        let value = match (&weights, layer["kind"].as_str().unwrap()) {
            (Some(weights), _) => {
                let sum: f64 = window
                    .map(|(value, at)| value * f64::from(weights[at]))
                    .sum();
                let value = sum * scale.as_ref().map_or(1.0, |it| it[channel])
                    + offset.as_ref().unwrap()[channel];
                if layer["relu"] == true {
                    value.max(0.0)
                } else {
                    value
                }
            }
            (None, "largest") => window.map(|(value, _)| value).fold(f64::MIN, f64::max),
            (None, "mean") => {
                window.map(|(value, _)| value).sum::<f64>() / (kernel * kernel) as f64
            }
            (None, other) => panic!("{other}"),
        };
        values.push(value as f32);
    }
    Maps {
        channels,
        side,
        values,
    }
}

/// Channels, rows and columns of maps.
fn places(channels: usize, side: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels * side * side).map(move |at| (at / side / side, at / side % side, at % side))
}

#[test]
fn weights_and_values_are_those_that_the_network_computes_with() {
    let page = Page::start(generous());
    let mut client = page.client();
    for step in steps() {
        let name = step.name.as_str();
        let weights = client.get(&format!("/api/weights/{name}")).unwrap().json();
        let mut question = drawing(947);
        question["step"] = name.into();
        question["exact"] = true.into();
        let answer = client.post("/api/predict", &question).unwrap().json();
        let number = |name: &str| weights[name].as_f64().unwrap();
        let pixel = |pixel: &u8| (f64::from(*pixel) / 255.0 - number("mean")) / number("deviation");
        let mut maps = Maps {
            channels: 1,
            side: 28,
            values: DIGITS
                .image(947)
                .iter()
                .map(|it| pixel(it) as f32)
                .collect(),
        };
        let layers = weights["layers"].as_array().unwrap();
        let outputs = answer["layers"].as_array().unwrap();
        assert_eq!(layers.len(), outputs.len());
        for (layer, output) in layers.iter().zip(outputs) {
            maps = computed(layer, &maps);
            assert_eq!(output["channels"], maps.channels);
            let values = floats(&output["values"]);
            assert_eq!(values.len(), maps.values.len());
            for (found, expected) in values.iter().zip(&maps.values) {
                assert!(
                    (found - expected).abs() < 1e-3,
                    "{name}: {found}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn what_is_said_of_an_erased_part_is_what_the_network_says_without_it() {
    let page = Page::start(generous());
    let step = steps().pop().unwrap();
    let mut question = drawing(947);
    question["step"] = step.name.as_str().into();
    let answer = page.client().post("/api/erase", &question).unwrap().json();
    let number = |name: &str| answer[name].as_u64().unwrap() as usize;
    let (window, tile, tiles) = (number("window"), number("tile"), number("tiles"));
    assert_eq!(tile * tiles, 28);
    let erased = floats(&answer["erased"]);
    let model = model(step).unwrap();
    let around = (window - tile) as isize / 2;
    for (at, found) in erased.chunks_exact(10).enumerate() {
        let [top, left] = [at / tiles, at % tiles].map(|it| (it * tile) as isize - around);
        let mut digit = *DIGITS.image(947);
        for (at, pixel) in digit.iter_mut().enumerate() {
            let inside =
                |at: usize, from: isize| (0..window as isize).contains(&(at as isize - from));
            if inside(at / 28, top) && inside(at % 28, left) {
                *pixel = 0;
            }
        }
        let expected = model.probabilities([&digit]).unwrap()[0];
        assert!(
            found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-5),
            "tile {at}"
        );
    }
    assert_eq!(erased.len(), tiles * tiles * 10);
}

#[test]
fn a_drawing_is_prepared_and_says_how() {
    let page = Page::start(generous());
    // Test digit 0 in the right lower quarter of 112×112 pixels.
    let mut pixels = vec![0; 112 * 112];
    for (at, pixel) in DIGITS.image(0).iter().enumerate() {
        for (dx, dy) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            pixels[(56 + at / 28 * 2 + dy) * 112 + 56 + at % 28 * 2 + dx] = *pixel;
        }
    }
    let question =
        serde_json::json!({ "width": 112, "height": 112, "pixels": BASE64.encode(pixels) });
    let answer = page
        .client()
        .post("/api/predict", &question)
        .unwrap()
        .json();
    for step in answer["steps"].as_array().unwrap() {
        assert_eq!(step["digit"], DIGITS.label(0));
    }
    let seen = &answer["seen"];
    let preparation = seen["preparation"].as_str().unwrap();
    assert!(
        preparation.starts_with("112×112, cropped to "),
        "{preparation}"
    );
    // What the networks see is where the digit was put, give or take a pixel of theirs.
    let frame: Vec<f64> = serde_json::from_value(seen["frame"].clone()).unwrap();
    for (found, expected) in frame.iter().zip([56.0, 56.0, 56.0, 56.0]) {
        assert!((found - expected).abs() < 3.0, "{frame:?}");
    }
    let pixels = BASE64.decode(seen["pixels"].as_str().unwrap()).unwrap();
    assert_eq!(pixels.len(), 28 * 28);
}

#[test]
fn test_digits_come_with_their_labels() {
    let page = Page::start(generous());
    let mut client = page.client();
    for index in [0, 9_999, DISPUTED_TEST_IMAGES[0]] {
        let digit = client.get(&format!("/api/digits/{index}")).unwrap().json();
        assert_eq!(digit["label"], DIGITS.label(index));
        assert_eq!(digit["disputed"], DISPUTED_TEST_IMAGES.contains(&index));
        assert_eq!(digit["pixels"], BASE64.encode(DIGITS.image(index)));
        let both = client.get(&format!("/api/digits?of=7,{index}")).unwrap();
        assert_eq!(both.json()[1], digit);
        assert_eq!(both.json()[0]["index"], 7);
    }
}

#[test]
fn a_step_without_weights_is_shown_with_the_reason_and_the_others_answer() {
    let checkout = Checkout::new();
    let mut content = content(&checkout);
    let missing = anyhow::anyhow!("its weights are lost");
    content.steps[2].1 = Err(missing);
    let server = Running::start(content, generous());
    let mut client = crate::support::http::Client::connect(server.address).unwrap();
    let ladder = client.get("/api/ladder").unwrap().json();
    assert_eq!(ladder["steps"][2]["missing"], "its weights are lost");
    assert_eq!(ladder["steps"][3]["missing"], Value::Null);
    for name in [&ladder["steps"][2]["name"], &ladder["steps"][3]["name"]] {
        let mut question = drawing(0);
        question["step"] = name.clone();
        let answer = client.post("/api/predict", &question).unwrap().json();
        assert_eq!(answer["steps"][2], Value::Null);
        assert_eq!(answer["steps"][3]["digit"], DIGITS.label(0));
        assert_eq!(
            answer["layers"].is_null(),
            *name == ladder["steps"][2]["name"]
        );
    }
}

#[test]
fn the_weights_score_is_that_of_their_run() {
    let page = Page::start(generous());
    let ladder = page.client().get("/api/ladder").unwrap().json();
    for step in ladder["steps"].as_array().unwrap() {
        let evaluation = &step["evaluation"];
        let wrong = evaluation["misclassified"].as_array().unwrap().len() as u64;
        let correct = evaluation["correct"].as_u64().unwrap();
        assert_eq!(correct + wrong, evaluation["total"].as_u64().unwrap());
        let mut confusion = vec![vec![0; 10]; 10];
        for mistake in evaluation["misclassified"].as_array().unwrap() {
            let number = |name: &str| mistake[name].as_u64().unwrap() as usize;
            assert_eq!(number("label"), usize::from(DIGITS.label(number("image"))));
            confusion[number("label")][number("digit")] += 1;
        }
        for (label, row) in confusion.iter_mut().enumerate() {
            row[label] = evaluation["confusion"][label][label].as_u64().unwrap();
        }
        assert_eq!(evaluation["confusion"], serde_json::json!(confusion));
    }
}

#[test]
fn results_and_charts_are_those_of_the_folder() {
    let page = Page::start(generous());
    let mut client = page.client();
    let table = client.get("/api/results").unwrap().json();
    let rows = table["rows"].as_array().unwrap();
    let columns = table["columns"].as_array().unwrap().len();
    for step in steps() {
        let row = rows.iter().find(|row| row[0] == step.name.as_str());
        assert_eq!(row.unwrap().as_array().unwrap().len(), columns);
    }
    let charts = client.get("/api/charts").unwrap().json();
    let charts = charts.as_array().unwrap();
    assert!(!charts.is_empty());
    for chart in charts {
        let path = format!("/charts/{}", chart["name"].as_str().unwrap());
        let svg = client.get(&path).unwrap();
        assert_eq!(svg.header("content-type"), Some("image/svg+xml"));
        assert!(String::from_utf8(svg.body).unwrap().contains("<svg"));
    }
    let empty = Checkout::empty();
    let server = Running::start(content(&empty), generous());
    let mut client = crate::support::http::Client::connect(server.address).unwrap();
    assert_eq!(
        client.get("/api/results").unwrap().json()["rows"],
        serde_json::json!([])
    );
    assert_eq!(
        client.get("/api/charts").unwrap().json(),
        serde_json::json!([])
    );
}

#[test]
fn trainings_come_and_go() {
    let page = Page::start(generous());
    let mut client = page.client();
    assert_eq!(
        client.get("/api/trainings").unwrap().json(),
        serde_json::json!([])
    );
    let (mut folder, record) = page.checkout.begin_run();
    // The server looks once a second.
    let mut wait_until = |what: &dyn Fn(&[Value]) -> bool| loop {
        let trainings = client.get("/api/trainings").unwrap().json();
        let trainings = trainings.as_array().unwrap();
        if what(trainings) {
            return trainings.clone();
        }
        thread::sleep(std::time::Duration::from_millis(50));
    };
    let training = &wait_until(&|trainings| trainings.len() == 1)[0];
    assert_eq!(training["step"], record.name());
    assert_eq!(training["epochs"], serde_json::json!([]));
    let state = State {
        origin: record.origin.clone(),
        teacher_epochs: Vec::new(),
        teacher: None,
        epochs: record.epochs[..1].to_vec(),
    };
    folder.add_state(&state, &[]).unwrap();
    wait_until(&|trainings| trainings[0]["epochs"][0]["epoch"] == 1);
    drop(folder);
    let stopped = &wait_until(&|trainings| trainings[0]["is_live"] == false)[0];
    assert_eq!(stopped["epochs"].as_array().unwrap().len(), 1);
    assert_eq!(stopped["verdict"], Value::Null);
    // It is made again, and finished.
    let (folder, record) = page.checkout.begin_run();
    wait_until(&|trainings| trainings[0]["is_live"] == true);
    let weights = recorded().weights(Kind::Step, record.name());
    folder
        .finish(&record, &std::fs::read(weights).unwrap())
        .unwrap();
    let finished = &wait_until(&|trainings| trainings[0]["is_live"] == false)[0];
    assert_eq!(
        finished["epochs"].as_array().unwrap().len(),
        record.epochs.len()
    );
    assert_eq!(finished["verdict"], evidence::verdict(&record));
}

/// Makes pipes, which nobody ever writes to, and a broken run beside a live one.
#[cfg(unix)]
#[test]
fn what_lies_among_the_runs_and_is_none_hides_no_training() {
    let page = Page::start(generous());
    let (folder, record) = page.checkout.begin_run();
    let beside = |name: &str| folder.path().parent().unwrap().join(name);
    let pipe = |path: &std::path::Path| {
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success());
    };
    for (number, entry) in std::fs::read_dir(folder.path()).unwrap().enumerate() {
        // A run with a pipe for one of its files.
        let broken = beside(&format!("pipe-{number}"));
        std::fs::create_dir(&broken).unwrap();
        pipe(&broken.join(entry.unwrap().file_name()));
    }
    std::fs::create_dir(beside("broken")).unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        std::fs::write(beside("broken").join(entry.unwrap().file_name()), "{").unwrap();
    }
    pipe(&page.checkout.places.results().join("pipe.svg"));
    let mut client = page.client();
    let trainings = client.get("/api/trainings").unwrap().json();
    assert_eq!(trainings.as_array().unwrap().len(), 1, "{trainings}");
    assert_eq!(trainings[0]["step"], record.name());
    assert_eq!(client.get("/charts/pipe.svg").unwrap().status, 404);
}

#[test]
fn the_page_is_whole_and_asks_nobody_else() {
    let page = Page::start(generous());
    let mut client = page.client();
    let index = client.get("/").unwrap();
    let policy = index.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; "));
    let mut files = vec![String::from("/")];
    let mut next = 0;
    while next < files.len() {
        let path = files[next].clone();
        let answer = client.get(&path).unwrap();
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let content_type = answer.header("content-type").unwrap().to_owned();
        let expected = match path.rsplit_once('.').map_or("html", |(_, kind)| kind) {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(content_type, expected, "{path}");
        let text = String::from_utf8(answer.body).unwrap();
        // XML names its vocabulary by an address that nobody opens.
        let addresses = text.replace("http://www.w3.org/2000/svg", "");
        assert!(
            !addresses.contains("://") && !addresses.contains("src=\"//"),
            "{path} names another machine"
        );
        for before in ["href=\"", "src=\"", "from \"./", "import(\"./"] {
            for rest in text.split(before).skip(1) {
                let file = format!("/{}", rest.split('"').next().unwrap());
                if !file.starts_with("/#") && !files.contains(&file) {
                    files.push(file);
                }
            }
        }
        next += 1;
    }
    assert!(files.len() > 8, "{files:?}");
}

#[test]
fn files_are_compressed_and_kept_by_browsers() {
    let page = Page::start(generous());
    let mut client = page.client();
    let charts = client.get("/api/charts").unwrap().json();
    let chart = format!("/charts/{}", charts[0]["name"].as_str().unwrap());
    for path in ["/", "/main.js", "/api/ladder", "/api/results", &chart] {
        let plain = client.get(path).unwrap();
        let gzip = [("accept-encoding", "gzip, br")];
        let compressed = client.request("GET", path, &gzip, b"").unwrap();
        assert_eq!(
            compressed.header("content-encoding"),
            Some("gzip"),
            "{path}"
        );
        assert!(compressed.body.len() < plain.body.len() * 2 / 3, "{path}");
        let tag = compressed.header("etag").unwrap();
        let again = [("if-none-match", tag)];
        let again = client.request("GET", path, &again, b"").unwrap();
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
    }
}
