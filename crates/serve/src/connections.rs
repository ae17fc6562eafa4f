//! The connections that the server holds, and which of them has to go.
//!
//! At any time the server either works on a connection's request, or waits for its client: for the next request, or until
//! an answer is taken. Clients cost nothing while the server works for them, since that ends by itself; what has to be
//! bounded is waiting, however a client may cause it. So there is one rule for those that send nothing, send a byte at a
//! time, or do not read: a client that is waited for longer than its patience allows loses its connection, and when all
//! places are taken, the one that has been waited for longest loses it to the newcomer.
//!
//! A connection whose request is in work keeps its place. If all are in work, newcomers wait, and each connection is
//! closed after its answer, so that everybody takes turns.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout, timeout_at};

/// A client that has been waited for no longer than this keeps its place: its request may be on the way.
const SHORTEST_WAIT: Duration = Duration::from_millis(500);

/// How often a newcomer looks for a place.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// All connections.
#[derive(Debug)]
pub struct Connections {
    places: usize,
    patience: Duration,
    table: Mutex<Table>,
    /// Told when a place becomes free.
    left: Notify,
}

#[derive(Debug, Default)]
struct Table {
    open: Vec<Arc<Connection>>,
    /// Whether a newcomer waits for a place.
    crowded: bool,
}

/// What is known of a connection.
#[derive(Debug)]
pub struct Connection {
    /// The client's address.
    pub peer: IpAddr,
    /// Since when the server waits for the client; none while it works on a request.
    waiting: Mutex<Option<Instant>>,
    /// Told when another client gets the place.
    evicted: Notify,
}

/// A connection's place, which is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    connection: Arc<Connection>,
}

impl Connections {
    /// No connections yet. There is room for `places` at a time, and a client is waited for as long as `patience`.
    pub fn new(places: usize, patience: Duration) -> Arc<Self> {
        Arc::new(Self {
            places,
            patience,
            table: Mutex::default(),
            left: Notify::new(),
        })
    }

    /// A place for a newcomer, as soon as there is one.
    pub async fn enter(self: &Arc<Self>, peer: IpAddr) -> Place {
        let connection = Arc::new(Connection {
            peer,
            waiting: Mutex::new(Some(Instant::now())),
            evicted: Notify::new(),
        });
        while !self.add(&connection) {
            let _ = timeout(LOOK_AGAIN, self.left.notified()).await;
        }
        Place {
            connections: self.clone(),
            connection,
        }
    }

    /// Whether a newcomer waits for a place.
    pub fn are_crowded(&self) -> bool {
        lock(&self.table).crowded
    }

    /// Closes the connection whose client has been waited for longest. Returns whether there was one.
    pub fn evict(&self) -> bool {
        lock(&self.table).evict()
    }

    fn add(&self, connection: &Arc<Connection>) -> bool {
        let mut table = lock(&self.table);
        let has_place = table.open.len() < self.places || table.evict();
        if has_place {
            table.open.push(connection.clone());
        }
        table.crowded = !has_place;
        has_place
    }
}

impl Table {
    fn evict(&mut self) -> bool {
        let waiting = self.open.iter().enumerate().filter_map(|(place, it)| {
            let since = *lock(&it.waiting);
            Some((since?, place))
        });
        let longest = waiting
            .min()
            .filter(|(since, _)| since.elapsed() >= SHORTEST_WAIT);
        let Some((_, place)) = longest else {
            return false;
        };
        self.open.swap_remove(place).evicted.notify_one();
        true
    }
}

impl Connection {
    /// From now on the server waits for the client. Returns what time it is now.
    pub fn wait(&self) -> Instant {
        let now = Instant::now();
        *lock(&self.waiting) = Some(now);
        now
    }

    /// From now on the server works for the client.
    pub fn work(&self) {
        *lock(&self.waiting) = None;
    }
}

impl Place {
    /// The connection that has this place.
    pub fn connection(&self) -> Arc<Connection> {
        self.connection.clone()
    }

    /// Ends when the connection is to be closed: its client has been waited for too long, or another gets the place.
    pub async fn lost(&self) {
        loop {
            let waiting = *lock(&self.connection.waiting);
            let now = Instant::now();
            let end = waiting.unwrap_or(now) + self.connections.patience;
            let evicted = self.connection.evicted.notified();
            if end <= now || timeout_at(end, evicted).await.is_ok() {
                return;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let is_other = |it: &Arc<Connection>| !Arc::ptr_eq(it, &self.connection);
        lock(&self.connections.table).open.retain(is_other);
        self.connections.left.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);
    const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.unwrap().block_on(future)
    }

    fn waits_since(place: &Place, seconds: f64) {
        let since = Instant::now().checked_sub(Duration::from_secs_f64(seconds));
        *lock(&place.connection.waiting) = Some(since.unwrap());
    }

    async fn is_lost(place: &Place) -> bool {
        timeout(Duration::from_millis(5), place.lost())
            .await
            .is_ok()
    }

    #[test]
    fn a_newcomer_gets_the_place_of_who_has_been_waited_for_longest() {
        block_on(async {
            let connections = Connections::new(3, PATIENCE);
            let [works, waits, stalls] = [
                connections.enter(PEER).await,
                connections.enter(PEER).await,
                connections.enter(PEER).await,
            ];
            works.connection.work();
            waits_since(&waits, 1.0);
            waits_since(&stalls, 2.0);
            let newcomer = connections.enter(PEER).await;
            assert!(!connections.are_crowded());
            assert!(is_lost(&stalls).await);
            for kept in [&works, &waits, &newcomer] {
                assert!(!is_lost(kept).await);
            }
        });
    }

    #[test]
    fn a_newcomer_waits_while_all_are_in_work() {
        block_on(async {
            let connections = Connections::new(1, PATIENCE);
            let works = connections.enter(PEER).await;
            works.connection.work();
            let newcomer = timeout(Duration::from_millis(5), connections.enter(PEER)).await;
            assert!(newcomer.is_err() && connections.are_crowded());
            drop(works);
            connections.enter(PEER).await;
            assert!(!connections.are_crowded());
        });
    }

    #[test]
    fn a_client_is_waited_for_as_long_as_patience_lasts() {
        block_on(async {
            let connections = Connections::new(1, PATIENCE);
            let place = connections.enter(PEER).await;
            waits_since(&place, 19.0);
            assert!(!is_lost(&place).await);
            waits_since(&place, 20.0);
            assert!(is_lost(&place).await);
            place.connection.work();
            assert!(!is_lost(&place).await);
        });
    }
}
