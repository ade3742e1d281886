//! Checks of this group that need no state.

use super::op::{CaseClaim, CaseOperation, CaseRef, CaseReply, CreditNote};
use crate::admit::{
    check_currency, check_event, check_len, check_member, check_owner, check_positive,
};
use fairway_model::charge::{ChargeEvent, MAX_PERIODS};
use fairway_model::refusal::Refusal;

pub(crate) fn check(operation: &CaseOperation) -> Result<(), Refusal> {
    match operation {
        CaseOperation::Credit(note) => check_credit(note),
        CaseOperation::Open(opening) => {
            check_case(&opening.case)?;
            check_claim(&opening.claim)?;
            check_optional(opening.event.as_deref())
        }
        CaseOperation::Answer(answer) => {
            check_case(&answer.case)?;
            if let CaseReply::Offer(claim) = &answer.reply {
                check_claim(claim)?;
            }
            check_optional(answer.event.as_deref())
        }
        CaseOperation::Accept(case)
        | CaseOperation::Withdraw(case)
        | CaseOperation::Escalate(case)
        | CaseOperation::Close(case)
        | CaseOperation::Vote { case, .. } => check_case(case),
    }
}

fn check_credit(note: &CreditNote) -> Result<(), Refusal> {
    let credit = &note.signed.credit;
    check_member(credit.home)?;
    check_member(credit.visited)?;
    check_owner(&note.owner)?;
    check_currency(note.currency)?;
    check_positive("the credit", credit.amount, note.currency)
}

fn check_case(case: &CaseRef) -> Result<(), Refusal> {
    check_member(case.opener)?;
    check_member(case.home)?;
    check_member(case.visited)?;
    check_owner(&case.owner)?;
    check_currency(case.currency)
}

fn check_claim(claim: &CaseClaim) -> Result<(), Refusal> {
    match claim {
        CaseClaim::Total(_) => Ok(()),
        CaseClaim::Usage(usage) => check_len("periods", usage.periods.len(), 1, MAX_PERIODS),
    }
}

fn check_optional(event: Option<&ChargeEvent>) -> Result<(), Refusal> {
    event.map_or(Ok(()), check_event)
}
