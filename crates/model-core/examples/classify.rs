//! Which digit a picture shows, by a trained network. The picture is like MNIST's: 28×28 pixels, white on black.
//!
//! cargo run -p model-core --example classify -- results/step-06-lr-scheduler/seed-1 crates/model-core/examples/seven.png
use std::{env, error::Error, fs, path::PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use model_core::{Network, weights};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let run = arguments.next().ok_or("the first argument is a run")?;
    let picture = arguments.next().ok_or("the second is a picture")?;

    // A run leaves its network as text and the trained weights.
    let text = fs::read_to_string(run.with_extension("json"))?;
    let mut recorded: serde_json::Value = serde_json::from_str(&text)?;
    let architecture = serde_json::from_value(recorded["run"]["architecture"].take())?;
    let network = Network::new(&architecture, 0.0, &Device::default())?;
    let network = weights::load(network, &run.with_extension("safetensors"))?;

    // It was trained on pixels with mean 0 and standard deviation 1.
    let pixels = image::open(picture)?.into_luma8().into_raw().into_iter();
    let pixels = pixels.map(|pixel| (f32::from(pixel) / 255.0 - 0.1307) / 0.3081);
    let images = TensorData::new(pixels.collect(), [1, 1, 28, 28]);
    let logits = network.forward(Tensor::from_data(images, &Device::default()));
    println!("{}", logits.argmax(1).into_scalar::<i64>());
    Ok(())
}
