//! A job array, a task a run.

use std::io::{BufRead, BufReader, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::program::{check, missing};

/// How long before its time limit a task is told, in seconds. A training stops within a batch, but Slurm looks at the
/// clock only twice a minute.
const NOTICE: u32 = 90;

/// What `sbatch` says before it tries again, for two minutes.
const RETRYING: &str = "sleeping and retrying";

/// What Slurm is told about the tasks, in its own words.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// The partition, if not the default one.
    pub partition: Option<String>,
    /// The time that a task may take before it must go back into the queue.
    pub time: Option<String>,
    /// How many tasks run at once at most.
    pub parallel: Option<NonZeroUsize>,
    /// More options of `sbatch`.
    pub more: Option<String>,
}

/// A job array.
#[derive(Clone, Debug)]
pub struct Array {
    /// The folder for what the tasks print.
    pub folder: PathBuf,
    /// What Slurm is told about the tasks.
    pub limits: Limits,
    /// A command a task, as the shell takes it.
    pub tasks: Vec<String>,
}

impl Array {
    /// The script that Slurm runs for each task.
    ///
    /// # Errors
    ///
    /// An option is more than one line.
    pub fn script(&self) -> Result<String> {
        let Limits {
            partition,
            time,
            parallel,
            more,
        } = &self.limits;
        let last = self.tasks.len().saturating_sub(1);
        let parallel = parallel.map_or_else(String::new, |it| format!("%{it}"));
        let output = output_file(&self.folder, "%A", "%a");
        let output = output.to_str().context("the folder's name is no text")?;
        // In its options Slurm takes what is between quotes as it is.
        let given = |option: &str, value: &Option<String>| {
            let value = value.as_ref();
            value.map(|value| format!("--{option}=\"{value}\""))
        };
        let options = [
            Some("--job-name=ladder".to_owned()),
            Some(format!("--array=0-{last}{parallel}")),
            Some("--cpus-per-task=1".into()),
            Some(format!("--output=\"{output}\"")),
            Some("--open-mode=append".into()),
            Some(format!("--signal=B:USR1@{NOTICE}")),
            Some("--requeue".into()),
            given("partition", partition),
            given("time", time),
            more.clone(),
        ];
        let mut script = "#!/bin/sh\n".to_owned();
        for option in options.into_iter().flatten() {
            ensure!(
                !option.contains(['\n', '\r']),
                "{} is more than one line",
                option.escape_debug()
            );
            script += &format!("#SBATCH {option}\n");
        }
        script += "\n# The training takes this script's place, so that Slurm's signals reach it.\n";
        script += "case $SLURM_ARRAY_TASK_ID in\n";
        for (index, task) in self.tasks.iter().enumerate() {
            script += &format!("  {index}) exec {task} ;;\n");
        }
        script += "esac\n";
        Ok(script)
    }

    /// Submits the array, and returns its number. A full queue is a failure: `sbatch` is not left to try for minutes.
    ///
    /// # Errors
    ///
    /// There is no Slurm here, or it refuses. Says what it said, in one line.
    pub fn submit(&self) -> Result<u64> {
        let script = self.script()?;
        let mut process = Command::new("sbatch")
            .arg("--parsable")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| missing("sbatch"))?;
        let input = process.stdin.take();
        // It may have failed before it has read all, and then says why.
        let _ = input.map(|mut input| input.write_all(script.as_bytes()));
        let mut errors = String::new();
        if let Some(output) = process.stderr.take() {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                errors += &line;
                errors.push('\n');
                if line.contains(RETRYING) {
                    // It sleeps now, so nothing is lost.
                    let _ = process.kill();
                    break;
                }
            }
        }
        let output = process
            .wait_with_output()
            .context("cannot wait for sbatch")?;
        check("sbatch", output.status, &errors)?;
        let answer = String::from_utf8_lossy(&output.stdout);
        // In a federation the cluster's name follows.
        let number = answer.trim().split(';').next().unwrap_or_default();
        number
            .parse()
            .with_context(|| format!("sbatch answered {:?}, expected a number", answer.trim()))
    }
}

/// Where a task's output goes; array and task may be Slurm's patterns for these numbers.
pub(crate) fn output_file(folder: &Path, array: &str, task: &str) -> PathBuf {
    folder.join(format!("{array}_{task}.txt"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_has_a_line_an_option_and_a_line_a_task() {
        let tasks = ["ladder train a", "ladder train 'b c'"].map(str::to_owned);
        let limits = Limits {
            partition: Some("short".into()),
            time: None,
            parallel: NonZeroUsize::new(5),
            more: Some("--gres=gpu:1 --mem=2G".into()),
        };
        let mut array = Array {
            folder: "/shared/my runs".into(),
            limits,
            tasks: tasks.into(),
        };
        let expected = "\
#!/bin/sh
#SBATCH --job-name=ladder
#SBATCH --array=0-1%5
#SBATCH --cpus-per-task=1
#SBATCH --output=\"/shared/my runs/%A_%a.txt\"
#SBATCH --open-mode=append
#SBATCH --signal=B:USR1@90
#SBATCH --requeue
#SBATCH --partition=\"short\"
#SBATCH --gres=gpu:1 --mem=2G

# The training takes this script's place, so that Slurm's signals reach it.
case $SLURM_ARRAY_TASK_ID in
  0) exec ladder train a ;;
  1) exec ladder train 'b c' ;;
esac
";
        assert_eq!(array.script().unwrap(), expected);
        array.limits.time = Some("1\nrm -r".into());
        assert!(array.script().is_err());
    }
}
