//! Where the project is.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Where the MNIST files are in a workspace; a folder that has them is one.
const DATA: &str = "data/mnist";

/// A checkout of this project: the folder with its data, its results and its own runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that the current folder is in: the nearest folder upwards with `data/mnist` in it.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn find() -> Result<Self> {
        let here = env::current_dir().context("cannot tell the current folder")?;
        let root = here
            .ancestors()
            .find(|folder| folder.join(DATA).is_dir())
            .with_context(|| {
                format!(
                    "neither {} nor a folder above it has {DATA}: change to a checkout of mnist-ladder",
                    here.display()
                )
            })?;
        Self::at(root)
    }

    /// The workspace at `root`.
    ///
    /// # Errors
    ///
    /// `root` has no `data/mnist`.
    pub fn at(root: &Path) -> Result<Self> {
        ensure!(
            root.join(DATA).is_dir(),
            "{} is not a checkout of mnist-ladder: it has no {DATA}",
            root.display()
        );
        Ok(Self {
            root: root.canonicalize().unwrap_or_else(|_| root.to_owned()),
        })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder with the MNIST files.
    pub fn data(&self) -> PathBuf {
        self.root.join(DATA)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workspace_is_found_from_any_folder_in_it() {
        // Tests run in their package's folder.
        let workspace = Workspace::find().unwrap();
        assert!(workspace.root().join("Cargo.lock").is_file());
        assert_eq!(Workspace::at(workspace.root()).unwrap(), workspace);
        let error = Workspace::at(&workspace.data()).unwrap_err().to_string();
        assert!(error.contains("no data/mnist"), "{error}");
    }
}
