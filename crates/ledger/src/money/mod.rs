//! Money after a charge is settled: positions, netting cycles, obligations, tokens, collateral.
//!
//! Invariants: the sum of all accounts stays zero, and so does the sum of what members are owed on balance; a close changes no
//! member's balance and makes no member owe more; a bank reference pays once; a day's interest is charged once. Tested by
//! `tests/it/money.rs`, `netting.rs` and the random sequences of `property.rs`; docs/accounting.md is the schema.

pub(crate) mod admit;
pub(crate) mod collateral;
pub(crate) mod cycle;
pub mod effect;
pub mod keys;
pub mod net;
pub(crate) mod obligation;
pub mod operation;
pub(crate) mod position;
pub(crate) mod reads;
pub mod state;
pub(crate) mod token;

pub use effect::{CycleSummary, MoneyEffect, NetTransfer, NettedPosition};
pub use keys::*;
pub use operation::{
    CloseCycle, Debt, Mint, MoneyOperation, ObligationId, PaymentReceived, PaymentSent, Pledge,
    Redemption, RedemptionId, Reserve, UtcDay,
};
pub use state::{MoneyTerms, ObligationState, PositionState};

use crate::context::{Context, Done};
use crate::receipt::Effect;
use fairway_model::refusal::Refusal;

impl From<MoneyEffect> for Done {
    fn from(effect: MoneyEffect) -> Self {
        Effect::Money(Box::new(effect)).into()
    }
}

/// Carries out a money operation.
pub(crate) fn run(ctx: &mut Context<'_, '_>, operation: &MoneyOperation) -> Result<Done, Refusal> {
    match operation {
        MoneyOperation::CloseCycle(request) => cycle::close(ctx, request),
        MoneyOperation::ChargeInterest {
            obligation,
            through,
        } => obligation::charge_interest(ctx, obligation, *through),
        MoneyOperation::PaymentSent(sent) => obligation::sent(ctx, sent),
        MoneyOperation::PaymentReceived(received) => obligation::received(ctx, received),
        MoneyOperation::Pay {
            debt,
            issuer,
            amount,
        } => obligation::pay(ctx, debt, *issuer, *amount),
        MoneyOperation::RegisterIssuer {
            currency,
            cap,
            terms,
        } => token::register(ctx, *currency, *cap, *terms),
        MoneyOperation::AcceptIssuer {
            issuer,
            currency,
            limit,
        } => token::accept(ctx, *issuer, *currency, *limit),
        MoneyOperation::Mint(mint) => token::mint(ctx, mint),
        MoneyOperation::Transfer {
            to,
            issuer,
            currency,
            amount,
            ..
        } => token::transfer(ctx, (*to, *issuer, *currency), *amount),
        MoneyOperation::RequestRedemption(redemption) => token::request_redemption(ctx, redemption),
        MoneyOperation::ConfirmRedemption {
            redemption,
            reference,
        } => token::confirm_redemption(ctx, redemption, *reference),
        MoneyOperation::DepositCollateral(pledge) => collateral::deposit(ctx, pledge),
        MoneyOperation::ReleaseCollateral(pledge) => collateral::release(ctx, pledge),
        MoneyOperation::Cover {
            obligation,
            issuer,
            amount,
        } => obligation::cover(ctx, obligation, *issuer, *amount),
    }
}
