//! The page on speed in a small made-up workspace.

use crate::workspace::{STEPS, Workspace};

const PEERS: &str = "docs/speed/against_peers.json";

/// What a benchmark prints of a network, with what the figures depend on.
fn measurement(networks: &str) -> String {
    format!(
        r#"{{"networks": {{{networks}}}, "threads": 2, "rounds": 7, "cpu": "A processor", "instructions": "avx2", "others_share": 0.02,
        "date": "2026-11-24", "versions": {{"burn": "0.22.1", "torch": "2.15.0", "onnxruntime": null}}}}"#
    )
}

fn comparison(network: &str, parameters: usize, ours: f64) -> String {
    format!(
        r#""{network}": {{"parameters": {parameters}, "batch": 64,
        "ms_per_step": {{"conv_kernels": {ours}, "flex": 20.0, "pytorch_default": 9.0, "pytorch_channels_last": 8.0}},
        "roofline_ms": 0.5, "share_of_peak": 0.123, "share_of_roofline": 0.25,
        "machine": {{"peak_gflops": 234.5, "gb_per_second": {{"layer": 65.4, "step": 32.1}}}}}}"#
    )
}

/// The parameters of a made-up step.
fn parameters(workspace: &Workspace) -> usize {
    let summary = workspace.experiments[0].architecture.summary();
    summary.unwrap().totals.parameters
}

/// The row of a table that begins with these cells.
fn row(text: &str, cells: &[&str]) -> Vec<String> {
    let rows = text.lines().map(|line| {
        let cells = line.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    });
    let mut found = rows.filter(|row| cells.iter().all(|cell| row.contains(&cell.to_string())));
    let row = found.next();
    row.unwrap_or_else(|| panic!("no row {cells:?} in {text}"))
}

#[test]
fn what_was_not_measured_is_said_to_be_so() {
    let workspace = Workspace::new();
    workspace.write().unwrap();
    let page = workspace.text("docs/speed.md");
    assert_eq!(page.matches("Not measured yet.").count(), 5, "{page}");
    assert!(workspace.text("README.md").contains("Not measured yet."));
}

#[test]
fn figures_are_those_that_the_benchmark_printed() {
    let workspace = Workspace::new();
    let known = parameters(&workspace);
    let networks = [
        comparison(STEPS[0], known, 2.0),
        comparison("reference", 8_470, 4.0),
    ];
    workspace.put(PEERS, measurement(&networks.join(",")));
    workspace.write().unwrap();
    let page = workspace.text("docs/speed.md");
    assert_eq!(
        row(&page, &[STEPS[0], "channels_last"])[3..],
        ["8.00", "8,000", "4.00"]
    );
    assert_eq!(
        row(&page, &[STEPS[0], "0.500"])[2..],
        ["2.00", "25 %", "12 %", "235", "65.4", "32.1"]
    );
    let readme = workspace.text("README.md");
    assert_eq!(
        row(&readme, &["reference"])[1..],
        ["8,470", "64", "4.00", "8.00", "2.00", "25 %"]
    );
    assert!(page.find("reference") < page.find(STEPS[0]));
    for text in [page, readme] {
        assert!(text.contains(
            "Medians of 7 rounds, 2 threads; A processor, avx2; others took 2 % of the processors' time; burn 0.22.1, torch 2.15.0; 2026-11-24."
        ));
    }
    assert!(workspace.is_up_to_date());
    let networks = comparison(STEPS[0], known, 3.0);
    workspace.put(PEERS, measurement(&networks));
    let problems = workspace.check().unwrap();
    let of = |document: &str| problems.iter().any(|problem| problem.starts_with(document));
    assert!(of("docs/speed.md") && of("README.md"), "{problems:?}");
}

#[test]
fn layers_epochs_and_predictions_have_a_row_each() {
    let workspace = Workspace::new();
    let network = STEPS[1];
    let known = parameters(&workspace);
    workspace.put(
        "docs/speed/layers.json",
        measurement(&format!(
            r#""{network}": {{"parameters": {known}, "batch": 64, "layers": [{{"layer": "1 → 4, 3×3 at 28×28",
            "forward": {{"microseconds": 123.4, "share_of_peak": 0.1, "share_of_roofline": 0.2}},
            "with_backward": {{"microseconds": 345.6, "share_of_peak": 0.3, "share_of_roofline": 0.4}}}}]}}"#
        )),
    );
    workspace.put(
        "docs/speed/epoch.json",
        measurement(&format!(
            r#""{network}": {{"parameters": {known}, "batch": 64, "threads": {{"2": {{"bare_steps_s": 2.5,
            "bare_evaluation_s": 0.5, "epoch_s": 3.3, "epoch_over_bare": 1.1, "one_thread_over_this": null}}}}}}"#
        )),
    );
    workspace.put(
        "docs/speed/latency.json",
        measurement(&format!(
            r#""{network}": {{"one_image_ms": {{"ours": 0.25, "onnxruntime": null}},
            "images_per_second": {{"ours": 40000.0}}}}"#
        )),
    );
    workspace.write().unwrap();
    let page = workspace.text("docs/speed.md");
    assert_eq!(
        row(&page, &["1 → 4, 3×3 at 28×28"])[1..],
        ["123", "10 %", "20 %", "346", "30 %", "40 %"]
    );
    assert_eq!(
        row(&page, &[network, "3.30"])[2..],
        ["2", "2.50", "0.500", "3.30", "1.10", "–"]
    );
    assert_eq!(
        row(&page, &[network, "250"])[1..],
        ["250", "–", "40,000", "–"]
    );
}

#[test]
fn a_network_that_no_longer_exists_has_no_figures() {
    let workspace = Workspace::new();
    let networks = [
        comparison("step-99-gone", 1_000, 2.0),
        comparison(STEPS[0], 999_999, 2.0),
        comparison("tiny", parameters(&workspace), 2.0),
    ];
    workspace.put(PEERS, measurement(&networks.join(",")));
    workspace.write().unwrap();
    let page = workspace.text("docs/speed.md");
    assert!(page.contains("| tiny"), "{page}");
    assert!(
        !page.contains("step-99-gone") && !page.contains(STEPS[0]),
        "{page}"
    );
}

#[test]
fn what_no_benchmark_prints_is_one_line_that_names_the_file() {
    let workspace = Workspace::new();
    for text in [
        "{",
        r#"{"networks": {}}"#,
        &measurement(r#""reference": {"ms_per_step": {}}"#),
        &measurement("").replace("A processor", "A\\nprocessor"),
    ] {
        workspace.put(PEERS, text);
        let message = format!("{:#}", workspace.check().unwrap_err());
        assert!(
            message.starts_with(&format!("{PEERS} is not what the benchmark")),
            "{message}"
        );
        assert!(!message.contains('\n'), "{message}");
    }
}
