//! Documents are made from records alone: no backend is linked, so none can have a say in them.

use std::process::Command;

#[test]
fn no_backend_and_no_network_is_among_the_dependencies() {
    let arguments = [
        "tree",
        "--offline",
        "--package",
        "report",
        "--edges",
        "normal,build",
    ];
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--prefix", "none"])
        .output()
        .unwrap();
    let tree = String::from_utf8_lossy(&output.stdout);
    assert!(tree.contains("evidence v"), "{output:?}");
    let names = tree.lines().filter_map(|line| line.split(' ').next());
    for name in names {
        let runs_networks = ["model-core", "inference", "training"].contains(&name);
        assert!(!runs_networks && !name.starts_with("burn"), "{name}");
    }
}
