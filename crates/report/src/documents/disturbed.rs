//! What the steps do on disturbed test images.

use evidence::Record;
use mnist::Disturbance;

use super::table::{NO_RUN, markdown};
use crate::format::mean_and_deviation;
use crate::inputs::Inputs;
use crate::numbers::accuracies::under;
use crate::numbers::statistics::Sample;

/// The part of the README: a row a step.
pub(crate) fn section(inputs: &Inputs) -> String {
    let steps = inputs.experiments.iter();
    let measured = steps.map(|step| (step.name.to_string(), inputs.runs(step)));
    let measured: Vec<_> = measured
        .filter(|(_, runs)| runs.iter().any(|run| !run.disturbed.is_empty()))
        .collect();
    if measured.is_empty() {
        return NO_RUN.into();
    }
    let [shift, rotation, blur, noise] = Disturbance::ALL.map(Disturbance::description);
    let header = ["Step", "as they are", &shift, &rotation, &blur, &noise];
    let rows = measured.iter().map(|(name, runs)| row(name, runs));
    markdown(header, rows, 1..header.len())
}

fn row(name: &str, runs: &[&Record]) -> [String; 6] {
    let as_they_are = Sample::new(runs.iter().map(|run| run.last().test_accuracy()));
    let [shift, rotation, blur, noise] =
        Disturbance::ALL.map(|disturbance| mean_and_deviation(&under(runs, disturbance)));
    [
        name.into(),
        mean_and_deviation(&as_they_are),
        shift,
        rotation,
        blur,
        noise,
    ]
}
