//! A picture as a file: its heading, its body, and what makes it readable in the dark and for who cannot see it.

use anyhow::{Context, Result};
use evidence::Places;
use plotters::coord::Shift;
use plotters::prelude::*;
use svg::Node;
use svg::node::element::{self, Description, Group, Rectangle, Title};

use super::theme::{BACKGROUND, MUTED, TEXT, bold, dark_style, muted, name};
use crate::document::Document;

/// Width of every picture, in pixels: about what GitHub gives a page.
pub(crate) const WIDTH: u32 = 900;

/// Distance of text from the left edge.
pub(crate) const MARGIN: u32 = 20;

const TITLE_HEIGHT: f64 = 17.0;
const NOTE_HEIGHT: f64 = 12.5;
const TITLE_BASELINE: u32 = 30;
const NOTE_DISTANCE: u32 = 18;
/// Between the last note and what is below.
const HEADING_MARGIN: u32 = 14;
/// Letters of a note in a line, so that it ends within the picture in a wide font too.
const NOTE_LETTERS: usize = 128;
/// Below the body.
const BOTTOM_MARGIN: u32 = 10;

/// Where a chart is drawn.
pub(crate) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A picture without its body: what it is called, and the sentences below that say how to read it. They are what a screen
/// reader is given, too.
pub(crate) struct Picture {
    /// Name of the file among the results.
    pub(crate) file: &'static str,
    pub(crate) title: String,
    /// Each begins a line of its own.
    pub(crate) notes: Vec<String>,
}

impl Picture {
    /// A chart: the heading, and below it, in so many pixels, what `draw` draws with plotters.
    pub(crate) fn chart(
        &self,
        height: u32,
        draw: impl FnOnce(&Area) -> Result<()>,
    ) -> Result<Document> {
        let mut svg = String::new();
        let canvas = SVGBackend::with_string(
            &mut svg,
            (WIDTH, self.heading_height() + height + BOTTOM_MARGIN),
        )
        .into_drawing_area();
        let all = || {
            canvas.fill(&BACKGROUND)?;
            let (heading, body) = canvas.split_vertically(self.heading_height());
            let (body, _) = body.split_vertically(height);
            self.draw_heading(&heading)?;
            draw(&body)?;
            canvas.present()?;
            anyhow::Ok(())
        };
        all().with_context(|| format!("cannot draw {}", self.file))?;
        drop(canvas);
        Ok(self.document(&svg))
    }

    /// A figure: the heading, and below it, in so many pixels, a group whose origin is the body's upper left corner.
    pub(crate) fn figure(&self, height: u32, body: Group) -> Document {
        let top = self.heading_height();
        let height = top + height + BOTTOM_MARGIN;
        let background = Rectangle::new()
            .set("width", WIDTH)
            .set("height", height)
            .set("fill", name(BACKGROUND));
        let mut document = svg::Document::new()
            .set("width", WIDTH)
            .set("height", height)
            .set("viewBox", (0, 0, WIDTH, height))
            .set("font-family", "sans-serif")
            .add(background)
            .add(
                label(&self.title, (MARGIN, TITLE_BASELINE), TITLE_HEIGHT, TEXT)
                    .set("font-weight", "bold"),
            );
        for (note, baseline) in self.note_lines().iter().zip(note_baselines()) {
            document.append(label(note, (MARGIN, baseline), NOTE_HEIGHT, MUTED));
        }
        let body = body.set("transform", format!("translate(0 {top})"));
        self.document(&document.add(body).to_string())
    }

    /// The notes in lines that fit.
    fn note_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for note in &self.notes {
            let mut line = String::new();
            for word in note.split_whitespace() {
                if line.chars().count() + word.chars().count() >= NOTE_LETTERS {
                    lines.push(std::mem::take(&mut line));
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line += word;
            }
            lines.push(line);
        }
        lines
    }

    fn heading_height(&self) -> u32 {
        TITLE_BASELINE + NOTE_DISTANCE * self.note_lines().len() as u32 + HEADING_MARGIN
    }

    fn draw_heading(&self, area: &Area) -> Result<()> {
        // plotters wants the upper edge of a text, and moves it down by this share of its height.
        let position = |baseline: u32, height: f64| {
            (
                MARGIN as i32,
                baseline as i32 - (0.76 * height).round() as i32,
            )
        };
        let title = position(TITLE_BASELINE, TITLE_HEIGHT);
        area.draw(&Text::new(self.title.as_str(), title, bold(TITLE_HEIGHT)))?;
        for (note, baseline) in self.note_lines().iter().zip(note_baselines()) {
            let note_at = position(baseline, NOTE_HEIGHT);
            area.draw(&Text::new(note.as_str(), note_at, muted(NOTE_HEIGHT)))?;
        }
        Ok(())
    }

    /// The file: the picture with its title, its description and its dark style put first.
    fn document(&self, svg: &str) -> Document {
        let head = [
            Title::new(self.title.as_str()).to_string(),
            Description::new()
                .add(svg::node::Text::new(self.notes.join(" ")))
                .to_string(),
            // Not as an element of the crate, which would escape quotes that a style sheet needs.
            format!("<style>{}</style>", dark_style(svg)),
        ];
        let content = svg.replacen("<svg ", "<svg role=\"img\" ", 1).replacen(
            ">\n",
            &format!(">\n{}\n", head.join("\n")),
            1,
        );
        let path = Places::result_file(self.file);
        Document::new(path, format!("{}\n", content.trim_end()))
    }
}

fn note_baselines() -> impl Iterator<Item = u32> {
    (1..).map(|line| TITLE_BASELINE + NOTE_DISTANCE * line + 4)
}

/// Text of a figure: where its first letter stands, and its height in pixels.
pub(crate) fn label(
    text: impl Into<String>,
    (x, baseline): (impl Into<svg::node::Value>, impl Into<svg::node::Value>),
    height: f64,
    colour: RGBColor,
) -> element::Text {
    element::Text::new(text)
        .set("x", x)
        .set("y", baseline)
        .set("font-size", height)
        .set("fill", name(colour))
}
