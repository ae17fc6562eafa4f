//! What is read from files at most once a second, however many ask for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

use crate::refusal::Refusal;

const FRESH: Duration = Duration::from_secs(1);

/// A value that is read anew when it is asked for and older than a second. That it cannot be read is kept as long.
pub struct Cached<T> {
    read: Arc<dyn Fn() -> Result<T> + Send + Sync>,
    /// Locked while somebody reads, so that all others wait for the same reading.
    last: Mutex<Option<(Instant, Result<T, String>)>>,
}

impl<T: Clone + Send + 'static> Cached<T> {
    /// Nothing is read yet. `read` may take its time: it runs on a thread of its own.
    pub fn new(read: impl Fn() -> Result<T> + Send + Sync + 'static) -> Self {
        Self {
            read: Arc::new(read),
            last: Mutex::new(None),
        }
    }

    /// The value, at most a second old.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub async fn get(&self) -> Result<T, Refusal> {
        let mut last = self.last.lock().await;
        let fresh = last.take().filter(|(read, _)| read.elapsed() < FRESH);
        let (read, value) = match fresh {
            Some(fresh) => fresh,
            None => (Instant::now(), self.read().await),
        };
        *last = Some((read, value.clone()));
        value.map_err(Refusal::failure)
    }

    async fn read(&self) -> Result<T, String> {
        let read = self.read.clone();
        let value = spawn_blocking(move || read()).await;
        value
            .map_err(|error| format!("the reading ended early: {error}"))?
            .map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_cannot_be_read_is_not_read_again_at_once() {
        let readings = Arc::new(AtomicUsize::new(0));
        let count = readings.clone();
        let cached: Cached<()> = Cached::new(move || {
            count.fetch_add(1, Ordering::Relaxed);
            anyhow::bail!("it is lost")
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for _ in 0..3 {
            assert!(runtime.block_on(cached.get()).is_err());
        }
        assert_eq!(readings.load(Ordering::Relaxed), 1);
    }
}
