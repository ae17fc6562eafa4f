//! Room on the disk that is taken before it is needed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Name of the file that keeps the room.
pub(crate) const ROOM: &str = ".room";

/// A file of zeros. What a run will write is taken from its size, so a disk that fills meanwhile does not cost the run.
#[derive(Debug)]
pub(crate) struct Room {
    path: PathBuf,
    file: File,
    size: u64,
}

impl Room {
    /// Takes `size` bytes in `folder`.
    ///
    /// # Errors
    ///
    /// There is no room, or the folder cannot be written to. Names the folder.
    pub(crate) fn take(folder: &Path, size: u64) -> Result<Self> {
        let path = folder.join(ROOM);
        let take = || {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            file.set_len(0)?;
            let mut room = Self {
                path: path.clone(),
                file,
                size: 0,
            };
            // Dropped, and so given back, where there is no room.
            room.grow(size)?;
            io::Result::Ok(room)
        };
        take().with_context(|| {
            format!(
                "cannot take the {size} bytes that the run will need in {}",
                folder.display()
            )
        })
    }

    /// Gives `bytes` back, for a file that is about to be written.
    pub(crate) fn give(&mut self, bytes: u64) {
        let size = self.size.saturating_sub(bytes);
        if self.file.set_len(size).is_ok() {
            self.size = size;
        }
    }

    /// Takes `bytes` again, after files were removed, if they are still to be had.
    pub(crate) fn take_again(&mut self, bytes: u64) {
        let before = self.size;
        if self.grow(bytes).is_err() && self.file.set_len(before).is_ok() {
            self.size = before;
        }
    }

    /// Writes zeros: a size alone would take no room on most file systems.
    fn grow(&mut self, bytes: u64) -> io::Result<()> {
        const ZEROS: [u8; 4096] = [0; 4096];
        let target = self.size + bytes;
        while self.size < target {
            let count = (target - self.size).min(ZEROS.len() as u64);
            self.file.write_all(&ZEROS[..count as usize])?;
            self.size += count;
        }
        self.file.sync_all()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Whoever cannot remove it could not write it either.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_taken_given_and_gone_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let size = || fs::metadata(folder.path().join(ROOM)).unwrap().len();
        let mut room = Room::take(folder.path(), 10_000).unwrap();
        assert_eq!(size(), 10_000);
        room.give(6_000);
        assert_eq!(size(), 4_000);
        room.take_again(1_000);
        assert_eq!(size(), 5_000);
        room.give(100_000);
        assert_eq!(size(), 0);
        drop(room);
        assert!(!folder.path().join(ROOM).exists());
        assert!(Room::take(&folder.path().join("nowhere"), 1).is_err());
    }
}
