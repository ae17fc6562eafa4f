//! What `ladder export c` and `ladder export rust` write, with the compilers that they are for and on the processors that they are
//! for. Needs gcc, clang, Arm's GCC, QEMU and Rust's standard library for thumbv7em-none-eabi, so it runs only when asked for:
//! `cargo test -p ladder --test targets -- --ignored --nocapture`, which also prints what the networks take.

#[path = "../../pocket-export/tests/compiler/mod.rs"]
mod compiler;
#[path = "../../pocket-export/tests/emulator/mod.rs"]
mod emulator;
mod recorded;

use experiment::Experiment;
use mnist::{CLASSES, Digits, PIXELS};
use pocket_export::{IntegerNetwork, c, most_probable, rust};

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

#[test]
#[ignore = "needs Arm's GCC and QEMU"]
fn the_last_step_in_c_on_emulated_processors_computes_as_the_crate_does_in_12_and_8_kilobytes() {
    let expected = Expected::of(&ladder::steps::last());
    assert!(expected.right >= 9_940, "{} right", expected.right);
    for board in [Board::CortexM4, Board::CortexM3] {
        let run = expected.c(board);
        assert!(run.flash <= 12_000 && run.ram() <= 8_000, "{board:?}");
    }
}

#[test]
#[ignore = "needs Arm's GCC and QEMU"]
fn the_frontier_in_c_on_an_emulated_processor_computes_as_the_crate_does() {
    for network in frontier::experiments() {
        let expected = Expected::of(&network);
        let run = expected.c(Board::CortexM4);
        if network.name == *"about-2000" {
            assert!(expected.right >= 9_890, "{} right", expected.right);
            assert!(run.flash <= 6_000, "{} bytes", run.flash);
        }
    }
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
