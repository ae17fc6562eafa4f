//! The machine's C compiler.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use mnist::{CLASSES, PIXELS};
use tempfile::TempDir;

/// As strict as it gets: a warning is an error, and so is undefined behaviour when it happens.
const FLAGS: [&str; 8] = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Werror",
    "-O1",
    "-fno-sanitize-recover=all",
];

const SANITIZERS: &str = "-fsanitize=undefined,address";

/// The files of an export.
type Files = [(&'static str, String)];

/// The example of an export, compiled.
pub struct Program(TempDir);

impl Program {
    /// Compiles `digit.c` and `example.c`, with sanitizers where the compiler has them.
    pub fn compile(files: &Files) -> Self {
        let folder = written(files);
        let sources = ["digit.c", "example.c", "-o", "example"];
        if !compile(folder.path(), &[&[SANITIZERS], &sources[..]].concat()) {
            assert!(compile(folder.path(), &sources), "the export compiles");
        }
        Self(folder)
    }

    /// The scores that it prints for each image.
    pub fn scores(&self, images: &[[u8; PIXELS]]) -> Vec<[i32; CLASSES]> {
        let mut child = Command::new(self.0.path().join("example"))
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
        assert!(compile(folder.path(), &["sizes.c", "-o", "sizes"]));
        let output = Command::new(folder.path().join("sizes")).output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let (tables, memory) = printed.split_once(' ').unwrap();
        [tables, memory].map(|size| size.parse().unwrap())
    }
}

fn written(files: &Files) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// Whether the compiler is content; prints what it says if not.
fn compile(folder: &Path, arguments: &[&str]) -> bool {
    let output = Command::new("cc")
        .args(FLAGS)
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap_or_else(|error| {
            panic!("this test needs a C compiler named cc (install gcc): {error}")
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
