//! Reads images of 28×28 bytes from standard input, one after the other. Prints a line for each: the digit, and ten scores.
//!
//! Run with `cargo run --release --example read < images`.

use std::io::{self, BufWriter, Read, Write};

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), BufWriter::new(io::stdout().lock()));
    let mut reader = digit::Reader::new();
    let mut image = [0; digit::PIXELS];
    while input.read_exact(&mut image).is_ok() {
        let (digit, scores) = reader.read(&image);
        write!(output, "{digit}:")?;
        for score in scores {
            write!(output, " {score}")?;
        }
        writeln!(output)?;
    }
    output.flush()
}
