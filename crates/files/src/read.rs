//! Reading files that somebody else may have made.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The content of a regular file of at most `limit` bytes.
///
/// # Errors
///
/// The file cannot be read, is not a regular file, or is larger. The message does not name the file: only the caller
/// knows what the file was to be.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    // Asked before it is opened: opening a pipe waits for a writer, perhaps for ever.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!(
            "it is larger than {limit} bytes, the most that is read"
        )));
    }
    Ok(bytes)
}

/// The same for text.
///
/// # Errors
///
/// As [`read`](fn@read), or the content is not UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    String::from_utf8(read(path, limit)?).map_err(|_| io::Error::other("it is not UTF-8 text"))
}

/// Most characters of a file's content in a message.
const MAX_SHOWN: usize = 200;

/// Text out of a file, or a message that may quote some, for a message of one line: what would change the terminal or
/// the line is replaced, and only the first 200 characters are shown.
pub fn shown(text: &str) -> String {
    // Directions and joiners do not print, but change what is around them.
    let prints =
        |it: char| !it.is_control() && it.escape_debug().len() == 1 || r#"'"\"#.contains(it);
    let plain = |it: char| if prints(it) { it } else { ' ' };
    let mut shown: String = text.chars().take(MAX_SHOWN).map(plain).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_up_to_the_limit_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "four").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "four");
        let error = read(&path, 3).unwrap_err().to_string();
        assert!(error.contains("larger than 3 bytes"), "{error}");
        let error = read(directory.path(), 4).unwrap_err().to_string();
        assert!(error.contains("not a regular file"), "{error}");
        fs::write(&path, [0xff]).unwrap();
        let error = read_text(&path, 4).unwrap_err().to_string();
        assert!(error.contains("not UTF-8"), "{error}");
        if cfg!(unix) {
            let error = read(Path::new("/dev/zero"), 4).unwrap_err().to_string();
            assert!(error.contains("not a regular file"), "{error}");
        }
    }

    #[test]
    fn what_a_file_says_does_not_reach_the_terminal_as_it_is() {
        assert_eq!(
            shown("expected `kernel`, 3×3 \"\\"),
            "expected `kernel`, 3×3 \"\\"
        );
        assert_eq!(shown("a\nb\u{1b}[31m\u{202e}c\u{9b}"), "a b [31m c ");
        assert_eq!(shown(&"x".repeat(1_000_000)).chars().count(), 201);
    }
}
