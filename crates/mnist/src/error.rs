//! What can be wrong with a data set.
//!
//! Every message is one line and says three things: which file, what was found there, what was expected. The
//! reason given by the operating system is part of the line and not a `source`, so that no printer of error
//! chains shows it twice.

use std::io;
use std::path::PathBuf;

use crate::digits::HOLDOUT_IMAGES;
use crate::idx::{MAX_GZIP_MEMBERS, MAX_IMAGES};

/// Why a data set cannot be read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The directory does not exist.
    #[error("{directory}: found no such directory, expected one with the four MNIST files")]
    DirectoryMissing {
        /// The directory that was asked for.
        directory: PathBuf,
    },

    /// The path leads to something that is not a directory.
    #[error("{directory}: not a directory, expected one with the four MNIST files")]
    NotADirectory {
        /// The path that was asked for.
        directory: PathBuf,
    },

    /// One of the four files is missing.
    #[error("{directory}: found neither {name}.gz nor {name}, expected one of them")]
    FileMissing {
        /// The directory that was searched.
        directory: PathBuf,
        /// The file's name without `.gz`.
        name: &'static str,
    },

    /// The path of a data file leads to a directory, a pipe or a device.
    #[error("{path}: not a regular file, expected IDX data, plain or compressed with gzip")]
    NotAFile {
        /// The path in question.
        path: PathBuf,
    },

    /// The operating system does not let us read.
    #[error("{path}: cannot be read ({reason}), expected a readable file")]
    Unreadable {
        /// The file or directory in question.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },

    /// The file has no content.
    #[error("{path}: the file is empty, expected IDX data, plain or compressed with gzip")]
    Empty {
        /// The file in question.
        path: PathBuf,
    },

    /// A server's error or login page was saved under the name of a data file.
    #[error("{path}: looks like an HTML page, expected IDX data; the download probably failed")]
    HtmlPage {
        /// The file in question.
        path: PathBuf,
    },

    /// The file is not the kind of IDX file that its name says.
    #[error(
        "{path}: found the magic number {found:#010x}, expected {expected:#010x} (IDX {items})"
    )]
    WrongMagic {
        /// The file in question.
        path: PathBuf,
        /// The first four bytes of the content, as a big-endian number.
        found: u32,
        /// The magic number of this kind of file.
        expected: u32,
        /// What the file should hold: images or labels.
        items: &'static str,
    },

    /// The content ends within the header.
    #[error("{path}: ends after {found} bytes, expected an IDX header of {expected} bytes")]
    HeaderTruncated {
        /// The file in question.
        path: PathBuf,
        /// Bytes of uncompressed content.
        found: u64,
        /// Bytes of the header.
        expected: u64,
    },

    /// The images are not as large as MNIST's.
    #[error("{path}: found images of {rows}×{columns} pixels, expected 28×28")]
    WrongImageSize {
        /// The file in question.
        path: PathBuf,
        /// Rows of an image, from the header.
        rows: u32,
        /// Columns of an image, from the header.
        columns: u32,
    },

    /// The header promises nothing.
    #[error("{path}: found 0 {items} in the header, expected at least 1")]
    NoItems {
        /// The file in question.
        path: PathBuf,
        /// What the file should hold: images or labels.
        items: &'static str,
    },

    /// The header promises more than any data set of this kind has; see [`MAX_IMAGES`].
    #[error("{path}: found {found} {items} promised by the header, expected at most {MAX_IMAGES}")]
    TooManyItems {
        /// The file in question.
        path: PathBuf,
        /// The number in the header.
        found: u32,
        /// What the file should hold: images or labels.
        items: &'static str,
    },

    /// There is less data than the header promises.
    #[error(
        "{path}: ends after {found} bytes, expected {expected} bytes for the {count} {items} that its header promises"
    )]
    Truncated {
        /// The file in question.
        path: PathBuf,
        /// Bytes of uncompressed content, header included.
        found: u64,
        /// Bytes that the header promises, header included.
        expected: u64,
        /// The number in the header.
        count: usize,
        /// What the file should hold: images or labels.
        items: &'static str,
    },

    /// The gzip stream breaks off, or its data or checksum is wrong.
    #[error(
        "{path}: found a truncated or corrupt gzip stream after {found} bytes of content ({reason}), expected a complete one"
    )]
    CorruptGzip {
        /// The file in question.
        path: PathBuf,
        /// Bytes of uncompressed content that could be read.
        found: u64,
        /// What the decoder said.
        reason: io::Error,
    },

    /// There is more content than the header promises.
    #[error(
        "{path}: found more content after byte {expected}, expected it to end there ({count} {items})"
    )]
    TrailingBytes {
        /// The file in question.
        path: PathBuf,
        /// Bytes that the header promises, header included.
        expected: u64,
        /// The number in the header.
        count: usize,
        /// What the file should hold: images or labels.
        items: &'static str,
    },

    /// Something that is not gzip follows the gzip stream.
    #[error("{path}: found bytes after the gzip stream, expected the file to end with the stream")]
    BytesAfterGzip {
        /// The file in question.
        path: PathBuf,
    },

    /// The gzip file has more members than any that holds such a data set; see [`MAX_GZIP_MEMBERS`].
    #[error("{path}: found more than {MAX_GZIP_MEMBERS} gzip members, expected at most so many")]
    TooManyMembers {
        /// The file in question.
        path: PathBuf,
    },

    /// The two files of a pair do not belong together.
    #[error(
        "{images_path}: found {images} images, but {labels_path} has {labels} labels; expected as many labels as images"
    )]
    CountsDiffer {
        /// The file with the images.
        images_path: PathBuf,
        /// The file with the labels.
        labels_path: PathBuf,
        /// Number of images, from the header.
        images: usize,
        /// Number of labels, from the header.
        labels: usize,
    },

    /// A label in a file is not a digit.
    #[error("{path}: found the label {label} at index {index}, expected 0 to 9")]
    LabelInFile {
        /// The file in question.
        path: PathBuf,
        /// Index of the label, from 0.
        index: usize,
        /// The label.
        label: u8,
    },

    /// A file that should be MNIST's own has other content.
    #[error("{path}: found content with SHA-256 {found}, expected {expected}; restore the file")]
    Checksum {
        /// The file in question.
        path: PathBuf,
        /// Sum of the uncompressed content, in hexadecimal.
        found: String,
        /// Sum of MNIST's own file, in hexadecimal.
        expected: &'static str,
    },

    /// [`Digits::new`](crate::Digits::new) was given lists of different lengths.
    #[error("found {images} images and {labels} labels, expected as many labels as images")]
    LengthsDiffer {
        /// Number of images.
        images: usize,
        /// Number of labels.
        labels: usize,
    },

    /// [`Digits::new`](crate::Digits::new) was given a label that is not a digit.
    #[error("found the label {label} at index {index}, expected 0 to 9")]
    LabelAboveNine {
        /// Index of the label, from 0.
        index: usize,
        /// The label.
        label: u8,
    },

    /// The training set leaves nothing to train on once the hold-out is taken away.
    #[error(
        "found {found} training images, expected more than the {HOLDOUT_IMAGES} that the hold-out split sets aside"
    )]
    TooFewForHoldout {
        /// Number of training images.
        found: usize,
    },
}
