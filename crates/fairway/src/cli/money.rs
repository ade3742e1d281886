//! `fairway netting`, `obligation`, `token` and `collateral`: the money after settlement.

use super::client::{Client, Target};
use super::say;
use super::submit::{Desk, submit};
use crate::view;
use clap::{Args, Subcommand};
use fairway_ledger::Operation;
use fairway_ledger::money::{
    Debt, Mint, MoneyOperation, ObligationId, PaymentReceived, PaymentSent, Pledge, Redemption,
    RedemptionId, Reserve, UtcDay,
};
use fairway_model::{Currency, Hash, MemberId, Micro, Time};
use fairway_utility::command::{Command, MoneyCommand, MoneyReply, Reply, StatementRequest};
use std::path::{Path, PathBuf};

/// Netting cycles.
#[derive(Debug, Subcommand)]
pub(super) enum NettingCommand {
    /// The closed cycles: what was owed before, what is owed after, and the saving.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// What stood between this member and a partner in a cycle, line by line; without a cycle what is not netted yet.
    Show {
        /// The partner, as in US*DUK.
        partner: String,
        /// The day at whose beginning the cycle ended, as in 2026-11-24.
        cycle: Option<String>,
        /// Currency.
        #[arg(long, default_value = "USD")]
        currency: String,
        #[command(flatten)]
        target: Target,
    },
}

/// Obligations.
#[derive(Debug, Subcommand)]
pub(super) enum ObligationCommand {
    /// What this member owes and is owed, open ones first.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Pay with settlement tokens: final in the same transaction.
    Pay {
        /// The obligation, as in USD/2026-11-24/US*APC/US*DUK.
        obligation: String,
        /// Decimal amount.
        amount: String,
        /// Whose tokens.
        #[arg(long)]
        issuer: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Say that money was sent by bank.
    Sent {
        /// The obligation.
        obligation: String,
        /// Decimal amount.
        amount: String,
        /// The bank's reference; only its hash goes to the ledger.
        #[arg(long)]
        reference: String,
        /// The ISO 20022 message as it was sent; only its hash goes to the ledger.
        #[arg(long)]
        message: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
    /// Confirm that money arrived by bank.
    Confirm {
        /// The obligation.
        obligation: String,
        /// Decimal amount.
        amount: String,
        /// The bank's reference.
        #[arg(long)]
        reference: String,
        #[command(flatten)]
        desk: Desk,
    },
}

/// Whose tokens, and how many.
#[derive(Debug, Args)]
pub(super) struct Tokens {
    /// Decimal amount.
    amount: String,
    /// Whose tokens.
    #[arg(long)]
    issuer: String,
    /// Currency.
    #[arg(long, default_value = "USD")]
    currency: String,
}

/// Settlement tokens.
#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Token balances of this member, what it issued, and what it accepts.
    Balances {
        #[command(flatten)]
        target: Target,
    },
    /// Become an issuer of tokens, or change cap and terms.
    Issue {
        /// The most that may be in circulation, decimal.
        cap: String,
        /// The readable terms; only the hash goes to the ledger.
        #[arg(long)]
        terms: PathBuf,
        /// Currency.
        #[arg(long, default_value = "USD")]
        currency: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Accept an issuer's tokens up to an amount; 0 ends it for tokens to come.
    Accept {
        #[command(flatten)]
        amount: Tokens,
        #[command(flatten)]
        desk: Desk,
    },
    /// Issue tokens to a member that accepts them.
    Mint {
        /// Who gets them.
        holder: String,
        /// Decimal amount.
        amount: String,
        /// The reserve behind all tokens in circulation, decimal.
        #[arg(long)]
        reserve: String,
        /// The statement that shows the reserve; only the hash goes to the ledger.
        #[arg(long)]
        statement: PathBuf,
        /// Currency.
        #[arg(long, default_value = "USD")]
        currency: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Give tokens to another member.
    Transfer {
        /// To whom.
        to: String,
        #[command(flatten)]
        amount: Tokens,
        /// What it is for; only the hash goes to the ledger.
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// Ask the issuer to pay tokens out; or, with the bank's reference, confirm that it did.
    Redeem {
        #[command(flatten)]
        amount: Tokens,
        /// The request's name: the same for the request and its confirmation.
        #[arg(long)]
        name: String,
        /// The bank's reference of the payment that arrived.
        #[arg(long)]
        paid: Option<String>,
        #[command(flatten)]
        desk: Desk,
    },
}

/// Collateral.
#[derive(Debug, Subcommand)]
pub(super) enum CollateralCommand {
    /// What is owed in each direction, what collateral secures it, and how much of the agreement's cap it takes.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Set tokens aside for a creditor.
    Deposit {
        /// Whom they secure.
        creditor: String,
        #[command(flatten)]
        amount: Tokens,
        #[command(flatten)]
        desk: Desk,
    },
    /// Give collateral back to its owner: what the debtor does not need, or what the creditor gives up.
    Release {
        /// Whose tokens.
        debtor: String,
        /// Whom they secure.
        creditor: String,
        #[command(flatten)]
        amount: Tokens,
        #[command(flatten)]
        desk: Desk,
    },
    /// Take an overdue obligation out of the collateral, after the days of grace.
    Cover {
        /// The obligation.
        obligation: String,
        /// Decimal amount.
        amount: String,
        /// Whose tokens.
        #[arg(long)]
        issuer: String,
        #[command(flatten)]
        desk: Desk,
    },
}

fn member(text: &str) -> Result<MemberId, String> {
    MemberId::parse(text).map_err(|e| e.to_string())
}

fn money(text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| e.to_string())
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).map_err(|e| e.to_string())
}

fn obligation(text: &str) -> Result<ObligationId, String> {
    ObligationId::parse(text).ok_or_else(|| {
        format!("{text:?} is no obligation; one is written as in USD/2026-11-24/US*APC/US*DUK")
    })
}

/// SHA-256 of a reference without the spaces around it, so that both parties find the same.
fn reference(text: &str) -> Result<Hash, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("the reference is empty; the bank's statement shows it".to_owned());
    }
    Ok(Hash::plain(text.as_bytes()))
}

fn file_hash(path: &Path) -> Result<Hash, String> {
    let bytes = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Hash::plain(&bytes))
}

impl Tokens {
    fn read(&self) -> Result<(MemberId, Currency, Micro), String> {
        let issuer = member(&self.issuer)?;
        Ok((issuer, currency(&self.currency)?, money(&self.amount)?))
    }
}

async fn ask(target: &Target, command: MoneyCommand) -> Result<MoneyReply, String> {
    match Client::of(target)?
        .command(&Command::Money(command))
        .await?
    {
        Reply::Money(reply) => Ok(reply),
        _ => Err("the utility gave an answer of another kind".to_owned()),
    }
}

fn show(target: &Target, reply: &MoneyReply) {
    say(&if target.json {
        view::money::json(reply).to_string()
    } else {
        view::money::text(reply)
    });
}

async fn hand_in(desk: &Desk, what: &str, operation: MoneyOperation) -> Result<(), String> {
    let ours = Operation::Money(Box::new(operation.clone()));
    let command = Command::Money(MoneyCommand::HandIn(Box::new(operation)));
    submit(desk, &command, what, |found| *found == ours).await
}

pub(super) async fn netting(command: NettingCommand) -> Result<(), String> {
    let (target, command) = match command {
        NettingCommand::List { target } => (target, MoneyCommand::Cycles),
        NettingCommand::Show {
            partner,
            cycle,
            currency: code,
            target,
        } => {
            let day = |text: String| {
                UtcDay::parse(&text).ok_or_else(|| format!("{text:?} is no day such as 2026-11-24"))
            };
            let request = StatementRequest {
                partner: member(&partner)?,
                currency: currency(&code)?,
                cycle: cycle.map(day).transpose()?,
            };
            (target, MoneyCommand::Statement(request))
        }
    };
    let reply = ask(&target, command).await?;
    show(&target, &reply);
    Ok(())
}

pub(super) async fn obligations(command: ObligationCommand) -> Result<(), String> {
    match command {
        ObligationCommand::List { target } => {
            let reply = ask(&target, MoneyCommand::Obligations).await?;
            show(&target, &reply);
            Ok(())
        }
        ObligationCommand::Pay {
            obligation: id,
            amount,
            issuer,
            desk,
        } => {
            let operation = MoneyOperation::Pay {
                debt: Debt::Obligation(obligation(&id)?),
                issuer: member(&issuer)?,
                amount: money(&amount)?,
            };
            hand_in(&desk, "payment with tokens", operation).await
        }
        ObligationCommand::Sent {
            obligation: id,
            amount,
            reference: text,
            message,
            desk,
        } => {
            let sent = PaymentSent {
                obligation: obligation(&id)?,
                amount: money(&amount)?,
                reference: reference(&text)?,
                message: file_hash(&message)?,
            };
            hand_in(&desk, "payment by bank", MoneyOperation::PaymentSent(sent)).await
        }
        ObligationCommand::Confirm {
            obligation: id,
            amount,
            reference: text,
            desk,
        } => {
            let received = PaymentReceived {
                obligation: obligation(&id)?,
                amount: money(&amount)?,
                reference: reference(&text)?,
            };
            let operation = MoneyOperation::PaymentReceived(received);
            hand_in(&desk, "payment by bank", operation).await
        }
    }
}

pub(super) async fn tokens(command: TokenCommand) -> Result<(), String> {
    let (desk, what, operation) = match command {
        TokenCommand::Balances { target } => {
            let reply = ask(&target, MoneyCommand::Tokens).await?;
            show(&target, &reply);
            return Ok(());
        }
        TokenCommand::Issue {
            cap,
            terms,
            currency: code,
            desk,
        } => {
            let operation = MoneyOperation::RegisterIssuer {
                currency: currency(&code)?,
                cap: money(&cap)?,
                terms: file_hash(&terms)?,
            };
            (desk, "issuer", operation)
        }
        TokenCommand::Accept { amount, desk } => {
            let (issuer, currency, limit) = amount.read()?;
            let operation = MoneyOperation::AcceptIssuer {
                issuer,
                currency,
                limit,
            };
            (desk, "acceptance", operation)
        }
        TokenCommand::Mint {
            holder,
            amount,
            reserve,
            statement,
            currency,
            desk,
        } => {
            let mint = mint(&holder, (&amount, &currency), (&reserve, &statement))?;
            (desk, "tokens", MoneyOperation::Mint(mint))
        }
        TokenCommand::Transfer {
            to,
            amount,
            note,
            desk,
        } => {
            let (issuer, currency, amount) = amount.read()?;
            let operation = MoneyOperation::Transfer {
                to: member(&to)?,
                issuer,
                currency,
                amount,
                note: Hash::plain(note.as_bytes()),
            };
            (desk, "transfer", operation)
        }
        TokenCommand::Redeem {
            amount,
            name,
            paid,
            desk,
        } => redeem(&amount, &name, paid.as_deref()).map(|(what, op)| (desk, what, op))?,
    };
    hand_in(&desk, what, operation).await
}

fn mint(
    holder: &str,
    (amount, code): (&str, &str),
    (reserve, statement): (&str, &Path),
) -> Result<Mint, String> {
    Ok(Mint {
        holder: member(holder)?,
        currency: currency(code)?,
        amount: money(amount)?,
        reserve: Reserve {
            statement: file_hash(statement)?,
            amount: money(reserve)?,
            // A little back: the block's clock may be behind ours.
            as_of: Time(crate::environment::wall_ms()).plus(-60_000),
        },
    })
}

fn redeem(
    amount: &Tokens,
    name: &str,
    paid: Option<&str>,
) -> Result<(&'static str, MoneyOperation), String> {
    let (issuer, currency, amount) = amount.read()?;
    let redemption = Redemption {
        id: RedemptionId(Hash::of("fairway.redemption", name.as_bytes()).short()),
        issuer,
        currency,
        amount,
    };
    Ok(match paid {
        None => ("redemption", MoneyOperation::RequestRedemption(redemption)),
        Some(text) => (
            "redemption paid out",
            MoneyOperation::ConfirmRedemption {
                redemption,
                reference: reference(text)?,
            },
        ),
    })
}

pub(super) async fn collateral(command: CollateralCommand) -> Result<(), String> {
    let pledge = |debtor: MemberId, creditor: &str, amount: &Tokens| {
        let (issuer, currency, amount) = amount.read()?;
        Ok::<_, String>(Pledge {
            debtor,
            creditor: member(creditor)?,
            issuer,
            currency,
            amount,
        })
    };
    let (desk, what, operation) = match command {
        CollateralCommand::List { target } => {
            let reply = ask(&target, MoneyCommand::Exposures).await?;
            show(&target, &reply);
            return Ok(());
        }
        CollateralCommand::Deposit {
            creditor,
            amount,
            desk,
        } => {
            let pledge = pledge(desk.member()?, &creditor, &amount)?;
            (
                desk,
                "collateral",
                MoneyOperation::DepositCollateral(pledge),
            )
        }
        CollateralCommand::Release {
            debtor,
            creditor,
            amount,
            desk,
        } => {
            let pledge = pledge(member(&debtor)?, &creditor, &amount)?;
            let operation = MoneyOperation::ReleaseCollateral(pledge);
            (desk, "collateral given back", operation)
        }
        CollateralCommand::Cover {
            obligation: id,
            amount,
            issuer,
            desk,
        } => {
            let operation = MoneyOperation::Cover {
                obligation: obligation(&id)?,
                issuer: member(&issuer)?,
                amount: money(&amount)?,
            };
            (desk, "cover", operation)
        }
    };
    hand_in(&desk, what, operation).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read_or_refused_with_an_example() {
        assert_eq!(reference(" NOTE-7 "), reference("NOTE-7"));
        assert!(reference("  ").unwrap_err().contains("empty"));
        assert!(
            obligation("USD/2026")
                .unwrap_err()
                .contains("USD/2026-11-24/US*APC/US*DUK")
        );
        let amount = Tokens {
            amount: "12.50".to_owned(),
            issuer: "US*GPC".to_owned(),
            currency: "USD".to_owned(),
        };
        let (what, operation) = redeem(&amount, "november", None).unwrap();
        let (paid, confirmed) = redeem(&amount, "november", Some("B-1")).unwrap();
        assert_eq!((what, paid), ("redemption", "redemption paid out"));
        let (
            MoneyOperation::RequestRedemption(request),
            MoneyOperation::ConfirmRedemption { redemption, .. },
        ) = (operation, confirmed)
        else {
            panic!()
        };
        assert_eq!(request, redemption, "a name is one request");
    }
}
