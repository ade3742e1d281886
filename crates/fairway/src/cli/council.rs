//! `fairway council`: how the consortium governs itself, on the command line.

use super::client::{Client, Target};
use super::say;
use super::submit::{Desk, hand_in};
use clap::{Args, Subcommand};
use fairway_ledger::council::{ProposalState, VALIDATOR_KEY_DOMAIN};
use fairway_ledger::key_for_member;
use fairway_ledger::state::MemberState;
use fairway_ledger::{
    AgendaState, Candidate, CharterState, Choice, CouncilOperation, Motion, Operation, Parameter,
    ProposalId, Role, RollState, key_for_agenda, key_for_charter, key_for_proposal, key_for_roll,
};
use fairway_model::canonical::Canonical;
use fairway_model::time::{DAY, HOUR};
use fairway_model::{Hash, MemberId, SigningKey, Time};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Membership, votes, parameters.
#[derive(Debug, Subcommand)]
pub(super) enum CouncilCommand {
    /// Members with their standing, validators, parameters and the contracts' version.
    Show {
        #[command(flatten)]
        target: Target,
    },
    /// Proposals that are open, and those decided last.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Put a motion to the vote.
    Propose {
        #[command(subcommand)]
        motion: MotionCommand,
    },
    /// Vote, or change one's vote while nothing is decided.
    Vote {
        /// The proposal, pro_...
        proposal: String,
        /// For or against.
        #[arg(value_parser = ["yes", "no"])]
        choice: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Let an adopted motion take effect that had to wait for its height.
    Enact {
        /// The proposal, pro_...
        proposal: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Leave the consortium, with notice.
    Leave {
        /// Days of notice.
        #[arg(long, default_value_t = 7)]
        days: u16,
        #[command(flatten)]
        desk: Desk,
    },
    /// Tell the others where this member is reached from now on; what is left out stays as it is.
    Contact {
        /// Where its AAA node is reached, as in https://192.0.2.7:7412.
        #[arg(long)]
        endpoint: Option<String>,
        /// Where its ledger node is reached, as in 192.0.2.7:7413.
        #[arg(long)]
        ledger: Option<String>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Register another validator key, whose seed stands in a file; it counts from the next epoch on.
    RotateValidator {
        /// File with the new seed, 64 hexadecimal digits. Becomes keys/validator.seed, with a fresh ledger folder, when the epoch ends.
        seed: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
}

/// What every motion has.
#[derive(Debug, Args)]
pub(super) struct Terms {
    /// Hours that votes are taken.
    #[arg(long, default_value_t = 72)]
    hours: u16,
    /// The motion takes effect in no block before this height.
    #[arg(long, default_value_t = 0)]
    not_before: u64,
    #[command(flatten)]
    desk: Desk,
}

/// Motions.
#[derive(Debug, Subcommand)]
pub(super) enum MotionCommand {
    /// Take a candidate in.
    Admit {
        /// The file that `fairway join` wrote.
        candidate: PathBuf,
        /// Let it follow only, without a vote.
        #[arg(long)]
        full_node: bool,
        #[command(flatten)]
        terms: Terms,
    },
    /// Take a member's rights away for a time.
    Suspend {
        /// Whose.
        member: String,
        /// File with the reasons; its SHA-256 goes to the ledger.
        #[arg(long)]
        reasons: PathBuf,
        #[command(flatten)]
        terms: Terms,
    },
    /// Give a suspended member its rights back.
    Reinstate {
        /// To whom.
        member: String,
        #[command(flatten)]
        terms: Terms,
    },
    /// End a membership.
    Expel {
        /// Whose.
        member: String,
        /// File with the reasons; its SHA-256 goes to the ledger.
        #[arg(long)]
        reasons: PathBuf,
        #[command(flatten)]
        terms: Terms,
    },
    /// Change who validates from the next epoch on.
    Validators {
        /// Full nodes that join.
        #[arg(long)]
        join: Vec<String>,
        /// Validators that leave.
        #[arg(long)]
        leave: Vec<String>,
        #[command(flatten)]
        terms: Terms,
    },
    /// Set a parameter; `fairway council show` names them.
    Parameter {
        /// Which.
        name: String,
        /// The new value.
        value: i64,
        /// The first block in which it counts.
        #[arg(long, default_value_t = 0)]
        from: u64,
        #[command(flatten)]
        terms: Terms,
    },
    /// Go over to another version of the contracts.
    Version {
        /// Which: one more than the present one.
        version: u32,
        /// The first block that it executes.
        #[arg(long)]
        from: u64,
        #[command(flatten)]
        terms: Terms,
    },
}

pub(super) async fn run(command: CouncilCommand) -> Result<(), String> {
    match command {
        CouncilCommand::Show { target } => show(&target).await,
        CouncilCommand::List { target } => list(&target).await,
        CouncilCommand::Propose { motion } => propose(motion).await,
        CouncilCommand::Vote {
            proposal,
            choice,
            desk,
        } => {
            let choice = if choice == "yes" {
                Choice::Yes
            } else {
                Choice::No
            };
            let (proposal, state) = find(&desk, &proposal).await?;
            let operation = CouncilOperation::Vote {
                proposal,
                motion: Box::new(state.motion),
                choice,
            };
            council(&desk, "vote", operation).await?;
            told(&desk, proposal).await
        }
        CouncilCommand::Enact { proposal, desk } => {
            let (proposal, state) = find(&desk, &proposal).await?;
            let motion = Box::new(state.motion);
            let operation = CouncilOperation::Enact { proposal, motion };
            council(&desk, "motion", operation).await
        }
        CouncilCommand::Leave { days, desk } => {
            let now = desk.config()?.clock().now();
            // One hour more, so that the block that takes the notice is not too late for it.
            let from = now.plus(i64::from(days).saturating_mul(DAY).saturating_add(HOUR));
            council(&desk, "notice", CouncilOperation::Leave { from }).await
        }
        CouncilCommand::Contact {
            endpoint,
            ledger,
            desk,
        } => contact(&desk, endpoint, ledger).await,
        CouncilCommand::RotateValidator { seed, desk } => {
            let key = SigningKey::from_seed(crate::genesis::read_seed(&seed)?);
            let proof = key.sign(VALIDATOR_KEY_DOMAIN, &desk.member()?.to_bytes());
            let operation = CouncilOperation::RotateValidatorKey {
                new_key: key.public(),
                proof,
            };
            council(&desk, "validator key", operation).await
        }
    }
}

async fn contact(
    desk: &Desk,
    endpoint: Option<String>,
    ledger: Option<String>,
) -> Result<(), String> {
    let me = desk.member()?;
    let found: Option<MemberState> = state(&desk.client()?, key_for_member(me)).await?;
    let known = found.ok_or_else(|| format!("{me} is no member on the ledger yet"))?;
    let operation = CouncilOperation::ChangeContact {
        endpoint: endpoint.unwrap_or(known.member.endpoint),
        tls_fingerprint: known.member.tls_fingerprint,
        ledger,
    };
    council(desk, "contact", operation).await
}

async fn council(desk: &Desk, what: &str, operation: CouncilOperation) -> Result<(), String> {
    hand_in(desk, what, Operation::Council(operation))
        .await
        .map(|_| ())
}

async fn propose(command: MotionCommand) -> Result<(), String> {
    let (motion, terms) = motion(command)?;
    let desk = &terms.desk;
    let now = desk.config()?.clock().now();
    let operation = CouncilOperation::Propose {
        motion: Box::new(motion.clone()),
        expires_at: now.plus(i64::from(terms.hours).saturating_mul(HOUR)),
        not_before: terms.not_before,
    };
    let (nonce, _) = hand_in(desk, "proposal", Operation::Council(operation)).await?;
    let id = ProposalId::of(desk.member()?, nonce, &motion);
    say(&format!("{id}: {}", describe(&motion)));
    say(&format!(
        "members vote with `fairway council vote {id} yes`"
    ));
    Ok(())
}

fn parse_member(text: &str) -> Result<MemberId, String> {
    MemberId::parse(text).map_err(|e| e.to_string())
}

fn parse_members(names: &[String]) -> Result<Vec<MemberId>, String> {
    names.iter().map(|name| parse_member(name)).collect()
}

/// The hash of the file with the reasons.
fn hash(path: &Path) -> Result<Hash, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Hash::plain(&bytes))
}

fn parameter(name: &str) -> Result<Parameter, String> {
    Parameter::find(name).ok_or_else(|| {
        let names = Parameter::ALL.map(Parameter::name).join(", ");
        format!("no parameter {name:?}; there are {names}")
    })
}

fn admit(candidate: &Path, full_node: bool) -> Result<Motion, String> {
    Ok(Motion::Admit {
        candidate: Box::new(read_candidate(candidate)?),
        role: if full_node {
            Role::FullNode
        } else {
            Role::Validator
        },
    })
}

fn motion(command: MotionCommand) -> Result<(Motion, Terms), String> {
    Ok(match command {
        MotionCommand::Admit {
            candidate,
            full_node,
            terms,
        } => (admit(&candidate, full_node)?, terms),
        MotionCommand::Suspend {
            member,
            reasons,
            terms,
        } => {
            let (member, reason) = (parse_member(&member)?, hash(&reasons)?);
            (Motion::Suspend { member, reason }, terms)
        }
        MotionCommand::Reinstate { member, terms } => {
            let member = parse_member(&member)?;
            (Motion::Reinstate { member }, terms)
        }
        MotionCommand::Expel {
            member,
            reasons,
            terms,
        } => {
            let (member, reason) = (parse_member(&member)?, hash(&reasons)?);
            (Motion::Expel { member, reason }, terms)
        }
        MotionCommand::Validators { join, leave, terms } => {
            let (join, leave) = (parse_members(&join)?, parse_members(&leave)?);
            (Motion::ChangeValidators { join, leave }, terms)
        }
        MotionCommand::Parameter {
            name,
            value,
            from,
            terms,
        } => {
            let parameter = parameter(&name)?;
            let motion = Motion::SetParameter {
                parameter,
                value,
                from,
            };
            (motion, terms)
        }
        MotionCommand::Version {
            version,
            from,
            terms,
        } => (Motion::ActivateVersion { version, from }, terms),
    })
}

/// Reads the file of a candidate: its canonical bytes in hexadecimal.
pub(super) fn read_candidate(path: &Path) -> Result<Candidate, String> {
    let fail = |what: String| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| fail(e.to_string()))?;
    let bytes = hex::decode(text.trim()).map_err(|e| fail(format!("no hexadecimal: {e}")))?;
    Candidate::from_bytes(&bytes).map_err(|e| fail(format!("no candidate: {e}")))
}

/// A motion in words.
fn describe(motion: &Motion) -> String {
    let names = |members: &[MemberId]| {
        let names: Vec<String> = members.iter().map(ToString::to_string).collect();
        if names.is_empty() {
            "nobody".to_owned()
        } else {
            names.join(", ")
        }
    };
    match motion {
        Motion::Admit { candidate, role } => {
            let role = match role {
                Role::Validator => "validator",
                Role::FullNode => "full node",
            };
            let member = &candidate.member;
            format!("admit {} ({}) as {role}", member.id, member.name)
        }
        Motion::Suspend { member, reason } => format!("suspend {member}, reasons {reason}"),
        Motion::Reinstate { member } => format!("reinstate {member}"),
        Motion::Expel { member, reason } => format!("expel {member}, reasons {reason}"),
        Motion::ChangeValidators { join, leave } => {
            format!("validators: {} join, {} leave", names(join), names(leave))
        }
        Motion::SetParameter {
            parameter,
            value,
            from,
        } => format!("set {} to {value} from block {from}", parameter.name()),
        Motion::ActivateVersion { version, from } => {
            format!("contracts of version {version} from block {from}")
        }
    }
}

/// A value of the state; `None` when nothing stands there.
pub(super) async fn state<T: Canonical>(
    client: &Client,
    key: [u8; 32],
) -> Result<Option<T>, String> {
    let page = format!("/ledger/v1/state/{}", hex::encode(key));
    match client.get(&page).await {
        Ok(bytes) => T::from_bytes(&bytes)
            .map(Some)
            .map_err(|e| format!("{page}: {e}")),
        Err(error) if error.starts_with("404") => Ok(None),
        Err(error) => Err(error),
    }
}

fn parse_id(text: &str) -> Result<ProposalId, String> {
    let wrong = || format!("{text:?} names no proposal; `fairway council list` shows them");
    let bytes = hex::decode(text.trim_start_matches("pro_")).map_err(|_| wrong())?;
    let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| wrong())?;
    Ok(ProposalId(Hash(bytes)))
}

async fn find(desk: &Desk, text: &str) -> Result<(ProposalId, ProposalState), String> {
    let id = parse_id(text)?;
    let found = state(&desk.client()?, key_for_proposal(id)).await?;
    let found = found.ok_or_else(|| format!("{id} was never proposed on this chain"))?;
    Ok((id, found))
}

async fn told(desk: &Desk, id: ProposalId) -> Result<(), String> {
    let (_, found) = find(desk, &id.to_string()).await?;
    say(&line(id, &found));
    Ok(())
}

fn line(id: ProposalId, found: &ProposalState) -> String {
    let count = |choice| found.votes.iter().filter(|v| v.choice == choice).count();
    format!(
        "{id}  {:?}  yes {} no {}  until {}  by {}: {}",
        found.status,
        count(Choice::Yes),
        count(Choice::No),
        found.expires_at,
        found.proposer,
        describe(&found.motion)
    )
}

async fn list(target: &Target) -> Result<(), String> {
    let client = Client::of(target)?;
    let agenda: AgendaState = state(&client, key_for_agenda()).await?.unwrap_or_default();
    let ids = agenda
        .open
        .iter()
        .map(|open| open.proposal)
        .chain(agenda.closed);
    let mut all = Vec::new();
    for id in ids {
        if let Some(found) = state::<ProposalState>(&client, key_for_proposal(id)).await? {
            all.push((id, found));
        }
    }
    if target.json {
        let data: Vec<Value> = all.iter().map(proposal_json).collect();
        say(&json!({ "data": data }).to_string());
        return Ok(());
    }
    for (id, found) in &all {
        say(&line(*id, found));
    }
    if all.is_empty() {
        say("nothing was proposed yet");
    }
    Ok(())
}

fn proposal_json((id, found): &(ProposalId, ProposalState)) -> Value {
    let votes = found.votes.iter().map(|vote| {
        json!({ "member": vote.member.to_string(), "choice": format!("{:?}", vote.choice).to_lowercase() })
    });
    json!({ "proposal": id.to_string(), "status": format!("{:?}", found.status).to_lowercase(), "motion": describe(&found.motion),
        "proposer": found.proposer.to_string(), "expires_at": found.expires_at.rfc3339(), "votes": votes.collect::<Vec<_>>() })
}

async fn show(target: &Target) -> Result<(), String> {
    let client = Client::of(target)?;
    let status = client.json("/ledger/v1/status").await?;
    let number = |name: &str| status.get(name).and_then(Value::as_u64).unwrap_or(0);
    let (height, now) = (number("height"), number("time_ms"));
    let now = Time(i64::try_from(now).unwrap_or(i64::MAX));
    let roll: RollState = state(&client, key_for_roll()).await?.unwrap_or_default();
    let charter: CharterState = state(&client, key_for_charter()).await?.unwrap_or_default();
    if target.json {
        say(&constitution_json(&roll, &charter, (height, now)).to_string());
        return Ok(());
    }
    for entry in &roll.entries {
        let part = match entry.role {
            Role::Validator => "validator",
            Role::FullNode => "full node",
        };
        let vote = if entry.votes(now) { ", has a vote" } else { "" };
        say(&format!(
            "{}  {}, {part}{vote}",
            entry.member,
            entry.standing_at(now)
        ));
    }
    say(&format!(
        "validators from the next epoch on: {}; in epoch {}: {}",
        roll.validators().count(),
        number("epoch"),
        number("validators")
    ));
    say(&format!(
        "contracts: version {}",
        charter.at(height).version
    ));
    if let Some(next) = charter.version_to_come(height) {
        say(&format!(
            "contracts: version {} from block {}",
            next.version, next.from
        ));
    }
    for parameter in Parameter::ALL {
        let bounds = parameter.bounds();
        say(&format!(
            "{} = {} ({} to {})",
            parameter.name(),
            charter.value_at(parameter, height),
            bounds.start(),
            bounds.end()
        ));
        if let Some(next) = charter.value_to_come(parameter, height) {
            say(&format!(
                "{} = {} from block {}",
                parameter.name(),
                next.value,
                next.from
            ));
        }
    }
    Ok(())
}

/// Members, version of the contracts and parameters at a height and its time.
fn constitution_json(
    roll: &RollState,
    charter: &CharterState,
    (height, now): (u64, Time),
) -> Value {
    let members = roll.entries.iter().map(|entry| {
        let validator = matches!(entry.role, Role::Validator);
        json!({ "member": entry.member.to_string(), "standing": entry.standing_at(now).to_string(), "validator": validator,
            "votes": entry.votes(now) })
    });
    let parameters = Parameter::ALL.into_iter().map(|parameter| {
        let bounds = parameter.bounds();
        let next = charter.value_to_come(parameter, height);
        let next = next.map(|next| json!({ "value": next.value, "from": next.from }));
        json!({ "name": parameter.name(), "value": charter.value_at(parameter, height), "least": bounds.start(), "most": bounds.end(),
            "next": next })
    });
    let next = charter.version_to_come(height);
    let next = next.map(|next| json!({ "version": next.version, "from": next.from }));
    json!({ "height": height, "members": members.collect::<Vec<_>>(), "contracts": { "version": charter.at(height).version, "next": next },
        "parameters": parameters.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_with_and_without_their_mark() {
        let id = ProposalId(Hash([7; 32]));
        assert_eq!(parse_id(&id.to_string()), Ok(id));
        assert_eq!(parse_id(&"07".repeat(32)), Ok(id));
        for wrong in ["pro_07", "", "pro_zz"] {
            assert!(
                parse_id(wrong).unwrap_err().contains("council list"),
                "{wrong}"
            );
        }
    }
}
