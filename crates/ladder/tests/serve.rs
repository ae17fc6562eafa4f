//! `ladder serve` as a process: where it listens, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};

fn serve(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ladder"));
    command.arg("serve").args(arguments);
    command
}

/// A server, and the address that it prints.
fn running(arguments: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut server = serve(arguments).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let (_, rest) = line.split_once("http://").expect(&line);
    let (address, _) = rest.split_once('/').expect(&line);
    (server, output, address.to_owned())
}

#[cfg(unix)]
#[test]
fn the_page_is_served_on_this_machine_alone_until_a_signal() {
    for (signal, code) in [("-INT", 0), ("-TERM", 143), ("-HUP", 129)] {
        serves_until(signal, code);
    }
}

#[cfg(unix)]
fn serves_until(signal: &str, code: i32) {
    let (mut server, mut output, address) = running(&["--port", "0"]);
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let mut stream = TcpStream::connect(&address).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("<!doctype html>"), "{answer}");
    // A connection that stays open does not keep it from ending.
    let _open = TcpStream::connect(&address).unwrap();
    let interrupt = Command::new("kill")
        .args([signal, &server.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    assert_eq!(server.wait().unwrap().code(), Some(code));
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

#[test]
fn an_address_that_cannot_be_had_is_one_line() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap();
    let port = address.port().to_string();
    // The second is an address for documentation, which no machine has.
    for (arguments, named) in [
        (["--port", port.as_str()], address.to_string()),
        (["--host", "192.0.2.1"], "192.0.2.1:8080".to_owned()),
    ] {
        let output = serve(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        let expected = format!("error: cannot listen on {named}: ");
        assert!(message.starts_with(&expected), "{message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains("--port"), "{message}");
    }
}
