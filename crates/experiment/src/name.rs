//! What an experiment is called.

use std::fmt;
use std::ops::Deref;

use anyhow::{Error, ensure};
use serde::{Deserialize, Serialize};

/// The longest name.
const MAX_LENGTH: usize = 64;

/// The name of an experiment: 1 to 64 letters, digits, `-`, `_` and `.`, of which the first is a letter or a digit.
///
/// It becomes the name of a folder, and is printed; so it is checked once, where it enters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

impl Name {
    /// A name that is written in the code.
    ///
    /// # Panics
    ///
    /// If it is no valid name.
    pub fn from_static(name: &'static str) -> Self {
        match Self::try_from(name.to_owned()) {
            Ok(name) => name,
            Err(error) => panic!("{error}"),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Name {
    type Error = Error;

    fn try_from(name: String) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let begins = name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        ensure!(
            begins && name.bytes().all(plain) && name.len() <= MAX_LENGTH,
            "the name {:?} cannot be used: expected 1 to {MAX_LENGTH} letters, digits, \"-\", \"_\" and \".\", beginning with a letter or a digit",
            shortened(&name)
        );
        Ok(Self(name))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_or_do_not_print_are_refused() {
        for name in ["step-01-skeleton", "b5k_cos0.5", "7"] {
            assert_eq!(Name::try_from(name.to_owned()).unwrap(), name);
        }
        let long = "x".repeat(65);
        let wrong = [
            "",
            "..",
            "../../x",
            "/x",
            "a/b",
            "a\\b",
            "e\u{1b}[31m",
            "a b",
            "-x",
            &long,
        ];
        for name in wrong {
            let error = Name::try_from(name.to_owned()).unwrap_err().to_string();
            assert!(error.starts_with("the name \""), "{error}");
            assert!(
                !error.contains(char::is_control) && error.len() < 300,
                "{error}"
            );
        }
    }
}
