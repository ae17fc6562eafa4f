//! Random requests: bytes, paths, methods, noise for a drawing, and drawings with a few bytes changed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// A request that is HTTP, whatever else it is.
#[derive(Debug)]
pub struct Request {
    pub method: &'static str,
    pub path: String,
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

/// Requests without end, the same for the same seed.
pub struct Requests {
    random: ChaCha8Rng,
    /// The JSON of a drawing that the server takes.
    drawing: Vec<u8>,
}

const PATHS: [&str; 12] = [
    "/api/predict",
    "/api/erase",
    "/api/weights/",
    "/api/digits?of=",
    "/api/digits/7",
    "/api/digits/",
    "/api/results",
    "/api/trainings",
    "/charts/",
    "/",
    "/api",
    "/style.css",
];

impl Requests {
    pub fn new(seed: u64, drawing: &Value) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed),
            drawing: drawing.to_string().into_bytes(),
        }
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let mut bytes = vec![0; self.random.random_range(0..=most)];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    /// A drawing's JSON with some bytes changed, added or taken away.
    fn broken_drawing(&mut self) -> Vec<u8> {
        let mut bytes = self.drawing.clone();
        for _ in 0..self.random.random_range(1..4) {
            let place = self.random.random_range(0..bytes.len());
            match self.random.random_range(0..3) {
                0 => bytes[place] = self.random.random(),
                1 => bytes.insert(place, self.random.random()),
                _ => bytes.truncate(place.max(1)),
            }
        }
        bytes
    }

    /// A drawing of any size, with about as many random pixels.
    fn noise(&mut self) -> Vec<u8> {
        let [width, height] = [(); 2].map(|()| self.random.random_range(0..40));
        let surplus = self.random.random_bool(0.3);
        let mut pixels = vec![0; width * height + usize::from(surplus)];
        self.random.fill_bytes(&mut pixels);
        let pixels = BASE64.encode(pixels);
        let noise = json!({ "width": width, "height": height, "pixels": pixels });
        noise.to_string().into_bytes()
    }

    /// A path of a few bytes, percent-encoded.
    fn path(&mut self) -> String {
        let start = PATHS[self.random.random_range(0..PATHS.len())];
        if self.random.random_bool(0.5) {
            return start.to_owned();
        }
        let bytes = self.bytes(20);
        let encoded = bytes.iter().map(|byte| format!("%{byte:02x}"));
        start.to_owned() + &encoded.collect::<String>()
    }
}

impl Iterator for Requests {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        let content_types = ["application/json", "text/plain", "application/octet-stream"];
        let methods = ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"];
        Some(match self.random.random_range(0..5) {
            0 => Request {
                method: methods[self.random.random_range(0..methods.len())],
                path: self.path(),
                content_type: content_types[self.random.random_range(0..3)],
                body: self.bytes(200),
            },
            1 => Request {
                method: "POST",
                path: "/api/predict".into(),
                content_type: "application/json",
                body: self.broken_drawing(),
            },
            2 => Request {
                method: "POST",
                path: "/api/predict".into(),
                content_type: "application/json",
                body: self.noise(),
            },
            _ => Request {
                method: "POST",
                path: "/api/predict".into(),
                content_type: content_types[self.random.random_range(0..3)],
                body: self.bytes(2_000),
            },
        })
    }
}
