//! Worlds under many seeds, one seed again, and proof that the checks can fail.

mod market;
mod sabotage;
mod seeds;
