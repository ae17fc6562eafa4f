//! How much else the machine does while something is measured on it.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::rounded;

/// Up to this share of the processors' time, a machine is quiet.
const QUIET: f64 = 0.05;

/// How long to wait: the threads of the measurement before, PyTorch's above all, look out for more work for some ten
/// milliseconds.
const SETTLED: Duration = Duration::from_millis(50);

/// How long to watch: the system counts in hundredths of a second.
const WATCHED: Duration = Duration::from_millis(100);

/// What part of the processors' time others take, watched while the benchmark itself waits, once a round.
#[derive(Debug, Default)]
pub struct Others {
    busy: u64,
    all: u64,
}

impl Others {
    /// Waits, and watches meanwhile.
    pub fn watch(&mut self) {
        thread::sleep(SETTLED);
        let before = processor_time();
        thread::sleep(WATCHED);
        if let (Some(before), Some(after)) = (before, processor_time()) {
            self.busy += after.0.saturating_sub(before.0);
            self.all += after.1.saturating_sub(before.1);
        }
    }

    /// The share, 0 to 1; none where the system does not tell.
    pub fn share(&self) -> Option<f64> {
        (self.all > 0).then(|| rounded(self.busy as f64 / self.all as f64))
    }

    /// Says on standard error that the machine was not quiet, if it was not.
    pub fn warn(&self) {
        if let Some(share) = self.share().filter(|share| *share > QUIET) {
            eprintln!(
                "warning: others took {:.0} % of the processors' time; measure on a quiet machine",
                100.0 * share
            );
        }
    }
}

/// Of all processors, hundredths of a second in which they did something, and all of them.
fn processor_time() -> Option<(u64, u64)> {
    busy_and_all(&fs::read_to_string("/proc/stat").ok()?)
}

fn busy_and_all(stat: &str) -> Option<(u64, u64)> {
    let times = stat.lines().next()?.strip_prefix("cpu ")?;
    // user, nice, system, idle, iowait, irq, softirq, steal; what guests took is in the first two.
    let times = times.split_whitespace().take(8).map(str::parse);
    let times: Vec<u64> = times.collect::<Result<_, _>>().ok()?;
    let all: u64 = times.iter().sum();
    Some((all - times.get(3)? - times.get(4)?, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_not_being_busy() {
        let stat = "cpu  10 1 5 80 4 0 0 2 9 0\ncpu0 1 2 3 4\n";
        assert_eq!(busy_and_all(stat), Some((18, 102)));
        assert_eq!(busy_and_all("intr 1"), None);
    }
}
