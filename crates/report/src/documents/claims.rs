//! Numbers that are written by hand: each must be a fact about the runs that its paragraph speaks of.
//!
//! A number counts if it has two decimals or more (`99.47`, `0.05`), is a count of epochs or runs (`49 of 50`), or has a comma (`5,678`).
//! A paragraph of a step speaks of that step, of the one before it, and of whatever it names: `step 3`, `steps 2 to 5`, a name
//! in backticks of what was tried, or `without augmentation`. Published numbers and targets are in emphasis, and are not looked at.

use std::collections::BTreeSet;

use anyhow::Result;
use evidence::Record;

use super::last_step::planned_and_fresh;
use super::without::left_out;
use crate::Problem;
use crate::inputs::{EVIDENCE, FRONTIER, Inputs, README, WITHOUT, step_source};
use crate::numbers::facts::Facts;

/// A line on each number that is no fact.
pub(crate) fn problems(inputs: &Inputs) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    let last = inputs.experiments.len();
    for (index, step) in inputs.experiments.iter().enumerate() {
        let itself = [index, index + 1].into_iter().filter(|step| *step > 0);
        check(inputs, &step_source(step), &itself.collect(), &mut problems)?;
    }
    for path in [README, EVIDENCE] {
        check(inputs, path, &(1..=last).collect(), &mut problems)?;
    }
    for path in [WITHOUT, FRONTIER] {
        check(inputs, path, &[last].into(), &mut problems)?;
    }
    Ok(problems)
}

/// Checks the file at `path`, whose paragraphs all speak of `steps`, from 1.
fn check(
    inputs: &Inputs,
    path: &str,
    steps: &BTreeSet<usize>,
    problems: &mut Vec<Problem>,
) -> Result<()> {
    for paragraph in paragraphs(inputs.text(path)) {
        let numbers = numbers(&paragraph);
        if numbers.is_empty() {
            continue;
        }
        let facts = facts(inputs, &paragraph, steps)?;
        let unknown = numbers.into_iter().filter(|number| !facts.has(number));
        problems.extend(unknown.map(|number| {
            format!("{path}: {number} is no number of the results that its paragraph speaks of")
        }));
    }
    Ok(())
}

/// What may be said in a paragraph.
fn facts(inputs: &Inputs, paragraph: &str, steps: &BTreeSet<usize>) -> Result<Facts> {
    let mut spoken_of: Vec<Vec<&Record>> = Vec::new();
    let steps = steps.iter().copied().chain(named_steps(paragraph));
    for step in steps.collect::<BTreeSet<_>>() {
        let step = inputs.experiments.get(step - 1);
        let runs = step.map(|step| inputs.runs(step)).unwrap_or_default();
        let (planned, fresh) = planned_and_fresh(&runs);
        spoken_of.extend([runs, planned, fresh]);
    }
    let left_out = left_out(inputs);
    let named = |what: &str| paragraph.contains(&format!("ithout {what}"));
    spoken_of.extend(
        left_out
            .into_iter()
            .filter(|(what, _)| named(what))
            .map(|(_, runs)| runs),
    );
    let names: BTreeSet<&str> = paragraph.split('`').skip(1).step_by(2).collect();
    for name in names {
        let tried = [
            &inputs.search_runs,
            &inputs.frontier_runs,
            &inputs.swapped_runs,
        ];
        for runs in tried {
            let runs: Vec<_> = runs.iter().filter(|run| run.name() == name).collect();
            let (planned, fresh) = planned_and_fresh(&runs);
            spoken_of.push(runs);
            if !fresh.is_empty() {
                spoken_of.extend([planned, fresh]);
            }
        }
    }
    let mut facts = Facts::default();
    for (index, runs) in spoken_of.iter().enumerate() {
        facts.add_runs(runs)?;
        for before in &spoken_of[..index] {
            facts.add_difference(before, runs)?;
        }
    }
    Ok(facts)
}

/// The steps that a text names, from 1: `step 3`, `steps 2 and 4`, `steps 2 to 5`.
fn named_steps(text: &str) -> Vec<usize> {
    let mut steps = Vec::new();
    let lower = text.to_lowercase();
    for part in lower.split("step").skip(1) {
        let mut is_range = false;
        for word in part.trim_start_matches('s').split_whitespace() {
            let bare = word.trim_end_matches(|it: char| it.is_ascii_punctuation());
            match (bare, bare.parse::<usize>()) {
                ("to", _) => is_range = true,
                ("and" | "or", _) => {}
                (_, Ok(step)) if (1..100).contains(&step) => {
                    let first = steps.last().copied().filter(|_| is_range);
                    steps.extend(first.map_or(step, |first| first + 1)..=step);
                    is_range = false;
                }
                _ => break,
            }
        }
    }
    steps
}

/// The paragraphs and bullets that are written by hand, each in one line: without tables, code and what is generated.
fn paragraphs(source: &str) -> Vec<String> {
    let is_comment = source.contains("//! ");
    let mut paragraphs = vec![String::new()];
    let (mut generated, mut code) = (false, false);
    for line in source.lines() {
        let line = match line.strip_prefix("//!") {
            Some(line) => line.trim(),
            None if is_comment => continue,
            None => line.trim(),
        };
        generated |= line.starts_with("<!-- begin");
        code ^= line.starts_with("```");
        if line.is_empty() || line.starts_with("- ") || line.starts_with('|') || generated || code {
            paragraphs.push(String::new());
        }
        generated &= !line.starts_with("<!-- end");
        if !(generated || code || line.starts_with("<!--") || line.starts_with('|')) {
            let paragraph = paragraphs.last_mut().expect("there is one");
            *paragraph += line;
            paragraph.push(' ');
        }
    }
    paragraphs
}

/// The numbers of a paragraph that must be facts, but for those in emphasis, in backticks and in links.
fn numbers(paragraph: &str) -> Vec<String> {
    let mut plain = String::new();
    for (index, part) in paragraph.split('`').enumerate() {
        plain += if index % 2 == 0 { part } else { " " };
    }
    let outside: String = plain.split('*').step_by(2).collect();
    let words: Vec<&str> = outside
        .split(|it: char| !(it.is_ascii_alphanumeric() || ".,%".contains(it)))
        .map(|word| word.trim_matches(['.', ',']))
        .filter(|word| !word.is_empty())
        .collect();
    let mut numbers = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let is_number = |word: &str| word.bytes().all(|it| it.is_ascii_digit());
        let decimals = word.split_once('.');
        let has_decimals = decimals.is_some_and(|(whole, decimals)| {
            is_number(whole) && is_number(decimals) && decimals.len() >= 2
        });
        let grouped = word.split_once(',');
        let is_grouped = grouped.is_some_and(|(first, rest)| is_number(first) && is_number(rest));
        if has_decimals || (is_grouped && !ROUND.contains(word)) {
            numbers.push((*word).to_owned());
        }
        if let Some(["of", all]) = words.get(index + 1..index + 3)
            && is_number(word)
            && is_number(all)
        {
            numbers.push(format!("{word} of {all}"));
        }
    }
    numbers
}

/// Numbers that are of no run: sizes of the data set and of its parts, the limit and the aim.
const ROUND: [&str; 6] = ["60,000", "50,000", "10,000", "6,000", "8,000", "2,000"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_results_give_are_found_and_others_are_not() {
        let text = "With 5,678 parameters it reaches 99.47 ± 0.04 %, in 49 of 50 epochs of 15; 8 % of 60,000 images, `0.123`, and *99.05 %* \
                    elsewhere. At 0.005, and of step 3 of 6.";
        let expected = ["5,678", "99.47", "0.04", "49 of 50", "0.005", "3 of 6"];
        assert_eq!(numbers(text), expected);
    }

    #[test]
    fn steps_are_named_alone_in_lists_and_in_ranges() {
        assert_eq!(named_steps("Step 3 is better."), [3]);
        assert_eq!(named_steps("steps 2, 3 and 5; step 1"), [2, 3, 5, 1]);
        assert_eq!(named_steps("Steps 2 to 5, a step before"), [2, 3, 4, 5]);
    }

    #[test]
    fn what_is_generated_code_or_a_table_is_no_paragraph() {
        let source = "//! One\n//! line.\n//!\n//! - A bullet\n//!   of two.\n//! <!-- begin: a -->\n//! 1.23\n//! <!-- end: a -->\n//! | 4.56 |\n\nlet x = 7.89;\n";
        let paragraphs = paragraphs(source);
        let texts = paragraphs.iter().map(|it| it.trim());
        let texts: Vec<&str> = texts.filter(|it| !it.is_empty()).collect();
        assert_eq!(texts, ["One line.", "- A bullet of two."]);
    }
}
