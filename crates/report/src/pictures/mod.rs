//! The pictures: charts of the records, and figures of the network and of the digits.
//!
//! Charts with axes are drawn by plotters; figures, whose digits must be small files, with the elements of the `svg` crate. Fonts
//! are named, not measured, and sizes are fixed, so the same records give the same bytes on every machine.

mod augmented;
mod axis;
mod confusion;
mod cost;
mod curves;
mod differences;
mod digits;
mod frontier;
mod gallery;
mod gap;
mod ink;
mod key;
mod last_epochs;
mod layers;
mod learning_rate;
mod microcontroller;
mod network;
mod picture;
mod receptive_field;
mod rows;
mod steps;
mod theme;

use anyhow::Result;

use crate::document::Document;
use crate::inputs::Inputs;

/// All pictures.
///
/// # Errors
///
/// A network cannot be built, or a statistic cannot be evaluated.
pub(crate) fn documents(inputs: &Inputs) -> Result<Vec<Document>> {
    let mut documents = vec![
        curves::loss(inputs)?,
        curves::accuracy(inputs)?,
        last_epochs::document(inputs)?,
        differences::document(inputs)?,
        gap::document(inputs)?,
        learning_rate::document(inputs)?,
        confusion::document(inputs)?,
    ];
    documents.extend(frontier::document(inputs)?);
    documents.extend(microcontroller::document(inputs)?);
    documents.extend(augmented::document(inputs));
    documents.extend([
        network::document(inputs)?,
        cost::document(inputs)?,
        receptive_field::document(inputs)?,
        digits::document(inputs),
        gallery::document(inputs),
    ]);
    Ok(documents)
}
