//! How a training step with the kernels grows with the batch, with the network, and with the threads.

use std::iter;

use rayon::ThreadPoolBuilder;

use super::Peer;
use super::network::training_multiply_adds;
use super::training::Training;
use crate::common::{Result, median, table};

const BATCHES: [usize; 7] = [32, 64, 128, 256, 512, 1024, 2048];

/// Times the reference network's channels.
const WIDTHS: [usize; 3] = [1, 2, 4];

/// What a training step is measured with.
#[derive(Clone, Copy)]
struct Setting {
    threads: usize,
    width: usize,
    batch: usize,
}

/// Three tables: batches on all `threads`, then widths and threads with images in batches of `batch`.
///
/// One setting is measured after the other, not in turns: together they would need more memory than the kernels keep.
pub fn tables(threads: usize, batch: usize, rounds: u16) -> Result<String> {
    let usual = Setting {
        threads,
        width: 1,
        batch,
    };
    let batches = BATCHES.map(|batch| (batch, Setting { batch, ..usual }));
    let widths = WIDTHS.map(|width| (width, Setting { width, ..usual }));
    // 1, 2, 4 and so on, and in the end all of them.
    let fewer = iter::successors(Some(1), |threads| Some(2 * threads));
    let fewer = fewer.take_while(|&fewer| fewer < threads);
    let threads = fewer.chain([threads]);
    let threads = threads.map(|threads| (threads, Setting { threads, ..usual }));
    let tables = [
        table_of("Batch", batches, rounds)?,
        table_of("Times the channels", widths, rounds)?,
        table_of("Threads", threads, rounds)?,
    ];
    Ok(tables.join("\n"))
}

/// A table of settings that differ in one value, which `name` names.
fn table_of(
    name: &str,
    settings: impl IntoIterator<Item = (usize, Setting)>,
    rounds: u16,
) -> Result<String> {
    let mut rows = Vec::new();
    for (value, setting) in settings {
        let seconds = 1e-3 * setting.milliseconds(rounds)?;
        let multiply_adds = training_multiply_adds(setting.width) * setting.batch;
        rows.push(vec![
            value.to_string(),
            format!("{:.2}", 1e3 * seconds),
            format!("{:.0}", setting.batch as f64 / seconds),
            format!("{:.1}", 2.0 * multiply_adds as f64 / seconds / 1e9),
        ]);
    }
    let header = [name, "ms a step", "Images a second", "GFLOP/s"];
    Ok(table(0, &header, rows).to_string())
}

impl Setting {
    /// Milliseconds of a step. The kernels run in the pool that they are called from.
    fn milliseconds(self, rounds: u16) -> Result<f64> {
        let pool = ThreadPoolBuilder::new().num_threads(self.threads).build()?;
        pool.install(|| {
            let training = Training::with_kernels(self.width, self.batch);
            let mut peer = Peer::new("conv_kernels", training)?;
            let rounds = (0..rounds).map(|_| peer.milliseconds());
            Ok(median(rounds.collect::<Result<Vec<_>>>()?))
        })
    }
}
