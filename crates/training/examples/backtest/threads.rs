//! Columns shared out over threads.

use fairway_forecast::trees::Workers;
use std::sync::atomic::{AtomicUsize, Ordering};

/// So many threads.
pub(crate) struct Threads(pub(crate) usize);

impl Workers for Threads {
    fn run(&self, jobs: usize, job: &(dyn Fn(usize) + Sync)) {
        if self.0 < 2 {
            (0..jobs).for_each(job);
            return;
        }
        let next = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..self.0.min(jobs) {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= jobs {
                            break;
                        }
                        job(number);
                    }
                });
            }
        });
    }
}
