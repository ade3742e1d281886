//! Commands that ask a running utility.

use super::client::{Client, Target};
use super::say;
use crate::genesis::write_private;
use crate::view;
use clap::{Args, Subcommand, ValueEnum};
use fairway_messages::Language;
use fairway_model::{Bill, Currency, CustomerClass, Micro, Payment, SessionId, Tier};
use fairway_utility::command::{ChangedCustomer, Command, NewCustomer, Reply};
use std::path::{Path, PathBuf};

/// Which bill.
#[derive(Debug, Args)]
pub(super) struct BillOptions {
    /// The driver's CIN.
    cin: String,
    /// The month, as in 2026-11.
    month: String,
    /// Language: en, es or de. Without it the customer's, or English when there are no texts in that.
    #[arg(long, value_parser = Language::parse)]
    language: Option<Language>,
    /// Write the bill as a PDF into this file, which only its owner may read; it must not exist.
    #[arg(long, conflicts_with = "json")]
    pdf: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

/// Charges.
#[derive(Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// The newest charges.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// One charge, hop by hop, with offer, consent, price, meter records and ledger entry.
    Show {
        /// The charge, ses_...
        session: String,
        #[command(flatten)]
        target: Target,
    },
}

/// Customers.
#[derive(Debug, Subcommand)]
pub(super) enum CustomerCommand {
    /// Add a customer, or replace one whole: what is not given becomes its default.
    Put(CustomerOptions),
    /// Change a customer in some respects: what is not given stays as it is.
    Change(ChangeOptions),
    /// Block every credential of a customer, here and at all partners.
    Block {
        /// The CIN.
        cin: String,
        #[command(flatten)]
        target: Target,
    },
    /// Unblock.
    Unblock {
        /// The CIN.
        cin: String,
        #[command(flatten)]
        target: Target,
    },
    /// Erase a customer: nothing in this utility's stores leads to the person afterwards; amounts stay in the books.
    Erase {
        /// The CIN.
        cin: String,
        /// That it is meant: it cannot be undone.
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Write everything that this utility keeps about a customer as one JSON document.
    Export {
        /// The CIN.
        cin: String,
        /// The file, which only its owner may read; it must not exist. Without it the document is printed.
        #[arg(long)]
        out: Option<PathBuf>,
        #[command(flatten)]
        target: Target,
    },
    /// Put money on a prepaid balance.
    TopUp {
        /// The CIN.
        cin: String,
        /// Decimal amount in the account's currency, whole in its smallest coin.
        amount: String,
        /// Id of this payment, 32 hexadecimal digits: with the same id twice it is booked once. Without it every call is a payment.
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TierName {
    Standard,
    Gold,
    Diamond,
    Platinum,
}

impl From<TierName> for Tier {
    fn from(name: TierName) -> Self {
        match name {
            TierName::Standard => Self::Standard,
            TierName::Gold => Self::Gold,
            TierName::Diamond => Self::Diamond,
            TierName::Platinum => Self::Platinum,
        }
    }
}

/// A customer as typed.
#[derive(Debug, Args)]
pub(super) struct CustomerOptions {
    /// The CIN.
    cin: String,
    /// Name as on the bill.
    #[arg(long)]
    name: String,
    /// A business rather than a household.
    #[arg(long)]
    commercial: bool,
    /// Loyalty tier.
    #[arg(long, value_enum, default_value = "standard")]
    tier: TierName,
    /// Pays from a balance rather than by monthly bill.
    #[arg(long)]
    prepaid: bool,
    /// Credit limit of the monthly bill.
    #[arg(long, default_value = "500")]
    credit: String,
    /// Language.
    #[arg(long, default_value = "en")]
    language: String,
    /// PIN for the dial pad.
    #[arg(long)]
    pin: Option<String>,
    /// Loyalty number, card UID or contract id that leads to the same customer; repeat for more.
    #[arg(long)]
    credential: Vec<String>,
    /// Currency of the account.
    #[arg(long, default_value = "USD")]
    currency: String,
    #[command(flatten)]
    target: Target,
}

/// What shall be different about a customer.
#[derive(Debug, Args)]
pub(super) struct ChangeOptions {
    /// The CIN.
    cin: String,
    /// Name as on the bill.
    #[arg(long)]
    name: Option<String>,
    /// Loyalty tier.
    #[arg(long, value_enum)]
    tier: Option<TierName>,
    /// Pays from a balance (true) or by monthly bill (false).
    #[arg(long)]
    prepaid: Option<bool>,
    /// Credit limit of the monthly bill.
    #[arg(long)]
    credit: Option<String>,
    /// Language.
    #[arg(long)]
    language: Option<String>,
    /// Another PIN for the dial pad; the empty text takes it away.
    #[arg(long)]
    pin: Option<String>,
    /// All loyalty numbers, card UIDs and contract ids that lead to the customer; repeat for more, the empty text for none.
    #[arg(long)]
    credential: Option<Vec<String>>,
    #[command(flatten)]
    target: Target,
}

fn digits(cin: &str) -> String {
    cin.chars().filter(|c| *c != ' ' && *c != '-').collect()
}

fn amount(text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| e.to_string())
}

fn unexpected() -> String {
    "the utility gave an answer of another kind".to_owned()
}

pub(super) async fn bill(options: BillOptions) -> Result<(), String> {
    let month = options
        .month
        .split_once('-')
        .and_then(|(y, m)| Some((y.parse().ok()?, m.parse().ok()?)));
    let (year, month) = month
        .filter(|(_, m)| (1..=12).contains(m))
        .ok_or_else(|| format!("{:?} is no month such as 2026-11", options.month))?;
    let command = Command::Bill {
        cin: digits(&options.cin),
        year,
        month,
    };
    let Reply::Bill(bill) = Client::of(&options.target)?.command(&command).await? else {
        return Err(unexpected());
    };
    let language = options
        .language
        .unwrap_or_else(|| Language::nearest(&bill.language));
    if let Some(path) = &options.pdf {
        return save_pdf(&bill, language, path);
    }
    say(&if options.target.json {
        view::json::bill(&bill).to_string()
    } else {
        fairway_document::text(&bill, language).map_err(|e| e.to_string())?
    });
    Ok(())
}

fn save_pdf(bill: &Bill, language: Language, path: &Path) -> Result<(), String> {
    let bytes = fairway_document::pdf(bill, language).map_err(|e| e.to_string())?;
    write_private(path, &bytes)
        .map_err(|e| format!("{}: {e}; nothing was written over", path.display()))?;
    say(&format!(
        "{} bytes written to {}",
        bytes.len(),
        path.display()
    ));
    Ok(())
}

pub(super) async fn session(command: SessionCommand) -> Result<(), String> {
    match command {
        SessionCommand::List { target } => {
            let Reply::Sessions(list) = Client::of(&target)?.command(&Command::Sessions).await?
            else {
                return Err(unexpected());
            };
            say(&if target.json {
                view::json::sessions(&list).to_string()
            } else {
                view::text::sessions(&list)
            });
        }
        SessionCommand::Show { session, target } => {
            let id = SessionId::parse(&session).map_err(|e| e.to_string())?;
            let Reply::Session(trace) = Client::of(&target)?.command(&Command::Session(id)).await?
            else {
                return Err(unexpected());
            };
            say(&if target.json {
                view::json::trace(&trace).to_string()
            } else {
                view::text::trace(&trace)
            });
        }
    }
    Ok(())
}

async fn done(target: &Target, command: Command) -> Result<(), String> {
    Client::of(target)?.command(&command).await?;
    say("done");
    Ok(())
}

pub(super) async fn customer(command: CustomerCommand) -> Result<(), String> {
    match command {
        CustomerCommand::Put(options) => {
            let customer = new_customer(&options)?;
            done(&options.target, Command::PutCustomer(customer)).await
        }
        CustomerCommand::Change(options) => {
            let changed = changed_customer(&options)?;
            done(&options.target, Command::ChangeCustomer(Box::new(changed))).await
        }
        CustomerCommand::Block { cin, target } => {
            done(
                &target,
                Command::SetBlocked {
                    cin: digits(&cin),
                    blocked: true,
                },
            )
            .await
        }
        CustomerCommand::Unblock { cin, target } => {
            done(
                &target,
                Command::SetBlocked {
                    cin: digits(&cin),
                    blocked: false,
                },
            )
            .await
        }
        CustomerCommand::Erase { cin, yes, target } => {
            if !yes {
                return Err("erasing cannot be undone: say --yes if it is meant".to_owned());
            }
            let command = Command::EraseCustomer { cin: digits(&cin) };
            done(&target, command).await
        }
        CustomerCommand::Export { cin, out, target } => export(&cin, out.as_deref(), &target).await,
        CustomerCommand::TopUp {
            cin,
            amount: text,
            id,
            target,
        } => {
            let id = id.as_deref().map(command_id).transpose()?;
            let command = Command::TopUp {
                cin: digits(&cin),
                amount: amount(&text)?,
            };
            let client = Client::of(&target)?;
            match id {
                Some(id) => client.command_as(id, &command).await?,
                None => client.command(&command).await?,
            };
            say("done");
            Ok(())
        }
    }
}

async fn export(cin: &str, out: Option<&Path>, target: &Target) -> Result<(), String> {
    let command = Command::ExportCustomer { cin: digits(cin) };
    let Reply::Export(export) = Client::of(target)?.command(&command).await? else {
        return Err(unexpected());
    };
    let text = format!("{:#}", view::export::export(&export));
    let Some(path) = out else {
        say(&text);
        return Ok(());
    };
    write_private(path, text.as_bytes())
        .map_err(|e| format!("{}: {e}; nothing was written over", path.display()))?;
    say(&format!(
        "{} charges and {} records written to {}",
        export.charges.len(),
        export.rows.len(),
        path.display()
    ));
    Ok(())
}

fn command_id(text: &str) -> Result<[u8; 16], String> {
    hex::decode(text)
        .ok()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or_else(|| format!("--id: {text:?} is no id of 32 hexadecimal digits"))
}

fn payment(prepaid: bool) -> Payment {
    if prepaid {
        Payment::Prepaid
    } else {
        Payment::Postpaid
    }
}

fn changed_customer(o: &ChangeOptions) -> Result<ChangedCustomer, String> {
    let credentials = o.credential.clone().map(|mut all| {
        all.retain(|text| !text.is_empty());
        all
    });
    Ok(ChangedCustomer {
        cin: digits(&o.cin),
        name: o.name.clone(),
        tier: o.tier.map(Tier::from),
        payment: o.prepaid.map(payment),
        credit_limit: o.credit.as_deref().map(amount).transpose()?,
        language: o.language.clone(),
        pin: o.pin.clone(),
        credentials,
    })
}

fn new_customer(o: &CustomerOptions) -> Result<NewCustomer, String> {
    Ok(NewCustomer {
        cin: digits(&o.cin),
        name: o.name.clone(),
        class: if o.commercial {
            CustomerClass::Commercial
        } else {
            CustomerClass::Residential
        },
        tier: o.tier.into(),
        payment: payment(o.prepaid),
        credit_limit: amount(&o.credit)?,
        language: o.language.clone(),
        pin: o.pin.clone(),
        credentials: o.credential.clone(),
        currency: Currency::parse(&o.currency).map_err(|e| e.to_string())?,
    })
}

pub(super) async fn status(target: Target) -> Result<(), String> {
    let Reply::Status(status) = Client::of(&target)?.command(&Command::Status).await? else {
        return Err(unexpected());
    };
    say(&if target.json {
        view::json::status(&status).to_string()
    } else {
        view::text::status(&status)
    });
    Ok(())
}

pub(super) async fn books(target: Target) -> Result<(), String> {
    let Reply::Books(books) = Client::of(&target)?.command(&Command::Books).await? else {
        return Err(unexpected());
    };
    say(&if target.json {
        view::json::books(&books).to_string()
    } else {
        view::text::books(&books)
    });
    Ok(())
}
