//! A picture of a digit, decoded and prepared.

#![no_main]

use fuzz::check_message;
use libfuzzer_sys::fuzz_target;
use pictures::{decode_picture, prepare};

fuzz_target!(|data: &[u8]| {
    match decode_picture(data).and_then(|picture| prepare(&picture)) {
        Ok(prepared) => assert!(prepared.frame.width > 0.0 && prepared.frame.height > 0.0),
        Err(error) => check_message(error),
    }
});
