//! A job, and whether it runs.

use std::env;
use std::fmt;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::program;

/// A job, or one task of an array, from its start to its end or to its return into the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its number. Each task of an array has one of its own.
    pub number: u64,
    /// What people call it: the number, or the array's number and the task's (`12_3`).
    pub name: String,
    /// How often it was put back into the queue before.
    pub restarts: u32,
    /// The node that it runs on.
    pub node: String,
}

impl Job {
    /// The job that this process belongs to; none outside of Slurm.
    pub fn this() -> Option<Self> {
        Self::of(|name| env::var(name).ok())
    }

    fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let number = variable("SLURM_JOB_ID")?.parse().ok()?;
        let array = variable("SLURM_ARRAY_JOB_ID");
        let name = match (array, variable("SLURM_ARRAY_TASK_ID")) {
            (Some(array), Some(task)) => format!("{array}_{task}"),
            _ => format!("{number}"),
        };
        // It is there only after the first time.
        let restarts = variable("SLURM_RESTART_COUNT").and_then(|count| count.parse().ok());
        Some(Self {
            number,
            name,
            restarts: restarts.unwrap_or(0),
            node: variable("SLURMD_NODENAME").unwrap_or_else(|| "an unknown node".into()),
        })
    }

    /// Whether it runs, and was not put back into the queue meanwhile.
    ///
    /// # Errors
    ///
    /// Slurm cannot be asked.
    pub fn is_running(&self) -> Result<bool> {
        let number = self.number.to_string();
        let asked = program::output(
            "squeue",
            &[
                "--noheader",
                "--states=all",
                "--array",
                &format!("--jobs={number}"),
                "--Format=JobID:20,StateCompact:20,RestartCnt:20",
            ],
        );
        match asked {
            Ok(lines) => Ok(lines.lines().any(|line| self.runs_by(line))),
            // Slurm forgets a job some minutes after its end.
            Err(error) if error.to_string().contains("Invalid job id") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether a line of `squeue` says that it runs.
    fn runs_by(&self, line: &str) -> bool {
        /// Completing, configuring, running, suspended, signalled, staging out, stopped: its processes may be there.
        const PRESENT: [&str; 7] = ["CG", "CF", "R", "S", "SI", "SO", "ST"];
        let mut words = line.split_whitespace();
        let mut is = |expected: &str| words.next() == Some(expected);
        let is_this = is(&self.number.to_string());
        let state = words.next();
        is_this
            && state.is_some_and(|state| PRESENT.contains(&state))
            && words.next() == Some(&self.restarts.to_string())
    }

    /// Puts the job back into the queue, which ends this process.
    ///
    /// # Errors
    ///
    /// Slurm refuses.
    pub fn requeue(&self) -> Result<()> {
        // By its name: the number of an array's last task is that of the array, and stands for all its tasks here.
        program::output("scontrol", &["requeue", &self.name]).map(|_| ())
    }
}

impl fmt::Display for Job {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Slurm job {} on {}", self.name, self.node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(variables: &[(&str, &str)]) -> Option<Job> {
        Job::of(|name| {
            let mut variables = variables.iter();
            let found = variables.find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_says_which_job_this_is() {
        assert_eq!(job(&[]), None);
        let alone = job(&[("SLURM_JOB_ID", "7"), ("SLURMD_NODENAME", "n1")]).unwrap();
        assert_eq!(alone.to_string(), "Slurm job 7 on n1");
        assert_eq!(alone.restarts, 0);
        let task = job(&[
            ("SLURM_JOB_ID", "14"),
            ("SLURM_ARRAY_JOB_ID", "12"),
            ("SLURM_ARRAY_TASK_ID", "3"),
            ("SLURM_RESTART_COUNT", "2"),
            ("SLURMD_NODENAME", "n2"),
        ])
        .unwrap();
        assert_eq!(task.to_string(), "Slurm job 12_3 on n2");
        assert_eq!((task.number, task.restarts), (14, 2));
    }

    #[test]
    fn a_job_runs_if_it_is_there_and_was_not_restarted() {
        let job = Job {
            number: 14,
            name: "12_3".into(),
            restarts: 2,
            node: "n2".into(),
        };
        for (line, runs) in [
            ("14                  R                   2    ", true),
            ("14                  CG                  2    ", true),
            // It waits, and the processes of before are gone.
            ("14                  PD                  2    ", false),
            ("14                  R                   3    ", false),
            ("14                  CD                  2    ", false),
            ("14                  F                   2    ", false),
            // Of another task of the array.
            ("15                  R                   2    ", false),
            ("", false),
        ] {
            assert_eq!(job.runs_by(line), runs, "{line}");
        }
    }
}
