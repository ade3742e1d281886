//! Checks of the council's operations that need no state.

use super::evidence;
use super::ops::{Candidate, CouncilOperation, Motion};
use crate::context::refuse;
use crate::genesis::member_fault;
use crate::limits::{MAX_LEDGER_ADDRESS_LEN, MAX_VALIDATORS};
use core::net::SocketAddr;
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::registry::MAX_URL_LEN;

/// Bounds and form of every field.
pub(crate) fn check(operation: &CouncilOperation) -> Result<(), Refusal> {
    match operation {
        CouncilOperation::Propose { motion, .. }
        | CouncilOperation::Vote { motion, .. }
        | CouncilOperation::Enact { motion, .. } => check_motion(motion),
        CouncilOperation::Leave { .. } | CouncilOperation::RotateValidatorKey { .. } => Ok(()),
        CouncilOperation::Report(evidence) => {
            check_member(evidence.offender)?;
            evidence::check(evidence)
        }
        CouncilOperation::ChangeContact {
            endpoint, ledger, ..
        } => {
            if endpoint.len() > MAX_URL_LEN {
                return Err(malformed(format!(
                    "the endpoint has {} bytes; at most {MAX_URL_LEN} are allowed",
                    endpoint.len()
                )));
            }
            ledger.as_deref().map_or(Ok(()), |address| {
                check_address(address).map_err(|e| malformed(e.to_owned()))
            })
        }
    }
}

fn check_motion(motion: &Motion) -> Result<(), Refusal> {
    match motion {
        Motion::Admit { candidate, .. } => check_candidate(candidate),
        Motion::Suspend { member, .. }
        | Motion::Reinstate { member }
        | Motion::Expel { member, .. } => check_member(*member),
        Motion::ChangeValidators { join, leave } => check_change(join, leave),
        Motion::SetParameter {
            parameter, value, ..
        } => {
            let bounds = parameter.bounds();
            if bounds.contains(value) {
                return Ok(());
            }
            refuse(
                RefusalCode::OutOfBounds,
                format!(
                    "{} of {value}; {} to {} are allowed",
                    parameter.name(),
                    bounds.start(),
                    bounds.end()
                ),
            )
        }
        Motion::ActivateVersion { .. } => Ok(()),
    }
}

fn malformed(text: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::Malformed, text)
}

fn check_member(id: MemberId) -> Result<(), Refusal> {
    MemberId::parse(&id.to_string())
        .map(|_| ())
        .map_err(|e| malformed(e.to_string()))
}

fn check_candidate(candidate: &Candidate) -> Result<(), Refusal> {
    let member = &candidate.member;
    check_member(member.id)?;
    if let Some(what) = member_fault(member) {
        return Err(malformed(format!("candidate {}: {what}", member.id)));
    }
    check_address(&candidate.ledger)
        .map_err(|e| malformed(format!("candidate {}: {e}", member.id)))?;
    if member.validator.is_some() != candidate.validator_proof.is_some() {
        return Err(malformed(format!(
            "candidate {}: a validator key needs its signature, and a signature its key",
            member.id
        )));
    }
    if member.validator == Some(member.key) {
        return refuse(
            RefusalCode::KeyTaken,
            format!(
                "candidate {}: the validator key is the member key; make two",
                member.id
            ),
        );
    }
    Ok(())
}

fn check_address(ledger: &str) -> Result<(), &'static str> {
    if ledger.len() > MAX_LEDGER_ADDRESS_LEN || ledger.parse::<SocketAddr>().is_err() {
        return Err("the ledger's address is no address and port, as in 192.0.2.7:7413");
    }
    Ok(())
}

fn check_change(join: &[MemberId], leave: &[MemberId]) -> Result<(), Refusal> {
    let all = || join.iter().chain(leave);
    if join.len() > MAX_VALIDATORS || leave.len() > MAX_VALIDATORS {
        return refuse(
            RefusalCode::TooLarge,
            format!("more than {MAX_VALIDATORS} validators join or leave at once"),
        );
    }
    if join.is_empty() && leave.is_empty() {
        return Err(malformed("no validator joins and none leaves"));
    }
    for member in all() {
        check_member(*member)?;
        if all().filter(|m| *m == member).count() > 1 {
            return Err(malformed(format!("{member} is named twice")));
        }
    }
    Ok(())
}
