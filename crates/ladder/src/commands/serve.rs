//! `ladder serve`: the page on which one draws digits.

use std::env;
use std::io::Write;
use std::process::{self, Command, ExitCode};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};
use clap::Args;
use evidence::{LiveState, Places};
use experiment::Experiment;
use inference::Model;
use mnist::Mnist;
use serve::{Content, Limits, Server, Stopper, Train, Wanted};
use training::command_line::InWorkspace;
use training::complain;
use training::signals::{Signal, on_signal};

use ladder::steps;

use ladder::subjects::recorded_weights;

/// Options of `ladder serve`.
#[derive(Args, Debug)]
pub struct Options {
    /// Port to listen on; 0 is any free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Name or address to listen on; with 0.0.0.0 other machines can open the page too
    #[arg(long, default_value = "127.0.0.1")]
    pub host: String,
    #[command(flatten)]
    project: InWorkspace,
}

/// Serves the page until a signal ends it. Returns the exit code: that of SIGTERM or SIGHUP; after Ctrl-C, which is how one
/// ends it at a terminal, success.
///
/// # Errors
///
/// There is no such address, it cannot be listened on, or MNIST cannot be read.
pub fn run(options: &Options, output: &mut dyn Write) -> Result<ExitCode> {
    let server = Server::bind(&options.host, options.port)
        .map_err(|error| anyhow!("{error:#}; --port takes another port, or 0 for any free one"))?;
    // Others than this machine's user must not make it work.
    let train: Option<Train> = server.address().ip().is_loopback().then_some(train);
    let content = Content {
        train,
        ..content(options.project.places()?)?
    };
    for (step, model) in &content.steps {
        if let Err(error) = model {
            complain!("{} is shown without its network: {error:#}", step.name);
        }
    }
    let ended_by = stop_on_signals(server.stopper())?;
    writeln!(
        output,
        "The page is at http://{}/ until Ctrl-C.",
        server.address()
    )?;
    output.flush()?;
    server.run(content, Limits::default())?;
    let signal = *ended_by.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(match signal {
        None | Some(Signal::Interrupt) => ExitCode::SUCCESS,
        Some(signal) => ExitCode::from(signal.exit_code()),
    })
}

/// What the page shows; it does not train.
///
/// # Errors
///
/// MNIST cannot be read.
pub fn content(places: Places) -> Result<Content> {
    let device = training::select_device(None)?.device;
    let steps = steps::experiments().into_iter().map(|step| {
        let weights = recorded_weights(&step, &places);
        let model = weights.and_then(|path| Model::from_file(step.clone(), &path, device.clone()));
        (step, model)
    });
    Ok(Content {
        steps: steps.collect(),
        test_digits: Mnist::load_verified(&places.workspace().data())?.test,
        places,
        train: None,
        look: Some(look),
    })
}

/// The network of a live run, as it is in the run's newest state.
fn look(state: &LiveState) -> Result<Model> {
    let device = training::select_device(None)?.device;
    let network = training::network_of(state, &device)?;
    let experiment = Experiment {
        name: state.run.name.clone(),
        title: String::new(),
        architecture: state.run.architecture.clone(),
        recipe: state.run.recipe.clone(),
    };
    Ok(Model::new(experiment, &network, device))
}

/// The command that makes a run for the page.
fn train(places: &Places, wanted: &Wanted) -> Result<Command> {
    let Wanted { step, seed, epochs } = wanted;
    let mut command = Command::new(env::current_exe()?);
    command
        .args(["train", step, "--until-input-closes"])
        .args(["--seed", &seed.to_string()])
        .arg("--workspace")
        .arg(places.workspace().root());
    // Another number makes it another run than the recipe's.
    if steps::parse(step).is_ok_and(|step| step.recipe.epochs != *epochs) {
        command.args(["--epochs", &epochs.to_string()]);
    }
    // The terminal sends Ctrl-C to a whole group, and the training is to stop by itself.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    Ok(command)
}

/// Makes the first signal end the server, and a second one the process at once. Returns where the first will be.
fn stop_on_signals(stopper: Stopper) -> Result<Arc<Mutex<Option<Signal>>>> {
    let first = Arc::new(Mutex::new(None));
    let seen = first.clone();
    on_signal(move |signal| {
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.replace(signal).is_some() {
            process::exit(signal.exit_code().into());
        }
        stopper.stop();
    })?;
    Ok(first)
}
