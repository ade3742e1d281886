//! Rates of exchange on record, and the conversion of what one member owes another from one currency into another.
//!
//! A rate is stated by a member, for a pair of currencies and a day, with a named public source and the hash of its document; it never
//! changes. A conversion names the statement that it uses; by signing it both parties appoint the member that made it. Both legs
//! and the rate are in the transaction, so nobody needs the state to reckon them again. The tests are `tests/it/rates.rs`.

use crate::books::{BooksError, Change, postings};
use crate::cases::keys::key_for_frozen;
use crate::context::{Context, Done, overflow, refuse};
use crate::keys::{Key, key, key_for_account, key_for_member, key_for_position};
use crate::limits::{MAX_RATE_AGE_DAYS, MAX_RATE_SOURCE_LEN};
use crate::money::{UtcDay, position};
use crate::receipt::{Account, Effect};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError, Rounding};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::sign::{Claim, PublicKey, Signature, SigningKey, signed_bytes};
use minicbor::{Decode, Encode};

/// Signing domain of conversions.
pub const CONVERSION_DOMAIN: &str = "fairway.conversion.v1";

/// What one unit of `base` is worth on a day.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RateStatement {
    /// The currency of which one unit is priced.
    #[n(0)]
    pub base: Currency,
    /// The currency in which it is priced.
    #[n(1)]
    pub quote: Currency,
    /// The day of the publication (UTC).
    #[n(2)]
    pub day: UtcDay,
    /// Micro-units of `quote` for one major unit of `base`; more than nothing.
    #[n(3)]
    pub rate: Micro,
    /// The public source, as in `ECB euro reference rates`; at most [`MAX_RATE_SOURCE_LEN`] bytes.
    #[n(4)]
    pub source: String,
    /// SHA-256 of the source's document.
    #[n(5)]
    pub document: Hash,
}

/// A debt that changes its currency.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Conversion {
    /// Made by whoever proposes it; unique between the two.
    #[n(0)]
    pub id: Hash,
    /// Who owes.
    #[n(1)]
    pub debtor: MemberId,
    /// Whom.
    #[n(2)]
    pub creditor: MemberId,
    /// Owed in this currency before.
    #[n(3)]
    pub from: Currency,
    /// Owed in this currency after.
    #[n(4)]
    pub to: Currency,
    /// How much of it, in `from`: whole minor units.
    #[n(5)]
    pub amount: Micro,
    /// Whose statement is used; both parties appoint it by signing.
    #[n(6)]
    pub stated_by: MemberId,
    /// Of which day.
    #[n(7)]
    pub day: UtcDay,
    /// The stated rate: micro-units of `to` for one major unit of `from`.
    #[n(8)]
    pub rate: Micro,
}

impl Conversion {
    /// What is owed in the other currency: amount times rate, rounded half-up to a minor unit of it. Rounded once: by way of
    /// micro-units a hair under half a cent would become a cent.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn converted(&self) -> Result<Micro, MoneyError> {
        let unit = self.to.micros_per_minor();
        let whole = fairway_model::money::MICROS_PER_MAJOR
            .checked_mul(unit)
            .ok_or(MoneyError::Overflow("conversion"))?;
        let minor = self.amount.scale(self.rate.0, whole, Rounding::HalfUp)?;
        minor.scale(unit, 1, Rounding::Down)
    }

    /// Signs the conversion.
    pub fn sign(&self, key: &SigningKey) -> Signature {
        key.sign(CONVERSION_DOMAIN, &self.to_bytes())
    }
}

/// A conversion that both parties signed.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct SignedConversion {
    /// The conversion.
    #[n(0)]
    pub conversion: Conversion,
    /// The key that the debtor signed with.
    #[n(1)]
    pub debtor_key: PublicKey,
    /// Its signature over [`CONVERSION_DOMAIN`].
    #[n(2)]
    pub debtor_signature: Signature,
    /// The key that the creditor signed with.
    #[n(3)]
    pub creditor_key: PublicKey,
    /// Its signature over [`CONVERSION_DOMAIN`].
    #[n(4)]
    pub creditor_signature: Signature,
}

/// Operations on rates.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RateOperation {
    /// State a rate.
    #[n(0)]
    State(#[n(0)] RateStatement),
    /// Convert a debt; either party hands it in.
    #[n(1)]
    Convert(#[n(0)] Box<SignedConversion>),
}

/// What an applied operation on rates did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RateEffect {
    /// A rate is on record.
    #[n(0)]
    Stated {
        /// Its id: the hash of the statement.
        #[n(0)]
        statement: Hash,
    },
    /// A debt changed its currency.
    #[n(1)]
    Converted {
        /// The statement that was used.
        #[n(0)]
        statement: Hash,
        /// What is no longer owed.
        #[n(1)]
        amount: Micro,
        /// In which currency.
        #[n(2)]
        from: Currency,
        /// What is owed instead, half-up to a minor unit.
        #[n(3)]
        converted: Micro,
        /// In which currency.
        #[n(4)]
        to: Currency,
    },
}

impl RateStatement {
    /// Names the statement in receipts.
    pub fn id(&self) -> Hash {
        self.digest("fairway.rate.v1")
    }
}

impl RateOperation {
    pub(crate) fn claims(&self) -> Vec<(&'static str, Claim)> {
        let Self::Convert(signed) = self else {
            return Vec::new();
        };
        let message = signed_bytes(CONVERSION_DOMAIN, &signed.conversion.to_bytes());
        let by = |key, signature| Claim {
            key,
            message: message.clone(),
            signature,
        };
        vec![
            (
                "conversion by the debtor",
                by(signed.debtor_key, signed.debtor_signature),
            ),
            (
                "conversion by the creditor",
                by(signed.creditor_key, signed.creditor_signature),
            ),
        ]
    }
}

/// Of a [`RateStatement`]: one per member, pair and day.
pub fn key_for_rate(by: MemberId, base: Currency, quote: Currency, day: UtcDay) -> Key {
    key("fairway.state.rate", &(by, base, quote, day))
}

/// Of the hash of a [`Conversion`] that took effect.
pub fn key_for_conversion(debtor: MemberId, creditor: MemberId, id: Hash) -> Key {
    key("fairway.state.rate-conversion", &(debtor, creditor, id))
}

/// Form and bounds.
pub(crate) fn check(operation: &RateOperation) -> Result<(), Refusal> {
    use crate::admit::{check_currency, check_len, check_member, check_positive};
    let (a, b) = match operation {
        RateOperation::State(s) => {
            check_len(
                "bytes of the source",
                s.source.len(),
                1,
                MAX_RATE_SOURCE_LEN,
            )?;
            check_positive("the rate", s.rate, s.quote)?;
            (s.base, s.quote)
        }
        RateOperation::Convert(signed) => {
            let c = &signed.conversion;
            check_member(c.debtor)?;
            check_member(c.creditor)?;
            check_member(c.stated_by)?;
            check_positive("the conversion", c.amount, c.from)?;
            check_positive("the rate", c.rate, c.to)?;
            (c.from, c.to)
        }
    };
    check_currency(a)?;
    check_currency(b)?;
    if a == b {
        return refuse(
            RefusalCode::Malformed,
            format!("{a} to {b}: a rate is between two currencies"),
        );
    }
    Ok(())
}

/// Every key that executing may read or write, besides those of the signer.
pub(crate) fn reads(by: MemberId, operation: &RateOperation) -> Vec<Key> {
    match operation {
        RateOperation::State(s) => vec![key_for_rate(by, s.base, s.quote, s.day)],
        RateOperation::Convert(signed) => {
            let c = &signed.conversion;
            let mut keys = vec![
                key_for_member(c.debtor),
                key_for_member(c.creditor),
                key_for_conversion(c.debtor, c.creditor, c.id),
                key_for_rate(c.stated_by, c.from, c.to, c.day),
                key_for_frozen(c.debtor, c.creditor, c.from),
            ];
            for currency in [c.from, c.to] {
                keys.extend([
                    key_for_position(c.debtor, c.creditor, currency),
                    key_for_account(&Account::Member(c.debtor), currency),
                    key_for_account(&Account::Member(c.creditor), currency),
                ]);
            }
            keys
        }
    }
}

/// Carries out one operation of the group.
pub(crate) fn run(ctx: &mut Context<'_, '_>, operation: &RateOperation) -> Result<Done, Refusal> {
    match operation {
        RateOperation::State(statement) => state(ctx, statement),
        RateOperation::Convert(signed) => convert(ctx, signed),
    }
}

fn state(ctx: &mut Context<'_, '_>, statement: &RateStatement) -> Result<Done, Refusal> {
    let today = UtcDay::of(ctx.now());
    if statement.day > today {
        return refuse(
            RefusalCode::TimeInvalid,
            format!("the rate is of {}; today is {today}", statement.day),
        );
    }
    let key = key_for_rate(ctx.member(), statement.base, statement.quote, statement.day);
    match ctx.view.get::<RateStatement>(&key)? {
        None => {}
        Some(found) if found == *statement => {
            return refuse(RefusalCode::Duplicate, "the rate is on record already");
        }
        Some(_) => {
            return refuse(
                RefusalCode::IdConflict,
                format!(
                    "{} stated another rate for {}; a stated rate never changes",
                    ctx.member(),
                    statement.day
                ),
            );
        }
    }
    ctx.view.put(key, statement);
    Ok(Effect::Rate(RateEffect::Stated {
        statement: statement.id(),
    })
    .into())
}

fn convert(ctx: &mut Context<'_, '_>, signed: &SignedConversion) -> Result<Done, Refusal> {
    let c = &signed.conversion;
    check_parties(ctx, signed)?;
    let statement = find(ctx, c)?;
    crate::cases::check_minor("the conversion", c.amount, c.from)?;
    let record = key_for_conversion(c.debtor, c.creditor, c.id);
    let content = c.digest(CONVERSION_DOMAIN);
    match ctx.view.get::<Hash>(&record)? {
        None => {}
        Some(found) if found == content => {
            return refuse(RefusalCode::Duplicate, "the conversion took effect before");
        }
        Some(_) => {
            return refuse(
                RefusalCode::IdConflict,
                "a conversion with this id took effect with other content",
            );
        }
    }
    let direction = (c.debtor, c.creditor, c.from);
    let owed = position::position(ctx, direction)?.amount;
    let frozen = ctx.balance(&key_for_frozen(c.debtor, c.creditor, c.from))?;
    let free = owed.minus(frozen).map_err(overflow)?.max(Micro::ZERO);
    if c.amount > free {
        let (amount, free) = (c.amount.text(c.from), free.text(c.from));
        return refuse(
            RefusalCode::AmountOverCap,
            format!(
                "{amount} {} are converted; {} owes {} {free} that no dispute freezes",
                c.from, c.debtor, c.creditor
            ),
        );
    }
    let converted = c.converted().map_err(overflow)?;
    position::change(ctx, direction, |p| p.shrink(c.amount))?;
    position::grow(ctx, (c.debtor, c.creditor, c.to), converted)?;
    ctx.view.put(record, &content);
    let mut made = Vec::new();
    for (currency, [debtor, creditor]) in legs(c, converted).map_err(overflow)? {
        let amounts = vec![
            (Account::Member(c.debtor), debtor),
            (Account::Member(c.creditor), creditor),
        ];
        made.extend(ctx.post(currency, amounts)?);
    }
    let effect = RateEffect::Converted {
        statement: statement.id(),
        amount: c.amount,
        from: c.from,
        converted,
        to: c.to,
    };
    Ok(Done {
        effect: Effect::Rate(effect),
        postings: made,
    })
}

fn check_parties(ctx: &Context<'_, '_>, signed: &SignedConversion) -> Result<(), Refusal> {
    let c = &signed.conversion;
    if ctx.member() != c.debtor && ctx.member() != c.creditor {
        let text = format!(
            "{} is no party of a conversion between {} and {}",
            ctx.member(),
            c.debtor,
            c.creditor
        );
        return refuse(RefusalCode::NotAuthorized, text);
    }
    if c.debtor == c.creditor {
        return refuse(
            RefusalCode::Malformed,
            format!("{} cannot owe itself", c.debtor),
        );
    }
    ctx.check_signer(c.debtor, signed.debtor_key, "conversion")?;
    ctx.check_signer(c.creditor, signed.creditor_key, "conversion")
}

/// The statement, when it says what the conversion claims and is young enough.
fn find(ctx: &Context<'_, '_>, c: &Conversion) -> Result<RateStatement, Refusal> {
    let key = key_for_rate(c.stated_by, c.from, c.to, c.day);
    let Some(statement) = ctx.view.get::<RateStatement>(&key)? else {
        return refuse(
            RefusalCode::RateUnknown,
            format!(
                "{} has stated no rate from {} to {} for {}",
                c.stated_by, c.from, c.to, c.day
            ),
        );
    };
    if statement.rate != c.rate {
        return refuse(
            RefusalCode::IdConflict,
            format!(
                "the stated rate is {}, not {}",
                statement.rate.text(c.to),
                c.rate.text(c.to)
            ),
        );
    }
    let age = UtcDay::of(ctx.now()).since(c.day);
    if age > MAX_RATE_AGE_DAYS {
        return refuse(
            RefusalCode::RateUnknown,
            format!(
                "the rate of {} is {age} days old; at most {MAX_RATE_AGE_DAYS} are allowed",
                c.day
            ),
        );
    }
    Ok(statement)
}

/// Debtor's and creditor's posting in each currency.
fn legs(c: &Conversion, converted: Micro) -> Result<[(Currency, [Micro; 2]); 2], MoneyError> {
    Ok([
        (c.from, [c.amount, c.amount.negated()?]),
        (c.to, [converted.negated()?, converted]),
    ])
}

/// How an auditor folds a conversion: from the transaction alone; `None` when the receipt claims what it cannot do.
pub(crate) fn change(
    operation: &RateOperation,
    effect: &Effect,
) -> Result<Option<Change>, BooksError> {
    match (operation, effect) {
        (RateOperation::State(statement), Effect::Rate(RateEffect::Stated { statement: id })) => {
            Ok((statement.id() == *id).then(Change::default))
        }
        (
            RateOperation::Convert(signed),
            Effect::Rate(RateEffect::Converted {
                amount, converted, ..
            }),
        ) => {
            let c = &signed.conversion;
            let right = c.converted()?;
            if (*amount, *converted) != (c.amount, right) {
                return Ok(None);
            }
            let mut all = Vec::new();
            for (currency, [debtor, creditor]) in legs(c, right)? {
                let amounts = [
                    (Account::Member(c.debtor), debtor),
                    (Account::Member(c.creditor), creditor),
                ];
                all.extend(postings(amounts, currency));
            }
            Ok(Some(Change {
                postings: all,
                positions: vec![
                    (c.debtor, c.creditor, c.from, c.amount.negated()?),
                    (c.debtor, c.creditor, c.to, right),
                ],
                ..Change::default()
            }))
        }
        _ => Ok(None),
    }
}
