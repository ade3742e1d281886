//! A tariff prepared for one time zone.

use crate::error::TariffError;
use fairway_model::Tariff;
use std::sync::Arc;

/// A tariff prepared for pricing at EVSEs of one time zone: checked, its zone looked up once. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct CompiledTariff(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    tariff: Tariff,
}

impl CompiledTariff {
    /// Checks and prepares a tariff; `time_zone` is the EVSE's IANA name such as `America/New_York`.
    ///
    /// # Errors
    /// What [`crate::check_tariff`] finds, or [`TariffError::TimeZone`].
    pub fn compile(tariff: &Tariff, time_zone: &str) -> Result<Self, TariffError> {
        crate::check_tariff(tariff)?;
        jiff::tz::TimeZone::get(time_zone).map_err(|_| TariffError::TimeZone(time_zone.chars().take(64).collect()))?;
        Ok(Self(Arc::new(Inner { tariff: tariff.clone() })))
    }

    /// The tariff as it was given.
    pub fn tariff(&self) -> &Tariff {
        &self.0.tariff
    }
}
