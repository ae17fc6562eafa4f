//! The server over its socket, without a browser.

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/stalled.rs"]
mod stalled;

#[path = "../support/strings.rs"]
mod strings;

mod answers;
mod bounds;
mod refusals;

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mnist::{Digits, IMAGE_SIDE, Mnist};
use serde_json::{Value, json};
use serve::Limits;

use support::http::Client;
use support::{Checkout, Running, content, recorded};

static DIGITS: LazyLock<Digits> = LazyLock::new(|| {
    let data = recorded().workspace().data();
    Mnist::load_verified(&data).unwrap().test
});

/// A server of all steps, and the checkout whose results and runs it shows.
struct Page {
    server: Running,
    checkout: Checkout,
}

impl Page {
    fn start(limits: Limits) -> Self {
        let checkout = Checkout::new();
        Self {
            server: Running::start(content(&checkout), limits),
            checkout,
        }
    }

    fn client(&self) -> Client {
        Client::connect(self.server.address).unwrap()
    }
}

/// Limits that a test does not meet.
fn generous() -> Limits {
    Limits {
        requests_per_second: 1e6,
        burst: 1e6,
        ..Limits::default()
    }
}

/// A test digit as it is sent.
fn drawing(index: usize) -> Value {
    json!({
        "width": IMAGE_SIDE,
        "height": IMAGE_SIDE,
        "pixels": BASE64.encode(DIGITS.image(index)),
    })
}
