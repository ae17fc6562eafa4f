//! Batches: bytes become normalised tensors, the same way for training, evaluation and inference.

use burn::tensor::{Device, Int, Tensor, TensorData};

use mnist::{IMAGE_SIDE, MEAN, PIXELS, STANDARD_DEVIATION};

/// Images with their labels, on a device.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The images, `[batch, 1, 28, 28]`, normalised as in [`images_to_tensor`].
    pub images: Tensor<4>,
    /// The digits that they show, `[batch]`, 0 to 9.
    pub labels: Tensor<1, Int>,
    /// What dropout is a function of: a hash of (seed, epoch, step) in training, 0 in evaluation.
    pub dropout_key: u64,
}

/// Puts images of pixels in 0 to 255 (bytes, or numbers where they were resampled) into a tensor
/// `[batch, 1, 28, 28]` on `device`.
///
/// The pixels are normalised to mean 0 and standard deviation 1 over MNIST's training set:
/// (pixel / 255 − [`MEAN`]) / [`STANDARD_DEVIATION`].
pub fn images_to_tensor<'a, Pixel>(
    images: impl IntoIterator<Item = &'a [Pixel; PIXELS]>,
    device: &Device,
) -> Tensor<4>
where
    Pixel: Copy + Into<f32> + 'a,
{
    let images = images.into_iter();
    let mut values = Vec::with_capacity(images.size_hint().0 * PIXELS);
    for image in images {
        values.extend(image.iter().map(|&pixel| normalise(pixel.into())));
    }
    values_to_tensor(values, device)
}

/// Puts normalised pixels into a tensor `[batch, 1, 28, 28]` on `device`.
pub(crate) fn values_to_tensor(values: Vec<f32>, device: &Device) -> Tensor<4> {
    let shape = [values.len() / PIXELS, 1, IMAGE_SIDE, IMAGE_SIDE];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Puts labels into a tensor `[batch]` on `device`.
pub(crate) fn labels_to_tensor(labels: Vec<i32>, device: &Device) -> Tensor<1, Int> {
    let shape = [labels.len()];
    Tensor::from_data(TensorData::new(labels, shape), device)
}

pub(crate) const fn normalise(pixel: f32) -> f32 {
    (pixel / 255.0 - MEAN) / STANDARD_DEVIATION
}

/// Each byte as a pixel, [normalised](normalise).
pub(crate) static NORMALISED: [f32; 256] = {
    let mut values = [0.0; 256];
    let mut byte = 0;
    while byte < values.len() {
        values[byte] = normalise(byte as f32);
        byte += 1;
    }
    values
};
