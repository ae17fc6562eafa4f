//! What is printed on terminals of several widths: whole words, and whole borders.

mod program;

use std::fs;
use std::path::Path;
use std::process::Command;

use evidence::{Kind, ResultsTable};
use experiment::Name;
use made_up::write_data;

use program::{ladder, places, text};

const WIDTHS: [usize; 4] = [60, 80, 100, 140];

/// What a command prints on a terminal of this width, or into a pipe.
fn printed(command: &mut Command, width: Option<usize>) -> String {
    match width {
        Some(width) => command.env("COLUMNS", width.to_string()),
        None => command.env_remove("COLUMNS"),
    };
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    text(&output.stdout).to_owned()
}

fn words(text: &str) -> Vec<&str> {
    let is_border = |letter: char| letter.is_whitespace() || "│┆".contains(letter);
    let words = text.split(is_border);
    words.filter(|word| !word.is_empty()).collect()
}

/// No line is too long; lines of a table are equally long, and begin and end with its border; there is no other word than
/// in `wide`.
fn assert_whole(text: &str, wide: &str, width: usize) {
    let known = words(wide);
    for line in text.lines() {
        let length = line.chars().count();
        assert!(length <= width, "{length} of {width}: {line}\n{text}");
    }
    let is_border = |letter: char| ('\u{2500}'..='\u{257f}').contains(&letter);
    let of_table: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(is_border))
        .collect();
    for line in &of_table {
        assert_eq!(line.chars().count(), of_table[0].chars().count(), "{text}");
        assert!(line.ends_with(is_border), "{line}\n{text}");
    }
    for word in words(text) {
        let is_of_border = word.chars().all(is_border);
        assert!(
            is_of_border || known.contains(&word),
            "{word:?} at {width}\n{text}"
        );
    }
}

#[test]
fn help_is_broken_between_words() {
    let commands = [
        "table",
        "architecture",
        "train",
        "run",
        "report",
        "predict",
        "quantize",
        "serve",
        "completions",
    ];
    let arguments = commands.iter().map(|command| vec![*command, "--help"]);
    for arguments in arguments.chain([vec!["--help"]]) {
        let wide = printed(&mut ladder(&arguments), Some(1_000));
        for width in WIDTHS {
            let text = printed(&mut ladder(&arguments), Some(width));
            assert_whole(&text, &wide, width);
            // Nothing is lost either.
            assert_eq!(words(&text), words(&wide), "{arguments:?}");
        }
    }
}

#[test]
fn tables_have_the_columns_that_there_is_room_for() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let printed = |arguments: &[&str], width| {
        let mut command = ladder(arguments);
        printed(command.current_dir(&workspace), width)
    };
    // Relative, for it is printed too and cannot be broken.
    let path = "networks/mobilenet-v2.json";
    let first = ["architecture", "1"];
    for arguments in [
        &["table"][..],
        &first,
        &["architecture", path],
        &["quantize"],
    ] {
        let all = printed(arguments, None);
        // What only the narrow form says.
        let wide = format!("{all} Accuracy, % Held What it adds --wide shows all columns.");
        let titles = ladder::steps::experiments()
            .into_iter()
            .map(|step| step.title);
        let wide = titles.fold(wide, |wide, title| format!("{wide} {title}"));
        let bare = all.replace(" %", "");
        for width in WIDTHS {
            let text = printed(arguments, Some(width));
            assert_whole(&text, &format!("{wide} {bare}"), width);
        }
        if arguments[0] != "quantize" {
            let forced = [arguments, &["--wide"]].concat();
            assert_eq!(printed(&forced, Some(60)), all);
        }
    }
}

#[test]
fn a_training_ends_with_a_verdict_and_few_lines() {
    let place = tempfile::tempdir().unwrap();
    write_data(&place.path().join("data/mnist"), 200, 50);
    let step = ladder::steps::last();
    let mut own = step.clone();
    own.name = Name::from_static("own");
    own.recipe.distillation = None;
    fs::write(
        place.path().join("own.json"),
        serde_json::to_string(&own).unwrap(),
    )
    .unwrap();
    for word in [step.name.as_str(), "own.json"] {
        let train = |width| printed(&mut training(place.path(), word), width);
        let first = train(None);
        assert!(first.contains("\nVerdict: "), "{first}");
        let again = train(None);
        for width in WIDTHS {
            let text = train(Some(width));
            let (_, end) = text.split_once("\nVerdict: ").unwrap();
            let wide = format!(
                "{again} Accuracy, % Held What it adds {} {}",
                step.title,
                again.replace(" %", "")
            );
            assert_whole(end, &wide, width);
            assert!(end.lines().count() < 40, "{text}");
            assert_eq!(end.matches("→ ").count(), 1, "{text}");
            assert!(
                words(end)
                    .join(" ")
                    .contains("`cargo ladder table` shows all steps"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_run_has_the_step_before_it_beside_it() {
    let records = places().records(Kind::Step).unwrap();
    let steps = ladder::steps::experiments();
    for (at, step) in steps.iter().enumerate() {
        let run = places().record(Kind::Step, &step.name, 1).unwrap();
        let rows = ResultsTable::of_step_before(&records, &run).rows();
        let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        let marked = format!("→ {} (", step.name);
        assert!(names.last().unwrap().starts_with(&marked), "{names:?}");
        let before: Vec<&str> = steps[..at].iter().map(|step| step.name.as_str()).collect();
        let before = before.last().map_or(&[][..], std::slice::from_ref);
        assert_eq!(&names[..names.len() - 1], before);
    }
}

/// A training of one epoch in a workspace of its own.
fn training(place: &Path, word: &str) -> Command {
    let mut command = ladder(&["train", word, "--epochs", "1"]);
    command
        .env("MNIST_DATA_DIR", place.join("data/mnist"))
        .current_dir(place);
    command
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = printed(&mut ladder(&["completions", shell]), None);
        assert!(script.contains("architecture"), "{shell}");
    }
}
