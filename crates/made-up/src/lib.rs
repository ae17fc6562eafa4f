//! What tests of whole programs have in common: a small data set, waiting for a program, and comparing what runs leave.
//!
//! For tests alone, so what fails panics.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use evidence::{Record, read_finished};

/// Nothing in a test takes so long.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Writes a data set of made-up images into a new folder: class c is a bright row at height 2c.
///
/// # Panics
///
/// If a file cannot be written.
pub fn write_data(directory: &Path, train: u32, test: u32) {
    fs::create_dir_all(directory).unwrap();
    for (prefix, count) in [("train", train), ("t10k", test)] {
        let mut images = [0x0803_u32, count, 28, 28].map(u32::to_be_bytes).concat();
        let mut labels = [0x0801_u32, count].map(u32::to_be_bytes).concat();
        for index in 0..count {
            let class = index % 10;
            let bright = |row: u32| if row / 2 == class { 255 } else { 0 };
            images.extend((0..784).map(|pixel| bright(pixel / 28)));
            labels.push(class as u8);
        }
        let write = |name: &str, content| {
            fs::write(directory.join(format!("{prefix}-{name}")), content).unwrap();
        };
        write("images-idx3-ubyte", images);
        write("labels-idx1-ubyte", labels);
    }
}

/// Waits until something has happened, or the process has ended; whether it happened.
///
/// # Panics
///
/// If neither comes about within [`PATIENCE`].
pub fn wait_until(process: &mut Child, mut happened: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while process.try_wait().unwrap().is_none() {
        if happened() {
            return true;
        }
        assert!(Instant::now() < deadline, "nothing happened");
        thread::sleep(Duration::from_micros(200));
    }
    false
}

/// What a finished run leaves in its folder, record and weights, without what differs from one time to the next.
///
/// # Panics
///
/// If no finished run is there.
pub fn left(folder: &Path) -> (Record, Vec<u8>) {
    let mut record = read_finished(folder).unwrap();
    for epoch in &mut record.epochs {
        epoch.seconds = 0.0;
    }
    if let Some(teacher) = &mut record.teacher {
        teacher.seconds = None;
    }
    record.origin.began = None;
    record.origin.threads = 0;
    let weights = folder.join("model.safetensors");
    (record, fs::read(weights).unwrap())
}
