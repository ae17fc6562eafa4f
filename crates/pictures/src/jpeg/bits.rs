//! The bits of a scan.

use super::Stop;

/// Reads the bits of a scan up to the next marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Of the next byte, or of the marker that ends the bits.
    position: usize,
    /// The bits read from bytes and not yet taken, the last one lowest.
    buffer: u64,
    available: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], position: usize) -> Self {
        Self {
            bytes,
            position,
            buffer: 0,
            available: 0,
        }
    }

    /// Where the bits end, or somewhat before.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Takes a number of bits, 16 at most.
    pub(super) fn take(&mut self, count: u8) -> Result<u32, Stop> {
        let count = u32::from(count);
        self.fill();
        if count > self.available {
            return Err(Stop::CutShort);
        }
        self.available -= count;
        let bits = self.buffer >> self.available & ((1 << count) - 1);
        Ok(bits as u32)
    }

    /// Takes a symbol.
    pub(super) fn symbol(&mut self, table: &Huffman) -> Result<u8, Stop> {
        self.fill();
        // What is missing is taken for ones, with which encoders fill up the last byte.
        let next = if self.available >= 16 {
            self.buffer >> (self.available - 16)
        } else {
            let missing = 16 - self.available;
            self.buffer << missing | ((1 << missing) - 1)
        };
        let next = (next & 0xffff) as u32;
        match table.symbol(next) {
            Some((symbol, length)) => {
                self.take(length)?;
                Ok(symbol)
            }
            None if self.available < 16 => Err(Stop::CutShort),
            None => Err(Stop::Unknown),
        }
    }

    /// Goes on behind a restart marker.
    pub(super) fn restart(&mut self) -> Result<(), Stop> {
        self.fill();
        if self.available >= 8 {
            return Err(Stop::Unknown);
        }
        let mut position = self.position;
        match super::next_marker(self.bytes, &mut position)? {
            0xd0..=0xd7 => {
                *self = Self::new(self.bytes, position);
                Ok(())
            }
            _ => Err(Stop::CutShort),
        }
    }

    /// Has at least 16 bits at hand, as long as there are so many.
    fn fill(&mut self) {
        while self.available < 16 {
            let (byte, length) = match self.bytes.get(self.position..) {
                Some([0xff, 0, ..]) => (0xff, 2),
                Some([byte, ..]) if *byte != 0xff => (*byte, 1),
                _ => return,
            };
            self.buffer = self.buffer << 8 | u64::from(byte);
            self.available += 8;
            self.position += length;
        }
    }
}

/// A code of symbols with 1 to 16 bits.
pub(super) struct Huffman {
    /// For each length: the first code that is longer, filled up to 16 bits; and what to add to a code to get the
    /// position of its symbol.
    lengths: [(u32, i32); 16],
    symbols: Vec<u8>,
}

impl Huffman {
    /// Reads a table, and returns what is behind it too.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = bytes.split_at_checked(16)?;
        let count = counts.iter().map(|count| usize::from(*count)).sum();
        let (symbols, rest) = rest.split_at_checked(count)?;
        let mut lengths = [(0, 0); 16];
        let (mut code, mut position) = (0u32, 0);
        for (length, count) in (1..).zip(counts) {
            let offset = position - code as i32;
            code += u32::from(*count);
            position += i32::from(*count);
            // More codes than there are.
            if code > 1 << length {
                return None;
            }
            lengths[length - 1] = (code << (16 - length), offset);
            code <<= 1;
        }
        let symbols = symbols.to_vec();
        Some((Self { lengths, symbols }, rest))
    }

    /// The symbol that 16 bits begin with, and its length in bits.
    fn symbol(&self, bits: u32) -> Option<(u8, u8)> {
        let (length, (_, offset)) = (1u8..)
            .zip(self.lengths)
            .find(|(_, (end, _))| bits < *end)?;
        let position = (bits >> (16 - length)) as i32 + offset;
        let symbol = self.symbols.get(usize::try_from(position).ok()?)?;
        Some((*symbol, length))
    }
}
