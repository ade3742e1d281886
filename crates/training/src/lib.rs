//! From a CSV file to a model that a consortium can run: data sets, their checks, the search for a model, scores, cards.
//!
//! The way of a file through the modules: [`csv`] splits it, a [`schema`] types its cells into [`value`]s, [`forms`] knows the files that need no
//! schema, [`table`] gathers all that is wrong, [`hours`] makes hourly loads of it, [`checks`] looks for what cannot be true, [`dataset`] is what is kept.
//! [`candidate`] lists what is tried, [`search`] tries it in jobs, [`simple`] and [`smooth`] need no training, [`board`] ranks, [`play`] lets the winner speak,
//! [`card`] tells of it, [`bundle`] carries it elsewhere.
//!
//! Invariant: nothing is taken over from a file unless every row is sound; equal data, plan and seed give equal model bytes. Guarded by property tests over
//! damaged files and by searches that are cut and resumed (`tests/it`).

pub mod board;
pub mod bundle;
pub mod candidate;
pub mod card;
pub mod checks;
pub mod csv;
pub mod dataset;
pub mod describe;
pub mod forms;
pub mod hours;
pub mod play;
pub mod schema;
pub mod search;
pub mod simple;
pub mod smooth;
pub mod table;
pub mod value;
