//! `fairway charge credit` and `fairway dispute`: what comes off a settled charge, and who says so.

use super::client::{Client, Target};
use super::say;
use super::submit::{Desk, submit};
use crate::view;
use clap::{Subcommand, ValueEnum};
use fairway_ledger::{CaseClaim, CaseOperation, CaseReply, DisputeReason, Operation, Verdict};
use fairway_model::credit::CreditReason;
use fairway_model::{Hash, MemberId, Micro, SessionId};
use fairway_utility::command::{CaseCommand, Command, Reply};
use std::path::{Path, PathBuf};

/// Settled charges.
#[derive(Debug, Subcommand)]
pub(super) enum ChargeCommand {
    /// Credit a charge at this member's station, whole or part; the driver's utility signs too.
    Credit {
        /// The charge, ses_...
        session: String,
        /// What the driver gets back, taxes included, in whole cents.
        amount: String,
        /// Why.
        #[arg(long, value_enum, default_value = "service")]
        reason: CreditWord,
        #[command(flatten)]
        desk: Desk,
    },
}

/// Disputes.
#[derive(Debug, Subcommand)]
pub(super) enum DisputeCommand {
    /// Object to a settled charge and ask for a decision.
    Open {
        /// The charge, ses_...
        session: String,
        /// The total that is right, taxes included, in whole cents.
        #[arg(long)]
        total: String,
        /// Why.
        #[arg(long, value_enum)]
        reason: ReasonWord,
        /// File with the evidence; its SHA-256 goes on the ledger, the file stays here.
        #[arg(long)]
        evidence: Option<PathBuf>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Answer the partner's dispute: accept it, offer another total, or contest it.
    Answer {
        /// The charge, ses_...
        session: String,
        /// Who opened the dispute.
        opener: String,
        /// The answer; `offer` needs --total.
        #[arg(value_enum)]
        answer: AnswerWord,
        /// The total offered.
        #[arg(long)]
        total: Option<String>,
        /// File with the counter-evidence.
        #[arg(long)]
        evidence: Option<PathBuf>,
        /// Its SHA-256 in hex, where the file is elsewhere: of the meter records, as `fairway bill` shows it.
        #[arg(long, conflicts_with = "evidence")]
        evidence_hash: Option<String>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Take the answer's total.
    Accept {
        /// The charge, ses_...
        session: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Give the own dispute up.
    Withdraw {
        /// The charge, ses_...
        session: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Ask for a panel of members that are no party.
    Escalate {
        /// The charge, ses_...
        session: String,
        /// Who opened the dispute.
        opener: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Vote in a panel that this member was drawn for.
    Vote {
        /// The charge, ses_...
        session: String,
        /// Who opened the dispute.
        opener: String,
        /// For the claim, for the answer, or for the charge as it stands.
        #[arg(value_enum)]
        verdict: VerdictWord,
        #[command(flatten)]
        desk: Desk,
    },
    /// The disputes that this member sees.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// The disputes about one charge.
    Show {
        /// The charge, ses_...
        session: String,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum CreditWord {
    Meter,
    Price,
    NotTheDriver,
    Service,
    Courtesy,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ReasonWord {
    RatingsDiffer,
    MeterEvidence,
    NotTheDriver,
    Other,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum AnswerWord {
    Accept,
    Offer,
    Contest,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum VerdictWord {
    Claim,
    Answer,
    Stands,
}

impl From<ReasonWord> for DisputeReason {
    fn from(word: ReasonWord) -> Self {
        match word {
            ReasonWord::RatingsDiffer => Self::RatingsDiffer,
            ReasonWord::MeterEvidence => Self::MeterEvidence,
            ReasonWord::NotTheDriver => Self::NotTheDriver,
            ReasonWord::Other => Self::Other,
        }
    }
}

impl From<VerdictWord> for Verdict {
    fn from(word: VerdictWord) -> Self {
        match word {
            VerdictWord::Claim => Self::Claim,
            VerdictWord::Answer => Self::Answer,
            VerdictWord::Stands => Self::Stands,
        }
    }
}

fn session_of(text: &str) -> Result<SessionId, String> {
    SessionId::parse(text).map_err(|e| e.to_string())
}

fn amount(text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| e.to_string())
}

fn member(text: &str) -> Result<MemberId, String> {
    MemberId::parse(text).map_err(|e| e.to_string())
}

fn evidence(path: Option<&Path>) -> Result<Hash, String> {
    path.map_or(Ok(Hash::default()), |path| {
        std::fs::read(path)
            .map(|bytes| Hash::plain(&bytes))
            .map_err(|e| format!("{}: {e}", path.display()))
    })
}

fn hash(text: &str) -> Result<Hash, String> {
    let bytes = hex::decode(text)
        .ok()
        .and_then(|b| <[u8; 32]>::try_from(b).ok());
    bytes
        .map(Hash)
        .ok_or_else(|| format!("--evidence-hash {text:?}: a SHA-256 has 64 hexadecimal digits"))
}

pub(super) async fn charge(command: ChargeCommand) -> Result<(), String> {
    let ChargeCommand::Credit {
        session,
        amount: text,
        reason,
        desk,
    } = command;
    let (id, off) = (session_of(&session)?, amount(&text)?);
    let reason = match reason {
        CreditWord::Meter => CreditReason::Meter,
        CreditWord::Price => CreditReason::Price,
        CreditWord::NotTheDriver => CreditReason::NotTheDriver,
        CreditWord::Service => CreditReason::Service,
        CreditWord::Courtesy => CreditReason::Courtesy,
    };
    let command = Command::Case(CaseCommand::Credit {
        session: id,
        amount: off,
        reason,
    });
    submit(
        &desk,
        &command,
        &format!("credit of {text} for charge {id}"),
        |operation| {
            matches!(operation, Operation::Case(CaseOperation::Credit(note))
            if note.signed.credit.session == id && note.signed.credit.amount == off)
        },
    )
    .await
}

pub(super) async fn dispute(command: DisputeCommand) -> Result<(), String> {
    match command {
        DisputeCommand::List { target } => show(&target, CaseCommand::List).await,
        DisputeCommand::Show { session, target } => {
            show(&target, CaseCommand::Show(session_of(&session)?)).await
        }
        DisputeCommand::Answer {
            session,
            opener,
            answer,
            total,
            evidence: file,
            evidence_hash,
            desk,
        } => {
            let reply = match (answer, total) {
                (AnswerWord::Accept, None) => CaseReply::Accept,
                (AnswerWord::Contest, None) => CaseReply::Contest,
                (AnswerWord::Offer, Some(total)) => {
                    CaseReply::Offer(CaseClaim::Total(amount(&total)?))
                }
                (AnswerWord::Offer, None) => return Err("an offer needs --total".to_owned()),
                (_, Some(_)) => return Err("only an offer has a --total".to_owned()),
            };
            let evidence = match evidence_hash {
                Some(text) => hash(&text)?,
                None => evidence(file.as_deref())?,
            };
            let command = CaseCommand::Answer {
                session: session_of(&session)?,
                opener: member(&opener)?,
                evidence,
                reply,
            };
            hand_in(&desk, command, "answer to the dispute").await
        }
        other => step(other).await,
    }
}

async fn step(command: DisputeCommand) -> Result<(), String> {
    match command {
        DisputeCommand::Open {
            session,
            total,
            reason,
            evidence: file,
            desk,
        } => {
            let command = CaseCommand::Open {
                session: session_of(&session)?,
                reason: reason.into(),
                evidence: evidence(file.as_deref())?,
                claimed: amount(&total)?,
            };
            hand_in(&desk, command, "dispute").await
        }
        DisputeCommand::Accept { session, desk } => {
            hand_in(
                &desk,
                CaseCommand::Accept(session_of(&session)?),
                "acceptance",
            )
            .await
        }
        DisputeCommand::Withdraw { session, desk } => {
            hand_in(
                &desk,
                CaseCommand::Withdraw(session_of(&session)?),
                "withdrawal",
            )
            .await
        }
        DisputeCommand::Escalate {
            session,
            opener,
            desk,
        } => {
            let command = CaseCommand::Escalate {
                session: session_of(&session)?,
                opener: member(&opener)?,
            };
            hand_in(&desk, command, "request for a panel").await
        }
        DisputeCommand::Vote {
            session,
            opener,
            verdict,
            desk,
        } => {
            let command = CaseCommand::Vote {
                session: session_of(&session)?,
                opener: member(&opener)?,
                verdict: verdict.into(),
            };
            hand_in(&desk, command, "vote").await
        }
        DisputeCommand::List { .. }
        | DisputeCommand::Show { .. }
        | DisputeCommand::Answer { .. } => Ok(()),
    }
}

async fn hand_in(desk: &Desk, command: CaseCommand, what: &str) -> Result<(), String> {
    let session = match &command {
        CaseCommand::Open { session, .. }
        | CaseCommand::Answer { session, .. }
        | CaseCommand::Accept(session)
        | CaseCommand::Withdraw(session)
        | CaseCommand::Escalate { session, .. }
        | CaseCommand::Vote { session, .. } => Some(*session),
        _ => None,
    };
    let what = session.map_or_else(|| what.to_owned(), |id| format!("{what} about {id}"));
    submit(desk, &Command::Case(command), &what, |operation| {
        matches!(operation, Operation::Case(step) if step.case().map(|c| c.session) == session)
    })
    .await
}

async fn show(target: &Target, command: CaseCommand) -> Result<(), String> {
    let reply = Client::of(target)?.command(&Command::Case(command)).await?;
    let Reply::Cases(cases) = reply else {
        return Err("the utility gave an answer of another kind".to_owned());
    };
    say(&if target.json {
        view::json::cases(&cases).to_string()
    } else {
        view::text::cases(&cases)
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evidence_is_hashed_or_named() {
        assert_eq!(evidence(None), Ok(Hash::default()));
        assert!(evidence(Some(Path::new("no such file"))).is_err());
        let id = Hash::plain(b"records");
        assert_eq!(hash(&id.hex()), Ok(id));
        assert!(hash("12").unwrap_err().contains("64 hexadecimal digits"));
    }
}
