//! What the workspace is built from: where packages come from, and under which licences.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// The licences that a package may name, in the words of SPDX. None asks more of a program that is built with the
/// package than to keep its notices, but for MPL-2.0, which asks for changes to the package itself.
const LICENCES: [&str; 19] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "LLVM-exception",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "WTFPL",
    "Zlib",
    // What joins them.
    "AND",
    "OR",
    "WITH",
];

/// Packages that come with a licence's text and do not name it: this one's is Apache-2.0.
const UNNAMED: [&str; 1] = ["cfg_block"];

/// All packages that a build on this machine may use, as cargo describes them. The lock file names others, for other
/// systems, which need not be here.
fn packages() -> Vec<Value> {
    let output = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{program} {arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    };
    let rustc = output("rustc", &["-vV"]);
    let host = rustc
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .unwrap();
    let arguments = [
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--filter-platform",
    ];
    let metadata = output(env!("CARGO"), &[&arguments[..], &[host]].concat());
    let metadata: Value = serde_json::from_str(&metadata).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

#[test]
fn every_package_is_under_a_known_licence() {
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let Some(licence) = package["license"].as_str() else {
            assert!(UNNAMED.contains(&name), "{name} names no licence");
            continue;
        };
        let unknown = licence
            .split([' ', '/', '(', ')'])
            .find(|word| !word.is_empty() && !LICENCES.contains(word));
        assert_eq!(unknown, None, "{name}: {licence}");
    }
}

#[test]
fn every_package_is_from_a_registry_or_from_here() {
    let (mut here, mut elsewhere) = (0, 0);
    for package in packages() {
        match package["source"].as_str() {
            None => here += 1,
            Some(source) => {
                assert!(
                    source.starts_with("registry+") || source.starts_with("sparse+"),
                    "{} is from {source}, which may change or go away",
                    package["name"]
                );
                elsewhere += 1;
            }
        }
    }
    assert!(
        here > 10 && elsewhere > 10,
        "{here} from here, {elsewhere} from elsewhere"
    );
}
