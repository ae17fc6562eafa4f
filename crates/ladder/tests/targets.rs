//! What `ladder export c` and `ladder export rust` write, with the compilers that they are for and on the processors that they are
//! for. Needs gcc, clang, Arm's GCC, QEMU and Rust's standard library for thumbv7em-none-eabi, so it runs only when asked for:
//! `cargo test -p ladder --test targets -- --ignored --nocapture`, which also prints what the networks take.

#[path = "../../pocket-export/tests/compiler/mod.rs"]
mod compiler;
#[path = "../../pocket-export/tests/emulator/mod.rs"]
mod emulator;
mod recorded;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use experiment::Experiment;
use files::Workspace;
use mnist::{CLASSES, Digits, PIXELS};
use pocket_export::{IntegerNetwork, c, most_probable, rust};
use serde::{Deserialize, Serialize};

use compiler::{Program, about};
use emulator::{Board, Run};
use recorded::{data, integers, noise};

/// How many images the emulator gets of each kind.
const CLOSE_CALLS: usize = 150;
const EVERY: usize = 50;
const NOISE: usize = 50;

/// How far the highest score is above the next one.
fn margin(scores: &[i32; CLASSES]) -> i64 {
    let mut sorted = scores.map(i64::from);
    sorted.sort_unstable();
    sorted[CLASSES - 1] - sorted[CLASSES - 2]
}

/// Test images whose digit is decided by the least, some of the others, and images that are no digits.
fn images(test: &Digits, scores: &[[i32; CLASSES]]) -> Vec<[u8; PIXELS]> {
    let mut closest: Vec<usize> = (0..test.len()).collect();
    closest.sort_by_key(|image| margin(&scores[*image]));
    let close = closest.into_iter().take(CLOSE_CALLS);
    let chosen = close.chain((0..test.len()).step_by(EVERY));
    let chosen = chosen.map(|image| *test.image(image));
    chosen.chain(noise(NOISE)).collect()
}

/// What a network's exports are compared with.
struct Expected {
    name: String,
    network: IntegerNetwork,
    /// Test images that it gets right.
    right: usize,
    /// What the emulator is shown, and the scores of that.
    images: Vec<[u8; PIXELS]>,
    scores: Vec<[i32; CLASSES]>,
}

impl Expected {
    fn of(experiment: &Experiment) -> Self {
        let test = data().test;
        let network = integers(experiment);
        let scores = network.scores(test.images());
        let labels = test.labels().iter().map(|label| usize::from(*label));
        let digits = scores.iter().map(most_probable);
        let right = digits.zip(labels).filter(|(digit, label)| digit == label);
        let images = images(&test, &scores);
        Self {
            name: experiment.name.to_string(),
            right: right.count(),
            scores: network.scores(&images),
            images,
            network,
        }
    }

    /// Checks the scores of a run, and prints what it took.
    fn check(&self, on: &str, run: &Run) {
        assert!(
            run.scores == self.scores,
            "{}, {on}: other scores",
            self.name
        );
        println!(
            "{}, {on}: {} right; flash {}; RAM {}, {} of it stack; {:.0} instructions an image",
            self.name,
            self.right,
            run.flash,
            run.ram(),
            run.stack,
            run.instructions
        );
    }

    fn c(&self, board: Board) -> Run {
        let run = Run::of_c(&c::files(&self.network, &about()), board, &self.images);
        self.check(&format!("C, {board:?}"), &run);
        run
    }
}

/// What a network takes in C on a Cortex-M4, as docs/microcontroller.json has it.
#[derive(Debug, Deserialize, Serialize)]
struct Taken {
    parameters: usize,
    /// Of 10,000 test images, with integers.
    right: usize,
    /// Bytes of weights and tables.
    model: usize,
    /// Bytes of flash in all.
    flash: usize,
    /// Bytes of RAM in all.
    ram: usize,
    /// Instructions an image.
    instructions: usize,
}

impl Taken {
    /// Whether two are the same but for what another version of the compiler may do.
    fn is_like(&self, other: &Self) -> bool {
        let exact = |it: &Self| [it.parameters, it.right, it.model];
        let compiled = |it: &Self| [it.flash, it.ram, it.instructions];
        let mut pairs = compiled(self).into_iter().zip(compiled(other));
        exact(self) == exact(other) && pairs.all(|(a, b)| a.abs_diff(b) * 50 <= b)
    }
}

fn documented() -> PathBuf {
    let workspace = Workspace::find().unwrap();
    workspace.root().join("docs/microcontroller.json")
}

/// With the variable `RECORD` in the environment, this writes the document instead of comparing with it.
#[test]
#[ignore = "needs Arm's GCC and QEMU"]
fn each_network_in_c_on_a_cortex_m4_computes_as_the_crate_does_and_takes_what_is_documented() {
    let mut taken = BTreeMap::new();
    let last = ladder::steps::last();
    for experiment in frontier::experiments().into_iter().chain([last.clone()]) {
        let expected = Expected::of(&experiment);
        let run = expected.c(Board::CortexM4);
        let architecture = experiment.architecture;
        let parameters = architecture.summary().unwrap().totals.parameters;
        let of_network = Taken {
            parameters,
            right: expected.right,
            model: c::flash_bytes(&expected.network),
            flash: run.flash,
            ram: run.ram(),
            instructions: run.instructions.round() as usize,
        };
        taken.insert(expected.name, of_network);
    }
    let (smallest, last) = (&taken["about-2000"], &taken[last.name.as_str()]);
    assert!(
        smallest.right >= 9_890 && smallest.flash <= 6_000,
        "{smallest:?}"
    );
    assert!(
        last.right >= 9_940 && last.flash <= 12_000 && last.ram <= 8_000,
        "{last:?}"
    );
    if env::var_os("RECORD").is_some() {
        let json = serde_json::to_string_pretty(&taken).unwrap();
        fs::write(documented(), json + "\n").unwrap();
        return;
    }
    let documented = fs::read_to_string(documented()).unwrap();
    let documented: BTreeMap<String, Taken> = serde_json::from_str(&documented).unwrap();
    let all_alike = taken.len() == documented.len()
        && taken
            .iter()
            .all(|(name, it)| documented.get(name).is_some_and(|there| it.is_like(there)));
    assert!(all_alike, "measured {taken:?}, documented {documented:?}");
}

#[test]
#[ignore = "needs Arm's GCC and QEMU"]
fn the_last_step_in_c_on_a_cortex_m3_computes_as_the_crate_does_in_12_and_8_kilobytes() {
    let run = Expected::of(&ladder::steps::last()).c(Board::CortexM3);
    assert!(run.flash <= 12_000 && run.ram() <= 8_000);
}

#[test]
#[ignore = "needs Arm's GCC, QEMU and Rust for thumbv7em-none-eabi"]
fn the_last_step_in_rust_on_an_emulated_processor_computes_as_the_crate_does() {
    let expected = Expected::of(&ladder::steps::last());
    let network = &expected.network;
    let [c, rust] = [
        c::files(network, &about()).to_vec(),
        rust::files(network, &about()).to_vec(),
    ];
    let run = Run::of_rust(&c, &rust, &expected.images);
    expected.check("Rust, CortexM4", &run);
}

#[test]
#[ignore = "needs gcc and clang with their sanitizers"]
fn gcc_and_clang_find_no_fault_on_twenty_thousand_images_and_compute_as_the_crate_does() {
    let last = ladder::steps::last();
    let network = integers(&last);
    let images: Vec<[u8; PIXELS]> = data()
        .test
        .images()
        .iter()
        .copied()
        .chain(noise(10_000))
        .collect();
    let expected = network.scores(&images);
    for compiler in ["gcc", "clang"] {
        let program = Program::compile_with(compiler, &c::files(&network, &about()));
        assert!(program.scores(&images) == expected, "{compiler}");
    }
}
