//! Compilers of this machine.

// Each test program uses a part of this.
#![allow(dead_code)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use mnist::{CLASSES, PIXELS};
use pocket_export::About;
use tempfile::TempDir;

/// As strict as it gets: a warning is an error, and so is undefined behaviour when it happens.
const FLAGS: [&str; 8] = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Werror",
    "-O2",
    "-fno-sanitize-recover=all",
];

const SANITIZERS: &str = "-fsanitize=undefined,address";

const SOURCES: [&str; 4] = ["digit.c", "example.c", "-o", "example"];

/// The files of an export.
type Files = [(&'static str, String)];

/// Words for an export.
pub fn about() -> About {
    About {
        name: "drawn".into(),
        parameters: 1_234,
        weights: "drawn at random".into(),
        images: 10_000,
        right_with_integers: 1_000,
        right_with_floats: 1_001,
    }
}

/// The example of an export, compiled.
pub struct Program {
    executable: PathBuf,
    /// Where it lies, until it is dropped.
    _folder: TempDir,
}

impl Program {
    /// Compiles `digit.c` and `example.c` with `cc`, with sanitizers where it has them.
    pub fn compile(files: &Files) -> Self {
        let folder = written(files);
        if !compile("cc", folder.path(), &[&[SANITIZERS], &SOURCES[..]].concat()) {
            let compiles = compile("cc", folder.path(), &SOURCES);
            assert!(compiles, "the export compiles");
        }
        Self::of(folder, "example")
    }

    /// The same with this compiler, and with sanitizers in any case.
    pub fn compile_with(compiler: &str, files: &Files) -> Self {
        let folder = written(files);
        let arguments = [&[SANITIZERS], &SOURCES[..]].concat();
        let compiles = compile(compiler, folder.path(), &arguments);
        assert!(compiles, "the export compiles with {compiler}");
        Self::of(folder, "example")
    }

    /// Compiles an exported crate and tests it; a warning is an error.
    pub fn of_crate(files: &Files) -> Self {
        let folder = written(files);
        for arguments in [&["test"][..], &["build", "--examples"]] {
            let output = Command::new(env!("CARGO"))
                .args(arguments)
                .args(["--offline", "--quiet", "--target-dir", "target"])
                .env("RUSTFLAGS", "-D warnings")
                .current_dir(folder.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{arguments:?}: {output:?}");
        }
        Self::of(folder, "target/debug/examples/read")
    }

    fn of(folder: TempDir, executable: &str) -> Self {
        Self {
            executable: folder.path().join(executable),
            _folder: folder,
        }
    }

    /// The scores that it prints for each image.
    pub fn scores(&self, images: &[[u8; PIXELS]]) -> Vec<[i32; CLASSES]> {
        let mut child = Command::new(&self.executable)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let bytes = images.as_flattened().to_vec();
        let writer = std::thread::spawn(move || input.write_all(&bytes));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = String::from_utf8(output.stdout).unwrap();
        printed.lines().map(scores).collect()
    }

    /// Bytes of the constant tables, and of the static memory.
    pub fn sizes(files: &Files) -> [usize; 2] {
        let folder = written(files);
        let program = r#"
            #include <stdio.h>
            #include "digit.c"
            int main(void) {
                printf("%zu %zu", sizeof weights + sizeof bias + sizeof multiplier + sizeof shift + sizeof layers, sizeof memory);
                return 0;
            }"#;
        fs::write(folder.path().join("sizes.c"), program).unwrap();
        assert!(compile("cc", folder.path(), &["sizes.c", "-o", "sizes"]));
        let output = Command::new(folder.path().join("sizes")).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let (tables, memory) = printed.split_once(' ').unwrap();
        [tables, memory].map(|size| size.parse().unwrap())
    }
}

fn written(files: &Files) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Whether the compiler is content; prints what it says if not.
fn compile(compiler: &str, folder: &Path, arguments: &[&str]) -> bool {
    let output = Command::new(compiler)
        .args(FLAGS)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("this test needs a C compiler named {compiler} (install gcc or clang): {error}")
        });
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    output.status.success()
}

/// A printed line: the digit, and its scores.
fn scores(line: &str) -> [i32; CLASSES] {
    let (digit, scores) = line.split_once(": ").unwrap();
    let scores = scores.split(' ').map(|score| score.parse().unwrap());
    let scores: [i32; CLASSES] = scores.collect::<Vec<_>>().try_into().unwrap();
    assert_eq!(digit, pocket_export::most_probable(&scores).to_string());
    scores
}
