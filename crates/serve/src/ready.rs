//! Content that is ready to be sent: compressed once, not at every request, and with a tag by which a browser knows that it
//! has it already.

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Content of which a browser may keep a copy, if it asks each time whether that is still the content.
#[derive(Clone, Debug)]
pub struct Ready {
    content_type: &'static str,
    plain: Bytes,
    /// None where compressing does not work.
    gzip: Option<Bytes>,
    /// Of the content, whether compressed or not: so a weak one.
    tag: String,
}

impl Ready {
    /// Compresses the content.
    pub fn new(content_type: &'static str, content: impl Into<Bytes>) -> Self {
        let plain = content.into();
        Self {
            content_type,
            gzip: compressed(&plain, Compression::default())
                .ok()
                .map(Bytes::from),
            tag: format!("W/\"{}\"", evidence::sha256(&plain)),
            plain,
        }
    }

    /// The answer to a request with these headers.
    pub fn answer(&self, request: &HeaderMap) -> Response {
        let headers = [
            (header::ETAG, self.tag.as_str()),
            (header::CACHE_CONTROL, "no-cache"),
            (header::VARY, "accept-encoding"),
        ];
        if mentions(request, header::IF_NONE_MATCH, &self.tag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let content_type = [(header::CONTENT_TYPE, self.content_type)];
        match &self.gzip {
            Some(gzip) if mentions(request, header::ACCEPT_ENCODING, "gzip") => {
                let encoding = [(header::CONTENT_ENCODING, "gzip")];
                (headers, content_type, encoding, gzip.clone()).into_response()
            }
            _ => (headers, content_type, self.plain.clone()).into_response(),
        }
    }
}

/// The content compressed as gzip does it, without a time or a name, so that the same content has the same bytes.
pub fn compressed(content: &[u8], level: Compression) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), level);
    encoder.write_all(content)?;
    encoder.finish()
}

/// Whether a header lists a value.
fn mentions(request: &HeaderMap, name: header::HeaderName, value: &str) -> bool {
    let lines = request.get_all(name).into_iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(','))
        .any(|listed| listed.trim() == value)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn answer(headers: &[(header::HeaderName, &str)]) -> Response {
        let content = "digits ".repeat(100);
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()));
        Ready::new("text/plain", content).answer(&pairs.collect())
    }

    #[test]
    fn what_a_browser_takes_decides_what_it_gets() {
        let encoding = |answer: &Response| answer.headers().get(header::CONTENT_ENCODING).cloned();
        assert_eq!(encoding(&answer(&[])), None);
        let compressed = answer(&[(header::ACCEPT_ENCODING, "br, gzip, zstd")]);
        assert_eq!(encoding(&compressed).unwrap(), "gzip");
        // It does not want it.
        assert_eq!(
            encoding(&answer(&[(header::ACCEPT_ENCODING, "gzip;q=0")])),
            None
        );
        let tag = compressed.headers()[header::ETAG].to_str().unwrap();
        assert_eq!(
            answer(&[(header::IF_NONE_MATCH, tag)]).status(),
            StatusCode::NOT_MODIFIED
        );
        assert_eq!(
            answer(&[(header::IF_NONE_MATCH, "W/\"1\"")]).status(),
            StatusCode::OK
        );
    }
}
