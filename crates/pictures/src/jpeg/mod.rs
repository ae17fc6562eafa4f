//! Whether a JPEG file holds all of its picture.
//!
//! The decoder fills up what is missing with grey, even where somebody has put an end marker after what is left. So this
//! reads the file as a decoder does (ITU-T T.81), without computing a pixel: each scan must hold all of its blocks. What
//! else may be wrong with a file is left to the decoder.

mod bits;
mod scan;

use bits::{Bits, Huffman};
use scan::{Pass, Scan};

use crate::MAX_SIDE;

/// Most scans of a file; the decoder refuses more.
const MAX_SCANS: usize = 100;

/// Why the end of the picture was not reached.
enum Stop {
    /// The data ends before it.
    CutShort,
    /// The file is not one that this understands; the decoder may.
    Unknown,
}

/// Whether the end of the picture is missing in a JPEG file.
pub(crate) fn is_cut_short(bytes: &[u8]) -> bool {
    matches!(File::default().read(bytes), Err(Stop::CutShort))
}

/// What the segments so far have said.
#[derive(Default)]
struct File {
    frame: Option<Frame>,
    dc_tables: [Option<Huffman>; 4],
    ac_tables: [Option<Huffman>; 4],
    restart_interval: usize,
}

/// The picture, which is made of units of some blocks of each component. A block is 8×8 pixels of one component.
struct Frame {
    progressive: bool,
    width: usize,
    height: usize,
    components: Vec<Component>,
}

struct Component {
    id: u8,
    /// Blocks of a unit, side by side and one below the other.
    horizontal: usize,
    vertical: usize,
    /// Whether a scan had the means of its blocks.
    has_means: bool,
    /// For each block of a progressive picture, a bit for each coefficient that is not zero so far.
    coefficients: Vec<u64>,
}

impl File {
    fn read(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let mut position = 2;
        let mut scans = 0;
        loop {
            let marker = next_marker(bytes, &mut position)?;
            if matches!(marker, 0x01 | 0xd0..=0xd8) {
                continue;
            }
            if marker == 0xd9 {
                return self.end();
            }
            let segment = segment(bytes, &mut position)?;
            match marker {
                0xc0..=0xc2 => self.start_frame(segment, marker == 0xc2)?,
                0xc4 => self.read_tables(segment)?,
                // Lossless, hierarchical or coded arithmetically.
                0xc3 | 0xc5..=0xcf => return Err(Stop::Unknown),
                0xdd => self.restart_interval = word(segment, 0)?,
                0xda => {
                    scans += 1;
                    if scans > MAX_SCANS {
                        return Err(Stop::Unknown);
                    }
                    position = self.read_scan(segment, Bits::new(bytes, position))?;
                }
                _ => {}
            }
        }
    }

    /// The end marker: there must have been something of each component.
    fn end(&self) -> Result<(), Stop> {
        match &self.frame {
            None => Err(Stop::Unknown),
            Some(frame) if frame.components.iter().all(|it| it.has_means) => Ok(()),
            Some(_) => Err(Stop::CutShort),
        }
    }

    fn start_frame(&mut self, segment: &[u8], progressive: bool) -> Result<(), Stop> {
        let (height, width) = (word(segment, 1)?, word(segment, 3)?);
        let components = segment.get(6..).ok_or(Stop::Unknown)?.chunks_exact(3);
        let components: Vec<Component> = components.map(Component::new).collect();
        let usual = |side: usize| (1..=MAX_SIDE as usize).contains(&side);
        let known = self.frame.is_none()
            && usual(width)
            && usual(height)
            && (1..=4).contains(&components.len())
            && components.iter().all(Component::is_usual);
        if !known {
            return Err(Stop::Unknown);
        }
        let mut frame = Frame {
            progressive,
            width,
            height,
            components,
        };
        if progressive {
            let (columns, rows) = frame.units();
            for component in &mut frame.components {
                let blocks = columns * component.horizontal * rows * component.vertical;
                component.coefficients = vec![0; blocks];
            }
        }
        self.frame = Some(frame);
        Ok(())
    }

    fn read_tables(&mut self, mut segment: &[u8]) -> Result<(), Stop> {
        while let Some((&kind, rest)) = segment.split_first() {
            let tables = match kind >> 4 {
                0 => &mut self.dc_tables,
                1 => &mut self.ac_tables,
                _ => return Err(Stop::Unknown),
            };
            let place = tables
                .get_mut(usize::from(kind & 15))
                .ok_or(Stop::Unknown)?;
            let (table, rest) = Huffman::read(rest).ok_or(Stop::Unknown)?;
            *place = Some(table);
            segment = rest;
        }
        Ok(())
    }

    /// Reads a scan, and returns where it ends.
    fn read_scan(&mut self, header: &[u8], bits: Bits) -> Result<usize, Stop> {
        let frame = self.frame.as_mut().ok_or(Stop::Unknown)?;
        let (&count, rest) = header.split_first().ok_or(Stop::Unknown)?;
        let (chosen, rest) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or(Stop::Unknown)?;
        let &[first, last, precision, ..] = rest else {
            return Err(Stop::Unknown);
        };
        let mut components = Vec::new();
        for chosen in chosen.chunks_exact(2) {
            let found = frame.components.iter().position(|it| it.id == chosen[0]);
            let dc = self.dc_tables.get(usize::from(chosen[1] >> 4));
            let ac = self.ac_tables.get(usize::from(chosen[1] & 15));
            components.push(scan::Chosen {
                index: found.ok_or(Stop::Unknown)?,
                dc_table: dc.and_then(Option::as_ref),
                ac_table: ac.and_then(Option::as_ref),
            });
        }
        let refines = precision >> 4 > 0;
        let pass = match (first, last) {
            _ if !frame.progressive => Pass::Whole,
            (0, 0) if refines => Pass::MeansRefined,
            (0, 0) => Pass::Means,
            (1..64, 1..64) if components.len() == 1 && refines => Pass::Refined(first, last),
            (1..64, 1..64) if components.len() == 1 => Pass::First(first, last),
            _ => return Err(Stop::Unknown),
        };
        if !(1..=4).contains(&components.len()) {
            return Err(Stop::Unknown);
        }
        let scan = Scan {
            components,
            pass,
            restart_interval: self.restart_interval,
        };
        scan.read(frame, bits)
    }
}

impl Frame {
    /// Columns and rows of units.
    fn units(&self) -> (usize, usize) {
        let (horizontal, vertical) = self.largest();
        (
            self.width.div_ceil(8 * horizontal),
            self.height.div_ceil(8 * vertical),
        )
    }

    /// Columns and rows of a component's blocks, without those that only fill up units.
    fn blocks(&self, component: usize) -> (usize, usize) {
        let (horizontal, vertical) = self.largest();
        let it = &self.components[component];
        (
            (self.width * it.horizontal).div_ceil(8 * horizontal),
            (self.height * it.vertical).div_ceil(8 * vertical),
        )
    }

    fn largest(&self) -> (usize, usize) {
        let largest =
            |factor: fn(&Component) -> usize| self.components.iter().map(factor).max().unwrap_or(1);
        (largest(|it| it.horizontal), largest(|it| it.vertical))
    }
}

impl Component {
    /// From its three bytes in the frame's header.
    fn new(bytes: &[u8]) -> Self {
        Self {
            id: bytes[0],
            horizontal: usize::from(bytes[1] >> 4),
            vertical: usize::from(bytes[1] & 15),
            has_means: false,
            coefficients: Vec::new(),
        }
    }

    fn is_usual(&self) -> bool {
        (1..=4).contains(&self.horizontal) && (1..=4).contains(&self.vertical)
    }
}

/// The marker at or after `position`, which moves behind it.
fn next_marker(bytes: &[u8], position: &mut usize) -> Result<u8, Stop> {
    loop {
        let rest = bytes.get(*position..).unwrap_or_default();
        match *rest {
            [0xff, marker, ..] if marker != 0 && marker != 0xff => {
                *position += 2;
                return Ok(marker);
            }
            [_, _, ..] => *position += 1,
            _ => return Err(Stop::CutShort),
        }
    }
}

/// The content of the segment at `position`, which moves behind it.
fn segment<'a>(bytes: &'a [u8], position: &mut usize) -> Result<&'a [u8], Stop> {
    let rest = bytes.get(*position..).unwrap_or_default();
    let &[high, low, ..] = rest else {
        return Err(Stop::CutShort);
    };
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length < 2 {
        return Err(Stop::Unknown);
    }
    *position += length;
    rest.get(2..length).ok_or(Stop::CutShort)
}

/// A number of two bytes.
fn word(segment: &[u8], position: usize) -> Result<usize, Stop> {
    match segment.get(position..) {
        Some(&[high, low, ..]) => Ok(u16::from_be_bytes([high, low]).into()),
        _ => Err(Stop::Unknown),
    }
}
