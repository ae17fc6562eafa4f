//! `ladder run --slurm` on a real Slurm of two nodes, which are two daemons on this machine.
//!
//! They need `slurm-wlm`, a running `munged`, and root. Run with `cargo test -p ladder --test slurm -- --ignored`.

#![cfg(target_os = "linux")]

mod program;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use evidence::{Places, Record, live_runs};
use experiment::Name;
use files::Workspace;
use flate2::read::GzDecoder;
use made_up::{left, write_data};

use program::{ladder, text};

/// Nothing here takes so long, not even Slurm.
const PATIENCE: Duration = Duration::from_secs(600);

/// Longer than what a task has of three minutes before Slurm's notice.
const LONG: Duration = Duration::from_secs(150);

/// One Slurm at a time: two would share the two cores.
static ALONE: Mutex<()> = Mutex::new(());

/// A workspace, and a Slurm that runs its jobs on two nodes of a core each.
struct Cluster {
    folder: tempfile::TempDir,
    controller: Option<Child>,
    nodes: BTreeMap<&'static str, Child>,
    _alone: MutexGuard<'static, ()>,
}

const NODES: [&str; 2] = ["n1", "n2"];

impl Cluster {
    fn new() -> Self {
        Self::with("")
    }

    /// With more lines in the configuration.
    fn with(more: &str) -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir().unwrap();
        let mut cluster = Self {
            folder,
            controller: None,
            nodes: BTreeMap::new(),
            _alone: alone,
        };
        fs::create_dir_all(cluster.path("data/mnist")).unwrap();
        for folder in ["state", "n1", "n2"] {
            fs::create_dir_all(cluster.path("daemons").join(folder)).unwrap();
        }
        fs::write(cluster.configuration(), cluster.describe(more)).unwrap();
        cluster.controller = Some(cluster.daemon("slurmctld", &[]));
        for node in NODES {
            cluster.start_node(node);
        }
        cluster.wait_until("two idle nodes", |cluster| {
            cluster
                .ask("sinfo", &["--noheader", "--format=%D %t"])
                .trim()
                == "2 idle"
        });
        cluster
    }

    fn describe(&self, more: &str) -> String {
        let host = Command::new("hostname").output().unwrap();
        let host = text(&host.stdout).trim();
        let folder = self.path("daemons");
        let folder = folder.display();
        let [controller, first, second] = free_ports();
        format!(
            "ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmUser=root
# A task that goes back into the queue waits for as long as its credential holds.
AuthInfo=cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/controller.pid
SlurmdPidFile={folder}/%n.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
# How soon a node that says nothing is given up.
SlurmdTimeout=10
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
NodeName=n1 NodeAddr=127.0.0.1 NodeHostname={host} Port={first} CPUs=1 State=UNKNOWN
NodeName=n2 NodeAddr=127.0.0.1 NodeHostname={host} Port={second} CPUs=1 State=UNKNOWN
PartitionName=main Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
{more}
"
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self) -> PathBuf {
        self.path("daemons/slurm.conf")
    }

    fn daemon(&self, program: &str, arguments: &[&str]) -> Child {
        let log = fs::File::create(
            self.path("daemons")
                .join(format!("{program}{}.log", arguments.last().unwrap_or(&""))),
        );
        Command::new(program)
            .arg("-D")
            .args(arguments)
            .env("SLURM_CONF", self.configuration())
            .stdout(Stdio::null())
            .stderr(log.unwrap())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    fn start_node(&mut self, node: &'static str) {
        let daemon = self.daemon("slurmd", &["-N", node]);
        self.nodes.insert(node, daemon);
    }

    /// Takes the node down as a failure of its power would: the daemon, what watches over its jobs, and these.
    fn take_down(&mut self, node: &str, training: u32) {
        let mut daemon = self.nodes.remove(node).unwrap();
        daemon.kill().unwrap();
        daemon.wait().unwrap();
        // The training's parent watches over it, and would tell the controller how it ended.
        kill(parent(training));
        kill(training);
    }

    fn ask(&self, program: &str, arguments: &[&str]) -> String {
        let output = Command::new(program)
            .args(arguments)
            .env("SLURM_CONF", self.configuration())
            .output()
            .unwrap();
        text(&output.stdout).to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ladder(arguments);
        command
            .env("SLURM_CONF", self.configuration())
            .env("MNIST_DATA_DIR", self.path("data/mnist"))
            .current_dir(self.folder.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(&[&["run"], arguments].concat()).output();
        output.unwrap()
    }

    /// What a command that succeeds prints.
    fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{output:?}\n{}", self.outputs());
        text(&output.stdout).to_owned()
    }

    fn places(&self) -> Places {
        places(self.folder.path())
    }

    /// All that the tasks printed.
    fn outputs(&self) -> String {
        let entries = fs::read_dir(self.places().submissions());
        let paths = entries.into_iter().flatten().flatten().map(|it| it.path());
        let paths = paths.filter(|path| path.extension().is_some_and(|it| it == "txt"));
        paths
            .map(|path| {
                format!(
                    "{}:\n{}\n",
                    path.display(),
                    fs::read_to_string(&path).unwrap()
                )
            })
            .collect()
    }

    /// Writes an experiment of so many epochs on small data, that a sweep over seeds 1 and 2 is of.
    fn write_small(&self, epochs: usize) {
        fs::remove_dir_all(self.path("data/mnist")).unwrap();
        write_data(&self.path("data/mnist"), 1_000, 50);
        let mut experiment = step_02_batchnorm::experiment();
        experiment.name = Name::from_static("small");
        experiment.recipe.epochs = epochs;
        let text = serde_json::to_string(&experiment).unwrap();
        fs::write(self.path("small.json"), text).unwrap();
    }

    /// How many epochs of [`write_small`](Self::write_small) take so long, as a trial of a few says.
    fn epochs_in(&self, duration: Duration) -> usize {
        const TRIAL: u32 = 40;
        self.write_small(1);
        let out = self.path("trial");
        let began = Instant::now();
        let output = self
            .command(&["train", "small.json", "--epochs", &TRIAL.to_string()])
            .args(["--threads", "1", "--out"])
            .arg(out)
            .output();
        assert!(output.unwrap().status.success());
        let epochs = f64::from(TRIAL) * duration.as_secs_f64() / began.elapsed().as_secs_f64();
        epochs.ceil() as usize
    }

    /// The process and the node of the run with this seed, once it has come to the end of so many epochs.
    fn training(&self, seed: u64, epochs: usize) -> (u32, &'static str) {
        let look = |cluster: &Self| {
            let mut live = live_runs(&cluster.places()).into_iter();
            let run = live.find(|run| run.seed == seed && run.epochs.len() >= epochs)?;
            let status = cluster.succeed(&["small.json", "--seeds", &seed.to_string(), "--status"]);
            let node = NODES
                .into_iter()
                .find(|node| status.contains(&format!(" on {node})")))?;
            Some((run.process, node))
        };
        let found = Cell::new(None);
        self.wait_until("a training", |cluster| {
            found.set(look(cluster));
            found.get().is_some()
        });
        found.get().unwrap()
    }

    fn wait_until(&self, what: &str, happened: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !happened(self) {
            assert!(
                Instant::now() < deadline,
                "{what}: waited in vain\n{}{}",
                self.ask("squeue", &[]),
                self.outputs()
            );
            thread::sleep(Duration::from_millis(200));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.ask("scancel", &["--me"]);
        let deadline = Instant::now() + Duration::from_secs(40);
        while !self.ask("squeue", &["--noheader"]).is_empty() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(200));
        }
        for daemon in self.nodes.values_mut().chain(&mut self.controller) {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn places(root: &Path) -> Places {
    Places::of(Workspace::at(root).unwrap())
}

fn kill(process: u32) {
    let killed = Command::new("kill")
        .args(["-KILL", &process.to_string()])
        .status();
    assert!(killed.unwrap().success());
}

fn parent(process: u32) -> u32 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("PPid:"));
    line.unwrap().trim().parse().unwrap()
}

/// Ports that nobody listens on.
fn free_ports<const N: usize>() -> [u16; N] {
    // All at once, so that they differ.
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// All finished runs of a workspace, without what differs from one time to the next, and their weights.
fn runs(root: &Path) -> Vec<(Record, Vec<u8>)> {
    let (records, problems) = places(root).finished_runs();
    assert_eq!(problems, Vec::<String>::new());
    let folder = |record: &Record| places(root).run_folder(&record.run).unwrap();
    records.iter().map(|record| left(&folder(record))).collect()
}

/// The same runs, made without Slurm by the same command.
fn without_slurm(cluster: &Cluster, words: &[&str]) -> Vec<(Record, Vec<u8>)> {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("data/mnist")).unwrap();
    let workspace = folder.path().to_str().unwrap();
    let arguments = [words, &["--workspace", workspace]].concat();
    cluster.succeed(&arguments);
    runs(folder.path())
}

/// Writes the first images of MNIST as a data set of their own.
fn write_first_of_mnist(directory: &Path, train: usize, test: usize) {
    let mnist = Workspace::find().unwrap().data();
    for (prefix, count) in [("train", train), ("t10k", test)] {
        for (name, header, size) in [("images-idx3", 16, 784), ("labels-idx1", 8, 1)] {
            let name = format!("{prefix}-{name}-ubyte");
            let file = fs::File::open(mnist.join(format!("{name}.gz"))).unwrap();
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut GzDecoder::new(file), &mut content).unwrap();
            content.truncate(header + count * size);
            content[4..8].copy_from_slice(&u32::try_from(count).unwrap().to_be_bytes());
            fs::write(directory.join(name), content).unwrap();
        }
    }
}

#[test]
#[ignore = "needs Slurm"]
fn two_sweeps_on_two_nodes_make_each_run_once_and_as_one_machine_does() {
    let sweep = ["1", "2", "3", "--seeds", "1-2"];
    let cluster = Cluster::new();
    write_first_of_mnist(&cluster.path("data/mnist"), 3_000, 1_000);
    let submit = [
        &["run"],
        &sweep[..],
        &["--slurm", "--wait", "--parallel", "4"],
    ]
    .concat();
    let twice = [(); 2].map(|()| {
        let mut command = cluster.command(&submit);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    });
    for process in twice {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}\n{}", cluster.outputs());
        assert!(
            text(&output.stdout).ends_with("6 of 6 runs done\n"),
            "{output:?}"
        );
    }
    let printed = cluster.outputs();
    for epoch in ["epoch  1/15: ", "epoch 15/15: "] {
        assert_eq!(printed.matches(epoch).count(), 6, "{printed}");
    }
    let status = cluster.succeed(&[&sweep[..], &["--status"]].concat());
    assert_eq!(status.matches(": done\n").count(), 6, "{status}");
    let again = cluster.succeed(&[&sweep[..], &["--slurm"]].concat());
    assert!(
        again.starts_with("0 runs to make, 6 there already"),
        "{again}"
    );

    let expected = without_slurm(&cluster, &[&sweep[..], &["--jobs", "2"]].concat());
    assert_eq!(expected.len(), 6);
    assert!(runs(cluster.folder.path()) == expected);
}

#[test]
#[ignore = "needs Slurm"]
fn whatever_ends_a_task_the_records_are_the_same() {
    let sweep = ["small.json", "--seeds", "1-2"];
    let mut cluster = Cluster::new();
    let epochs = cluster.epochs_in(LONG);
    cluster.write_small(epochs);
    let submit = [&sweep[..], &["--slurm", "--time", "3"]].concat();
    assert!(
        cluster
            .succeed(&submit)
            .starts_with("2 runs to make, 0 there already\n")
    );

    // A task is killed. It is the only one that is submitted again.
    let (process, _) = cluster.training(1, 3);
    kill(process);
    let status = [&sweep[..], &["--status"]].concat();
    cluster.wait_until("a failure", |cluster| {
        cluster.succeed(&status).contains("small, seed 1: failed: ")
    });
    let again = cluster.succeed(&submit);
    assert!(
        again.starts_with("1 run to make, 0 there already, 1 waiting or running\n"),
        "{again}"
    );

    // The power of a node fails: Slurm puts its task back into the queue, and the other node takes it.
    let (process, node) = cluster.training(2, 20);
    cluster.take_down(node, process);
    cluster.wait_until("what a node had", |cluster| {
        cluster
            .ask("squeue", &["--noheader", "--array", "--format=%t"])
            .contains("PD")
    });
    cluster.start_node(node);

    // Every task comes to the end of its time: the 90 s of three minutes that are left to it are not enough.
    let waited = cluster.run(&[&submit[..], &["--wait"]].concat());
    assert!(waited.status.success(), "{waited:?}\n{}", cluster.outputs());
    let printed = cluster.outputs();
    for words in [
        " by SIGUSR1; ",
        "goes back into the queue",
        "Goes on after epoch",
    ] {
        assert!(printed.contains(words), "{words}: {printed}");
    }
    for epoch in [
        format!("epoch  1/{epochs}: "),
        format!("epoch {epochs}/{epochs}: "),
    ] {
        assert_eq!(printed.matches(&epoch).count(), 2, "{printed}");
    }
    let folders = fs::read_dir(cluster.path("runs/small")).unwrap().flatten();
    for folder in folders {
        let names = fs::read_dir(folder.path()).unwrap().flatten();
        let mut names: Vec<_> = names.map(|it| it.file_name()).collect();
        names.sort();
        assert_eq!(
            names,
            ["lock", "manifest.json", "model.safetensors", "result.json"]
        );
    }

    let small = cluster.path("small.json");
    let words = [small.to_str().unwrap(), "--seeds", "1-2", "--jobs", "2"];
    assert!(runs(cluster.folder.path()) == without_slurm(&cluster, &words));
}

#[test]
#[ignore = "needs Slurm"]
fn what_slurm_refuses_is_said_in_its_words() {
    let cluster = Cluster::with("MaxJobCount=3");
    cluster.write_small(3);
    let refused = |arguments: &[&str]| {
        let output = cluster.run(&[&["small.json", "--slurm"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let message = text(&output.stderr).to_owned();
        assert!(
            message.starts_with("error: ") && message.lines().count() == 1,
            "{message}"
        );
        message
    };
    let message = refused(&["--seeds", "1", "--partition", "none"]);
    assert!(
        message.contains("Invalid partition name specified"),
        "{message}"
    );
    let message = refused(&["--seeds", "1", "--time", "soon"]);
    assert!(
        message.contains("Invalid --time specification"),
        "{message}"
    );
    let message = refused(&["--seeds", "1-9"]);
    assert!(message.contains("retrying"), "{message}");
    assert_eq!(cluster.ask("squeue", &["--noheader"]), "");
    // Nothing is remembered of what was never submitted.
    let status = cluster.succeed(&["small.json", "--seeds", "1", "--status"]);
    assert!(status.starts_with("small, seed 1: not begun\n"), "{status}");
}
