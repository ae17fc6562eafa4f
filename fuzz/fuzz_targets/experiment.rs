//! An experiment in JSON, and what is computed about its network.

#![no_main]

use experiment::Experiment;
use fuzz::check_message;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Experiment::from_json(text) {
        Ok(experiment) => {
            let summary = experiment.architecture.summary().unwrap();
            assert_eq!(summary.outputs(), 10);
            experiment.check().unwrap();
            assert!(
                experiment
                    .teacher()
                    .is_none_or(|teacher| teacher.check().is_ok())
            );
            // May be more than there may be, but not panic.
            let _ = experiment.architecture.factored_head(10).summary();
        }
        Err(error) => check_message(error),
    }
});
