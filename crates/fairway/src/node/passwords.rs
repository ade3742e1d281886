//! Which stations may connect, and their passwords' hashes.

use fairway_model::canonical::Canonical as _;
use fairway_model::{Hash, StationId};
use fairway_utility::door::{Row, Table};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Hash of a station's password as it is stored: `salt$hash`, both hex. Passwords are random (OCPP: 16 to 40 characters), so that
/// one keyed hash is enough.
pub fn password_hash(salt: &[u8; 32], password: &str) -> String {
    format!(
        "{}${}",
        hex::encode(salt),
        Hash::keyed(salt, "fairway.station.password", password.as_bytes())
    )
}

pub(super) fn password_fits(stored: &str, password: &str) -> bool {
    let Some((salt, _)) = stored.split_once('$') else {
        return false;
    };
    let Ok(salt) = hex::decode(salt)
        .map_err(|_| ())
        .and_then(|s| <[u8; 32]>::try_from(s).map_err(|_| ()))
    else {
        return false;
    };
    let expected = password_hash(&salt, password);
    // Compared without an early exit, so that the time tells nothing.
    expected.len() == stored.len()
        && expected
            .bytes()
            .zip(stored.bytes())
            .fold(0u8, |acc, (a, b)| acc | (a ^ b))
            == 0
}

/// Which stations may connect, by name, with their password hashes. Shared with the machine's rows.
#[derive(Debug, Clone, Default)]
pub struct Passwords(Arc<Mutex<BTreeMap<StationId, String>>>);

impl Passwords {
    fn put(&self, station: StationId, hash: String) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(station, hash);
    }

    /// Takes note of a row of the stations table; others are none of its business.
    pub fn learn(&self, row: &Row) {
        if row.table != Table::Stations {
            return;
        }
        match <(StationId, String)>::from_bytes(&row.body) {
            Ok((station, hash)) => self.put(station, hash),
            Err(error) => tracing::error!("the stored station {} cannot be read: {error}", row.key),
        }
    }

    pub(super) fn get(&self, station: &StationId) -> Option<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(station)
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_fit_only_themselves() {
        let stored = password_hash(&[9; 32], "correct horse battery");
        assert!(password_fits(&stored, "correct horse battery"));
        assert!(!password_fits(&stored, "correct horse batterz"));
        assert!(!password_fits("", ""));
        assert!(!password_fits("zz$00", "x"));
    }
}
