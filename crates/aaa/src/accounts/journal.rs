//! The journal: entries that balance, chained by hash, each line traceable to its charge, tariff and policy (AA-03).

use crate::customer::CustomerKey;
use fairway_model::canonical::Canonical;
use fairway_model::{AgreementId, Currency, Hash, MemberId, Micro, OwnerId, SessionId, Time};
use minicbor::{Decode, Encode};

/// Most lines of one entry.
pub const MAX_LINES: usize = 16;
/// Domain of the hashes that chain entries.
pub const JOURNAL_DOMAIN: &str = "fairway.journal.v1";

/// Names of accounts. A balance is what the utility owes to the account's holder; negative is what the holder owes the utility.
///
/// | name | holder |
/// |---|---|
/// | `driver:<customer key>` | a customer: positive is prepaid money, negative what the bill asks for |
/// | `payable:<member>` | a partner whose stations our drivers used |
/// | `receivable:<member>` | a partner whose drivers used our stations (negative: he owes us) |
/// | `owner:<id>` | the owner of a site at which we serve |
/// | `tax:<jurisdiction>` | the authority for which we collect |
/// | `revenue:home-share`, `revenue:visited-share` | the utility itself; the home share is after the discount that home bears |
/// | `bank` | the bank where payments arrive (negative: it holds our money) |
/// | `shortfall` | the utility itself: what settled charges asked beyond a prepaid balance (negative: our loss) |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountName<'a> {
    /// A customer.
    Driver(CustomerKey),
    /// Owed to a partner.
    Payable(MemberId),
    /// Owed by a partner.
    Receivable(MemberId),
    /// A site's owner.
    Owner(&'a OwnerId),
    /// A tax authority.
    Tax(&'a str),
    /// Our share as home utility.
    HomeShare,
    /// Our share as visited utility.
    VisitedShare,
    /// Payments received.
    Bank,
    /// Losses on prepaid accounts.
    Shortfall,
}

impl core::fmt::Display for AccountName<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Driver(key) => write!(f, "driver:{key}"),
            Self::Payable(member) => write!(f, "payable:{member}"),
            Self::Receivable(member) => write!(f, "receivable:{member}"),
            Self::Owner(id) => write!(f, "owner:{id}"),
            Self::Tax(jurisdiction) => write!(f, "tax:{jurisdiction}"),
            Self::HomeShare => f.write_str("revenue:home-share"),
            Self::VisitedShare => f.write_str("revenue:visited-share"),
            Self::Bank => f.write_str("bank"),
            Self::Shortfall => f.write_str("shortfall"),
        }
    }
}

/// Why an entry was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub enum EntryKind {
    /// Our driver abroad.
    #[n(0)]
    HomeCharge,
    /// Another's driver at our station.
    #[n(1)]
    VisitedCharge,
    /// Our driver at our station: both sides in one entry.
    #[n(2)]
    OwnCharge,
    /// A customer paid in.
    #[n(3)]
    Payment,
    /// A charge of our driver abroad was credited.
    #[n(4)]
    HomeCredit,
    /// A charge of another's driver at our station was credited.
    #[n(5)]
    VisitedCredit,
    /// A charge of our driver at our station was credited.
    #[n(6)]
    OwnCredit,
}

/// What a charge's entry refers to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct ChargeReference {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// The agreement: its hash is the version of every tariff in it.
    #[n(1)]
    pub agreement: AgreementId,
    /// Which of its tariffs.
    #[n(2)]
    pub tariff: String,
    /// Version of the charging rules and policy that made the offer.
    #[n(3)]
    pub policy_version: u32,
    /// Hash of the charge event that both signed.
    #[n(4)]
    pub event: Hash,
}

/// One account's part of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JournalLine {
    /// Account.
    #[n(0)]
    pub account: String,
    /// Added to its balance.
    #[n(1)]
    pub amount: Micro,
}

/// An entry; its lines add up to zero.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct JournalEntry {
    /// Counts from 1 without a gap.
    #[n(0)]
    pub number: u64,
    /// When it was made.
    #[n(1)]
    pub at: Time,
    /// Why.
    #[n(2)]
    pub kind: EntryKind,
    /// Currency of all lines.
    #[n(3)]
    pub currency: Currency,
    /// The charge, unless it is a payment.
    #[n(4)]
    pub charge: Option<ChargeReference>,
    /// Lines, none of zero, at most [`MAX_LINES`].
    #[n(5)]
    pub lines: Vec<JournalLine>,
    /// Hash of the entry before; zero for the first. A changed or missing entry breaks the chain.
    #[n(6)]
    pub previous: Hash,
}

impl JournalEntry {
    /// The hash that the next entry holds.
    pub fn hash(&self) -> Hash {
        self.digest(JOURNAL_DOMAIN)
    }
}

/// What is wrong with a stored journal: the first entry that does not fit, and how.
///
/// # Errors
/// One sentence with the number of the entry.
pub fn verify<'a>(entries: impl IntoIterator<Item = &'a JournalEntry>) -> Result<Hash, String> {
    let mut previous = Hash::default();
    for (number, entry) in (1u64..).zip(entries) {
        if entry.number != number {
            return Err(format!(
                "entry {number} is missing: {} stands in its place",
                entry.number
            ));
        }
        if entry.previous != previous {
            return Err(format!(
                "entry {number} does not follow from the one before: one of them was changed"
            ));
        }
        if Micro::sum(entry.lines.iter().map(|l| l.amount)) != Ok(Micro::ZERO) {
            return Err(format!("entry {number} does not balance"));
        }
        previous = entry.hash();
    }
    Ok(previous)
}
