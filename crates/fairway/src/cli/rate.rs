//! `fairway rate`: rates of exchange on record, and debts that change their currency under both parties' signatures.
//!
//! A conversion travels as a file from the party that proposes it to the other, which reads both legs before it signs. What is shown is
//! always made from the signed bytes, never from text beside them.

use super::say;
use super::submit::{Desk, hand_in};
use crate::environment;
use crate::genesis::Keys;
use clap::{Args, Subcommand};
use fairway_ledger::Operation;
use fairway_ledger::money::UtcDay;
use fairway_ledger::rates::{
    CONVERSION_DOMAIN, Conversion, RateOperation, RateStatement, SignedConversion,
};
use fairway_model::canonical::Canonical as _;
use fairway_model::{Currency, Hash, MemberId, Micro, PublicKey, Signature, SigningKey};
use minicbor::{Decode, Encode};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Rates of exchange, and conversions of debts.
#[derive(Debug, Subcommand)]
pub(super) enum RateCommand {
    /// Put a published rate on record; it never changes.
    State(StateOptions),
    /// Propose that a debt changes its currency: sign it, and write it to a file for the partner.
    Convert(Box<ConvertOptions>),
    /// Read a proposed conversion: both legs, the rate and who signed.
    Show {
        /// The partner's file.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Sign a proposed conversion too, and put it on the ledger.
    Countersign {
        /// The partner's file.
        file: PathBuf,
        #[command(flatten)]
        desk: Desk,
    },
}

/// A rate as typed.
#[derive(Debug, Args)]
pub(super) struct StateOptions {
    /// The currency of which one unit is priced.
    #[arg(long)]
    base: String,
    /// The currency in which it is priced.
    #[arg(long)]
    quote: String,
    /// Units of the second for one of the first, as in 0.9214.
    #[arg(long)]
    rate: String,
    /// The day of the publication (UTC), as in 2026-11-23.
    #[arg(long)]
    day: String,
    /// The public source, as in "ECB euro reference rates".
    #[arg(long)]
    source: String,
    /// The source's document; its SHA-256 goes on the ledger.
    #[arg(long)]
    document: PathBuf,
    #[command(flatten)]
    desk: Desk,
}

/// A conversion as typed.
#[derive(Debug, Args)]
pub(super) struct ConvertOptions {
    /// Who owes.
    #[arg(long)]
    debtor: String,
    /// Whom.
    #[arg(long)]
    creditor: String,
    /// How much is converted, in the currency in which it is owed now.
    #[arg(long)]
    amount: String,
    /// Owed in this currency now.
    #[arg(long)]
    from: String,
    /// Owed in this currency afterwards.
    #[arg(long)]
    to: String,
    /// The member whose stated rate is used.
    #[arg(long)]
    stated_by: String,
    /// The day of that rate.
    #[arg(long)]
    day: String,
    /// That rate; the ledger refuses any other.
    #[arg(long)]
    rate: String,
    /// The file for the partner; it must not exist.
    #[arg(long)]
    out: PathBuf,
    #[command(flatten)]
    desk: Desk,
}

/// A conversion that one party signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
struct HalfSigned {
    #[n(0)]
    conversion: Conversion,
    /// Which party.
    #[n(1)]
    by: MemberId,
    #[n(2)]
    key: PublicKey,
    /// Over [`CONVERSION_DOMAIN`].
    #[n(3)]
    signature: Signature,
}

/// First line of a file.
const HEADING: &str = "fairway conversion 1";
/// Longest file that is read.
const MAX_FILE: u64 = 16 * 1024;

pub(super) async fn run(command: RateCommand) -> Result<(), String> {
    match command {
        RateCommand::State(options) => state(&options).await,
        RateCommand::Convert(options) => convert(&options),
        RateCommand::Show { file, json } => {
            let half = HalfSigned::read(&file)?;
            say(&if json {
                half.json()?.to_string()
            } else {
                half.text()?
            });
            Ok(())
        }
        RateCommand::Countersign { file, desk } => countersign(&file, &desk).await,
    }
}

fn currency(text: &str) -> Result<Currency, String> {
    Currency::parse(text).map_err(|e| format!("currency {text:?}: {e}"))
}

fn day(text: &str) -> Result<UtcDay, String> {
    UtcDay::parse(text).ok_or_else(|| format!("day {text:?}: 2026-11-23 is right"))
}

fn amount(what: &str, text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| format!("{what} {text:?}: {e}"))
}

fn member(text: &str) -> Result<MemberId, String> {
    MemberId::parse(text).map_err(|e| format!("member {text:?}: {e}"))
}

/// The key with which this member signs.
fn key(desk: &Desk) -> Result<SigningKey, String> {
    let config = desk.config()?;
    Ok(Keys::read(&config.path(&config.keys))?.member)
}

async fn state(o: &StateOptions) -> Result<(), String> {
    let document =
        std::fs::read(&o.document).map_err(|e| format!("{}: {e}", o.document.display()))?;
    let statement = RateStatement {
        base: currency(&o.base)?,
        quote: currency(&o.quote)?,
        day: day(&o.day)?,
        rate: amount("rate", &o.rate)?,
        source: o.source.clone(),
        document: Hash::plain(&document),
    };
    let what = format!(
        "1 {} is {} {} on {}, says {}",
        statement.base, o.rate, statement.quote, statement.day, statement.source
    );
    let operation = Operation::Rate(RateOperation::State(statement));
    hand_in(&o.desk, &what, operation).await?;
    Ok(())
}

fn convert(o: &ConvertOptions) -> Result<(), String> {
    let conversion = Conversion {
        id: Hash(environment::entropy()),
        debtor: member(&o.debtor)?,
        creditor: member(&o.creditor)?,
        from: currency(&o.from)?,
        to: currency(&o.to)?,
        amount: amount("amount", &o.amount)?,
        stated_by: member(&o.stated_by)?,
        day: day(&o.day)?,
        rate: amount("rate", &o.rate)?,
    };
    let half = HalfSigned::sign(conversion, o.desk.member()?, &key(&o.desk)?)?;
    half.write(&o.out)?;
    say(&format!(
        "{}\nwritten to {}; the partner reads it with `fairway rate show` and signs it with `fairway rate countersign`",
        half.text()?,
        o.out.display()
    ));
    Ok(())
}

async fn countersign(file: &Path, desk: &Desk) -> Result<(), String> {
    let half = HalfSigned::read(file)?;
    say(&half.text()?);
    let signed = half.countersign(desk.member()?, &key(desk)?)?;
    let operation = Operation::Rate(RateOperation::Convert(Box::new(signed)));
    hand_in(desk, "conversion", operation).await?;
    Ok(())
}

impl HalfSigned {
    fn sign(conversion: Conversion, by: MemberId, key: &SigningKey) -> Result<Self, String> {
        if by != conversion.debtor && by != conversion.creditor {
            return Err(format!(
                "{by} is neither {} nor {}: only a party signs a conversion",
                conversion.debtor, conversion.creditor
            ));
        }
        Ok(Self {
            signature: conversion.sign(key),
            conversion,
            by,
            key: key.public(),
        })
    }

    /// With the other party's signature.
    fn countersign(self, me: MemberId, key: &SigningKey) -> Result<SignedConversion, String> {
        let other = Self::sign(self.conversion.clone(), me, key)?;
        if me == self.by {
            return Err(format!(
                "{me} has signed already; the other party countersigns"
            ));
        }
        let (debtor, creditor) = if self.by == self.conversion.debtor {
            (self, other)
        } else {
            (other, self)
        };
        Ok(SignedConversion {
            conversion: debtor.conversion,
            debtor_key: debtor.key,
            debtor_signature: debtor.signature,
            creditor_key: creditor.key,
            creditor_signature: creditor.signature,
        })
    }

    /// Both legs, in words.
    fn text(&self) -> Result<String, String> {
        let c = &self.conversion;
        let after = c.converted().map_err(|e| e.to_string())?;
        Ok(format!(
            "{} owes {} {} {} less and {} {} more\nat {} {} for 1 {}, which {} stated for {}\nsigned by {} with {}",
            c.debtor,
            c.creditor,
            c.amount.text(c.from),
            c.from,
            after.text(c.to),
            c.to,
            c.rate.text(c.to),
            c.to,
            c.from,
            c.stated_by,
            c.day,
            self.by,
            self.key
        ))
    }

    /// The same for programs. Amounts are integers in micro-units.
    fn json(&self) -> Result<Value, String> {
        let c = &self.conversion;
        let after = c.converted().map_err(|e| e.to_string())?;
        let amount = |value: Micro, currency: Currency| json!({ "amount": value.0, "scale": 6, "currency": currency.to_string() });
        Ok(
            json!({ "debtor": c.debtor.to_string(), "creditor": c.creditor.to_string(), "less": amount(c.amount, c.from),
            "more": amount(after, c.to), "rate": amount(c.rate, c.to), "stated_by": c.stated_by.to_string(), "day": c.day.to_string(),
            "signed_by": self.by.to_string(), "key": self.key.to_string() }),
        )
    }

    fn write(&self, file: &Path) -> Result<(), String> {
        use std::io::Write as _;
        let text = format!("{HEADING}\n{}\n", hex::encode(self.to_bytes()));
        std::fs::File::create_new(file)
            .and_then(|mut made| made.write_all(text.as_bytes()))
            .map_err(|e| format!("{}: {e}", file.display()))
    }

    /// Reads a file and checks the signature in it.
    fn read(file: &Path) -> Result<Self, String> {
        let wrong = |why: String| format!("{}: {why}", file.display());
        let length = std::fs::metadata(file).map_err(|e| wrong(e.to_string()))?;
        if length.len() > MAX_FILE {
            return Err(wrong(format!(
                "{} bytes; a conversion has at most {MAX_FILE}",
                length.len()
            )));
        }
        let text = std::fs::read_to_string(file).map_err(|e| wrong(e.to_string()))?;
        Self::parse(&text).map_err(wrong)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let body = text.strip_prefix(HEADING).ok_or_else(|| {
            format!("line 1 is not `{HEADING}`: `fairway rate convert` makes such a file")
        })?;
        let bytes = hex::decode(body.trim()).map_err(|e| format!("line 2: {e}"))?;
        let half = Self::from_bytes(&bytes).map_err(|e| format!("line 2: {e}"))?;
        let signed = half.conversion.to_bytes();
        if !half.key.verify(CONVERSION_DOMAIN, &signed, &half.signature) {
            return Err(format!("the signature of {} does not fit", half.by));
        }
        Ok(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn half() -> HalfSigned {
        let conversion = Conversion {
            id: Hash::plain(b"one"),
            debtor: member("US*ALP").unwrap(),
            creditor: member("US*DUK").unwrap(),
            from: Currency::USD,
            to: Currency::EUR,
            amount: Micro(10_000_000),
            stated_by: member("US*REG").unwrap(),
            day: day("2026-11-23").unwrap(),
            rate: Micro(921_450),
        };
        let key = SigningKey::from_seed([1; 32]);
        HalfSigned::sign(conversion, member("US*ALP").unwrap(), &key).unwrap()
    }

    fn file(half: &HalfSigned) -> String {
        format!("{HEADING}\n{}\n", hex::encode(half.to_bytes()))
    }

    #[test]
    fn both_legs_are_shown_and_the_cent_is_rounded_half_up() {
        let text = half().text().unwrap();
        for words in ["10.00 USD less", "9.21 EUR more", "0.92145 EUR for 1 USD"] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }

    #[test]
    fn a_changed_file_and_a_third_member_are_refused() {
        let half = half();
        assert_eq!(HalfSigned::parse(&file(&half)), Ok(half.clone()));
        let mut more = half.clone();
        more.conversion.amount = Micro(10_010_000);
        let said = HalfSigned::parse(&file(&more)).unwrap_err();
        assert!(said.contains("does not fit"), "{said}");
        for text in ["", "fairway conversion 2\n00", "fairway conversion 1\nzz"] {
            assert!(HalfSigned::parse(text).is_err(), "{text}");
        }
        let key = SigningKey::from_seed([2; 32]);
        let third = half.clone().countersign(member("US*GPC").unwrap(), &key);
        assert!(third.unwrap_err().contains("only a party"));
        let twice = half.clone().countersign(half.by, &key);
        assert!(twice.unwrap_err().contains("signed already"));
        let signed = half.countersign(member("US*DUK").unwrap(), &key).unwrap();
        assert_eq!(signed.creditor_key, key.public());
    }
}
