//! Charges of our drivers (home role), here and abroad.

use crate::door::{Row, Table};
use crate::duty::Asked;
use crate::peer::{Answer, OfferAnswer};
use crate::stop::StopWish;
use fairway_gateway::session::Posted;
use fairway_model::canonical::Canonical;
use fairway_model::time::DAY;
use fairway_model::{
    AgreementId, ChargeEvent, DecodeError, EvseId, MemberId, PriceBreakdown, Pseudonym, Refusal,
    SessionId, Signature, SignedConsent, SignedEligibility, SignedOffer, Time,
};
use minicbor::{Decode, Encode};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Most finished charges of our drivers kept in memory for lists and traces.
pub const MAX_CLOSED_HOME: usize = 20_000;

/// How long a question or offer without consent stays open here, in milliseconds.
pub const UNCONSENTED_TTL: i64 = DAY;
/// How long home waits for a charge after consent, in milliseconds: the contract settles none that is older.
pub const CONSENTED_TTL: i64 = 125 * DAY;

/// Where a charge stands for the home utility.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub(crate) enum HomeState {
    #[n(0)]
    Asked,
    #[n(1)]
    Offered,
    #[n(2)]
    Consented,
    #[n(3)]
    Agreed,
    #[n(4)]
    Settled,
    #[n(5)]
    Refused,
    #[n(6)]
    Void,
    #[n(7)]
    Disputed,
}

impl HomeState {
    pub(crate) fn is_final(self) -> bool {
        matches!(
            self,
            Self::Settled | Self::Refused | Self::Void | Self::Disputed
        )
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Asked => "identifying",
            Self::Offered => "offered",
            Self::Consented => "authorized",
            Self::Agreed => "agreed",
            Self::Settled => "settled",
            Self::Refused => "refused",
            Self::Void => "void",
            Self::Disputed => "disputed",
        }
    }
}

/// One charge of one of our drivers.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct HomeCharge {
    #[n(0)]
    pub(crate) session: SessionId,
    #[n(1)]
    pub(crate) visited: MemberId,
    #[n(2)]
    pub(crate) at: Time,
    #[n(3)]
    pub(crate) state: HomeState,
    /// What was answered to the question for eligibility; none when the visiting profile answered it.
    #[n(4)]
    pub(crate) eligibility: Option<Answer<SignedEligibility>>,
    #[n(5)]
    pub(crate) pseudonym: Option<Pseudonym>,
    /// The last proposed offer's hash, its round and what was answered.
    #[n(6)]
    pub(crate) round: Option<Round>,
    #[n(7)]
    pub(crate) offer: Option<SignedOffer>,
    #[n(8)]
    pub(crate) consent: Option<SignedConsent>,
    #[n(9)]
    pub(crate) event: Option<ChargeEvent>,
    #[n(10)]
    pub(crate) visited_signature: Option<Signature>,
    /// What was answered to the proposed charge.
    #[n(11)]
    pub(crate) answer: Option<Answer<Signature>>,
    #[n(12)]
    pub(crate) breakdown: Option<PriceBreakdown>,
    /// Opens the driver's commitment.
    #[n(13)]
    #[cbor(with = "minicbor::bytes")]
    pub(crate) salt: [u8; 32],
    #[n(14)]
    pub(crate) refusal: Option<Refusal>,
    #[n(15)]
    pub(crate) posted: Option<Posted>,
    #[n(16)]
    pub(crate) evse: Option<EvseId>,
    /// Submissions to the ledger that were refused and tried again.
    #[n(17)]
    pub(crate) tries: u32,
    /// Under which agreement, and the visited utility's word that the driver asked, where it measures service.
    #[n(18)]
    pub(crate) asked: Option<(AgreementId, Asked)>,
    /// The driver's wish to stop, once he had it.
    #[n(19)]
    pub(crate) stop: Option<StopWish>,
}

/// One answered round of negotiation.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct Round {
    #[n(0)]
    pub(crate) number: u8,
    #[n(1)]
    pub(crate) offer: fairway_model::Hash,
    #[n(2)]
    pub(crate) answer: OfferAnswer,
}

impl HomeCharge {
    pub(crate) fn new(session: SessionId, visited: MemberId, at: Time) -> Self {
        Self {
            session,
            visited,
            at,
            state: HomeState::Asked,
            eligibility: None,
            pseudonym: None,
            round: None,
            offer: None,
            consent: None,
            event: None,
            visited_signature: None,
            answer: None,
            breakdown: None,
            salt: [0; 32],
            refusal: None,
            posted: None,
            evse: None,
            tries: 0,
            asked: None,
            stop: None,
        }
    }

    pub(crate) fn statement(&self) -> Option<&SignedEligibility> {
        match &self.eligibility {
            Some(Answer::Yes(signed)) => Some(signed),
            _ => None,
        }
    }

    pub(crate) fn row(&self) -> Row {
        let summary = format!("{} at {}", self.state.word(), self.visited);
        let key = format!("{CHARGE}{}", self.session);
        Row::new(
            Table::HomeCharges,
            key,
            self.session.to_string(),
            self.at,
            summary,
            self,
        )
    }
}

/// Key prefix of our own rows in the table; the AAA node's bill lines stand under the bare session id.
pub(crate) const CHARGE: &str = "charge/";
/// Key prefix of the signed meter records of a charge.
pub(crate) const EVIDENCE: &str = "evidence/";

/// All charges of our drivers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Homes {
    pub(crate) all: BTreeMap<SessionId, HomeCharge>,
    pub(crate) evidence: BTreeMap<SessionId, Vec<String>>,
    closed: VecDeque<SessionId>,
    /// When charges end of which nothing is heard any more.
    ends: BTreeSet<(Time, SessionId)>,
}

impl Homes {
    /// When a charge ends by itself if nothing more is heard of it.
    fn end_of(&self, id: SessionId) -> Option<Time> {
        let charge = self.all.get(&id)?;
        match charge.state {
            HomeState::Asked | HomeState::Offered => Some(charge.at.plus(UNCONSENTED_TTL)),
            HomeState::Consented => Some(charge.at.plus(CONSENTED_TTL)),
            _ => None,
        }
    }

    pub(crate) fn next_end(&self) -> Option<Time> {
        self.ends.first().map(|(at, _)| *at)
    }

    /// A charge whose time is over.
    pub(crate) fn pop_end(&mut self, now: Time) -> Option<SessionId> {
        while let Some((at, id)) = self.ends.first().copied().filter(|(at, _)| *at <= now) {
            self.ends.pop_first();
            // Entries of charges that went on are stale.
            if self.end_of(id) == Some(at) {
                return Some(id);
            }
        }
        None
    }

    /// Notes a charge that is finished and forgets the oldest above the bound.
    pub(crate) fn index(&mut self, id: SessionId) {
        if let Some(end) = self.end_of(id) {
            self.ends.insert((end, id));
        }
        let finished = self.all.get(&id).is_some_and(|c| c.state.is_final());
        if finished && !self.closed.contains(&id) {
            self.closed.push_back(id);
        }
        while self.closed.len() > MAX_CLOSED_HOME {
            if let Some(oldest) = self.closed.pop_front() {
                self.all.remove(&oldest);
                self.evidence.remove(&oldest);
            }
        }
    }

    pub(crate) fn open_count(&self) -> usize {
        self.all.len().saturating_sub(self.closed.len())
    }

    pub(crate) fn restore(&mut self, row: &Row) -> Result<bool, DecodeError> {
        if row.key.starts_with(CHARGE) {
            let charge = HomeCharge::from_bytes(&row.body)?;
            self.all.insert(charge.session, charge);
            return Ok(true);
        }
        let Some(id) = row.key.strip_prefix(EVIDENCE) else {
            return Ok(false);
        };
        let id = SessionId::parse(id).map_err(|e| DecodeError::Malformed(e.to_string()))?;
        self.evidence
            .insert(id, Vec::<String>::from_bytes(&row.body)?);
        Ok(true)
    }

    /// Builds the order of finished charges after all rows came back.
    pub(crate) fn ready(&mut self) {
        let mut order: Vec<(Time, SessionId)> =
            self.all.values().map(|c| (c.at, c.session)).collect();
        order.sort();
        for (_, id) in order {
            self.index(id);
        }
    }
}
