//! Where a run was made.

use std::path::Path;
use std::process::{Command, Output};
use std::time::SystemTime;

use anyhow::Result;
use experiment::check_line;
use serde::{Deserialize, Serialize};

/// Where, when and with what a run was made. Of an old record, what it did not say is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The code: one commit, taken before training began; more where a run was resumed with other code; none outside of a
    /// checkout.
    pub commits: Vec<Commit>,
    /// Version of this workspace.
    pub package: String,
    /// Version of Burn.
    pub burn: String,
    /// The device that the backend ran on.
    pub device: String,
    /// What the processor calls itself.
    pub cpu: Option<String>,
    /// Threads of the process's pool.
    pub threads: usize,
    /// When training began, in UTC.
    pub began: Option<String>,
    /// The layout of the record that this one was made from, where it was migrated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrated_from: Option<u32>,
}

/// A state of the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The commit that was checked out.
    pub hash: String,
    /// Whether nothing but results and documents had changed since.
    pub clean: bool,
}

impl Origin {
    /// This machine, now, and the code in the checkout at `root`.
    pub fn here(root: &Path, burn: &str, device: &str, threads: usize) -> Self {
        Self {
            commits: commit_of(root).into_iter().collect(),
            package: env!("CARGO_PKG_VERSION").into(),
            burn: burn.into(),
            device: device.into(),
            cpu: cpu(),
            threads,
            began: Some(now()),
            migrated_from: None,
        }
    }

    /// Checks what is shown as it is, and may come from a file.
    ///
    /// # Errors
    ///
    /// The first text that is not one line, by its field.
    pub(crate) fn check(&self) -> Result<()> {
        for commit in &self.commits {
            check_line("a commit's hash", &commit.hash)?;
        }
        check_line("package", &self.package)?;
        check_line("burn", &self.burn)?;
        check_line("device", &self.device)?;
        check_line("cpu", self.cpu.as_deref().unwrap_or(""))?;
        check_line("began", self.began.as_deref().unwrap_or(""))
    }

    /// What keeps a run made here from being evidence, if anything does.
    pub fn reason_against(&self) -> Option<&'static str> {
        match self.commits.as_slice() {
            [Commit { clean: true, .. }] => None,
            [] => Some("it was made outside of a git checkout, so no commit says with what code"),
            [_] => Some("it was made with uncommitted changes"),
            _ => Some("it was begun with one commit and resumed with another"),
        }
    }

    /// Notes the code that a run is resumed with, where that is another.
    pub fn resumed_with(&mut self, commit: Option<Commit>) {
        if let Some(commit) = commit
            && self.commits.last() != Some(&commit)
        {
            self.commits.push(commit);
        }
    }
}

/// The state of the checkout at `root`; none where git or the checkout is missing.
pub fn commit_of(root: &Path) -> Option<Commit> {
    let git = |arguments: &[&str]| {
        let output = git(root, arguments).filter(|output| output.status.success())?;
        Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
    };
    let hash = git(&["rev-parse", "HEAD"])?;
    let changes = git(&[&["status", "--porcelain"], CODE].concat())?;
    Some(Commit {
        hash,
        clean: changes.is_empty(),
    })
}

/// Whether two commits of the checkout at `root` differ in nothing but results and documents.
pub fn is_same_code(root: &Path, one: &str, other: &str) -> bool {
    let difference = git(root, &[&["diff", "--quiet", one, other], CODE].concat());
    one == other || difference.is_some_and(|output| output.status.success())
}

/// What a run depends on, as git's programs take it.
const CODE: &[&str] = &["--", ".", ":!results", ":!*.md"];

/// What a git command answers; none where there is no git.
fn git(root: &Path, arguments: &[&str]) -> Option<Output> {
    let mut command = Command::new("git");
    command.arg("-C").arg(root).args(arguments).output().ok()
}

/// What the processor calls itself, where the system says so.
fn cpu() -> Option<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, name) = line.split_once(':')?;
    Some(name.trim().to_owned())
}

/// The time now, in UTC, to the second: `2026-11-24T06:15:02Z`.
fn now() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
