//! An export on an emulated microcontroller. Needs Arm's GCC with newlib, and QEMU: Debian's `gcc-arm-none-eabi`,
//! `libnewlib-arm-none-eabi` and `qemu-system-arm`. In Rust it also needs the target, from `rustup target add thumbv7em-none-eabi`.

use std::fs;
use std::path::Path;
use std::process::Command;

use mnist::{CLASSES, PIXELS};
use tempfile::TempDir;

/// What the test program consists of beside the export.
const PROGRAM: [(&str, &str); 5] = [
    ("Cargo.toml", include_str!("../../cortex-m/firmware.toml")),
    ("firmware.rs", include_str!("../../cortex-m/firmware.rs")),
    ("main.c", include_str!("../../cortex-m/main.c")),
    ("start.s", include_str!("../../cortex-m/start.s")),
    ("link.ld", include_str!("../../cortex-m/link.ld")),
];

const FLAGS: [&str; 14] = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Werror",
    "-Os",
    "-mthumb",
    "-ffunction-sections",
    "-fdata-sections",
    "-nostartfiles",
    "--specs=nano.specs",
    "-Wl,--gc-sections",
    "-Tlink.ld",
];

/// Instructions of the loop of known length in `main.c`: a million rounds of two.
const LOOP_INSTRUCTIONS: f64 = 2e6;

/// Bytes of what the test program writes: for each image its scores and ticks, and two numbers at the end.
const RESULT: usize = 4 * (CLASSES + 1);
const END: usize = 2 * 4;

/// What Rust calls a Cortex-M4 without floats in hardware.
const TARGET: &str = "thumbv7em-none-eabi";

/// The files of an export.
type Files = [(&'static str, String)];

/// A board of Arm's.
#[derive(Clone, Copy, Debug)]
pub enum Board {
    /// MPS2 with a Cortex-M3, AN385.
    CortexM3,
    /// MPS2 with a Cortex-M4, AN386.
    CortexM4,
}

impl Board {
    /// What QEMU and the compiler call it.
    fn names(self) -> [&'static str; 2] {
        match self {
            Self::CortexM3 => ["mps2-an385", "-mcpu=cortex-m3"],
            Self::CortexM4 => ["mps2-an386", "-mcpu=cortex-m4"],
        }
    }
}

/// What a program on a board takes and does.
#[derive(Debug)]
pub struct Run {
    /// The scores of each image.
    pub scores: Vec<[i32; CLASSES]>,
    /// Bytes of flash: vectors, start-up, code, weights, tables, and what reads and writes.
    pub flash: usize,
    /// Bytes of static memory, an image among it.
    pub memory: usize,
    /// Bytes of stack that were used.
    pub stack: usize,
    /// Mean number of instructions for an image.
    pub instructions: f64,
}

impl Run {
    /// Bytes of RAM in all.
    pub fn ram(&self) -> usize {
        self.memory + self.stack
    }

    /// Compiles what `ladder export c` writes for a board, and lets the emulated board read images.
    pub fn of_c(files: &Files, board: Board, images: &[[u8; PIXELS]]) -> Self {
        let folder = written(files, images);
        compile(folder.path(), board, "digit.c");
        Self::of(&folder, board, images)
    }

    /// The same with what `ladder export rust` writes, for a Cortex-M4. Takes the header from `c`.
    pub fn of_rust(c: &Files, rust: &Files, images: &[[u8; PIXELS]]) -> Self {
        let folder = written(c, images);
        write(&folder.path().join("digit"), rust.iter().map(borrowed));
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--offline",
            "--quiet",
            "--release",
            "--target",
            TARGET,
        ]);
        cargo
            .args(["--target-dir", "target"])
            .env_remove("RUSTFLAGS");
        output(cargo.current_dir(folder.path()));
        let library = format!("target/{TARGET}/release/libfirmware.a");
        compile(folder.path(), Board::CortexM4, &library);
        Self::of(&folder, Board::CortexM4, images)
    }

    fn of(folder: &TempDir, board: Board, images: &[[u8; PIXELS]]) -> Self {
        let [flash, memory] = sizes(folder.path());
        emulate(folder.path(), board);
        let results = fs::read(folder.path().join("results")).unwrap();
        assert_eq!(results.len(), images.len() * RESULT + END);
        let (results, end) = results.split_at(images.len() * RESULT);
        let mut scores = Vec::with_capacity(images.len());
        let mut ticks = 0.0;
        for result in results.chunks_exact(RESULT) {
            let numbers = numbers::<{ CLASSES + 1 }>(result);
            scores.push(std::array::from_fn(|digit| numbers[digit]));
            ticks += f64::from(numbers[CLASSES]);
        }
        let [ticks_of_loop, stack] = numbers(end);
        let instructions_of_tick = LOOP_INSTRUCTIONS / f64::from(ticks_of_loop);
        Self {
            scores,
            flash,
            memory,
            stack: stack.try_into().unwrap(),
            instructions: ticks * instructions_of_tick / images.len() as f64,
        }
    }
}

/// All that is needed for a run.
fn written(files: &Files, images: &[[u8; PIXELS]]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files.iter().map(borrowed).chain(PROGRAM));
    fs::write(folder.path().join("images"), images.as_flattened()).unwrap();
    folder
}

fn borrowed<'a>((name, text): &'a (&str, String)) -> (&'a str, &'a str) {
    (name, text)
}

fn write<'a>(folder: &Path, files: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

/// Compiles the program that calls what `digit` has: a source or a library.
fn compile(folder: &Path, board: Board, digit: &str) {
    let [_, processor] = board.names();
    // A library comes after what needs it.
    let sources = ["main.c", "start.s", digit, "-o", "firmware.elf"];
    let mut compiler = Command::new("arm-none-eabi-gcc");
    compiler.arg(processor).args(FLAGS).args(sources);
    output(compiler.current_dir(folder));
}

/// Bytes of flash and of static memory, as `size` counts them.
fn sizes(folder: &Path) -> [usize; 2] {
    let mut size = Command::new("arm-none-eabi-size");
    let printed = output(size.arg("firmware.elf").current_dir(folder));
    // A line of names, and one of numbers: text, data, bss.
    let numbers = printed.lines().nth(1).unwrap().split_whitespace().take(3);
    let numbers: Vec<usize> = numbers.map(|number| number.parse().unwrap()).collect();
    [numbers[0] + numbers[1], numbers[1] + numbers[2]]
}

fn emulate(folder: &Path, board: Board) {
    let [machine, _] = board.names();
    // A program that hangs is ended.
    let mut emulator = Command::new("timeout");
    emulator.args(["600", "qemu-system-arm", "-M", machine]);
    emulator.args(["-kernel", "firmware.elf", "-display", "none"]);
    emulator.args(["-monitor", "none", "-serial", "none"]);
    // Each instruction takes a nanosecond of the board's time.
    emulator.args(["-icount", "shift=0"]);
    emulator.args(["-semihosting-config", "enable=on,target=native"]);
    output(emulator.current_dir(folder));
}

/// What a program prints that succeeds.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{:?} cannot be started: {error}", command.get_program());
    });
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Numbers as the board writes them: of 32 bits, the lowest byte first.
fn numbers<const N: usize>(bytes: &[u8]) -> [i32; N] {
    std::array::from_fn(|index| {
        let number = &bytes[4 * index..][..4];
        i32::from_le_bytes(number.try_into().unwrap())
    })
}
