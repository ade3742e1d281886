//! The states of one charge at the visited utility, and every way from one to another. The flow chart is drawn from
//! [`TRANSITIONS`]; a charge changes its state through [`State::after`] and nowhere else.

use core::fmt;
use minicbor::{Decode, Encode};

/// Where a charge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum State {
    /// The credential is decoded and the home utility is asked.
    #[n(0)]
    Identifying,
    /// The home utility said yes; both policies look for an offer.
    #[n(1)]
    Negotiating,
    /// The price is on the screen; the driver decides.
    #[n(2)]
    Offered,
    /// Consent is recorded and the start command is out.
    #[n(3)]
    Authorized,
    /// A transaction runs.
    #[n(4)]
    Charging,
    /// The transaction is over; the signed end record or its grace time is awaited.
    #[n(5)]
    Ended,
    /// Rated here and sent to the home utility.
    #[n(6)]
    Proposed,
    /// Both utilities signed the charge event; the ledger has it.
    #[n(7)]
    Agreed,
    /// The contract posted it. Final.
    #[n(8)]
    Settled,
    /// Refused before there was consent. Final.
    #[n(9)]
    Refused,
    /// Over without anything to bill. Final.
    #[n(10)]
    Void,
    /// The home utility or the contract says otherwise; evidence is kept for people to look at. Final for the machine.
    #[n(11)]
    Disputed,
}

/// What moves a charge on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Step {
    /// The home utility, or its visiting profile, says yes.
    #[n(0)]
    Eligible,
    /// Somebody says no before there is an offer.
    #[n(1)]
    Refuse,
    /// Both policies stand by an offer, and it is shown.
    #[n(2)]
    Show,
    /// The driver says yes.
    #[n(3)]
    Consent,
    /// The driver says no, or presents another credential.
    #[n(4)]
    Decline,
    /// Nobody answers while the offer stands.
    #[n(5)]
    Expire,
    /// The station reports that the transaction began.
    #[n(6)]
    Begin,
    /// The start command was refused, or nothing began in time.
    #[n(7)]
    NotStarted,
    /// The station reports that the transaction ended, or is not heard of for too long.
    #[n(8)]
    Finish,
    /// Usage is proven, rated and sent to the home utility.
    #[n(9)]
    Rate,
    /// No energy and no fee.
    #[n(10)]
    NothingDelivered,
    /// It cannot be rated from what is proven.
    #[n(11)]
    NotRatable,
    /// The home utility computed the same and signed.
    #[n(12)]
    HomeAgrees,
    /// The home utility computed something else.
    #[n(13)]
    HomeDiffers,
    /// The contract posted the charge.
    #[n(14)]
    LedgerPosts,
    /// The contract refused it for good.
    #[n(15)]
    LedgerRefuses,
}

/// One way from state to state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    /// From here.
    pub from: State,
    /// By this.
    pub step: Step,
    /// To there.
    pub to: State,
    /// The row of the flow chart that it realises.
    pub flow: &'static str,
}

const fn way(from: State, step: Step, to: State, flow: &'static str) -> Transition {
    Transition {
        from,
        step,
        to,
        flow,
    }
}

/// Every way there is. A charge begins in [`State::Identifying`] (FL-04).
pub const TRANSITIONS: &[Transition] = &[
    way(
        State::Identifying,
        Step::Eligible,
        State::Negotiating,
        "FL-06",
    ),
    way(State::Identifying, Step::Refuse, State::Refused, "FL-06"),
    way(State::Negotiating, Step::Refuse, State::Refused, "FL-07"),
    way(State::Negotiating, Step::Show, State::Offered, "FL-09"),
    way(State::Offered, Step::Consent, State::Authorized, "FL-11"),
    way(State::Offered, Step::Decline, State::Void, "FL-12"),
    way(State::Offered, Step::Expire, State::Void, "FL-12"),
    way(State::Authorized, Step::Begin, State::Charging, "FL-13"),
    way(State::Authorized, Step::NotStarted, State::Void, "FL-13"),
    way(State::Charging, Step::Finish, State::Ended, "FL-15"),
    way(State::Ended, Step::Rate, State::Proposed, "FL-17"),
    way(State::Ended, Step::NothingDelivered, State::Void, "FL-17"),
    way(State::Ended, Step::NotRatable, State::Disputed, "FL-17"),
    way(State::Proposed, Step::HomeAgrees, State::Agreed, "FL-18"),
    way(State::Proposed, Step::HomeDiffers, State::Disputed, "FL-18"),
    // The home utility may have handed the doubly signed event in before its answer arrived here.
    way(State::Proposed, Step::LedgerPosts, State::Settled, "FL-20"),
    way(State::Agreed, Step::LedgerPosts, State::Settled, "FL-20"),
    way(State::Agreed, Step::LedgerRefuses, State::Disputed, "FL-20"),
];

impl State {
    /// Where `step` leads from here; `None` when it does not fit.
    pub fn after(self, step: Step) -> Option<Self> {
        TRANSITIONS
            .iter()
            .find(|t| t.from == self && t.step == step)
            .map(|t| t.to)
    }

    /// Whether nothing more happens by itself.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Settled | Self::Refused | Self::Void | Self::Disputed
        )
    }

    /// Whether the EVSE is taken by a charge in this state.
    pub fn holds_evse(self) -> bool {
        matches!(
            self,
            Self::Identifying
                | Self::Negotiating
                | Self::Offered
                | Self::Authorized
                | Self::Charging
        )
    }

    /// One word for lists.
    pub fn word(self) -> &'static str {
        match self {
            Self::Identifying | Self::Negotiating => "identifying",
            Self::Offered => "offered",
            Self::Authorized => "authorized",
            Self::Charging => "charging",
            Self::Ended | Self::Proposed => "ended",
            Self::Agreed => "agreed",
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Void => "void",
            Self::Disputed => "disputed",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_way_is_single_and_every_open_state_ends() {
        let mut seen = BTreeSet::new();
        for t in TRANSITIONS {
            assert!(
                seen.insert((t.from, t.step)),
                "two ways from {:?} by {:?}",
                t.from,
                t.step
            );
            assert!(!t.from.is_final(), "{:?} is final", t.from);
            assert!(t.flow.starts_with("FL-"));
        }
        // From the first state every state is reached, and from every open state a final one.
        let mut reached = BTreeSet::from([State::Identifying]);
        for _ in 0..TRANSITIONS.len() {
            for t in TRANSITIONS {
                if reached.contains(&t.from) {
                    reached.insert(t.to);
                }
            }
        }
        assert_eq!(reached.len(), 12);
        for state in reached.iter().filter(|s| !s.is_final()) {
            assert!(TRANSITIONS.iter().any(|t| t.from == *state), "{state:?}");
        }
    }

    #[test]
    fn energy_flows_only_behind_consent() {
        let into: Vec<_> = TRANSITIONS
            .iter()
            .filter(|t| t.to == State::Authorized)
            .collect();
        assert_eq!(into.len(), 1);
        assert_eq!(into[0].step, Step::Consent);
        assert!(
            TRANSITIONS
                .iter()
                .filter(|t| t.to == State::Charging)
                .all(|t| t.from == State::Authorized)
        );
    }
}
