//! The server: its socket, its connections, its end.
//!
//! `axum::serve` would accept the connections too, but it has no bound on what a client may send before it is looked at,
//! and nothing that closes a connection whose client does not read. So connections are accepted here, one task each;
//! HTTP and the graceful end are `hyper`'s, what a request passes is a layer of the router (see [`crate::admission`]).
//!
//! What is no HTTP at all gets a status of 400 or 431 and no words: `hyper` answers it before any of our code.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use futures_util::future::select;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::admission::{Admission, admit};
use crate::connections::{Connections, Place};
use crate::host::Hosts;
use crate::routes::{router, with_headers};
use crate::{Content, Limits};

/// How long requests in work may take once the server is to stop.
const LAST_ANSWERS: Duration = Duration::from_secs(5);

/// Pause before something is tried again, such as to take a connection when the process has too many files open.
const PAUSE: Duration = Duration::from_millis(50);

/// What a connection may have sent that has not been looked at, such as the head of a request.
const RECEIVED_BYTES: usize = 65_536;

/// What the system keeps for a client that does not read. By itself it would keep megabytes for each.
const SENT_BYTES: usize = 65_536;

/// Connections that the system keeps until they are taken. One more than it keeps it forgets, and the client tries again
/// after a second; Rust asks for 128.
const NEWCOMERS: i32 = 1_024;

/// Threads that prepare drawings and read files.
const BLOCKING_THREADS: usize = 2;

/// A server that listens, but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    hosts: Hosts,
    stop: Arc<Notify>,
}

/// Ends a server from another thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<Notify>);

impl Server {
    /// Listens on an address or a name of this machine; port 0 is any free port. Requests for another name are refused, but
    /// for `localhost`.
    ///
    /// # Errors
    ///
    /// There is no such host, or it cannot be listened on, for example because another program listens there.
    pub fn bind(host: &str, port: u16) -> Result<Self> {
        let addresses = (host, port).to_socket_addrs();
        let addresses: Vec<_> = addresses
            .with_context(|| format!("{host} is no address"))?
            .collect();
        let listener = TcpListener::bind(&addresses[..]).with_context(|| {
            let addresses: Vec<_> = addresses.iter().map(SocketAddr::to_string).collect();
            format!("cannot listen on {}", addresses.join(" or "))
        })?;
        SockRef::from(&listener).listen(NEWCOMERS)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        Ok(Self {
            address,
            listener,
            hosts: Hosts::new(host, address.ip()),
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

    /// Answers requests until it is stopped; then those in work, for five seconds at most.
    ///
    /// # Errors
    ///
    /// A step's network cannot be built, or the system does not let it.
    pub fn run(self, content: Content, limits: Limits) -> Result<()> {
        let connections = Connections::new(limits.connections, limits.patience);
        let admission = Admission::new(limits, self.hosts, connections.clone());
        let router = router(content, &limits)?
            .layer(from_fn_with_state(Arc::new(admission), admit))
            .layer(map_response(with_headers));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(BLOCKING_THREADS)
            .build()
            .context("cannot start the server")?;
        let end = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.listener)?;
            let graceful = GracefulShutdown::new();
            {
                let accepting = pin!(accept(listener, router, &connections, &graceful));
                let stopped = pin!(self.stop.notified());
                select(accepting, stopped).await;
            }
            // What takes longer is cut, and whoever is waited for does not hold up the end.
            let answered = pin!(timeout(LAST_ANSWERS, graceful.shutdown()));
            select(answered, pin!(evict_all(&connections))).await;
            Ok(())
        });
        // A file that is being read must not hold up the end.
        runtime.shutdown_background();
        end
    }
}

impl Stopper {
    /// Ends the server. May be called before it runs.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

/// Takes connections as long as this is polled.
async fn accept(
    listener: tokio::net::TcpListener,
    router: Router,
    connections: &Arc<Connections>,
    graceful: &GracefulShutdown,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let place = connections.enter(peer.ip()).await;
                tokio::spawn(serve(stream, place, router.clone(), graceful.watcher()));
            }
            Err(_) => {
                connections.evict();
                sleep(PAUSE).await;
            }
        }
    }
}

/// Closes connections whose clients are waited for, as long as this is polled.
async fn evict_all(connections: &Connections) {
    loop {
        while connections.evict() {}
        sleep(PAUSE).await;
    }
}

/// Answers the requests of a connection, until it ends or loses its place.
async fn serve(stream: TcpStream, place: Place, router: Router, watcher: Watcher) {
    // Answers are small, and somebody waits for them. Without these settings all works too, if not as well.
    let _ = stream.set_nodelay(true);
    let _ = SockRef::from(&stream).set_send_buffer_size(SENT_BYTES);
    let connection = http1::Builder::new()
        .max_buf_size(RECEIVED_BYTES)
        .serve_connection(TokioIo::new(stream), service(router, &place));
    // It ends with an error where the client goes away: that is the client's business.
    select(pin!(watcher.watch(connection)), pin!(place.lost())).await;
}

/// The router for a connection: requests bring along which one it is.
fn service(
    router: Router,
    place: &Place,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + use<>
{
    let connection = place.connection();
    let router = TowerToHyperService::new(router);
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(connection.clone());
        router.call(request)
    })
}
