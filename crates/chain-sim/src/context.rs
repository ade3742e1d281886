//! The runtime of one simulated validator: the deterministic one, with a clock, a disk and a pulse of its own.

use std::{
    convert::Infallible,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    task::{Context as Polling, Poll, Waker},
    time::{Duration, SystemTime},
};

use commonware_runtime::{
    BlobVersion, Clock, Error, Handle, Metrics, Name, Spawner, Storage, Supervisor, deterministic,
    signal::Signal,
    telemetry::metrics::{Metric, Registered},
};
use rand::{TryCryptoRng, TryRng};

use crate::disk::{Disk, DiskBlob};

/// What one validator's machine is doing: shared between its tasks and the world.
#[derive(Debug, Default)]
pub struct Machinery {
    skew_ms: AtomicI64,
    paused: AtomicBool,
    halted: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
    panic: Mutex<Option<String>>,
    /// The validator's disk.
    pub disk: Disk,
    prefix: String,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Machinery {
    /// A machine whose files are kept apart from others by `prefix`.
    pub fn new(prefix: String) -> Self {
        Self {
            prefix,
            ..Self::default()
        }
    }

    pub(crate) fn partition(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Sets the clock wrong, by milliseconds.
    pub fn skew(&self, ms: i64) {
        self.skew_ms.store(ms, Ordering::Relaxed);
    }

    /// How wrong the clock is, in milliseconds.
    pub fn skewed(&self) -> i64 {
        self.skew_ms.load(Ordering::Relaxed)
    }

    /// Stops every task where it stands, as a stopped process or a frozen virtual machine.
    pub fn pause(&self) {
        self.paused.store(true, Ordering::Relaxed);
    }

    /// Lets the tasks go on.
    pub fn resume(&self) {
        self.paused.store(false, Ordering::Relaxed);
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Text of the first panic of any task: production ends the validator then.
    pub fn panicked(&self) -> Option<String> {
        lock(&self.panic).clone()
    }

    pub(crate) fn halt(&self) {
        self.halted.store(true, Ordering::Relaxed);
    }

    pub(crate) fn fresh(&self) {
        self.halted.store(false, Ordering::Relaxed);
        self.paused.store(false, Ordering::Relaxed);
        lock(&self.waiting).clear();
        *lock(&self.panic) = None;
    }

    fn fail(&self, text: String) {
        lock(&self.panic).get_or_insert(text);
        self.halt();
    }
}

/// A task of one validator, which stands still with it.
struct Pulse<F> {
    machinery: Arc<Machinery>,
    task: Pin<Box<F>>,
}

impl<F: Future> Future for Pulse<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, polling: &mut Polling<'_>) -> Poll<F::Output> {
        if self.machinery.halted.load(Ordering::Relaxed) {
            return Poll::Pending;
        }
        if self.machinery.paused.load(Ordering::Relaxed) {
            lock(&self.machinery.waiting).push(polling.waker().clone());
            return Poll::Pending;
        }
        let task = &mut self.task;
        match catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(polling))) {
            Ok(progress) => progress,
            Err(panic) => {
                let text = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("without a text");
                self.machinery.fail(text.to_string());
                Poll::Pending
            }
        }
    }
}

/// The runtime of one validator.
pub struct NodeContext {
    inner: deterministic::Context,
    machinery: Arc<Machinery>,
}

impl std::fmt::Debug for NodeContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeContext").finish_non_exhaustive()
    }
}

impl NodeContext {
    /// A validator's runtime below the world's.
    pub fn new(inner: deterministic::Context, machinery: Arc<Machinery>) -> Self {
        Self { inner, machinery }
    }

    fn skew(&self) -> (Duration, bool) {
        let skew = self.machinery.skewed();
        (Duration::from_millis(skew.unsigned_abs()), skew < 0)
    }
}

impl Supervisor for NodeContext {
    fn name(&self) -> Name {
        self.inner.name()
    }

    fn child(&self, label: &'static str) -> Self {
        Self::new(self.inner.child(label), Arc::clone(&self.machinery))
    }

    fn with_attribute(self, key: &'static str, value: impl std::fmt::Display) -> Self {
        Self::new(self.inner.with_attribute(key, value), self.machinery)
    }
}

impl Spawner for NodeContext {
    fn shared(self, blocking: bool) -> Self {
        Self::new(self.inner.shared(blocking), self.machinery)
    }

    fn dedicated(self) -> Self {
        Self::new(self.inner.dedicated(), self.machinery)
    }

    fn spawn<F, Fut, T>(self, f: F) -> Handle<T>
    where
        F: FnOnce(Self) -> Fut + Send + 'static,
        Fut: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let machinery = self.machinery;
        self.inner.spawn(move |inner| {
            let context = Self::new(inner, Arc::clone(&machinery));
            let task = Box::pin(f(context));
            Pulse { machinery, task }
        })
    }

    async fn stop(self, value: i32, timeout: Option<Duration>) -> Result<(), Error> {
        self.inner.stop(value, timeout).await
    }

    fn stopped(&self) -> Signal {
        self.inner.stopped()
    }
}

impl Metrics for NodeContext {
    fn register<N: Into<String>, H: Into<String>, M: Metric>(
        &self,
        name: N,
        help: H,
        metric: M,
    ) -> Registered<M> {
        self.inner.register(name, help, metric)
    }

    fn encode(&self) -> String {
        self.inner.encode()
    }
}

impl Clock for NodeContext {
    fn current(&self) -> SystemTime {
        let (skew, behind) = self.skew();
        let now = self.inner.current();
        let shown = if behind {
            now.checked_sub(skew)
        } else {
            now.checked_add(skew)
        };
        shown.unwrap_or(now)
    }

    fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + 'static + use<> {
        self.inner.sleep(duration)
    }

    fn sleep_until(
        &self,
        deadline: SystemTime,
    ) -> impl Future<Output = ()> + Send + 'static + use<> {
        let (skew, behind) = self.skew();
        let at = if behind {
            deadline.checked_add(skew)
        } else {
            deadline.checked_sub(skew)
        };
        self.inner.sleep_until(at.unwrap_or(deadline))
    }
}

impl governor::clock::Clock for NodeContext {
    type Instant = SystemTime;

    fn now(&self) -> SystemTime {
        self.current()
    }
}

impl governor::clock::ReasonablyRealtime for NodeContext {}

impl TryRng for NodeContext {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.inner.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.inner.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.inner.try_fill_bytes(bytes)
    }
}

impl TryCryptoRng for NodeContext {}

impl Storage for NodeContext {
    type Blob = DiskBlob;

    async fn open_versioned(
        &self,
        partition: &str,
        name: &[u8],
        versions: std::ops::RangeInclusive<BlobVersion>,
    ) -> Result<(DiskBlob, u64, BlobVersion), Error> {
        let partition = self.machinery.partition(partition);
        self.machinery
            .disk
            .open(&self.inner, &partition, name, versions)
            .await
    }

    async fn remove(&self, partition: &str, name: Option<&[u8]>) -> Result<(), Error> {
        let partition = self.machinery.partition(partition);
        self.machinery
            .disk
            .remove(&self.inner, &partition, name)
            .await
    }

    async fn scan(&self, partition: &str) -> Result<Vec<Vec<u8>>, Error> {
        self.inner.scan(&self.machinery.partition(partition)).await
    }
}
