//! How much is answered, to how many, and until when.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use serve::{Limits, Server};

use crate::support::http::Client;
use crate::{Page, drawing, generous};

#[test]
fn a_client_that_asks_too_often_is_told_when_to_come_back() {
    let page = Page::start(Limits {
        requests_per_second: 0.1,
        burst: 3.0,
        ..Limits::default()
    });
    let mut client = page.client();
    for _ in 0..3 {
        let answer = client.post("/api/predict", &drawing(0)).unwrap();
        assert_eq!(answer.status, 200);
    }
    for _ in 0..3 {
        let answer = client.post("/api/predict", &drawing(0)).unwrap();
        assert_eq!(answer.status, 429);
        assert!(answer.error().contains("too many"), "{answer:?}");
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=10).contains(&seconds), "{seconds}");
    }
    // Another client does not suffer for it.
    assert_eq!(page.client().get("/api/ladder").unwrap().status, 200);
}

#[test]
fn a_connection_too_many_waits_for_its_place() {
    let page = Page::start(Limits {
        connections: 2,
        ..generous()
    });
    let mut served: Vec<Client> = (0..2).map(|_| page.client()).collect();
    for client in &mut served {
        assert_eq!(client.get("/").unwrap().status, 200);
    }
    let mut waiting = page.client();
    waiting
        .send(b"GET / HTTP/1.1\r\nhost: test\r\n\r\n")
        .unwrap();
    for client in &mut served {
        assert_eq!(client.get("/").unwrap().status, 200);
    }
    served.pop();
    assert_eq!(waiting.answer().unwrap().status, 200);
}

#[test]
fn who_does_not_send_what_was_announced_is_not_waited_for_long() {
    let page = Page::start(Limits {
        patience: Duration::from_millis(300),
        ..generous()
    });
    let mut client = page.client();
    client
        .send(b"POST /api/predict HTTP/1.1\r\nhost: test\r\ncontent-length: 100\r\n\r\n{")
        .unwrap();
    let answer = client.answer().unwrap();
    assert_eq!(answer.status, 408);
    assert!(answer.error().contains("did not arrive"));
    let mut silent = page.client();
    let error = silent.answer().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn a_server_that_is_stopped_leaves_its_address() {
    let mut page = Page::start(generous());
    let mut client = page.client();
    assert_eq!(client.get("/").unwrap().status, 200);
    page.server.stop();
    assert!(client.get("/").is_err());
    TcpListener::bind(page.server.address).unwrap();
}

#[test]
fn an_address_that_is_taken_is_named() {
    let page = Page::start(generous());
    let error = Server::bind(&[page.server.address]).unwrap_err();
    let message = format!("{error:#}");
    let address = page.server.address.to_string();
    assert!(
        message.starts_with(&format!("cannot listen on {address}")),
        "{message}"
    );
}
