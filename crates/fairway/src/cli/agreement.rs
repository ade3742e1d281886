//! `fairway agreement`: checks, proposes and countersigns roaming agreements.

use super::submit::{Desk, FINAL, LOOK, status, submit};
use super::{say, terms};
use crate::environment;
use clap::Subcommand;
use fairway_ledger::{
    Block, Contracts, Genesis, Operation, Receipt, Transaction, TxNonce, contract_text,
};
use fairway_model::agreement::AGREEMENT_DOMAIN;
use fairway_model::canonical::Canonical as _;
use fairway_model::registry::{Member, MemberKind};
use fairway_model::{Agreement, AgreementId, Hash, MemberId, SigningKey, Time};
use fairway_utility::command::Command;
use std::path::PathBuf;

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
    /// Agreements in force, and those that wait for this member's signature.
    List {
        #[command(flatten)]
        desk: Desk,
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
            check(&agreement, now).map_err(|e| format!("{}: {e}", file.display()))?;
            say(&describe(&agreement));
            Ok(())
        }
        AgreementCommand::Text { file } => {
            say(contract_text(&terms::read(&file)?).trim_end());
            Ok(())
        }
        AgreementCommand::Propose { file, desk } => {
            let agreement = terms::read(&file)?;
            check(&agreement, desk.config()?.clock().now())
                .map_err(|e| format!("{}: {e}", file.display()))?;
            propose(&desk, agreement).await
        }
        AgreementCommand::List { desk } => list(&desk).await,
        AgreementCommand::Countersign { id, desk } => countersign(&desk, &id).await,
    }
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

async fn list(desk: &Desk) -> Result<(), String> {
    let status = status(&desk.client()?).await?;
    for (home, visited, id) in &status.agreements {
        say(&format!(
            "countersigned: drivers of {home} at stations of {visited}: {id}"
        ));
    }
    for id in &status.proposals {
        say(&format!("to countersign here: {id}"));
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

fn parse_id(text: &str) -> Result<AgreementId, String> {
    let wrong = || format!("{text:?} is no agreement: agr_ and 64 hexadecimal digits are right");
    let digits = text.strip_prefix("agr_").ok_or_else(wrong)?;
    let bytes = hex::decode(digits).map_err(|_| wrong())?;
    let hash = <[u8; 32]>::try_from(bytes).map_err(|_| wrong())?;
    Ok(AgreementId(Hash(hash)))
}

/// Proposes the terms on a ledger of the two parties alone, in memory: the same contract as on the real one says what is wrong.
fn check(agreement: &Agreement, now: Time) -> Result<(), String> {
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
    let operation = Operation::ProposeAgreement {
        agreement: Box::new(agreement.clone()),
        signature: key.sign(AGREEMENT_DOMAIN, &agreement.to_bytes()),
    };
    let nonce = TxNonce([0; 16]);
    let transaction = Transaction::sign(contracts.chain_id(), *proposer, nonce, operation, key);
    let bytes = [transaction.to_bytes()];
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_ledger::worded;

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
