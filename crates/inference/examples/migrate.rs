//! Makes records of schema 3 of those of schema 2. What these did not say stays unknown; those of uncommitted code go.
//!
//! The instruction set is filled in as AVX-512: the first epochs of these runs repeat to the last digit with it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use batches::images_to_tensor;
use burn::tensor::Device;
use evidence::{
    Commit, Kind, Misclassified, Origin, Places, Record, RunId, SCHEMA_VERSION, TeacherRecord,
    sha256,
};
use files::Workspace;
use mnist::{DataSet, Digits, Mnist};
use model_core::{Network, weights};
use serde_json::Value;

fn main() -> Result<()> {
    let places = Places::of(Workspace::find()?);
    let test = Mnist::load_verified(&places.workspace().data())?.test;
    let results = places.results();
    let (mut migrated, mut dropped) = (0, 0);
    for (kind, folder) in [
        (Kind::Step, ""),
        (Kind::Frontier, "frontier"),
        (Kind::Search, "search"),
        (Kind::Swapped, "swapped"),
    ] {
        for experiment in fs::read_dir(results.join(folder))? {
            let experiment = experiment?.path();
            let Ok(entries) = fs::read_dir(&experiment) else {
                continue;
            };
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_none_or(|it| it != "json") {
                    continue;
                }
                match migrate(&path, kind, &test).with_context(|| path.display().to_string())? {
                    Some(record) => {
                        fs::write(&path, record.to_json()?)?;
                        migrated += 1;
                    }
                    None => {
                        fs::remove_file(&path)?;
                        dropped += 1;
                    }
                }
            }
            // Fails where something is left in it.
            let _ = fs::remove_dir(&experiment);
        }
    }
    println!("{migrated} migrated, {dropped} of uncommitted code dropped");
    Ok(())
}

fn migrate(path: &Path, kind: Kind, test: &Digits) -> Result<Option<Record>> {
    let mut old: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    ensure!(old["schema_version"] == 2, "not of schema 2");
    let commit = old["versions"]["git_commit"]
        .as_str()
        .context("no commit")?;
    if commit.ends_with("-dirty") {
        return Ok(None);
    }
    let commits = vec![Commit {
        hash: commit.into(),
        clean: true,
    }];
    old["recipe"]
        .as_object_mut()
        .context("no recipe")?
        .remove("seed");
    let text = |value: &Value| value.as_str().map(str::to_owned).context("no text");
    let run = RunId {
        kind,
        name: serde_json::from_value(old["step"].clone())?,
        data_set: DataSet::mnist(),
        split: serde_json::from_value(old["split"].clone())?,
        train_images: serde_json::from_value(old["train_images"].clone())?,
        seed: serde_json::from_value(old["seed"].clone())?,
        backend: text(&old["backend"])?,
        instructions: Some("avx512".into()),
        architecture: serde_json::from_value(old["architecture"].clone())?,
        recipe: serde_json::from_value(old["recipe"].clone())?,
    };
    let wrong: Vec<usize> = serde_json::from_value(old["misclassified"].clone())?;
    let title = text(&old["title"])?;
    let weights_path = path.with_extension("safetensors");
    let (mut weights_sha256, mut probabilities) = (None, vec![None; wrong.len()]);
    if weights_path.exists() {
        weights_sha256 = Some(sha256(&fs::read(&weights_path)?));
        let device = Device::flex();
        let network = Network::new(&run.architecture, 0.0, &device)?;
        let network = weights::load(network, &weights_path)?;
        // As a run does it: without folding, 500 images at a time.
        let mut all: Vec<[f64; 10]> = Vec::new();
        for images in test.images().chunks(500) {
            let logits = network.forward(images_to_tensor(images, &device));
            let logits: Vec<f32> = logits.into_data().iter::<f32>().collect();
            let (rows, _) = logits.as_chunks::<10>();
            all.extend(rows.iter().map(softmax));
        }
        let most_probable = |row: &[f64; 10]| {
            (1..10).fold(
                0,
                |best, class| if row[class] > row[best] { class } else { best },
            )
        };
        let found: Vec<usize> = (0..test.len())
            .filter(|image| most_probable(&all[*image]) != usize::from(test.label(*image)))
            .collect();
        ensure!(found == wrong, "the weights get other images wrong");
        probabilities = wrong.iter().map(|image| Some(all[*image])).collect();
    }
    let teacher = old.get("teacher").map(|evaluation| {
        anyhow::Ok(TeacherRecord {
            evaluation: serde_json::from_value(evaluation.clone())?,
            seconds: None,
        })
    });
    let record = Record {
        schema_version: SCHEMA_VERSION,
        run,
        title,
        origin: Origin {
            commits,
            package: text(&old["versions"]["package"])?,
            burn: text(&old["versions"]["burn"])?,
            device: text(&old["device"])?,
            cpu: None,
            threads: serde_json::from_value(old["threads"].clone())?,
            began: None,
            migrated_from: Some(2),
        },
        parameters: serde_json::from_value(old["parameters"].clone())?,
        epochs: serde_json::from_value(old["epochs"].clone())?,
        teacher: teacher.transpose()?,
        train: serde_json::from_value(old["train"].clone())?,
        confusion: serde_json::from_value(old["confusion"].clone())?,
        misclassified: wrong
            .into_iter()
            .zip(probabilities)
            .map(
                |(image, probabilities): (usize, Option<[f64; 10]>)| match probabilities {
                    Some(found) => Misclassified::new(image, &found),
                    None => Misclassified {
                        image,
                        probabilities: None,
                    },
                },
            )
            .collect(),
        weights_sha256,
    };
    record.check()?;
    Ok(Some(record))
}

fn softmax(logits: &[f32; 10]) -> [f64; 10] {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits.map(|logit| (f64::from(logit) - f64::from(largest)).exp());
    let sum: f64 = powers.iter().sum();
    powers.map(|power| power / sum)
}
