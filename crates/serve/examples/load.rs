//! What the server does under load: many clients at once, random requests, or clients that never read; and how much memory
//! it has before and after.
//!
//! ```sh
//! cargo ladder serve &
//! cargo run -p serve --example load -- clients --process $(pgrep -f 'ladder serve')
//! cargo run -p serve --example load -- strings --process $(pgrep -f 'ladder serve')
//! cargo run -p serve --example load -- stalled --process $(pgrep -f 'ladder serve')
//! ```

#[path = "../tests/support/http.rs"]
#[allow(dead_code, reason = "shared with tests that use more of it")]
mod http;

#[path = "../tests/support/stalled.rs"]
mod stalled;

#[path = "../tests/support/strings.rs"]
mod strings;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::{Parser, Subcommand};
use serde_json::{Value, json};

use http::Client;
use stalled::Stalled;
use strings::Requests;

#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    load: Load,
    /// Where the server listens
    #[arg(long, global = true, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// The server's process, to look at its memory
    #[arg(long, global = true)]
    process: Option<u32>,
}

#[derive(Clone, Debug, Subcommand)]
enum Load {
    /// Clients that draw all the time, each on a connection of its own, and want to see the last step's layers
    Clients {
        #[arg(long, default_value_t = 200)]
        clients: usize,
        #[arg(long, default_value_t = 30)]
        seconds: u64,
    },
    /// Random requests, one after the other
    Strings {
        #[arg(long, default_value_t = 10_000)]
        requests: usize,
    },
    /// Connections that send requests all the time and never read, opened again when they are closed; and what another
    /// client, which opens a connection for each request, gets meanwhile
    Stalled {
        #[arg(long, default_value_t = 600)]
        connections: usize,
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
}

/// What came back: how many answers of each status, how many requests without one, and how long each answer took.
#[derive(Debug, Default)]
struct Tally {
    statuses: BTreeMap<u16, usize>,
    unanswered: usize,
    seconds: Vec<f64>,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let memory = || options.process.map(resident).transpose();
    let before = memory()?;
    let start = Instant::now();
    let mut tally = match options.load {
        Load::Clients { clients, seconds } => {
            draw_at_once(options.address, clients, Duration::from_secs(seconds))?
        }
        Load::Strings { requests } => send_strings(options.address, requests)?,
        Load::Stalled {
            connections,
            seconds,
        } => ask_beside_stalled(options.address, connections, Duration::from_secs(seconds))?,
    };
    let seconds = start.elapsed().as_secs_f64();
    tally.seconds.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * tally.seconds.len() as f64) as usize;
        tally
            .seconds
            .get(place.min(tally.seconds.len().saturating_sub(1)))
    };
    println!(
        "{} answers in {seconds:.1} s ({:.0} a second), by status {:?}; {} requests without an answer",
        tally.seconds.len(),
        tally.seconds.len() as f64 / seconds,
        tally.statuses,
        tally.unanswered
    );
    println!(
        "seconds until an answer: median {:.3}, 99 % {:.3}, longest {:.3}",
        at(0.5).unwrap_or(&f64::NAN),
        at(0.99).unwrap_or(&f64::NAN),
        at(1.0).unwrap_or(&f64::NAN)
    );
    if let (Some(before), Some(after)) = (before, memory()?) {
        println!("resident memory of the server: {before} kB before, {after} kB after");
    }
    Ok(())
}

fn draw_at_once(address: SocketAddr, clients: usize, time: Duration) -> Result<Tally> {
    let ladder = Client::connect(address)?.get("/api/ladder")?.json();
    let steps = ladder["steps"].as_array().context("there are no steps")?;
    let last = steps.last().map(|step| step["name"].clone());
    let drawing = |number| {
        let mut drawing = bar(number);
        drawing["step"] = last.clone().into();
        drawing
    };
    let end = Instant::now() + time;
    let mut all = Tally::default();
    thread::scope(|scope| {
        let clients: Vec<_> = (0..clients)
            .map(|number| {
                let drawing = drawing(number);
                scope.spawn(move || draw_until(address, end, &drawing))
            })
            .collect();
        for tally in clients.into_iter().filter_map(|client| client.join().ok()) {
            all.unanswered += tally.unanswered;
            all.seconds.extend(tally.seconds);
            for (status, count) in tally.statuses {
                *all.statuses.entry(status).or_default() += count;
            }
        }
    });
    Ok(all)
}

fn draw_until(address: SocketAddr, end: Instant, drawing: &Value) -> Tally {
    let mut tally = Tally::default();
    let mut client = Client::connect(address);
    while Instant::now() < end {
        let start = Instant::now();
        let answer = client
            .as_mut()
            .ok()
            .and_then(|client| client.post("/api/predict", drawing).ok());
        match answer {
            Some(answer) => {
                tally.add(answer.status, start);
                if answer.header("connection") == Some("close") {
                    client = Client::connect(address);
                }
            }
            None => {
                tally.unanswered += 1;
                client = Client::connect(address);
            }
        }
    }
    tally
}

fn send_strings(address: SocketAddr, requests: usize) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut client = Client::connect(address)?;
    for request in Requests::new(3, &bar(0)).take(requests) {
        let start = Instant::now();
        let headers = [("content-type", request.content_type)];
        match client.request(request.method, &request.path, &headers, &request.body) {
            Ok(answer) => tally.add(answer.status, start),
            Err(_) => {
                tally.unanswered += 1;
                client = Client::connect(address)?;
            }
        }
    }
    Ok(tally)
}

fn ask_beside_stalled(address: SocketAddr, connections: usize, time: Duration) -> Result<Tally> {
    let steps = Client::connect(address)?.get("/api/ladder")?.json();
    let mut drawing = bar(0);
    drawing["step"] = steps["steps"][0]["name"].clone();
    let head = |line: &str| format!("{line} HTTP/1.1\r\nhost: {address}\r\n");
    let predict = head("POST /api/predict") + "content-type: application/json\r\n";
    let body = drawing.to_string();
    let requests = vec![
        format!("{}\r\n", head("GET /api/ladder")).into(),
        format!("{}\r\n", head("GET /api/results")).into(),
        format!("{predict}content-length: {}\r\n\r\n{body}", body.len()).into(),
    ];
    let end = Instant::now() + time;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut stalled = Stalled::new(address, connections, requests);
            let mut opened = 0;
            while Instant::now() < end {
                opened += stalled.send();
                thread::sleep(Duration::from_millis(20));
            }
            println!("{opened} connections were opened that never read");
        });
        let mut tally = Tally::default();
        while Instant::now() < end {
            for path in ["/", "/api/ladder", "/api/predict"] {
                let start = Instant::now();
                let answer = Client::connect(address).and_then(|mut client| match path {
                    "/api/predict" => client.post(path, &drawing),
                    _ => client.get(path),
                });
                match answer {
                    Ok(answer) => tally.add(answer.status, start),
                    Err(_) => tally.unanswered += 1,
                }
            }
        }
        Ok(tally)
    })
}

impl Tally {
    fn add(&mut self, status: u16, start: Instant) {
        *self.statuses.entry(status).or_default() += 1;
        self.seconds.push(start.elapsed().as_secs_f64());
    }
}

/// A slanted bar on 280×280 pixels, another for each number, as large as the page's drawings.
fn bar(number: usize) -> Value {
    let slant = number % 100;
    let ink =
        |x: usize, y: usize| (40..240).contains(&y) && (x + y * slant / 200).abs_diff(170) < 11;
    let pixels: Vec<u8> = (0..280 * 280)
        .map(|at| if ink(at % 280, at / 280) { 255 } else { 0 })
        .collect();
    json!({
        "width": 280,
        "height": 280,
        "pixels": BASE64.encode(pixels),
    })
}

/// Memory of a process that is in use, in kB, as Linux tells it.
fn resident(process: u32) -> Result<u64> {
    let path = format!("/proc/{process}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    let number = number.and_then(|number| number.parse().ok());
    number.with_context(|| format!("{path} does not tell the memory"))
}
