//! What members ask for about money after a charge is settled: netting, payment, interest, tokens, collateral.

use core::fmt;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro};
use fairway_model::time::{DAY, Time, civil_from_days};
use minicbor::{Decode, Encode};

/// A day in UTC: whole days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, Default)]
#[cbor(transparent)]
pub struct UtcDay(#[n(0)] pub u32);

impl UtcDay {
    /// The day of a time; times before 1970 belong to the first day, times beyond the range to the last.
    pub fn of(time: Time) -> Self {
        let days = time.0.div_euclid(DAY).max(0);
        Self(u32::try_from(days).unwrap_or(u32::MAX))
    }

    /// The midnight that begins it.
    pub fn begin(self) -> Time {
        Time(i64::from(self.0).saturating_mul(DAY))
    }

    /// So many days later, held at the end of the range.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Days from `earlier` to this one; none when it is not later.
    pub fn since(self, earlier: Self) -> u32 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads `2026-11-23`.
    pub fn parse(text: &str) -> Option<Self> {
        let year: i64 = text.get(..4)?.parse().ok()?;
        // The day lies within this range of its year's beginning; the calendar itself decides.
        let first = year.checked_sub(1970)?.checked_mul(365)?;
        (first..first.checked_add(600)?)
            .filter_map(|day| u32::try_from(day).ok().map(Self))
            .find(|day| day.to_string() == text)
    }
}

impl fmt::Display for UtcDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = civil_from_days(i64::from(self.0));
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

/// Names an obligation: a cycle leaves at most one in a currency between two members in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct ObligationId {
    /// Currency.
    #[n(0)]
    pub currency: Currency,
    /// The midnight at which the cycle ended.
    #[n(1)]
    pub cycle: UtcDay,
    /// Who owes.
    #[n(2)]
    pub debtor: MemberId,
    /// Whom.
    #[n(3)]
    pub creditor: MemberId,
}

impl fmt::Display for ObligationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            currency,
            cycle,
            debtor,
            creditor,
        } = self;
        write!(f, "{currency}/{cycle}/{debtor}/{creditor}")
    }
}

impl ObligationId {
    /// Reads `USD/2026-11-23/US*APC/US*DUK`, as it is displayed.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let id = Self {
            currency: Currency::parse(parts.next()?).ok()?,
            cycle: UtcDay::parse(parts.next()?)?,
            debtor: MemberId::parse(parts.next()?).ok()?,
            creditor: MemberId::parse(parts.next()?).ok()?,
        };
        parts.next().is_none().then_some(id)
    }
}

/// Closes a netting cycle in one currency. Any member may hand it in.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CloseCycle {
    /// Currency.
    #[n(0)]
    pub currency: Currency,
    /// The midnight at which the cycle ended: the newest that lies on the consortium's grid of cycles.
    #[n(1)]
    pub cycle: UtcDay,
    /// Every member of the roll that was ever taken in, in order; at most [`crate::limits::MAX_NETTING_MEMBERS`].
    #[n(2)]
    pub members: Vec<MemberId>,
}

/// What the debtor says after it sent money by its bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PaymentSent {
    /// What it pays.
    #[n(0)]
    pub obligation: ObligationId,
    /// How much; more than nothing.
    #[n(1)]
    pub amount: Micro,
    /// Hash of the bank's reference: what the creditor will find on its statement.
    #[n(2)]
    pub reference: Hash,
    /// SHA-256 of the ISO 20022 message (pain.001 or pacs.008) as it was sent.
    #[n(3)]
    pub message: Hash,
}

/// What the creditor says after the money arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct PaymentReceived {
    /// What was paid.
    #[n(0)]
    pub obligation: ObligationId,
    /// How much; more than nothing, not more than is open.
    #[n(1)]
    pub amount: Micro,
    /// Hash of the bank's reference; the debtor's own words for the same reference must agree.
    #[n(2)]
    pub reference: Hash,
}

/// What is paid with tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum Debt {
    /// What stands open between two members and is not netted yet.
    #[n(0)]
    Position {
        /// Who owes.
        #[n(0)]
        debtor: MemberId,
        /// Whom.
        #[n(1)]
        creditor: MemberId,
        /// Currency.
        #[n(2)]
        currency: Currency,
    },
    /// An obligation of a cycle.
    #[n(1)]
    Obligation(#[n(0)] ObligationId),
}

impl Debt {
    /// Who owes, whom, in which currency.
    pub fn parties(&self) -> (MemberId, MemberId, Currency) {
        match self {
            Self::Position {
                debtor,
                creditor,
                currency,
            } => (*debtor, *creditor, *currency),
            Self::Obligation(id) => (id.debtor, id.creditor, id.currency),
        }
    }
}

/// What an issuer says of the reserve behind its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Reserve {
    /// SHA-256 of the statement (of the bank or the auditor) that shows it.
    #[n(0)]
    pub statement: Hash,
    /// The reserve; tokens in circulation never pass it.
    #[n(1)]
    pub amount: Micro,
    /// Of when it is; not in the future.
    #[n(2)]
    pub as_of: Time,
}

/// New tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Mint {
    /// Who gets them; must accept the issuer.
    #[n(0)]
    pub holder: MemberId,
    /// Currency.
    #[n(1)]
    pub currency: Currency,
    /// How many; more than nothing.
    #[n(2)]
    pub amount: Micro,
    /// The reserve behind all of the issuer's tokens, these included.
    #[n(3)]
    pub reserve: Reserve,
}

/// A request to be paid out, named by the holder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct RedemptionId(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

impl fmt::Display for RedemptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("red_")?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

/// A holder's tokens and the money that they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Redemption {
    /// Which request; unique among the holder's.
    #[n(0)]
    pub id: RedemptionId,
    /// Whose tokens.
    #[n(1)]
    pub issuer: MemberId,
    /// Currency.
    #[n(2)]
    pub currency: Currency,
    /// How many; more than nothing.
    #[n(3)]
    pub amount: Micro,
}

/// Tokens that secure what one member owes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Pledge {
    /// Whose debts they secure.
    #[n(0)]
    pub debtor: MemberId,
    /// Whom they secure.
    #[n(1)]
    pub creditor: MemberId,
    /// Whose tokens.
    #[n(2)]
    pub issuer: MemberId,
    /// Currency.
    #[n(3)]
    pub currency: Currency,
    /// How many; more than nothing.
    #[n(4)]
    pub amount: Micro,
}

/// Money after settlement.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum MoneyOperation {
    /// Replace the positions of a finished cycle by few obligations.
    #[n(0)]
    CloseCycle(#[n(0)] CloseCycle),
    /// Charge interest on what is overdue, through a day; anybody may hand it in, once per obligation and day.
    #[n(1)]
    ChargeInterest {
        /// On what.
        #[n(0)]
        obligation: ObligationId,
        /// Through which day; not later than the block's.
        #[n(1)]
        through: UtcDay,
    },
    /// The debtor has sent money by its bank.
    #[n(2)]
    PaymentSent(#[n(0)] PaymentSent),
    /// The creditor has received it: the obligation shrinks.
    #[n(3)]
    PaymentReceived(#[n(0)] PaymentReceived),
    /// Pay with tokens: final in the same transaction.
    #[n(4)]
    Pay {
        /// What.
        #[n(0)]
        debt: Debt,
        /// With whose tokens.
        #[n(1)]
        issuer: MemberId,
        /// How much; more than nothing, not more than is open.
        #[n(2)]
        amount: Micro,
    },
    /// Become an issuer of tokens, or change the cap.
    #[n(5)]
    RegisterIssuer {
        /// Currency.
        #[n(0)]
        currency: Currency,
        /// The most that may be in circulation.
        #[n(1)]
        cap: Micro,
        /// SHA-256 of the readable terms.
        #[n(2)]
        terms: Hash,
    },
    /// Accept an issuer's tokens up to a limit; nothing withdraws the acceptance for tokens to come.
    #[n(6)]
    AcceptIssuer {
        /// Whose tokens.
        #[n(0)]
        issuer: MemberId,
        /// Currency.
        #[n(1)]
        currency: Currency,
        /// The most that the member will hold; not below nothing.
        #[n(2)]
        limit: Micro,
    },
    /// Issue tokens; the issuer does.
    #[n(7)]
    Mint(#[n(0)] Mint),
    /// Give tokens to another member.
    #[n(8)]
    Transfer {
        /// To whom; must accept the issuer.
        #[n(0)]
        to: MemberId,
        /// Whose tokens.
        #[n(1)]
        issuer: MemberId,
        /// Currency.
        #[n(2)]
        currency: Currency,
        /// How many; more than nothing, not more than is held.
        #[n(3)]
        amount: Micro,
        /// SHA-256 of what it is for.
        #[n(4)]
        note: Hash,
    },
    /// Ask the issuer to pay tokens out; they can be used for nothing else from then on.
    #[n(9)]
    RequestRedemption(#[n(0)] Redemption),
    /// The holder was paid out: the tokens are gone.
    #[n(10)]
    ConfirmRedemption {
        /// The request, with all that it said.
        #[n(0)]
        redemption: Redemption,
        /// Hash of the bank's reference.
        #[n(1)]
        reference: Hash,
    },
    /// Set tokens aside as collateral; the debtor does.
    #[n(11)]
    DepositCollateral(#[n(0)] Pledge),
    /// Give collateral back: the debtor takes what is not needed, the creditor gives up what it likes.
    #[n(12)]
    ReleaseCollateral(#[n(0)] Pledge),
    /// Take an overdue obligation out of the collateral, after the days of grace; the creditor does.
    #[n(13)]
    Cover {
        /// What is covered.
        #[n(0)]
        obligation: ObligationId,
        /// With whose tokens.
        #[n(1)]
        issuer: MemberId,
        /// How much; more than nothing.
        #[n(2)]
        amount: Micro,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_obligations_read_back() {
        for (days, text) in [
            (0, "1970-01-01"),
            (20_780, "2026-11-23"),
            (11_016, "2000-02-29"),
        ] {
            assert_eq!(UtcDay(days).to_string(), text);
            assert_eq!(UtcDay::parse(text), Some(UtcDay(days)));
        }
        for bad in ["", "2026-02-30", "2026-2-3", "26-11-23", "2026-11-23x"] {
            assert_eq!(UtcDay::parse(bad), None, "{bad}");
        }
        let id = "USD/2026-11-23/US*APC/US*DUK";
        assert_eq!(ObligationId::parse(id).unwrap().to_string(), id);
        for bad in ["USD/2026-11-23/US*APC", "USD/2026-11-23/US*APC/US*DUK/x"] {
            assert_eq!(ObligationId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight() {
        let day = UtcDay(20_780);
        assert_eq!(UtcDay::of(day.begin()), day);
        assert_eq!(UtcDay::of(day.begin().plus(-1)), UtcDay(20_779));
        assert_eq!(UtcDay::of(Time(i64::MIN)), UtcDay(0));
        assert_eq!((day.plus(3).since(day), day.since(day.plus(3))), (3, 0));
    }
}
