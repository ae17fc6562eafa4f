//! What every request passes before it is answered: it is read whole, counted, and meant for this server.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::{sleep, timeout_at};

use crate::Limits;
use crate::connections::{Connection, Connections};
use crate::host::Hosts;
use crate::limits::Buckets;
use crate::refusal::Refusal;

/// Of a body that is too large so many bytes more are read nevertheless, and thrown away: a client that is still sending
/// would not see the answer.
const DISCARDED_BYTES: usize = 16_000_000;

/// What decides on requests.
#[derive(Debug)]
pub struct Admission {
    limits: Limits,
    hosts: Hosts,
    buckets: Mutex<Buckets>,
    connections: Arc<Connections>,
}

impl Admission {
    /// Admits what keeps to the limits and is meant for one of the hosts.
    pub fn new(limits: Limits, hosts: Hosts, connections: Arc<Connections>) -> Self {
        Self {
            buckets: Mutex::new(Buckets::new(&limits)),
            limits,
            hosts,
            connections,
        }
    }

    /// The request with its body in memory, when its turn has come.
    async fn admit(&self, request: Request, connection: &Connection) -> Result<Request, Refusal> {
        let patience = self.limits.patience;
        let (parts, body) = request.into_parts();
        // Whatever is answered, the body is read first: a client that is still sending does not read.
        let end = connection.wait() + patience;
        let body = timeout_at(end, read(body, self.limits.body_bytes)).await;
        connection.work();
        sleep(self.delay(connection.peer)?).await;
        self.hosts.check(&parts)?;
        let body = body.map_err(|_| {
            let message = format!("the request did not arrive within {} s", patience.as_secs());
            Refusal::new(StatusCode::REQUEST_TIMEOUT, message)
        })?;
        Ok(Request::from_parts(parts, Body::from(body?)))
    }

    /// How long a request must wait for its turn.
    fn delay(&self, peer: IpAddr) -> Result<Duration, Refusal> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets
            .take(peer, Instant::now())
            .map_err(Refusal::too_many)
    }
}

/// Answers a request if it is admitted, and says why not otherwise.
pub async fn admit(
    State(admission): State<Arc<Admission>>,
    Extension(connection): Extension<Arc<Connection>>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = match admission.admit(request, &connection).await {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    if admission.connections.are_crowded() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    connection.wait();
    response
}

/// All bytes of a body, unless it is larger than `limit`.
async fn read(mut body: Body, limit: usize) -> Result<Bytes, Refusal> {
    match Limited::new(&mut body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            let mut rest = Limited::new(body, DISCARDED_BYTES);
            while let Some(Ok(_)) = rest.frame().await {}
            let message = format!("the request is larger than {limit} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message))
        }
        Err(error) => {
            let message = format!("the request cannot be read: {error}");
            Err(Refusal::new(StatusCode::BAD_REQUEST, message))
        }
    }
}
