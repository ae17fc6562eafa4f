//! A pair of IDX files in memory. The first byte says how many of the last bytes are the labels.

#![no_main]

use fuzz::check_message;
use libfuzzer_sys::fuzz_target;
use mnist::Digits;

fuzz_target!(|data: &[u8]| {
    let Some((&labels, files)) = data.split_first() else {
        return;
    };
    let (images, labels) = files.split_at(files.len().saturating_sub(labels.into()));
    match Digits::from_idx(images.to_vec(), labels.to_vec()) {
        Ok(digits) => assert_eq!(digits.images().len(), digits.labels().len()),
        Err(error) => check_message(error),
    }
});
