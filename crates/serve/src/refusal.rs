//! Requests that are answered with an error, as JSON: `{"error": "…"}`.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Why a request is not answered as it was meant.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// A refusal with this status. The message says what was found and what was expected, in one line.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            retry_after: None,
        }
    }

    /// The request is one too many; another will be taken after this time.
    pub fn too_many(retry_after: Duration) -> Self {
        let message = "too many requests; try again a little later";
        Self {
            retry_after: Some(retry_after),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, message)
        }
    }

    /// Something is wrong on this side.
    pub fn failure(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "error": self.message }).to_string();
        let mut response = (self.status, json_body(body)).into_response();
        if let Some(retry_after) = self.retry_after {
            // Whole seconds are all that the header can say.
            let seconds = retry_after.as_secs_f64().ceil().max(1.0) as u64;
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// The content type of JSON.
pub const JSON: &str = "application/json";

/// A body of JSON text with its content type.
pub fn json_body(text: impl IntoResponse) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, JSON)], text)
}
