//! What is said of a network beside its numbers.

use mnist::PIXELS;

use crate::IntegerNetwork;

/// What is said of a network beside its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its name.
    pub name: String,
    /// Number of trained parameters.
    pub parameters: usize,
    /// Where its weights are from.
    pub weights: String,
    /// Number of test images.
    pub images: usize,
    /// Test images that are right with integers.
    pub right_with_integers: usize,
    /// Test images that are right with floats.
    pub right_with_floats: usize,
}

impl About {
    /// A template with every `@NAME@` replaced by its value. `flash` is bytes of constants.
    pub(crate) fn fill(&self, template: &str, network: &IntegerNetwork, flash: usize) -> String {
        let percent = |right: usize| format!("{:.2}", 100.0 * right as f64 / self.images as f64);
        let values = [
            ("NAME", self.name.clone()),
            ("PARAMETERS", with_commas(self.parameters)),
            ("WEIGHTS", self.weights.clone()),
            ("FLASH", with_commas(flash)),
            ("RAM", with_commas(network.memory_bytes())),
            ("IMAGES", with_commas(self.images)),
            ("INTEGERS", with_commas(self.right_with_integers)),
            ("INTEGERS_PERCENT", percent(self.right_with_integers)),
            ("FLOATS", with_commas(self.right_with_floats)),
            ("FLOATS_PERCENT", percent(self.right_with_floats)),
            ("PIXELS", PIXELS.to_string()),
        ];
        let replace = |text: String, (name, value): &(&str, String)| {
            text.replace(&format!("@{name}@"), value)
        };
        values.iter().fold(template.to_owned(), replace)
    }
}

fn with_commas(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join(",")
}
