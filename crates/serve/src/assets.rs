//! The files of the page, which are part of the program.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, header};
use axum::routing::get;

use crate::ready::Ready;
use crate::refusal::JSON;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// Path, content type and content of each file.
pub const FILES: [(&str, &str, &str); 31] = [
    ("/", HTML, include_str!("page/index.html")),
    ("/style.css", CSS, include_str!("page/style.css")),
    ("/drawing.css", CSS, include_str!("page/drawing.css")),
    ("/sections.css", CSS, include_str!("page/sections.css")),
    ("/why.css", CSS, include_str!("page/why.css")),
    ("/story.css", CSS, include_str!("page/story.css")),
    ("/icon.svg", SVG, include_str!("page/icon.svg")),
    ("/sample.json", JSON, include_str!("page/sample.json")),
    ("/main.js", JAVASCRIPT, include_str!("page/main.js")),
    ("/address.js", JAVASCRIPT, include_str!("page/address.js")),
    ("/answer.js", JAVASCRIPT, include_str!("page/answer.js")),
    (
        "/arithmetic.js",
        JAVASCRIPT,
        include_str!("page/arithmetic.js"),
    ),
    ("/asking.js", JAVASCRIPT, include_str!("page/asking.js")),
    ("/drawing.js", JAVASCRIPT, include_str!("page/drawing.js")),
    ("/exported.js", JAVASCRIPT, include_str!("page/exported.js")),
    ("/ink.js", JAVASCRIPT, include_str!("page/ink.js")),
    ("/kept.js", JAVASCRIPT, include_str!("page/kept.js")),
    ("/layers.js", JAVASCRIPT, include_str!("page/layers.js")),
    (
        "/map_sheet.js",
        JAVASCRIPT,
        include_str!("page/map_sheet.js"),
    ),
    ("/mistakes.js", JAVASCRIPT, include_str!("page/mistakes.js")),
    ("/networks.js", JAVASCRIPT, include_str!("page/networks.js")),
    ("/pixels.js", JAVASCRIPT, include_str!("page/pixels.js")),
    ("/prepare.js", JAVASCRIPT, include_str!("page/prepare.js")),
    ("/results.js", JAVASCRIPT, include_str!("page/results.js")),
    ("/story.js", JAVASCRIPT, include_str!("page/story.js")),
    (
        "/thumbnails.js",
        JAVASCRIPT,
        include_str!("page/thumbnails.js"),
    ),
    ("/trainer.js", JAVASCRIPT, include_str!("page/trainer.js")),
    (
        "/trainings.js",
        JAVASCRIPT,
        include_str!("page/trainings.js"),
    ),
    ("/versus.js", JAVASCRIPT, include_str!("page/versus.js")),
    ("/why.js", JAVASCRIPT, include_str!("page/why.js")),
    ("/words.js", JAVASCRIPT, include_str!("page/words.js")),
];

/// What a browser may do with anything that comes from here: scripts and styles come from files of this server, and nothing
/// from anywhere else. Charts have their styles inside them.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The headers that every answer has.
pub const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    // What is asked for again has another answer; files are sent with a tag.
    (header::CACHE_CONTROL, "no-store"),
];

/// The same for a chart: it has its styles inside, and may do nothing else.
pub const CHART_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// Adds the files to a router.
pub fn add_files<State: Clone + Send + Sync + 'static>(mut router: Router<State>) -> Router<State> {
    for (path, content_type, content) in FILES {
        let file = Arc::new(Ready::new(content_type, content));
        let answer = move |headers: HeaderMap| async move { file.answer(&headers) };
        router = router.route(path, get(answer));
    }
    router
}
