//! A training that the page starts, stops, goes on with and finishes.

mod program;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use evidence::{Places, Record};
use files::Workspace;
use made_up::{PATIENCE, left, write_data};
use serde_json::{Value, json};

use program::{ladder, text};

/// A workspace with MNIST, which the server reads, and made-up digits, which are trained on.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data/mnist");
        fs::create_dir_all(&data).unwrap();
        for file in fs::read_dir(program::places().workspace().data()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), data.join(file.file_name())).unwrap();
        }
        write_data(&folder.path().join("made-up"), 20_000, 50);
        Self(folder)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = ladder(arguments);
        command
            .env("MNIST_DATA_DIR", self.0.path().join("made-up"))
            .args(["--workspace".as_ref(), self.0.path().as_os_str()]);
        command
    }

    /// The finished run, without what differs from one time to the next, and its weights; none before.
    fn finished(&self) -> Option<(Record, Vec<u8>)> {
        let places = Places::of(Workspace::at(self.0.path()).unwrap());
        let record = places.finished_runs().0.pop()?;
        Some(left(&places.run_folder(&record.run).unwrap()))
    }
}

/// A server, which ends with this.
struct Server {
    process: Child,
    address: String,
}

impl Server {
    fn start(place: &Place) -> Self {
        let mut process = place
            .command(&["serve", "--port", "0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        let (_, rest) = line.split_once("http://").expect(&line);
        let address = rest.split_once('/').expect(&line).0.to_owned();
        Self { process, address }
    }

    /// Status and content of an answer to a page of this origin.
    fn ask(&self, method: &str, path: &str, origin: &str, body: &Value) -> (String, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\norigin: {origin}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let (head, content) = text(&answer).split_once("\r\n\r\n").unwrap();
        (
            head[9..12].to_owned(),
            serde_json::from_str(content).unwrap(),
        )
    }

    /// The same from the page itself.
    fn own(&self, method: &str, path: &str, body: &Value) -> (String, Value) {
        self.ask(method, path, &format!("http://{}", self.address), body)
    }

    fn wait_until(&self, path: &str, happened: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (_, answer) = self.own("GET", path, &Value::Null);
            if happened(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "it never was: {answer}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_training_of_the_page_ends_as_one_of_the_command_line() {
    let place = Place::new();
    let server = Server::start(&place);
    let path = "/api/training";
    let wanted = json!({ "step": "step-02-batchnorm", "seed": 7, "epochs": 3 });
    // Another page may not start it, and this one may not start anything.
    let (status, _) = server.ask("POST", path, "http://evil.example", &wanted);
    assert_eq!(status, "403");
    for (key, value, words) in [
        ("step", json!("--help"), "step-01-skeleton"),
        ("epochs", json!(0), "1 to 100"),
        ("seed", json!(1_u64 << 60), "0 to 9007199254740991"),
    ] {
        let mut wrong = wanted.clone();
        wrong[key] = value;
        let (status, answer) = server.own("POST", path, &wrong);
        assert_eq!(status, "422", "{answer}");
        assert!(
            answer["error"].as_str().unwrap().contains(words),
            "{answer}"
        );
    }
    // It is stopped after its first epoch or the second.
    let (status, answer) = server.own("POST", path, &wanted);
    assert_eq!((status.as_str(), &answer["running"]), ("200", &wanted));
    assert_eq!(server.own("POST", path, &wanted).0, "409");
    server.wait_until("/api/trainings", |it| it[0]["epochs"][0]["epoch"] == 1);
    let (_, answer) = server.own("DELETE", path, &Value::Null);
    assert_eq!(
        answer["stopping"], true,
        "the run is over already: {answer}"
    );
    let answer = server.wait_until(path, |it| it["running"].is_null());
    assert_eq!(answer["error"], Value::Null);
    assert!(place.finished().is_none());
    // It goes on, and the page is told of its end.
    server.own("POST", path, &wanted);
    let ended = server.wait_until("/api/trainings", |it| it[0]["verdict"].is_string());
    assert_eq!(ended[0]["epochs"].as_array().unwrap().len(), 3);
    let expected = Place::new();
    let arguments = ["train", "step-02-batchnorm", "--seed", "7", "--epochs", "3"];
    let output = expected.command(&arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(place.finished().unwrap() == expected.finished().unwrap());
}

#[test]
fn a_training_ends_with_its_server() {
    let place = Place::new();
    let server = Server::start(&place);
    let wanted = json!({ "step": "step-01-skeleton", "seed": 7, "epochs": 100 });
    server.own("POST", "/api/training", &wanted);
    server.wait_until("/api/trainings", |it| it[0]["epochs"][0]["epoch"] == 1);
    // The network in training answers the drawing.
    // In base64: every third pixel is ink.
    let pixels = "AAD/".repeat(28 * 28 / 3) + "AA==";
    let drawing = json!({ "width": 28, "height": 28, "pixels": pixels });
    let (status, answer) = server.own("POST", "/api/predict", &drawing);
    assert_eq!(status, "200", "{answer}");
    let saying = &answer["training"][0];
    assert_eq!(
        (&saying["step"], &saying["seed"]),
        (&json!("step-01-skeleton"), &json!(7))
    );
    assert!(saying["epoch"].as_u64().unwrap() >= 1, "{answer}");
    let probabilities = saying["probabilities"].as_array().unwrap();
    let sum: f64 = probabilities.iter().map(|it| it.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{answer}");
    drop(server);
    let places = Places::of(Workspace::at(place.0.path()).unwrap());
    let deadline = Instant::now() + PATIENCE;
    while !evidence::live_runs(&places).is_empty() {
        assert!(Instant::now() < deadline, "it lives on");
        thread::sleep(Duration::from_millis(20));
    }
}
