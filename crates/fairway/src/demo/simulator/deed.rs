//! What the page asks the demonstration to do, read strictly.

use crate::demo::members::{Cast, UTILITIES, everybody};
use crate::station::kiosk::answers::Flaw;
use serde::Deserialize;

/// Longest request id in bytes.
const MAX_ID: usize = 64;

/// A request as it comes in. Which members it has depends on `deed`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Asked {
    /// One of a kind for each press; a repetition carries the same.
    pub(crate) id: String,
    deed: String,
    member: Option<String>,
    to: Option<String>,
    station: Option<String>,
    driver: Option<String>,
}

/// What is done to one station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AtStation {
    /// A driver with this CIN comes, agrees, plugs in, and leaves with the bill.
    Charge(String),
    /// A car is plugged in.
    Plug,
    /// The cable is pulled.
    Unplug,
    /// The emergency stop is pressed.
    Fault,
    /// It is repaired.
    Repair,
    /// The line to the gateway is cut, or mended.
    Cut(bool),
}

/// What is done.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// A member's process is killed as kill -9 does.
    Kill(Cast),
    /// It is started again.
    Restart(Cast),
    /// The lines between two utilities are cut, or mended.
    Cut(Cast, Cast, bool),
    /// All lines of a utility to others are slow, or quick again.
    Slow(Cast, bool),
    /// The grid of a utility's area is at its peak, or calm.
    Peak(Cast, bool),
    /// Something happens at a station.
    Station(String, AtStation),
}

/// Words of deeds at one station, of deeds to one member, and of deeds between two.
const AT_STATION: &str = "charge, plug, unplug, fault, repair, cut-station, mend-station";
const TO_MEMBER: &str = "kill, restart, slow, quick, peak, calm";
const BETWEEN: &str = "cut, mend";

fn member(pointer: &'static str, id: Option<&String>, mut among: Vec<Cast>) -> Result<Cast, Flaw> {
    let known: Vec<&str> = among.iter().map(|cast| cast.id).collect();
    let wrong = Flaw::new(pointer, format!("one of {}", known.join(", ")));
    let found = among
        .iter()
        .position(|cast| id.is_some_and(|id| id == cast.id));
    found.map(|at| among.swap_remove(at)).ok_or(wrong)
}

impl Asked {
    /// What is to be done, at one of these stations and by one of these drivers.
    ///
    /// # Errors
    /// The place of what is wrong, and what would be right.
    pub(crate) fn deed(&self, stations: &[String], drivers: &[String]) -> Result<Deed, Flaw> {
        if self.id.is_empty() || self.id.len() > MAX_ID || !self.id.is_ascii() {
            let right = format!("1 to {MAX_ID} ASCII characters");
            return Err(Flaw::new("/id", right));
        }
        let any = || member("/member", self.member.as_ref(), everybody().collect());
        let utility = || member("/member", self.member.as_ref(), UTILITIES.to_vec());
        let station = |deed| Ok(Deed::Station(self.station(stations)?, deed));
        match self.deed.as_str() {
            "kill" => any().map(Deed::Kill),
            "restart" => any().map(Deed::Restart),
            "slow" => Ok(Deed::Slow(utility()?, true)),
            "quick" => Ok(Deed::Slow(utility()?, false)),
            "peak" => Ok(Deed::Peak(utility()?, true)),
            "calm" => Ok(Deed::Peak(utility()?, false)),
            "cut" | "mend" => self.between(utility()?),
            "charge" => station(AtStation::Charge(self.driver(drivers)?)),
            "plug" => station(AtStation::Plug),
            "unplug" => station(AtStation::Unplug),
            "fault" => station(AtStation::Fault),
            "repair" => station(AtStation::Repair),
            "cut-station" => station(AtStation::Cut(true)),
            "mend-station" => station(AtStation::Cut(false)),
            _ => {
                let right = format!("one of {AT_STATION}, {TO_MEMBER}, {BETWEEN}");
                Err(Flaw::new("/deed", right))
            }
        }
    }

    fn between(&self, from: Cast) -> Result<Deed, Flaw> {
        let others = UTILITIES.into_iter().filter(|cast| cast.id != from.id);
        let to = member("/to", self.to.as_ref(), others.collect())?;
        Ok(Deed::Cut(from, to, self.deed == "cut"))
    }

    fn station(&self, stations: &[String]) -> Result<String, Flaw> {
        let known = self.station.as_ref().filter(|name| stations.contains(name));
        known
            .cloned()
            .ok_or_else(|| Flaw::new("/station", format!("one of {}", stations.join(", "))))
    }

    fn driver(&self, drivers: &[String]) -> Result<String, Flaw> {
        let known = self.driver.as_ref().filter(|cin| drivers.contains(cin));
        known
            .cloned()
            .ok_or_else(|| Flaw::new("/driver", format!("one of {}", drivers.join(", "))))
    }

    /// The words for the list of what was done.
    pub(crate) fn told(&self) -> serde_json::Value {
        serde_json::json!({ "deed": self.deed, "member": self.member, "to": self.to, "station": self.station,
            "driver": self.driver })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Deed, &'static str> {
        let asked: Asked = serde_json::from_str(json).unwrap();
        let (stations, drivers) = (["DUK-01".to_owned()], ["840001".to_owned()]);
        asked.deed(&stations, &drivers).map_err(|flaw| flaw.pointer)
    }

    #[test]
    fn each_deed_is_read_and_each_flaw_has_its_place() {
        let good = [
            r#"{"id":"1","deed":"kill","member":"US*REG"}"#,
            r#"{"id":"1","deed":"slow","member":"US*DUK"}"#,
            r#"{"id":"1","deed":"cut","member":"US*DUK","to":"US*ALP"}"#,
            r#"{"id":"1","deed":"charge","station":"DUK-01","driver":"840001"}"#,
            r#"{"id":"1","deed":"mend-station","station":"DUK-01"}"#,
        ];
        for json in good {
            assert!(read(json).is_ok(), "{json}");
        }
        let bad = [
            (r#"{"id":"","deed":"kill","member":"US*REG"}"#, "/id"),
            (r#"{"id":"1","deed":"burn"}"#, "/deed"),
            (r#"{"id":"1","deed":"kill","member":"US*XYZ"}"#, "/member"),
            (r#"{"id":"1","deed":"peak","member":"US*REG"}"#, "/member"),
            (
                r#"{"id":"1","deed":"cut","member":"US*DUK","to":"US*DUK"}"#,
                "/to",
            ),
            (r#"{"id":"1","deed":"plug","station":"DUK-09"}"#, "/station"),
            (
                r#"{"id":"1","deed":"charge","station":"DUK-01","driver":"1"}"#,
                "/driver",
            ),
        ];
        for (json, pointer) in bad {
            assert_eq!(read(json).unwrap_err(), pointer, "{json}");
        }
    }
}
