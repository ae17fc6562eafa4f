//! What is trained, and how.

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use architecture::Architecture;
use mnist::{CLASSES, IMAGE_SIDE};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Name, Recipe};

/// The largest file of an experiment that is read, in bytes. The largest here takes some 6 kB.
pub const MAX_EXPERIMENT_BYTES: u64 = 1_000_000;

/// Most bytes of activations of a batch. Training keeps them, and as many gradients.
const MAX_BATCH_BYTES: usize = 4_000_000_000;

/// A network and the way it is trained, for example one step of the ladder. With a seed, data and a backend it is a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// What its runs go by; of a step, the name of its crate.
    pub name: Name,
    /// What the step adds, for people.
    pub title: String,
    /// The network.
    pub architecture: Architecture,
    /// How it is trained.
    pub recipe: Recipe,
}

impl Experiment {
    /// The training of the teacher, which comes before this one, if there is one.
    pub fn teacher(&self) -> Option<Experiment> {
        let distillation = self.recipe.distillation.as_ref()?;
        Some(Experiment {
            architecture: distillation.teacher.clone(),
            recipe: Recipe {
                distillation: None,
                ..self.recipe.clone()
            },
            ..self.clone()
        })
    }

    /// Checks that it can be trained on images like MNIST's: its networks can be built and have an output for each class,
    /// and every number of the recipe is one to train with.
    ///
    /// # Errors
    ///
    /// What cannot be used, in one line.
    pub fn check(&self) -> Result<()> {
        check_line("the title", &self.title)?;
        check_networks(&self.architecture, &self.recipe)?;
        self.recipe.check_trainable()
    }

    /// Parses an experiment in JSON, and [checks](Self::check) it.
    ///
    /// # Errors
    ///
    /// It is not JSON, has other fields, or cannot be trained. One line.
    pub fn from_json(text: &str) -> Result<Self> {
        let experiment: Self = parse_json(text)?;
        experiment.check()?;
        Ok(experiment)
    }

    /// Reads an experiment from a JSON file.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json), or the file cannot be read. Names the file.
    pub fn read(path: &Path) -> Result<Self> {
        let read = || Self::from_json(&files::read_text(path, MAX_EXPERIMENT_BYTES)?);
        read().with_context(|| format!("{} is not an experiment that can be used", path.display()))
    }
}

/// Checks that a network can be trained on images like MNIST's by a recipe: it and its teacher can be built and have an
/// output for each class, and every number of the recipe is one to train with.
///
/// # Errors
///
/// What cannot be used, in one line.
pub fn check_networks(architecture: &Architecture, recipe: &Recipe) -> Result<()> {
    recipe.check()?;
    check_network(architecture, recipe)?;
    if let Some(distillation) = &recipe.distillation {
        check_network(&distillation.teacher, recipe).context("cannot use the teacher")?;
    }
    Ok(())
}

fn check_network(architecture: &Architecture, recipe: &Recipe) -> Result<()> {
    architecture.check(IMAGE_SIDE, 1, CLASSES)?;
    let of_image = architecture.summary()?.totals.total_activation_bytes;
    let of_batch = of_image.saturating_mul(recipe.batch_size);
    ensure!(
        of_batch <= MAX_BATCH_BYTES,
        "a batch of {} images has {of_batch} bytes of activations; the limit is {MAX_BATCH_BYTES}",
        recipe.batch_size
    );
    Ok(())
}

/// Parses JSON that somebody else may have written.
///
/// # Errors
///
/// It is not JSON, or not that of a `T`. One line, in which nothing of the text can change a terminal.
pub fn parse_json<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| anyhow!(files::shown(&error.to_string())))
}

/// Checks that a text which is shown as it is, such as a title, is one line of at most 200 characters, all of which
/// print.
///
/// # Errors
///
/// It is not. Calls it `what`.
pub fn check_line(what: &str, text: &str) -> Result<()> {
    let shown = files::shown(text);
    ensure!(
        shown == text,
        "{what} is {shown:?}, expected one line of at most 200 characters that print"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sound experiment with one text in it replaced.
    fn changed(from: &str, to: &str) -> String {
        let text = r#"{"name": "mine", "title": "My own", "architecture": {"input_channels": 1, "input_size": 28,
            "layers": [{"operation": "convolution", "in_channels": 1, "out_channels": 10, "kernel": 3, "stride": 1,
            "padding": 0, "batch_norm": true, "relu": false}, {"operation": "global_average_pool"}]},
            "recipe": {"optimizer": {"name": "sgd", "momentum": 0.9, "nesterov": true, "weight_decay": 5e-4},
            "learning_rate": 0.05, "schedule": {"name": "constant"}, "batch_size": 64, "epochs": 15, "dropout": 0.0,
            "augmentation": null}}"#;
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    }

    #[test]
    fn what_a_file_may_hold_is_refused_in_one_short_line() {
        Experiment::from_json(&changed("mine", "mine")).unwrap();
        let escapes = changed("\"title\"", r#""\u001b[31mred\n""#);
        let deep = changed("0.9", &"[".repeat(900_000));
        let layers = vec![r#"{"operation": "global_average_pool"}"#; 20_000].join(",");
        let other_outputs = |outputs: &str| changed(r#""out_channels": 10"#, outputs);
        for (text, expected) in [
            (
                r#"{"learning_rate": -1}"#.to_owned(),
                "unknown field `learning_rate`",
            ),
            (changed("0.05", "-1"), "learning_rate is -1"),
            (changed("0.05", "1e999"), "number out of range"),
            (changed("0.05", "NaN"), "expected value"),
            (
                changed(r#""epochs": 15"#, r#""epochs": 9223372036854775808"#),
                "epochs is 9223372036854775808",
            ),
            (
                changed(r#""epochs": 15"#, r#""epochs": 1e30"#),
                "invalid type",
            ),
            (
                changed("mine", "../../x"),
                "the name \"../../x\" cannot be used",
            ),
            (changed("mine", r"\u001b[31m"), "cannot be used"),
            (changed("My own", r"\u001b]0;x\u0007"), "the title is"),
            (changed("My own", r"\u202egnp.exe"), "the title is"),
            (changed("My own", &"x".repeat(900_000)), "the title is"),
            (
                changed(
                    r#""name": "sgd""#,
                    &format!("\"name\": \"{}\"", "x".repeat(900_000)),
                ),
                "unknown variant",
            ),
            (escapes, "unknown field"),
            (deep, "recursion limit exceeded"),
            (
                other_outputs(r#""out_channels": 90"#),
                "the network has 90 outputs, expected 10",
            ),
            (
                other_outputs(r#""out_channels": 1000000000"#),
                "the limit is",
            ),
            (
                changed(r#""padding": 0"#, r#""padding": 9223372036854775808"#),
                "its padding is 9223372036854775808",
            ),
            (
                changed(r#""input_channels": 1"#, r#""input_channels": 3"#),
                "it takes 1 channels, but is given 3",
            ),
            (
                changed(r#"{"operation": "global_average_pool"}"#, &layers),
                "the architecture has 20001 layers",
            ),
            (
                changed(r#""stride": 1"#, r#""stride": 0"#),
                "its stride is 0",
            ),
            (
                changed(r#""kernel": 3"#, r#""kernel": -3"#),
                "expected a whole number or [height, width]",
            ),
        ] {
            let error = format!("{:#}", Experiment::from_json(&text).unwrap_err());
            assert!(error.contains(expected), "{error}, expected {expected}");
            assert!(
                !error.contains(char::is_control) && error.len() < 1_000,
                "{error}"
            );
        }
    }
}
