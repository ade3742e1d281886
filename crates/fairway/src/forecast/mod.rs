//! The forecasting service: data sets, searches and models in a folder; the command line and the HTTP role of `serve` call it.
//!
//! What is computed is in `fairway-training`; here are files, threads and the clock. Invariant: a file of the folder is written beside its place and renamed, so a
//! killed process leaves whole files, old or new; one process at a time changes a data set.

pub mod feed;
pub mod progress;
pub mod service;
pub mod store;
pub mod threads;
pub mod view;

use fairway_training::table::Refused;

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// What was asked for is not there.
    Missing(String),
    /// The request makes no sense; holds what would.
    Wrong(String),
    /// A file was refused, place by place.
    Refused(Refused),
    /// Another process or job has the data set.
    Busy(String),
    /// A file of the folder cannot be read or written.
    Broken(String),
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Missing(text) | Self::Wrong(text) | Self::Busy(text) | Self::Broken(text) => {
                f.write_str(text)
            }
            Self::Refused(refused) => write!(f, "nothing was taken over:\n{refused}"),
        }
    }
}

impl core::error::Error for Fault {}

impl From<Refused> for Fault {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Fault> for String {
    fn from(fault: Fault) -> Self {
        fault.to_string()
    }
}
