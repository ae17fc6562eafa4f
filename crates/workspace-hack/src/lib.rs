//! Nothing but the dependencies in its manifest.
//!
//! Burn's dependencies are built with the features that all packages of a build ask for together. If one selection of
//! packages asked for more of them than another, `cargo run -p …` and `cargo test` would each build Burn anew. Every
//! crate that computes with Burn depends on this one, directly or through another, so that all ask for the same.
