//! What members state and trade.

use fairway_model::energy::Energy;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro, MoneyError, Rounding};
use fairway_model::time::{HOUR, Time};
use minicbor::{Decode, Encode};

/// An hour of UTC, counted from 1970-01-01T00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct Hour(#[n(0)] pub i64);

impl Hour {
    /// The hour that an instant falls into.
    pub fn of(time: Time) -> Self {
        Self(time.0.div_euclid(HOUR))
    }

    /// Its first instant.
    pub fn begin(self) -> Time {
        Time(self.0.saturating_mul(HOUR))
    }

    /// The first instant after it.
    pub fn end(self) -> Time {
        self.begin().plus(HOUR)
    }
}

/// Names an offer among those of its seller.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(transparent)]
pub struct OfferId(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

impl core::fmt::Display for OfferId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("nrg_")?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl core::fmt::Debug for OfferId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl OfferId {
    /// Reads what [`core::fmt::Display`] writes.
    ///
    /// # Errors
    /// When `nrg_` or the 32 hexadecimal digits are missing.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no offer: nrg_ and 32 hexadecimal digits are right");
        let digits = text.strip_prefix("nrg_").ok_or_else(wrong)?;
        let mut id = [0u8; 16];
        if digits.len() != 32 {
            return Err(wrong());
        }
        for (slot, pair) in id.iter_mut().zip(digits.as_bytes().chunks(2)) {
            let pair = core::str::from_utf8(pair).map_err(|_| wrong())?;
            *slot = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(id))
    }
}

/// What a member had in one of its grid areas in one hour. A later statement with a higher serial replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnergyStatement {
    /// The grid area, as EVSEs name it.
    #[n(0)]
    pub area: String,
    /// The hour.
    #[n(1)]
    pub hour: Hour,
    /// Metered inflow.
    #[n(2)]
    pub metered: Energy,
    /// What certificates cover besides.
    #[n(3)]
    pub certified: Energy,
    /// SHA-256 of the metering record and the certificates, which the member keeps.
    #[n(4)]
    pub document: Hash,
    /// Counts up with each correction.
    #[n(5)]
    pub serial: u32,
}

/// Energy of an area and hour for sale; the seller signs. What is offered is set aside until it is taken, cancelled or expired.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnergyOffer {
    /// Unique among the seller's.
    #[n(0)]
    pub id: OfferId,
    /// Where.
    #[n(1)]
    pub area: String,
    /// When.
    #[n(2)]
    pub hour: Hour,
    /// How much.
    #[n(3)]
    pub energy: Energy,
    /// Price per kWh.
    #[n(4)]
    pub price: Micro,
    /// Its currency.
    #[n(5)]
    pub currency: Currency,
    /// Nobody accepts from then on, and anybody may free what was set aside.
    #[n(6)]
    pub valid_until: Time,
}

/// Takes an offer, whole or part; the buyer signs. All but `energy` must be the offer's.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnergyAcceptance {
    /// Whose offer.
    #[n(0)]
    pub seller: MemberId,
    /// Which.
    #[n(1)]
    pub id: OfferId,
    /// Where.
    #[n(2)]
    pub area: String,
    /// When.
    #[n(3)]
    pub hour: Hour,
    /// How much of it.
    #[n(4)]
    pub energy: Energy,
    /// Price per kWh.
    #[n(5)]
    pub price: Micro,
    /// Its currency.
    #[n(6)]
    pub currency: Currency,
}

impl EnergyAcceptance {
    /// What the buyer owes: price times energy, half-up to a micro-unit.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn amount(&self) -> Result<Micro, MoneyError> {
        const OVERFLOW: MoneyError = MoneyError::Overflow("price of energy");
        let energy = i64::try_from(self.energy.0).map_err(|_| OVERFLOW)?;
        let per = i64::try_from(Energy::PER_KWH).map_err(|_| OVERFLOW)?;
        self.price.scale(energy, per, Rounding::HalfUp)
    }
}

/// Takes an offer back, or frees what an expired one set aside.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct EnergyCancellation {
    /// Whose offer.
    #[n(0)]
    pub seller: MemberId,
    /// Which.
    #[n(1)]
    pub id: OfferId,
    /// Where.
    #[n(2)]
    pub area: String,
    /// When.
    #[n(3)]
    pub hour: Hour,
}

/// Operations on energy.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum EnergyOperation {
    /// State what an area had in an hour.
    #[n(0)]
    State(#[n(0)] EnergyStatement),
    /// Offer energy.
    #[n(1)]
    Offer(#[n(0)] EnergyOffer),
    /// Take an offer.
    #[n(2)]
    Accept(#[n(0)] EnergyAcceptance),
    /// Take an offer back.
    #[n(3)]
    Cancel(#[n(0)] EnergyCancellation),
}

/// What an applied operation on energy did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum EnergyEffect {
    /// An hour is stated.
    #[n(0)]
    Stated {
        /// Where.
        #[n(0)]
        area: String,
        /// When.
        #[n(1)]
        hour: Hour,
        /// What is sold or offered beyond it; nothing, unless somebody must buy.
        #[n(2)]
        short: Energy,
    },
    /// Energy is offered and set aside.
    #[n(1)]
    Offered {
        /// The offer.
        #[n(0)]
        id: OfferId,
    },
    /// Energy has changed hands.
    #[n(2)]
    Traded {
        /// Whose offer.
        #[n(0)]
        seller: MemberId,
        /// The offer.
        #[n(1)]
        id: OfferId,
        /// How much energy.
        #[n(2)]
        energy: Energy,
        /// What the buyer owes for it.
        #[n(3)]
        amount: Micro,
        /// What the offer still has.
        #[n(4)]
        left: Energy,
    },
    /// An offer is over.
    #[n(3)]
    Cancelled {
        /// Whose offer.
        #[n(0)]
        seller: MemberId,
        /// The offer.
        #[n(1)]
        id: OfferId,
        /// What is no longer set aside.
        #[n(2)]
        energy: Energy,
    },
}
