//! The life of an agreement.

use super::{AgreementRec, DAY, Judge, Model, Postings, Verdict, terms};
use fairway_ledger::Effect;
use fairway_model::{Agreement, AgreementId, MemberId, RefusalCode, Signature, Time};

/// How many signed agreements one direction of a pair remembers as prices for new charges.
const REMEMBERED: usize = 8;

impl Model {
    /// The signed agreements of a pair that new charges may still name, oldest first.
    pub(crate) fn remembered(&self, home: MemberId, visited: MemberId) -> Vec<&AgreementRec> {
        let all: Vec<&AgreementRec> = self
            .signed
            .iter()
            .filter_map(|id| self.agreements.get(id))
            .filter(|a| a.terms.home == home && a.terms.visited == visited)
            .collect();
        let skip = all.len().saturating_sub(REMEMBERED);
        all.into_iter().skip(skip).collect()
    }

    /// The agreement that prices new charges of a pair at a time: the newest that is in force.
    pub fn in_force(&self, home: MemberId, visited: MemberId, at: i64) -> Option<&AgreementRec> {
        let mut found: Option<&AgreementRec> = None;
        for rec in self.remembered(home, visited) {
            let from = rec
                .signed
                .map_or(i64::MAX, |(_, t)| t.max(rec.terms.valid_from.0));
            let lives = from <= at && at < rec.until();
            if lives && found.is_none_or(|f| f.terms.version < rec.terms.version) {
                found = Some(rec);
            }
        }
        found
    }

    pub(super) fn newest_version(&self, terms: &Agreement) -> Option<u32> {
        let signed = self.remembered(terms.home, terms.visited);
        signed.iter().map(|a| a.terms.version).max()
    }

    pub(super) fn propose(
        &mut self,
        by: MemberId,
        terms: &Agreement,
        signature: Signature,
        now: i64,
    ) -> Verdict {
        let (id, mut judge) = (terms.id(), Judge::default());
        judge.must(
            by == terms.home || by == terms.visited,
            RefusalCode::NotAuthorized,
        );
        self.utility(terms.home, &mut judge);
        self.utility(terms.visited, &mut judge);
        judge.must(!self.agreements.contains_key(&id), RefusalCode::Duplicate);
        let newer = self.newest_version(terms).is_none_or(|n| terms.version > n);
        judge.must(newer && terms::sound(terms, now), RefusalCode::TermsInvalid);
        if judge.clear() {
            let rec = AgreementRec {
                terms: terms.clone(),
                proposed: (by, signature, now),
                signed: None,
                ended: None,
                answers: None,
                answered: None,
                suspended: None,
                broken: None,
            };
            self.agreements.insert(id, rec);
        }
        judge.verdict(Effect::AgreementProposed { agreement: id }, Postings::new())
    }

    /// What both later steps ask: known, between these two, asked by one of them.
    pub(super) fn party_of(
        &self,
        by: MemberId,
        id: AgreementId,
        claimed: (MemberId, MemberId),
        judge: &mut Judge,
    ) -> Option<&AgreementRec> {
        let Some(rec) = self.agreements.get(&id) else {
            judge.no(RefusalCode::AgreementUnknown);
            return None;
        };
        let parties = (rec.terms.home, rec.terms.visited);
        judge.must(parties == claimed, RefusalCode::IdConflict);
        judge.must(
            by == parties.0 || by == parties.1,
            RefusalCode::NotAuthorized,
        );
        Some(rec)
    }

    pub(super) fn countersign(
        &mut self,
        by: MemberId,
        id: AgreementId,
        claimed: (MemberId, MemberId),
        signature: Signature,
        now: i64,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.party_of(by, id, claimed, &mut judge) else {
            return judge.refused();
        };
        let alone = rec.terms.home == rec.terms.visited;
        judge.must(alone || rec.proposed.0 != by, RefusalCode::NotAuthorized);
        match rec.stage(now) {
            Stage::Open => {}
            Stage::Signed | Stage::Suspended => judge.no(RefusalCode::Duplicate),
            Stage::Lapsed => judge.no(RefusalCode::TimeInvalid),
            Stage::Answered | Stage::Withdrawn | Stage::Over => {
                judge.no(RefusalCode::AgreementNotInForce);
            }
        }
        let newest = self.newest_version(&rec.terms);
        judge.must(
            newest.is_none_or(|n| rec.terms.version > n),
            RefusalCode::TermsInvalid,
        );
        if judge.clear() {
            self.signed.push(id);
            if let Some(rec) = self.agreements.get_mut(&id) {
                rec.signed = Some((signature, now));
            }
        }
        let effect = Effect::AgreementCountersigned { agreement: id };
        judge.verdict(effect, Postings::new())
    }

    pub(super) fn terminate(
        &mut self,
        by: MemberId,
        id: AgreementId,
        claimed: (MemberId, MemberId),
        from: i64,
        now: i64,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.party_of(by, id, claimed, &mut judge) else {
            return judge.refused();
        };
        if let Some(at) = rec.ended {
            judge.must(at != from, RefusalCode::Duplicate);
            judge.must(from <= at, RefusalCode::TimeInvalid);
        }
        judge.must(from >= now, RefusalCode::TimeInvalid);
        match rec.stage(now) {
            Stage::Open => {}
            Stage::Signed | Stage::Suspended => {
                // Notice, unless the validity ends no later.
                let days = i64::from(rec.terms.notice_days.unwrap_or(0));
                let earliest = (now + days * DAY).min(rec.terms.valid_until.0);
                judge.must(from >= earliest, RefusalCode::NoticeTooShort);
            }
            Stage::Lapsed => judge.no(RefusalCode::TimeInvalid),
            Stage::Answered | Stage::Withdrawn | Stage::Over => {
                judge.no(RefusalCode::AgreementNotInForce);
            }
        }
        if judge.clear()
            && let Some(rec) = self.agreements.get_mut(&id)
        {
            rec.ended = Some(from);
        }
        let effect = Effect::AgreementTerminated {
            agreement: id,
            from: Time(from),
        };
        judge.verdict(effect, Postings::new())
    }
}

/// Where an agreement is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Proposed.
    Open,
    /// Answered by other terms.
    Answered,
    /// Withdrawn or declined.
    Withdrawn,
    /// Not signed in time.
    Lapsed,
    /// Signed by both.
    Signed,
    /// Signed, and no new charge begins.
    Suspended,
    /// Over.
    Over,
}

impl AgreementRec {
    /// Where it is at a time.
    pub fn stage(&self, now: i64) -> Stage {
        if self.signed.is_some() {
            return match self.suspended {
                _ if self.until() <= now => Stage::Over,
                Some(_) => Stage::Suspended,
                None => Stage::Signed,
            };
        }
        if self.answered.is_some() {
            Stage::Answered
        } else if self.ended.is_some() {
            Stage::Withdrawn
        } else if self.terms.valid_until.0 <= now {
            Stage::Lapsed
        } else {
            Stage::Open
        }
    }

    /// No charge begins from then on.
    pub fn until(&self) -> i64 {
        let written = self.terms.valid_until.0;
        self.ended.map_or(written, |end| end.min(written))
    }
}
