//! A training that is started and stopped on the page. What becomes of it is the affair of `ladder`'s tests.

use std::process::Command;

use evidence::Places;
use serve::{Content, Wanted};

use crate::support::{Checkout, content, steps};
use crate::{NARROW, Page};

/// A process that ends with its input, and trains nothing.
fn train(_: &Places, wanted: &Wanted) -> anyhow::Result<Command> {
    assert_eq!(wanted.seed, 5);
    Ok(Command::new("cat"))
}

/// What the page shows where it may train.
pub fn content_with_training(checkout: &Checkout) -> Content {
    Content {
        train: Some(train),
        ..content(checkout)
    }
}

#[test]
#[ignore = "needs Chromium"]
fn a_training_is_started_and_stopped() {
    let checkout = Checkout::new();
    let content = content_with_training(&checkout);
    let mut page = Page::open_with(content, checkout, NARROW);
    let browser = &mut page.browser;
    let status = |words: &str| {
        format!("document.querySelector('#train-status').textContent.includes({words:?})")
    };
    browser.wait_until("!document.querySelector('#train').hidden");
    // The recipe's epochs are proposed.
    let epochs = "document.querySelector('#train-epochs').valueAsNumber";
    assert_eq!(browser.value(epochs), steps()[0].recipe.epochs);
    browser.value("document.querySelector('#train-seed').value = 5");
    browser.value("document.querySelector('#train-epochs').value = 2");
    browser.click("#train-start");
    browser.wait_until(&status("Training step 1 with seed 5, 2 epochs."));
    let disabled = "document.querySelector('#train-start').disabled";
    assert_eq!(browser.value(disabled), true);
    browser.click("#train-stop");
    browser.wait_until(&format!("!{disabled}"));
    assert_eq!(browser.value(&status("failed")), false);
    page.assert_sound();
}
