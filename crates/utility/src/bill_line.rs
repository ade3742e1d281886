//! The line that a settled charge becomes on its driver's bill: price with its argument, what was quoted, what the meter proved, and
//! where on the ledger the proof is.

use crate::home::HomeCharge;
use crate::machine::Utility;
use fairway_ledger::{Receipt, Settlement};
use fairway_model::{
    BillLine, ChargeEvent, EvseId, Metered, Place, PriceBreakdown, Quoted, SessionId,
};

impl Utility {
    /// The line of a charge of one of our drivers; none when we never computed it ourselves.
    pub(crate) fn bill_line(&self, settlement: &Settlement, receipt: &Receipt) -> Option<BillLine> {
        let event = settlement.event();
        let charge = self.homes.all.get(&event.session)?;
        let breakdown: PriceBreakdown = charge.breakdown.clone()?;
        let shared = self.shared(event, &breakdown);
        Some(BillLine {
            session: event.session,
            visited: event.visited,
            visited_name: self.registry.name_of(event.visited),
            evse: event.evse.clone(),
            start: event.usage.start().unwrap_or(event.usage.end),
            end: event.usage.end,
            energy: breakdown.energy,
            total: event.total,
            breakdown,
            offer: event.offer,
            meter_evidence: event.meter_evidence,
            agreement: event.agreement,
            event: event.hash(),
            transaction: receipt.transaction,
            height: receipt.height,
            shared,
            quoted: quoted(charge),
            metered: self.metered(event.session, event),
            place: self.place(&event.evse),
            settled: Some(receipt.time),
        })
    }

    /// A line exists only for a charge that we computed ourselves, and for that every record was verified first (see `home_charge`).
    fn metered(&self, session: SessionId, event: &ChargeEvent) -> Option<Metered> {
        let records = self.homes.evidence.get(&session)?;
        Some(Metered {
            records: u32::try_from(records.len()).unwrap_or(u32::MAX),
            key: event.meter_key,
            begin: event.meter_start,
            end: event.meter_end,
        })
    }

    fn place(&self, evse: &EvseId) -> Option<Place> {
        let entry = &self.registry.evses.get(evse)?.entry;
        Some(Place {
            time_zone: entry.time_zone.clone(),
            area: entry.area.clone(),
        })
    }
}

fn quoted(charge: &HomeCharge) -> Option<Quoted> {
    let offer = &charge.offer.as_ref()?.offer;
    Some(Quoted {
        tariff: offer.tariff.clone(),
        adjustments: offer.adjustments,
        reasons: offer.reasons.clone(),
        low: offer.estimate.low,
        high: offer.estimate.high,
        consented: charge.consent.as_ref().map(|c| c.consent.given_at),
    })
}
