//! Clients that send requests all the time and never read an answer.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Connections that never read.
pub struct Stalled {
    address: SocketAddr,
    requests: Vec<Vec<u8>>,
    connections: Vec<Connection>,
}

struct Connection {
    /// What it sends, over and over.
    request: usize,
    /// None where the server has closed it.
    stream: Option<TcpStream>,
    /// Bytes of the request that are sent.
    sent: usize,
}

impl Stalled {
    /// `count` connections, which send one of `requests` each.
    pub fn new(address: SocketAddr, count: usize, requests: Vec<Vec<u8>>) -> Self {
        let connection = |number: usize| Connection {
            request: number % requests.len(),
            stream: None,
            sent: 0,
        };
        Self {
            connections: (0..count).map(connection).collect(),
            address,
            requests,
        }
    }

    /// Sends on each connection what the system takes, and opens those that are closed. Returns how many it opened.
    pub fn send(&mut self) -> usize {
        let mut opened = 0;
        for connection in &mut self.connections {
            if connection.stream.is_none() {
                connection.stream = open(self.address).ok();
                connection.sent = 0;
                opened += 1;
            }
            let request = &self.requests[connection.request];
            if connection.send(request).is_err() {
                connection.stream = None;
            }
        }
        opened
    }
}

impl Connection {
    /// At most a hundred times the request, so that others get to send too.
    fn send(&mut self, request: &[u8]) -> io::Result<()> {
        let Some(stream) = &mut self.stream else {
            return Ok(());
        };
        for _ in 0..100 {
            match stream.write(&request[self.sent..]) {
                Ok(count) => self.sent = (self.sent + count) % request.len(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_millis(100))?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}
