//! What the server answers to which path.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use evidence::{Kind, Places, ResultsTable, Watched};
use mnist::{DISPUTED_TEST_IMAGES, Digits};
use serde::Serialize;
use tokio::task::{JoinError, spawn_blocking};

use crate::assets::{CHART_POLICY, HEADERS, add_files};
use crate::cached::Cached;
use crate::charts::{Chart, read_charts};
use crate::drawing::Drawing;
use crate::ladder::Ladder;
use crate::networks::{Networks, encode};
use crate::ready::Ready;
use crate::refusal::{JSON, Refusal, json_body};
use crate::{Content, Limits};

/// What all requests share.
struct Shared {
    ladder: Ready,
    networks: Networks,
    test_digits: Digits,
    results: Cached<Arc<Ready>>,
    charts: Cached<Arc<Vec<Chart>>>,
    trainings: Cached<Bytes>,
}

/// The results table.
#[derive(Serialize)]
struct Table {
    columns: Vec<&'static str>,
    rows: Vec<Vec<String>>,
}

/// A digit of the test set.
#[derive(Serialize)]
struct TestDigit {
    index: usize,
    label: u8,
    /// Whether people disagree about the label.
    disputed: bool,
    /// Base64 of 28×28 bytes, row by row.
    pixels: String,
}

type Answer = Result<Response, Refusal>;

/// The router over all paths.
///
/// # Errors
///
/// A step's network cannot be built, or the system has no thread to give.
pub fn router(content: Content, limits: &Limits) -> Result<Router> {
    let Content {
        steps,
        test_digits,
        places,
    } = content;
    let ladder = Ladder::new(&steps, test_digits.len(), &places)?;
    let names = ladder.steps.iter().map(|step| step.name.clone()).collect();
    let models = steps.into_iter().map(|(_, model)| model.ok()).collect();
    let (of_results, of_charts) = (places.clone(), places.results());
    let watched = Mutex::new(Watched::default());
    let shared = Shared {
        ladder: Ready::new(JSON, json_text(&ladder)?),
        networks: Networks::start(names, models, limits.connections)?,
        test_digits,
        results: Cached::new(move || {
            let table = json_text(&Table::read(&of_results)?)?;
            Ok(Arc::new(Ready::new(JSON, table)))
        }),
        charts: Cached::new(move || Ok(Arc::new(read_charts(&of_charts)?))),
        trainings: Cached::new(move || {
            let mut watched = watched.lock().unwrap_or_else(PoisonError::into_inner);
            json_text(&watched.look(&places))
        }),
    };
    let router = Router::new()
        .route("/api/ladder", get(ladder_of_steps))
        .route("/api/predict", post(predict))
        .route("/api/digits/{index}", get(test_digit))
        .route("/api/results", get(results_table))
        .route("/api/charts", get(list_of_charts))
        .route("/api/trainings", get(trainings))
        .route("/charts/{name}", get(chart));
    Ok(add_files(router)
        .fallback(unknown_path)
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::new(shared)))
}

async fn ladder_of_steps(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Answer {
    Ok(shared.ladder.answer(&headers))
}

async fn predict(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Answer {
    let drawing = spawn_blocking(move || Drawing::read(&headers, &body)).await;
    let failure = |error: JoinError| Refusal::failure(format!("the drawing is lost: {error}"));
    let Drawing { prepared, step } = drawing.map_err(failure)??;
    let answer = shared.networks.ask(prepared, step).await?;
    Ok(json_body(answer).into_response())
}

async fn test_digit(
    State(shared): State<Arc<Shared>>,
    index: Result<Path<String>, PathRejection>,
) -> Answer {
    let digits = &shared.test_digits;
    let index = index.ok().and_then(|Path(text)| text.parse::<usize>().ok());
    let index = index.filter(|index| *index < digits.len()).ok_or_else(|| {
        let last = digits.len().saturating_sub(1);
        let message = format!("there is no such test digit; their indices are 0 to {last}");
        Refusal::new(StatusCode::NOT_FOUND, message)
    })?;
    json(&TestDigit {
        index,
        label: digits.label(index),
        disputed: DISPUTED_TEST_IMAGES.contains(&index),
        pixels: encode(digits.image(index)),
    })
}

async fn results_table(State(shared): State<Arc<Shared>>, headers: HeaderMap) -> Answer {
    Ok(shared.results.get().await?.answer(&headers))
}

async fn list_of_charts(State(shared): State<Arc<Shared>>) -> Answer {
    json(&*shared.charts.get().await?)
}

async fn chart(
    State(shared): State<Arc<Shared>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    let charts = shared.charts.get().await?;
    let named = |Path(name): &Path<String>| charts.iter().find(|chart| chart.name == *name);
    let chart = name.ok().as_ref().and_then(named).ok_or_else(|| {
        Refusal::new(
            StatusCode::NOT_FOUND,
            "there is no such chart; /api/charts lists them",
        )
    })?;
    let policy = [(header::CONTENT_SECURITY_POLICY, CHART_POLICY)];
    Ok((policy, chart.svg.answer(&headers)).into_response())
}

async fn trainings(State(shared): State<Arc<Shared>>) -> Answer {
    Ok(json_body(shared.trainings.get().await?).into_response())
}

async fn unknown_path(uri: Uri) -> Refusal {
    let message = format!("there is nothing at {}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, message)
}

async fn wrong_method(method: Method, uri: Uri) -> Refusal {
    let message = format!("{} does not take {method}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

/// Adds the headers that every answer has.
pub async fn with_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

fn json(value: &impl Serialize) -> Answer {
    let text = json_text(value).map_err(|error| Refusal::failure(error.to_string()))?;
    Ok(json_body(text).into_response())
}

fn json_text(value: &impl Serialize) -> Result<Bytes> {
    Ok(serde_json::to_vec(value)?.into())
}

impl Table {
    fn read(places: &Places) -> Result<Self> {
        let table = ResultsTable::new(&places.records(Kind::Step)?);
        Ok(Self {
            columns: ResultsTable::columns().to_vec(),
            rows: table.rows(),
        })
    }
}
