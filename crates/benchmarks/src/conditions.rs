//! What results depend on: the machine, the day and the versions.

use std::fs;
use std::time::SystemTime;

use kernels::InstructionSet;
use serde_json::{Map, Value, json};

use crate::Others;

/// The machine, what else it did, the date and the versions, as members of a JSON object. `peers` are versions of what was
/// compared with.
pub fn conditions(peers: &[(&str, &str)], others: &Others) -> Map<String, Value> {
    let versions = [("burn", burn_version())]
        .into_iter()
        .chain(peers.iter().copied());
    let versions: Map<String, Value> = versions
        .map(|(name, version)| (name.into(), version.into()))
        .collect();
    let members = [
        ("cpu", json!(cpu_model())),
        ("instructions", json!(InstructionSet::current().to_string())),
        ("others_share", json!(others.share())),
        ("date", json!(date())),
        ("versions", Value::Object(versions)),
    ];
    members
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

/// The same in words, for a terminal.
pub fn describe(peers: &[(&str, &str)]) -> String {
    let peers: String = peers
        .iter()
        .map(|(name, version)| format!(", {name} {version}"))
        .collect();
    format!(
        "{}, {}; Burn {}{peers}",
        cpu_model(),
        InstructionSet::current(),
        burn_version()
    )
}

/// The version that the workspace's manifest pins.
fn burn_version() -> &'static str {
    let manifest = include_str!("../../../Cargo.toml");
    let pinned = manifest.split_once("\nburn = { version = \"=");
    let version = pinned.and_then(|(_, rest)| rest.split('"').next());
    version.unwrap_or("unknown")
}

/// The model of the processor, where the system tells.
fn cpu_model() -> String {
    let described = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut models = described.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == "model name").then(|| value.trim().to_string())
    });
    models.next().unwrap_or_else(|| "unknown CPU".into())
}

/// Today, in UTC, as `2026-11-24`.
fn date() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    now.split('T').next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_the_date_are_known() {
        assert!(burn_version().starts_with(|first: char| first.is_ascii_digit()));
        assert_eq!(date().len(), "2026-11-24".len());
    }
}
