//! Subscription and energy become one record per charge (GW-06, GW-07): the charge event.

use crate::metering::VerifiedReading;
use fairway_model::{
    ChargeEvent, Energy, GuaranteeId, Hash, Micro, Offer, Pseudonym, Refusal, RefusalCode, Shares,
    Usage,
};

/// Domain of the driver's commitment in a charge event.
pub const DRIVER_DOMAIN: &str = "fairway.driver.v1";

/// The subscription half of a charge: what was agreed about whom.
#[derive(Debug, Clone, Copy)]
pub struct Subscription<'a> {
    /// The offer that was consented to.
    pub offer: &'a Offer,
    /// The guarantee behind its hold.
    pub guarantee: GuaranteeId,
    /// The driver as the home utility named him to the visited one.
    pub pseudonym: Pseudonym,
    /// Opens the commitment.
    pub salt: &'a [u8; 32],
}

/// The salted commitment to a driver that goes on the ledger.
pub fn driver_commitment(salt: &[u8; 32], pseudonym: &Pseudonym) -> Hash {
    Hash::keyed(salt, DRIVER_DOMAIN, &pseudonym.0)
}

/// SHA-256 over the signed records in order, each followed by a line feed.
pub fn evidence_hash<'a>(records: impl IntoIterator<Item = &'a str>) -> Hash {
    let mut all = Vec::new();
    for record in records {
        all.extend_from_slice(record.as_bytes());
        all.push(b'\n');
    }
    Hash::plain(&all)
}

/// Makes the one record of a charge.
///
/// # Errors
/// `energy-mismatch` when the readings' registers and the usage disagree; `nothing-delivered` without readings.
pub fn merge(
    subscription: &Subscription<'_>,
    readings: &[VerifiedReading],
    usage: Usage,
    meter_key: Hash,
    price: (Micro, Shares),
) -> Result<ChargeEvent, Refusal> {
    let (Some(first), Some(last)) = (readings.first(), readings.last()) else {
        return Err(Refusal::new(
            RefusalCode::NothingDelivered,
            "no signed meter record",
        ));
    };
    let difference: Option<Energy> = last.register.minus(first.register);
    if difference.is_none() || difference != usage.energy() {
        return Err(Refusal::new(
            RefusalCode::EnergyMismatch,
            "register difference and energy of the periods disagree",
        ));
    }
    let offer = subscription.offer;
    Ok(ChargeEvent {
        session: offer.session,
        agreement: offer.agreement,
        home: offer.home,
        visited: offer.visited,
        evse: offer.evse.clone(),
        tariff: offer.tariff.clone(),
        adjustments: offer.adjustments,
        offer: offer.hash(),
        guarantee: subscription.guarantee,
        usage,
        meter_start: first.register,
        meter_end: last.register,
        meter_key,
        meter_evidence: evidence_hash(readings.iter().map(|r| r.record.as_str())),
        driver: driver_commitment(subscription.salt, &subscription.pseudonym),
        total: price.0,
        shares: price.1,
    })
}
