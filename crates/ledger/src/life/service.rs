//! The duty to serve, measured per netting cycle of one agreement.
//!
//! Neither side can count alone. A claim needs the visited utility's own signature that the driver asked; it falls when the ledger
//! has the charge's hold, or when home's own signature releases the request, which home gives with every no of its own and every
//! answer to an offer. Served are the settled charges, which both signed. What is left undecidable is silence: a home utility that
//! answers no offers gets no charge either, the visited utility sees it and suspends, and the penalty of a cycle is capped.
//!
//! Nothing counts for a cycle once it can be closed, so that whoever folds the transactions gets the same count.

use super::state::{ClaimState, CycleCount, PairUse, key_for_claim, key_for_use};
use super::tx::{Release, ServiceClaim, TermsEffect};
use crate::agreements::check_parties;
use crate::context::{Context, Done, overflow, refuse};
use crate::holds::check_currency;
use crate::keys::{Key, key_for_agreement, key_for_agreement_status, key_for_hold, key_for_member};
use crate::money::position;
use crate::receipt::{Account, Effect};
use crate::state::{AgreementStatus, HoldState};
use fairway_model::agreement::{Agreement, AgreementId, ServiceLevel};
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::service::ServiceRequest;
use fairway_model::time::{DAY, HOUR, Time};

/// Days after a driver asked in which his refusal can be claimed.
pub const CLAIM_DAYS: i64 = 7;
/// Most cycles of one direction of a pair that are counted at a time: a month of days to answer, and room.
pub const MAX_CYCLES: usize = 64;
/// Basis points of the whole.
const WHOLE_BPS: u64 = 10_000;

/// Drivers of one cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Served.
    pub served: u32,
    /// Refused.
    pub refused: u32,
}

fn cycle_ms(agreement: &Agreement) -> i64 {
    i64::from(agreement.netting_days.max(1)).saturating_mul(DAY)
}

/// The cycle of an agreement in which a time lies; none before its validity.
pub fn cycle_of(agreement: &Agreement, at: Time) -> Option<u64> {
    let since = at.since(agreement.valid_from);
    u64::try_from(since.div_euclid(cycle_ms(agreement))).ok()
}

/// When a cycle can be closed: once nobody can claim or answer any more.
pub fn closes_at(agreement: &Agreement, service: &ServiceLevel, cycle: u64) -> Time {
    let cycles = i64::try_from(cycle).unwrap_or(i64::MAX).saturating_add(1);
    agreement
        .valid_from
        .plus(cycle_ms(agreement).saturating_mul(cycles))
        .plus(CLAIM_DAYS.saturating_mul(DAY))
        .plus(i64::from(service.answer_hours).saturating_mul(HOUR))
}

/// What the visited utility owes for a cycle: the penalty for each refused driver beyond what the least part tolerates (rounded
/// down to whole drivers, in favour of home), at most the cap.
///
/// # Errors
/// [`MoneyError::Overflow`].
pub fn penalty(service: &ServiceLevel, count: Count) -> Result<Micro, MoneyError> {
    const OVERFLOW: MoneyError = MoneyError::Overflow("penalty");
    let all = u64::from(count.served)
        .checked_add(u64::from(count.refused))
        .ok_or(OVERFLOW)?;
    let spared = WHOLE_BPS.saturating_sub(u64::from(service.least_served_bps));
    let tolerated = all
        .checked_mul(spared)
        .and_then(|product| product.checked_div(WHOLE_BPS))
        .ok_or(OVERFLOW)?;
    let beyond = u64::from(count.refused).saturating_sub(tolerated);
    let sum = i128::from(service.penalty.0)
        .checked_mul(i128::from(beyond))
        .ok_or(OVERFLOW)?;
    // The cap is an amount, so whatever is under it fits.
    let capped = sum.min(i128::from(service.penalty_cap.0));
    i64::try_from(capped).map(Micro).map_err(|_| OVERFLOW)
}

pub(super) fn reads(request: &ServiceRequest) -> Vec<Key> {
    vec![
        key_for_member(request.home),
        key_for_member(request.visited),
        key_for_agreement(request.agreement),
        key_for_agreement_status(request.agreement),
        key_for_hold(request.session),
        key_for_claim(request.session),
        key_for_use(request.home, request.visited),
    ]
}

impl PairUse {
    /// Changes the count of the cycle of `agreement` in which `at` lies; whether it did. It does not when there is no service
    /// level, or when the cycle can be closed already. Cycles that are over and hold no refusal are forgotten, because closing
    /// them would post nothing; when room is short the oldest goes.
    pub(crate) fn count(
        &mut self,
        (id, agreement): (AgreementId, &Agreement),
        at: Time,
        now: Time,
        change: impl FnOnce(&mut CycleCount),
    ) -> bool {
        let Some((service, cycle)) = agreement.service.zip(cycle_of(agreement, at)) else {
            return false;
        };
        let closes_at = closes_at(agreement, &service, cycle);
        if now >= closes_at {
            return false;
        }
        if self.find(id, cycle).is_none() {
            self.cycles.retain(|c| now < c.closes_at || c.refused > 0);
            if self.cycles.len() >= MAX_CYCLES {
                self.cycles.remove(0);
            }
            self.cycles.push(CycleCount {
                agreement: id,
                cycle,
                served: 0,
                refused: 0,
                closes_at,
            });
        }
        let found = self.find(id, cycle).map(change);
        found.is_some()
    }

    fn find(&mut self, id: AgreementId, cycle: u64) -> Option<&mut CycleCount> {
        self.cycles
            .iter_mut()
            .find(|c| (c.agreement, c.cycle) == (id, cycle))
    }

    /// Takes a cycle out to close it.
    pub(crate) fn take(&mut self, id: AgreementId, cycle: u64) -> Option<Count> {
        let found = *self.find(id, cycle)?;
        self.cycles
            .retain(|c| (c.agreement, c.cycle) != (id, cycle));
        Some(Count {
            served: found.served,
            refused: found.refused,
        })
    }
}

fn count(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    agreement: &Agreement,
    at: Time,
    change: impl FnOnce(&mut CycleCount),
) -> Result<(), Refusal> {
    if agreement.service.is_none() {
        return Ok(());
    }
    let key = key_for_use(agreement.home, agreement.visited);
    let mut present: PairUse = ctx.view.get(&key)?.unwrap_or_default();
    if present.count((id, agreement), at, ctx.now(), change) {
        ctx.view.put(key, &present);
    }
    Ok(())
}

/// A charge that began at `start` is settled.
pub(crate) fn served(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    agreement: &Agreement,
    start: Time,
) -> Result<(), Refusal> {
    count(ctx, id, agreement, start, |c| {
        c.served = c.served.saturating_add(1);
    })
}

fn invalid<T>(text: String) -> Result<T, Refusal> {
    refuse(RefusalCode::ClaimInvalid, text)
}

/// Home claims that a driver was refused.
pub(super) fn claim(ctx: &mut Context<'_, '_>, claim: &ServiceClaim) -> Result<Done, Refusal> {
    let request = &claim.request;
    let (session, id) = (request.session, request.agreement);
    if ctx.member() != request.home {
        let text = format!(
            "{} cannot claim for a driver of {}; the home utility does",
            ctx.member(),
            request.home
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    ctx.check_signer(request.visited, claim.visited_key, "service request")?;
    let (terms, status) = ctx.agreement(id)?;
    let agreement = &terms.agreement;
    check_parties(agreement, (request.home, request.visited))?;
    let Some(service) = agreement.service else {
        return invalid(format!("{id} names no service level"));
    };
    check_asked(ctx, agreement, &status, request)?;
    if ctx
        .view
        .get::<ClaimState>(&key_for_claim(session))?
        .is_some()
    {
        return refuse(
            RefusalCode::Duplicate,
            format!("the refusal of {session} is claimed already"),
        );
    }
    if ctx.view.get::<HoldState>(&key_for_hold(session))?.is_some() {
        return invalid(format!("{session} has a hold: its driver was served"));
    }
    let Some(cycle) = cycle_of(agreement, request.asked_at) else {
        return invalid(format!("{} lies before the agreement", request.asked_at));
    };
    count(ctx, id, agreement, request.asked_at, |c| {
        c.refused = c.refused.saturating_add(1);
    })?;
    let hours = i64::from(service.answer_hours);
    let state = ClaimState {
        agreement: id,
        cycle,
        answer_until: ctx.now().plus(hours.saturating_mul(HOUR)),
        answered: false,
    };
    ctx.view.put(key_for_claim(session), &state);
    Ok(Effect::Terms(TermsEffect::RefusalClaimed { session, cycle }).into())
}

/// The driver asked while the agreement bound the visited utility, and not too long ago.
fn check_asked(
    ctx: &Context<'_, '_>,
    agreement: &Agreement,
    status: &AgreementStatus,
    request: &ServiceRequest,
) -> Result<(), Refusal> {
    let (id, at, now) = (request.agreement, request.asked_at, ctx.now());
    let until = status
        .terminated_from
        .map_or(agreement.valid_until, |end| end.min(agreement.valid_until));
    let from = status
        .countersigned
        .map(|signed| signed.at.max(agreement.valid_from));
    if from.is_none_or(|from| at < from) || at >= until {
        return invalid(format!("{id} was not in force at {at}"));
    }
    if status.suspended.is_some_and(|s| s.at <= at) {
        return invalid(format!("{id} was suspended at {at}"));
    }
    let oldest = now.plus(CLAIM_DAYS.saturating_mul(DAY).saturating_neg());
    if at < oldest || at > now.plus(ctx.rules.clock_skew_ms) {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("the driver asked at {at}; from {oldest} to {now} can be claimed"),
        );
    }
    Ok(())
}

/// The visited utility answers a claim.
pub(super) fn answer(
    ctx: &mut Context<'_, '_>,
    request: &ServiceRequest,
    release: Option<&Release>,
) -> Result<Done, Refusal> {
    let session = request.session;
    if ctx.member() != request.visited {
        let text = format!(
            "{} cannot answer a claim against {}",
            ctx.member(),
            request.visited
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    let key = key_for_claim(session);
    let Some(mut state) = ctx.view.get::<ClaimState>(&key)? else {
        return invalid(format!("no refusal of {session} is claimed"));
    };
    let (terms, _) = ctx.agreement(request.agreement)?;
    check_parties(&terms.agreement, (request.home, request.visited))?;
    if state.agreement != request.agreement
        || Some(state.cycle) != cycle_of(&terms.agreement, request.asked_at)
    {
        return invalid(format!("the claim of {session} is of another request"));
    }
    if state.answered {
        return refuse(
            RefusalCode::Duplicate,
            format!("the claim of {session} is answered already"),
        );
    }
    if ctx.now() >= state.answer_until {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("the answer was due before {}", state.answer_until),
        );
    }
    match release {
        Some(release) => ctx.check_signer(request.home, release.home_key, "release")?,
        None if ctx.view.get::<HoldState>(&key_for_hold(session))?.is_some() => {}
        None => {
            return invalid(format!(
                "{session} has no hold; an answer needs it, or home's release"
            ));
        }
    }
    state.answered = true;
    ctx.view.put(key, &state);
    count(
        ctx,
        request.agreement,
        &terms.agreement,
        request.asked_at,
        |c| c.refused = c.refused.saturating_sub(1),
    )?;
    Ok(Effect::Terms(TermsEffect::RefusalAnswered {
        session,
        cycle: state.cycle,
    })
    .into())
}

/// Counts a cycle and posts its penalty: the visited utility owes it to home.
pub(super) fn close(
    ctx: &mut Context<'_, '_>,
    id: AgreementId,
    parties: (MemberId, MemberId),
    currency: Currency,
    cycle: u64,
) -> Result<Done, Refusal> {
    let (home, visited) = parties;
    let (terms, _) = ctx.agreement(id)?;
    let agreement = &terms.agreement;
    check_parties(agreement, parties)?;
    check_currency(currency, agreement)?;
    let Some(service) = agreement.service else {
        return invalid(format!("{id} names no service level"));
    };
    let due = closes_at(agreement, &service, cycle);
    if ctx.now() < due {
        return refuse(
            RefusalCode::NotDue,
            format!("cycle {cycle} of {id} can be closed from {due} on"),
        );
    }
    let key = key_for_use(home, visited);
    let mut present: PairUse = ctx.view.get(&key)?.unwrap_or_default();
    let Some(count) = present.take(id, cycle) else {
        return refuse(
            RefusalCode::NotDue,
            format!("cycle {cycle} of {id} is closed, or nothing was counted in it"),
        );
    };
    ctx.view.put(key, &present);
    let penalty = penalty(&service, count).map_err(overflow)?;
    position::grow(ctx, (visited, home, currency), penalty)?;
    let paid = penalty.negated().map_err(overflow)?;
    let amounts = vec![
        (Account::Member(visited), paid),
        (Account::Member(home), penalty),
    ];
    let postings = ctx.post(currency, amounts)?;
    let effect = Effect::Terms(TermsEffect::CycleClosed {
        agreement: id,
        cycle,
        served: count.served,
        refused: count.refused,
        penalty,
    });
    Ok(Done { effect, postings })
}
