//! Only this crate knows where results and runs lie: no other crate's code spells a path there.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The folders below which only this crate makes paths.
const FOLDERS: [&str; 2] = ["results", "runs"];

#[test]
fn no_other_crate_spells_a_path_of_the_results_or_of_the_runs() {
    let root = files::Workspace::find().unwrap().root().to_owned();
    let crates = ["crates", "experiments"].map(|folder| children(&root.join(folder)));
    let crates = crates.iter().flatten();
    let others = crates.filter(|path| !path.ends_with("evidence"));
    let sources: Vec<PathBuf> = others.flat_map(|path| sources(&path.join("src"))).collect();
    assert!(sources.len() > 50, "only {} files were read", sources.len());
    let mut found = Vec::new();
    for source in sources {
        let code = fs::read_to_string(&source).unwrap();
        for literal in paths_in(&code) {
            found.push(format!("{}: {literal}", source.display()));
        }
    }
    assert!(
        found.is_empty(),
        "these paths are to come from evidence::Places:\n{}",
        found.join("\n")
    );
}

#[test]
fn paths_are_told_from_comments_from_prose_and_from_tests() {
    let code = r##"
        //! Reads results/a.json.
        /// Where one's own runs are: "runs/".
        fn spell(root: &Path) -> PathBuf {
            // root.join("results")
            println!("look into runs/ or at results/a.json: {}", 'r');
            let known = ["--runs", "experiments/a/src/lib.rs", "/api/results", "results.json"];
            let raw = r#"results/"a".json"#;
            root.join("../runs").join("results").join(format!("{root}/runs/{known}"))
        }
        #[cfg(test)]
        mod tests {
            const PATH: &str = "results/of-a-test.json";
        }
        const BEHIND: &str = "runs";
    "##;
    let expected = [
        r##"r#"results/"a".json"#"##,
        r#""../runs""#,
        r#""results""#,
        r#""{root}/runs/{known}""#,
        r#""runs""#,
    ];
    assert_eq!(paths_in(code), expected);
}

/// The string literals in some code that spell a path of the results or of the runs; but for those in tests.
fn paths_in(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    collect(code.parse().unwrap(), &mut paths);
    paths
}

fn collect(tokens: TokenStream, paths: &mut Vec<String>) {
    let mut is_test = false;
    for token in tokens {
        match token {
            TokenTree::Group(group) if is_attribute(&group, "cfg (test)") => is_test = true,
            // What `#[cfg(test)]` is on ends with its body.
            TokenTree::Group(group) if is_test => is_test = group.delimiter() != Delimiter::Brace,
            // A doc comment is such an attribute to the compiler.
            TokenTree::Group(group) if is_attribute(&group, "doc =") => {}
            TokenTree::Group(group) => collect(group.stream(), paths),
            TokenTree::Literal(literal) if !is_test => {
                let literal = literal.to_string();
                if spells_a_path(&literal) {
                    paths.push(literal);
                }
            }
            TokenTree::Punct(punct) if punct.as_char() == ';' => is_test = false,
            _ => {}
        }
    }
}

fn is_attribute(group: &Group, begins: &str) -> bool {
    group.delimiter() == Delimiter::Bracket && group.stream().to_string().starts_with(begins)
}

/// Whether a literal is a path into one of the folders: one that begins there, or comes there from a folder that is filled
/// in or that is upwards. Prose, told by its white space, may name them, and so may addresses of the page.
fn spells_a_path(literal: &str) -> bool {
    let Some((_, content)) = literal.split_once('"') else {
        return false;
    };
    if content.contains(char::is_whitespace) {
        return false;
    }
    let content = content.trim_end_matches('#').trim_end_matches('"');
    let mut before = "..";
    content.split('/').any(|part| {
        let leads_there = before.ends_with('}') || [".", ".."].contains(&before);
        before = part;
        leads_there && FOLDERS.contains(&part)
    })
}

/// The Rust files in a folder and below; none without it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in children(folder) {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension() == Some("rs".as_ref()) {
            found.push(path);
        }
    }
    found
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}
