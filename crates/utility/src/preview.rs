//! What a station's screen would show of a tariff: an offer made as every offer is, for a driver who is not there.
//!
//! Nothing is signed, held or sent. Tested beside the machine (`tests/it/effect.rs`).

use crate::crp::{self, no_offer};
use crate::desk::{PreviewAsked, PreviewView};
use crate::machine::Utility;
use crate::offer::Driver;
use fairway_model::registry::EvseEntry;
use fairway_model::{
    Agreement, AgreementId, Micro, Offer, Payment, Refusal, Service, SessionId, Time,
};
use fairway_pricing::Expected;

/// Most minutes at a charging point that are previewed: a week.
pub const MAX_PREVIEW_MINUTES: u32 = 7 * 24 * 60;
/// Milliseconds in a minute.
const MINUTE: i64 = 60_000;

/// The charge that is imagined: the energy at the point's full power, then waiting for the rest of the minutes.
fn imagined(asked: &PreviewAsked, evse: &EvseEntry) -> Result<Expected, Refusal> {
    if asked.minutes > MAX_PREVIEW_MINUTES {
        let text = format!(
            "{} minutes; 0 to {MAX_PREVIEW_MINUTES} are right",
            asked.minutes
        );
        return Err(no_offer(text));
    }
    let power = evse.max_power_w.max(1);
    // 1 W takes 3,600 ms for 1 mWh.
    let charging = u128::from(asked.energy.0)
        .saturating_mul(3_600)
        .div_ceil(u128::from(power));
    let charging = i64::try_from(charging).unwrap_or(i64::MAX);
    let there = i64::from(asked.minutes).saturating_mul(MINUTE);
    Ok(Expected {
        energy: asked.energy,
        power_w: power,
        parking_ms: there.saturating_sub(charging).max(0),
        spread_bps: 0,
    })
}

impl Utility {
    /// The multiplier of an offer that is made now: the forecast's, or the present load of the area inside the agreement's band.
    pub(crate) fn present_load(
        &self,
        (id, agreement): (AgreementId, &Agreement),
        evse: &EvseEntry,
        now: Time,
    ) -> Result<u32, Refusal> {
        let priced = self.registry.schedules.priced((id, agreement), now)?;
        let held = || agreement.load_band.held(self.load_of(evse));
        Ok(priced.map_or_else(held, |priced| priced.bps))
    }

    /// The point of the visited utility where the price is shown: the one that is asked for, or the first.
    fn preview_point(&self, asked: &PreviewAsked) -> Result<&EvseEntry, Refusal> {
        let visited = asked.terms.visited;
        let mut points = self.registry.evses.values().map(|r| &r.entry);
        let found = points.find(|entry| {
            entry.utility == visited && asked.evse.as_ref().is_none_or(|evse| entry.evse == *evse)
        });
        found.ok_or_else(|| match &asked.evse {
            Some(evse) => no_offer(format!("{evse} is no charging point of {visited}")),
            None => no_offer(format!("{visited} has no charging point on the ledger yet")),
        })
    }

    /// What the screen would show.
    pub(crate) fn preview(&self, now: Time, asked: &PreviewAsked) -> Result<PreviewView, Refusal> {
        let (agreement, id) = (&asked.terms, asked.terms.id());
        let evse = self.preview_point(asked)?;
        let tariff = agreement.tariff(&asked.tariff).ok_or_else(|| {
            let names: Vec<&str> = agreement.tariffs.iter().map(|t| t.id.as_str()).collect();
            let text = format!(
                "no tariff {:?} in {id}; it has {}",
                asked.tariff,
                names.join(", ")
            );
            no_offer(text)
        })?;
        let rule = self.registry.rule_of(agreement)?;
        let compiled = crp::compile(tariff, evse, rule.as_ref())?;
        let load = self.present_load((id, agreement), evse, now)?;
        let adjustments = crp::adjustments(agreement, asked.tier, load);
        let estimate = crp::estimate(&compiled, &adjustments, &imagined(asked, evse)?, now)?;
        let offer = Offer {
            session: SessionId::make(&[0; 32], self.me.id, 0),
            agreement: id,
            home: agreement.home,
            visited: agreement.visited,
            evse: evse.evse.clone(),
            tariff: tariff.id.clone(),
            adjustments,
            hold: crp::hold(&estimate, agreement, Micro(i64::MAX)).unwrap_or(Micro::ZERO),
            policy_version: self.policy().version,
            currency: agreement.currency,
            issued_at: now,
            valid_until: now.plus(self.policy().offer_ttl),
            reasons: Vec::new(),
            estimate,
        };
        let driver = Driver {
            tier: asked.tier,
            service: Service::Standard,
            local: false,
            language: "",
            payment: Payment::Postpaid,
        };
        let follows = agreement.forecast.is_some();
        let shown = self.shown(&offer, (&compiled, evse, follows), driver, now);
        Ok(PreviewView {
            offer: shown,
            station: evse.station.clone(),
            power_w: evse.max_power_w,
            operator: self.registry.name_of(agreement.visited),
        })
    }
}
