//! The page without its server: files for any host of static files.
//!
//! They are the files that the server has, but for those that train, without comments and indentation. In place of what the server
//! reads there is one file, `answers.bin`; what the server computes, `page/exported.js` computes in the browser.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use evidence::Kind;
use flate2::Compression;
use serde::Serialize;

use crate::Content;
use crate::assets::{FILES, POLICY};
use crate::ladder::Ladder;
use crate::ready::compressed;
use crate::results::Table;
use crate::test_digits::Label;
use crate::weights::Weights;

/// What an exported page has no use for.
const OF_THE_SERVER: [&str; 2] = ["/trainer.js", "/trainings.js"];

/// Of the test digits an exported page has the first ones, so many, and those that a step gets wrong.
const FIRST_DIGITS: usize = 10;

/// What the server would answer, but for numbers and pixels.
#[derive(Serialize)]
struct Answers {
    ladder: Ladder,
    results: Table,
    weights: BTreeMap<String, Weights>,
    /// How many of all networks, in the order of their names, are behind this line.
    numbers: usize,
    digits: Vec<Label>,
}

/// Name and content of each file of the page. They find one another by relative paths, so a host may have them in any folder.
/// The same content gives the same bytes.
///
/// # Errors
///
/// The records cannot be read.
pub fn exported_page(content: &Content) -> Result<Vec<(&'static str, Vec<u8>)>> {
    let files = FILES.into_iter();
    let files = files.filter(|(path, _, _)| !OF_THE_SERVER.contains(path));
    let mut files: Vec<_> = files
        .map(|(path, _, text)| match path {
            "/" => ("index.html", marked(text)),
            path => (path.trim_start_matches('/'), text.to_owned()),
        })
        .map(|(name, text)| (name, without_comments(&text).into_bytes()))
        .collect();
    files.push(("answers.bin", answers(content)?));
    Ok(files)
}

/// The page with the mark by which its scripts know that there is no server, and with what that would have said in headers.
fn marked(page: &str) -> String {
    // A browser takes this from a header alone.
    let policy = POLICY.replace("; frame-ancestors 'none'", "");
    let charset = "<meta charset=\"utf-8\">";
    let headers = format!(
        "{charset}\n  <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n  \
         <meta name=\"referrer\" content=\"no-referrer\">"
    );
    page.replacen("<html ", "<html data-exported ", 1)
        .replacen(charset, &headers, 1)
}

/// A file without indentation, empty lines, and comments that are lines of their own: a sixth of all is in these.
fn without_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut is_inside = false;
    for line in text.lines().map(str::trim) {
        is_inside |= line.starts_with("/*");
        if !is_inside && !line.is_empty() && !line.starts_with("//") {
            kept += line;
            kept.push('\n');
        }
        is_inside &= !line.ends_with("*/");
    }
    kept
}

/// Compressed as gzip does it: a line of JSON; the numbers of all networks in three planes; and the pixels of the digits.
fn answers(content: &Content) -> Result<Vec<u8>> {
    let Content {
        steps,
        test_digits,
        places,
        ..
    } = content;
    let ladder = Ladder::new(steps, test_digits, &places.records(Kind::Step)?)?;
    let evaluations = ladder.steps.iter().filter_map(|it| it.evaluation.as_ref());
    let wrong = evaluations.flat_map(|it| it.misclassified.iter().map(|it| it.image));
    let digits: BTreeSet<usize> = (0..FIRST_DIGITS.min(test_digits.len()))
        .chain(wrong)
        .collect();
    let networks = steps.iter().filter_map(|(step, model)| {
        let weights = model.as_ref().ok().map(Weights::of)?;
        Some((step.name.to_string(), weights))
    });
    let mut weights: BTreeMap<String, Weights> = networks.collect();
    let numbers: Vec<i32> = weights
        .values_mut()
        .flat_map(Weights::take_numbers)
        .collect();
    let answers = Answers {
        ladder,
        results: Table::read(places)?,
        weights,
        numbers: numbers.len(),
        digits: digits
            .iter()
            .map(|index| Label::of(test_digits, *index))
            .collect(),
    };
    let mut file = serde_json::to_vec(&answers)?;
    file.push(b'\n');
    file.extend(planes(&numbers));
    for index in digits {
        file.extend(test_digits.image(index));
    }
    Ok(compressed(&file, Compression::best())?)
}

/// The three lower bytes of integers: first the lowest of all, which cannot be compressed, last the highest.
fn planes(numbers: &[i32]) -> Vec<u8> {
    let plane = |byte: usize| numbers.iter().map(move |it| it.to_le_bytes()[byte]);
    (0..3).flat_map(plane).collect()
}
