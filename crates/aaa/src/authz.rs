//! Whether a customer may charge there, and what home promises to pay (AA-02, AA-19).
//!
//! **Reserved credit.** A guarantee is a promise that the ledger lets the visited utility use without asking again, so the whole
//! limit is reserved on the customer's account when it is given: prepaid out of the balance, postpaid out of the credit limit.
//! Always `balance - floor - reserved >= 0` when a promise is made, where the floor is 0 for prepaid and minus the credit limit for postpaid;
//! a settled charge moves from reserved to balance and changes nothing in the sum. So all guarantees together never exceed what
//! the customer may owe. What a guarantee did not use is free again when it can no longer be used.

use crate::customer::Customer;
use crate::store::money;
use fairway_model::time::HOUR;
use fairway_model::{
    AgreementId, Currency, MemberId, Micro, Payment, Refusal, RefusalCode, Service, SessionId,
};

/// How long a statement for one prepaid charge stands: long enough to read the offer and plug in, in milliseconds.
pub const SINGLE_USE_TTL: i64 = HOUR;

/// What a visited utility asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EligibilityRequest {
    /// The charge.
    pub session: SessionId,
    /// Who asks; this utility itself for its own stations.
    pub visited: MemberId,
    /// The agreement in force between the two.
    pub agreement: AgreementId,
    /// Its currency.
    pub currency: Currency,
}

/// Rules of the customer's class in the policy version in force (CRP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRules {
    /// Policy version, for the decision record (CR-01).
    pub policy_version: u32,
    /// Services that may charge there; empty allows all.
    pub services: Vec<Service>,
    /// What one guarantee covers, where credit or balance suffices.
    pub guarantee: Micro,
    /// The least that is worth a guarantee: below it the charge is refused.
    pub least: Micro,
    /// How long the visited utility may keep the profile, in milliseconds (postpaid).
    pub profile_ttl: i64,
}

/// What a customer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Funds {
    /// Balance of the account: positive is the customer's money, negative what he owes.
    pub balance: Micro,
    /// What open guarantees have reserved.
    pub reserved: Micro,
    /// How far the balance may go.
    pub floor: Micro,
}

impl Funds {
    /// What may still be promised; not negative.
    ///
    /// # Errors
    /// `too-large` when amounts are out of range.
    pub fn free(&self) -> Result<Micro, Refusal> {
        let free = self
            .balance
            .minus(self.floor)
            .and_then(|m| m.minus(self.reserved))
            .map_err(money)?;
        Ok(free.max(Micro::ZERO))
    }
}

/// A verdict with its argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The limit of the guarantee, or why not.
    pub granted: Result<Micro, Refusal>,
    /// One sentence for each thing that was compared.
    pub reasons: Vec<String>,
}

/// Judges a request. Pure: nothing is reserved yet.
pub fn judge(
    customer: &Customer,
    request: &EligibilityRequest,
    rules: &AuthorizationRules,
    funds: &Funds,
) -> Judgement {
    let mut reasons = vec![format!("policy version {}", rules.policy_version)];
    let granted = decide(customer, request, rules, funds, &mut reasons);
    Judgement { granted, reasons }
}

fn decide(
    customer: &Customer,
    request: &EligibilityRequest,
    rules: &AuthorizationRules,
    funds: &Funds,
    reasons: &mut Vec<String>,
) -> Result<Micro, Refusal> {
    if let Err(refusal) = customer.check_open() {
        reasons.push(refusal.text.clone());
        return Err(refusal);
    }
    let service = customer.service();
    let allowed = rules.services.is_empty() || rules.services.contains(&service);
    reasons.push(format!(
        "service {service:?} is {}allowed at {}",
        if allowed { "" } else { "not " },
        request.visited
    ));
    if !allowed {
        let text = format!(
            "the contract does not include {service:?} charging at {}",
            request.visited
        );
        return Err(Refusal::new(RefusalCode::ServiceNotAllowed, text));
    }
    if customer.currency != request.currency {
        reasons.push(format!(
            "the agreement is in {}, the account in {}",
            request.currency, customer.currency
        ));
        let text = format!(
            "charging at {} is paid in {}, and the account is not",
            request.visited, request.currency
        );
        return Err(Refusal::new(RefusalCode::ServiceNotAllowed, text));
    }
    grant(customer, rules, funds, reasons)
}

fn grant(
    customer: &Customer,
    rules: &AuthorizationRules,
    funds: &Funds,
    reasons: &mut Vec<String>,
) -> Result<Micro, Refusal> {
    let free = funds.free()?;
    let text = |m: Micro| m.text(customer.currency);
    let (what, advice) = match customer.payment {
        Payment::Prepaid => (
            "prepaid",
            "the prepaid balance does not cover a charge: top it up",
        ),
        Payment::Postpaid => (
            "postpaid",
            "the credit limit does not cover another charge: pay the bill, or call your utility",
        ),
    };
    reasons.push(format!(
        "{what}: balance {}, floor {}, reserved {}, free {}",
        text(funds.balance),
        text(funds.floor),
        text(funds.reserved),
        text(free)
    ));
    let limit = free.min(rules.guarantee);
    if limit < rules.least || limit <= Micro::ZERO {
        reasons.push(format!(
            "less than the least guarantee of {}",
            text(rules.least)
        ));
        return Err(Refusal::new(RefusalCode::CreditExhausted, advice));
    }
    reasons.push(format!(
        "guarantee of {} of at most {}",
        text(limit),
        text(rules.guarantee)
    ));
    Ok(limit)
}
