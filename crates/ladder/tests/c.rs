//! What `ladder export c` writes, with the compilers that it is for and on the processors that it is for. Needs gcc, clang, Arm's GCC
//! and QEMU, so it runs only when asked for: `cargo test -p ladder --test c -- --ignored --nocapture`, which also prints what the
//! networks take.

#[path = "../../pocket-export/tests/compiler/mod.rs"]
mod compiler;
#[path = "../../pocket-export/tests/emulator/mod.rs"]
mod emulator;
mod recorded;

use experiment::Experiment;
use mnist::{CLASSES, Digits, PIXELS};
use pocket_export::c::files;
use pocket_export::most_probable;

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

/// Runs a network on boards, and returns how many of the test images it gets right, and the most flash and RAM that it took.
fn run_on(experiment: &Experiment, boards: &[Board]) -> [usize; 3] {
    let test = data().test;
    let network = integers(experiment);
    let scores = network.scores(test.images());
    let labels = test.labels().iter().map(|label| usize::from(*label));
    let digits = scores.iter().map(most_probable);
    let right = digits.zip(labels).filter(|(digit, label)| digit == label);
    let right = right.count();
    let images = images(&test, &scores);
    let files = files(&network, &about());
    let mut most = [right, 0, 0];
    for board in boards {
        let run = Run::new(&files, *board, &images);
        let same = run.scores == network.scores(&images);
        assert!(same, "{} on {board:?}: other scores", experiment.name);
        let ram = run.memory + run.stack;
        println!(
            "{}, {board:?}: {right} right; flash {}; RAM {ram}, {} of it stack; {:.0} instructions an image",
            experiment.name, run.flash, run.stack, run.instructions
        );
        most = [right, most[1].max(run.flash), most[2].max(ram)];
    }
    most
}

#[test]
#[ignore = "needs Arm's GCC and QEMU"]
fn the_last_step_on_emulated_processors_computes_as_the_crate_does_in_12_and_8_kilobytes() {
    let boards = [Board::CortexM4, Board::CortexM3];
    let [right, flash, ram] = run_on(&ladder::steps::last(), &boards);
    assert!(right >= 9_940, "{right} right");
    assert!(flash <= 12_000 && ram <= 8_000, "{flash} and {ram} bytes");
}

#[test]
#[ignore = "needs Arm's GCC and QEMU"]
fn the_frontier_on_an_emulated_processor_computes_as_the_crate_does() {
    for network in frontier::experiments() {
        let [right, flash, _] = run_on(&network, &[Board::CortexM4]);
        if network.name == *"about-2000" {
            assert!(right >= 9_890, "{right} right");
            assert!(flash <= 6_000, "{flash} bytes");
        }
    }
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
        let program = Program::compile_with(compiler, &files(&network, &about()));
        assert!(program.scores(&images) == expected, "{compiler}");
    }
}
