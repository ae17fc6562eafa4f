//! What one value of each layer sees of a digit, by the calculator's numbers.

use anyhow::{Context, Result};
use architecture::PerAxis;
use plotters::style::RGBColor;
use svg::node::element::{Definitions, Group, Rectangle, Use};

use super::ink::{edge, ink};
use super::layers::{self, CELL_WIDTH, Stage, WORDS_HEIGHT, stages};
use super::picture::{Picture, label};
use super::steps::steps;
use super::theme::{MUTED, TEXT, name};
use crate::document::Document;
use crate::inputs::Inputs;

/// The test digit that the fields are drawn onto.
const DIGIT: usize = 0;

const CELL_HEIGHT: u32 = 212;
/// Height and width that a pixel is drawn with.
const SCALE: u32 = 4;
const SIDE: u32 = mnist::IMAGE_SIDE as u32 * SCALE;
/// Left edge of the digit in a cell.
const LEFT: u32 = (CELL_WIDTH - SIDE) / 2;

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let last = inputs.experiments.last().context("there are no steps")?;
    let colour = steps(inputs).last().map_or(TEXT, |step| step.colour);
    let summary = last.architecture.summary()?;
    let picture = Picture {
        file: "receptive-field.svg",
        title: format!("What one value of each layer of {} sees", last.name),
        notes: vec![
            format!(
                "Shaded: the receptive field, the pixels that the value is computed from, on test image {DIGIT}. Dashed: that of \
                 the layer before."
            ),
            "Jump: pixels between the fields of neighbouring values. Start: middle of the first field, in pixels from the edge.".into(),
        ],
    };
    let stages = stages(&summary);
    let fields = fields(&stages);
    let (mut body, height) = layers::in_rows(
        &stages,
        |_| CELL_HEIGHT,
        |index, _| {
            let before = index.checked_sub(1).map(|before| fields[before]);
            let digit = Group::new()
                .set(
                    "transform",
                    format!("translate({LEFT} {WORDS_HEIGHT}) scale({SCALE})"),
                )
                .add(edge())
                .add(Use::new().set("href", "#digit"))
                .add(rectangles(fields[index], before, colour));
            layers::words(&stages[index], index)
                .add(digit)
                .add(caption(&stages[index]))
        },
    );
    if DIGIT < inputs.test.len() {
        let digit = ink(inputs.test.image(DIGIT), (0.0, 0.0), 1.0).set("id", "digit");
        body = body.add(Definitions::new().add(digit));
    }
    Ok(picture.figure(height, body))
}

/// A receptive field along one axis: where it begins and its length, in image pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Field {
    start: f64,
    size: f64,
}

impl Field {
    fn around(middle: f64, size: usize) -> Self {
        let size = size as f64;
        Self {
            start: middle - size / 2.0,
            size,
        }
    }

    /// As far as it lies on the image.
    fn on_image(self) -> Self {
        let side = mnist::IMAGE_SIDE as f64;
        let start = self.start.clamp(0.0, side);
        let end = (self.start + self.size).clamp(0.0, side);
        Self {
            start,
            size: end - start,
        }
    }
}

/// What is seen by the middle value of the last map, and by the middle one of those that it is computed from, layer by
/// layer back to the image.
fn fields(stages: &[Stage]) -> Vec<PerAxis<Field>> {
    let rows = fields_along(stages, |it| it.height, |it| it.height);
    let columns = fields_along(stages, |it| it.width, |it| it.width);
    let fields = rows.into_iter().zip(columns);
    fields
        .map(|(height, width)| PerAxis { height, width })
        .collect()
}

fn fields_along(
    stages: &[Stage],
    axis: fn(PerAxis) -> usize,
    start: fn(PerAxis<f64>) -> f64,
) -> Vec<Field> {
    let position_of = |stage: &Stage, middle: f64| {
        let position = (middle - start(stage.start)) / axis(stage.jump) as f64;
        // Before the first value, the cast gives zero.
        (position.floor() as usize).min(axis(stage.size) - 1)
    };
    let middle_of =
        |stage: &Stage, position: usize| start(stage.start) + (position * axis(stage.jump)) as f64;
    let last = stages.last();
    let mut middle = last.map_or(0.0, |last| middle_of(last, (axis(last.size) - 1) / 2));
    let mut fields = Vec::with_capacity(stages.len());
    for stage in stages.iter().rev() {
        middle = middle_of(stage, position_of(stage, middle));
        fields.push(Field::around(middle, axis(stage.receptive_field)));
    }
    fields.reverse();
    fields
}

fn rectangles(field: PerAxis<Field>, before: Option<PerAxis<Field>>, colour: RGBColor) -> Group {
    let rectangle = |field: PerAxis<Field>| {
        let [rows, columns] = field.values().map(Field::on_image);
        Rectangle::new()
            .set("x", columns.start)
            .set("y", rows.start)
            .set("width", columns.size)
            .set("height", rows.size)
    };
    let seen = rectangle(field)
        .set("fill", name(colour))
        .set("fill-opacity", 0.25)
        .set("stroke", name(colour))
        .set("stroke-width", 0.6);
    let mut group = Group::new().add(seen);
    if let Some(before) = before.filter(|before| *before != field) {
        let before = rectangle(before)
            .set("fill", "none")
            .set("stroke", name(TEXT))
            .set("stroke-width", 0.3)
            .set("stroke-dasharray", "0.8 0.6");
        group = group.add(before);
    }
    group
}

/// The calculator's numbers.
fn caption(stage: &Stage) -> Group {
    let centre = CELL_WIDTH / 2;
    let baseline = WORDS_HEIGHT + SIDE + 19;
    let field = stage.receptive_field;
    let cut = if field.values().iter().any(|&side| side > mnist::IMAGE_SIDE) {
        " (cut off)"
    } else {
        ""
    };
    Group::new()
        .set("text-anchor", "middle")
        .add(label(
            format!("{} pixels{cut}", field.sides()),
            (centre, baseline),
            13.0,
            TEXT,
        ))
        .add(label(
            format!("jump {}, start {}", stage.jump, stage.start),
            (centre, baseline + 17),
            12.0,
            MUTED,
        ))
}

#[cfg(test)]
mod tests {
    use architecture::{Architecture, Convolution, Layer};

    use super::*;

    #[test]
    fn fields_are_of_the_values_that_the_last_one_is_computed_from() {
        let architecture = Architecture::new(1, 28)
            .convolution_block(4, 3)
            .max_pool(2)
            .convolution_block(8, 3)
            .convolution_head(10);
        let summary = architecture.summary().unwrap();
        let found = fields(&stages(&summary));
        // The head's mean is of the whole 11×11 map, whose middle value is at 5. It sees values 5 to 7 of the pool's 13, of
        // which 6 is in the middle; that one values 12 and 13 of the first layer's 26, of which 12 is the first of the middle.
        let expected = [(13.0, 1.0), (12.0, 3.0), (12.0, 4.0), (10.0, 8.0)];
        for (field, (start, size)) in found.iter().zip(expected) {
            assert_eq!(*field, Field { start, size }.into(), "{found:?}");
        }
    }

    #[test]
    fn fields_are_found_through_sums_and_rectangles() {
        let flat = Convolution {
            stride: [1, 2].into(),
            ..Convolution::new(1, 4, [1, 3])
        };
        let kept = Convolution {
            padding: 1.into(),
            ..Convolution::new(4, 4, 3)
        };
        let architecture = Architecture::new(1, 28)
            .layer(Layer::Convolution(flat))
            .layer(Layer::Sum {
                branches: vec![vec![Layer::Convolution(kept)], vec![]],
                relu: true,
            });
        let summary = architecture.summary().unwrap();
        let rows = [(13.0, 1.0), (13.0, 1.0), (12.0, 3.0)];
        let columns = [(13.0, 1.0), (12.0, 3.0), (10.0, 7.0)];
        for (field, along) in fields(&stages(&summary))
            .into_iter()
            .zip(rows.into_iter().zip(columns))
        {
            let field = field.map(|axis| (axis.start, axis.size));
            assert_eq!(field, [along.0, along.1].into());
        }
    }

    #[test]
    fn a_field_grows_around_the_one_before_and_is_cut_off_at_the_edge() {
        let architecture = Architecture::new(1, 28)
            .convolution_block(4, 5)
            .max_pool(2)
            .convolution_block(4, 5)
            .max_pool(2)
            .convolution_block(4, 3)
            .convolution_head(10);
        let summary = architecture.summary().unwrap();
        let found = fields(&stages(&summary));
        let rows: Vec<Field> = found.iter().map(|field| field.height).collect();
        for pair in rows.windows(2) {
            assert!(pair[1].start <= pair[0].start, "{found:?}");
            assert!(
                pair[1].start + pair[1].size >= pair[0].start + pair[0].size,
                "{found:?}"
            );
        }
        let beyond = Field {
            start: -2.0,
            size: 32.0,
        };
        let whole = Field {
            start: 0.0,
            size: 28.0,
        };
        assert_eq!(beyond.on_image(), whole);
    }
}
