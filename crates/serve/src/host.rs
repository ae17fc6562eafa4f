//! Under which names the server answers.
//!
//! A page of somebody else can make its own name point at this machine (DNS rebinding). The browser then takes this server
//! for that page's, and lets the page read whatever it answers; but it says in the `Host` header which name was asked for.
//! So only these are answered: `localhost`, the name that the server was told to listen on, and addresses: those of the
//! loopback, the one that it listens on, and any if it listens on all of them (`0.0.0.0` or `::`), for an address cannot
//! be made to point elsewhere. The port does not matter: it may be forwarded.

use std::net::IpAddr;

use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{StatusCode, Version, header};

use crate::refusal::Refusal;

/// The names that the server answers under.
#[derive(Clone, Debug)]
pub struct Hosts {
    /// What it was told to listen on.
    name: String,
    /// The address that it listens on.
    address: IpAddr,
}

impl Hosts {
    /// Those of a server that was told to listen on `name`, and listens on `address`.
    pub fn new(name: &str, address: IpAddr) -> Self {
        Self {
            name: name.to_owned(),
            address,
        }
    }

    /// Checks which host a request is meant for.
    ///
    /// # Errors
    ///
    /// It does not say, says it twice or not as it should (400), or means another host (421).
    pub fn check(&self, request: &Parts) -> Result<(), Refusal> {
        let unclear = |message| Refusal::new(StatusCode::BAD_REQUEST, message);
        let headers: Vec<_> = request.headers.get_all(header::HOST).iter().collect();
        let host = match headers[..] {
            // Programs that speak HTTP/1.0 need not say. Browsers do not speak it.
            [] if request.version < Version::HTTP_11 => None,
            [] => return Err(unclear("the request has no Host header")),
            [header] => Some(
                Authority::try_from(header.as_bytes())
                    .map_err(|_| unclear("the Host header is no host"))?,
            ),
            _ => return Err(unclear("the request has several Host headers")),
        };
        for host in host.iter().chain(request.uri.authority()) {
            if !self.answers_as(host.host()) {
                let message = format!(
                    "this server does not answer as {}; open it as localhost, or name the host with --host",
                    host.host()
                );
                return Err(Refusal::new(StatusCode::MISDIRECTED_REQUEST, message));
            }
        }
        Ok(())
    }

    fn answers_as(&self, host: &str) -> bool {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse();
        match address {
            Ok(address) => {
                let address: IpAddr = address;
                address.is_loopback() || address == self.address || self.address.is_unspecified()
            }
            Err(_) => ["localhost", &self.name]
                .iter()
                .any(|name| name.eq_ignore_ascii_case(host)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(name: &str, address: &str, host: &str) -> bool {
        Hosts::new(name, address.parse().unwrap()).answers_as(host)
    }

    #[test]
    fn names_of_others_are_not_answered() {
        for host in ["localhost", "LocalHost", "127.0.0.1", "[::1]"] {
            assert!(answered("127.0.0.1", "127.0.0.1", host), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "192.168.0.7",
            "0.0.0.0",
            "",
        ] {
            assert!(!answered("127.0.0.1", "127.0.0.1", host), "{host}");
        }
        assert!(answered("my.machine", "192.168.0.7", "my.machine"));
        assert!(answered("my.machine", "192.168.0.7", "192.168.0.7"));
        assert!(!answered("my.machine", "192.168.0.7", "192.168.0.8"));
        for all in ["0.0.0.0", "::"] {
            assert!(answered(all, all, "192.168.0.7"));
            assert!(answered(all, all, "[fe80::1]"));
            assert!(!answered(all, all, "evil.example"));
        }
    }
}
