//! What a member may do that is not active: pay, settle what began before, and close what is open. Nobody is bound anew to it.
//!
//! Written from the table in `docs/consortium.md`.

use super::Model;
use fairway_ledger::energy::op::EnergyOperation;
use fairway_ledger::forecast::op::ForecastOperation;
use fairway_ledger::money::MoneyOperation;
use fairway_ledger::rates::RateOperation;
use fairway_ledger::{
    BatchItem, CouncilEffect, CouncilOperation, Effect, Operation, Settlement, Standing,
    TermsOperation,
};
use fairway_model::{Hash, MemberId, PublicKey, RefusalCode};

use crate::model::{Judge, Place, Postings, Reasons, Verdict};

/// Whether an operation only pays, settles, closes, keeps a key safe, or says where the member is reached.
fn winds_up(operation: &Operation) -> bool {
    match operation {
        Operation::Money(op) => !matches!(
            **op,
            MoneyOperation::RegisterIssuer { .. }
                | MoneyOperation::Mint(_)
                | MoneyOperation::Transfer { .. }
        ),
        Operation::Energy(op) => {
            matches!(op, EnergyOperation::State(_) | EnergyOperation::Cancel(_))
        }
        Operation::Rate(op) => matches!(op, RateOperation::Convert(_)),
        Operation::Forecast(op) => matches!(**op, ForecastOperation::Publish(_)),
        Operation::Terms(op) => matches!(
            op,
            TermsOperation::Suspend { .. }
                | TermsOperation::Breach { .. }
                | TermsOperation::WithdrawOffer { .. }
                | TermsOperation::ClaimRefusal(_)
                | TermsOperation::AnswerRefusal { .. }
                | TermsOperation::CloseCycle { .. }
        ),
        Operation::Council(op) => matches!(
            op,
            CouncilOperation::RotateValidatorKey { .. } | CouncilOperation::ChangeContact { .. }
        ),
        Operation::Batch(items) => items.iter().any(|i| !matches!(i, BatchItem::Hold(_))),
        other => matches!(
            other,
            Operation::RetireEvse { .. }
                | Operation::RotateMemberKey { .. }
                | Operation::RotateEncryptionKey { .. }
                | Operation::TerminateAgreement { .. }
                | Operation::VoidHold { .. }
                | Operation::SettleCharge(_)
                | Operation::ConfirmPayment(_)
                | Operation::Dispute(_)
                | Operation::Case(_)
        ),
    }
}

/// Whom an operation would bind anew, besides its sender.
fn bound(operation: &Operation) -> Vec<MemberId> {
    match operation {
        Operation::PlaceHold(hold) => vec![hold.guarantee.home],
        Operation::ProposeAgreement { agreement, .. }
        | Operation::Terms(TermsOperation::Counter { agreement, .. }) => {
            vec![agreement.home, agreement.visited]
        }
        Operation::CountersignAgreement { home, visited, .. } => vec![*home, *visited],
        Operation::Energy(EnergyOperation::Accept(wanted)) => vec![wanted.seller],
        _ => Vec::new(),
    }
}

impl Model {
    /// Since when a member is not active, and the name of that.
    fn inactive(&self, member: MemberId, now: i64) -> Option<(i64, RefusalCode)> {
        let seat = self.council.roll.get(&member)?;
        match seat.at(now) {
            Standing::Active | Standing::Invited => None,
            Standing::Suspended => Some((seat.since, RefusalCode::MemberSuspended)),
            Standing::Left | Standing::Expelled => Some((seat.since, RefusalCode::MemberGone)),
        }
    }

    /// Whether a member may do everything.
    pub(in crate::model) fn is_active(&self, member: MemberId, now: i64) -> bool {
        let seat = self.council.roll.get(&member);
        seat.is_some_and(|s| s.at(now) == Standing::Active)
    }

    /// Reasons that the standing of the sender, or of others, gives against an operation.
    pub(in crate::model) fn standing_of(
        &self,
        by: MemberId,
        operation: &Operation,
        now: i64,
    ) -> Reasons {
        let mut reasons = Reasons::new();
        if let Some((_, why)) = self.inactive(by, now)
            && !winds_up(operation)
        {
            reasons.insert(why);
        }
        for member in bound(operation) {
            reasons.extend(self.inactive(member, now).map(|(_, why)| why));
        }
        if let Operation::SettleCharge(settlement) = operation {
            reasons.extend(self.began_before(settlement, now));
        }
        reasons
    }

    /// A charge that began before either party lost its rights settles.
    fn began_before(&self, settlement: &Settlement, now: i64) -> Vec<RefusalCode> {
        let event = settlement.event();
        let Some(begin) = event.usage.periods.first().map(|p| p.start.0) else {
            return Vec::new();
        };
        let parties = [event.home, event.visited].into_iter();
        let found = parties.filter_map(|m| self.inactive(m, now));
        found
            .filter(|(since, _)| *since <= begin)
            .map(|(_, why)| why)
            .collect()
    }

    pub(super) fn leave(&mut self, by: MemberId, from: i64, now: i64) -> Verdict {
        let mut judge = Judge::default();
        let notice = self.rule(fairway_ledger::Parameter::LeaveNotice);
        judge.must(from >= now + notice, RefusalCode::TimeInvalid);
        let council = &mut self.council;
        let seat = council.roll.get(&by);
        judge.must(
            seat.is_none_or(|s| s.standing != Standing::Left),
            RefusalCode::Duplicate,
        );
        if seat.is_some_and(|s| s.validates) {
            council.set_of(council.validators().saturating_sub(1), &mut judge);
        }
        if judge.clear() {
            if let Some(seat) = council.roll.get_mut(&by) {
                (seat.standing, seat.since) = (Standing::Left, from);
                seat.validates = false;
            }
            council.spare(now);
        }
        let effect = CouncilEffect::Leaves {
            from: fairway_model::Time(from),
        };
        judge.verdict(Effect::Council(effect), Postings::new())
    }

    pub(super) fn rotate_validator_key(
        &mut self,
        by: MemberId,
        key: PublicKey,
        place: Place,
    ) -> Verdict {
        let mut judge = Judge::default();
        judge.must(!self.keys.contains_key(&key), RefusalCode::KeyTaken);
        if judge.clear() {
            self.keys.insert(key, (by, false, place.height));
            if let Some(seat) = self.council.roll.get_mut(&by) {
                seat.key = Some(key);
            }
            if let Some(rec) = self.members.get_mut(&by) {
                rec.member.validator = Some(key);
            }
            self.council.spare(place.now);
        }
        let effect = Effect::Council(CouncilEffect::ValidatorKeyRotated);
        judge.verdict(effect, Postings::new())
    }

    pub(super) fn change_contact(
        &mut self,
        by: MemberId,
        (endpoint, certificate): (&str, Hash),
        address: Option<&String>,
    ) -> Verdict {
        let mut judge = Judge::default();
        if let Some(rec) = self.members.get_mut(&by) {
            let utility = rec.member.kind == fairway_model::registry::MemberKind::Utility;
            judge.must(!utility || !endpoint.is_empty(), RefusalCode::Malformed);
            if judge.clear() {
                endpoint.clone_into(&mut rec.member.endpoint);
                rec.member.tls_fingerprint = certificate;
            }
        }
        if judge.clear()
            && let Some(address) = address
            && let Some(seat) = self.council.roll.get_mut(&by)
        {
            seat.address.clone_from(address);
        }
        let effect = Effect::Council(CouncilEffect::ContactChanged);
        judge.verdict(effect, Postings::new())
    }
}
