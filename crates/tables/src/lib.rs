//! Text that fits a terminal: tables with whole words and whole borders, and lines that are wrapped between words.
//!
//! A table that is wider than the terminal is unreadable: columns of three letters, or borders in the middle of the next
//! line. So a table comes in several forms, from the one with most columns to the one with fewest, and [`fitting`] takes the
//! first whose longest words have room.

use std::env;

use comfy_table::{
    Attribute, Cell, CellAlignment, ColumnConstraint, ContentArrangement, Width, presets,
};

/// Spaces on both sides of a cell.
const PADDING: usize = 2;

/// A table, whose cells are text.
#[derive(Clone, Debug)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Row>,
    left_aligned: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Row {
    cells: Vec<String>,
    is_marked: bool,
}

impl Table {
    /// A table without rows. Its first column is aligned to the left, the others to the right.
    pub fn new<Text: Into<String>>(header: impl IntoIterator<Item = Text>) -> Self {
        Self {
            header: header.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
            left_aligned: vec![0],
        }
    }

    /// The same table with a column of words, from 0, aligned to the left.
    pub fn with_words(mut self, column: usize) -> Self {
        self.left_aligned.push(column);
        self
    }

    /// Adds a row, which has a cell for each column.
    pub fn add_row(&mut self, cells: Vec<String>) {
        self.rows.push(Row {
            cells,
            is_marked: false,
        });
    }

    /// Adds a row that stands out: bold on a terminal.
    pub fn add_marked_row(&mut self, cells: Vec<String>) {
        self.rows.push(Row {
            cells,
            is_marked: true,
        });
    }

    /// The length of the longest word in each column; a number with its deviation is one word if they are to stay together.
    fn longest_words(&self, together: bool) -> Vec<usize> {
        let words = |column, cell: &String| match together && !self.left_aligned.contains(&column) {
            true => length(cell),
            false => longest(cell),
        };
        let cell = |row: &Row, column| row.cells.get(column).map_or(0, |it| words(column, it));
        let column = |(column, name): (usize, &String)| {
            let cells = self.rows.iter().map(|row| cell(row, column));
            cells.max().unwrap_or(0).max(longest(name))
        };
        self.header.iter().enumerate().map(column).collect()
    }

    /// Whether no word need be broken, and no number be taken from its deviation, where there is room for so many
    /// characters.
    pub fn fits(&self, width: usize) -> bool {
        self.narrowest(true) <= width
    }

    /// The width below which words would be broken.
    fn narrowest(&self, together: bool) -> usize {
        let columns = self.longest_words(together);
        // A border on the left of each column, and one at the end.
        columns
            .iter()
            .map(|words| words + PADDING + 1)
            .sum::<usize>()
            + 1
    }

    /// The table in box-drawing characters, at most `width` characters wide; but never so narrow that words break.
    fn to_text(&self, width: Option<usize>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::UTF8_FULL_CONDENSED);
        table.set_header(&self.header);
        for row in &self.rows {
            let cells = row.cells.iter().map(Cell::new);
            if row.is_marked {
                table.add_row(cells.map(|cell| cell.add_attribute(Attribute::Bold)));
            } else {
                table.add_row(cells);
            }
        }
        let together = width.is_none_or(|width| self.fits(width));
        if let Some(width) = width {
            let width = width.max(self.narrowest(together));
            table.set_content_arrangement(ContentArrangement::Dynamic);
            table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
        }
        let longest_words = self.longest_words(together);
        for (number, column) in table.column_iter_mut().enumerate() {
            if !self.left_aligned.contains(&number) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            let least = longest_words.get(number).map_or(0, |words| words + PADDING);
            let least = u16::try_from(least).unwrap_or(u16::MAX);
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
        }
        table.to_string()
    }
}

/// The first of several forms of a table whose words fit into `width` characters, or the last one where none does.
/// Without a width, the first one as wide as it is.
pub fn fitting(forms: &[Table], width: Option<usize>) -> String {
    let fits = |table: &&Table| width.is_none_or(|width| table.fits(width));
    let table = forms.iter().find(fits).or(forms.last());
    table.map_or_else(String::new, |table| table.to_text(width))
}

/// The width of the terminal that standard output is, in characters; none where it is no terminal, so that a pipe gets all.
/// `COLUMNS` in the environment comes first.
pub fn width() -> Option<usize> {
    let columns = env::var("COLUMNS").ok().and_then(|it| it.parse().ok());
    let columns = columns.filter(|columns| *columns > 0);
    columns.or_else(|| comfy_table::Table::new().width().map(usize::from))
}

/// The text with each line broken between words, so that it fits into `width` characters. Lines keep their indentation.
pub fn wrapped(text: &str, width: Option<usize>) -> String {
    let Some(width) = width else {
        return text.to_owned();
    };
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| wrapped_line(line, width))
        .collect();
    lines.join("\n")
}

fn wrapped_line(line: &str, width: usize) -> String {
    if length(line) <= width {
        return line.to_owned();
    }
    let indentation = &line[..line.len() - line.trim_start().len()];
    let mut wrapped = String::new();
    let mut current = String::new();
    for word in line.split_whitespace() {
        if !current.is_empty() && length(&current) + 1 + length(word) > width {
            wrapped.push_str(&current);
            wrapped.push('\n');
            current.clear();
        }
        current.push_str(if current.is_empty() { indentation } else { " " });
        current.push_str(word);
    }
    wrapped + &current
}

fn longest(text: &str) -> usize {
    text.split_whitespace().map(length).max().unwrap_or(0)
}

fn length(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: usize) -> Table {
        let names = ["Name", "What it adds", "Parameters", "Seconds/epoch"];
        let cells = ["a-long-name", "augmentation of every image", "2936", "3.5"];
        let mut table = Table::new(names[..columns].iter().copied()).with_words(1);
        table.add_row(cells[..columns].iter().map(ToString::to_string).collect());
        table
    }

    #[test]
    fn the_form_with_most_columns_that_fits_is_taken() {
        let forms = [table(4), table(3), table(2)];
        let all = fitting(&forms, None);
        assert!(all.contains("Seconds/epoch") && all.contains("augmentation of every image"));
        for width in 34..100 {
            let text = fitting(&forms, Some(width));
            let widths: Vec<usize> = text.lines().map(length).collect();
            assert!(widths.iter().all(|it| *it == widths[0]), "{text}");
            assert!(widths[0] <= width, "{width}\n{text}");
            for word in ["a-long-name", "augmentation", "every"] {
                assert!(text.contains(word), "{width}\n{text}");
            }
            assert_eq!(
                text.contains("Seconds/epoch"),
                width >= forms[0].narrowest(true)
            );
        }
    }

    #[test]
    fn words_stay_whole_where_there_is_no_room_for_them() {
        let text = fitting(&[table(2)], Some(5));
        assert!(
            text.contains("a-long-name") && text.contains("augmentation"),
            "{text}"
        );
    }

    #[test]
    fn lines_are_broken_between_words() {
        let text = "  one two three\nfour";
        assert_eq!(wrapped(text, None), text);
        assert_eq!(wrapped(text, Some(9)), "  one two\n  three\nfour");
        assert_eq!(wrapped("unbreakable", Some(3)), "unbreakable");
    }
}
