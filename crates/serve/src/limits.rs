//! How much may be asked of the server, and how often.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Bounds on what clients may ask.
///
/// There are only so many connections, and each has one request in work, so there are never more drawings in work than
/// connections, and none is turned away because the networks are busy.
///
/// Requests are counted by the client's address, which a new connection does not change. All programs of a machine have
/// one address, so the rate is far above the 20 requests a second that a page sends at most, and a request that comes
/// too early waits for its turn before any is refused. The rate keeps other machines from taking the server for
/// themselves. Among the programs of one machine it is the taking turns that is fair: a connection has one request in
/// work.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections: usize,
    /// Requests a second that may come from an address in the long run.
    pub requests_per_second: f64,
    /// Requests that may come from it at once after a pause.
    pub burst: f64,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a client may take to send a request, to take the answer, or to think of the next request.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            requests_per_second: 1_000.0,
            burst: 1_000.0,
            body_bytes: 400_000,
            patience: Duration::from_secs(20),
        }
    }
}

/// The longest that a request waits for its turn; if it were to wait longer it is refused.
const LONGEST_DELAY: Duration = Duration::from_secs(1);

/// So many buckets are kept without asking which of them are full again.
const FEW_BUCKETS: usize = 1_000;

/// A bucket for each address. `tower`'s limit of a rate is one for everybody, and does not refuse.
#[derive(Debug)]
pub struct Buckets {
    capacity: f64,
    per_second: f64,
    buckets: HashMap<IpAddr, Bucket>,
}

/// A bucket that tokens drip into, one for each request.
#[derive(Debug)]
struct Bucket {
    /// Below zero are those of requests that wait for theirs.
    tokens: f64,
    filled: Instant,
}

impl Buckets {
    /// All buckets are full.
    pub fn new(limits: &Limits) -> Self {
        Self {
            capacity: limits.burst,
            per_second: limits.requests_per_second,
            buckets: HashMap::new(),
        }
    }

    /// Takes a token for a request from an address. Returns how long the request must wait until it is there.
    ///
    /// # Errors
    ///
    /// It would take too long; says how long, and takes none.
    pub fn take(&mut self, peer: IpAddr, now: Instant) -> Result<Duration, Duration> {
        let (capacity, per_second) = (self.capacity, self.per_second);
        let tokens = |bucket: &Bucket| {
            let seconds = now.saturating_duration_since(bucket.filled).as_secs_f64();
            (bucket.tokens + seconds * per_second).min(capacity)
        };
        if self.buckets.len() > FEW_BUCKETS {
            self.buckets.retain(|_, bucket| tokens(bucket) < capacity);
        }
        let left = self.buckets.get(&peer).map_or(capacity, tokens) - 1.0;
        let delay = Duration::from_secs_f64((-left / per_second).max(0.0));
        if delay > LONGEST_DELAY {
            return Err(delay);
        }
        let bucket = Bucket {
            tokens: left,
            filled: now,
        };
        self.buckets.insert(peer, bucket);
        Ok(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn a_burst_is_followed_by_the_rate_and_then_by_refusals() {
        let mut buckets = Buckets::new(&Limits {
            requests_per_second: 4.0,
            burst: 3.0,
            ..Limits::default()
        });
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let delay = |milliseconds| Ok(Duration::from_millis(milliseconds));
        let mut take = |now| buckets.take(PEER, now);
        assert_eq!([(); 3].map(|()| take(start)), [delay(0); 3]);
        assert_eq!(
            [(); 4].map(|()| take(start)),
            [delay(250), delay(500), delay(750), delay(1_000)]
        );
        assert_eq!(take(start), Err(Duration::from_millis(1_250)));
        assert_eq!(take(after(250)), delay(1_000));
        // However long the pause, there is one burst.
        let later = after(3_600_000);
        assert_eq!(
            [(); 4].map(|()| take(later)),
            [delay(0), delay(0), delay(0), delay(250)]
        );
        // Another address has its own.
        let other = "::1".parse().unwrap();
        assert_eq!(buckets.take(other, later), delay(0));
    }
}
