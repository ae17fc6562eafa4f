//! How a training step with the kernels grows with the batch and with the threads.

use std::iter;

use anyhow::Result;
use benchmarks::{median, roofline, rounded, table};
use experiment::Experiment;
use rayon::ThreadPoolBuilder;

use super::Peer;
use super::training::Training;

const BATCHES: [usize; 7] = [32, 64, 128, 256, 512, 1024, 2048];

/// Two tables of a network: batches on all `threads`, then threads with batches of the recipe's size.
///
/// One setting is measured after the other, not in turns: together they would need more memory than the kernels keep.
///
/// # Errors
///
/// The network cannot be built.
pub fn tables(experiment: &Experiment, threads: usize, rounds: u16) -> Result<String> {
    let with_batch = |size: usize| {
        let mut experiment = experiment.clone();
        experiment.recipe.batch_size = size;
        (size, experiment, threads)
    };
    // 1, 2, 4 and so on, and in the end all of them.
    let fewer = iter::successors(Some(1), |threads| Some(2 * threads));
    let fewer = fewer.take_while(|&fewer| fewer < threads);
    let of_threads = fewer
        .chain([threads])
        .map(|threads| (threads, experiment.clone(), threads));
    let tables = [
        experiment.name.to_string(),
        table_of("Batch", BATCHES.map(with_batch), rounds)?,
        table_of("Threads", of_threads, rounds)?,
    ];
    Ok(tables.join("\n"))
}

/// A table of settings that differ in one value, which `name` names.
fn table_of(
    name: &str,
    settings: impl IntoIterator<Item = (usize, Experiment, usize)>,
    rounds: u16,
) -> Result<String> {
    let mut rows = Vec::new();
    for (value, experiment, threads) in settings {
        let seconds = 1e-3 * milliseconds(&experiment, threads, rounds)?;
        let images = experiment.recipe.batch_size;
        let work = roofline::work(&experiment.architecture)?;
        let multiply_adds = roofline::multiply_adds(work.iter().flat_map(|work| work.training()));
        rows.push(vec![
            value.to_string(),
            rounded(1e3 * seconds).to_string(),
            format!("{:.0}", images as f64 / seconds),
            format!(
                "{:.1}",
                2.0 * (multiply_adds * images) as f64 / seconds / 1e9
            ),
        ]);
    }
    let header = [name, "ms a step", "Images a second", "GFLOP/s"];
    Ok(table(0, &header, rows).to_string())
}

/// Milliseconds of a step. The kernels run in the pool that they are called from.
fn milliseconds(experiment: &Experiment, threads: usize, rounds: u16) -> Result<f64> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
    pool.install(|| {
        let training = Training::of_workspace(experiment)?;
        let mut peer = Peer::new("conv_kernels", "Our kernels", training)?;
        let rounds = (0..rounds).map(|_| peer.milliseconds());
        Ok(median(rounds.collect::<Result<Vec<_>>>()?))
    })
}
