//! Many seeds against the contracts, one seed again, and proof that the comparison can fail.

mod sabotage;
mod seeds;
