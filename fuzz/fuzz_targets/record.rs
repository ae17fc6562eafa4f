//! A record in JSON, and what reports compute of it.

#![no_main]

use evidence::Record;
use fuzz::check_message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Record::from_json(text) {
        Ok(record) => {
            assert!((0.0..=1.0).contains(&record.lowest_of_last()));
            assert!(record.best() >= record.last().test_accuracy());
            assert!((0.0..=1.0).contains(&record.train.accuracy()));
            assert!(!record.seconds_per_epoch().is_nan());
            assert_eq!(record.run.hash().unwrap().len(), 8);
            // Written and read again, it is the same.
            let again = Record::from_json(&record.to_json().unwrap()).unwrap();
            assert_eq!(again, record);
        }
        Err(error) => check_message(error),
    }
});
