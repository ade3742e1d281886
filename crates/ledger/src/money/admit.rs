//! Checks of money operations that need no state.

use crate::admit::{check_currency, check_len, check_member, check_positive};
use crate::context::refuse;
use crate::limits::MAX_NETTING_MEMBERS;
use crate::money::operation::{
    CloseCycle, Debt, Mint, MoneyOperation, ObligationId, Pledge, Redemption,
};
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};

/// Form and bounds.
pub(crate) fn check(operation: &MoneyOperation) -> Result<(), Refusal> {
    match operation {
        MoneyOperation::CloseCycle(request) => check_close(request),
        MoneyOperation::ChargeInterest { obligation, .. } => check_obligation(obligation),
        MoneyOperation::PaymentSent(sent) => {
            check_obligation(&sent.obligation)?;
            check_positive("the payment", sent.amount, sent.obligation.currency)
        }
        MoneyOperation::PaymentReceived(received) => {
            check_obligation(&received.obligation)?;
            check_positive("the payment", received.amount, received.obligation.currency)
        }
        MoneyOperation::Pay {
            debt,
            issuer,
            amount,
        } => {
            check_member(*issuer)?;
            check_debt(debt)?;
            check_positive("the payment", *amount, debt.parties().2)
        }
        MoneyOperation::RegisterIssuer { currency, cap, .. } => {
            check_currency(*currency)?;
            check_not_negative("the issuer's cap", *cap, *currency)
        }
        MoneyOperation::AcceptIssuer {
            issuer,
            currency,
            limit,
        } => {
            check_parties(*issuer, *issuer, *currency)?;
            check_not_negative("the limit", *limit, *currency)
        }
        MoneyOperation::Mint(mint) => check_mint(mint),
        MoneyOperation::Transfer {
            to,
            issuer,
            currency,
            amount,
            ..
        } => {
            check_parties(*to, *issuer, *currency)?;
            check_positive("the transfer", *amount, *currency)
        }
        MoneyOperation::RequestRedemption(redemption)
        | MoneyOperation::ConfirmRedemption { redemption, .. } => check_redemption(redemption),
        MoneyOperation::DepositCollateral(pledge) | MoneyOperation::ReleaseCollateral(pledge) => {
            check_pledge(pledge)
        }
        MoneyOperation::Cover {
            obligation,
            issuer,
            amount,
        } => {
            check_obligation(obligation)?;
            check_member(*issuer)?;
            check_positive("the cover", *amount, obligation.currency)
        }
    }
}

fn check_close(request: &CloseCycle) -> Result<(), Refusal> {
    check_currency(request.currency)?;
    check_len(
        "members to net",
        request.members.len(),
        2,
        MAX_NETTING_MEMBERS,
    )?;
    request.members.iter().try_for_each(|m| check_member(*m))
}

fn check_parties(a: MemberId, b: MemberId, currency: Currency) -> Result<(), Refusal> {
    check_member(a)?;
    check_member(b)?;
    check_currency(currency)
}

fn check_obligation(id: &ObligationId) -> Result<(), Refusal> {
    check_parties(id.debtor, id.creditor, id.currency)
}

fn check_debt(debt: &Debt) -> Result<(), Refusal> {
    let (debtor, creditor, currency) = debt.parties();
    check_parties(debtor, creditor, currency)
}

fn check_mint(mint: &Mint) -> Result<(), Refusal> {
    check_parties(mint.holder, mint.holder, mint.currency)?;
    check_positive("the issue", mint.amount, mint.currency)?;
    check_not_negative("the reserve", mint.reserve.amount, mint.currency)
}

fn check_redemption(redemption: &Redemption) -> Result<(), Refusal> {
    check_parties(redemption.issuer, redemption.issuer, redemption.currency)?;
    check_positive("the redemption", redemption.amount, redemption.currency)
}

fn check_pledge(pledge: &Pledge) -> Result<(), Refusal> {
    check_parties(pledge.debtor, pledge.creditor, pledge.currency)?;
    check_member(pledge.issuer)?;
    check_positive("the collateral", pledge.amount, pledge.currency)
}

fn check_not_negative(what: &str, amount: Micro, currency: Currency) -> Result<(), Refusal> {
    if amount >= Micro::ZERO {
        return Ok(());
    }
    let text = format!(
        "{what} is of {} {currency}; it must not be below nothing",
        amount.text(currency)
    );
    refuse(RefusalCode::Malformed, text)
}
