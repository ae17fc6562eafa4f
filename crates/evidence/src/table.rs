//! The results table: runs of the steps side by side, one row a step.

use comfy_table::{CellAlignment, Table, presets};

use experiment::Schedule;
use mnist::Split;

use crate::{Record, RunId, TARGET_ACCURACY};

/// The source's columns, then ours.
const COLUMNS: [&str; 13] = [
    "Experiment",
    "Parameters",
    "Batch Normalization",
    "Dropout",
    "FC Layer",
    "Image Augmentation",
    "LR Scheduler",
    "Validation Accuracy",
    "Lowest of last 5",
    "Of these ≥ 99.4 %",
    "Train Accuracy",
    "Seconds/epoch",
    "Seeds",
];

/// What a terminal shows that has no room for all columns, the most dispensable last.
const FEW_COLUMNS: [&str; 5] = [
    "Experiment",
    "Parameters",
    "Accuracy, %",
    "Held",
    "What it adds",
];

/// Rows of a results table: the runs that differ in their seeds alone together, and single runs that are to stand out.
#[derive(Clone, Debug)]
pub struct ResultsTable {
    rows: Vec<Row>,
    /// Whether each row says how it was run.
    has_conditions: bool,
}

#[derive(Clone, Debug)]
struct Row {
    /// Runs of the same experiment on the same images; at least one.
    runs: Vec<Record>,
    marked: bool,
}

impl ResultsTable {
    /// One row for each step among `results`, in the order of the steps' names; more where a step was run in several
    /// ways.
    pub fn new(results: &[Record]) -> Self {
        let mut rows: Vec<Row> = Vec::new();
        for result in results {
            match rows.iter_mut().find(|row| {
                row.runs
                    .iter()
                    .all(|run| run.run.is_repeated_by(&result.run))
            }) {
                Some(row) => row.runs.push(result.clone()),
                None => rows.push(Row {
                    runs: vec![result.clone()],
                    marked: false,
                }),
            }
        }
        rows.sort_by(|a, b| a.first().run.name.cmp(&b.first().run.name));
        Self {
            rows,
            has_conditions: false,
        }
    }

    /// The same table, in which each row says how it was run.
    pub fn with_conditions(self) -> Self {
        Self {
            has_conditions: true,
            ..self
        }
    }

    /// The results of the step before a run's, and the run itself, marked.
    pub fn of_step_before(results: &[Record], run: &Record) -> Self {
        let names = results.iter().map(|result| &result.run.name);
        let before = names.filter(|name| **name < run.run.name).max();
        let of_step = results
            .iter()
            .filter(|result| Some(&result.run.name) == before);
        Self::new(&of_step.cloned().collect::<Vec<_>>()).mark(run)
    }

    /// Adds a run as a marked row of its own, behind its step's.
    fn mark(mut self, run: &Record) -> Self {
        let behind = self
            .rows
            .partition_point(|row| row.first().run.name <= run.run.name);
        self.rows.insert(
            behind,
            Row {
                runs: vec![run.clone()],
                marked: true,
            },
        );
        self
    }

    /// The names of the columns.
    pub fn columns() -> &'static [&'static str] {
        &COLUMNS
    }

    /// The cells of all rows.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let cells = |row: &Row| row.cells(self.name(row));
        self.rows.iter().map(cells).collect()
    }

    /// The table in box-drawing characters, with the columns for which `width` characters are enough; all of them without a
    /// width. A marked row is bold, with an arrow.
    pub fn to_terminal(&self, width: Option<usize>) -> String {
        let all = self.all_columns();
        let five = tables::Table::new(FEW_COLUMNS).with_words(4);
        let five = self.form(five, |row, name| row.few_cells(name).to_vec());
        let four = tables::Table::new(FEW_COLUMNS.into_iter().take(4));
        let four = self.form(four, |row, name| row.few_cells(name)[..4].to_vec());
        tables::fitting(&[all, five, four], width)
    }

    /// Whether all columns have room in `width` characters.
    pub fn fits(&self, width: usize) -> bool {
        self.all_columns().fits(width)
    }

    fn all_columns(&self) -> tables::Table {
        self.form(tables::Table::new(COLUMNS), Row::cells)
    }

    fn form(
        &self,
        mut table: tables::Table,
        cells: impl Fn(&Row, String) -> Vec<String>,
    ) -> tables::Table {
        for row in &self.rows {
            let cells = cells(row, self.name(row));
            if row.marked {
                table.add_marked_row(cells);
            } else {
                table.add_row(cells);
            }
        }
        table
    }

    /// The table as Markdown; `link` gives the address of a step.
    pub fn to_markdown(&self, link: impl Fn(&str) -> String) -> String {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(COLUMNS);
        for row in &self.rows {
            let step = row.first().name();
            let mut name = format!("[{step}]({})", link(step));
            if self.has_siblings(row) {
                name = format!("{name} ({})", row.conditions());
            }
            table.add_row(row.cells(name));
        }
        align(&mut table);
        table.to_string()
    }

    /// What a row is called: its step, and how it was run where that is not plain.
    fn name(&self, row: &Row) -> String {
        let (step, seed) = (row.first().name(), row.first().seed());
        if row.marked {
            format!("→ {step} (this run: seed {seed}, {})", row.conditions())
        } else if self.has_conditions || self.has_siblings(row) {
            format!("{step} ({})", row.conditions())
        } else {
            step.to_owned()
        }
    }

    /// Whether other rows, not counting marked ones, are of the same step, or the row's images are not the usual ones.
    fn has_siblings(&self, row: &Row) -> bool {
        let same_step = |other: &&Row| !other.marked && other.first().name() == row.first().name();
        self.rows.iter().filter(same_step).count() > 1 || row.first().run.split != Split::Test
    }
}

impl Row {
    fn first(&self) -> &Record {
        &self.runs[0]
    }

    /// What a run may be given on the command line, as far as it tells runs of a step apart.
    fn conditions(&self) -> String {
        let Record { epochs, run, .. } = self.first();
        let RunId {
            train_images,
            recipe,
            split,
            data_set,
            backend,
            ..
        } = run;
        let epochs = match epochs.len() {
            1 => "1 epoch".to_string(),
            count => format!("{count} epochs"),
        };
        let split = match split {
            Split::Test => "",
            Split::Holdout => ", hold-out",
            Split::Swapped => ", swapped",
        };
        let data_set = match data_set.name.as_str() {
            "mnist" => String::new(),
            other => format!(" of {other}"),
        };
        format!(
            "{epochs}, {train_images} images{data_set}, batch {}{split}, {backend}",
            recipe.batch_size
        )
    }

    /// How many of the last epochs' accuracies reach the target.
    fn held(&self) -> String {
        let epochs = || self.runs.iter().flat_map(|run| run.last_epochs());
        let held = epochs().filter(|epoch| epoch.test_accuracy() >= TARGET_ACCURACY);
        format!("{} of {}", held.count(), epochs().count())
    }

    /// The mean accuracy over the runs, each of which has the mean over its last epochs.
    fn accuracy(&self, unit: &str) -> String {
        let accuracies = self.runs.iter().map(|run| 100.0 * run.mean_of_last());
        mean_and_deviation(&accuracies.collect::<Vec<_>>(), 2, unit)
    }

    /// What the step adds, without its number.
    fn addition(&self) -> &str {
        let title = &self.first().title;
        title
            .split_once(": ")
            .map_or(title, |(_, addition)| addition)
    }

    /// The cells of [`FEW_COLUMNS`].
    fn few_cells(&self, name: String) -> [String; FEW_COLUMNS.len()] {
        [
            name,
            self.first().parameters.to_string(),
            self.accuracy(""),
            self.held(),
            self.addition().to_owned(),
        ]
    }

    fn cells(&self, name: String) -> Vec<String> {
        let run = self.first();
        let yes = |it: bool| String::from(if it { "yes" } else { "no" });
        let over_runs = |value: fn(&Record) -> f64| self.runs.iter().map(value).collect::<Vec<_>>();
        let lowest = over_runs(Record::lowest_of_last)
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        vec![
            name,
            run.parameters.to_string(),
            yes(run.run.architecture.has_batch_norm()),
            if run.run.recipe.dropout > 0.0 {
                run.run.recipe.dropout.to_string()
            } else {
                yes(false)
            },
            yes(run.run.architecture.has_fully_connected()),
            yes(run.run.recipe.augmentation.is_some()),
            yes(run.run.recipe.schedule != Schedule::Constant),
            self.accuracy(" %"),
            format!("{:.2} %", 100.0 * lowest),
            self.held(),
            mean_and_deviation(&over_runs(|run| 100.0 * run.train.accuracy()), 2, " %"),
            mean_and_deviation(&over_runs(Record::seconds_per_epoch), 1, ""),
            self.runs.len().to_string(),
        ]
    }
}

/// The mean, with the standard deviation of the sample where there are several values.
fn mean_and_deviation(values: &[f64], decimals: usize, unit: &str) -> String {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    if values.len() < 2 {
        return format!("{mean:.decimals$}{unit}");
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let deviation = (squares / (values.len() - 1) as f64).sqrt();
    format!("{mean:.decimals$} ± {deviation:.decimals$}{unit}")
}

fn align(table: &mut Table) {
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
