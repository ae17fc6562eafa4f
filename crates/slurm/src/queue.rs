//! What Slurm says of the tasks that it has.

use anyhow::{Context, Result};

use crate::program;

/// A task that is not at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The array's number.
    pub array: u64,
    /// The task's number within it.
    pub task: usize,
    /// Whether it runs.
    pub state: State,
}

/// Whether a task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits, for this reason in Slurm's words.
    Waiting(String),
    /// It runs on this node.
    Running(String),
}

/// The tasks of all arrays that this user has in the queue.
///
/// # Errors
///
/// Slurm cannot be asked.
pub fn queue() -> Result<Vec<Queued>> {
    let lines = program::output(
        "squeue",
        &["--noheader", "--array", "--me", "--format=%F|%K|%t|%N|%r"],
    )?;
    lines.lines().filter_map(parse).collect()
}

/// A line; none of a job that is not part of an array.
fn parse(line: &str) -> Option<Result<Queued>> {
    let mut fields = line.split('|').map(str::trim);
    let mut next = || fields.next().unwrap_or_default().to_owned();
    let [array, task, state, node, reason] = std::array::from_fn(|_| next());
    let Ok(task) = task.parse() else {
        return None;
    };
    let array = array.parse();
    let array = array.with_context(|| format!("squeue answered {line:?}, expected a task"));
    Some(array.map(|array| Queued {
        array,
        task,
        state: match state.as_str() {
            // Pending, to be requeued, held.
            "PD" | "RQ" | "RH" | "RF" | "SE" => State::Waiting(reason),
            _ => State::Running(node),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_squeue_are_tasks() {
        let queued = |line| parse(line).map(Result::unwrap);
        let waits = Queued {
            array: 1,
            task: 2,
            state: State::Waiting("JobArrayTaskLimit".into()),
        };
        assert_eq!(queued("1|2|PD||JobArrayTaskLimit"), Some(waits));
        let runs = Queued {
            array: 1,
            task: 0,
            state: State::Running("n1".into()),
        };
        assert_eq!(queued("1|0|R|n1|None"), Some(runs));
        assert_eq!(queued("7|N/A|R|n2|None"), None);
        assert_eq!(queued(""), None);
        assert!(parse("x|0|R|n2|None").unwrap().is_err());
    }
}
