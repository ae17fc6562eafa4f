//! What the server answers to which path.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use evidence::{Kind, Watched};
use mnist::Digits;
use serde::Serialize;
use tokio::task::{JoinError, spawn_blocking};

use crate::assets::{CHART_POLICY, HEADERS, add_files};
use crate::cached::Cached;
use crate::charts::{Chart, read_charts};
use crate::connections::Connection;
use crate::drawing::Drawing;
use crate::in_training::InTraining;
use crate::ladder::{Ladder, runs_of};
use crate::networks::Networks;
use crate::ready::Ready;
use crate::refusal::{JSON, Refusal, json_body};
use crate::results::Table;
use crate::test_digits::TestDigit;
use crate::trainer::{Trainer, check_origin};
use crate::weights::Weights;
use crate::{Content, Limits};

/// What all requests share.
struct Shared {
    ladder: Ready,
    /// Name of each step that has a network, and what this computes with.
    weights: Vec<(String, Ready)>,
    /// Name of each step, and the epochs of its recorded runs.
    curves: Vec<(String, Ready)>,
    trainer: Trainer,
    networks: Networks,
    test_digits: Digits,
    results: Cached<Arc<Ready>>,
    charts: Cached<Arc<Vec<Chart>>>,
    trainings: Cached<Bytes>,
}

type Answer = Result<Response, Refusal>;

/// Most test digits that are sent at once.
const MAX_DIGITS: usize = 200;

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
        train,
        look,
    } = content;
    let in_training = InTraining::new(look, places.clone());
    // The results table says what is wrong with records that cannot be read.
    let recorded = places.records(Kind::Step).unwrap_or_default();
    let ladder = Ladder::new(&steps, &test_digits, &recorded)?;
    let names: Vec<String> = ladder.steps.iter().map(|step| step.name.clone()).collect();
    let curves = steps.iter().map(|(step, _)| {
        let runs = runs_of(step, &recorded).into_iter();
        let curves: Vec<_> = runs.map(|run| &run.epochs).collect();
        Ok((step.name.to_string(), Ready::new(JSON, json_text(&curves)?)))
    });
    let curves = curves.collect::<Result<_>>()?;
    let weights = steps.iter().filter_map(|(step, model)| {
        let model = model.as_ref().ok()?;
        Some((step.name.to_string(), Weights::of(model)))
    });
    let weights = weights.map(|(step, weights)| Ok((step, Ready::new(JSON, json_text(&weights)?))));
    let weights = weights.collect::<Result<_>>()?;
    let models = steps.into_iter().map(|(_, model)| model.ok()).collect();
    let (of_results, of_charts) = (places.clone(), places.results());
    let watched = Mutex::new(Watched::default());
    let shared = Shared {
        ladder: Ready::new(JSON, json_text(&ladder)?),
        weights,
        curves,
        trainer: Trainer::new(train, places.clone(), names.clone()),
        networks: Networks::start(names, models, in_training, limits.connections)?,
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
        .route("/api/erase", post(erase))
        .route("/api/weights/{step}", get(weights_of_step))
        .route("/api/digits", get(test_digits_of_list))
        .route("/api/digits/{index}", get(test_digit))
        .route("/api/results", get(results_table))
        .route("/api/charts", get(list_of_charts))
        .route("/api/trainings", get(trainings))
        .route("/api/curves/{step}", get(curves_of_step))
        .route(
            "/api/training",
            get(training).post(start_training).delete(stop_training),
        )
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
    let drawing = read_drawing(headers, body).await?;
    Ok(json_body(shared.networks.ask(drawing).await?).into_response())
}

async fn erase(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Answer {
    let drawing = read_drawing(headers, body).await?;
    Ok(json_body(shared.networks.erase(drawing).await?).into_response())
}

async fn read_drawing(headers: HeaderMap, body: Bytes) -> Result<Drawing, Refusal> {
    let drawing = spawn_blocking(move || Drawing::read(&headers, &body)).await;
    let failure = |error: JoinError| Refusal::failure(format!("the drawing is lost: {error}"));
    drawing.map_err(failure)?
}

async fn weights_of_step(
    State(shared): State<Arc<Shared>>,
    step: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    Ok(of_step(&shared.weights, step)?.answer(&headers))
}

async fn curves_of_step(
    State(shared): State<Arc<Shared>>,
    step: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Answer {
    Ok(of_step(&shared.curves, step)?.answer(&headers))
}

/// What there is of the step that a path names.
fn of_step(
    list: &[(String, Ready)],
    step: Result<Path<String>, PathRejection>,
) -> Result<&Ready, Refusal> {
    let name = step.map(|Path(name)| name).unwrap_or_default();
    let found = list.iter().find(|(step, _)| *step == name);
    found.map(|(_, ready)| ready).ok_or_else(|| {
        let message = "there is nothing of such a step; /api/ladder lists the steps";
        Refusal::new(StatusCode::NOT_FOUND, message)
    })
}

/// Those that `?of=7,42` lists.
async fn test_digits_of_list(State(shared): State<Arc<Shared>>, uri: Uri) -> Answer {
    let list = uri.query().and_then(|query| query.strip_prefix("of="));
    let indices: Vec<&str> = list.into_iter().flat_map(|list| list.split(',')).collect();
    if !(1..=MAX_DIGITS).contains(&indices.len()) {
        let message = format!(
            "there are {} digits in the list, expected 1 to {MAX_DIGITS}, as in ?of=7,42",
            indices.len()
        );
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message));
    }
    let digits = indices.iter().map(|index| shared.test_digit(index));
    json(&digits.collect::<Result<Vec<_>, _>>()?)
}

async fn test_digit(
    State(shared): State<Arc<Shared>>,
    index: Result<Path<String>, PathRejection>,
) -> Answer {
    let index = index.map(|Path(index)| index).unwrap_or_default();
    json(&shared.test_digit(&index)?)
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

async fn training(State(shared): State<Arc<Shared>>) -> Answer {
    json(&shared.trainer.status())
}

async fn start_training(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Arc<Connection>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    check_origin(&headers, connection.peer.is_loopback())?;
    let wanted = serde_json::from_slice(&body).map_err(|error| {
        let message = format!("this is not the JSON of a training: {error}");
        Refusal::new(StatusCode::BAD_REQUEST, message)
    })?;
    let trainer = shared.clone();
    let started = spawn_blocking(move || trainer.trainer.start(wanted)).await;
    started.map_err(|error| Refusal::failure(error.to_string()))??;
    json(&shared.trainer.status())
}

async fn stop_training(
    State(shared): State<Arc<Shared>>,
    Extension(connection): Extension<Arc<Connection>>,
    headers: HeaderMap,
) -> Answer {
    check_origin(&headers, connection.peer.is_loopback())?;
    shared.trainer.stop();
    json(&shared.trainer.status())
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

impl Shared {
    fn test_digit(&self, index: &str) -> Result<TestDigit, Refusal> {
        let digits = &self.test_digits;
        let index = index.parse::<usize>().ok();
        let index = index.filter(|index| *index < digits.len()).ok_or_else(|| {
            let last = digits.len().saturating_sub(1);
            let message = format!("there is no such test digit; their indices are 0 to {last}");
            Refusal::new(StatusCode::NOT_FOUND, message)
        })?;
        Ok(TestDigit::of(digits, index))
    }
}

fn json(value: &impl Serialize) -> Answer {
    let text = json_text(value).map_err(|error| Refusal::failure(error.to_string()))?;
    Ok(json_body(text).into_response())
}

fn json_text(value: &impl Serialize) -> Result<Bytes> {
    Ok(serde_json::to_vec(value)?.into())
}
