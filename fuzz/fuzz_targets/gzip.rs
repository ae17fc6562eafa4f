//! An IDX file of labels, compressed with gzip, beside a sound one of two images.

#![no_main]

use fuzz::check_message;
use libfuzzer_sys::fuzz_target;
use mnist::{Digits, PIXELS};

fuzz_target!(|data: &[u8]| {
    let labels = [&[0x1f, 0x8b], data].concat();
    let header = [0x803u32, 2, 28, 28].map(u32::to_be_bytes);
    let images = [header.as_flattened(), &[7; 2 * PIXELS]].concat();
    match Digits::from_idx(images, labels) {
        Ok(digits) => assert_eq!(digits.labels().len(), 2),
        Err(error) => check_message(error),
    }
});
