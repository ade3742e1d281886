//! The trace of each charge, hop by hop (GW-10).

use crate::command::{Hop, MAX_HOPS};
use fairway_model::Time;
use minicbor::{Decode, Encode};

/// The steps of the flow chart that a hop realises, as they stand before the sentence.
pub(crate) mod flow {
    pub(crate) const CREDENTIAL: &str = "FL-02 FL-03";
    pub(crate) const DECODED: &str = "FL-04";
    pub(crate) const ASK_HOME: &str = "FL-05";
    pub(crate) const AUTHENTICATION: &str = "FL-06";
    pub(crate) const AUTHORIZATION: &str = "FL-07";
    pub(crate) const NEGOTIATION: &str = "FL-08";
    pub(crate) const PRICE: &str = "FL-09 FL-10";
    pub(crate) const CONSENT: &str = "FL-11";
    pub(crate) const NO_CONSENT: &str = "FL-12";
    pub(crate) const START: &str = "FL-13";
    pub(crate) const CHARGING: &str = "FL-14";
    pub(crate) const END: &str = "FL-15 FL-16";
    pub(crate) const RATED: &str = "FL-17";
    pub(crate) const TO_HOME: &str = "FL-18";
    pub(crate) const SHOWN: &str = "FL-19";
    pub(crate) const LEDGER: &str = "FL-20";
    pub(crate) const ACCOUNT: &str = "FL-21";
}

/// Hops of one charge, at most [`MAX_HOPS`]; later ones are counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Trace {
    #[n(0)]
    pub(crate) hops: Vec<Hop>,
    #[n(1)]
    pub(crate) dropped: u32,
    #[n(2)]
    pub(crate) began: Time,
}

impl Trace {
    pub(crate) fn push(&mut self, hop: Hop) {
        if self.hops.is_empty() {
            self.began = hop.at;
        }
        // A repeated message is one hop.
        let again = self
            .hops
            .iter()
            .rev()
            .take(4)
            .any(|h| h.from == hop.from && h.to == hop.to && h.what == hop.what);
        if again {
            return;
        }
        if self.hops.len() < MAX_HOPS {
            self.hops.push(hop);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }
}
