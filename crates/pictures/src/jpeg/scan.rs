//! The blocks of a scan.

use super::bits::{Bits, Huffman};
use super::{Frame, Stop};

/// A scan: some of what some components are made of.
pub(super) struct Scan<'a> {
    pub(super) components: Vec<Chosen<'a>>,
    pub(super) pass: Pass,
    /// Units between two restart markers; 0 for none.
    pub(super) restart_interval: usize,
}

/// A component of a scan.
pub(super) struct Chosen<'a> {
    /// Its position in the frame.
    pub(super) index: usize,
    pub(super) dc_table: Option<&'a Huffman>,
    pub(super) ac_table: Option<&'a Huffman>,
}

/// What of its blocks a scan has.
#[derive(Clone, Copy)]
pub(super) enum Pass {
    /// Everything: the picture is not progressive.
    Whole,
    /// The mean of each block.
    Means,
    /// A further bit of each mean.
    MeansRefined,
    /// The coefficients of this range.
    First(u8, u8),
    /// A further bit of each of them.
    Refined(u8, u8),
}

impl Scan<'_> {
    /// Reads all blocks, and returns where they end.
    pub(super) fn read(&self, frame: &mut Frame, mut bits: Bits) -> Result<usize, Stop> {
        let alone = self.components.len() == 1;
        let (columns, rows) = if alone {
            frame.blocks(self.components[0].index)
        } else {
            frame.units()
        };
        let padded_columns = frame.units().0;
        // Blocks to come with nothing more of the pass in them.
        let mut empty_blocks = 0;
        for unit in 0..columns * rows {
            let interval = self.restart_interval;
            if interval > 0 && unit > 0 && unit.is_multiple_of(interval) {
                bits.restart()?;
                empty_blocks = 0;
            }
            for chosen in &self.components {
                let component = &mut frame.components[chosen.index];
                let blocks = if alone {
                    1
                } else {
                    component.horizontal * component.vertical
                };
                for _ in 0..blocks {
                    // Only a scan of one component looks at the coefficients.
                    let stride = padded_columns * component.horizontal;
                    let place = unit / columns * stride + unit % columns;
                    let mut none = 0;
                    let coefficients = component.coefficients.get_mut(place).unwrap_or(&mut none);
                    chosen.block(self.pass, &mut bits, coefficients, &mut empty_blocks)?;
                }
            }
        }
        if matches!(self.pass, Pass::Whole | Pass::Means) {
            for chosen in &self.components {
                frame.components[chosen.index].has_means = true;
            }
        }
        Ok(bits.position())
    }
}

impl Chosen<'_> {
    fn block(
        &self,
        pass: Pass,
        bits: &mut Bits,
        coefficients: &mut u64,
        empty_blocks: &mut u32,
    ) -> Result<(), Stop> {
        match pass {
            Pass::Whole => {
                self.mean(bits)?;
                self.rest(bits)
            }
            Pass::Means => self.mean(bits),
            Pass::MeansRefined => bits.take(1).map(|_| ()),
            Pass::First(first, last) => self.first(bits, first..=last, coefficients, empty_blocks),
            Pass::Refined(first, last) => {
                self.refined(bits, first, last, coefficients, empty_blocks)
            }
        }
    }

    fn mean(&self, bits: &mut Bits) -> Result<(), Stop> {
        let size = bits.symbol(self.dc_table.ok_or(Stop::Unknown)?)?;
        if size > 16 {
            return Err(Stop::Unknown);
        }
        bits.take(size)?;
        Ok(())
    }

    /// The run of zeros before the next coefficient, and its size in bits.
    fn run_and_size(&self, bits: &mut Bits) -> Result<(u8, u8), Stop> {
        let symbol = bits.symbol(self.ac_table.ok_or(Stop::Unknown)?)?;
        Ok((symbol >> 4, symbol & 15))
    }

    fn rest(&self, bits: &mut Bits) -> Result<(), Stop> {
        let mut next = 1;
        while next < 64 {
            match self.run_and_size(bits)? {
                (15, 0) => next += 16,
                (_, 0) => break,
                (run, size) => {
                    bits.take(size)?;
                    next += run + 1;
                }
            }
        }
        Ok(())
    }

    fn first(
        &self,
        bits: &mut Bits,
        range: std::ops::RangeInclusive<u8>,
        coefficients: &mut u64,
        empty_blocks: &mut u32,
    ) -> Result<(), Stop> {
        if *empty_blocks > 0 {
            *empty_blocks -= 1;
            return Ok(());
        }
        let mut next = *range.start();
        while next <= *range.end() {
            match self.run_and_size(bits)? {
                (15, 0) => next += 16,
                (run, 0) => {
                    *empty_blocks = (1 << run) - 1 + bits.take(run)?;
                    break;
                }
                (run, size) => {
                    bits.take(size)?;
                    next += run;
                    *coefficients |= 1u64.checked_shl(next.into()).unwrap_or(0);
                    next += 1;
                }
            }
        }
        Ok(())
    }

    /// Every coefficient that is not zero so far has a bit, and in between are the first bits of others.
    fn refined(
        &self,
        bits: &mut Bits,
        first: u8,
        last: u8,
        coefficients: &mut u64,
        empty_blocks: &mut u32,
    ) -> Result<(), Stop> {
        let mut next = first;
        while next <= last && *empty_blocks == 0 {
            let (mut run, size) = self.run_and_size(bits)?;
            match (run, size) {
                (15, 0) => {}
                (run, 0) => {
                    *empty_blocks = (1 << run) + bits.take(run)?;
                    break;
                }
                _ => {
                    bits.take(1)?;
                }
            }
            // Passes over so many zeros, and stops at the one after.
            while next <= last {
                if *coefficients >> next & 1 == 1 {
                    bits.take(1)?;
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                next += 1;
            }
            if size > 0 && next <= last {
                *coefficients |= 1 << next;
            }
            next += 1;
        }
        if *empty_blocks > 0 {
            let more = (next..=last)
                .filter(|next| *coefficients >> *next & 1 == 1)
                .count();
            for _ in 0..more {
                bits.take(1)?;
            }
            *empty_blocks -= 1;
        }
        Ok(())
    }
}
