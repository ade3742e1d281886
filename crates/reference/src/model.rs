//! The contracts as their documents tell them: what a transaction does, or for which reasons it does nothing.
//!
//! Plain maps of what happened. No balance is kept: what an account has, what a pair owes, what is held and how much of a guarantee
//! is used is added up from holds, charges and payments each time somebody asks. A refusal is a *set* of reasons, all that hold,
//! so the model fixes no order of checks that no document fixes: the contracts must name one of them.

mod agreements;
pub mod cases;
mod charges;
pub mod council;
pub mod energy;
pub mod forecast;
mod life;
mod money;
pub mod netting;
mod paying;
pub mod rates;
mod registry;
pub mod service;
pub mod terms;
pub mod tokens;

pub(crate) use charges::pages;
use fairway_ledger::money::{ObligationId, UtcDay};
use fairway_ledger::{BatchItem, Dispute, Effect, Genesis, Hold, Operation, Payment, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::registry::{EvseEntry, Member, MemberKind};
use fairway_model::{
    Agreement, AgreementId, Credit, CreditId, Currency, EvseId, GuaranteeId, Hash, MemberId, Micro,
    PublicKey, RefusalCode, SessionId, Shares, Signature,
};
use std::collections::{BTreeMap, BTreeSet};

/// Reasons for which a transaction does nothing.
pub type Reasons = BTreeSet<RefusalCode>;

/// Milliseconds.
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What a transaction does to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It takes effect.
    Applied(Box<Effect>, Postings),
    /// It changes nothing, for one of these reasons.
    Refused(Reasons),
    /// Each of its items has a verdict of its own.
    Each(Vec<Self>),
}

impl Verdict {
    /// Whether anything took effect.
    pub fn applied(&self) -> bool {
        match self {
            Self::Applied(..) => true,
            Self::Refused(_) => false,
            Self::Each(items) => items.iter().any(Self::applied),
        }
    }
}

/// Changes of accounts, by account and currency; none is zero.
pub type Postings = BTreeMap<(fairway_ledger::Account, Currency), i128>;

/// A member.
#[derive(Debug, Clone)]
pub struct MemberRec {
    /// As founded, with its present key.
    pub member: Member,
    /// The key before, and until when what it signed counts.
    pub old: Option<(PublicKey, i64)>,
    /// The encryption key before, and until when messages to it are opened.
    pub old_encryption: Option<([u8; 32], i64)>,
}

/// An EVSE.
#[derive(Debug, Clone)]
pub struct EvseRec {
    /// As registered, with its present meter key.
    pub entry: EvseEntry,
    /// The meter key before, by hash, and when it was replaced.
    pub old: Option<(Hash, i64)>,
    /// No charge begins from then on.
    pub retired: Option<i64>,
}

/// An agreement.
#[derive(Debug, Clone)]
pub struct AgreementRec {
    /// The terms.
    pub terms: Agreement,
    /// Who proposed them, with what signature, when.
    pub proposed: (MemberId, Signature, i64),
    /// The second signature, and when it came.
    pub signed: Option<(Signature, i64)>,
    /// No charge begins from then on.
    pub ended: Option<i64>,
    /// How many times terms were exchanged before, and what they answered.
    pub answers: Option<(u8, AgreementId)>,
    /// The terms that answered these.
    pub answered: Option<AgreementId>,
    /// Who suspended it, why, with what evidence, when.
    pub suspended: Option<(MemberId, fairway_ledger::Ground, Option<Hash>, i64)>,
    /// Who ended it for breach, why, with what evidence, when.
    pub broken: Option<(MemberId, fairway_ledger::Ground, Hash, i64)>,
}

/// Where a hold is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// Money is set aside.
    Pending,
    /// Its charge was settled.
    Posted,
    /// The visited utility gave it up.
    Void,
    /// Somebody else freed it after its time.
    Expired,
}

/// A hold.
#[derive(Debug, Clone)]
pub struct HoldRec {
    /// As placed.
    pub hold: Hold,
    /// Where it is in its life.
    pub life: Life,
    /// A dispute protects it until then.
    pub protected: Option<i64>,
    /// When it was placed, where it counts toward ceilings of charges.
    pub counted: Option<i64>,
}

/// A settled charge.
#[derive(Debug, Clone)]
pub struct ChargeRec {
    /// The event.
    pub full: fairway_model::ChargeEvent,
    /// Hash of the event.
    pub event: Hash,
    /// Under which terms.
    pub agreement: AgreementId,
    /// Home and visited utility.
    pub pair: (MemberId, MemberId),
    /// Whose site.
    pub owner: fairway_model::OwnerId,
    /// The area whose energy it took, where it is counted.
    pub area: Option<String>,
    /// Under which guarantee.
    pub guarantee: GuaranteeId,
    /// Energy in mWh.
    pub energy: u64,
    /// What the driver pays.
    pub total: i128,
    /// Who gets what.
    pub shares: Shares,
    /// Currency.
    pub currency: Currency,
    /// Height and time of its block.
    pub settled: (u64, i64),
    /// A dispute comes before this time.
    pub disputable: i64,
}

/// What changed what one member owes another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// A charge: the first owes the second more.
    Charge {
        /// Home and visited utility.
        pair: (MemberId, MemberId),
        /// Currency.
        currency: Currency,
        /// How much leaves home.
        amount: i128,
        /// Block time.
        at: i64,
    },
    /// A payment: the first owes the second less.
    Paid {
        /// Debtor and creditor.
        pair: (MemberId, MemberId),
        /// Currency.
        currency: Currency,
        /// How much.
        amount: i128,
        /// Block time.
        at: i64,
    },
    /// A credit: the first owes the second less, and what it no longer owed is owed back.
    Back {
        /// Home and visited utility.
        pair: (MemberId, MemberId),
        /// Currency.
        currency: Currency,
        /// How much comes home.
        amount: i128,
        /// Block time.
        at: i64,
    },
}

/// A dispute about a settled charge.
#[derive(Debug, Clone)]
pub struct CaseRec {
    /// As opened.
    pub opening: fairway_ledger::CaseOpening,
    /// The total that it claims.
    pub claimed: i128,
    /// The meter records that the event names, where they are disputed.
    pub meter: Option<Hash>,
    /// When it was opened.
    pub opened: i64,
    /// What of the position it freezes.
    pub frozen: i128,
    /// The answer.
    pub answer: Option<cases::Answer>,
    /// The panel.
    pub panel: Option<cases::Panel>,
    /// How it ended: why, with which total, how much was credited, when.
    pub closed: Option<(fairway_ledger::Ruling, i128, i128, i64)>,
}

/// A guarantee as it was first used.
#[derive(Debug, Clone)]
pub struct GuaranteeRec {
    /// What was promised.
    pub promise: fairway_model::Guarantee,
}

/// Everything that the ledger shows.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub(crate) members: BTreeMap<MemberId, MemberRec>,
    /// Whose each key is or was, whether it signs transactions, and the height that brought it.
    pub(crate) keys: BTreeMap<PublicKey, (MemberId, bool, u64)>,
    pub(crate) nonces: BTreeMap<(MemberId, [u8; 16]), Hash>,
    pub(crate) prefixes: BTreeMap<String, MemberId>,
    pub(crate) evses: BTreeMap<EvseId, EvseRec>,
    pub(crate) agreements: BTreeMap<AgreementId, AgreementRec>,
    /// Agreements in the order of their second signature.
    pub(crate) signed: Vec<AgreementId>,
    pub(crate) holds: BTreeMap<SessionId, HoldRec>,
    pub(crate) guarantees: BTreeMap<(MemberId, GuaranteeId), GuaranteeRec>,
    pub(crate) charges: BTreeMap<SessionId, ChargeRec>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) disputes: BTreeMap<(SessionId, MemberId), (Dispute, i64)>,
    /// What changed positions, in order.
    pub(crate) moves: Vec<Move>,
    /// Credits by both signatures.
    pub(crate) credits: BTreeMap<(SessionId, CreditId), Credit>,
    /// Who gave back what of which charge, in order, by credits and by cases.
    pub(crate) given: Vec<(SessionId, Shares)>,
    /// What credits changed on accounts, in order.
    pub(crate) entries: Vec<(fairway_ledger::Account, Currency, i128)>,
    pub(crate) cases: BTreeMap<(SessionId, MemberId), CaseRec>,
    pub(crate) cycles: BTreeMap<(Currency, UtcDay), netting::Cycle>,
    pub(crate) obligations: BTreeMap<ObligationId, netting::Obligation>,
    pub(crate) tokens: tokens::Tokens,
    pub(crate) market: energy::Market,
    pub(crate) rates: rates::Rates,
    pub(crate) service: service::Service,
    pub(crate) council: council::Council,
    pub(crate) forecasts: forecast::Forecasts,
    /// Height and time of the present block.
    pub(crate) height: u64,
    pub(crate) now: i64,
}

/// Where and when a transaction stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Height of its block.
    pub height: u64,
    /// Time of its block in milliseconds.
    pub now: i64,
}

/// Collects reasons.
#[derive(Debug, Default)]
pub(crate) struct Judge(Reasons);

impl Judge {
    /// Notes a reason unless the rule holds.
    pub(crate) fn must(&mut self, holds: bool, otherwise: RefusalCode) {
        if !holds {
            self.0.insert(otherwise);
        }
    }

    pub(crate) fn no(&mut self, reason: RefusalCode) {
        self.0.insert(reason);
    }

    /// The verdict when nothing speaks against it, else all that does.
    pub(crate) fn verdict(self, effect: Effect, postings: Postings) -> Verdict {
        if self.0.is_empty() {
            Verdict::Applied(Box::new(effect), postings)
        } else {
            Verdict::Refused(self.0)
        }
    }

    pub(crate) fn refused(self) -> Verdict {
        Verdict::Refused(self.0)
    }

    pub(crate) fn clear(&self) -> bool {
        self.0.is_empty()
    }
}

/// A refusal for one reason.
pub(crate) fn only(reason: RefusalCode) -> Verdict {
    Verdict::Refused(Reasons::from([reason]))
}

impl Model {
    /// The ledger of these founders.
    pub fn new(genesis: &Genesis) -> Self {
        let members = genesis.members.iter().map(|m| {
            let rec = MemberRec {
                member: m.clone(),
                old: None,
                old_encryption: None,
            };
            (m.id, rec)
        });
        let keys = genesis.members.iter().flat_map(|m| {
            let validator = m.validator.map(|key| (key, (m.id, false, 0)));
            [Some((m.key, (m.id, true, 0))), validator]
        });
        Self {
            keys: keys.flatten().collect(),
            members: members.collect(),
            council: council::Council::of(genesis),
            ..Self::default()
        }
    }

    /// Carries a transaction out that was admitted. `None` for a kind of operation that this model does not know.
    pub fn apply(&mut self, place: Place, bytes: &[u8]) -> Option<Verdict> {
        (self.height, self.now) = (place.height, place.now);
        let Ok(tx) = Transaction::read(bytes) else {
            return Some(only(RefusalCode::Malformed));
        };
        let id = Hash::plain(bytes);
        let Some(sender) = self.members.get(&tx.member) else {
            return Some(only(RefusalCode::MemberUnknown));
        };
        if sender.member.key != tx.key {
            return Some(only(RefusalCode::NotAuthorized));
        }
        if let Some(user) = self.nonces.get(&(tx.member, tx.nonce.0)) {
            let used = if *user == id {
                RefusalCode::Duplicate
            } else {
                RefusalCode::IdConflict
            };
            // Who may not do it any more may be told that instead.
            let mut reasons = self.standing_of(tx.member, &tx.operation, place.now);
            reasons.insert(used);
            return Some(Verdict::Refused(reasons));
        }
        let verdict = self.permitted(place, &tx)?;
        if verdict.applied() {
            self.nonces.insert((tx.member, tx.nonce.0), id);
        }
        Some(verdict)
    }

    /// What members may do depends on how they stand. What else speaks against a transaction may be named as well.
    fn permitted(&mut self, place: Place, tx: &Transaction) -> Option<Verdict> {
        let mut reasons = self.standing_of(tx.member, &tx.operation, place.now);
        if reasons.is_empty() {
            return match &tx.operation {
                Operation::Batch(items) => self.each(place, tx, items),
                _ => self.operate(place, tx),
            };
        }
        if let Some(Verdict::Refused(more)) = self.clone().operate(place, tx) {
            reasons.extend(more);
        }
        Some(Verdict::Refused(reasons))
    }

    /// One after another, as if each had come alone.
    fn each(&mut self, place: Place, tx: &Transaction, items: &[BatchItem]) -> Option<Verdict> {
        let mut verdicts = Vec::new();
        for item in items {
            let alone = Transaction {
                operation: item.clone().into_operation(),
                ..tx.clone()
            };
            verdicts.push(self.permitted(place, &alone)?);
        }
        Some(Verdict::Each(verdicts))
    }

    fn operate(&mut self, place: Place, tx: &Transaction) -> Option<Verdict> {
        let (by, now) = (tx.member, place.now);
        let operation = &tx.operation;
        if let Operation::RegisterPrefix(entry) = operation {
            return Some(self.register_prefix(by, entry));
        }
        if let Operation::RegisterEvse(entry) = operation {
            return Some(self.register_evse(by, entry));
        }
        if let Operation::RetireEvse { evse, from } = operation {
            return Some(self.retire_evse(by, evse, from.0, now));
        }
        if let Operation::RotateMeterKey { evse, meter_key } = operation {
            return Some(self.rotate_meter_key(by, evse, meter_key, now));
        }
        if let Operation::RotateMemberKey {
            new_key,
            compromised,
            ..
        } = operation
        {
            return Some(self.rotate_member_key(by, *new_key, *compromised, place));
        }
        if let Operation::RotateEncryptionKey {
            new_key,
            compromised,
        } = operation
        {
            return Some(self.rotate_encryption_key(by, *new_key, *compromised, place));
        }
        if let Operation::ProposeAgreement {
            agreement,
            signature,
        } = operation
        {
            return Some(self.propose(by, agreement, *signature, now));
        }
        if let Operation::CountersignAgreement {
            agreement,
            home,
            visited,
            signature,
        } = operation
        {
            return Some(self.countersign(by, *agreement, (*home, *visited), *signature, now));
        }
        if let Operation::TerminateAgreement {
            agreement,
            home,
            visited,
            from,
        } = operation
        {
            return Some(self.terminate(by, *agreement, (*home, *visited), from.0, now));
        }
        self.operate_money(place, tx)
    }

    fn operate_money(&mut self, place: Place, tx: &Transaction) -> Option<Verdict> {
        let (by, now) = (tx.member, place.now);
        let operation = &tx.operation;
        if let Operation::PlaceHold(hold) = operation {
            return Some(self.place_hold(by, hold, now));
        }
        if let Operation::VoidHold {
            session,
            home,
            visited,
            guarantee,
            currency,
        } = operation
        {
            let claims = (*home, *visited, *guarantee, *currency);
            return Some(self.void_hold(by, *session, claims, now));
        }
        if let Operation::SettleCharge(settlement) = operation {
            return Some(self.settle(by, settlement, place));
        }
        if let Operation::ConfirmPayment(payment) = operation {
            return Some(self.confirm(by, payment, now));
        }
        if let Operation::Dispute(dispute) = operation {
            return Some(self.dispute(by, dispute, now));
        }
        if let Operation::Terms(terms) = operation {
            let life = self.life(by, terms, now);
            return life.or_else(|| self.serve(by, terms, now));
        }
        if let Operation::Case(case) = operation {
            return Some(self.case(by, case, place));
        }
        if let Operation::Money(money) = operation {
            let token = self.token(by, money, now);
            let token = token.or_else(|| self.paying(by, money, now));
            return token.or_else(|| self.money(by, money, place));
        }
        if let Operation::Energy(energy) = operation {
            return Some(self.energy(by, energy, place));
        }
        if let Operation::Council(council) = operation {
            return Some(self.govern(tx, council, place));
        }
        if let Operation::Forecast(forecast) = operation {
            return self.forecast(by, forecast, place);
        }
        if let Operation::Rate(rate) = operation {
            return Some(self.rate(by, rate, now));
        }
        None
    }

    /// Whether a member operates stations and serves drivers.
    pub(crate) fn utility(&self, id: MemberId, judge: &mut Judge) {
        match self.members.get(&id) {
            None => judge.no(RefusalCode::MemberUnknown),
            Some(m) => judge.must(
                m.member.kind == MemberKind::Utility,
                RefusalCode::NotAuthorized,
            ),
        }
    }

    /// Whether a key speaks for a member at a time: its present one, or the one before for a day.
    pub(crate) fn speaks(&self, id: MemberId, key: PublicKey, now: i64, judge: &mut Judge) {
        match self.members.get(&id) {
            None => judge.no(RefusalCode::MemberUnknown),
            Some(m) => {
                let old = m.old.is_some_and(|(k, until)| k == key && now < until);
                judge.must(old || m.member.key == key, RefusalCode::NotAuthorized);
            }
        }
    }
}

/// An amount for the ledger's words.
pub(crate) fn micro(n: i128) -> Micro {
    Micro(i64::try_from(n).unwrap_or(if n < 0 { i64::MIN } else { i64::MAX }))
}

/// The hash by which a hold is told from another with the same session.
pub fn hold_content(hold: &Hold) -> Hash {
    Hash::of("fairway.hold.v1", &hold.to_bytes())
}
