//! Small helpers for the words between stations and gateways. Request numbers are a station's own; on the way they carry their
//! connection's number too, so that they are unique, as the adapter makes them.

use fairway_model::station::{CallId, FromStation, ToStation};

/// Request numbers of one connection.
const CALLS: u64 = 1 << 24;

fn slot(words: &mut FromStation) -> Option<&mut CallId> {
    match words {
        FromStation::Identify { call, .. }
        | FromStation::Consent { call, .. }
        | FromStation::Started { call, .. }
        | FromStation::Updated { call, .. }
        | FromStation::Ended { call, .. } => Some(call),
        FromStation::Booted { .. }
        | FromStation::Status { .. }
        | FromStation::CommandAnswered { .. }
        | FromStation::Disconnected => None,
    }
}

/// The request's number, if an answer is wanted.
pub(crate) fn call_of(words: &FromStation) -> Option<CallId> {
    slot(&mut words.clone()).map(|call| *call)
}

/// The words as the gateway gets them.
pub(crate) fn with_call(mut words: FromStation, conn: u64) -> FromStation {
    if let Some(call) = slot(&mut words) {
        call.0 = conn.wrapping_mul(CALLS).wrapping_add(call.0);
    }
    words
}

/// An answer as the station gets it, and the request that it answers.
pub(crate) fn answered(mut words: ToStation, conn: u64) -> (ToStation, Option<CallId>) {
    let call = match &mut words {
        ToStation::Identified { call, .. }
        | ToStation::ConsentNoted { call, .. }
        | ToStation::TransactionNoted { call, .. } => {
            call.0 = call.0.wrapping_sub(conn.wrapping_mul(CALLS));
            Some(*call)
        }
        ToStation::Start { .. }
        | ToStation::Stop { .. }
        | ToStation::Bill(_)
        | ToStation::Notice { .. } => None,
    };
    (words, call)
}

/// A name for traces; no credentials.
pub(crate) fn name_of(words: &FromStation) -> String {
    match words {
        FromStation::Booted { .. } => "booted".to_owned(),
        FromStation::Status { state, .. } => format!("status {state:?}"),
        FromStation::Identify { presented, .. } => format!("identify {:?}", presented.method),
        FromStation::Consent {
            session, accepted, ..
        } => format!("consent {accepted} {session}"),
        FromStation::Started { report, .. } => format!(
            "started {} #{} {:?}",
            report.transaction, report.seq, report.session
        ),
        FromStation::Updated { report, .. } => {
            format!("updated {} #{}", report.transaction, report.seq)
        }
        FromStation::Ended { report, reason, .. } => {
            format!("ended {} #{} {reason:?}", report.transaction, report.seq)
        }
        FromStation::CommandAnswered {
            command,
            accepted,
            text,
        } => format!("command {command} accepted {accepted} {text}"),
        FromStation::Disconnected => "disconnected".to_owned(),
    }
}

/// A name for traces.
pub(crate) fn name_to(words: &ToStation) -> String {
    use fairway_model::station::Identified;
    match words {
        ToStation::Identified { answer, .. } => match answer {
            Identified::Offer(view) => format!("offer {} local {}", view.session, view.local),
            Identified::Consented(session) => format!("consented {session}"),
            Identified::StopRequested(session) => format!("stop requested {session}"),
            Identified::Refused(refusal) => format!("refused {}", refusal.code),
        },
        ToStation::ConsentNoted { refusal, .. } => {
            format!("consent noted {:?}", refusal.as_ref().map(|r| r.code))
        }
        ToStation::TransactionNoted { refusal, .. } => {
            format!("report noted {:?}", refusal.as_ref().map(|r| r.code))
        }
        ToStation::Start {
            command, session, ..
        } => format!("start {command} {session}"),
        ToStation::Stop {
            command,
            transaction,
        } => format!("stop {command} {transaction}"),
        ToStation::Bill(bill) => format!("bill {}", bill.session),
        ToStation::Notice { session, refusal } => format!("notice {session} {}", refusal.code),
    }
}
