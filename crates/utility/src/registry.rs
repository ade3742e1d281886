//! Our copy of what the ledger registers, read from its blocks: members, prefixes, EVSEs, agreements, positions. It is only ever
//! behind the ledger, never beside it: nothing enters but by a receipt that says "applied".

use crate::door::{Row, Table};
use crate::duty::{CYCLE, Duty, RELEASE};
use crate::lines::{LINE, Lines, MODEL, PACKAGE, REVEALED, SCORED};
use crate::members::MemberRecord;
use crate::money::MoneyBook;
use crate::partners::{BOARD, PARTNER, Partners};
use crate::schedules::{CALENDAR, PRICES, Schedules};
use fairway_ledger::energy::op::{EnergyEffect, EnergyOperation};
use fairway_ledger::forecast::op::{ForecastEffect, ForecastOperation};
use fairway_ledger::money::{MoneyEffect, MoneyOperation};
use fairway_ledger::rates::{Conversion, RateEffect, RateOperation};
use fairway_ledger::state::{AgreementStatus, EvseState};
use fairway_ledger::{
    CaseEffect, CaseOperation, Effect, Operation, Payment, Receipt, RuleEffect, RuleOperation,
    Settlement, Transaction,
};
use fairway_ledger::{TermsEffect, TermsOperation};
use fairway_model::canonical::Canonical;
use fairway_model::registry::{EvseEntry, Member, PrefixEntry};
use fairway_model::{
    Agreement, AgreementId, CinPrefix, Currency, DecodeError, EvseId, Hash, MemberId, Micro,
    PrefixTable, PublicKey, Refusal, RefusalCode, SplitKind, StationId, Time,
};
use fairway_pricing::{BoundRule, RuleModule};
use minicbor::{Decode, Encode};
use std::collections::BTreeMap;

/// An EVSE with what was registered before.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct EvseRecord {
    #[n(0)]
    pub(crate) entry: EvseEntry,
    /// The meter key before; charges that began earlier than the time may be signed with it.
    #[n(1)]
    previous: Option<OldMeterKey>,
    #[n(2)]
    retired: Option<Time>,
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct OldMeterKey {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    key: Vec<u8>,
    #[n(1)]
    until: Time,
}

impl EvseRecord {
    /// The keys that may have signed a charge that began at `start`, the present one first.
    pub(crate) fn meter_keys(&self, start: Time) -> Vec<&[u8]> {
        let old = self.previous.as_ref().filter(|o| start < o.until);
        let mut keys = vec![self.entry.meter_key.as_slice()];
        keys.extend(old.map(|o| o.key.as_slice()));
        keys
    }

    pub(crate) fn in_use(&self, now: Time) -> bool {
        self.retired.is_none_or(|from| now < from)
    }
}

/// Terms with their life on the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub(crate) struct AgreementRecord {
    #[n(0)]
    pub(crate) agreement: Agreement,
    #[n(1)]
    pub(crate) proposer: MemberId,
    #[n(2)]
    pub(crate) countersigned: Option<Time>,
    #[n(3)]
    terminated: Option<Time>,
    /// Who suspended it.
    #[n(4)]
    suspended: Option<MemberId>,
    /// The terms that answered it.
    #[n(5)]
    superseded_by: Option<AgreementId>,
    /// Who ended it for breach.
    #[n(6)]
    broken: Option<MemberId>,
}

/// A newer version that stands in the place of an agreement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Successor {
    /// Its version.
    pub(crate) version: u32,
    /// Since when it is in force.
    pub(crate) since: Time,
}

/// Where terms stand by what the ledger keeps of them, in the words of [`crate::desk::AgreementDetail::word`]. `newest` is the highest
/// version of the pair that is in force at `now`.
pub fn ledger_stage(
    terms: &Agreement,
    status: &AgreementStatus,
    newest: Option<u32>,
    now: Time,
) -> &'static str {
    let record = AgreementRecord::kept(terms, status);
    let successor = newest
        .filter(|version| *version > terms.version)
        .map(|version| Successor {
            version,
            since: now,
        });
    record.stage_word(now, successor)
}

impl AgreementRecord {
    /// From when it was or is in force, suspended or not; none without both signatures.
    fn begin(&self) -> Option<Time> {
        self.countersigned
            .map(|at| at.max(self.agreement.valid_from))
    }

    fn until(&self) -> Time {
        self.terminated.map_or(self.agreement.valid_until, |at| {
            at.min(self.agreement.valid_until)
        })
    }

    fn in_force(&self, now: Time) -> bool {
        self.begin().is_some_and(|from| from <= now) && now < self.until()
    }

    /// As the ledger's state has it.
    fn kept(terms: &Agreement, status: &AgreementStatus) -> Self {
        Self {
            countersigned: status.countersigned.map(|signed| signed.at),
            terminated: status.terminated_from,
            suspended: status.suspended.map(|suspension| suspension.by),
            superseded_by: status.superseded_by,
            broken: status.broken.map(|ended| ended.by),
            ..Self::new(terms.clone(), status.proposer)
        }
    }

    fn new(agreement: Agreement, proposer: MemberId) -> Self {
        Self {
            agreement,
            proposer,
            countersigned: None,
            terminated: None,
            suspended: None,
            superseded_by: None,
            broken: None,
        }
    }

    /// Whether it can still be countersigned.
    pub(crate) fn waits(&self) -> bool {
        self.countersigned.is_none() && self.terminated.is_none() && self.superseded_by.is_none()
    }

    /// The terms that answered it.
    pub(crate) fn superseded_by(&self) -> Option<AgreementId> {
        self.superseded_by
    }

    /// Where it stands, in one word. `successor` is the newer version in force, which is meant only while this one would be in force too.
    pub(crate) fn stage_word(&self, now: Time, successor: Option<Successor>) -> &'static str {
        if self.countersigned.is_none() {
            return match (self.superseded_by, self.terminated) {
                (Some(_), _) => "countered",
                (None, Some(_)) => "withdrawn",
                (None, None) if self.agreement.valid_until <= now => "lapsed",
                (None, None) => "proposed",
            };
        }
        match (self.broken, self.suspended) {
            (Some(_), _) => "broken",
            (None, _) if self.until() <= now => "ended",
            (None, _) if self.in_force(now) && successor.is_some() => "replaced",
            (None, Some(_)) => "suspended",
            (None, None) if self.agreement.valid_from > now => "later",
            (None, None) => "in_force",
        }
    }

    /// Where it stands for `me`, in words; `successor` as in [`Self::stage_word`].
    pub(crate) fn stage(&self, now: Time, me: MemberId, successor: Option<Successor>) -> String {
        let end = |at: Time| if at <= now { "ended" } else { "ends" };
        if self.countersigned.is_none() {
            return match (self.superseded_by, self.terminated) {
                (Some(by), _) => format!("answered by {by}"),
                (None, Some(_)) => "withdrawn".to_owned(),
                (None, None) if self.agreement.valid_until <= now => {
                    "lapsed before it was countersigned".to_owned()
                }
                (None, None) if self.proposer == me => "waits for the partner".to_owned(),
                (None, None) => "waits for our signature".to_owned(),
            };
        }
        let until = self.until();
        let newer = successor.filter(|_| self.in_force(now));
        match (self.broken, newer, self.suspended) {
            (Some(by), ..) => format!("ended for breach at {until}, says {by}"),
            (None, ..) if until <= now => format!("ended at {until}"),
            (None, Some(newer), _) => {
                format!(
                    "replaced by version {} since {}",
                    newer.version, newer.since
                )
            }
            (None, None, Some(by)) => format!("suspended by {by}; {} at {until}", end(until)),
            (None, None, None) if self.agreement.valid_from > now => {
                format!("in force from {}", self.agreement.valid_from)
            }
            (None, None, None) => format!("in force; {} at {until}", end(until)),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct Position(
    #[n(0)] MemberId,
    #[n(1)] MemberId,
    #[n(2)] Currency,
    #[n(3)] Micro,
);

/// A custom rule's row.
#[derive(Debug, Encode, Decode)]
struct StoredRule {
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    module: Vec<u8>,
}

/// The copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Registry {
    pub(crate) members: BTreeMap<MemberId, MemberRecord>,
    pub(crate) prefixes: PrefixTable,
    pub(crate) evses: BTreeMap<EvseId, EvseRecord>,
    by_station: BTreeMap<(StationId, u32), EvseId>,
    pub(crate) agreements: BTreeMap<AgreementId, AgreementRecord>,
    /// What the first owes the second.
    pub(crate) positions: BTreeMap<(MemberId, MemberId, Currency), Micro>,
    /// Offers and records of the members.
    pub(crate) partners: Partners,
    /// Service levels in which we have a part.
    pub(crate) duty: Duty,
    /// Modules of custom rules.
    rules: BTreeMap<Hash, RuleModule>,
    /// What follows after settlement.
    pub(crate) money: MoneyBook,
    /// Prices that follow the forecast.
    pub(crate) schedules: Schedules,
    /// What schedules are asked for with.
    pub(crate) lines: Lines,
    /// Whose registry it is.
    me: Option<MemberId>,
}

impl Registry {
    pub(crate) fn new(me: MemberId, founders: &[Member]) -> Self {
        let mut registry = Self {
            me: Some(me),
            ..Self::default()
        };
        for member in founders {
            let record = MemberRecord::new(member.clone());
            registry.members.insert(member.id, record);
        }
        registry
    }

    pub(crate) fn key_of(&self, member: MemberId) -> Option<PublicKey> {
        self.members.get(&member).map(|m| m.member.key)
    }

    /// Whether `check` holds for a key of the member that counts now.
    pub(crate) fn signed_by(
        &self,
        member: MemberId,
        now: Time,
        check: impl Fn(&PublicKey) -> bool,
    ) -> bool {
        self.members
            .get(&member)
            .is_some_and(|record| record.signed(now, check))
    }

    pub(crate) fn name_of(&self, member: MemberId) -> String {
        self.members
            .get(&member)
            .map_or_else(|| member.to_string(), |m| m.member.name.clone())
    }

    pub(crate) fn evse_at(&self, station: &StationId, number: u32) -> Option<&EvseRecord> {
        self.by_station
            .get(&(station.clone(), number))
            .and_then(|id| self.evses.get(id))
    }

    /// Numbers of a station's EVSEs.
    pub(crate) fn numbers_of(&self, station: &StationId) -> Vec<u32> {
        let from = (station.clone(), 0);
        let to = (station.clone(), u32::MAX);
        self.by_station
            .range(from..=to)
            .map(|((_, n), _)| *n)
            .collect()
    }

    /// The newest agreement in force for `home`'s drivers at `visited`'s stations; none while it is suspended.
    pub(crate) fn in_force(
        &self,
        home: MemberId,
        visited: MemberId,
        now: Time,
    ) -> Option<(AgreementId, &Agreement)> {
        self.newest(home, visited, now)
            // An older version does not stand in for a suspended one.
            .filter(|(_, r)| r.suspended.is_none())
            .map(|(id, r)| (id, &r.agreement))
    }

    /// The newest version of a pair whose time it is, suspended or not.
    fn newest(
        &self,
        home: MemberId,
        visited: MemberId,
        now: Time,
    ) -> Option<(AgreementId, &AgreementRecord)> {
        self.agreements
            .iter()
            .filter(|(_, r)| {
                (r.agreement.home, r.agreement.visited) == (home, visited) && r.in_force(now)
            })
            .max_by_key(|(_, r)| r.agreement.version)
            .map(|(id, r)| (*id, r))
    }

    /// The newer version in force that stands in the place of this one.
    pub(crate) fn successor(&self, of: &AgreementRecord, now: Time) -> Option<Successor> {
        let (home, visited) = (of.agreement.home, of.agreement.visited);
        let (_, newest) = self.newest(home, visited, now)?;
        let newer = newest.agreement.version > of.agreement.version;
        newest.begin().filter(|_| newer).map(|since| Successor {
            version: newest.agreement.version,
            since,
        })
    }

    /// Refuses terms that the ledger would refuse because newer ones of the same pair are countersigned.
    ///
    /// # Errors
    /// `terms-invalid`, with the version that comes next.
    pub(crate) fn check_newer(&self, terms: &Agreement) -> Result<(), Refusal> {
        let pair = (terms.home, terms.visited);
        let signed = self.agreements.values().filter(|r| {
            r.countersigned.is_some() && (r.agreement.home, r.agreement.visited) == pair
        });
        match signed.map(|r| r.agreement.version).max() {
            Some(newest) if terms.version <= newest => Err(Refusal::new(
                RefusalCode::TermsInvalid,
                format!(
                    "{} and {} have agreed on version {newest} already; the next is version {}, not {}",
                    terms.home,
                    terms.visited,
                    newest.saturating_add(1),
                    terms.version
                ),
            )),
            _ => Ok(()),
        }
    }

    pub(crate) fn agreement(&self, id: AgreementId) -> Option<&Agreement> {
        self.agreements.get(&id).map(|r| &r.agreement)
    }

    /// The custom rule of an agreement with its limits.
    ///
    /// # Errors
    /// `rule-unknown` when the module is not here: nothing may be priced without it, since the contract would price with it.
    pub(crate) fn rule_of(&self, agreement: &Agreement) -> Result<Option<BoundRule>, Refusal> {
        let Some(id) = agreement.rule else {
            return Ok(None);
        };
        match self.rules.get(&id) {
            Some(module) => Ok(Some(BoundRule::of(agreement, module.clone()))),
            None => Err(Refusal::new(
                RefusalCode::RuleUnknown,
                format!("rule {id} of the agreement is not known here"),
            )),
        }
    }

    /// Takes over what a transaction did, or that it was refused; the rows to store.
    pub(crate) fn apply(&mut self, transaction: &Transaction, receipt: &Receipt) -> Vec<Row> {
        let mut rows = self.partners.note(transaction, receipt);
        rows.extend(self.applied(transaction, receipt));
        rows
    }

    /// The life of agreements, and penalties.
    fn terms(
        &mut self,
        by: MemberId,
        operation: &TermsOperation,
        effect: &TermsEffect,
        at: Time,
    ) -> Vec<Row> {
        match (operation, effect) {
            (
                TermsOperation::Counter { agreement: new, .. },
                TermsEffect::Countered {
                    supersedes,
                    agreement,
                    ..
                },
            ) => {
                let record = AgreementRecord::new((**new).clone(), by);
                let mut rows = vec![self.put_agreement(record, at)];
                rows.extend(self.change_agreement(*supersedes, at, |r| {
                    r.superseded_by = Some(*agreement);
                }));
                rows
            }
            (_, TermsEffect::Suspended { agreement, .. }) => {
                self.change_agreement(*agreement, at, |r| r.suspended = Some(by))
            }
            (_, TermsEffect::Resumed { agreement }) => {
                self.change_agreement(*agreement, at, |r| r.suspended = None)
            }
            (_, TermsEffect::Broken { agreement, .. }) => {
                self.change_agreement(*agreement, at, |r| {
                    r.broken = Some(by);
                    r.terminated = Some(at);
                })
            }
            (
                TermsOperation::CloseCycle {
                    home,
                    visited,
                    currency,
                    ..
                },
                TermsEffect::CycleClosed { penalty, .. },
            ) => {
                let key = (*visited, *home, *currency);
                let before = self.positions.get(&key).copied().unwrap_or_default();
                let owed = before.plus(*penalty);
                owed.map(|owed| vec![self.put_position(key, owed, at)])
                    .unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn applied(&mut self, transaction: &Transaction, receipt: &Receipt) -> Vec<Row> {
        let at = receipt.time;
        match (&transaction.operation, receipt.effect()) {
            (Operation::RegisterPrefix(entry), Some(Effect::PrefixRegistered)) => {
                self.put_prefix(entry, at)
            }
            (Operation::RegisterEvse(entry), Some(Effect::EvseRegistered { .. })) => {
                let record = EvseRecord {
                    entry: (**entry).clone(),
                    previous: None,
                    retired: None,
                };
                vec![self.put_evse(record, at)]
            }
            (_, Some(Effect::EvseRetired { evse, from })) => {
                self.change_evse(evse, at, |r| r.retired = Some(*from))
            }
            (
                Operation::RotateMeterKey { evse, meter_key },
                Some(Effect::MeterKeyRotated { .. }),
            ) => self.change_evse(evse, at, |r| {
                let key = core::mem::replace(&mut r.entry.meter_key, meter_key.clone());
                r.previous = Some(OldMeterKey { key, until: at });
            }),
            (
                Operation::RotateMemberKey {
                    new_key,
                    compromised,
                    ..
                },
                Some(Effect::MemberKeyRotated),
            ) => self.rotate_member(transaction.member, *new_key, *compromised, at),
            (
                Operation::RotateEncryptionKey {
                    new_key,
                    compromised,
                },
                Some(Effect::EncryptionKeyRotated),
            ) => self.rotate_encryption(transaction.member, *new_key, *compromised, at),
            (
                Operation::ProposeAgreement { agreement, .. },
                Some(Effect::AgreementProposed { .. }),
            ) => {
                let record = AgreementRecord::new((**agreement).clone(), transaction.member);
                vec![self.put_agreement(record, at)]
            }
            (_, Some(Effect::AgreementCountersigned { agreement })) => {
                self.change_agreement(*agreement, at, |r| r.countersigned = Some(at))
            }
            (_, Some(Effect::AgreementTerminated { agreement, from })) => {
                self.change_agreement(*agreement, at, |r| r.terminated = Some(*from))
            }
            (Operation::SettleCharge(settlement), Some(Effect::ChargeSettled { .. })) => {
                self.settled(settlement, receipt)
            }
            (Operation::Case(operation), Some(Effect::Case(effect))) => {
                self.credited(operation, effect, at)
            }
            (Operation::Terms(operation), Some(Effect::Terms(effect))) => {
                self.terms(transaction.member, operation, effect, at)
            }
            _ => self.applied_beside(transaction, receipt),
        }
    }

    /// What concerns no charge directly: members, trade, conversion, payment, rules.
    fn applied_beside(&mut self, transaction: &Transaction, receipt: &Receipt) -> Vec<Row> {
        let at = receipt.time;
        match (&transaction.operation, receipt.effect()) {
            (Operation::Council(operation), Some(Effect::Council(effect))) => {
                self.governed(transaction.member, operation, effect, at)
            }
            (
                Operation::Energy(_),
                Some(Effect::Energy(EnergyEffect::Traded { seller, amount, .. })),
            ) => self.bought(transaction, *seller, *amount, receipt),
            (
                Operation::Rate(RateOperation::Convert(signed)),
                Some(Effect::Rate(RateEffect::Converted { converted, .. })),
            ) => self.converted(&signed.conversion, *converted, receipt),
            (Operation::ConfirmPayment(payment), Some(Effect::PaymentConfirmed { owed, .. })) => {
                self.paid(payment, *owed, receipt)
            }
            (Operation::Money(operation), Some(Effect::Money(effect))) => {
                self.money_moved(transaction.member, operation, effect, receipt)
            }
            (
                Operation::Rule(RuleOperation::Upload { module }),
                Some(Effect::Rule(RuleEffect::Uploaded { .. })),
            ) => self.put_rule(module, transaction.member, at),
            (Operation::Forecast(_), _) => {
                let mut rows = self.schedules.apply(transaction, receipt);
                rows.extend(self.staked(transaction, receipt));
                rows.extend(self.lines.apply(&self.agreements, transaction, receipt));
                rows
            }
            _ => Vec::new(),
        }
    }

    pub(crate) fn put_rule(&mut self, bytes: &[u8], member: MemberId, at: Time) -> Vec<Row> {
        // The contract checked it with the same functions before it was stored.
        let Ok(module) = RuleModule::read(bytes) else {
            return Vec::new();
        };
        let key = format!("rule/{}", module.id());
        self.rules.insert(module.id(), module);
        let stored = StoredRule {
            module: bytes.to_vec(),
        };
        vec![row(&key, &member.to_string(), at, &stored)]
    }

    pub(crate) fn put_prefix(&mut self, entry: &PrefixEntry, at: Time) -> Vec<Row> {
        let Ok(prefix) = CinPrefix::parse(&entry.prefix) else {
            return Vec::new();
        };
        // The contract refuses overlaps; a repeated block finds its own entry.
        if self.prefixes.insert(prefix, entry.member).is_err() {
            return Vec::new();
        }
        vec![row(
            &format!("prefix/{}", entry.prefix),
            &entry.member.to_string(),
            at,
            entry,
        )]
    }

    /// An EVSE as the state has it. Of a meter key that was replaced the state has the hash only: whoever charged under that key did
    /// so before we were a member.
    pub(crate) fn found_evse(&mut self, state: &EvseState, at: Time) -> Row {
        let record = EvseRecord {
            entry: state.entry.clone(),
            previous: None,
            retired: state.retired,
        };
        self.put_evse(record, at)
    }

    /// An agreement as the state has it.
    pub(crate) fn found_terms(
        &mut self,
        terms: &Agreement,
        status: &AgreementStatus,
        at: Time,
    ) -> Row {
        self.put_agreement(AgreementRecord::kept(terms, status), at)
    }

    fn put_evse(&mut self, record: EvseRecord, at: Time) -> Row {
        let entry = &record.entry;
        let id = entry.evse.clone();
        self.by_station
            .insert((entry.station.clone(), entry.number), id.clone());
        let row = row(
            &format!("evse/{id}"),
            &entry.utility.to_string(),
            at,
            &record,
        );
        self.evses.insert(id, record);
        row
    }

    fn change_evse(
        &mut self,
        evse: &EvseId,
        at: Time,
        change: impl FnOnce(&mut EvseRecord),
    ) -> Vec<Row> {
        let Some(mut record) = self.evses.get(evse).cloned() else {
            return Vec::new();
        };
        change(&mut record);
        vec![self.put_evse(record, at)]
    }

    fn put_agreement(&mut self, record: AgreementRecord, at: Time) -> Row {
        let id = record.agreement.id();
        let subject = format!("{} {}", record.agreement.home, record.agreement.visited);
        let row = row(&format!("agreement/{id}"), &subject, at, &record);
        self.agreements.insert(id, record);
        row
    }

    fn change_agreement(
        &mut self,
        id: AgreementId,
        at: Time,
        change: impl FnOnce(&mut AgreementRecord),
    ) -> Vec<Row> {
        let Some(mut record) = self.agreements.get(&id).cloned() else {
            return Vec::new();
        };
        change(&mut record);
        vec![self.put_agreement(record, at)]
    }

    /// What leaves home is owed to the visited utility, as the contract books it.
    fn settled(&mut self, settlement: &Settlement, receipt: &Receipt) -> Vec<Row> {
        let event = settlement.event();
        if event.home == event.visited {
            return Vec::new();
        }
        let key = (event.home, event.visited, settlement.currency);
        let before = self.positions.get(&key).copied().unwrap_or_default();
        let Ok(leaves) = event.total.minus(event.shares.home) else {
            return Vec::new();
        };
        let Ok(owed) = before.plus(leaves) else {
            return Vec::new();
        };
        let mut rows = vec![self.put_position(key, owed, receipt.time)];
        if let Some(me) = self.me {
            let kind = self
                .agreement(event.agreement)
                .map_or(SplitKind::Fixed, Agreement::split_kind);
            rows.extend(self.money.settled(me, settlement, (leaves, kind), receipt));
        }
        rows
    }

    /// What visited, owner and tax give back comes off home's debt; visited owes home what is more.
    fn credited(&mut self, operation: &CaseOperation, effect: &CaseEffect, at: Time) -> Vec<Row> {
        let (home, visited) = match operation {
            CaseOperation::Credit(note) => (note.signed.credit.home, note.signed.credit.visited),
            operation => match operation.case() {
                Some(case) => (case.home, case.visited),
                None => return Vec::new(),
            },
        };
        let (amount, shares, currency) = match effect {
            CaseEffect::Credited {
                amount,
                shares,
                currency,
                ..
            } => (*amount, shares, *currency),
            CaseEffect::Closed {
                credited,
                shares,
                currency,
                ..
            } => (*credited, shares, *currency),
            _ => return Vec::new(),
        };
        if home == visited || amount == Micro::ZERO {
            return Vec::new();
        }
        let key = (home, visited, currency);
        let back = (visited, home, currency);
        let owed = self.positions.get(&key).copied().unwrap_or_default();
        let owed_back = self.positions.get(&back).copied().unwrap_or_default();
        let after = amount.minus(shares.home).and_then(|comes_home| {
            let off = comes_home.min(owed);
            let rest = comes_home.minus(off)?;
            Ok((owed.minus(off)?, owed_back.plus(rest)?))
        });
        let Ok((owed, owed_back)) = after else {
            return Vec::new();
        };
        vec![
            self.put_position(key, owed, at),
            self.put_position(back, owed_back, at),
        ]
    }

    /// The buyer owes the seller of energy.
    fn bought(
        &mut self,
        transaction: &Transaction,
        seller: MemberId,
        amount: Micro,
        receipt: &Receipt,
    ) -> Vec<Row> {
        let Operation::Energy(EnergyOperation::Accept(trade)) = &transaction.operation else {
            return Vec::new();
        };
        let key = (transaction.member, seller, trade.currency);
        let before = self.positions.get(&key).copied().unwrap_or_default();
        let Ok(owed) = before.plus(amount) else {
            return Vec::new();
        };
        let mut rows = vec![self.put_position(key, owed, receipt.time)];
        if let Some(me) = self.me {
            rows.extend(self.money.traded(me, key, amount, receipt));
        }
        rows
    }

    /// A debt changed its currency.
    fn converted(
        &mut self,
        conversion: &Conversion,
        converted: Micro,
        receipt: &Receipt,
    ) -> Vec<Row> {
        let pair = (conversion.debtor, conversion.creditor);
        let from = (pair.0, pair.1, conversion.from);
        let to = (pair.0, pair.1, conversion.to);
        let owed = |key| self.positions.get(&key).copied().unwrap_or_default();
        let both = (
            owed(from).minus(conversion.amount),
            owed(to).plus(converted),
        );
        let (Ok(less), Ok(more)) = both else {
            return Vec::new();
        };
        let mut rows = vec![
            self.put_position(from, less, receipt.time),
            self.put_position(to, more, receipt.time),
        ];
        if let Some(me) = self.me {
            rows.extend(self.money.converted(me, conversion, converted, receipt));
        }
        rows
    }

    /// What stakes on a forecast left owing.
    fn staked(&mut self, transaction: &Transaction, receipt: &Receipt) -> Vec<Row> {
        let (
            Operation::Forecast(operation),
            Some(Effect::Forecast(ForecastEffect::Scored {
                stakes: Some(stakes),
                ..
            })),
        ) = (&transaction.operation, receipt.effect())
        else {
            return Vec::new();
        };
        let ForecastOperation::Score {
            parties,
            currency: Some(currency),
            ..
        } = &**operation
        else {
            return Vec::new();
        };
        // The contract has computed the same, and posted nothing where it is nothing.
        let owed = stakes.owed().unwrap_or_default();
        let (debtor, creditor) = if owed > Micro::ZERO {
            (parties.home, parties.visited)
        } else {
            (parties.visited, parties.home)
        };
        let key = (debtor, creditor, *currency);
        let before = self.positions.get(&key).copied().unwrap_or_default();
        let amount = Micro(owed.0.saturating_abs());
        match before.plus(amount) {
            Ok(after) if debtor != creditor && amount > Micro::ZERO => {
                vec![self.put_position(key, after, receipt.time)]
            }
            _ => Vec::new(),
        }
    }

    fn paid(&mut self, payment: &Payment, owed: Micro, receipt: &Receipt) -> Vec<Row> {
        let key = (payment.debtor, payment.creditor, payment.currency);
        let mut rows = vec![self.put_position(key, owed, receipt.time)];
        if let Some(me) = self.me {
            rows.extend(self.money.paid(me, payment, receipt));
        }
        rows
    }

    /// What does not fit the contract would have refused, so that nothing is taken over of it.
    fn money_moved(
        &mut self,
        by: MemberId,
        operation: &MoneyOperation,
        effect: &MoneyEffect,
        receipt: &Receipt,
    ) -> Vec<Row> {
        let Some(me) = self.me else {
            return Vec::new();
        };
        let Ok((mut rows, moves)) = self.money.apply(me, operation, effect, receipt) else {
            return Vec::new();
        };
        for (key, amount) in moves {
            let before = self.positions.get(&key).copied().unwrap_or_default();
            if let Ok(owed) = before.plus(amount) {
                rows.push(self.put_position(key, owed, receipt.time));
            }
        }
        if let MoneyOperation::AcceptIssuer {
            issuer,
            currency,
            limit,
        } = operation
        {
            let key = (by, *issuer, *currency);
            rows.push(self.money.accept(key, *limit, receipt.time));
        }
        rows
    }

    pub(crate) fn put_position(
        &mut self,
        key: (MemberId, MemberId, Currency),
        owed: Micro,
        at: Time,
    ) -> Row {
        self.positions.insert(key, owed);
        let (debtor, creditor, currency) = key;
        let text = format!("position/{debtor}/{creditor}/{currency}");
        row(
            &text,
            &debtor.to_string(),
            at,
            &Position(debtor, creditor, currency, owed),
        )
    }

    /// Takes back a stored row.
    pub(crate) fn restore(&mut self, row: &Row) -> Result<(), DecodeError> {
        let kind = row.key.split('/').next().unwrap_or_default();
        match kind {
            "member" => {
                let record = MemberRecord::from_bytes(&row.body)?;
                self.members.insert(record.member.id, record);
            }
            "prefix" => {
                let entry = PrefixEntry::from_bytes(&row.body)?;
                self.put_prefix(&entry, row.at);
            }
            "evse" => {
                let record = EvseRecord::from_bytes(&row.body)?;
                self.put_evse(record, row.at);
            }
            "agreement" => {
                let record = AgreementRecord::from_bytes(&row.body)?;
                self.put_agreement(record, row.at);
            }
            "rule" => {
                let stored = StoredRule::from_bytes(&row.body)?;
                let module = RuleModule::read(&stored.module)
                    .map_err(|e| DecodeError::Malformed(e.to_string()))?;
                self.rules.insert(module.id(), module);
            }
            "position" => {
                let Position(debtor, creditor, currency, owed) = Position::from_bytes(&row.body)?;
                self.positions.insert((debtor, creditor, currency), owed);
            }
            BOARD | PARTNER => self.partners.restore(kind, row)?,
            RELEASE | CYCLE => self.duty.restore(kind, row)?,
            "money" => self.money.restore(row)?,
            CALENDAR | PRICES => self.schedules.restore(kind, row)?,
            LINE | MODEL | PACKAGE | REVEALED | SCORED => self.lines.restore(kind, row)?,
            other => {
                return Err(DecodeError::Malformed(format!(
                    "registry row of unknown kind {other:?}"
                )));
            }
        }
        Ok(())
    }
}

pub(crate) fn row<T: Canonical>(key: &str, subject: &str, at: Time, value: &T) -> Row {
    Row::new(Table::Registry, key, subject, at, key.to_owned(), value)
}
