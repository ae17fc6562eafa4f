//! The last step's network: the generated parts of `docs/network.md`.

use anyhow::{Context, Result};
use architecture::{Layer, Summary, to_markdown};
use experiment::Experiment;

use super::sections::Sections;
use crate::document::Document;
use crate::format::grouped;
use crate::inputs::{Inputs, NETWORK};

/// The document.
pub(crate) fn document(inputs: &Inputs) -> Result<Document> {
    let last = inputs.experiments.last();
    let last = last.context("there are no steps to report on")?;
    let summary = last.architecture.summary()?;
    let sections = Sections {
        path: NETWORK,
        line_prefix: "",
        contents: vec![
            ("model", model(last, &summary)),
            ("receptive-field", receptive_field(last, &summary)),
        ],
    };
    let text = sections.replace_in(inputs.text(NETWORK))?;
    Ok(Document::new(NETWORK, text))
}

fn receptive_field(experiment: &Experiment, summary: &Summary) -> String {
    let caption = format!(
        "The layers of [{0}](../experiments/{0}/src/lib.rs). n: height and width of the map; j: jump; r: receptive field; \
         Act_Size: values in the layer's input, Act_out: in its output.",
        experiment.name
    );
    format!("{caption}\n\n{}", to_markdown(summary))
}

fn model(experiment: &Experiment, summary: &Summary) -> String {
    let totals = &summary.totals;
    let mut lines = vec![
        format!("- {} trainable parameters", grouped(totals.parameters)),
        format!("- {} multiply-adds for one image", grouped(totals.macs)),
    ];
    let layers = experiment.architecture.layers.iter().zip(&summary.layers);
    let is_convolution = |layer: &Layer| matches!(layer, Layer::Convolution(_));
    let convolution = layers.rev().find(|(layer, _)| layer.has(&is_convolution));
    if let Some((_, layer)) = convolution {
        let (field, image) = (
            layer.receptive_field_out,
            experiment.architecture.input_size,
        );
        lines.push(format!(
            "- receptive field at the last convolution: {} of {image}×{image} pixels",
            field.sides()
        ));
    }
    lines.push(format!(
        "- activations for one image, in 32-bit floats: {} bytes at the peak where buffers are reused, {} bytes in all",
        grouped(totals.peak_activation_bytes),
        grouped(totals.total_activation_bytes)
    ));
    lines.join("\n")
}
