//! The load forecast: from readings to quantiles of every hour of a day, in whole numbers only.
//!
//! The way of a number through the files: [`readings`] takes what members post, [`series`] holds it, [`bias`] corrects a member's own forecast,
//! [`view`] makes the columns that a [`spec`] names under a [`calendar`], [`trees`] turn them into an output, [`ensemble`] takes the mean of several
//! models, [`track`] keeps the quantiles honest. [`scores`], [`compare`], [`wager`] and [`drift`] judge the result, [`baseline`] is what it has to
//! beat, [`backtest`] plays years of it. [`synthetic`] makes a load for tests and demonstrations.
//!
//! Invariant: equal inputs give equal bits, in training as in inference, on every machine, in every build, with any number of threads. So a validator can run
//! every forecast, and re-run every training. Guarded by golden vectors (`tests/it/golden.rs`), by rows that do not change when later
//! readings do, and by hostile bytes that never panic the parser (`tests/it/hostile.rs`).

pub mod backtest;
pub mod baseline;
pub mod bias;
pub mod calendar;
pub mod columns;
pub mod compare;
pub mod drift;
pub mod ensemble;
pub mod hour;
pub mod number;
pub mod readings;
pub mod scores;
pub mod series;
pub mod spec;
pub mod synthetic;
pub mod track;
pub mod trees;
pub mod view;
pub mod wager;
