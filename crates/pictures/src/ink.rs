//! Which pixels of a picture are ink.
//!
//! Nobody says what is paper and what is pen, or that the paper is white: so paper is what lies along the border, and
//! ink what differs from it most, be it darker or lighter.

use image::GrayImage;

/// The least difference between ink and paper, in greys of 255. Yellow on white still has it.
const LEAST_CONTRAST: u8 = 16;

/// Of a pixel with more ink than this the ink is visible, in parts of 255.
const VISIBLE: u8 = 16;

/// A pixel with this much ink or more is certainly ink, in parts of 255.
const CERTAIN: u8 = 128;

/// One pixel in so many may be darker or lighter than any ink or paper: dust, glare, a defect of the sensor.
const OUTLIERS: usize = 30_000;

/// What has less than this share of the ink of the largest piece is a speck. Digits come in pieces too (a 5 with its
/// bar set apart), but in larger ones.
const SPECK: f64 = 1.0 / 40.0;

/// Of two digits side by side, each has this share of the ink or more: a 1 beside a 0 has little.
const INK_OF_TWO: f64 = 1.0 / 8.0;

/// And this share of the height of both together.
const HEIGHT_OF_TWO: f64 = 1.0 / 2.0;

/// The ink of a picture.
#[derive(Debug)]
pub(crate) struct Ink {
    /// How much of each pixel is ink: 0 is paper, 255 is full ink.
    pub amounts: GrayImage,
    /// Left, top, width and height of the smallest box around it.
    pub bounds: (u32, u32, u32, u32),
    /// Whether the ink is darker than the paper.
    pub dark: bool,
    /// How many pieces were taken for specks and left out.
    pub specks: usize,
    /// Whether it seems to be more than one digit.
    pub is_several: bool,
}

/// Finds the ink; none if nothing stands out.
pub(crate) fn find_ink(grey: &GrayImage) -> Option<Ink> {
    let levels = Levels::of(grey)?;
    let mut amounts = grey.clone();
    for pixel in amounts.iter_mut() {
        *pixel = levels.amount(*pixel);
    }
    let visible = visible_from(grey, levels);
    let (kept, specks) = without_specks(pieces(&amounts, visible));
    let mut is_ink = vec![false; amounts.len()];
    let width = amounts.width();
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for index in kept.into_iter().flat_map(|piece| piece.pixels) {
        is_ink[index as usize] = true;
        let (x, y) = (index % width, index / width);
        (left, right) = (left.min(x), right.max(x));
        (top, bottom) = (top.min(y), bottom.max(y));
    }
    for (amount, is_ink) in amounts.iter_mut().zip(is_ink) {
        if !is_ink {
            *amount = 0;
        }
    }
    let is_several = is_several(&amounts);
    (left <= right).then(|| Ink {
        amounts,
        is_several,
        bounds: (left, top, right - left + 1, bottom - top + 1),
        dark: levels.ink < levels.paper,
        specks,
    })
}

/// The greys of paper and ink.
#[derive(Clone, Copy)]
struct Levels {
    paper: u8,
    ink: u8,
}

impl Levels {
    fn of(grey: &GrayImage) -> Option<Self> {
        let mut counts = [0; 256];
        border(grey).for_each(|grey| counts[usize::from(grey)] += 1);
        let paper = quantile(&counts, 0.5);
        let mut counts = [0; 256];
        grey.iter().for_each(|grey| counts[usize::from(*grey)] += 1);
        let outliers = grey.len() / OUTLIERS;
        let darkest = beyond(counts.iter(), outliers)?;
        let lightest = 255 - beyond(counts.iter().rev(), outliers)?;
        let dark = paper.saturating_sub(darkest) >= lightest.saturating_sub(paper);
        let extreme = if dark { darkest } else { lightest };
        if paper.abs_diff(extreme) < LEAST_CONTRAST {
            return None;
        }
        // Full ink is the usual grey of what is certainly ink: at the extreme, two strokes of a pencil may cross.
        let half = usize::from(paper.midpoint(extreme));
        let paper_side = if dark { half + 1..256 } else { 0..half };
        counts[paper_side].fill(0);
        Some(Self {
            paper,
            ink: quantile(&counts, 0.5),
        })
    }

    /// How much of a pixel is ink, 0 to 255.
    fn amount(self, grey: u8) -> u8 {
        let [paper, ink, grey] = [self.paper, self.ink, grey].map(f32::from);
        (255.0 * (grey - paper) / (ink - paper)).round() as u8
    }
}

/// From which amount on a pixel is ink rather than the paper's grain, which is what varies along the border.
fn visible_from(grey: &GrayImage, levels: Levels) -> u8 {
    let contrast = usize::from(levels.paper.abs_diff(levels.ink));
    let mut counts = [0; 256];
    border(grey).for_each(|grey| {
        let deviation = usize::from(grey.abs_diff(levels.paper));
        counts[(255 * deviation / contrast).min(255)] += 1;
    });
    // Four standard deviations, if they were normally distributed.
    let grain = 6 * u32::from(quantile(&counts, 0.5));
    grain.clamp(VISIBLE.into(), CERTAIN.into()) as u8
}

/// The greys along the border, some hundredths of the picture's side wide.
fn border(grey: &GrayImage) -> impl Iterator<Item = u8> {
    let (width, height) = grey.dimensions();
    let depth = (width.min(height) / 28).max(1);
    let near = move |position: u32, side: u32| position < depth || position + depth >= side;
    let pixels = grey.enumerate_pixels();
    pixels.filter_map(move |(x, y, grey)| (near(x, width) || near(y, height)).then_some(grey.0[0]))
}

/// The value below which a share of all lies, of values that are counted.
fn quantile(counts: &[usize; 256], share: f64) -> u8 {
    let total: usize = counts.iter().sum();
    let wanted = (share * total as f64) as usize;
    beyond(counts.iter(), wanted).unwrap_or(0)
}

/// The first value that has more than `count` before or at it.
fn beyond<'a>(mut counts: impl Iterator<Item = &'a usize>, count: usize) -> Option<u8> {
    let mut before = 0;
    let position = counts.position(|of_value| {
        before += of_value;
        before > count
    });
    position.map(|value| value as u8)
}

/// Whether an empty column parts the ink into two sides that are as high and as heavy as digits. No digit is written in two
/// pieces side by side.
fn is_several(amounts: &GrayImage) -> bool {
    let columns: Vec<Column> = (0..amounts.width())
        .map(|x| Column::of(amounts, x))
        .collect();
    let all = Column::together(&columns);
    let is_digit = |side: &Column| {
        side.ink as f64 >= INK_OF_TWO * all.ink as f64
            && f64::from(side.height()) >= HEIGHT_OF_TWO * f64::from(all.height())
    };
    (0..columns.len()).any(|at| {
        let (before, after) = columns.split_at(at);
        columns[at].ink == 0
            && is_digit(&Column::together(before))
            && is_digit(&Column::together(after))
    })
}

/// The ink of one or several columns.
#[derive(Clone, Copy)]
struct Column {
    top: u32,
    bottom: u32,
    ink: u64,
}

impl Column {
    const EMPTY: Self = Self {
        top: u32::MAX,
        bottom: 0,
        ink: 0,
    };

    fn of(amounts: &GrayImage, x: u32) -> Self {
        (0..amounts.height()).fold(Self::EMPTY, |column, y| {
            match amounts.get_pixel(x, y).0[0] {
                0 => column,
                amount => column.and(Self {
                    top: y,
                    bottom: y + 1,
                    ink: u64::from(amount),
                }),
            }
        })
    }

    fn together(columns: &[Self]) -> Self {
        columns.iter().fold(Self::EMPTY, |all, it| all.and(*it))
    }

    fn and(self, other: Self) -> Self {
        Self {
            top: self.top.min(other.top),
            bottom: self.bottom.max(other.bottom),
            ink: self.ink + other.ink,
        }
    }

    fn height(self) -> u32 {
        self.bottom.saturating_sub(self.top)
    }
}

/// Pixels that hang together, diagonally too.
struct Piece {
    pixels: Vec<u32>,
    /// Sum of their amounts.
    ink: u64,
    /// Whether one of them is certainly ink.
    is_certain: bool,
}

/// All pieces of visible ink.
fn pieces(amounts: &GrayImage, visible: u8) -> Vec<Piece> {
    let (width, height) = amounts.dimensions();
    let amounts = amounts.as_raw();
    let mut unseen: Vec<bool> = amounts.iter().map(|amount| *amount > visible).collect();
    let mut pieces = Vec::new();
    for start in 0..amounts.len() {
        if !unseen[start] {
            continue;
        }
        unseen[start] = false;
        let mut pixels = vec![start as u32];
        let mut next = 0;
        while let Some(&pixel) = pixels.get(next) {
            next += 1;
            let (x, y) = (pixel % width, pixel / width);
            for y in y.saturating_sub(1)..=(y + 1).min(height - 1) {
                for x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                    let neighbour = y * width + x;
                    if std::mem::take(&mut unseen[neighbour as usize]) {
                        pixels.push(neighbour);
                    }
                }
            }
        }
        let amounts = || pixels.iter().map(|pixel| amounts[*pixel as usize]);
        pieces.push(Piece {
            ink: amounts().map(u64::from).sum(),
            is_certain: amounts().any(|amount| amount >= CERTAIN),
            pixels,
        });
    }
    pieces
}

/// The pieces that are large enough, and how many are not. What is faint throughout counts as neither.
fn without_specks(pieces: Vec<Piece>) -> (Vec<Piece>, usize) {
    let certain: Vec<Piece> = pieces
        .into_iter()
        .filter(|piece| piece.is_certain)
        .collect();
    let largest = certain.iter().map(|piece| piece.ink).max().unwrap_or(0);
    let count = certain.len();
    let is_speck = |piece: &Piece| (piece.ink as f64) < SPECK * largest as f64;
    let kept: Vec<Piece> = certain
        .into_iter()
        .filter(|piece| !is_speck(piece))
        .collect();
    let specks = count - kept.len();
    (kept, specks)
}
