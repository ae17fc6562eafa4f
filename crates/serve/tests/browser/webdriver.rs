//! Chromium without a window, driven through chromedriver as W3C's WebDriver says.
//!
//! The crates for this bring some thirty others, among them ones that change the features that Burn is built with; and
//! WebDriver is JSON over HTTP.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::http::Client;

/// What takes longer does not happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// How a page is looked at.
#[derive(Clone, Copy, Debug)]
pub struct View {
    pub width: u32,
    pub height: u32,
    pub dark: bool,
}

/// A browser with one page, which ends with this.
pub struct Browser {
    driver: Child,
    client: Client,
    session: String,
    /// Chromium's profile, and what it leaves behind.
    _files: TempDir,
}

impl Browser {
    pub fn start(view: View) -> Self {
        let files = TempDir::new().unwrap();
        // Where another program takes the port that it has chosen before it does, it ends.
        let begun = (0..3).find_map(|_| begin(&files));
        let (driver, port) = begun.expect("chromedriver takes a port");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut browser = Self {
            driver,
            client: Client::connect(address).unwrap(),
            session: String::new(),
            _files: files,
        };
        let profile = browser._files.path().join("profile");
        let capabilities = capabilities(profile.to_str().unwrap());
        let session = browser.command("POST", "/session", &capabilities);
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser.view(view);
        browser
    }

    pub fn open(&mut self, address: &str) {
        self.post("/url", json!({ "url": address }));
    }

    pub fn view(
        &mut self,
        View {
            width,
            height,
            dark,
        }: View,
    ) {
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.devtools("Emulation.setDeviceMetricsOverride", size);
        let scheme = if dark { "dark" } else { "light" };
        let scheme = json!({ "name": "prefers-color-scheme", "value": scheme });
        self.devtools(
            "Emulation.setEmulatedMedia",
            json!({ "features": [scheme] }),
        );
    }

    /// The value of a JavaScript expression.
    pub fn value(&mut self, expression: &str) -> Value {
        self.post(
            "/execute/sync",
            json!({ "script": format!("return {expression}"), "args": [] }),
        )
    }

    /// Runs a script for what it leaves behind.
    pub fn run(&mut self, script: &str) {
        self.post("/execute/sync", json!({ "script": script, "args": [] }));
    }

    /// What a JavaScript function with a callback for its last argument calls that with.
    pub fn eventual(&mut self, script: &str) -> Value {
        self.post("/execute/async", json!({ "script": script, "args": [] }))
    }

    /// The text of the element that a selector names.
    pub fn text(&mut self, selector: &str) -> String {
        let text = self.value(&format!("document.querySelector({selector:?}).textContent"));
        text.as_str().unwrap().to_owned()
    }

    /// Waits until a JavaScript expression is true.
    pub fn wait_until(&mut self, expression: &str) {
        let start = Instant::now();
        while self.value(expression) != true {
            assert!(start.elapsed() < PATIENCE, "it never was: {expression}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn click(&mut self, selector: &str) {
        // WebDriver's own way into view is as smooth as the page's, and it does not wait for its end.
        self.places(selector, &[]);
        let element = self.post(
            "/element",
            json!({ "using": "css selector", "value": selector }),
        );
        let id = element.as_object().unwrap().values().next().unwrap();
        self.post(
            &format!("/element/{}/click", id.as_str().unwrap()),
            json!({}),
        );
    }

    /// Presses and lets go of keys, one after the other, where the focus is. Those that are not letters are as WebDriver
    /// numbers them.
    pub fn press(&mut self, keys: impl IntoIterator<Item = char>) {
        let actions: Vec<Value> = keys
            .into_iter()
            .flat_map(|key| ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": key })))
            .collect();
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("/actions", json!({ "actions": [keyboard] }));
    }

    /// Draws a line through points with a mouse, a pen or a finger (`mouse`, `pen`, `touch`). Points are shares of an
    /// element's width and height.
    pub fn draw(&mut self, selector: &str, pointer: &str, points: &[[f64; 2]]) {
        let points = self.places(selector, points);
        let to =
            |[x, y]: &[i64; 2]| json!({ "type": "pointerMove", "duration": 8, "x": x, "y": y });
        let mut actions = vec![
            to(&points[0]),
            json!({ "type": "pointerDown", "button": 0 }),
        ];
        actions.extend(points[1..].iter().map(to));
        actions.push(json!({ "type": "pointerUp", "button": 0 }));
        self.point(pointer, actions);
    }

    /// Moves the mouse to a place on an element, given as shares of its width and height.
    pub fn hover(&mut self, selector: &str, place: [f64; 2]) {
        let [x, y] = self.places(selector, &[place])[0];
        self.point(
            "mouse",
            vec![json!({ "type": "pointerMove", "duration": 0, "x": x, "y": y })],
        );
    }

    /// Goes back to the page before.
    pub fn back(&mut self) {
        self.post("/back", json!({}));
    }

    /// What has gone wrong on the page since this was last asked.
    pub fn errors(&mut self) -> Vec<Value> {
        self.log("browser")
    }

    /// The addresses that pages at `own` have asked for since this was last asked.
    pub fn requests(&mut self, own: &str) -> Vec<String> {
        let entries = self.log("performance").into_iter();
        let messages = entries.map(|entry| {
            let message = entry["message"].as_str().unwrap();
            serde_json::from_str::<Value>(message).unwrap()["message"].take()
        });
        let of_page = |it: &Value| {
            let document = it["params"]["documentURL"].as_str();
            it["method"] == "Network.requestWillBeSent"
                && document.is_some_and(|document| document.starts_with(own))
        };
        let requests = messages.filter(of_page);
        requests
            .map(|it| it["params"]["request"]["url"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A picture of what is to be seen, as a PNG file's content.
    pub fn screenshot(&mut self) -> Vec<u8> {
        let picture = self.get("/screenshot");
        BASE64.decode(picture.as_str().unwrap()).unwrap()
    }

    /// Places on an element, which is scrolled to the middle, in pixels of the view.
    fn places(&mut self, selector: &str, points: &[[f64; 2]]) -> Vec<[i64; 2]> {
        let script = format!(
            "(() => {{ const it = document.querySelector({selector:?}); \
             it.scrollIntoView({{ block: 'center', behavior: 'instant' }}); \
             const {{ left, top, width, height }} = it.getBoundingClientRect(); \
             return [left, top, width, height]; }})()"
        );
        let [left, top, width, height]: [f64; 4] =
            serde_json::from_value(self.value(&script)).unwrap();
        let place = |[x, y]: &[f64; 2]| [(left + x * width) as i64, (top + y * height) as i64];
        points.iter().map(place).collect()
    }

    fn point(&mut self, pointer: &str, actions: Vec<Value>) {
        let parameters = json!({ "pointerType": pointer });
        let source = json!({ "type": "pointer", "id": pointer, "parameters": parameters, "actions": actions });
        self.post("/actions", json!({ "actions": [source] }));
    }

    fn log(&mut self, kind: &str) -> Vec<Value> {
        let entries = self.post("/se/log", json!({ "type": kind }));
        entries.as_array().unwrap().clone()
    }

    fn devtools(&mut self, command: &str, parameters: Value) -> Value {
        self.post(
            "/goog/cdp/execute",
            json!({ "cmd": command, "params": parameters }),
        )
    }

    fn post(&mut self, path: &str, body: Value) -> Value {
        let path = format!("{}{path}", self.session);
        self.command("POST", &path, &body)
    }

    fn get(&mut self, path: &str) -> Value {
        let path = format!("{}{path}", self.session);
        self.command("GET", &path, &Value::Null)
    }

    fn command(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let answer = match body {
            Value::Null => self.client.request(method, path, &[], b""),
            body => self.client.post(path, body),
        };
        let answer = answer.expect("chromedriver answers");
        let value = answer.json()["value"].clone();
        assert_eq!(answer.status, 200, "{method} {path} {body}: {value}");
        value
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let session = self.session.clone();
        // Ends Chromium, which would outlive its driver.
        let _ = self.client.request("DELETE", &session, &[], b"");
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// Chromedriver, and the port that it says it has taken.
fn begin(files: &TempDir) -> Option<(Child, u16)> {
    let mut driver = Command::new("chromedriver")
        .arg("--port=0")
        .env("TMPDIR", files.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("chromedriver is installed");
    let mut output = BufReader::new(driver.stdout.take().unwrap());
    let mut lines = output.by_ref().lines().map(Result::unwrap);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        Some(port.trim_end_matches('.').parse().unwrap())
    });
    // It would stop at a full pipe.
    thread::spawn(move || output.read_to_end(&mut Vec::new()));
    port.map(|port| (driver, port))
}

fn capabilities(profile: &str) -> Value {
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--hide-scrollbars",
        &format!("--user-data-dir={profile}"),
    ];
    let logs = json!({ "browser": "ALL", "performance": "ALL" });
    json!({
        "capabilities": {
            "alwaysMatch": {
                "browserName": "chrome",
                "goog:chromeOptions": { "args": arguments },
                "goog:loggingPrefs": logs,
            },
        },
    })
}
