//! A server to test, and clients that do what no library would.

#[allow(dead_code, reason = "not every test asks everything")]
pub mod http;

use std::fs;
use std::path::Path;
use std::thread::{self, JoinHandle};

use burn::tensor::Device;
use evidence::{Kind, Opened, Places, Record, RunFolder};
use experiment::Experiment;
use files::Workspace;
use inference::Model;
use mnist::Mnist;
use serve::{Content, Limits, Server, Stopper};
use tempfile::TempDir;

/// A server on a free port of this machine, which ends with this.
pub struct Running {
    pub address: std::net::SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Running {
    /// Serves `content`.
    pub fn start(content: Content, limits: Limits) -> Self {
        let server = Server::bind("127.0.0.1", 0).unwrap();
        Self {
            address: server.address(),
            stopper: server.stopper(),
            thread: Some(thread::spawn(move || server.run(content, limits))),
        }
    }

    /// Tells the server to end.
    pub fn tell_to_stop(&self) {
        self.stopper.stop();
    }

    /// Waits until the server has ended.
    pub fn stop(&mut self) {
        self.tell_to_stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.stop();
        }
    }
}

/// A checkout with a copy of the recorded results and without runs, which goes with this.
pub struct Checkout {
    _folder: TempDir,
    pub places: Places,
}

impl Checkout {
    /// A checkout without results.
    pub fn empty() -> Self {
        let folder = TempDir::new().unwrap();
        let data = recorded().workspace().data();
        let data = data
            .strip_prefix(recorded().workspace().root())
            .unwrap()
            .to_owned();
        fs::create_dir_all(folder.path().join(data)).unwrap();
        let places = Places::of(Workspace::at(folder.path()).unwrap());
        fs::create_dir(places.results()).unwrap();
        Self {
            _folder: folder,
            places,
        }
    }

    pub fn new() -> Self {
        let checkout = Self::empty();
        copy(&recorded().results(), &checkout.places.results());
        checkout
    }

    /// The run of the first step with seed 1, begun anew, and its record.
    pub fn begin_run(&self) -> (RunFolder, Record) {
        let record = first_records().swap_remove(0);
        let path = self.places.run_folder(&record.run).unwrap();
        let opened = RunFolder::open(&path, &record.run, &record.title, true);
        let Opened::New(folder) = opened.unwrap() else {
            panic!("the run is there already");
        };
        (folder, record)
    }
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The results of this checkout.
pub fn recorded() -> Places {
    Places::of(Workspace::find().unwrap())
}

/// The recorded runs with seed 1, of all steps, first to last.
fn first_records() -> Vec<Record> {
    let records = recorded().records(Kind::Step).unwrap();
    records.into_iter().filter(|it| it.seed() == 1).collect()
}

/// All steps, first to last.
pub fn steps() -> Vec<Experiment> {
    first_records().iter().map(Record::experiment).collect()
}

/// The network of a step with its recorded weights.
pub fn model(step: Experiment) -> anyhow::Result<Model> {
    let weights = recorded().weights(Kind::Step, step.name.as_str());
    Model::from_file(step, &weights, Device::flex())
}

/// All steps with their recorded weights, and the results and runs of a checkout.
pub fn content(checkout: &Checkout) -> Content {
    let steps = steps().into_iter().map(|step| (step.clone(), model(step)));
    Content {
        steps: steps.collect(),
        test_digits: Mnist::load_verified(&recorded().workspace().data())
            .unwrap()
            .test,
        places: checkout.places.clone(),
        train: None,
        look: None,
    }
}
