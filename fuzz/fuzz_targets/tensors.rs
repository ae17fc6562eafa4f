//! A file of weights, against the tensors of a small network.

#![no_main]

use fuzz::check_message;
use libfuzzer_sys::fuzz_target;
use tensor_file::{Dtype, ExpectedTensor, TensorFile, floats};

fuzz_target!(|data: &[u8]| {
    let expected = |name: &str, dtype, shape: &[usize]| ExpectedTensor {
        name: name.into(),
        dtype,
        shape: shape.into(),
    };
    let tensors = match TensorFile::parse(data) {
        Ok(tensors) => tensors,
        Err(error) => return check_message(error),
    };
    let weights = if tensors.has_integers() {
        expected("stages.0.weight", Dtype::I8, &[2, 1])
    } else {
        expected("stages.0.weight", Dtype::F32, &[2, 1])
    };
    let scale = expected("stages.0.scale", Dtype::F32, &[2]);
    match tensors.check(&[weights, scale]) {
        Ok(()) => {
            let scale = tensors.data("stages.0.scale").unwrap();
            assert!(floats(scale).count() == 2 && floats(scale).all(f32::is_finite));
        }
        Err(error) => check_message(error),
    }
});
