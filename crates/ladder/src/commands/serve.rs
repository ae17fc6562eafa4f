//! `ladder serve`: the page on which one draws digits.

use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use experiment::results_directory;
use inference::Model;
use mnist::Mnist;
use serve::{Content, Limits, Server, Stopper};
use training::command_line::INTERRUPTED;

use ladder::steps;

/// Options of `ladder serve`.
#[derive(Args, Debug)]
pub struct Options {
    /// Port to listen on; 0 is any free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Name or address to listen on; with 0.0.0.0 other machines can open the page too
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    /// Folder of the runs, to show those that are in training
    #[arg(long, value_name = "DIR", default_value = "runs")]
    pub runs: PathBuf,
}

/// Serves the page until Ctrl-C.
///
/// # Errors
///
/// There is no such address, it cannot be listened on, or MNIST cannot be read.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<()> {
    let addresses = addresses(&options.host, options.port)?;
    let server = Server::bind(&addresses)
        .map_err(|error| anyhow!("{error:#}; --port takes another port, or 0 for any free one"))?;
    let content = content(&options.runs)?;
    for (step, model) in &content.steps {
        if let Err(error) = model {
            eprintln!("{} is shown without its network: {error:#}", step.name);
        }
    }
    stop_on_ctrl_c(server.stopper())?;
    writeln!(
        output,
        "The page is at http://{}/ until Ctrl-C.",
        server.address()
    )?;
    output.flush()?;
    server.run(content, Limits::default())
}

fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>> {
    let addresses = (host, port).to_socket_addrs();
    let addresses = addresses.with_context(|| format!("--host {host} is no address"))?;
    Ok(addresses.collect())
}

fn content(runs: &Path) -> Result<Content> {
    let device = training::select_device(None)?.device;
    let steps = steps::experiments().map(|step| {
        let model = Model::recorded(step.clone(), device.clone());
        (step, model)
    });
    Ok(Content {
        steps: steps.into(),
        test_digits: Mnist::load_bundled()?.test,
        results: results_directory(),
        runs: runs.to_owned(),
    })
}

/// Makes the first Ctrl-C end the server, and a second one the process at once.
fn stop_on_ctrl_c(stopper: Stopper) -> Result<()> {
    let stopped = AtomicBool::new(false);
    let stop = move || {
        if stopped.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
        stopper.stop();
    };
    ctrlc::set_handler(stop).context("cannot listen for Ctrl-C")
}
