//! Who takes part in the demonstration.

use fairway_model::{Hash, MemberId};

/// A member of the demonstration.
#[derive(Debug, Clone, Copy)]
pub struct Cast {
    /// Member id.
    pub id: &'static str,
    /// Name, marked as demonstration.
    pub name: &'static str,
    /// Folder.
    pub folder: &'static str,
    /// CIN prefix; empty for the regulator.
    pub prefix: &'static str,
    /// IANA zone of its stations.
    pub zone: &'static str,
    /// Grid area of its stations.
    pub area: &'static str,
    /// Price per kWh of its tariff.
    pub kwh: &'static str,
    /// Name and rate (ppm) of the sales tax at its stations.
    pub tax: (&'static str, u32),
}

/// The three utilities.
pub const UTILITIES: [Cast; 3] = [
    Cast {
        id: "US*ALP",
        name: "Alabama Power (demonstration)",
        folder: "alabama",
        prefix: "8400010",
        zone: "America/Chicago",
        area: "SOCO-AL",
        kwh: "0.34",
        tax: ("Alabama sales tax", 40_000),
    },
    Cast {
        id: "US*DUK",
        name: "Duke Energy (demonstration)",
        folder: "duke",
        prefix: "8400020",
        zone: "America/New_York",
        area: "DUK-NC",
        kwh: "0.38",
        tax: ("North Carolina sales tax", 70_000),
    },
    Cast {
        id: "US*GPC",
        name: "Georgia Power (demonstration)",
        folder: "georgia",
        prefix: "8400030",
        zone: "America/New_York",
        area: "SOCO-GA",
        kwh: "0.36",
        tax: ("Georgia sales tax", 40_000),
    },
];

/// The regulator: validates, and has no drivers and no stations.
pub const WITNESS: Cast = Cast {
    id: "US*REG",
    name: "Public Service Commission (demonstration)",
    folder: "regulator",
    prefix: "",
    zone: "America/New_York",
    area: "",
    kwh: "0",
    tax: ("", 0),
};

impl Cast {
    /// The member id.
    pub fn member(&self) -> Result<MemberId, String> {
        MemberId::parse(self.id).map_err(|e| e.to_string())
    }
}

/// All four.
pub fn everybody() -> impl Iterator<Item = Cast> {
    UTILITIES.into_iter().chain([WITNESS])
}

/// A key seed of the demonstration.
pub fn seed(seed: u64, member: &str, what: &str) -> [u8; 32] {
    Hash::keyed(
        &seed.to_be_bytes(),
        "fairway.demo",
        format!("{member}/{what}").as_bytes(),
    )
    .0
}

/// A number below `below` that follows from the seed.
pub fn number(seed_of: u64, what: &str, below: u8) -> u8 {
    let [first, ..] = seed(seed_of, "number", what);
    first.checked_rem(below.max(1)).unwrap_or(0)
}
