//! Columns shared out over threads. Their number changes no bit of any model.

use fairway_forecast::trees::Workers;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The most threads of a training.
pub const MAX_THREADS: usize = 64;

/// So many threads.
#[derive(Debug, Clone, Copy)]
pub struct Threads(pub usize);

impl Workers for Threads {
    fn run(&self, jobs: usize, job: &(dyn Fn(usize) + Sync)) {
        let threads = self.0.min(jobs).min(MAX_THREADS);
        if threads < 2 {
            (0..jobs).for_each(job);
            return;
        }
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= jobs {
                    break;
                }
                job(number);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
    }
}
