//! Payments between members that happened outside the ledger, confirmed by whoever received the money.

use crate::context::{Context, Done, overflow, refuse};
use crate::keys::key_for_payment;
use crate::money::position;
use crate::receipt::{Account, Effect};
use crate::tx::Payment;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Confirms a payment: the position shrinks, and both accounts move toward zero.
pub(crate) fn confirm(ctx: &mut Context<'_, '_>, payment: &Payment) -> Result<Done, Refusal> {
    let Payment {
        debtor,
        creditor,
        currency,
        amount,
        reference,
    } = *payment;
    if ctx.member() != creditor {
        return refuse(
            RefusalCode::NotAuthorized,
            format!(
                "{} cannot confirm a payment to {creditor}; only {creditor} can",
                ctx.member()
            ),
        );
    }
    if debtor == creditor {
        return refuse(
            RefusalCode::Malformed,
            format!("{debtor} cannot pay itself"),
        );
    }
    ctx.member_state(debtor)?;
    let record = key_for_payment(creditor, reference);
    match ctx.view.get::<Payment>(&record)? {
        Some(found) if found == *payment => {
            return refuse(
                RefusalCode::Duplicate,
                format!("payment {reference} is confirmed already"),
            );
        }
        Some(_) => {
            return refuse(
                RefusalCode::IdConflict,
                format!("payment {reference} was confirmed with other content"),
            );
        }
        None => {}
    }
    let direction = (debtor, creditor, currency);
    let owed = position::position(ctx, direction)?.amount;
    if amount > owed {
        let (amount, owed) = (amount.text(currency), owed.text(currency));
        return refuse(
            RefusalCode::AmountOverCap,
            format!("{amount} {currency} paid; {debtor} owes {creditor} only {owed}"),
        );
    }
    let rest = owed.minus(amount).map_err(overflow)?;
    position::change(ctx, direction, |p| p.shrink(amount))?;
    ctx.view.put(record, payment);
    let amounts = vec![
        (Account::Member(debtor), amount),
        (
            Account::Member(creditor),
            amount.negated().map_err(overflow)?,
        ),
    ];
    let postings = ctx.post(currency, amounts)?;
    Ok(Done {
        effect: Effect::PaymentConfirmed {
            debtor,
            creditor,
            owed: rest,
            currency,
        },
        postings,
    })
}
