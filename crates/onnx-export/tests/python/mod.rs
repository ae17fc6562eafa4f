//! What other programs make of ONNX files. Needs a Python that has what `requirements.txt` names; the environment's PYTHON, or else
//! `python3`, is asked.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use mnist::{CLASSES, PIXELS};

/// Files for `check.py`, in a folder.
pub struct Checked<'a> {
    /// The folder. Names of files are `NAME.onnx`.
    pub folder: &'a Path,
    /// What all networks are shown.
    pub images: &'a [[u8; PIXELS]],
}

impl Checked<'_> {
    /// Says what is expected of a network for each image: probabilities, and the digit.
    pub fn expect(&self, name: &str, probabilities: &[[f32; CLASSES]], digits: &[u8]) {
        let floats = probabilities.as_flattened().iter();
        let bytes: Vec<u8> = floats.flat_map(|value| value.to_le_bytes()).collect();
        fs::write(self.folder.join(format!("{name}.probabilities")), bytes).unwrap();
        fs::write(self.folder.join(format!("{name}.digits")), digits).unwrap();
    }

    /// Checks all networks of the folder.
    pub fn check(&self) {
        fs::write(self.folder.join("images"), self.images.as_flattened()).unwrap();
        let python = env::var("PYTHON").unwrap_or_else(|_| "python3".into());
        let script = self.folder.join("check.py");
        fs::write(&script, include_str!("../check.py")).unwrap();
        let output = Command::new(&python)
            .args([&script, self.folder])
            .output()
            .unwrap_or_else(|error| panic!("{python} cannot be started: {error}"));
        println!("{}", String::from_utf8_lossy(&output.stdout));
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
    }
}
