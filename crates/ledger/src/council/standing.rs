//! What a member may do with which standing: everything, or only what winds up what it has begun.

use super::ops::CouncilOperation;
use super::roll::Standing;
use super::state::MemberStanding;
use crate::batch::BatchItem;
use crate::context::{Context, refuse};
use crate::energy::op::EnergyOperation;
use crate::life::TermsOperation;
use crate::money::MoneyOperation;
use crate::rates::RateOperation;
use crate::state::MemberState;
use crate::tx::{Operation, Settlement};
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::time::Time;

/// Checks the signer, whose entry is given, and the members that the operation would bind anew.
pub(crate) fn check(ctx: &Context<'_, '_>, signer: &MemberState) -> Result<(), Refusal> {
    if let Some(restricted) = in_force(signer, ctx.now()).filter(|_| !winds_up(&ctx.tx.operation)) {
        return restrict(ctx.member(), restricted);
    }
    match &ctx.tx.operation {
        Operation::PlaceHold(hold) => must_be_active(ctx, hold.guarantee.home),
        Operation::ProposeAgreement { agreement, .. }
        | Operation::Terms(TermsOperation::Counter { agreement, .. }) => {
            must_be_active(ctx, agreement.home)
                .and_then(|()| must_be_active(ctx, agreement.visited))
        }
        Operation::CountersignAgreement { home, visited, .. } => {
            must_be_active(ctx, *home).and_then(|()| must_be_active(ctx, *visited))
        }
        Operation::SettleCharge(settlement) => check_charge(ctx, settlement),
        Operation::Energy(EnergyOperation::Accept(wanted)) => must_be_active(ctx, wanted.seller),
        _ => Ok(()),
    }
}

/// Checks one item of a batch, of which [`check`] saw the envelope.
pub(crate) fn check_item(ctx: &Context<'_, '_>, item: &BatchItem) -> Result<(), Refusal> {
    let signer = ctx.member_state(ctx.member())?;
    if let Some(restricted) = in_force(&signer, ctx.now()).filter(|_| !item_winds_up(item)) {
        return restrict(ctx.member(), restricted);
    }
    match item {
        BatchItem::Hold(hold) => must_be_active(ctx, hold.guarantee.home),
        BatchItem::Charge(settlement) => check_charge(ctx, settlement),
        BatchItem::Void { .. } => Ok(()),
    }
}

fn item_winds_up(item: &BatchItem) -> bool {
    !matches!(item, BatchItem::Hold(_))
}

/// Whether an operation only pays, settles or closes what was begun, or keeps a key safe.
fn winds_up(operation: &Operation) -> bool {
    match operation {
        Operation::RetireEvse { .. }
        | Operation::RotateMemberKey { .. }
        | Operation::RotateEncryptionKey { .. }
        | Operation::TerminateAgreement { .. }
        | Operation::VoidHold { .. }
        | Operation::SettleCharge(_)
        | Operation::ConfirmPayment(_)
        | Operation::Dispute(_)
        | Operation::Case(_) => true,
        Operation::Rate(operation) => matches!(operation, RateOperation::Convert(_)),
        Operation::RegisterPrefix(_)
        | Operation::RegisterEvse(_)
        | Operation::RotateMeterKey { .. }
        | Operation::ProposeAgreement { .. }
        | Operation::CountersignAgreement { .. }
        | Operation::PlaceHold(_)
        | Operation::Rule(_) => false,
        Operation::Forecast(operation) => operation.winds_up(),
        // The items are checked one by one; a batch without one that may count is refused whole.
        Operation::Batch(items) => items.iter().any(item_winds_up),
        Operation::Energy(operation) => matches!(
            operation,
            EnergyOperation::State(_) | EnergyOperation::Cancel(_)
        ),
        Operation::Money(operation) => !matches!(
            **operation,
            MoneyOperation::RegisterIssuer { .. }
                | MoneyOperation::Mint(_)
                | MoneyOperation::Transfer { .. }
        ),
        Operation::Terms(operation) => operation.winds_up(),
        Operation::Council(operation) => {
            matches!(
                operation,
                CouncilOperation::RotateValidatorKey { .. }
                    | CouncilOperation::ChangeContact { .. }
            )
        }
    }
}

fn in_force(state: &MemberState, now: Time) -> Option<MemberStanding> {
    state.standing.filter(|s| s.since <= now)
}

fn restrict(member: MemberId, restricted: MemberStanding) -> Result<(), Refusal> {
    let (code, what) = match restricted.standing {
        Standing::Left => (RefusalCode::MemberGone, "left the consortium at"),
        Standing::Expelled => (RefusalCode::MemberGone, "was expelled at"),
        _ => (RefusalCode::MemberSuspended, "is suspended since"),
    };
    refuse(
        code,
        format!(
            "{member} {what} {}; it may settle charges that began before, pay, and close what is open",
            restricted.since
        ),
    )
}

/// Nobody is bound anew to a member that cannot act. An unknown one is refused by the operation itself, which says what it is.
fn must_be_active(ctx: &Context<'_, '_>, member: MemberId) -> Result<(), Refusal> {
    match ctx.member_state(member) {
        Ok(state) => in_force(&state, ctx.now()).map_or(Ok(()), |found| restrict(member, found)),
        Err(_) => Ok(()),
    }
}

/// A charge that began before either party lost its rights settles; a later one does not.
fn check_charge(ctx: &Context<'_, '_>, settlement: &Settlement) -> Result<(), Refusal> {
    let event = settlement.event();
    let Some(start) = event.usage.periods.first().map(|p| p.start) else {
        return Ok(());
    };
    for party in [event.home, event.visited] {
        let found = ctx
            .member_state(party)
            .ok()
            .and_then(|state| in_force(&state, ctx.now()))
            .filter(|found| found.since <= start);
        if let Some(restricted) = found {
            return restrict(party, restricted);
        }
    }
    Ok(())
}
