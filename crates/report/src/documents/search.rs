//! What was tried on the hold-out images.

use anyhow::Result;
use evidence::{Kind, Places, Record};
use experiment::{Distillation, DropoutAfter, Optimizer, Recipe, Schedule};
use mnist::Augmentation;
use statrs::statistics::Statistics;

use super::notation::notation;
use super::table::markdown;
use crate::document::Document;
use crate::format::{grouped, interval, percent};
use crate::inputs::Inputs;
use crate::numbers::accuracies::LastEpochs;
use crate::numbers::statistics::Sample;
use crate::numbers::statistics::welch_interval;

/// The document, if there is any such run.
pub(crate) fn document(inputs: &Inputs) -> Result<Option<Document>> {
    if inputs.search_runs.is_empty() {
        return Ok(None);
    }
    let mut candidates = candidates(&inputs.search_runs);
    candidates.sort_by(|a, b| Sample::of_runs(b).mean.total_cmp(&Sample::of_runs(a).mean));
    let header = [
        "Name",
        "Network",
        "Parameters",
        "Accuracy",
        "Lowest",
        "Loss",
        "Seeds",
        "Recipe",
    ];
    let table = markdown(header, candidates.iter().map(|runs| row(runs)), 2..7);
    let path = Places::file_of(Kind::Search, "README.md");
    let text = format!(
        "{}\n{}## All of them\n\n{table}\n",
        introduction(),
        ideas(&candidates)?
    );
    Ok(Some(Document::new(path, text)))
}

/// How many seeds an idea must have been tried with to be compared.
const SEEDS_TO_COMPARE: usize = 3;

/// What each idea brings: those whose name is that of another candidate, a hyphen and the idea.
fn ideas(candidates: &[Vec<&Record>]) -> Result<String> {
    let mut sections = String::new();
    for before in candidates {
        let name = before[0].name();
        let ideas = candidates.iter().filter(|runs| {
            let idea = runs[0].name().strip_prefix(name);
            idea.is_some_and(|idea| idea.starts_with('-'))
        });
        let compared: Vec<_> = ideas
            .filter(|runs| runs.len().min(before.len()) >= SEEDS_TO_COMPARE)
            .map(|runs| idea(before, runs))
            .collect::<Result<_>>()?;
        if !compared.is_empty() {
            let sample = Sample::of_runs(before);
            let header = [
                "Idea",
                "Name",
                "Parameters",
                "Difference (points)",
                "95 % interval, seeds",
                "Loss",
                "Lowest",
                "Seeds",
            ];
            sections += &format!(
                "## Ideas tried on `{name}`\n\n`{name}` has {} parameters and {:.3} ± {:.3} % with {} seeds; its loss is {:.4}. A difference is shown where the interval does not\nhold zero.\n\n{}\n\n",
                grouped(before[0].parameters),
                100.0 * sample.mean,
                100.0 * sample.deviation,
                before.len(),
                mean_loss(before),
                markdown(header, compared, 2..header.len())
            );
        }
    }
    Ok(sections)
}

fn idea(before: &[&Record], runs: &[&Record]) -> Result<[String; 8]> {
    let [first, second] = [before, runs].map(Sample::of_runs);
    Ok([
        runs[0].title.clone(),
        runs[0].name().to_owned(),
        grouped(runs[0].parameters),
        format!("{:+.3}", 100.0 * (second.mean - first.mean)),
        interval(welch_interval(&first, &second)?),
        format!("{:.4}", mean_loss(runs)),
        percent(LastEpochs::of(runs).lowest()),
        runs.len().to_string(),
    ])
}

/// The mean test loss of the last epochs.
fn mean_loss(runs: &[&Record]) -> f64 {
    let epochs = runs.iter().flat_map(|run| run.last_epochs());
    epochs.map(|epoch| epoch.test_loss).mean()
}

/// The runs of each network and recipe that was tried.
fn candidates(runs: &[Record]) -> Vec<Vec<&Record>> {
    let mut candidates: Vec<Vec<&Record>> = Vec::new();
    for run in runs {
        let mut known = candidates.iter_mut();
        match known.find(|runs| runs.iter().all(|known| known.run.is_repeated_by(&run.run))) {
            Some(runs) => runs.push(run),
            None => candidates.push(vec![run]),
        }
    }
    candidates
}

fn row(runs: &[&Record]) -> [String; 8] {
    let accuracy = Sample::of_runs(runs);
    let deviation = match accuracy.count {
        1 => String::new(),
        _ => format!(" ± {:.3}", 100.0 * accuracy.deviation),
    };
    let first = &runs[0].run;
    [
        first.name.to_string(),
        notation(&first.architecture),
        grouped(runs[0].parameters),
        format!("{:.3}{deviation} %", 100.0 * accuracy.mean),
        percent(LastEpochs::of(runs).lowest()),
        format!("{:.4}", mean_loss(runs)),
        runs.len().to_string(),
        recipe(&first.recipe),
    ]
}

fn introduction() -> String {
    let example = Places::record_file(Kind::Search, "NAME", 1);
    format!(
        "# What was tried on the hold-out images

Networks and recipes, each trained on the first 50,000 training images and evaluated on the last 10,000, never on test images.
Generated by `cargo ladder report` from the runs beside it, best first. Accuracy is the mean over the last five epochs, ± the
standard deviation of that mean over the seeds; the lowest is of any of these epochs.

`cargo ladder run {example} --holdout --seeds 1-3` makes such runs again; those of a recipe that is on trial, only with the code
of the commit that the record names.

A network is written layer by layer: a number is a 3×3 convolution block to so many channels (k5: a 5×5 one; p: padded, so
that the map keeps its size; g40: in 40 groups; l: linear, without batch normalisation and ReLU), d a depthwise convolution, P
max-pooling by 2, 2×(…) what is repeated with the same weights. All end in global average pooling, which does nothing to a map of one pixel, and a fully connected layer. The recipe is SGD with Nesterov momentum; cosine 2 11 0.02 falls from 2 to 0.02 times the learning rate
within 11 epochs, step 6 0.1 multiplies it by 0.1 after every 6 epochs, one-cycle 0.1 1 rises to 0.1 within 1 epoch. Augmentation is
up to so many pixels of translation, degrees of rotation, share of scaling, degrees of shear, pixels of elastic distortion.
"
    )
}

fn recipe(recipe: &Recipe) -> String {
    let optimizer = match recipe.optimizer {
        Optimizer::Sgd {
            momentum,
            weight_decay,
            ..
        } => format!("momentum {momentum}, weight decay {weight_decay}"),
        Optimizer::AdamW {
            beta_1,
            beta_2,
            weight_decay,
        } => format!("AdamW {beta_1} {beta_2}, weight decay {weight_decay}"),
    };
    let schedule = match &recipe.schedule {
        Schedule::Constant => "constant".into(),
        Schedule::Step { epochs, factor } => format!("step {epochs} {factor}"),
        Schedule::Cosine {
            initial_factor,
            epochs,
            final_factor,
        } => format!("cosine {initial_factor} {epochs} {final_factor}"),
        Schedule::OneCycle { peak, rise_epochs } => format!("one-cycle {peak} {rise_epochs}"),
    };
    let augmentation = match &recipe.augmentation {
        None => "no augmentation".into(),
        Some(Augmentation {
            translation_pixels,
            rotation_degrees,
            scaling,
            shear_degrees,
            elastic_pixels,
        }) => format!(
            "augmentation {translation_pixels} {rotation_degrees} {scaling} {shear_degrees} {elastic_pixels}"
        ),
    };
    let mut words = vec![
        format!("lr {} {schedule}", recipe.learning_rate),
        format!("batch {}", recipe.batch_size),
        optimizer,
        dropout(recipe),
        augmentation,
    ];
    if recipe.statistics_images > 0 {
        words.push(format!("statistics of {} images", recipe.statistics_images));
    }
    if recipe.refinement_epochs > 0 {
        words.push(format!(
            "the last {} epochs without",
            recipe.refinement_epochs
        ));
    }
    if let Some(trial) = &recipe.trial {
        words.push(format!("on trial: {trial}"));
    }
    if recipe.label_smoothing > 0.0 {
        words.push(format!("label smoothing {}", recipe.label_smoothing));
    }
    if let Some(Distillation {
        teacher,
        temperature,
        weight,
    }) = &recipe.distillation
    {
        words.push(format!(
            "taught by {} at temperature {temperature} with weight {weight}",
            notation(teacher)
        ));
    }
    words.join(", ")
}

fn dropout(recipe: &Recipe) -> String {
    let place = match recipe.dropout_after {
        DropoutAfter::LastRelu if recipe.dropout > 0.0 => " after the last ReLU",
        _ => "",
    };
    format!("dropout {}{place}", recipe.dropout)
}
