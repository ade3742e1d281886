//! What the contracts remember of energy, and where.

use super::fits;
use super::op::{EnergyOffer, EnergyStatement, Hour, OfferId};
use crate::keys::{Key, key};
use fairway_model::energy::Energy;
use fairway_model::ids::MemberId;
use fairway_model::refusal::Refusal;
use minicbor::{Decode, Encode};

/// Of an [`EnergyBook`]: one member, area and hour.
pub fn key_for_energy(member: MemberId, area: &str, hour: Hour) -> Key {
    key("fairway.state.energy", &(member, area.to_owned(), hour))
}

/// Of an [`OfferState`].
pub fn key_for_energy_offer(seller: MemberId, id: OfferId) -> Key {
    key("fairway.state.energy-offer", &(seller, id))
}

/// One member's energy in one area and hour.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode, Default)]
pub struct EnergyBook {
    /// What the member stated; none yet.
    #[n(0)]
    pub statement: Option<EnergyStatement>,
    /// Bought from others.
    #[n(1)]
    pub bought: Energy,
    /// Delivered in settled charges.
    #[n(2)]
    pub delivered: Energy,
    /// Sold to others.
    #[n(3)]
    pub traded: Energy,
    /// Set aside for open offers.
    #[n(4)]
    pub offered: Energy,
}

impl EnergyBook {
    /// What there is: stated and bought.
    ///
    /// # Errors
    /// `malformed` when a sum does not fit.
    pub fn supply(&self) -> Result<Energy, Refusal> {
        let stated = match &self.statement {
            Some(statement) => fits(statement.metered.plus(statement.certified))?,
            None => Energy::ZERO,
        };
        fits(stated.plus(self.bought))
    }

    /// What is taken: delivered, sold and set aside.
    ///
    /// # Errors
    /// `malformed` when a sum does not fit.
    pub fn taken(&self) -> Result<Energy, Refusal> {
        let sold = fits(self.delivered.plus(self.traded))?;
        fits(sold.plus(self.offered))
    }

    /// What is taken beyond the supply.
    ///
    /// # Errors
    /// `malformed` when a sum does not fit.
    pub fn short(&self) -> Result<Energy, Refusal> {
        Ok(self.taken()?.minus(self.supply()?).unwrap_or_default())
    }

    /// What is left of the supply.
    ///
    /// # Errors
    /// `malformed` when a sum does not fit.
    pub fn free(&self) -> Result<Energy, Refusal> {
        Ok(self.supply()?.minus(self.taken()?).unwrap_or_default())
    }
}

/// An offer and what is left of it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct OfferState {
    /// As posted.
    #[n(0)]
    pub offer: EnergyOffer,
    /// Not taken yet; nothing when the offer is over.
    #[n(1)]
    pub left: Energy,
}
