//! Settings of a recipe that one run may have otherwise, to see what comes of it.

use std::collections::BTreeMap;

use clap::Args;
use experiment::{Optimizer, Recipe, Schedule};
use mnist::Augmentation;

/// What is different in this run. Such a run is never recorded: it is not the step's.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "What if")]
pub struct WhatIf {
    /// Learning rate, instead of the recipe's
    #[arg(long, value_name = "RATE")]
    learning_rate: Option<f64>,

    /// Probability of dropping a value where the step has dropout, after each ReLU if it has none; 0 for none
    #[arg(long, value_name = "PROBABILITY")]
    dropout: Option<f64>,

    /// Weight decay, instead of the recipe's
    #[arg(long, value_name = "DECAY")]
    weight_decay: Option<f64>,

    /// Augmentation, instead of the recipe's: off, or amounts such as translation=2,rotation=10 in pixels and degrees; also
    /// scaling=0.1 as a share, shear=5 in degrees, elastic=1 in pixels. What is not named is 0
    #[arg(long, value_name = "AMOUNTS", value_parser = given(augmentation))]
    augmentation: Option<Given<Option<Augmentation>>>,

    /// Schedule, instead of the recipe's: constant; step,epochs=6,factor=0.1; cosine,epochs=11,initial=10,final=0.1 in times of
    /// the learning rate; or one-cycle,peak=0.1,rise=3
    #[arg(long, value_parser = given(schedule))]
    schedule: Option<Given<Schedule>>,

    /// Optimiser, instead of the recipe's: sgd,momentum=0.9 or adamw,beta-1=0.9,beta-2=0.999
    #[arg(long, value_parser = given(optimizer))]
    optimizer: Option<Given<Optimizer>>,
}

/// A value, and how it was written.
#[derive(Clone, Debug)]
struct Given<T> {
    text: String,
    value: T,
}

fn given<T>(
    parse: fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<Given<T>, String> + Clone {
    move |text| {
        let value = parse(text)?;
        let text = text.to_owned();
        Ok(Given { text, value })
    }
}

impl WhatIf {
    /// The options that are given, with their values.
    pub fn options(&self) -> Vec<(&'static str, String)> {
        let number = |value: Option<f64>| value.map(|value| value.to_string());
        let options = [
            ("--learning-rate", number(self.learning_rate)),
            ("--dropout", number(self.dropout)),
            ("--weight-decay", number(self.weight_decay)),
            (
                "--augmentation",
                self.augmentation.as_ref().map(|it| it.text.clone()),
            ),
            (
                "--schedule",
                self.schedule.as_ref().map(|it| it.text.clone()),
            ),
            (
                "--optimizer",
                self.optimizer.as_ref().map(|it| it.text.clone()),
            ),
        ];
        let given = options.into_iter();
        given
            .filter_map(|(option, value)| Some((option, value?)))
            .collect()
    }

    /// Changes a recipe to what is given. Whether it can be used is for [`Recipe::check`] to say.
    pub fn apply_to(&self, recipe: &mut Recipe) {
        if let Some(learning_rate) = self.learning_rate {
            recipe.learning_rate = learning_rate;
        }
        if let Some(dropout) = self.dropout {
            recipe.dropout = dropout;
        }
        if let Some(Given { value, .. }) = &self.augmentation {
            recipe.augmentation = *value;
        }
        if let Some(Given { value, .. }) = &self.schedule {
            recipe.schedule = value.clone();
        }
        let own_decay = *weight_decay(&mut recipe.optimizer);
        if let Some(Given { value, .. }) = &self.optimizer {
            recipe.optimizer = value.clone();
        }
        *weight_decay(&mut recipe.optimizer) = self.weight_decay.unwrap_or(own_decay);
    }
}

fn weight_decay(optimizer: &mut Optimizer) -> &mut f64 {
    match optimizer {
        Optimizer::Sgd { weight_decay, .. } | Optimizer::AdamW { weight_decay, .. } => weight_decay,
    }
}

/// Amounts by name, of which each is taken once.
struct Amounts<'a>(BTreeMap<&'a str, f64>);

impl<'a> Amounts<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let mut amounts = BTreeMap::new();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            let amount = part
                .split_once('=')
                .and_then(|(name, value)| Some((name, value.parse().ok()?)));
            let (name, value) =
                amount.ok_or_else(|| format!("found {part:?}, expected NAME=NUMBER"))?;
            if amounts.insert(name, value).is_some() {
                return Err(format!("{name} is there twice"));
            }
        }
        Ok(Self(amounts))
    }

    fn take(&mut self, name: &str, default: f64) -> f64 {
        self.0.remove(name).unwrap_or(default)
    }

    fn take_epochs(&mut self, name: &str, default: usize) -> Result<usize, String> {
        let epochs = self.take(name, default as f64);
        if epochs.fract() == 0.0 && (0.0..=f64::from(u16::MAX)).contains(&epochs) {
            Ok(epochs as usize)
        } else {
            Err(format!("{name} is {epochs}, expected a number of epochs"))
        }
    }

    /// The value, if all amounts were taken.
    fn all_taken<T>(self, value: T, known: &str) -> Result<T, String> {
        match self.0.keys().next() {
            None => Ok(value),
            Some(name) => Err(format!("found {name:?}, expected {known}")),
        }
    }
}

fn augmentation(text: &str) -> Result<Option<Augmentation>, String> {
    if text == "off" {
        return Ok(None);
    }
    let mut amounts = Amounts::parse(text)?;
    let mut amount = |name| amounts.take(name, 0.0) as f32;
    let augmentation = Augmentation {
        translation_pixels: amount("translation"),
        rotation_degrees: amount("rotation"),
        scaling: amount("scaling"),
        shear_degrees: amount("shear"),
        elastic_pixels: amount("elastic"),
    };
    amounts.all_taken(
        Some(augmentation),
        "off, translation, rotation, scaling, shear or elastic",
    )
}

/// The word before the first comma, and the amounts behind it.
fn name_and_amounts(text: &str) -> Result<(&str, Amounts<'_>), String> {
    let (name, amounts) = text.split_once(',').unwrap_or((text, ""));
    Ok((name, Amounts::parse(amounts)?))
}

fn schedule(text: &str) -> Result<Schedule, String> {
    let (name, mut amounts) = name_and_amounts(text)?;
    let (schedule, known) = match name {
        "constant" => (Schedule::Constant, "nothing behind constant"),
        "step" => (
            Schedule::Step {
                epochs: amounts.take_epochs("epochs", 6)?,
                factor: amounts.take("factor", 0.1),
            },
            "epochs or factor",
        ),
        "cosine" => (
            Schedule::Cosine {
                initial_factor: amounts.take("initial", 1.0),
                epochs: amounts.take_epochs("epochs", 11)?,
                final_factor: amounts.take("final", 0.01),
            },
            "epochs, initial or final",
        ),
        "one-cycle" => (
            Schedule::OneCycle {
                peak: amounts.take("peak", 0.1),
                rise_epochs: amounts.take_epochs("rise", 3)?,
            },
            "peak or rise",
        ),
        _ => {
            return Err(format!(
                "found {name:?}, expected constant, step, cosine or one-cycle"
            ));
        }
    };
    amounts.all_taken(schedule, known)
}

fn optimizer(text: &str) -> Result<Optimizer, String> {
    let (name, mut amounts) = name_and_amounts(text)?;
    // The weight decay is that of the recipe, or of its own option.
    let weight_decay = 0.0;
    let (optimizer, known) = match name {
        "sgd" => (
            Optimizer::Sgd {
                momentum: amounts.take("momentum", 0.9),
                nesterov: true,
                weight_decay,
            },
            "momentum",
        ),
        "adamw" => (
            Optimizer::AdamW {
                beta_1: amounts.take("beta-1", 0.9),
                beta_2: amounts.take("beta-2", 0.999),
                weight_decay,
            },
            "beta-1 or beta-2",
        ),
        _ => return Err(format!("found {name:?}, expected sgd or adamw")),
    };
    amounts.all_taken(optimizer, known)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, FromArgMatches, Parser};
    use experiment::DropoutAfter;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        what_if: WhatIf,
    }

    fn recipe() -> Recipe {
        Recipe {
            optimizer: Optimizer::Sgd {
                momentum: 0.5,
                nesterov: true,
                weight_decay: 5e-4,
            },
            learning_rate: 0.01,
            schedule: Schedule::Constant,
            batch_size: 64,
            epochs: 15,
            dropout: 0.1,
            dropout_after: DropoutAfter::default(),
            augmentation: None,
            refinement_epochs: 0,
            statistics_images: 0,
            label_smoothing: 0.0,
            distillation: None,
            trial: None,
        }
    }

    fn what_if(arguments: &[&str]) -> Result<WhatIf, String> {
        let words = ["program"].iter().chain(arguments);
        let matches = Program::command().try_get_matches_from(words);
        let matches = matches.map_err(|error| error.to_string())?;
        WhatIf::from_arg_matches(&matches).map_err(|error| error.to_string())
    }

    fn changed(arguments: &[&str]) -> Recipe {
        let mut recipe = recipe();
        what_if(arguments).unwrap().apply_to(&mut recipe);
        recipe
    }

    #[test]
    fn what_is_given_is_changed_and_nothing_else() {
        assert_eq!(changed(&[]), recipe());
        let expected = Recipe {
            learning_rate: 0.05,
            dropout: 0.0,
            schedule: Schedule::Cosine {
                initial_factor: 2.0,
                epochs: 11,
                final_factor: 0.1,
            },
            augmentation: Some(Augmentation {
                translation_pixels: 0.0,
                rotation_degrees: 10.0,
                scaling: 0.2,
                shear_degrees: 0.0,
                elastic_pixels: 0.0,
            }),
            ..recipe()
        };
        let arguments = [
            "--learning-rate=0.05",
            "--dropout=0",
            "--schedule=cosine,initial=2,final=0.1",
            "--augmentation=rotation=10,scaling=0.2",
        ];
        assert_eq!(changed(&arguments), expected);
        // The same options again give the same recipe, as where a run is gone on with.
        let options = what_if(&arguments).unwrap().options();
        let again: Vec<String> = options
            .iter()
            .map(|(it, value)| format!("{it}={value}"))
            .collect();
        let again: Vec<&str> = again.iter().map(String::as_str).collect();
        assert_eq!(changed(&again), expected);
        assert_eq!(changed(&["--augmentation=off"]), recipe());
    }

    #[test]
    fn another_optimiser_keeps_the_weight_decay_unless_that_is_given_too() {
        let adamw = |weight_decay| Optimizer::AdamW {
            beta_1: 0.8,
            beta_2: 0.999,
            weight_decay,
        };
        let optimizer = |arguments: &[&str]| changed(arguments).optimizer;
        assert_eq!(optimizer(&["--optimizer=adamw,beta-1=0.8"]), adamw(5e-4));
        let both = ["--optimizer=adamw,beta-1=0.8", "--weight-decay=0.01"];
        assert_eq!(optimizer(&both), adamw(0.01));
    }

    #[test]
    fn what_is_not_understood_is_named_with_what_is_expected() {
        for (argument, expected) in [
            ("--augmentation=on", "found \"on\", expected NAME=NUMBER"),
            (
                "--augmentation=turn=3",
                "found \"turn\", expected off, translation",
            ),
            ("--augmentation=shear=1,shear=2", "shear is there twice"),
            (
                "--schedule=linear",
                "expected constant, step, cosine or one-cycle",
            ),
            ("--schedule=step,epochs=2.5", "epochs is 2.5"),
            ("--schedule=constant,factor=2", "found \"factor\""),
            ("--optimizer=adam", "expected sgd or adamw"),
            ("--optimizer=sgd,momentum=x", "\"momentum=x\""),
        ] {
            let error = what_if(&[argument]).unwrap_err();
            assert!(error.contains(expected), "{argument}: {error}");
        }
    }
}
