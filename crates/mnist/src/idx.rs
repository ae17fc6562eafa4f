//! Reading IDX files, plain or compressed, without trusting them.
//!
//! A header is sixteen bytes that anybody can write, and a gzip stream can grow a thousandfold. So nothing is
//! allocated because a header says so: the counts of both files of a pair are checked first, then items are read
//! one by one, and memory grows with the data that is really there. Reading stops one byte after what the
//! header promised, so a stream that goes on for ever costs no more than an honest one.
//!
//! The limits are [`MAX_IMAGES`] and [`MAX_GZIP_MEMBERS`].

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};

use crate::{DataError, IMAGE_SIDE, PIXELS};

/// The most images that a file may hold. MNIST has 60,000 and its largest relative, EMNIST, 731,668; a header that
/// promises more than this is taken for damage.
pub const MAX_IMAGES: usize = 1_000_000;

/// The most members that a gzip file may have. `gzip` writes one, and `bgzip` one for each 64 kB of content, 9,000 for
/// a million images; each costs time, even an empty one.
pub const MAX_GZIP_MEMBERS: usize = 10_000;

const IMAGES_MAGIC: u32 = 0x0000_0803;
const LABELS_MAGIC: u32 = 0x0000_0801;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// One of the four files: its name without `.gz`, the other name that is in use for it, and the SHA-256 of its
/// uncompressed content in MNIST itself.
#[derive(Debug)]
pub(crate) struct KnownFile {
    name: &'static str,
    other_name: &'static str,
    checksum: &'static str,
}

/// The two files that hold one set of digits.
#[derive(Debug)]
pub(crate) struct FilePair {
    images: KnownFile,
    labels: KnownFile,
}

impl FilePair {
    /// SHA-256 of MNIST's own images and labels.
    pub(crate) fn checksums(&self) -> [&'static str; 2] {
        [self.images.checksum, self.labels.checksum]
    }
}

pub(crate) const TRAIN: FilePair = FilePair {
    images: KnownFile {
        name: "train-images-idx3-ubyte",
        other_name: "train-images.idx3-ubyte",
        checksum: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    },
    labels: KnownFile {
        name: "train-labels-idx1-ubyte",
        other_name: "train-labels.idx1-ubyte",
        checksum: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    },
};

pub(crate) const TEST: FilePair = FilePair {
    images: KnownFile {
        name: "t10k-images-idx3-ubyte",
        other_name: "t10k-images.idx3-ubyte",
        checksum: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    },
    labels: KnownFile {
        name: "t10k-labels-idx1-ubyte",
        other_name: "t10k-labels.idx1-ubyte",
        checksum: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    },
};

/// What is in a pair of files.
pub(crate) struct Pair {
    pub(crate) images: Vec<[u8; PIXELS]>,
    pub(crate) labels: Vec<u8>,
    /// SHA-256 of the uncompressed content of images and labels, in hexadecimal.
    pub(crate) checksums: [String; 2],
}

/// Reads one pair of files: as many images as labels, all labels 0 to 9.
///
/// With `verify`, the content of both must have the checksum of MNIST's own.
pub(crate) fn read_pair(
    directory: &Path,
    pair: &FilePair,
    verify: bool,
) -> Result<Pair, DataError> {
    let images = IdxFile::open(directory, &pair.images, "images", verify)?;
    let labels = IdxFile::open(directory, &pair.labels, "labels", verify)?;
    read_files(images, labels)
}

/// Reads a pair of files that are in memory, which messages call `images` and `labels`.
pub(crate) fn read_bytes(images: Vec<u8>, labels: Vec<u8>) -> Result<Pair, DataError> {
    let file = |bytes, items: &'static str| IdxFile::new(items.into(), Cursor::new(bytes), items);
    read_files(file(images, "images")?, file(labels, "labels")?)
}

fn read_files(mut images_file: IdxFile, mut labels_file: IdxFile) -> Result<Pair, DataError> {
    let [images, rows, columns] = images_file.header(IMAGES_MAGIC)?;
    if (rows as usize, columns as usize) != (IMAGE_SIDE, IMAGE_SIDE) {
        let path = images_file.path;
        return Err(DataError::WrongImageSize {
            path,
            rows,
            columns,
        });
    }
    let [labels] = labels_file.header(LABELS_MAGIC)?;
    let images = images_file.checked_count(images)?;
    let labels = labels_file.checked_count(labels)?;
    if images != labels {
        return Err(DataError::CountsDiffer {
            images_path: images_file.path,
            labels_path: labels_file.path,
            images,
            labels,
        });
    }

    let (labels, of_labels) = labels_file.labels(labels)?;
    let (images, of_images) = images_file.images(images)?;
    Ok(Pair {
        images,
        labels,
        checksums: [of_images, of_labels],
    })
}

/// An open file, read from front to back.
struct IdxFile {
    path: PathBuf,
    content: Box<dyn Read>,
    compressed: bool,
    /// Bytes of uncompressed content read so far.
    position: u64,
    /// What the file holds, for messages.
    items: &'static str,
    /// SHA-256 of what was read.
    checksum: Sha256,
    /// What it must be at the end, where the file is verified.
    expected: Option<&'static str>,
}

impl IdxFile {
    fn open(
        directory: &Path,
        known: &KnownFile,
        items: &'static str,
        verify: bool,
    ) -> Result<Self, DataError> {
        let path = find(directory, known)?;
        let file = File::open(&path).map_err(|reason| DataError::Unreadable {
            path: path.clone(),
            reason,
        })?;
        let reader = BufReader::with_capacity(1 << 16, file);
        Ok(Self {
            expected: verify.then_some(known.checksum),
            ..Self::new(path, reader, items)?
        })
    }

    fn new(
        path: PathBuf,
        mut reader: impl BufRead + 'static,
        items: &'static str,
    ) -> Result<Self, DataError> {
        let start = match reader.fill_buf() {
            Ok(start) => start,
            Err(reason) => return Err(DataError::Unreadable { path, reason }),
        };
        if start.is_empty() {
            return Err(DataError::Empty { path });
        }
        // The name is no proof: browsers unpack on the way, and tools leave the `.gz` in place.
        let compressed = start.starts_with(&GZIP_MAGIC);
        let content: Box<dyn Read> = if compressed {
            Box::new(GzipMembers::new(reader))
        } else {
            Box::new(reader)
        };
        Ok(Self {
            path,
            content,
            compressed,
            position: 0,
            items,
            checksum: Sha256::new(),
            expected: None,
        })
    }

    /// Reads the magic number, which must be `magic`, and the sizes that follow it.
    fn header<const SIZES: usize>(&mut self, magic: u32) -> Result<[u32; SIZES], DataError> {
        let mut first = [0; 4];
        let mut sizes = [[0; 4]; SIZES];
        let mut found = self.fill(&mut first)?;
        if u32::from_be_bytes(first) != magic && self.is_html(&first[..found])? {
            return Err(DataError::HtmlPage {
                path: self.path.clone(),
            });
        }
        if found == first.len() && u32::from_be_bytes(first) != magic {
            return Err(DataError::WrongMagic {
                path: self.path.clone(),
                found: u32::from_be_bytes(first),
                expected: magic,
                items: self.items,
            });
        }
        found += self.fill(sizes.as_flattened_mut())?;
        let expected = 4 + 4 * SIZES;
        if found < expected {
            return Err(DataError::HeaderTruncated {
                path: self.path.clone(),
                found: found as u64,
                expected: expected as u64,
            });
        }
        Ok(sizes.map(u32::from_be_bytes))
    }

    /// Whether content that begins with `start` and is no IDX is a page instead. Reads on to find out.
    fn is_html(&mut self, start: &[u8]) -> Result<bool, DataError> {
        let mut more = [0; 512];
        let count = self.fill(&mut more)?;
        // White space or a byte order mark may come before the first tag.
        let skipped = b" \t\r\n\xef\xbb\xbf";
        let mut visible = start
            .iter()
            .chain(&more[..count])
            .filter(|byte| !skipped.contains(byte));
        Ok(visible.next() == Some(&b'<'))
    }

    /// Accepts a number of items from a header, 1 to [`MAX_IMAGES`].
    fn checked_count(&self, found: u32) -> Result<usize, DataError> {
        let path = || self.path.clone();
        let items = self.items;
        match found as usize {
            0 => Err(DataError::NoItems {
                path: path(),
                items,
            }),
            count if count > MAX_IMAGES => Err(DataError::TooManyItems {
                path: path(),
                found,
                items,
            }),
            count => Ok(count),
        }
    }

    /// Reads the rest of the file: exactly `count` images. Returns the checksum too.
    fn images(mut self, count: usize) -> Result<(Vec<[u8; PIXELS]>, String), DataError> {
        let mut images = Vec::new();
        let mut image = [0; PIXELS];
        let end = self.position + (count * PIXELS) as u64;
        for _ in 0..count {
            if self.fill(&mut image)? < PIXELS {
                return Err(self.truncated(end, count));
            }
            images.push(image);
        }
        let checksum = self.finish(count)?;
        Ok((images, checksum))
    }

    /// Reads the rest of the file: exactly `count` labels. Returns the checksum too.
    fn labels(mut self, count: usize) -> Result<(Vec<u8>, String), DataError> {
        // At most a million bytes, so that it does not matter whether they are all there.
        let mut labels = vec![0; count];
        let end = self.position + count as u64;
        if self.fill(&mut labels)? < count {
            return Err(self.truncated(end, count));
        }
        let path = self.path.clone();
        let checksum = self.finish(count)?;
        match labels.iter().position(|&label| label > 9) {
            Some(index) => Err(DataError::LabelInFile {
                path,
                index,
                label: labels[index],
            }),
            None => Ok((labels, checksum)),
        }
    }

    /// Makes sure that the content ends here, and that it is the content that was asked for. Returns its checksum.
    fn finish(mut self, count: usize) -> Result<String, DataError> {
        let expected = self.position;
        if self.fill(&mut [0])? > 0 {
            return Err(DataError::TrailingBytes {
                path: self.path,
                expected,
                count,
                items: self.items,
            });
        }
        let found = hexadecimal(&self.checksum.finalize());
        match self.expected {
            Some(expected) if found != expected => Err(DataError::Checksum {
                path: self.path,
                found,
                expected,
            }),
            _ => Ok(found),
        }
    }

    /// Fills `buffer` as far as there is content, and returns the number of bytes.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, DataError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.content.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.position += filled as u64;
                    return Err(self.read_error(error));
                }
            }
        }
        self.position += filled as u64;
        self.checksum.update(&buffer[..filled]);
        Ok(filled)
    }

    fn read_error(&self, reason: io::Error) -> DataError {
        use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};

        let path = self.path.clone();
        match reason.get_ref().and_then(|inner| inner.downcast_ref()) {
            Some(GzipError::BytesAfter) => return DataError::BytesAfterGzip { path },
            Some(GzipError::TooManyMembers) => return DataError::TooManyMembers { path },
            None => {}
        }
        match reason.kind() {
            InvalidData | InvalidInput | UnexpectedEof if self.compressed => {
                DataError::CorruptGzip {
                    path,
                    found: self.position,
                    reason,
                }
            }
            _ => DataError::Unreadable { path, reason },
        }
    }

    fn truncated(&self, expected: u64, count: usize) -> DataError {
        DataError::Truncated {
            path: self.path.clone(),
            found: self.position,
            expected,
            count,
            items: self.items,
        }
    }
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The path of a data file under one of its names, compressed ones first.
fn find(directory: &Path, known: &KnownFile) -> Result<PathBuf, DataError> {
    for extension in [".gz", ""] {
        for name in [known.name, known.other_name] {
            let path = directory.join(format!("{name}{extension}"));
            match fs::metadata(&path) {
                // Opening a pipe would wait for ever, and a device may never end.
                Ok(metadata) if !metadata.is_file() => return Err(DataError::NotAFile { path }),
                Ok(_) => return Ok(path),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(reason) => return Err(DataError::Unreadable { path, reason }),
            }
        }
    }
    Err(DataError::FileMissing {
        directory: directory.to_owned(),
        name: known.name,
    })
}

/// The uncompressed content of a gzip file, which may have several members (as `cat a.gz b.gz` makes them).
///
/// flate2's own reader of several members calls anything after the last one a broken header; this one can tell
/// a damaged stream from bytes that were appended to a whole one.
struct GzipMembers<R> {
    /// None at the end.
    member: Option<GzDecoder<R>>,
    /// How many members have been begun.
    members: usize,
}

/// What is wrong with a gzip file whose members are sound.
#[derive(Debug, thiserror::Error)]
enum GzipError {
    /// Something follows the last member and is no member itself.
    #[error("bytes after the gzip stream")]
    BytesAfter,
    #[error("more than {MAX_GZIP_MEMBERS} members")]
    TooManyMembers,
}

impl<R: BufRead> GzipMembers<R> {
    fn new(reader: R) -> Self {
        Self {
            member: Some(GzDecoder::new(reader)),
            members: 1,
        }
    }
}

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 {
                return Ok(count);
            }
            let rest = member.get_mut().fill_buf()?;
            // One byte of the magic number can be all that the buffer has left.
            if !GZIP_MAGIC.starts_with(&rest[..rest.len().min(GZIP_MAGIC.len())]) {
                return Err(io::Error::other(GzipError::BytesAfter));
            }
            let ended = rest.is_empty();
            if !ended && self.members == MAX_GZIP_MEMBERS {
                return Err(io::Error::other(GzipError::TooManyMembers));
            }
            self.members += 1;
            self.member = self
                .member
                .take()
                .filter(|_| !ended)
                .map(|member| GzDecoder::new(member.into_inner()));
        }
        Ok(0)
    }
}
