//! What a run is.

use anyhow::Result;
use architecture::Architecture;
use experiment::{Experiment, Name, Recipe, check_line, check_networks};
use mnist::{DataSet, Split};
use serde::{Deserialize, Serialize};

use crate::sha256;

/// Hexadecimal digits of a [`RunId::hash`].
const HASH_LENGTH: usize = 8;

/// What a run is evidence for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A step of the ladder, on the test images.
    Step,
    /// The last step without one of its ingredients, on the test images.
    Without,
    /// A network of the frontier, on the test images.
    Frontier,
    /// Anything on the hold-out images, to choose between networks and recipes.
    Search,
    /// Anything with test and hold-out images swapped.
    Swapped,
    /// Somebody's own experiment, on the test images.
    Own,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::Step,
        Self::Without,
        Self::Frontier,
        Self::Search,
        Self::Swapped,
        Self::Own,
    ];

    /// The kind of a run on these images, where one on the test images is of this kind.
    pub fn on(self, split: Split) -> Self {
        match split {
            Split::Test => self,
            Split::Holdout => Self::Search,
            Split::Swapped => Self::Swapped,
        }
    }
}

/// Everything that decides a run. Two runs are the same if and only if their ids are: they then have the same weights, bit
/// for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunId {
    /// What it is evidence for.
    pub kind: Kind,
    /// Name of the experiment.
    pub name: Name,
    /// The images.
    pub data_set: DataSet,
    /// Which of them are trained on, and which evaluated on.
    pub split: Split,
    /// Number of training images.
    pub train_images: usize,
    /// Decides the initial weights, the order of the images, augmentation and dropout.
    pub seed: u64,
    /// Name of the backend's feature flag.
    pub backend: String,
    /// The instruction set that the kernels compute with: `avx512`, `avx2` or `portable`; none where they do not compute.
    pub instructions: Option<String>,
    /// The network.
    pub architecture: Architecture,
    /// How it is trained.
    pub recipe: Recipe,
}

impl RunId {
    /// Tells ids apart in eight hexadecimal digits: the beginning of the SHA-256 of the id in JSON. The data set's name does
    /// not count.
    ///
    /// # Errors
    ///
    /// It holds a number that JSON has not.
    pub fn hash(&self) -> Result<String> {
        let mut id = self.clone();
        id.data_set.name = String::new();
        let mut hash = sha256(&serde_json::to_vec(&id)?);
        hash.truncate(HASH_LENGTH);
        Ok(hash)
    }

    /// Checks what may come from a file: the networks, the recipe, and what is shown as it is.
    ///
    /// # Errors
    ///
    /// The first that no run can have, in one line.
    pub(crate) fn check(&self) -> Result<()> {
        check_networks(&self.architecture, &self.recipe)?;
        check_line("the data set's name", &self.data_set.name)?;
        check_line("the data set's sha256", &self.data_set.sha256)?;
        check_line("backend", &self.backend)?;
        check_line("instructions", self.instructions.as_deref().unwrap_or(""))
    }

    /// The name and the seed, for people.
    pub fn describe(&self) -> String {
        format!("{}, seed {}", self.name, self.seed)
    }

    /// Whether this is a run of the experiment as it is.
    pub fn is_of(&self, experiment: &Experiment) -> bool {
        self.name == experiment.name
            && self.architecture == experiment.architecture
            && self.recipe == experiment.recipe
    }

    /// Whether `other` is a run of the same kind, but with another seed, and perhaps another instruction set, which rounds
    /// otherwise. Neither is better for it, so such runs are counted together.
    pub fn is_repeated_by(&self, other: &Self) -> bool {
        let here = Self {
            seed: other.seed,
            instructions: other.instructions.clone(),
            ..self.clone()
        };
        self.seed != other.seed && here == *other
    }
}
