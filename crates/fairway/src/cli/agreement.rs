//! `fairway agreement`: the life of roaming agreements, from the file of terms to the end.

use super::client::{Client, Target};
use super::submit::{Desk, FINAL, LOOK, status, submit};
use super::{say, terms};
use crate::environment;
use crate::view::roaming;
use clap::Subcommand;
use fairway_ledger::{
    Block, Contracts, Genesis, Ground, Operation, Receipt, RuleOperation, TermsOperation,
    Transaction, TxNonce, contract_text,
};
use fairway_model::agreement::AGREEMENT_DOMAIN;
use fairway_model::canonical::Canonical as _;
use fairway_model::registry::{Member, MemberKind};
use fairway_model::{Agreement, AgreementId, Hash, MemberId, SigningKey, Time};
use fairway_utility::command::{Command, Reply};
use fairway_utility::roaming::TermsCommand;
use std::path::{Path, PathBuf};

/// Agreements.
#[derive(Debug, Subcommand)]
pub(super) enum AgreementCommand {
    /// Read an agreement's file and ask the ledger's own contract about its terms, here and without a ledger.
    Check {
        /// The file; docs/examples/agreement.toml explains it.
        file: PathBuf,
    },
    /// Print the readable contract that the terms make; its SHA-256 is part of them, and both parties sign it.
    Text {
        /// The file.
        file: PathBuf,
    },
    /// Check, sign and propose to the partner.
    Propose {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    /// Answer the partner's proposal with other terms; it can be countersigned no more.
    Counter {
        /// The proposal, agr_...
        id: String,
        /// The other terms' file.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    /// Let no new charge begin; charges that began keep their terms.
    Suspend {
        /// The agreement, agr_...
        id: String,
        /// Why.
        #[arg(long, value_enum)]
        ground: GroundName,
        /// A file with evidence that the partner holds too; its SHA-256 goes on the ledger.
        #[arg(long)]
        evidence: Option<PathBuf>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Let charges begin again, after a suspension by this member.
    Resume {
        /// The agreement, agr_...
        id: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Give notice; withdraw or decline a proposal.
    Terminate {
        /// The agreement, agr_...
        id: String,
        /// The end, as in 2027-01-01T00:00:00Z; left out, the earliest that the notice allows.
        #[arg(long)]
        from: Option<String>,
        /// End at once, because the partner broke this; the ledger keeps the ground and the evidence's SHA-256.
        #[arg(long, value_enum, requires = "evidence", conflicts_with = "from")]
        breach: Option<GroundName>,
        /// A file with the evidence of the breach.
        #[arg(long, requires = "breach")]
        evidence: Option<PathBuf>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Agreements in force, and those that wait for this member's signature.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Sign what the partner proposed.
    Countersign {
        /// The agreement, agr_...
        id: String,
        #[command(flatten)]
        desk: Desk,
    },
}

pub(super) async fn run(command: AgreementCommand) -> Result<(), String> {
    match command {
        AgreementCommand::Check { file } => {
            let agreement = terms::read(&file)?;
            let now = Time(environment::wall_ms());
            check_with(&agreement, terms::rule(&file)?, now)
                .map_err(|e| format!("{}: {e}", file.display()))?;
            say(&describe(&agreement));
            Ok(())
        }
        AgreementCommand::Text { file } => {
            say(contract_text(&terms::read(&file)?).trim_end());
            Ok(())
        }
        AgreementCommand::Propose { file, desk } => {
            let agreement = terms::read(&file)?;
            check_with(
                &agreement,
                terms::rule(&file)?,
                desk.config()?.clock().now(),
            )
            .map_err(|e| format!("{}: {e}", file.display()))?;
            propose(&desk, agreement).await
        }
        AgreementCommand::List { target } => list(&target).await,
        AgreementCommand::Countersign { id, desk } => countersign(&desk, &id).await,
        AgreementCommand::Counter { id, file, desk } => counter(&desk, &id, &file).await,
        AgreementCommand::Suspend {
            id,
            ground,
            evidence,
            desk,
        } => {
            let agreement = parse_id(&id)?;
            let command = TermsCommand::Suspend {
                agreement,
                ground: ground.ground(),
                evidence: evidence.as_deref().map(hash_of).transpose()?,
            };
            step(&desk, command, &format!("suspension of {agreement}")).await
        }
        AgreementCommand::Resume { id, desk } => {
            let agreement = parse_id(&id)?;
            let command = TermsCommand::Resume { agreement };
            step(&desk, command, &format!("resumption of {agreement}")).await
        }
        AgreementCommand::Terminate {
            id,
            from,
            breach,
            evidence,
            desk,
        } => {
            let agreement = parse_id(&id)?;
            let command = match (breach, evidence) {
                (Some(ground), Some(file)) => TermsCommand::Breach {
                    agreement,
                    ground: ground.ground(),
                    evidence: hash_of(&file)?,
                },
                _ => TermsCommand::Terminate {
                    agreement,
                    from: from.as_deref().map(terms::moment).transpose()?,
                },
            };
            step(&desk, command, &format!("end of {agreement}")).await
        }
    }
}

/// Grounds as they are typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum GroundName {
    Payment,
    Service,
    Security,
    Technical,
    Regulation,
    Other,
}

impl GroundName {
    fn ground(self) -> Ground {
        match self {
            Self::Payment => Ground::Payment,
            Self::Service => Ground::Service,
            Self::Security => Ground::Security,
            Self::Technical => Ground::Technical,
            Self::Regulation => Ground::Regulation,
            Self::Other => Ground::Other,
        }
    }
}

fn hash_of(file: &Path) -> Result<Hash, String> {
    let bytes = std::fs::read(file).map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(Hash::plain(&bytes))
}

/// Hands in a step of an agreement's life and waits for its block.
async fn step(desk: &Desk, command: TermsCommand, what: &str) -> Result<(), String> {
    let about = subject(&command);
    submit(
        desk,
        &Command::Terms(command),
        what,
        |operation| match operation {
            Operation::TerminateAgreement { agreement, .. }
            | Operation::Terms(
                TermsOperation::Suspend { agreement, .. }
                | TermsOperation::Resume { agreement, .. }
                | TermsOperation::Breach { agreement, .. }
                | TermsOperation::Counter {
                    supersedes: agreement,
                    ..
                },
            ) => Some(*agreement) == about,
            _ => false,
        },
    )
    .await
}

fn subject(command: &TermsCommand) -> Option<AgreementId> {
    match command {
        TermsCommand::Counter { supersedes, .. } => Some(*supersedes),
        TermsCommand::Suspend { agreement, .. }
        | TermsCommand::Resume { agreement }
        | TermsCommand::Terminate { agreement, .. }
        | TermsCommand::Breach { agreement, .. } => Some(*agreement),
        _ => None,
    }
}

async fn counter(desk: &Desk, id: &str, file: &Path) -> Result<(), String> {
    let supersedes = parse_id(id)?;
    let agreement = Box::new(terms::read(file)?);
    check_with(&agreement, terms::rule(file)?, desk.config()?.clock().now())
        .map_err(|e| format!("{}: {e}", file.display()))?;
    let new = agreement.id();
    let command = TermsCommand::Counter {
        supersedes,
        agreement,
    };
    step(desk, command, &format!("answer to {supersedes}")).await?;
    say(&format!(
        "the partner puts it in force with `fairway agreement countersign {new}`, or answers in its turn"
    ));
    Ok(())
}

fn describe(a: &Agreement) -> String {
    let tariffs: Vec<&str> = a.tariffs.iter().map(|t| t.id.as_str()).collect();
    format!(
        "{} as the ledger takes it: version {}, drivers of {} at stations of {}\n  from {} until {}, text SHA-256 {}\n  energy {} to {} {} per kWh before tax, tariffs {}",
        a.id(),
        a.version,
        a.home,
        a.visited,
        a.valid_from,
        a.valid_until,
        a.text_hash,
        a.corridor.floor.text(a.currency),
        a.corridor.cap.text(a.currency),
        a.currency,
        tariffs.join(", "),
    )
}

async fn propose(desk: &Desk, agreement: Agreement) -> Result<(), String> {
    let id = agreement.id();
    let partner = if agreement.home == desk.member()? {
        agreement.visited
    } else {
        agreement.home
    };
    let command = Command::ProposeAgreement(Box::new(agreement));
    submit(desk, &command, &format!("proposal of {id}"), |operation| {
        matches!(operation, Operation::ProposeAgreement { agreement, .. } if agreement.id() == id)
    })
    .await?;
    say(&format!(
        "{partner} puts it in force with `fairway agreement countersign {id}`"
    ));
    Ok(())
}

async fn list(target: &Target) -> Result<(), String> {
    let client = Client::of(target)?;
    let status = status(&client).await?;
    let command = Command::Terms(TermsCommand::Agreements);
    let Reply::Agreements(views) = client.command(&command).await? else {
        return Err("the utility gave an answer of another kind".to_owned());
    };
    if target.json {
        say(&roaming::agreements(&status, &views).to_string());
        return Ok(());
    }
    for (home, visited, id) in &status.agreements {
        say(&format!(
            "countersigned: drivers of {home} at stations of {visited}: {id}"
        ));
    }
    for id in &status.proposals {
        say(&format!("to countersign here: {id}"));
    }
    for view in views {
        say(&format!(
            "{}: version {}, {} at {}: {}",
            view.agreement, view.version, view.home, view.visited, view.stage
        ));
    }
    if status.agreements.is_empty() && status.proposals.is_empty() {
        say(&format!(
            "{} has no agreements at ledger height {}",
            status.member, status.height
        ));
    }
    Ok(())
}

/// Waits for the proposal first: the partner may have made it a moment ago.
async fn countersign(desk: &Desk, text: &str) -> Result<(), String> {
    let id = parse_id(text)?;
    let client = desk.client()?;
    let begin = environment::instant();
    loop {
        let status = status(&client).await?;
        if status.agreements.iter().any(|(_, _, known)| *known == id) {
            return Err(format!("{id} is countersigned already"));
        }
        if status.proposals.contains(&id) {
            break;
        }
        if begin.elapsed() > FINAL {
            return Err(format!(
                "{id} is not proposed to {} on the ledger; `fairway agreement list` shows what is",
                status.member
            ));
        }
        tokio::time::sleep(LOOK).await;
    }
    submit(desk, &Command::Countersign(id), &format!("countersignature of {id}"), |operation| {
        matches!(operation, Operation::CountersignAgreement { agreement, .. } if *agreement == id)
    })
    .await
}

pub(crate) fn parse_id(text: &str) -> Result<AgreementId, String> {
    let wrong = || format!("{text:?} is no agreement: agr_ and 64 hexadecimal digits are right");
    let digits = text.strip_prefix("agr_").ok_or_else(wrong)?;
    let bytes = hex::decode(digits).map_err(|_| wrong())?;
    let hash = <[u8; 32]>::try_from(bytes).map_err(|_| wrong())?;
    Ok(AgreementId(Hash(hash)))
}

/// What the contract says of terms, as far as a rule need not be here.
pub(crate) fn check_terms(agreement: &Agreement, now: Time) -> Result<(), String> {
    check_with(agreement, None, now)
}

/// Proposes the terms on a ledger of the two parties alone, in memory, after its rule is uploaded: the same contract as on the real
/// one says what is wrong.
fn check_with(agreement: &Agreement, rule: Option<Vec<u8>>, now: Time) -> Result<(), String> {
    let mut keys = Vec::new();
    for id in [agreement.home, agreement.visited] {
        if keys.iter().all(|(known, _)| *known != id) {
            keys.push((id, SigningKey::from_seed(environment::entropy())));
        }
    }
    let (proposer, key) = keys.first().ok_or("no parties")?;
    let genesis = Genesis {
        chain_id: "check".to_owned(),
        members: keys.iter().map(|(id, key)| party(*id, key)).collect(),
    };
    let contracts = Contracts::new(&genesis).map_err(|e| e.to_string())?;
    let upload = rule.map(|module| Operation::Rule(RuleOperation::Upload { module }));
    let propose = Operation::ProposeAgreement {
        agreement: Box::new(agreement.clone()),
        signature: key.sign(AGREEMENT_DOMAIN, &agreement.to_bytes()),
    };
    let operations = upload.into_iter().chain([propose]);
    let bytes: Vec<Vec<u8>> = (0u8..)
        .zip(operations)
        .map(|(n, operation)| {
            let nonce = TxNonce([n; 16]);
            Transaction::sign(contracts.chain_id(), *proposer, nonce, operation, key).to_bytes()
        })
        .collect();
    for verdict in contracts.admit(&bytes) {
        verdict.map_err(|refusal| refusal.text)?;
    }
    let block = Block {
        height: 1,
        time: now,
    };
    let (receipts, _) = contracts.execute(block, &bytes, contracts.genesis());
    for receipt in receipts {
        let receipt = Receipt::from_bytes(&receipt).map_err(|e| e.to_string())?;
        if let Some(refusal) = receipt.refusal() {
            return Err(refusal.text.clone());
        }
    }
    Ok(())
}

fn party(id: MemberId, key: &SigningKey) -> Member {
    Member {
        id,
        name: id.to_string(),
        kind: MemberKind::Utility,
        key: key.public(),
        validator: None,
        endpoint: "https://localhost".to_owned(),
        tls_fingerprint: Hash::default(),
        encryption: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_ledger::worded;

    fn check(agreement: &Agreement, now: Time) -> Result<(), String> {
        check_with(agreement, None, now)
    }

    #[test]
    fn terms_with_a_rule_are_checked_with_its_module() {
        let module =
            super::super::rule::read(&terms::tests::folder().join("rule/solar.wat")).unwrap();
        let terms = worded(Agreement {
            rule: Some(Hash::plain(&module)),
            rule_fuel: Some(10_000),
            split_rule: None,
            forecast: None,
            ..terms::tests::example()
        });
        let now = terms.valid_from;
        check_with(&terms, Some(module.clone()), now).unwrap();
        let error = check(&terms, now).unwrap_err();
        assert!(error.contains("is not on this chain"), "{error}");
        let hungry = worded(Agreement {
            rule_fuel: Some(1_000_001),
            ..terms
        });
        let error = check_with(&hungry, Some(module), now).unwrap_err();
        assert!(error.contains("is over 1000000"), "{error}");
    }

    #[test]
    fn the_contract_takes_the_example_and_refuses_contradictions() {
        let good = terms::tests::example();
        let now = good.valid_from;
        check(&good, now).unwrap();
        let mut own = good.clone();
        own.home = own.visited;
        let error = check(&own, now).unwrap_err();
        assert!(error.contains("duty to serve toward oneself"), "{error}");
        own.service = None;
        let error = check(&own, now).unwrap_err();
        assert!(
            error.contains("`fairway agreement text` makes their text"),
            "{error}"
        );
        check(&worded(own), now).unwrap();
        let mut wrong = good.clone();
        wrong.split.owner_bps = 1;
        let error = check(&wrong, now).unwrap_err();
        assert!(error.contains("does not add up to 10000"), "{error}");
        let error = check(&good, good.valid_until).unwrap_err();
        assert!(error.contains("validity is in the past"), "{error}");
    }

    #[test]
    fn ids_are_read_as_they_are_shown() {
        let id = terms::tests::example().id();
        assert_eq!(parse_id(&id.to_string()), Ok(id));
        assert!(
            parse_id("agr_12")
                .unwrap_err()
                .contains("64 hexadecimal digits")
        );
    }
}
