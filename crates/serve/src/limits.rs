//! How much may be asked of the server, and how often.

use std::time::{Duration, Instant};

/// Bounds on what clients may ask.
///
/// A client is a connection, for on one machine all of them have the same address. There are only so many connections, and
/// each has one request in work, so there are never more drawings in work than connections, and none is turned away because
/// the networks are busy. The page itself sends at most 20 requests a second, whatever one does on it.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time; more wait until one ends.
    pub connections: usize,
    /// Requests a second that a connection may make in the long run.
    pub requests_per_second: f64,
    /// Requests that it may make at once after a pause.
    pub burst: f64,
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// How long a connection may take to send a request, or go without one.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 512,
            requests_per_second: 100.0,
            burst: 200.0,
            body_bytes: 400_000,
            patience: Duration::from_secs(20),
        }
    }
}

/// A bucket that tokens drip into, one for each request.
#[derive(Debug)]
pub struct TokenBucket {
    tokens: f64,
    capacity: f64,
    per_second: f64,
    filled: Instant,
}

impl TokenBucket {
    /// A full bucket.
    pub fn new(limits: &Limits, now: Instant) -> Self {
        Self {
            tokens: limits.burst,
            capacity: limits.burst,
            per_second: limits.requests_per_second,
            filled: now,
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// There is none; says when there will be one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let dripped = now.saturating_duration_since(self.filled).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + dripped).min(self.capacity);
        self.filled = now;
        if self.tokens < 1.0 {
            return Err(Duration::from_secs_f64(
                (1.0 - self.tokens) / self.per_second,
            ));
        }
        self.tokens -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_followed_by_the_rate() {
        let limits = Limits {
            requests_per_second: 4.0,
            burst: 3.0,
            ..Limits::default()
        };
        let start = Instant::now();
        let after = |milliseconds| start + Duration::from_millis(milliseconds);
        let mut bucket = TokenBucket::new(&limits, start);
        assert_eq!([(); 3].map(|()| bucket.take(start)), [Ok(()); 3]);
        assert_eq!(bucket.take(start), Err(Duration::from_millis(250)));
        assert_eq!(bucket.take(after(125)), Err(Duration::from_millis(125)));
        assert_eq!(bucket.take(after(250)), Ok(()));
        assert!(bucket.take(after(250)).is_err());
        // However long the pause, there is one burst.
        let later = after(3_600_000);
        assert_eq!([(); 3].map(|()| bucket.take(later)), [Ok(()); 3]);
        assert!(bucket.take(later).is_err());
    }
}
