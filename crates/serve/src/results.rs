//! The results table.

use anyhow::Result;
use evidence::{Kind, Places, ResultsTable};
use serde::Serialize;

/// The recorded runs of every step.
#[derive(Serialize)]
pub struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Reads the records.
    ///
    /// # Errors
    ///
    /// A record cannot be read. Names the file.
    pub fn read(places: &Places) -> Result<Self> {
        let table = ResultsTable::new(&places.records(Kind::Step)?);
        Ok(Self {
            columns: ResultsTable::columns().to_vec(),
            rows: table.rows(),
        })
    }
}
