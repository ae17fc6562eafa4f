//! What axe-core (Deque Systems, MPL 2.0) finds wrong with the page for those who see, hear or move otherwise.
//!
//! It comes from npm's registry, in exactly this version, into a folder of its own; where AXE names a file, from there.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

use evidence::sha256;
use serde_json::json;

use crate::support::Checkout;
use crate::trainer::content_with_training;
use crate::webdriver::View;
use crate::{Host, NARROW, Page, WIDE};

const VERSION: &str = "4.14.1";

/// Of `axe.min.js` in this version.
const SHA256: &str = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c";

#[test]
#[ignore = "needs Chromium, npm and its registry"]
fn axe_finds_nothing() {
    let axe = axe();
    let checkout = Checkout::new();
    let content = content_with_training(&checkout);
    for mut page in [
        Page::open_with(content, checkout, WIDE),
        Page::from(Host::Files, WIDE),
    ] {
        assert_sound_for_all(&mut page, &axe);
    }
}

fn assert_sound_for_all(page: &mut Page, axe: &str) {
    page.open_at("#digit=947");
    // Not what it said of the sample: the layers are still moving then.
    page.browser.wait_until(
        "document.querySelector('#versus-title')?.textContent === 'Why an 8 and not a 9?'",
    );
    let layer = "#maps > li:nth-child(2) canvas";
    page.browser.draw(layer, "mouse", &[[0.11, 0.4]]);
    page.browser
        .wait_until("document.querySelector('.why .formula b') !== null");
    page.browser.run(axe);
    for view in [WIDE, NARROW] {
        for dark in [false, true] {
            page.browser.view(View { dark, ..view });
            let found = page.browser.eventual(
                "const done = arguments[arguments.length - 1]; \
                 const short = ({ id, nodes }) => [id, nodes.slice(0, 3).map((it) => it.html + it.failureSummary)]; \
                 axe.run().then(({ violations }) => done(violations.map(short)), (error) => done(String(error)));",
            );
            assert_eq!(found, json!([]), "{view:?}, dark: {dark}");
        }
    }
}

/// The text of `axe.min.js`.
fn axe() -> String {
    if let Some(path) = env::var_os("AXE") {
        return fs::read_to_string(path).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    let package = format!("axe-core@{VERSION}");
    run("npm", &["pack", "--silent", &package], folder.path());
    let archive = format!("axe-core-{VERSION}.tgz");
    run("tar", &["-xzf", &archive], folder.path());
    let text = fs::read_to_string(folder.path().join("package/axe.min.js")).unwrap();
    let found = sha256(text.as_bytes());
    assert_eq!(found, SHA256, "{package} has another axe.min.js");
    text
}

fn run(program: &str, arguments: &[&str], folder: &Path) {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(folder).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
}
