//! Agreements and their tariffs, decoded and compiled once. Entries are found by the hash of the terms, so an entry can only be
//! right, and whether it is there changes nothing but time.

use crate::forecast::bounds::MAX_CACHED_FORECASTERS;
use crate::limits::{MAX_CACHED_AGREEMENTS, MAX_CACHED_RULES, MAX_CACHED_ZONES};
use fairway_forecast::ensemble::Forecaster;
use fairway_model::agreement::{Agreement, AgreementId};
use fairway_model::hash::Hash;
use fairway_model::tariff::Tariff;
use fairway_pricing::{BoundRule, CompiledTariff, RuleModule, TariffError};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Agreements by id, at most [`MAX_CACHED_AGREEMENTS`], modules of custom rules, at most [`MAX_CACHED_RULES`], and packages of models put
/// together, at most [`MAX_CACHED_FORECASTERS`].
#[derive(Debug, Default)]
pub(crate) struct Cache(
    Mutex<BTreeMap<AgreementId, Arc<Terms>>>,
    Mutex<BTreeMap<Hash, RuleModule>>,
    Mutex<BTreeMap<Hash, Arc<Forecaster>>>,
);

/// One agreement.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) agreement: Agreement,
    /// Compiled tariffs by time zone and tariff id, at most [`MAX_CACHED_ZONES`] zones.
    compiled: Mutex<BTreeMap<String, BTreeMap<String, CompiledTariff>>>,
}

impl Cache {
    pub(crate) fn find(&self, id: AgreementId) -> Option<Arc<Terms>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    pub(crate) fn insert(&self, id: AgreementId, agreement: Agreement) -> Arc<Terms> {
        let terms = Arc::new(Terms {
            agreement,
            compiled: Mutex::default(),
        });
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_CACHED_AGREEMENTS {
            entries.pop_first();
        }
        entries.insert(id, Arc::clone(&terms));
        terms
    }

    pub(crate) fn find_rule(&self, id: Hash) -> Option<RuleModule> {
        self.1
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .cloned()
    }

    pub(crate) fn insert_rule(&self, rule: RuleModule) {
        let mut entries = self.1.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_CACHED_RULES {
            entries.pop_first();
        }
        entries.insert(rule.id(), rule);
    }

    pub(crate) fn find_forecaster(&self, package: Hash) -> Option<Arc<Forecaster>> {
        self.2
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&package)
            .cloned()
    }

    pub(crate) fn insert_forecaster(&self, package: Hash, found: Forecaster) -> Arc<Forecaster> {
        let found = Arc::new(found);
        let mut entries = self.2.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_CACHED_FORECASTERS {
            entries.pop_first();
        }
        entries.insert(package, Arc::clone(&found));
        found
    }
}

impl Terms {
    /// The tariff prepared for a time zone, with the agreement's rule, which is the same for all of its tariffs.
    pub(crate) fn compiled(
        &self,
        tariff: &Tariff,
        zone: &str,
        rule: Option<BoundRule>,
    ) -> Result<CompiledTariff, TariffError> {
        let mut zones = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = zones.get(zone).and_then(|tariffs| tariffs.get(&tariff.id)) {
            return Ok(found.clone());
        }
        let compiled = CompiledTariff::compile_with(tariff, zone, rule)?;
        if zones.len() >= MAX_CACHED_ZONES && !zones.contains_key(zone) {
            zones.pop_first();
        }
        zones
            .entry(zone.to_owned())
            .or_default()
            .insert(tariff.id.clone(), compiled.clone());
        Ok(compiled)
    }
}
