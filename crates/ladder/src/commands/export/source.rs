//! The network that is exported.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use evidence::weights_belong;
use experiment::Experiment;
use inference::{Model, most_probable};
use mnist::{CLASSES, Digits, IMAGE_SIDE, Mnist};
use model_core::{Network, weights};
use training::command_line::InWorkspace;

use ladder::steps;
use ladder::subjects::{Word, recorded_weights};

/// What is exported.
#[derive(Args, Debug)]
pub struct Source {
    /// Step whose network it is, by name or number; a network of the frontier; or a JSON file of an experiment or run
    #[arg(default_value = String::from(steps::last().name), value_parser = Word::parse)]
    step: Word,
    /// Weights of the network in 32-bit floats [default: those of its recorded run with seed 1]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    project: InWorkspace,
}

/// A trained network.
pub struct Trained {
    pub experiment: Experiment,
    pub network: Network,
    pub parameters: usize,
    /// The file of its weights.
    pub path: PathBuf,
    /// The same as it is in a checkout, and not where that lies.
    pub weights: String,
    pub data: Mnist,
    /// Test images that are right.
    pub right: usize,
}

impl Source {
    /// Reads the network and the data set, and has the network read the test images.
    ///
    /// # Errors
    ///
    /// The weights or the data set cannot be read.
    pub fn trained(&self) -> Result<Trained> {
        let experiment = self.step.experiment()?;
        let places = self.project.places()?;
        experiment.architecture.check(IMAGE_SIDE, 1, CLASSES)?;
        let path = match &self.weights {
            Some(path) => path.clone(),
            None => recorded_weights(&experiment, &places)?,
        };
        weights_belong(&path)?;
        let device = training::select_device(None)?.device;
        let network = Network::new(&experiment.architecture, 0.0, &device)?;
        let network = weights::load(network, &path)?;
        let data = Mnist::load_verified(&places.workspace().data())?;
        let model = Model::new(experiment.clone(), &network, device);
        let probabilities = model.probabilities(data.test.images())?;
        let right = right(probabilities.iter().map(most_probable), &data.test);
        let weights = path.strip_prefix(places.workspace().root());
        Ok(Trained {
            parameters: experiment.architecture.summary()?.totals.parameters,
            weights: weights.unwrap_or(&path).display().to_string(),
            experiment,
            network,
            path,
            data,
            right,
        })
    }
}

/// How many digits are those of the images.
pub fn right(digits: impl Iterator<Item = usize>, images: &Digits) -> usize {
    let labels = images.labels().iter().map(|label| usize::from(*label));
    digits
        .zip(labels)
        .filter(|(digit, label)| digit == label)
        .count()
}
