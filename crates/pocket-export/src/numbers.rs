//! Numbers as source code, in C and in Rust.

use std::fmt::Display;

/// The widest line.
const LINE: usize = 120;

/// Numbers with a comma after each, in lines that begin with a line break and an indentation.
pub(crate) fn lines<T: Display>(indentation: usize, values: &[T]) -> String {
    let mut text = String::new();
    let mut column = LINE;
    for value in values {
        let value = value.to_string();
        if column + value.len() + 2 > LINE {
            text += "\n";
            text += &" ".repeat(indentation);
            column = indentation;
        } else {
            text += " ";
            column += 1;
        }
        text += &value;
        text += ",";
        column += value.len() + 1;
    }
    text
}
