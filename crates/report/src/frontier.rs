//! Accuracy over parameters: the networks of the frontier, beside what others have published.

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table, presets};
use experiment::{Epoch, Experiment, RunResult, TARGET_ACCURACY};
use plotters::prelude::*;

use crate::evidence::{last_epochs, mean_and_deviation};
use crate::inputs::runs_of;
use crate::numbers::{grouped, mean, percent};
use crate::search::notation;
use crate::statistics::Sample;
use crate::{Document, Inputs, Sections};

/// Where the frontier's doc comment is, from the root of the workspace.
pub(crate) const SOURCE: &str = "experiments/frontier/src/lib.rs";

const CHART: &str = "results/frontier.svg";

/// A figure that somebody else has published: parameters, accuracy in percent, and how it was come by.
struct Published {
    parameters: u32,
    accuracy: f64,
    what: &'static str,
    /// Where the chart's label begins, in parameters and percent.
    label: (f64, f64),
}

/// Published networks near the frontier.
const PUBLISHED: [Published; 4] = [
    Published {
        parameters: 697,
        accuracy: 99.03,
        what: "best of about 700 runs",
        label: (450.0, 99.0),
    },
    Published {
        parameters: 1_936,
        accuracy: 99.10,
        what: "one run",
        label: (1_150.0, 99.13),
    },
    Published {
        parameters: 7_070,
        accuracy: 99.4,
        what: "self-reported",
        label: (5_900.0, 99.41),
    },
    Published {
        parameters: 7_918,
        accuracy: 99.41,
        what: "one seed, lowest",
        label: (7_350.0, 99.44),
    },
];

/// The doc comment and the chart; nothing without networks.
pub(crate) fn documents(inputs: &Inputs) -> Result<Vec<Document>> {
    let Some(source) = &inputs.frontier_source else {
        return Ok(Vec::new());
    };
    let sections = Sections {
        path: SOURCE,
        line_prefix: "//! ",
        contents: vec![("result", table(inputs))],
    };
    let mut documents = vec![Document {
        path: SOURCE.into(),
        content: sections.replace_in(source)?.into_bytes(),
    }];
    let points: Vec<Point> = inputs
        .frontier
        .iter()
        .filter_map(|it| Point::new(inputs, it))
        .collect();
    if !points.is_empty() {
        let mut svg = String::new();
        draw(&points, &mut svg).with_context(|| format!("cannot draw {CHART}"))?;
        documents.push(Document {
            path: CHART.into(),
            content: svg.into_bytes(),
        });
    }
    Ok(documents)
}

/// The part of the README.
pub(crate) fn table(inputs: &Inputs) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "Network",
        "Parameters",
        "Multiply-adds",
        "After the last epoch",
        "Mean of last 5",
        "Lowest of last 5",
        "At 99.40 % or above",
        "Seeds",
    ]);
    for experiment in inputs.frontier {
        let runs = runs_of(&inputs.frontier_results, experiment);
        if runs.is_empty() {
            continue;
        }
        let accuracies = last_epochs(&runs);
        let held = accuracies.iter().filter(|it| **it >= TARGET_ACCURACY);
        let macs = experiment.architecture.summary();
        table.add_row([
            notation(&experiment.architecture),
            grouped(runs[0].parameters),
            macs.map_or_else(|_| String::new(), |it| grouped(it.totals.macs)),
            mean_and_deviation(&Sample::of_last_epochs(&runs)),
            percent(mean(accuracies.iter().copied())),
            percent(accuracies.iter().copied().fold(f64::INFINITY, f64::min)),
            format!("{} of {}", held.count(), accuracies.len()),
            runs.len().to_string(),
        ]);
    }
    if table.is_empty() {
        return "No run is recorded yet.".into();
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// What the chart shows of a network, in percent.
struct Point {
    parameters: f64,
    mean: f64,
    lowest: f64,
}

impl Point {
    fn new(inputs: &Inputs, experiment: &Experiment) -> Option<Self> {
        let runs = runs_of(&inputs.frontier_results, experiment);
        let first: &RunResult = runs.first()?;
        let epochs = runs.iter().flat_map(|run| run.last_epochs());
        let accuracies: Vec<f64> = epochs.map(Epoch::test_accuracy).collect();
        Some(Self {
            parameters: first.parameters as f64,
            mean: 100.0 * mean(accuracies.iter().copied()),
            lowest: 100.0 * accuracies.iter().copied().fold(f64::INFINITY, f64::min),
        })
    }
}

const OURS: RGBColor = RGBColor(0, 114, 178);
const LOWEST: RGBColor = RGBColor(86, 180, 233);
const OTHERS: RGBColor = RGBColor(213, 94, 0);
const GREY: RGBColor = RGBColor(90, 90, 90);
const LINES: RGBColor = RGBColor(235, 235, 235);

fn draw(points: &[Point], svg: &mut String) -> Result<()> {
    let canvas = SVGBackend::with_string(svg, (900, 520)).into_drawing_area();
    canvas.fill(&WHITE)?;
    let bottom = points.iter().map(|point| point.lowest).fold(98.9, f64::min);
    let mut chart = ChartBuilder::on(&canvas)
        .margin(14)
        .margin_right(34)
        .caption(
            "Test accuracy in the last five epochs, over parameters",
            ("sans-serif", 22),
        )
        .x_label_area_size(44)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..9_000.0, (bottom - 0.05)..99.7)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(LINES)
        .axis_style(GREY)
        .label_style(("sans-serif", 15))
        .x_desc("trainable parameters")
        .x_labels(10)
        .x_label_formatter(&|parameters| grouped(*parameters as usize))
        .y_label_formatter(&|accuracy| format!("{accuracy:.1} %"))
        .draw()?;
    let target = 100.0 * TARGET_ACCURACY;
    chart.draw_series(LineSeries::new([(0.0, target), (9_000.0, target)], GREY))?;
    let means: Vec<_> = points.iter().map(|it| (it.parameters, it.mean)).collect();
    let lowest: Vec<_> = points.iter().map(|it| (it.parameters, it.lowest)).collect();
    for (name, colour, line) in [
        ("here: mean over five seeds", OURS, means),
        ("here: lowest of any seed and epoch", LOWEST, lowest),
    ] {
        let dots = line.iter().map(|at| Circle::new(*at, 4, colour.filled()));
        chart.draw_series(dots)?;
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(3)))?
            .label(name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 24, y)], colour.stroke_width(3)));
    }
    let others = PUBLISHED.map(|it| (f64::from(it.parameters), it.accuracy));
    chart
        .draw_series(others.map(|at| TriangleMarker::new(at, 7, OTHERS.filled())))?
        .label("published elsewhere")
        .legend(|(x, y)| TriangleMarker::new((x + 12, y), 6, OTHERS.filled()));
    chart.draw_series(PUBLISHED.iter().map(|it| {
        let text = format!("{}: {}", grouped(it.parameters as usize), it.what);
        Text::new(
            text,
            it.label,
            ("sans-serif", 13).into_font().color(&OTHERS),
        )
    }))?;
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .border_style(LINES)
        .background_style(WHITE)
        .label_font(("sans-serif", 15))
        .draw()?;
    canvas.present()?;
    drop(chart);
    Ok(())
}
