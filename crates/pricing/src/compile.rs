//! A tariff prepared for one time zone: what does not depend on the charge is worked out once.

use crate::check::check_tariff;
use crate::error::TariffError;
use crate::rule::BoundRule;
use crate::when::{Moment, When};
use crate::zone::Zone;
use fairway_model::tariff::Dimension;
use fairway_model::time::{DAY, MINUTE, SECOND};
use fairway_model::{Micro, Ppm, PriceComponent, Tariff, Time};
use std::sync::Arc;

/// Milliwatt-hours in a watt-hour, the unit of an energy step.
const MWH_PER_WH: u64 = 1_000;
/// Milliseconds in a second, the unit of a time step.
const MS_PER_SECOND: u64 = SECOND.unsigned_abs();

/// A tariff prepared for pricing at EVSEs of one time zone: checked, its zone looked up once, its restrictions sorted by
/// dimension. Cloning is cheap; keep it as long as the tariff is in force.
///
/// With a custom rule ([`CompiledTariff::compile_with`]) every price that is computed from it is the rule's.
#[derive(Debug, Clone)]
pub struct CompiledTariff {
    inner: Arc<Inner>,
    custom: Option<Arc<Custom>>,
}

/// A custom rule with the zone of the EVSE, which it learns whether or not the tariff depends on it.
#[derive(Debug)]
pub(crate) struct Custom {
    pub(crate) bound: BoundRule,
    pub(crate) zone: Zone,
}

#[derive(Debug)]
struct Inner {
    tariff: Tariff,
    /// Looked up only when an element depends on local time.
    zone: Option<Zone>,
    energy: Vec<Rule>,
    flat: Vec<Rule>,
    parking: Vec<Rule>,
    time: Vec<Rule>,
    /// Where an element may begin or cease to apply, each sorted and without duplicates.
    clock_bounds: Vec<i64>,
    energy_bounds: Vec<u64>,
    elapsed_bounds: Vec<i64>,
}

/// One price component with the restrictions of its element.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    /// Which element, counted from 0.
    pub(crate) element: u16,
    /// List price.
    pub(crate) price: Micro,
    /// VAT of the component.
    pub(crate) vat: Option<Ppm>,
    /// Smallest billed amount in mWh or milliseconds, at least 1.
    pub(crate) step: u64,
    /// Restrictions, if any.
    pub(crate) when: Option<When>,
}

impl Rule {
    fn of(element: u16, component: &PriceComponent, when: Option<When>) -> Self {
        let unit = match component.dimension {
            Dimension::Energy => MWH_PER_WH,
            Dimension::Time | Dimension::ParkingTime => MS_PER_SECOND,
            Dimension::Flat => 0,
        };
        let step = match component.step_size {
            // Both mean no rounding up; a step of one Wh or second would round what is measured finer.
            0 | 1 => 1,
            n => u64::from(n).saturating_mul(unit).max(1),
        };
        Self {
            element,
            price: component.price,
            vat: component.vat,
            step,
            when,
        }
    }
}

impl CompiledTariff {
    /// Checks and prepares a tariff; `time_zone` is the EVSE's IANA name such as `America/New_York`, read from the
    /// compiled-in database.
    ///
    /// # Errors
    /// What [`check_tariff`] finds, or [`TariffError::TimeZone`].
    pub fn compile(tariff: &Tariff, time_zone: &str) -> Result<Self, TariffError> {
        Self::compile_with(tariff, time_zone, None)
    }

    /// Checks and prepares a tariff whose energy prices and split a custom rule may set.
    ///
    /// # Errors
    /// As [`CompiledTariff::compile`].
    pub fn compile_with(
        tariff: &Tariff,
        time_zone: &str,
        rule: Option<BoundRule>,
    ) -> Result<Self, TariffError> {
        check_tariff(tariff)?;
        let mut inner = Inner {
            tariff: tariff.clone(),
            zone: Some(Zone::named(time_zone)?),
            energy: Vec::new(),
            flat: Vec::new(),
            parking: Vec::new(),
            time: Vec::new(),
            clock_bounds: Vec::new(),
            energy_bounds: Vec::new(),
            elapsed_bounds: Vec::new(),
        };
        for (index, element) in (0_u16..).zip(&tariff.elements) {
            // OCPI 2.2.1, `reservation`: such an element prices reservations, and no charging.
            if element.restrictions.is_some_and(|r| r.reservation) {
                continue;
            }
            let when = element.restrictions.as_ref().and_then(When::of);
            for component in &element.components {
                inner
                    .rules_mut(component.dimension)
                    .push(Rule::of(index, component, when));
            }
        }
        inner.prepare();
        let custom = rule
            .map(|bound| {
                let zone = Zone::named(time_zone)?;
                Ok(Arc::new(Custom { bound, zone }))
            })
            .transpose()?;
        Ok(Self {
            inner: Arc::new(inner),
            custom,
        })
    }

    /// The custom rule, if the agreement has one.
    pub(crate) fn custom(&self) -> Option<&Custom> {
        self.custom.as_deref()
    }

    /// The tariff as it was given.
    pub fn tariff(&self) -> &Tariff {
        &self.inner.tariff
    }

    /// The zone, when any element depends on local time.
    pub(crate) fn zone(&self) -> Option<&Zone> {
        self.inner.zone.as_ref()
    }

    /// Milliseconds of the local day at which the price may change.
    pub(crate) fn clock_bounds(&self) -> &[i64] {
        &self.inner.clock_bounds
    }

    /// Energies of the charge at which the price may change.
    pub(crate) fn energy_bounds(&self) -> &[u64] {
        &self.inner.energy_bounds
    }

    /// Milliseconds since the begin at which the price may change.
    pub(crate) fn elapsed_bounds(&self) -> &[i64] {
        &self.inner.elapsed_bounds
    }

    /// All rules that price a dimension, in the order of their elements.
    pub(crate) fn rules(&self, dimension: Dimension) -> &[Rule] {
        match dimension {
            Dimension::Energy => &self.inner.energy,
            Dimension::Flat => &self.inner.flat,
            Dimension::ParkingTime => &self.inner.parking,
            Dimension::Time => &self.inner.time,
        }
    }

    /// The first rule whose restrictions hold (OCPI 2.2.1, `Tariff.elements`).
    pub(crate) fn rule(&self, dimension: Dimension, moment: &Moment) -> Option<&Rule> {
        self.rules(dimension)
            .iter()
            .find(|rule| rule.when.is_none_or(|when| when.holds(moment)))
    }

    /// Minute of the local day at an instant; none when no element depends on the time of day.
    pub fn local_minute(&self, at: Time) -> Option<u16> {
        self.zone()?;
        let (_, clock) = self.local(at.0);
        u16::try_from(clock.div_euclid(MINUTE)).ok()
    }

    /// Local date and milliseconds of the local day at an instant, `(0, 0)` when no element depends on them.
    pub(crate) fn local(&self, at: i64) -> (i64, i64) {
        self.zone().map_or((0, 0), |zone| {
            let local = at.saturating_add(zone.span(at).offset);
            (local.div_euclid(DAY), local.rem_euclid(DAY))
        })
    }
}

impl Inner {
    fn rules_mut(&mut self, dimension: Dimension) -> &mut Vec<Rule> {
        match dimension {
            Dimension::Energy => &mut self.energy,
            Dimension::Flat => &mut self.flat,
            Dimension::ParkingTime => &mut self.parking,
            Dimension::Time => &mut self.time,
        }
    }

    /// Drops what can never be reached and collects the bounds of the rest.
    fn prepare(&mut self) {
        for rules in [
            &mut self.energy,
            &mut self.flat,
            &mut self.parking,
            &mut self.time,
        ] {
            if let Some(first) = rules.iter().position(|rule| rule.when.is_none()) {
                rules.truncate(first.saturating_add(1));
            }
        }
        let used: Vec<When> = [&self.energy, &self.flat, &self.parking, &self.time]
            .into_iter()
            .flatten()
            .filter_map(|rule| rule.when)
            .collect();
        if !used.iter().any(When::is_local) {
            self.zone = None;
        }
        self.clock_bounds = sorted(
            used.iter()
                .flat_map(When::clock_bounds)
                .filter(|b| *b > 0 && *b < DAY),
        );
        self.energy_bounds = sorted(
            used.iter()
                .flat_map(When::energy_bounds)
                .filter(|b| *b != 0 && *b != u64::MAX),
        );
        self.elapsed_bounds = sorted(
            used.iter()
                .flat_map(When::elapsed_bounds)
                .filter(|b| *b != 0 && *b != i64::MAX),
        );
    }
}

fn sorted<T: Ord>(bounds: impl Iterator<Item = T>) -> Vec<T> {
    let mut bounds: Vec<T> = bounds.collect();
    bounds.sort_unstable();
    bounds.dedup();
    bounds
}
