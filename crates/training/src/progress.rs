//! What is shown while a training runs: Burn's dashboard on a terminal, one line an epoch elsewhere.

use std::io::{self, IsTerminal};

use burn::train::logger::{EvaluationProgressLogger, TrainingProgressLogger};
use burn::train::metric::MetricDefinition;
use burn::train::renderer::tui::TuiMetricsRendererWrapper;
use burn::train::renderer::{
    EvaluationName, MetricState, MetricsRenderer, MetricsRendererEvaluation,
    MetricsRendererTraining,
};
use evidence::Epoch;
use indicatif::{ProgressBar, ProgressStyle};

use crate::journal::Journal;
use crate::say;
use crate::stop::Stop;
use crate::terminal;

/// Whether a training is shown on Burn's dashboard.
pub fn has_dashboard() -> bool {
    io::stdout().is_terminal()
}

/// The display for standard output as it is. Lines begin with `subject`; `done` epochs were finished before.
pub fn renderer(
    subject: &'static str,
    journal: Journal,
    stop: &Stop,
    done: usize,
) -> Box<dyn MetricsRenderer> {
    if has_dashboard() {
        let interrupter = stop.of_dashboard().clone();
        let dashboard = TuiMetricsRendererWrapper::new(interrupter, (done > 0).then_some(done));
        terminal::let_ctrl_c_through();
        Box::new(dashboard)
    } else {
        Box::new(LinePerEpoch {
            subject,
            journal,
            epochs: 0,
            bar: ProgressBar::hidden(),
        })
    }
}

/// Prints a line for every finished epoch to standard output, and a progress bar within the epoch to standard error
/// where that is a terminal.
struct LinePerEpoch {
    /// What is trained, where that needs saying.
    subject: &'static str,
    journal: Journal,
    epochs: usize,
    bar: ProgressBar,
}

impl LinePerEpoch {
    fn line(&self, epoch: &Epoch) -> String {
        format!(
            "{}epoch {:>2}/{}: train loss {:.4}, accuracy {:.2} %; test loss {:.4}, accuracy {:.2} % ({} of {}); {:.1} s",
            self.subject,
            epoch.epoch,
            self.epochs,
            epoch.train_loss,
            100.0 * epoch.train_accuracy,
            epoch.test_loss,
            100.0 * epoch.test_accuracy(),
            epoch.test_correct,
            epoch.test_total,
            epoch.seconds,
        )
    }
}

impl TrainingProgressLogger for LinePerEpoch {
    fn start(&mut self, total_epochs: usize, _: usize, _: Option<usize>, _: Option<&str>) {
        self.epochs = total_epochs;
    }

    fn start_split(&mut self, split: &str, total_items: usize) {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} images, {eta} left");
        self.bar = ProgressBar::new(total_items as u64)
            .with_message(split.to_string())
            .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    }

    fn update_split(&mut self, items_processed: usize) {
        self.bar.set_position(items_processed as u64);
    }

    fn end_split(&mut self) {
        self.bar.finish_and_clear();
    }

    fn update_epoch(&mut self, number: usize) {
        if let Some(epoch) = self.journal.epoch(number) {
            say!("{}", self.line(&epoch));
        }
    }

    fn end(&mut self) {
        self.bar.finish_and_clear();
    }

    fn log_event_training(&mut self, _: String) {}
}

impl MetricsRendererTraining for LinePerEpoch {
    fn update_train(&mut self, _: MetricState) {}

    fn update_valid(&mut self, _: MetricState) {}
}

impl MetricsRenderer for LinePerEpoch {
    fn manual_close(&mut self) {}

    fn register_metric(&mut self, _: MetricDefinition) {}
}

// Burn asks every renderer to show a separate evaluation too; a training has none.
impl MetricsRendererEvaluation for LinePerEpoch {
    fn update_test(&mut self, _: EvaluationName, _: MetricState) {}
}

impl EvaluationProgressLogger for LinePerEpoch {
    fn start_global_progress(&mut self, _: usize) {}

    fn start_test(&mut self, _: &str, _: usize) {}

    fn update_test_progress(&mut self, _: usize) {}

    fn end_test(&mut self) {}

    fn end_global_progress(&mut self) {}

    fn log_event_evaluation(&mut self, _: String) {}
}
