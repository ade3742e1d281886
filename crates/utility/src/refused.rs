//! What the ledger refused of what operators asked: they were told "handed in", and have to learn how it ended.

use fairway_ledger::{Operation, TermsOperation};
use fairway_model::time::DAY;
use fairway_model::{Refusal, RefusalCode, Time};
use std::collections::VecDeque;

/// Entries of the outbox that operators made begin so.
pub(crate) const ASKED: &str = "op/";
/// Most refusals kept; the oldest makes room for a new one.
pub(crate) const MAX_REFUSED: usize = 16;
/// How long a refusal is shown, in milliseconds.
const SHOWN: i64 = DAY;
/// Most submissions of one request whose time the ledger does not accept.
const MAX_UNTIMELY: u32 = 8;

/// Refusals since the start of the program, the newest last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Refused(VecDeque<(Time, String)>);

impl Refused {
    /// Keeps one.
    pub(crate) fn note(&mut self, now: Time, operation: &Operation, refusal: &Refusal) {
        if self.0.len() >= MAX_REFUSED {
            self.0.pop_front();
        }
        let text = format!("{}: {refusal}", asked(operation));
        self.0.push_back((now, text));
    }

    /// Those of the last day, the newest first.
    pub(crate) fn shown(&self, now: Time) -> Vec<(Time, String)> {
        let late = |entry: &&(Time, String)| now < entry.0.plus(SHOWN);
        self.0.iter().rev().filter(late).cloned().collect()
    }
}

/// What was asked for, in words.
fn asked(operation: &Operation) -> &'static str {
    match operation {
        Operation::RegisterPrefix(_) => "to register a prefix of consumer numbers",
        Operation::RegisterEvse(_) => "to register a charging point",
        Operation::RetireEvse { .. } => "to retire a charging point",
        Operation::ProposeAgreement { .. } => "to propose an agreement",
        Operation::CountersignAgreement { .. } => "to countersign an agreement",
        Operation::TerminateAgreement { .. } => "to end an agreement",
        Operation::Terms(TermsOperation::Counter { .. }) => "to answer with other terms",
        Operation::Terms(TermsOperation::Suspend { .. }) => "to suspend an agreement",
        Operation::Terms(TermsOperation::Resume { .. }) => "to resume an agreement",
        Operation::Terms(TermsOperation::Breach { .. }) => "to end an agreement for breach",
        Operation::Forecast(_) => "a step of a forecast's life",
        Operation::Money(_) => "a step of a settlement",
        Operation::Case(_) => "a step of a case",
        _ => "a change",
    }
}

/// Whether what an operator asked for is given up: terms whose times are wrong stay wrong, and nothing is said for ever.
pub(crate) fn is_final(operation: &Operation, code: RefusalCode, before: u32) -> bool {
    let terms = matches!(
        operation,
        Operation::ProposeAgreement { .. }
            | Operation::CountersignAgreement { .. }
            | Operation::TerminateAgreement { .. }
            | Operation::Terms(_)
    );
    code == RefusalCode::TimeInvalid && (terms || before >= MAX_UNTIMELY)
}
