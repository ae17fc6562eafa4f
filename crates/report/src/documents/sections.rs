//! Parts of a hand-written file that are generated: what stands between two marker lines.

use anyhow::{Context, Result, bail, ensure};

/// The generated parts of one file.
///
/// A part named `table` stands between the lines `<!-- begin: table -->` and `<!-- end: table -->`, which stay. Each
/// line of it, and the marker lines, start with `line_prefix`, so that parts can stand in comments.
#[derive(Clone, Debug)]
pub struct Sections<'a> {
    /// Path of the file, for errors.
    pub path: &'a str,
    /// What each line starts with: nothing in Markdown, `//! ` in a doc comment.
    pub line_prefix: &'a str,
    /// Name and text of every part. Each must be in the file once, and no other.
    pub contents: Vec<(&'a str, String)>,
}

/// The beginning or the end of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker<'a> {
    Begin(&'a str),
    End(&'a str),
}

impl Sections<'_> {
    /// The text with every part brought up to date, with an empty line above and below it.
    ///
    /// # Errors
    ///
    /// A marker is missing, unknown, there twice, or not in its place. Names the file and the marker.
    pub fn replace_in(&self, text: &str) -> Result<String> {
        let mut output = String::with_capacity(text.len());
        let mut open = None;
        let mut seen = Vec::new();
        for line in text.split_inclusive('\n') {
            match (self.marker(line), open) {
                (None, None) => output += line,
                (None, Some(_)) => {}
                (Some(Marker::Begin(name)), None) => {
                    let content = self.contents.iter().find(|(known, _)| *known == name);
                    let (_, content) = content.with_context(|| {
                        format!(
                            "{}: the marker \"begin: {name}\" is of no known part",
                            self.path
                        )
                    })?;
                    ensure!(
                        !seen.contains(&name),
                        "{}: the marker \"begin: {name}\" is there twice",
                        self.path
                    );
                    seen.push(name);
                    open = Some(name);
                    output += line;
                    self.append(&mut output, content);
                }
                (Some(Marker::End(name)), Some(begun)) if name == begun => {
                    open = None;
                    output += line;
                }
                (Some(Marker::Begin(name)), Some(begun)) => {
                    bail!(
                        "{}: the marker \"begin: {name}\" comes before \"end: {begun}\"",
                        self.path
                    )
                }
                (Some(Marker::End(name)), _) => {
                    bail!(
                        "{}: the marker \"end: {name}\" does not follow its \"begin: {name}\"",
                        self.path
                    )
                }
            }
        }
        if let Some(name) = open {
            bail!("{}: the marker \"end: {name}\" is missing", self.path);
        }
        for (name, _) in &self.contents {
            ensure!(
                seen.contains(name),
                "{}: the marker \"begin: {name}\" is missing",
                self.path
            );
        }
        Ok(output)
    }

    fn append(&self, output: &mut String, content: &str) {
        let lines = std::iter::once("")
            .chain(content.trim_end().lines())
            .chain(std::iter::once(""));
        for line in lines {
            *output += format!("{}{line}", self.line_prefix).trim_end();
            output.push('\n');
        }
    }

    fn marker<'line>(&self, line: &'line str) -> Option<Marker<'line>> {
        let comment = line
            .strip_prefix(self.line_prefix)?
            .trim()
            .strip_prefix("<!--")?
            .strip_suffix("-->")?
            .trim();
        let begin = comment
            .strip_prefix("begin:")
            .map(|name| Marker::Begin(name.trim()));
        begin.or_else(|| {
            comment
                .strip_prefix("end:")
                .map(|name| Marker::End(name.trim()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(text: &str) -> Result<String> {
        let contents = vec![("one", "1\n\n2".into()), ("two", "3\n".into())];
        Sections {
            path: "FILE.md",
            line_prefix: "",
            contents,
        }
        .replace_in(text)
    }

    const ONE: &str = "<!-- begin: one -->\nold\n<!-- end: one -->\n";
    const TWO: &str = "<!-- begin: two -->\n<!-- end: two -->";

    #[test]
    fn only_what_is_between_the_markers_changes() {
        let expected = "a\n<!-- begin: one -->\n\n1\n\n2\n\n<!-- end: one -->\nb\n<!-- begin: two -->\n\n3\n\n<!-- end: two -->";
        let replaced = replace(&format!("a\n{ONE}b\n{TWO}")).unwrap();
        assert_eq!(replaced, expected);
        assert_eq!(replace(&replaced).unwrap(), expected);
    }

    #[test]
    fn every_line_of_a_part_in_a_comment_has_the_prefix() {
        let contents = vec![("one", "1\n\n2".into())];
        let sections = Sections {
            path: "lib.rs",
            line_prefix: "//! ",
            contents,
        };
        let text = "//! <!-- begin: one -->\n//! <!-- end: one -->\nuse a;\n";
        let expected =
            "//! <!-- begin: one -->\n//!\n//! 1\n//!\n//! 2\n//!\n//! <!-- end: one -->\nuse a;\n";
        assert_eq!(sections.replace_in(text).unwrap(), expected);
    }

    #[test]
    fn markers_out_of_order_are_errors_that_name_file_and_marker() {
        let cases = [
            (
                ONE.to_owned(),
                "FILE.md: the marker \"begin: two\" is missing",
            ),
            (
                format!("{ONE}<!-- begin: two -->\n"),
                "FILE.md: the marker \"end: two\" is missing",
            ),
            (
                format!("{ONE}{ONE}{TWO}"),
                "FILE.md: the marker \"begin: one\" is there twice",
            ),
            (
                format!("{TWO}\n{ONE}<!-- begin: three -->\n"),
                "FILE.md: the marker \"begin: three\" is of no known part",
            ),
            (
                format!("<!-- begin: one -->\n{TWO}"),
                "FILE.md: the marker \"begin: two\" comes before \"end: one\"",
            ),
            (
                format!("<!-- end: one -->\n{ONE}{TWO}"),
                "FILE.md: the marker \"end: one\" does not follow its \"begin: one\"",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(replace(&text).unwrap_err().to_string(), expected);
        }
    }
}
