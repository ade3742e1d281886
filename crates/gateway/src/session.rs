//! One charge at the visited utility: what is known about it, and the only way in which its state changes.

use crate::states::{State, Step};
use fairway_model::station::{StopReason, ToStation};
use fairway_model::{
    AgreementId, ChargeEvent, Consent, ConsentMethod, Energy, EvseId, Hash, MemberId,
    PriceBreakdown, Refusal, RefusalCode, SessionId, Signature, SignedConsent, SignedEligibility,
    SignedOffer, StationId, Time,
};
use minicbor::{Decode, Encode};

/// Most report numbers remembered ahead of a gap.
pub const MAX_AHEAD: usize = 256;

/// Which of a transaction's numbered reports have arrived.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub struct Reports {
    /// All below this have.
    #[n(0)]
    next: u64,
    /// These above it have too, in order.
    #[n(1)]
    ahead: Vec<u64>,
    /// The number of the ending report, once it came.
    #[n(2)]
    last: Option<u64>,
}

impl Reports {
    /// Notes a report; `last` when it ends the transaction.
    pub fn note(&mut self, seq: u64, last: bool) {
        if last {
            self.last = Some(seq);
        }
        if seq > self.next {
            if let Err(at) = self.ahead.binary_search(&seq)
                && self.ahead.len() < MAX_AHEAD
            {
                self.ahead.insert(at, seq);
            }
        } else if seq == self.next {
            self.next = self.next.saturating_add(1);
        }
        while self.ahead.first() == Some(&self.next) {
            self.ahead.remove(0);
            self.next = self.next.saturating_add(1);
        }
    }

    /// Whether the ending report and all before it have arrived.
    pub fn complete(&self) -> bool {
        self.last.is_some_and(|last| self.next > last)
    }
}

/// How a transaction ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Ending {
    /// By the station's clock.
    #[n(0)]
    pub at: Time,
    /// Why.
    #[n(1)]
    pub reason: StopReason,
}

/// Where the settlement stands on the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Posted {
    /// Height of the block.
    #[n(0)]
    pub height: u64,
    /// SHA-256 of the settling transaction.
    #[n(1)]
    pub transaction: Hash,
}

/// Where the hold stands on the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum HoldMark {
    /// Not asked for.
    #[n(0)]
    None,
    /// On its way; the counter of its submissions.
    #[n(1)]
    Submitted(#[n(0)] u32),
    /// Placed.
    #[n(2)]
    Placed,
    /// Given up or refused for good.
    #[n(3)]
    Gone,
}

/// One charge. Its signed meter records are kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Session {
    /// The charge's id.
    #[n(0)]
    pub id: SessionId,
    /// State; changed by [`Session::step`] only.
    #[n(1)]
    state: State,
    /// When the state began.
    #[n(2)]
    since: Time,
    /// When the charge began.
    #[n(3)]
    pub at: Time,
    /// Which station.
    #[n(4)]
    pub station: StationId,
    /// EVSE number in the station.
    #[n(5)]
    pub number: u32,
    /// Which EVSE.
    #[n(6)]
    pub evse: EvseId,
    /// Recognises the credential again; a keyed hash, so that the credential itself is not kept.
    #[n(7)]
    pub credential: Hash,
    /// Home utility, once known.
    #[n(8)]
    pub home: Option<MemberId>,
    /// The agreement between the two.
    #[n(9)]
    pub agreement: Option<AgreementId>,
    /// Authenticated from the visiting profile.
    #[n(10)]
    pub local: bool,
    /// What home says about the driver.
    #[n(11)]
    pub eligibility: Option<SignedEligibility>,
    /// Rounds of negotiation so far.
    #[n(12)]
    pub round: u8,
    /// The offer that both stand by.
    #[n(13)]
    pub offer: Option<SignedOffer>,
    /// The recorded consent.
    #[n(14)]
    consent: Option<SignedConsent>,
    /// Number of the start command.
    #[n(15)]
    pub command: Option<u32>,
    /// The station's transaction.
    #[n(16)]
    pub transaction: Option<String>,
    /// Which of its reports have arrived.
    #[n(17)]
    pub reports: Reports,
    /// How it ended.
    #[n(18)]
    pub ending: Option<Ending>,
    /// Battery in percent, as last told.
    #[n(19)]
    pub soc: Option<u8>,
    /// First and last register as told, signed or not: for the screen only.
    #[n(20)]
    pub told: Option<(Energy, Energy)>,
    /// Opens the driver's commitment in the charge event.
    #[n(21)]
    #[cbor(with = "minicbor::bytes")]
    pub salt: [u8; 32],
    /// The charge event as computed here.
    #[n(22)]
    pub event: Option<ChargeEvent>,
    /// Its price's argument.
    #[n(23)]
    pub breakdown: Option<PriceBreakdown>,
    /// Home's signature over the event.
    #[n(24)]
    pub home_signature: Option<Signature>,
    /// Why it was refused, void or disputed; or what is doubtful about its meter.
    #[n(25)]
    pub refusal: Option<Refusal>,
    /// Where it was settled.
    #[n(26)]
    pub posted: Option<Posted>,
    /// The hold.
    #[n(27)]
    pub hold: HoldMark,
    /// What the station was told as final amount and whether home had agreed by then.
    #[n(28)]
    pub billed: Option<bool>,
    /// Counter of submissions to the ledger that were refused and tried again.
    #[n(29)]
    pub tries: u32,
    /// Whether the driver asked to stop.
    #[n(30)]
    pub stopping: bool,
    /// Energy that the driver's guarantee and the agreement pay for, fixed at consent.
    #[n(31)]
    pub energy_limit: Option<Energy>,
}

/// The right to let energy flow for one charge. Only [`Session::consent`] and [`Session::permit`] make it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPermit {
    session: SessionId,
    evse: EvseId,
    number: u32,
    energy_limit: Option<Energy>,
}

impl StartPermit {
    /// The start command.
    pub fn words(self, command: u32) -> ToStation {
        ToStation::Start {
            command,
            evse: self.number,
            evse_id: self.evse,
            session: self.session,
            energy_limit: self.energy_limit,
        }
    }
}

/// What identifies a new charge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The charge's id.
    pub id: SessionId,
    /// Now.
    pub at: Time,
    /// Which station.
    pub station: StationId,
    /// EVSE number in the station.
    pub number: u32,
    /// Which EVSE.
    pub evse: EvseId,
    /// Keyed hash of the credential.
    pub credential: Hash,
    /// Opens the driver's commitment.
    pub salt: [u8; 32],
}

impl Session {
    /// A charge whose credential was just presented.
    pub fn open(opening: Opening) -> Self {
        Self {
            id: opening.id,
            state: State::Identifying,
            since: opening.at,
            at: opening.at,
            station: opening.station,
            number: opening.number,
            evse: opening.evse,
            credential: opening.credential,
            home: None,
            agreement: None,
            local: false,
            eligibility: None,
            round: 0,
            offer: None,
            consent: None,
            command: None,
            transaction: None,
            reports: Reports::default(),
            ending: None,
            soc: None,
            told: None,
            salt: opening.salt,
            event: None,
            breakdown: None,
            home_signature: None,
            refusal: None,
            posted: None,
            hold: HoldMark::None,
            billed: None,
            tries: 0,
            stopping: false,
            energy_limit: None,
        }
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// When the state began.
    pub fn since(&self) -> Time {
        self.since
    }

    /// The recorded consent.
    pub fn consent_given(&self) -> Option<&SignedConsent> {
        self.consent.as_ref()
    }

    /// Moves on.
    ///
    /// # Errors
    /// `out-of-order` when the step does not fit the state; nothing changes then.
    pub fn step(&mut self, step: Step, now: Time) -> Result<State, Refusal> {
        let Some(next) = self.state.after(step) else {
            let text = format!("{:?} does not fit a charge that is {:?}", step, self.state);
            return Err(Refusal::new(RefusalCode::OutOfOrder, text));
        };
        self.state = next;
        self.since = now;
        Ok(next)
    }

    /// Records the driver's consent to the offer that was shown. `sign` is the visited utility's signature.
    ///
    /// # Errors
    /// `out-of-order` without an open offer, `offer-expired` from its end on. Nothing changes then.
    pub fn consent(
        &mut self,
        method: ConsentMethod,
        now: Time,
        energy_limit: Option<Energy>,
        sign: impl FnOnce(Consent) -> SignedConsent,
    ) -> Result<StartPermit, Refusal> {
        let shown = self.offer.as_ref().filter(|_| self.state == State::Offered);
        let Some(signed) = shown else {
            return Err(Refusal::new(
                RefusalCode::OutOfOrder,
                "there is no open offer to consent to",
            ));
        };
        if now >= signed.offer.valid_until {
            let text = format!(
                "the offer stood until {}; present the credential again for a new one",
                signed.offer.valid_until
            );
            return Err(Refusal::new(RefusalCode::OfferExpired, text));
        }
        let consent = sign(Consent {
            session: self.id,
            offer: signed.offer.hash(),
            method,
            given_at: now,
        });
        self.step(Step::Consent, now)?;
        self.consent = Some(consent);
        self.energy_limit = energy_limit;
        self.permit()
            .ok_or_else(|| Refusal::new(RefusalCode::OutOfOrder, "consent was not recorded"))
    }

    /// The right to start, again: for a station that lost the command.
    pub fn permit(&self) -> Option<StartPermit> {
        let consented = self.state == State::Authorized && self.consent.is_some();
        consented.then(|| StartPermit {
            session: self.id,
            evse: self.evse.clone(),
            number: self.number,
            energy_limit: self.energy_limit,
        })
    }

    /// Notes a register as told, for the screen.
    pub fn tell(&mut self, register: Energy) {
        self.told = Some(match self.told {
            None => (register, register),
            Some((first, last)) => (first.min(register), last.max(register)),
        });
    }

    /// Energy as told, signed or not.
    pub fn told_energy(&self) -> Energy {
        self.told
            .and_then(|(first, last)| last.minus(first))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session() -> Session {
        Session::open(Opening {
            id: SessionId([1; 16]),
            at: Time(0),
            station: StationId::parse("S1").unwrap(),
            number: 1,
            evse: EvseId::parse("US*DUK*E1*1").unwrap(),
            credential: Hash::default(),
            salt: [0; 32],
        })
    }

    #[test]
    fn steps_that_do_not_fit_change_nothing() {
        let mut s = session();
        let before = s.clone();
        assert_eq!(
            s.step(Step::Begin, Time(9)).unwrap_err().code,
            RefusalCode::OutOfOrder
        );
        assert_eq!(s, before);
        assert_eq!(s.step(Step::Eligible, Time(9)), Ok(State::Negotiating));
        assert_eq!(s.since(), Time(9));
    }

    #[test]
    fn no_permit_without_consent() {
        let mut s = session();
        assert!(s.permit().is_none());
        s.step(Step::Eligible, Time(1)).unwrap();
        s.step(Step::Show, Time(2)).unwrap();
        let refused = s.consent(ConsentMethod::Screen, Time(3), None, |_| {
            panic!("nothing to sign")
        });
        assert_eq!(refused.unwrap_err().code, RefusalCode::OutOfOrder);
        assert!(s.permit().is_none());
    }

    #[test]
    fn reports_are_complete_when_no_number_is_missing() {
        let mut r = Reports::default();
        for (seq, last) in [(0, false), (3, true), (2, false), (2, false)] {
            r.note(seq, last);
            assert!(!r.complete());
        }
        r.note(1, false);
        assert!(r.complete());
        assert_eq!(r.ahead, Vec::<u64>::new());
    }
}
