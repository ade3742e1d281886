//! Tests of the words through their public interface.

mod session_ids;
mod vectors;
