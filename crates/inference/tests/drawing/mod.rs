//! Digits drawn with a pen: strokes that are lines and arcs.

use image::{GrayImage, Luma};

/// To the right, and down.
type Point = (f64, f64);

/// Points of a stroke, one drawn to the next; the digit is 1 high.
type Stroke = Vec<Point>;

/// How a digit is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pen {
    /// Height of the digit, in pixels.
    pub height: f64,
    /// Width of a stroke, in pixels.
    pub width: f64,
    /// How far the top leans to the right, as a share of the height.
    pub slant: f64,
}

/// The ten digits in black on white, 600×600 pixels.
pub fn digits(pen: Pen) -> impl Iterator<Item = (usize, GrayImage)> {
    (0..10).map(move |digit| (digit, draw(&strokes(digit), pen)))
}

fn strokes(digit: usize) -> Vec<Stroke> {
    match digit {
        0 => vec![arc((0.5, 0.5), (0.3, 0.45), 0..=360)],
        1 => vec![vec![(0.35, 0.25), (0.52, 0.05), (0.5, 0.95)]],
        2 => vec![join(
            arc((0.5, 0.3), (0.3, 0.25), 190..=395),
            &[(0.2, 0.95), (0.8, 0.93)],
        )],
        3 => vec![
            arc((0.48, 0.28), (0.27, 0.23), 200..=450),
            arc((0.48, 0.73), (0.3, 0.24), 270..=520),
        ],
        4 => vec![vec![(0.62, 0.95), (0.62, 0.05), (0.15, 0.65), (0.85, 0.65)]],
        5 => vec![
            vec![(0.75, 0.06), (0.3, 0.06), (0.27, 0.45)],
            arc((0.45, 0.68), (0.3, 0.26), 230..=500),
        ],
        6 => vec![
            vec![(0.65, 0.05), (0.4, 0.3), (0.27, 0.6)],
            arc((0.5, 0.7), (0.25, 0.24), 0..=360),
        ],
        7 => vec![vec![(0.2, 0.08), (0.8, 0.08), (0.4, 0.95)]],
        8 => vec![
            arc((0.5, 0.27), (0.22, 0.22), 0..=360),
            arc((0.5, 0.72), (0.27, 0.23), 0..=360),
        ],
        _ => vec![
            arc((0.5, 0.3), (0.24, 0.24), 0..=360),
            vec![(0.74, 0.3), (0.68, 0.95)],
        ],
    }
}

/// Part of an ellipse, between two angles in degrees: 0 is to the right, 90 is down.
fn arc(centre: Point, radius: Point, angles: std::ops::RangeInclusive<i32>) -> Stroke {
    let angles = angles
        .step_by(10)
        .map(|angle| f64::from(angle).to_radians());
    angles
        .map(|angle| {
            (
                centre.0 + radius.0 * angle.cos(),
                centre.1 + radius.1 * angle.sin(),
            )
        })
        .collect()
}

fn join(mut stroke: Stroke, more: &[Point]) -> Stroke {
    stroke.extend_from_slice(more);
    stroke
}

fn draw(strokes: &[Stroke], pen: Pen) -> GrayImage {
    let (left, top) = (120.0, 100.0);
    let place = |&(x, y): &Point| {
        let leaning = x + pen.slant * (0.5 - y);
        (left + leaning * pen.height, top + y * pen.height)
    };
    let mut picture = GrayImage::from_pixel(600, 600, Luma([255]));
    for line in strokes.iter().flat_map(|stroke| stroke.windows(2)) {
        draw_line(&mut picture, (place(&line[0]), place(&line[1])), pen.width);
    }
    picture
}

fn draw_line(picture: &mut GrayImage, line: (Point, Point), width: f64) {
    let (from, to) = line;
    let reach = width / 2.0 + 1.0;
    let pixels = |a: f64, b: f64| {
        let (first, last) = ((a.min(b) - reach).floor(), (a.max(b) + reach).ceil());
        first.max(0.0) as u32..(last.max(0.0) as u32).min(600)
    };
    for y in pixels(from.1, to.1) {
        for x in pixels(from.0, to.0) {
            let distance = distance((f64::from(x) + 0.5, f64::from(y) + 0.5), line);
            let ink = (width / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
            let grey = (255.0 * (1.0 - ink)).round() as u8;
            let pixel = picture.get_pixel_mut(x, y);
            pixel.0[0] = pixel.0[0].min(grey);
        }
    }
}

/// How far a point is from a line between two others.
fn distance(point: Point, (from, to): (Point, Point)) -> f64 {
    let along = (to.0 - from.0, to.1 - from.1);
    let offset = (point.0 - from.0, point.1 - from.1);
    let length = along.0.hypot(along.1).powi(2).max(f64::EPSILON);
    let share = ((offset.0 * along.0 + offset.1 * along.1) / length).clamp(0.0, 1.0);
    (offset.0 - share * along.0).hypot(offset.1 - share * along.1)
}
