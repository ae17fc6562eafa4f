//! The server: its socket, its connections, its end.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::future::select;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{sleep, timeout};

use crate::limits::TokenBucket;
use crate::refusal::Refusal;
use crate::routes::router;
use crate::{Content, Limits};

/// How long requests in work may take once the server is to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Pause after a connection could not be taken, for example because the process has too many files open.
const PAUSE: Duration = Duration::from_millis(50);

/// What a connection may have sent that has not been looked at, such as the head of a request.
const BUFFER_BYTES: usize = 65_536;

/// Of a body that is too large so many bytes are read nevertheless, and thrown away: a client that is still sending would
/// not see the answer.
const DISCARDED_BYTES: usize = 16_000_000;

/// A server that listens, but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    stop: Arc<Notify>,
}

/// Ends a server from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Notify>);

impl Server {
    /// Listens on the first of `addresses` that can be listened on; port 0 is any free port.
    ///
    /// # Errors
    ///
    /// None can, for example because another program listens there.
    pub fn bind(addresses: &[SocketAddr]) -> Result<Self> {
        let listener = TcpListener::bind(addresses).with_context(|| {
            let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
            format!("cannot listen on {}", addresses.join(" or "))
        })?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            stop: Arc::new(Notify::new()),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What ends it.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Answers requests until it is stopped; then those in work, for two seconds at most.
    ///
    /// # Errors
    ///
    /// A step's network cannot be built, or the system does not let it.
    pub fn run(self, content: Content, limits: Limits) -> Result<()> {
        let router = router(content, &limits)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .context("cannot start the server")?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let connections = GracefulShutdown::new();
            {
                let accepting = pin!(accept(listener, router, limits, &connections));
                let stopped = pin!(self.stop.notified());
                select(accepting, stopped).await;
            }
            // Connections that take longer than this are cut.
            let _ = timeout(LAST_ANSWERS, connections.shutdown()).await;
            Ok(())
        })
    }
}

impl Stopper {
    /// Ends the server, be it before it runs.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

/// Takes connections as long as this is polled.
async fn accept(
    listener: tokio::net::TcpListener,
    router: Router,
    limits: Limits,
    connections: &GracefulShutdown,
) {
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        // Answers are small, and somebody waits for them.
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.patience)
            .max_buf_size(BUFFER_BYTES)
            .serve_connection(TokioIo::new(stream), service(router.clone(), limits));
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // It ends with an error where the client goes away: that is the client's business.
            let _ = connection.await;
            drop(place);
        });
    }
}

/// The service of one connection.
fn service(
    router: Router,
    limits: Limits,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> {
    let bucket = Arc::new(Mutex::new(TokenBucket::new(&limits, Instant::now())));
    let router = TowerToHyperService::new(router);
    service_fn(move |request: Request<Incoming>| {
        let (bucket, router) = (bucket.clone(), router.clone());
        async move {
            match admit(request, &limits, &bucket).await {
                Ok(request) => router.call(request).await,
                Err(refusal) => Ok(refusal.into_response()),
            }
        }
    })
}

/// A request with its body in memory, if it keeps to the limits.
async fn admit(
    request: Request<Incoming>,
    limits: &Limits,
    bucket: &Mutex<TokenBucket>,
) -> Result<Request<Body>, Refusal> {
    let (parts, body) = request.into_parts();
    // Whatever is answered, the body is read first: a client that is still sending does not read.
    let body = timeout(limits.patience, read(body, limits.body_bytes)).await;
    let mut bucket = bucket.lock().unwrap_or_else(PoisonError::into_inner);
    bucket.take(Instant::now()).map_err(Refusal::too_many)?;
    let body = body.map_err(|_| {
        let message = format!(
            "the request did not arrive within {} s",
            limits.patience.as_secs()
        );
        Refusal::new(StatusCode::REQUEST_TIMEOUT, message)
    })?;
    Ok(Request::from_parts(parts, Body::from(body?)))
}

/// All bytes of a body, unless it is larger than `limit`.
async fn read(mut body: Incoming, limit: usize) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let message = format!("the request cannot be read: {error}");
            Refusal::new(StatusCode::BAD_REQUEST, message)
        })?;
        let Some(data) = frame.data_ref() else {
            continue;
        };
        length += data.len();
        if length <= limit {
            bytes.extend_from_slice(data);
        } else if length > DISCARDED_BYTES {
            break;
        }
    }
    if length > limit {
        let message = format!("the request is larger than {limit} bytes");
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message));
    }
    Ok(bytes)
}
