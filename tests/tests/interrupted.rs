//! Runs that are ended before their time, in every way in which that happens to them.
#![cfg(target_os = "linux")]

mod small;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use evidence::read_finished;
use made_up::{left, wait_until};

use small::{Small, error_line, text};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

fn signal(process: &Child, name: &str) {
    let sent = Command::new("kill")
        .args([name, &process.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

#[test]
fn killed_at_thirty_moments_and_resumed_it_ends_in_the_same_files() {
    let small = Small::new(1_920);
    let run = |out: &Path, more: &[&str]| {
        let out = out.to_str().unwrap();
        let arguments = ["--epochs", "3", "--threads", "1", "--out", out];
        let mut command = small.step(&[&arguments, more].concat());
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    let whole = small.path("whole");
    let begun = Instant::now();
    assert!(run(&whole, &[]).status().unwrap().success());
    let duration = begun.elapsed();

    let killed = small.path("killed");
    let (mut kills, mut while_writing, mut fresh) = (0, 0, false);
    while kills < 30 {
        let mut process = run(&killed, if fresh { &["--fresh"] } else { &[] })
            .spawn()
            .unwrap();
        // In turn while a file of a state is written, while the manifest is, and at a drawn moment.
        let writes = |what: &str| {
            let prefix = format!(".writing-{what}");
            names(&killed).iter().any(|name| name.starts_with(&prefix))
        };
        let in_time = match kills % 3 {
            0 => wait_until(&mut process, || writes("state-")),
            1 => wait_until(&mut process, || writes("manifest")),
            _ => {
                thread::sleep(duration.mul_f64(f64::from(kills) / 40.0));
                process.try_wait().unwrap().is_none()
            }
        };
        process.kill().unwrap();
        let output = process.wait_with_output().unwrap();
        // What it complains of before it is killed is a state that it cannot use.
        assert_eq!(text(&output.stderr), "", "after {kills} kills");
        // One that came to its end begins anew, until there were enough.
        fresh = !in_time;
        if in_time {
            kills += 1;
            while_writing += usize::from(kills % 3 != 0);
        }
    }
    assert!(while_writing >= 15, "{while_writing}");
    assert!(run(&killed, &[]).status().unwrap().success());
    assert!(left(&killed) == left(&whole));
    assert!(
        !names(&killed).iter().any(|name| name.starts_with(".")),
        "{:?}",
        names(&killed)
    );
}

#[test]
fn killed_late_over_another_finished_run_the_pair_is_never_mixed() {
    let small = Small::new(128);
    let out = small.path("out");
    let run = |seed: &str| {
        let out = out.to_str().unwrap();
        let arguments = ["--epochs", "1", "--threads", "1", "--fresh", "--out", out];
        let mut command = small.step(&arguments);
        command.args(["--seed", seed]).stdout(Stdio::null());
        command
    };
    assert!(run("1").status().unwrap().success());
    let mut seeds = [0, 0];
    for kill in 0..60_u64 {
        let seed = if kill % 2 == 0 { "2" } else { "1" };
        let mut process = run(seed).spawn().unwrap();
        // Once its last files are being written, and a little later every time.
        let late = || names(&out).iter().any(|name| name.contains("next-"));
        if wait_until(&mut process, late) {
            thread::sleep(Duration::from_micros(200 * (kill % 15)));
            process.kill().unwrap();
        }
        process.wait().unwrap();
        let record = read_finished(&out).unwrap();
        seeds[record.seed() as usize - 1] += 1;
    }
    assert_eq!(seeds[0] + seeds[1], 60);
}

#[test]
fn signals_end_after_the_batch_with_their_code_and_the_command_goes_on() {
    for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let small = Small::new(1_920);
        let arguments = ["--epochs", "20", "--seed", "3", "--threads", "1"];
        let mut process = small
            .step(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let second_epoch = lines.find(|line| line.as_ref().unwrap().starts_with("epoch  2/20"));
        assert!(second_epoch.is_some());
        signal(&process, name);
        let output = process.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let message = error_line(&output);
        let command = message.split('`').nth(1).expect(&message);
        let words = command
            .strip_prefix("cargo run -p step-06-lr-scheduler -- ")
            .expect(command);
        let words: Vec<&str> = words.split(' ').collect();
        let mut again = small::step(&words);
        let output = again.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let printed = text(&output.stdout);
        assert!(printed.contains("Goes on after epoch "), "{printed}");
        assert!(!printed.contains("epoch  2/20"), "{printed}");
    }
}

/// A shell script that runs a step's program in a terminal of 80×24, and says what became of it.
const IN_A_TERMINAL: &str = r#"
stty rows 24 cols 80
trap : INT
before=$(stty -g)
"$@"
code=$?
after=$(stty -g)
[ "$before" = "$after" ] && echo "the terminal is sane, code $code"
"#;

/// What ends a run in the dashboard.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Keys(&'static [&'static str]),
    Signal(&'static str),
}

/// Runs the program of step 6 in a pseudo-terminal, ends it once it has finished an epoch, and returns all that it printed.
fn in_a_terminal(small: &Small, ending: Ending) -> String {
    let script = small.path("in-a-terminal.sh");
    fs::write(&script, IN_A_TERMINAL).unwrap();
    let run = small.step(&["--epochs", "500", "--threads", "1"]);
    let words: Vec<String> = [run.get_program()]
        .into_iter()
        .chain(run.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let line = format!("sh {} {}", script.display(), words.join(" "));
    let mut terminal = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .env("MNIST_DATA_DIR", small.data())
        .env("TERM", "xterm-256color")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script, of util-linux, is there");
    let mut input = terminal.stdin.take().unwrap();
    let mut output = terminal.stdout.take().unwrap();
    let printed = thread::spawn(move || {
        let mut bytes = Vec::new();
        // The end of a terminal is an error on Linux.
        let _ = output.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let trains = || {
        let runs = evidence::live_runs(&small.places());
        let run = runs.first().filter(|run| !run.epochs.is_empty());
        run.map(|run| run.process.to_string())
    };
    assert!(wait_until(&mut terminal, || trains().is_some()));
    match ending {
        Ending::Keys(keys) => {
            for keys in keys {
                input.write_all(keys.as_bytes()).unwrap();
                input.flush().unwrap();
                // The dashboard looks ten times a second, and takes one key at a time.
                thread::sleep(Duration::from_millis(300));
            }
        }
        Ending::Signal(name) => {
            let sent = Command::new("kill")
                .args([name, &trains().unwrap()])
                .status();
            assert!(sent.unwrap().success());
        }
    }
    assert!(!wait_until(&mut terminal, || false));
    printed.join().unwrap()
}

#[test]
fn the_dashboard_ends_a_run_as_a_plain_terminal_does_and_leaves_it_sane() {
    for (ending, code) in [
        (Ending::Keys(&["\x03"]), 130),
        // Its own way to stop, and to kill.
        (Ending::Keys(&["q", "s"]), 130),
        (Ending::Keys(&["q", "k"]), 130),
        (Ending::Signal("-TERM"), 143),
    ] {
        let small = Small::new(1_920);
        let printed = in_a_terminal(&small, ending);
        assert!(
            printed.contains(&format!("the terminal is sane, code {code}")),
            "{ending:?}: {printed}"
        );
        // The alternate screen was left, and the cursor is shown.
        let end = printed
            .rfind("\x1b[?1049h")
            .expect("the dashboard was there");
        assert!(printed[end..].contains("\x1b[?1049l"), "{ending:?}");
        assert!(printed[end..].contains("\x1b[?25h"), "{ending:?}");
        let command = printed.rsplit('`').nth(1).expect(&printed);
        let words = command
            .strip_prefix("cargo run -p step-06-lr-scheduler -- ")
            .expect(command);
        let words: Vec<&str> = words.split_whitespace().collect();
        let mut again = small::step(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(again.stdout.take().unwrap()).lines();
        let goes_on = lines.any(|line| line.is_ok_and(|line| line.starts_with("Goes on after")));
        again.kill().unwrap();
        again.wait().unwrap();
        assert!(goes_on, "{command}");
    }
}

/// A file system in memory, of 300 kB. Making one needs the rights of root, which tests in a container have.
struct FileSystem<'a>(&'a Path);

impl<'a> FileSystem<'a> {
    fn mount(path: &'a Path) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=500k", "tmpfs"])
            .arg(path)
            .stderr(Stdio::null())
            .status();
        mounted
            .is_ok_and(|status| status.success())
            .then_some(Self(path))
    }
}

impl Drop for FileSystem<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_disk_that_fills_costs_nothing_that_was_there() {
    let small = Small::new(640);
    let disk = small.path("disk");
    let Some(_mounted) = FileSystem::mount(&disk) else {
        eprintln!("not tested: mounting a file system needs the rights of root");
        return;
    };
    let out = disk.join("run");
    let run = || {
        let arguments = [
            "--epochs",
            "12",
            "--threads",
            "1",
            "--out",
            out.to_str().unwrap(),
        ];
        let mut command = small.step(&arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        command
    };
    // Without room, nothing is trained.
    let rest = disk.join("rest");
    fs::write(&rest, vec![0; 450_000]).unwrap();
    let output = run().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        error_line(&output).contains("that the run will need"),
        "{output:?}"
    );
    fs::remove_file(&rest).unwrap();

    // Whatever the run gives back for a state that it is about to write, another program takes.
    let process = run().spawn().unwrap();
    let filling = Arc::new(AtomicBool::new(true));
    let filler = {
        let (filling, rest) = (filling.clone(), rest.clone());
        thread::spawn(move || {
            let mut file = fs::File::create(&rest).unwrap();
            while filling.load(Ordering::Relaxed) {
                let _ = file.write_all(&[0; 4096]);
            }
        })
    };
    let output = process.wait_with_output().unwrap();
    filling.store(false, Ordering::Relaxed);
    filler.join().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let message = error_line(&output);
    assert!(
        message.contains("No space left") && message.contains("once there is room"),
        "{message}"
    );
    fs::remove_file(&rest).unwrap();
    let output = run().output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(read_finished(&out).unwrap().epochs.len(), 12);
}
