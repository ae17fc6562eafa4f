//! A server to test, and a client that sends what no library would.

#[allow(dead_code, reason = "not every test asks everything")]
pub mod http;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::thread::{self, JoinHandle};

use burn::tensor::Device;
use experiment::results_directory;
use inference::Model;
use ladder::steps;
use mnist::Mnist;
use serve::{Content, Limits, Server, Stopper};

/// A server on a free port of this machine, which ends with this.
pub struct Running {
    pub address: SocketAddr,
    stopper: Stopper,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
}

impl Running {
    /// Serves `content`.
    pub fn start(content: Content, limits: Limits) -> Self {
        let server = Server::bind(&[(Ipv4Addr::LOCALHOST, 0).into()]).unwrap();
        Self {
            address: server.address(),
            stopper: server.stopper(),
            thread: Some(thread::spawn(move || server.run(content, limits))),
        }
    }

    /// Waits until the server has ended.
    pub fn stop(&mut self) {
        self.stopper.stop();
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

/// All steps with their recorded weights, and the trainings that run below a folder.
pub fn content(runs: &Path) -> Content {
    let steps = steps::experiments().map(|step| {
        let model = Model::recorded(step.clone(), Device::flex());
        (step, model)
    });
    Content {
        steps: steps.into(),
        test_digits: Mnist::load_bundled().unwrap().test,
        results: results_directory(),
        runs: runs.to_owned(),
    }
}
