//! A driver's bill of one month, each line traceable to quote, meter signatures, agreement and ledger.
//!
//! Home and roaming charges stand in one form. The home utility's accounts make the lines when the ledger settles a charge; every
//! surface that shows a bill (terminal, PDF, page) shows these values.

use crate::agreement::AgreementId;
use crate::cin::Cin;
use crate::energy::Energy;
use crate::hash::Hash;
use crate::ids::{EvseId, MemberId, SessionId};
use crate::money::{Currency, Micro};
use crate::price::{Adjustments, PriceBreakdown};
use crate::split::ShareNote;
use crate::time::Time;
use minicbor::{Decode, Encode};

/// What the driver was shown and agreed to before energy flowed, taken from the signed offer.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Quoted {
    /// Which of the agreement's tariffs.
    #[n(0)]
    pub tariff: String,
    /// What the two policies agreed on top of it: load, tier, discount, limits of the price.
    #[n(1)]
    pub adjustments: Adjustments,
    /// Why the price was what it was, in the sentences that the station showed (English).
    #[n(2)]
    pub reasons: Vec<String>,
    /// Low end of the estimate, taxes included.
    #[n(3)]
    pub low: Micro,
    /// High end of the estimate.
    #[n(4)]
    pub high: Micro,
    /// When the driver agreed; none when no consent came to the home utility.
    #[n(5)]
    pub consented: Option<Time>,
}

/// What the signed meter records proved. A charge is signed by the home utility, and so settled, only after every record was verified
/// with the key that the ledger's registry has for the charging point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct Metered {
    /// How many records were verified.
    #[n(0)]
    pub records: u32,
    /// SHA-256 of the meter's public key (SubjectPublicKeyInfo DER), as registered.
    #[n(1)]
    pub key: Hash,
    /// The register at the begin.
    #[n(2)]
    pub begin: Energy,
    /// The register at the end.
    #[n(3)]
    pub end: Energy,
}

/// Where a charging point is, as far as the ledger's registry says.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Place {
    /// IANA time zone, as in `America/New_York`.
    #[n(0)]
    pub time_zone: String,
    /// Grid area.
    #[n(1)]
    pub area: String,
}

/// One line of a bill.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct BillLine {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// Whose station.
    #[n(1)]
    pub visited: MemberId,
    /// Its name.
    #[n(2)]
    pub visited_name: String,
    /// Where.
    #[n(3)]
    pub evse: EvseId,
    /// Begin.
    #[n(4)]
    pub start: Time,
    /// End.
    #[n(5)]
    pub end: Time,
    /// Energy.
    #[n(6)]
    pub energy: Energy,
    /// The amount, taxes included.
    #[n(7)]
    pub total: Micro,
    /// Its argument.
    #[n(8)]
    pub breakdown: PriceBreakdown,
    /// The offer that was consented to.
    #[n(9)]
    pub offer: Hash,
    /// SHA-256 over the signed meter records.
    #[n(10)]
    pub meter_evidence: Hash,
    /// The agreement.
    #[n(11)]
    pub agreement: AgreementId,
    /// Hash of the settled charge event.
    #[n(12)]
    pub event: Hash,
    /// SHA-256 of the settling transaction's bytes; `fairway ledger proof` takes it.
    #[n(13)]
    pub transaction: Hash,
    /// Height of the block that settled it.
    #[n(14)]
    pub height: u64,
    /// Who got what of it, and by which rule.
    #[n(15)]
    pub shared: Option<ShareNote>,
    /// What was shown and agreed to; none where the offer is no longer known.
    #[n(16)]
    pub quoted: Option<Quoted>,
    /// What the meter records proved; none where the home utility did not compute the charge itself.
    #[n(17)]
    pub metered: Option<Metered>,
    /// Where; none when the registry no longer had the charging point at settlement.
    #[n(18)]
    pub place: Option<Place>,
    /// Time of the block that settled it.
    #[n(19)]
    pub settled: Option<Time>,
}

/// What came off a settled charge; it stands on the bill of the month in which the ledger took it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct CreditLine {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// The block's time.
    #[n(1)]
    pub at: Time,
    /// What the driver gets back, taxes included.
    #[n(2)]
    pub amount: Micro,
    /// Why, in a word.
    #[n(3)]
    pub reason: String,
    /// SHA-256 of the crediting transaction's bytes; `fairway ledger proof` takes it.
    #[n(4)]
    pub transaction: Hash,
    /// Height of its block.
    #[n(5)]
    pub height: u64,
}

/// One driver's bill of one month: home and roaming lines in one format (PR-06, AA-20).
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct Bill {
    /// Who bills.
    #[n(0)]
    pub utility: MemberId,
    /// Whom: name.
    #[n(1)]
    pub customer: String,
    /// CIN, digits.
    #[n(2)]
    pub cin: String,
    /// Year.
    #[n(3)]
    pub year: i16,
    /// Month.
    #[n(4)]
    pub month: u8,
    /// Currency.
    #[n(5)]
    pub currency: Currency,
    /// Settled charges in order of time.
    #[n(6)]
    pub lines: Vec<BillLine>,
    /// Their sum, less the credits.
    #[n(7)]
    pub total: Micro,
    /// Charges that are finished and not settled yet; they come on the bill of the month in which they settle.
    #[n(8)]
    pub pending: u32,
    /// What came off charges of this month and of earlier ones, in order of time.
    #[n(9)]
    pub credits: Vec<CreditLine>,
    /// Name of who bills.
    #[n(10)]
    pub utility_name: String,
    /// The customer's language, a BCP 47 tag such as `es-US`.
    #[n(11)]
    pub language: String,
}

impl Bill {
    /// The CIN in the groups in which people read it; as it is where it is none.
    pub fn cin_grouped(&self) -> String {
        Cin::parse(&self.cin).map_or_else(|_| self.cin.clone(), |cin| cin.grouped())
    }
}
