//! Tests of the price engine from outside: priced cases that others published, properties, hand-computed vectors.

mod describe;
mod golden;
mod model;
mod peers_cases;
mod properties;
