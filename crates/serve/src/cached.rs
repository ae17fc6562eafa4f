//! What is read from files at most once a second, however many ask for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

const FRESH: Duration = Duration::from_secs(1);

/// A value that is read anew when it is asked for and older than a second.
pub struct Cached<T> {
    read: Arc<dyn Fn() -> Result<T> + Send + Sync>,
    /// Locked while somebody reads, so that all others wait for the same reading.
    last: Mutex<Option<(Instant, Arc<T>)>>,
}

impl<T: Send + Sync + 'static> Cached<T> {
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
    pub async fn get(&self) -> Result<Arc<T>> {
        let mut last = self.last.lock().await;
        if let Some((read, value)) = &*last
            && read.elapsed() < FRESH
        {
            return Ok(value.clone());
        }
        let read = self.read.clone();
        let value = spawn_blocking(move || read())
            .await
            .map_err(|error| anyhow!("the reading ended early: {error}"))?;
        let value = Arc::new(value?);
        *last = Some((Instant::now(), value.clone()));
        Ok(value)
    }
}
