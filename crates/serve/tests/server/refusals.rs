//! What is answered to those who do not ask well.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use crate::strings::Requests;
use crate::support::http::Client;
use crate::{DIGITS, Page, drawing, generous};

#[test]
fn every_wrong_request_is_told_what_is_wrong() {
    let page = Page::start(generous());
    let mut client = page.client();
    let json = [("content-type", "application/json")];
    let text = [("content-type", "text/plain")];
    let good = drawing(0).to_string();
    let with = |key: &str, value: serde_json::Value| {
        let mut drawing = drawing(0);
        drawing[key] = value;
        drawing.to_string()
    };
    let nothing = BASE64.encode([0; 28 * 28]);
    let large = with("pixels", "A".repeat(500_000).into());
    let predict = "/api/predict";
    type Case<'a> = (
        &'a str,
        &'a str,
        &'a [(&'a str, &'a str)],
        String,
        u16,
        &'a str,
    );
    let cases: Vec<Case> = vec![
        ("GET", "/nowhere", &[], String::new(), 404, "/nowhere"),
        ("POST", "/", &json, good.clone(), 405, "POST"),
        ("PUT", predict, &json, good.clone(), 405, "PUT"),
        ("GET", predict, &[], String::new(), 405, "GET"),
        (
            "POST",
            predict,
            &text,
            good.clone(),
            415,
            "application/json",
        ),
        ("POST", predict, &[], good.clone(), 415, "application/json"),
        ("POST", predict, &json, String::new(), 400, "JSON"),
        ("POST", predict, &json, "{".into(), 400, "JSON"),
        ("POST", predict, &json, "[]".into(), 400, "JSON"),
        (
            "POST",
            predict,
            &json,
            with("surplus", json!(1)),
            400,
            "surplus",
        ),
        ("POST", predict, &json, with("width", json!(-1)), 400, "-1"),
        ("POST", predict, &json, with("width", json!(0)), 422, "0×28"),
        (
            "POST",
            predict,
            &json,
            with("height", json!(513)),
            422,
            "1 to 512",
        ),
        (
            "POST",
            predict,
            &json,
            with("height", json!(29)),
            422,
            "784 pixels, expected 28×29 = 812",
        ),
        (
            "POST",
            predict,
            &json,
            with("height", json!(27)),
            422,
            "784 pixels, expected 28×27 = 756",
        ),
        (
            "POST",
            predict,
            &json,
            with("pixels", json!("%")),
            400,
            "base64",
        ),
        (
            "POST",
            predict,
            &json,
            with("pixels", json!([0])),
            400,
            "JSON",
        ),
        (
            "POST",
            predict,
            &json,
            with("pixels", json!(nothing)),
            422,
            "blank",
        ),
        (
            "POST",
            predict,
            &json,
            with("step", json!("step-99")),
            422,
            "step-01-skeleton",
        ),
        ("POST", predict, &json, large, 413, "400000"),
        (
            "GET",
            "/api/digits/10000",
            &[],
            String::new(),
            404,
            "0 to 9999",
        ),
        (
            "GET",
            "/api/digits/-1",
            &[],
            String::new(),
            404,
            "0 to 9999",
        ),
        (
            "GET",
            "/api/digits/%ff",
            &[],
            String::new(),
            404,
            "0 to 9999",
        ),
        ("GET", "/api/digits", &[], String::new(), 422, "?of=7,42"),
        (
            "GET",
            "/api/digits?of=7,,8",
            &[],
            String::new(),
            404,
            "0 to 9999",
        ),
        (
            "GET",
            "/api/weights/step-99",
            &[],
            String::new(),
            404,
            "/api/ladder",
        ),
        (
            "POST",
            "/api/erase",
            &json,
            good.clone(),
            422,
            "step-01-skeleton",
        ),
        (
            "GET",
            "/charts/none.svg",
            &[],
            String::new(),
            404,
            "/api/charts",
        ),
        (
            "GET",
            "/charts/..%2fSHA256SUMS",
            &[],
            String::new(),
            404,
            "/api/charts",
        ),
        (
            "GET",
            "/charts/../../README.md",
            &[],
            String::new(),
            404,
            "README.md",
        ),
    ];
    for (method, path, headers, body, status, words) in cases {
        let answer = client
            .request(method, path, headers, body.as_bytes())
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        let case = format!("{method} {path} {}", &body[..body.len().min(80)]);
        assert_eq!(answer.status, status, "{case}: {answer:?}");
        let message = answer.error();
        assert!(message.contains(words), "{case}: {message}");
    }
    let parameters = [("content-type", "Application/JSON; charset=utf-8")];
    let answer = client.request("POST", predict, &parameters, good.as_bytes());
    assert_eq!(answer.unwrap().status, 200);
}

#[test]
fn requests_for_another_host_are_refused() {
    let page = Page::start(generous());
    let ask = |head: &str| {
        let mut client = page.client();
        client.send(format!("{head}\r\n\r\n").as_bytes()).unwrap();
        client.answer().unwrap()
    };
    for host in ["localhost", "localhost:8080", "127.0.0.1", "[::1]:80"] {
        let answer = ask(&format!("GET / HTTP/1.1\r\nhost: {host}"));
        assert_eq!(answer.status, 200, "{host}: {answer:?}");
    }
    assert_eq!(ask("GET / HTTP/1.0").status, 200);
    for (head, status, words) in [
        ("GET / HTTP/1.1\r\nhost: evil.example", 421, "evil.example"),
        (
            "GET http://evil.example/ HTTP/1.1\r\nhost: localhost",
            421,
            "evil.example",
        ),
        ("GET / HTTP/1.1", 400, "no Host header"),
        (
            "GET / HTTP/1.1\r\nhost: localhost\r\nhost: localhost",
            400,
            "several",
        ),
        ("GET / HTTP/1.1\r\nhost: a b", 400, "no host"),
        ("GET / HTTP/1.1\r\nhost:", 400, "no host"),
    ] {
        let answer = ask(head);
        assert_eq!(answer.status, status, "{head}: {answer:?}");
        assert!(answer.error().contains(words), "{answer:?}");
    }
}

#[cfg(unix)]
#[test]
fn links_among_the_results_are_not_followed() {
    let page = Page::start(generous());
    let link = page.checkout.places.results().join("link.svg");
    std::os::unix::fs::symlink("/etc/hostname", link).unwrap();
    let mut client = page.client();
    assert_eq!(client.get("/charts/link.svg").unwrap().status, 404);
    let charts = client.get("/api/charts").unwrap();
    assert!(!String::from_utf8_lossy(&charts.body).contains("link.svg"));
}

#[test]
fn ten_thousand_random_strings_find_no_hole() {
    let page = Page::start(generous());
    let mut client = page.client();
    let mut statuses = std::collections::BTreeMap::new();
    for request in Requests::new(1, &drawing(0)).take(10_000) {
        let headers = [("content-type", request.content_type)];
        let answer = client
            .request(request.method, &request.path, &headers, &request.body)
            .unwrap_or_else(|error| panic!("{request:?}: {error}"));
        assert!(answer.status < 500, "{request:?}: {answer:?}");
        if answer.status >= 400 {
            answer.error();
        }
        *statuses.entry(answer.status).or_insert(0) += 1;
    }
    // They reached what they were to reach.
    for status in [200, 400, 404, 405, 415, 422] {
        assert!(statuses.contains_key(&status), "{statuses:?}");
    }
    let answer = client.post("/api/predict", &drawing(0)).unwrap().json();
    let last = answer["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["digit"], DIGITS.label(0));
}

#[test]
fn bytes_that_are_no_http_disturb_nobody() {
    let page = Page::start(generous());
    for request in Requests::new(2, &drawing(0)).take(300) {
        let mut client = page.client();
        // The server may close the connection before it has all of it.
        let _ = client.send(&request.body);
        let _ = client.send(b"\r\n\r\n");
        if let Ok(answer) = client.answer() {
            assert!((400..500).contains(&answer.status), "{answer:?}");
        }
    }
    let mut client = Client::connect(page.server.address).unwrap();
    assert_eq!(client.get("/").unwrap().status, 200);
}
