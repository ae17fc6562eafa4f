//! The charts among the results: the SVG files that lie directly in their folder. Links are not followed, for they may lead
//! to any file, and a file that is too large for a chart is left out.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::ready::Ready;

/// A larger file is no chart.
const MAX_CHART_BYTES: u64 = 4_000_000;

/// A chart, ready to be sent.
#[derive(Clone, Debug, Serialize)]
pub struct Chart {
    /// Name of the file.
    pub name: String,
    /// What the chart calls itself, or else its file's name in words.
    pub title: String,
    /// Its content.
    #[serde(skip)]
    pub svg: Ready,
}

/// All charts of a folder by name; none where there is no folder.
///
/// # Errors
///
/// A chart cannot be read. Names the file.
pub fn read_charts(directory: &Path) -> Result<Vec<Chart>> {
    let mut charts = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        let (Some(name), Some(stem)) = (
            path.file_name().and_then(|name| name.to_str()),
            path.file_stem().and_then(|stem| stem.to_str()),
        ) else {
            continue;
        };
        let is_svg = path.extension().is_some_and(|extension| extension == "svg");
        let is_chart = |file: fs::Metadata| file.is_file() && file.len() <= MAX_CHART_BYTES;
        if !is_svg || !fs::symlink_metadata(&path).is_ok_and(is_chart) {
            continue;
        }
        let svg = files::read(&path, MAX_CHART_BYTES)
            .with_context(|| format!("cannot read {}", path.display()))?;
        charts.push(Chart {
            name: name.to_owned(),
            title: title(&svg).unwrap_or_else(|| in_words(stem)),
            svg: Ready::new("image/svg+xml", svg),
        });
    }
    charts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(charts)
}

/// The text of the first `<title>`, with which an SVG file says what it shows.
fn title(svg: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(svg).ok()?;
    let (_, rest) = text.split_once("<title>")?;
    let (title, _) = rest.split_once("</title>")?;
    let title = title
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    Some(title.trim().to_owned()).filter(|title| !title.is_empty())
}

/// A name like `curves-loss` as `Curves loss`.
fn in_words(stem: &str) -> String {
    let words = stem.replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_are_the_svg_files_of_the_folder_itself() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, content: &str| {
            fs::write(directory.path().join(name), content).unwrap();
        };
        write("curves-loss.svg", "<svg></svg>");
        write(
            "accuracy.svg",
            "<svg><title> Accuracy &gt; 99 %\n</title></svg>",
        );
        write("notes.md", "no chart");
        fs::create_dir(directory.path().join("folder.svg")).unwrap();
        let large = fs::File::create(directory.path().join("large.svg")).unwrap();
        large.set_len(MAX_CHART_BYTES + 1).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink("notes.md", directory.path().join("link.svg")).unwrap();
        let charts = read_charts(directory.path()).unwrap();
        let found: Vec<_> = charts
            .iter()
            .map(|chart| (chart.name.as_str(), chart.title.as_str()))
            .collect();
        assert_eq!(
            found,
            [
                ("accuracy.svg", "Accuracy > 99 %"),
                ("curves-loss.svg", "Curves loss")
            ]
        );
        assert_eq!(
            read_charts(&directory.path().join("none")).unwrap().len(),
            0
        );
    }
}
