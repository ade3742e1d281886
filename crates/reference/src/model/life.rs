//! Counter-offers, suspension and ends for breach; ceilings of charges.

use super::agreements::Stage;
use super::{AgreementRec, DAY, Judge, Model, Postings, Verdict, terms};
use fairway_ledger::{Effect, TermsEffect, TermsOperation};
use fairway_model::{Agreement, AgreementId, MemberId, RefusalCode, Signature};

/// Most times that terms are exchanged after the first proposal.
const ROUNDS: u8 = 8;

/// Why a step that is not possible at a stage is refused.
fn refused_at(stage: Stage) -> RefusalCode {
    match stage {
        Stage::Open => RefusalCode::AgreementUnknown,
        Stage::Answered | Stage::Withdrawn | Stage::Over => RefusalCode::AgreementNotInForce,
        Stage::Lapsed => RefusalCode::TimeInvalid,
        Stage::Signed | Stage::Suspended => RefusalCode::Duplicate,
    }
}

impl Model {
    pub(super) fn life(&mut self, by: MemberId, op: &TermsOperation, now: i64) -> Option<Verdict> {
        let mut judge = Judge::default();
        if let TermsOperation::Counter {
            supersedes,
            agreement,
            signature,
        } = op
        {
            return Some(self.counter(by, *supersedes, agreement, *signature, now));
        }
        let (id, parties, stages): (AgreementId, _, &[Stage]) = match op {
            TermsOperation::Suspend {
                agreement,
                home,
                visited,
                ..
            } => (*agreement, (*home, *visited), &[Stage::Signed]),
            TermsOperation::Resume {
                agreement,
                home,
                visited,
            } => (*agreement, (*home, *visited), &[Stage::Suspended]),
            TermsOperation::Breach {
                agreement,
                home,
                visited,
                ..
            } => {
                let both: &[Stage] = &[Stage::Signed, Stage::Suspended];
                (*agreement, (*home, *visited), both)
            }
            _ => return None,
        };
        let Some(rec) = self.party_of(by, id, parties, &mut judge) else {
            return Some(judge.refused());
        };
        let stage = rec.stage(now);
        judge.must(stages.contains(&stage), refused_at(stage));
        if let (TermsOperation::Resume { .. }, Some((who, ..))) = (op, rec.suspended) {
            judge.must(who == by, RefusalCode::NotAuthorized);
        }
        let clear = judge.clear();
        let rec = self.agreements.get_mut(&id).filter(|_| clear);
        let effect = step(op, rec, by, now)?;
        Some(judge.verdict(Effect::Terms(effect), Postings::new()))
    }

    fn counter(
        &mut self,
        by: MemberId,
        old: AgreementId,
        terms: &Agreement,
        signature: Signature,
        now: i64,
    ) -> Verdict {
        let (id, mut judge) = (terms.id(), Judge::default());
        let parties = (terms.home, terms.visited);
        let Some(rec) = self.party_of(by, old, parties, &mut judge) else {
            return judge.refused();
        };
        let stage = rec.stage(now);
        judge.must(stage == Stage::Open, refused_at(stage));
        judge.must(rec.proposed.0 != by, RefusalCode::NotAuthorized);
        let round = rec.answers.map_or(0, |(round, _)| round) + 1;
        judge.must(round <= ROUNDS, RefusalCode::RoundsExhausted);
        judge.must(!self.agreements.contains_key(&id), RefusalCode::Duplicate);
        let newer = self.newest_version(terms).is_none_or(|n| terms.version > n);
        judge.must(newer && terms::sound(terms, now), RefusalCode::TermsInvalid);
        if judge.clear() {
            if let Some(rec) = self.agreements.get_mut(&old) {
                rec.answered = Some(id);
            }
            let rec = AgreementRec {
                terms: terms.clone(),
                proposed: (by, signature, now),
                signed: None,
                ended: None,
                answers: Some((round, old)),
                answered: None,
                suspended: None,
                broken: None,
            };
            self.agreements.insert(id, rec);
        }
        let effect = TermsEffect::Countered {
            supersedes: old,
            agreement: id,
            round,
        };
        judge.verdict(Effect::Terms(effect), Postings::new())
    }

    /// Open charges of a pair that count, the day of the newest that counted, and how many counted on it.
    pub(crate) fn use_of(&self, home: MemberId, visited: MemberId) -> (u32, i64, u32) {
        let counted: Vec<(i64, bool)> = self
            .holds
            .values()
            .filter(|h| (h.hold.guarantee.home, h.hold.visited) == (home, visited))
            .filter_map(|h| Some((h.counted?.div_euclid(DAY), h.life == super::Life::Pending)))
            .collect();
        let day = counted.iter().map(|(day, _)| *day).max().unwrap_or(0);
        let many = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        (
            many(counted.iter().filter(|(_, open)| *open).count()),
            day,
            many(counted.iter().filter(|(d, _)| *d == day).count()),
        )
    }

    /// Whether one more charge keeps the agreement's ceilings.
    pub(super) fn below_ceilings(&self, terms: &Agreement, now: i64, judge: &mut Judge) {
        let Some(caps) = terms.session_caps else {
            return;
        };
        let (open, day, count) = self.use_of(terms.home, terms.visited);
        let today = if day == now.div_euclid(DAY) { count } else { 0 };
        let fits = caps.concurrent.is_none_or(|cap| open < cap)
            && caps.per_day.is_none_or(|cap| today < cap);
        judge.must(fits, RefusalCode::SessionsOverCap);
    }
}

/// Takes the step where it is possible, and says what it does.
fn step(
    op: &TermsOperation,
    rec: Option<&mut AgreementRec>,
    by: MemberId,
    now: i64,
) -> Option<TermsEffect> {
    match op {
        TermsOperation::Suspend {
            agreement,
            ground,
            evidence,
            ..
        } => {
            if let Some(rec) = rec {
                rec.suspended = Some((by, *ground, *evidence, now));
            }
            Some(TermsEffect::Suspended {
                agreement: *agreement,
                ground: *ground,
            })
        }
        TermsOperation::Resume { agreement, .. } => {
            if let Some(rec) = rec {
                rec.suspended = None;
            }
            Some(TermsEffect::Resumed {
                agreement: *agreement,
            })
        }
        TermsOperation::Breach {
            agreement,
            ground,
            evidence,
            ..
        } => {
            if let Some(rec) = rec {
                rec.broken = Some((by, *ground, *evidence, now));
                rec.ended = Some(now);
            }
            Some(TermsEffect::Broken {
                agreement: *agreement,
                ground: *ground,
            })
        }
        _ => None,
    }
}
