//! How much is answered, to how many, and until when.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use serve::{Limits, Server};

use crate::stalled::Stalled;
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
        // A new connection changes nothing.
        let answer = page.client().post("/api/predict", &drawing(0)).unwrap();
        assert_eq!(answer.status, 429);
        assert!(answer.error().contains("too many"), "{answer:?}");
        let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=10).contains(&seconds), "{seconds}");
    }
}

#[test]
fn a_request_that_comes_a_little_early_waits_for_its_turn() {
    let page = Page::start(Limits {
        requests_per_second: 10.0,
        burst: 1.0,
        ..Limits::default()
    });
    let mut client = page.client();
    let start = Instant::now();
    for _ in 0..4 {
        assert_eq!(client.get("/").unwrap().status, 200);
    }
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[test]
fn a_newcomer_gets_the_place_of_who_has_been_idle_for_longest() {
    let page = Page::start(Limits {
        connections: 2,
        ..generous()
    });
    let [mut idle, mut busy, mut newcomer] = [(); 3].map(|()| page.client());
    for client in [&mut idle, &mut busy] {
        assert_eq!(client.get("/").unwrap().status, 200);
    }
    assert_eq!(newcomer.get("/").unwrap().status, 200);
    assert_eq!(busy.get("/").unwrap().status, 200);
    assert!(idle.get("/").is_err());
}

#[test]
fn clients_that_never_read_do_not_hold_up_others() {
    let page = Page::start(Limits {
        connections: 200,
        patience: Duration::from_secs(2),
        ..Limits::default()
    });
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes();
    let requests = vec![get("/api/ladder"), get("/charts/curves-loss.svg"), get("/")];
    let mut stalled = Stalled::new(page.server.address, 400, requests);
    let end = Instant::now() + Duration::from_secs(6);
    let opened = thread::scope(|scope| {
        let attack = scope.spawn(|| {
            let mut opened = 0;
            while Instant::now() < end {
                opened += stalled.send();
                thread::sleep(Duration::from_millis(20));
            }
            opened
        });
        while Instant::now() < end {
            let start = Instant::now();
            let mut client = page.client();
            for _ in 0..2 {
                let Ok(answer) = client.get("/api/ladder") else {
                    // Closed after an answer, for others wait.
                    break;
                };
                assert_eq!(answer.status, 200);
            }
            let answer = page.client().post("/api/predict", &drawing(0)).unwrap();
            assert_eq!(answer.status, 200);
            let seconds = start.elapsed().as_secs_f64();
            assert!(seconds < 2.0, "{seconds}");
            thread::sleep(Duration::from_millis(50));
        }
        attack.join().unwrap()
    });
    // They were closed, and came again.
    assert!(opened > 800, "{opened}");
}

#[test]
fn who_does_not_take_the_answer_is_not_waited_for_long() {
    let page = Page::start(Limits {
        patience: Duration::from_millis(300),
        ..generous()
    });
    let mut client = page.client();
    let request = b"GET /api/ladder HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let start = Instant::now();
    // Fails as soon as the connection is closed.
    while client.send(request).is_ok() {
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn who_does_not_send_what_was_announced_is_not_waited_for_long() {
    let page = Page::start(Limits {
        patience: Duration::from_millis(300),
        ..generous()
    });
    let mut client = page.client();
    client
        .send(b"POST /api/predict HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
        .unwrap();
    let answer = client.answer().unwrap();
    assert_eq!(answer.status, 408);
    assert!(answer.error().contains("did not arrive"));
    let mut silent = page.client();
    let error = silent.answer().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
}

#[test]
fn requests_in_work_are_answered_before_the_end() {
    let mut page = Page::start(generous());
    let mut clients: Vec<Client> = (0..50).map(|_| page.client()).collect();
    for client in &mut clients {
        assert_eq!(client.get("/").unwrap().status, 200);
    }
    let body = drawing(0).to_string();
    let request = format!(
        "POST /api/predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    for client in &mut clients {
        client.send(request.as_bytes()).unwrap();
    }
    // Its answer comes when all requests are in work.
    assert_eq!(page.client().get("/").unwrap().status, 200);
    page.server.tell_to_stop();
    for client in &mut clients {
        assert_eq!(client.answer().unwrap().status, 200);
    }
    page.server.stop();
}

#[test]
fn a_server_that_is_stopped_leaves_its_address() {
    let mut page = Page::start(generous());
    let _silent = page.client();
    let mut unread = page.client();
    unread
        .send(&b"GET /api/ladder HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(500))
        .unwrap();
    let mut client = page.client();
    assert_eq!(client.get("/").unwrap().status, 200);
    let start = Instant::now();
    page.server.stop();
    assert!(start.elapsed() < Duration::from_secs(3));
    assert!(client.get("/").is_err());
    TcpListener::bind(page.server.address).unwrap();
}

#[test]
fn an_address_that_is_taken_is_named() {
    let page = Page::start(generous());
    let error = Server::bind("127.0.0.1", page.server.address.port()).unwrap_err();
    let message = format!("{error:#}");
    let address = page.server.address.to_string();
    assert!(
        message.starts_with(&format!("cannot listen on {address}")),
        "{message}"
    );
}
