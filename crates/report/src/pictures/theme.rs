//! What all pictures have in common: one palette, in light and in dark.
//!
//! A page shows an SVG as an image, which the page's own style does not reach, so every picture brings its style with it. What
//! is drawn has the light version of a colour as an attribute; a style sheet in the picture gives each its dark version where
//! the reader prefers that. It follows that a picture is drawn in colours of the palette only, thinned by opacity where need
//! be: any other would stay as it is on a dark background.

use std::fmt::Write;

use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBColor, TextStyle};

/// What everything is drawn on.
pub(crate) const BACKGROUND: RGBColor = rgb(0xFFFFFF);
/// Text, and the ink of digits.
pub(crate) const TEXT: RGBColor = rgb(0x1F2328);
/// What explains and what is measured against: notes, axes, the target.
pub(crate) const MUTED: RGBColor = rgb(0x59636E);
/// What is only there to compare with.
pub(crate) const FAINT: RGBColor = rgb(0xB4BBC3);
/// Lines of the grid, and empty cells.
pub(crate) const GRID: RGBColor = rgb(0xE7EAED);

/// Colours of the steps: far apart for readers with and without each kind of colour blindness, and each of them well
/// visible on the background.
pub(crate) const STEPS: [RGBColor; 8] = [
    rgb(0x8C7310),
    rgb(0xD86E75),
    rgb(0x0F6145),
    rgb(0x7D59E5),
    rgb(0x592800),
    rgb(0x2B9CC0),
    rgb(0xA83F8E),
    rgb(0x102B88),
];

/// The dark versions of the colours above.
const DARK_GENERAL: [(RGBColor, RGBColor); 5] = [
    (BACKGROUND, rgb(0x0D1117)),
    (TEXT, rgb(0xE6EDF3)),
    (MUTED, rgb(0x9AA4AF)),
    (FAINT, rgb(0x4A525C)),
    (GRID, rgb(0x21262D)),
];

/// The dark versions of the steps' colours, in the same order.
const DARK_STEPS: [RGBColor; STEPS.len()] = [
    rgb(0xFCC94F),
    rgb(0xFA817F),
    rgb(0x9CE5B3),
    rgb(0xC8B5FC),
    rgb(0xDA5316),
    rgb(0x1AA3D3),
    rgb(0xBA608C),
    rgb(0x5E77F3),
];

/// The colour of the step at a position from 0, the same in every picture. When the colours are used up they begin again:
/// more of them would be too near to one another, and every picture names the steps beside their colours.
pub(crate) fn step_colour(position: usize) -> RGBColor {
    STEPS[position % STEPS.len()]
}

const fn rgb(colour: u32) -> RGBColor {
    let [_, red, green, blue] = colour.to_be_bytes();
    RGBColor(red, green, blue)
}

/// What a colour is called in SVG: `#RRGGBB`.
pub(crate) fn name(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// All colours, each with its dark version.
fn palette() -> impl Iterator<Item = (RGBColor, RGBColor)> {
    DARK_GENERAL
        .into_iter()
        .chain(STEPS.into_iter().zip(DARK_STEPS))
}

/// The style sheet that makes a picture dark: a rule for each colour of the palette that is in it.
pub(crate) fn dark_style(picture: &str) -> String {
    let mut rules = String::new();
    for (light, dark) in palette() {
        let (light, dark) = (name(light), name(dark));
        for attribute in ["fill", "stroke"] {
            let selector = format!("{attribute}=\"{light}\"");
            if picture.contains(&selector) {
                let _ = write!(rules, "[{selector}]{{{attribute}:{dark}}}");
            }
        }
    }
    format!("@media (prefers-color-scheme:dark){{{rules}}}")
}

/// plotters divides the size of a font by this when it writes SVG.
const PLOTTERS_FONT_SCALE: f64 = 1.24;

/// Text of a height in pixels.
pub(crate) fn text(height: f64) -> TextStyle<'static> {
    font(height, FontStyle::Normal).color(&TEXT)
}

/// Text that stands out.
pub(crate) fn bold(height: f64) -> TextStyle<'static> {
    font(height, FontStyle::Bold).color(&TEXT)
}

/// Text that explains.
pub(crate) fn muted(height: f64) -> TextStyle<'static> {
    font(height, FontStyle::Normal).color(&MUTED)
}

fn font(height: f64, style: FontStyle) -> FontDesc<'static> {
    FontDesc::new(FontFamily::SansSerif, PLOTTERS_FONT_SCALE * height, style)
}

/// Text begins at its position, at half its height.
pub(crate) const FROM: Pos = Pos {
    h_pos: HPos::Left,
    v_pos: VPos::Center,
};
/// Text ends at its position.
pub(crate) const UP_TO: Pos = Pos {
    h_pos: HPos::Right,
    v_pos: VPos::Center,
};
/// Text has its position in its middle.
pub(crate) const AROUND: Pos = Pos {
    h_pos: HPos::Center,
    v_pos: VPos::Center,
};

#[cfg(test)]
mod tests {
    use super::*;

    /// A version of a colour as linear red, green and blue.
    fn linear(RGBColor(red, green, blue): RGBColor) -> [f64; 3] {
        [red, green, blue].map(|channel| {
            let channel = f64::from(channel) / 255.0;
            if channel <= 0.04045 {
                channel / 12.92
            } else {
                ((channel + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    fn times(matrix: [[f64; 3]; 3], vector: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum())
    }

    /// WCAG's contrast ratio: 1 for the same colour, 21 for black on white.
    fn contrast(one: RGBColor, other: RGBColor) -> f64 {
        let luminance = |colour| {
            let [red, green, blue] = linear(colour);
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (one, other): (f64, f64) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Distance in Oklab (B. Ottosson, 2020), where black and white are 1 apart.
    fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
        let oklab = |colour| {
            let cones = times(
                [
                    [0.4122214708, 0.5363325363, 0.0514459929],
                    [0.2119034982, 0.6806995451, 0.1073969566],
                    [0.0883024619, 0.2817188376, 0.6299787005],
                ],
                colour,
            );
            times(
                [
                    [0.2104542553, 0.7936177850, -0.0040720468],
                    [1.9779984951, -2.4285922050, 0.4505937099],
                    [0.0259040371, 0.7827717662, -0.8086757660],
                ],
                cones.map(f64::cbrt),
            )
        };
        let (one, other) = (oklab(one), oklab(other));
        let squares = one.iter().zip(other).map(|(a, b)| (a - b).powi(2));
        squares.sum::<f64>().sqrt()
    }

    /// How colours look without one kind of cone (G. M. Machado, M. M. Oliveira and L. A. F. Fernandes, 2009), and with all.
    const EYES: [(&str, [[f64; 3]; 3]); 4] = [
        ("all", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "protanopia",
            [
                [0.152286, 1.052583, -0.204868],
                [0.114503, 0.786281, 0.099216],
                [-0.003882, -0.048116, 1.051998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367322, 0.860646, -0.227968],
                [0.280085, 0.672501, 0.047413],
                [-0.011820, 0.042940, 0.968881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255528, -0.076749, -0.178779],
                [-0.078411, 0.930809, 0.147602],
                [0.004733, 0.691367, 0.303900],
            ],
        ),
    ];

    #[test]
    fn text_and_steps_stand_out_against_the_background_in_light_and_dark() {
        let backgrounds = DARK_GENERAL[0];
        for (light, dark) in palette() {
            let least = match light {
                TEXT => 7.0,
                MUTED => 4.5,
                step if STEPS.contains(&step) => 3.0,
                _ => continue,
            };
            for (colour, background) in [(light, backgrounds.0), (dark, backgrounds.1)] {
                let contrast = contrast(colour, background);
                assert!(contrast >= least, "{}: {contrast}", name(colour));
            }
        }
    }

    #[test]
    fn steps_can_be_told_apart_by_all_eyes() {
        // Okabe and Ito's palette, made for this, comes to 0.076.
        const LEAST: f64 = 0.08;
        for steps in [STEPS, DARK_STEPS] {
            for (eyes, matrix) in EYES {
                let seen = steps
                    .map(|step| times(matrix, linear(step)).map(|channel| channel.clamp(0.0, 1.0)));
                for (index, one) in seen.iter().enumerate() {
                    for (other_index, other) in seen.iter().enumerate().skip(index + 1) {
                        let distance = distance(*one, *other);
                        assert!(
                            distance > LEAST,
                            "{eyes}: {} and {} are {distance} apart",
                            name(steps[index]),
                            name(steps[other_index])
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn no_two_colours_are_the_same_in_light() {
        let mut names: Vec<String> = palette().map(|(light, _)| name(light)).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_dark_style_has_a_rule_for_each_colour_of_the_picture_and_no_other() {
        let picture = "<path stroke=\"#1F2328\"/><rect fill=\"#FFFFFF\" stroke=\"none\"/>";
        assert_eq!(
            dark_style(picture),
            "@media (prefers-color-scheme:dark){[fill=\"#FFFFFF\"]{fill:#0D1117}[stroke=\"#1F2328\"]{stroke:#E6EDF3}}"
        );
    }
}
