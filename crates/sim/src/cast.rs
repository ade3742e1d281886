//! Who takes part: three utilities, a witness, their drivers, agreements and stations. Names are invented.

use crate::market::Terms;
use crate::rng::Rng;
use fairway_ledger::limits::MAX_LOAD_BPS;
use fairway_ledger::{Genesis, worded};
use fairway_model::agreement::{Agreement, Caps, Corridor, LoadBand, Split, TierTerms};
use fairway_model::registry::{EvseEntry, Member, MemberKind};
use fairway_model::tariff::{Dimension, PriceComponent, SalesTax, Tariff, TariffElement};
use fairway_model::time::{DAY, HOUR, MINUTE, SECOND};
use fairway_model::{
    Cin, CinPrefix, Currency, CustomerClass, CustomerNumber, Energy, EvseId, Hash, MemberId, Micro,
    OwnerId, Payment, Ppm, Service, SigningKey, StationId, Tier, Time,
};
use fairway_protocol::ocmf::MeterKey;
use fairway_utility::Config;
use fairway_utility::command::{NewCustomer, PartnerRules, Policy, Rules};
use fairway_utility::seal::DecryptionKey;

/// How many utilities there are.
pub(crate) const UTILITIES: usize = 3;
/// How many validators there are: the utilities and the witness.
pub(crate) const REPLICAS: usize = 4;
/// 2026-11-10T12:00:00Z, when a world begins.
pub(crate) const BEGIN: Time = Time(1_794_312_000_000);
/// Stands in every customer's name; it must never leave the home utility's store and bills.
pub(crate) const CANARY: &str = "CANARY-NAME";
/// The currency of all amounts.
pub(crate) const USD: Currency = Currency::USD;

const CHAIN: &str = "fairway-sim";
const IDS: [&str; REPLICAS] = ["US*AAA", "US*BBB", "US*CCC", "US*REG"];
const PREFIXES: [&str; UTILITIES] = ["8400010", "8400020", "8400030"];
const ZONES: [&str; UTILITIES] = ["America/Chicago", "America/New_York", "America/New_York"];
const TAXES: [u32; UTILITIES] = [40_000, 72_500, 0];

/// Why a world could not be built: a word of the cast that the model does not take.
pub(crate) type Fault = String;

fn text<E: core::fmt::Display>(error: E) -> Fault {
    error.to_string()
}

fn member_id(place: usize) -> Result<MemberId, Fault> {
    MemberId::parse(IDS.get(place).copied().unwrap_or_default()).map_err(text)
}

/// Bytes that belong to a name.
pub(crate) fn seed(what: &str) -> [u8; 32] {
    Hash::of("fairway.sim.seed", what.as_bytes()).0
}

/// A driver with the numbers that lead to him.
#[derive(Debug, Clone)]
pub(crate) struct Driver {
    /// Place of the home utility.
    pub(crate) home: usize,
    /// What the operator enters.
    pub(crate) customer: NewCustomer,
    /// Blocked after he was entered.
    pub(crate) blocked: bool,
}

/// A station as registered.
#[derive(Debug, Clone)]
pub(crate) struct Bay {
    /// Place of its utility.
    pub(crate) utility: usize,
    pub(crate) entry: EvseEntry,
    pub(crate) meter: MeterKey,
}

/// Everybody and everything.
#[derive(Debug, Clone)]
pub(crate) struct Cast {
    pub(crate) genesis: Genesis,
    pub(crate) configs: Vec<Config>,
    pub(crate) prefixes: Vec<(usize, String)>,
    pub(crate) drivers: Vec<Driver>,
    pub(crate) bays: Vec<Bay>,
    /// Place of home, place of visited, terms.
    pub(crate) agreements: Vec<(usize, usize, Agreement)>,
    /// A well-formed CIN that nobody has.
    pub(crate) unknown_cin: String,
}

impl Cast {
    pub(crate) fn new(stations: usize) -> Result<Self, Fault> {
        let genesis = genesis()?;
        let mut cast = Self {
            configs: configs(&genesis)?,
            genesis,
            prefixes: Vec::new(),
            drivers: Vec::new(),
            bays: Vec::new(),
            agreements: Vec::new(),
            unknown_cin: cin(0, 999_999_999)?,
        };
        for (home, prefix) in PREFIXES.into_iter().enumerate() {
            cast.prefixes.push((home, prefix.to_owned()));
            cast.drivers.extend(drivers(home)?);
            for number in 1..=stations {
                cast.bays.push(bay(home, number)?);
            }
            for visited in 0..UTILITIES {
                cast.agreements
                    .push((home, visited, agreement(home, visited)?));
            }
        }
        Ok(cast)
    }
}

impl Cast {
    /// A cast for a market: so many customers of each utility, all alike, and agreements with these terms only.
    pub(crate) fn market(stations: usize, customers: u32, terms: &[Terms]) -> Result<Self, Fault> {
        let mut cast = Self::new(stations)?;
        cast.drivers.clear();
        for home in 0..UTILITIES {
            for number in 1..=customers {
                cast.drivers.push(shopper(home, number)?);
            }
        }
        for config in &mut cast.configs {
            config.policy.partners.clear();
            config.policy.residential.max_load_bps = MAX_LOAD_BPS;
        }
        cast.agreements.clear();
        for terms in terms {
            let (home, visited) = (terms.home, terms.visited);
            if home >= UTILITIES || visited >= UTILITIES {
                return Err(format!(
                    "terms of utility {home} with {visited}: 0 to 2 are right"
                ));
            }
            let agreement = agreed(agreement(home, visited)?, terms);
            cast.agreements.push((home, visited, agreement));
        }
        Ok(cast)
    }
}

/// A customer who pays what stands on the screen: no discount, no PIN, no block.
fn shopper(home: usize, number: u32) -> Result<Driver, Fault> {
    let mut customers = drivers(home)?;
    let mut driver = customers.pop().ok_or("a utility without customers")?;
    let of = u32::try_from(home).unwrap_or(0).saturating_mul(1_000);
    let number = 517_300_000_u32.saturating_add(of).saturating_add(number);
    driver.blocked = false;
    driver.customer.cin = cin(home, number)?;
    driver.customer.name = format!("{CANARY} {number}");
    driver.customer.credentials = vec![uid(number)];
    Ok(driver)
}

/// An agreement under a market's terms: one price per kWh without tax, fee or discount. Every load is accepted that the band allows.
fn agreed(mut base: Agreement, terms: &Terms) -> Agreement {
    base.tariffs = vec![terms.tariff.clone()];
    base.corridor = terms.corridor;
    base.load_band = terms.load_band;
    base.tiers = Vec::new();
    base.split = terms.split;
    base.split_rule = terms.split_rule;
    worded(base)
}

fn decryption_key(name: &str) -> DecryptionKey {
    DecryptionKey::from_seed(seed(&format!("{name} encryption")))
}

fn genesis() -> Result<Genesis, Fault> {
    let mut members = Vec::new();
    for (place, name) in IDS.into_iter().enumerate() {
        let utility = place < UTILITIES;
        members.push(Member {
            id: member_id(place)?,
            name: format!("{name} (demonstration)"),
            kind: if utility {
                MemberKind::Utility
            } else {
                MemberKind::Witness
            },
            key: SigningKey::from_seed(seed(name)).public(),
            validator: Some(SigningKey::from_seed(seed(&format!("{name} validator"))).public()),
            endpoint: if utility {
                "https://127.0.0.1:1".to_owned()
            } else {
                String::new()
            },
            tls_fingerprint: Hash::plain(name.as_bytes()),
            encryption: utility.then(|| decryption_key(name).public()),
        });
    }
    Ok(Genesis {
        chain_id: CHAIN.to_owned(),
        members,
    })
}

fn configs(genesis: &Genesis) -> Result<Vec<Config>, Fault> {
    let mut out = Vec::new();
    for (place, name) in IDS.into_iter().enumerate().take(UTILITIES) {
        out.push(Config {
            id: member_id(place)?,
            key: SigningKey::from_seed(seed(name)),
            name: format!("{name} (demonstration)"),
            ring: vec![decryption_key(name)],
            secret: seed(&format!("{name} secret")),
            chain: CHAIN.to_owned(),
            policy: policy(place)?,
            members: genesis.members.clone(),
            bill_offset: 0,
            report: None,
        });
    }
    Ok(out)
}

fn rules(max_load_bps: u32) -> Rules {
    Rules {
        tariff: "PUBLIC".to_owned(),
        max_load_bps,
        expected_energy: Energy(20_u64.saturating_mul(Energy::PER_KWH)),
        spread_bps: 2_500,
        guarantee: Micro(200_000_000),
    }
}

/// The second utility's rules make it counter loaded prices and offer another tariff to one partner's drivers.
fn policy(place: usize) -> Result<Policy, Fault> {
    let partners = if place == 1 {
        vec![PartnerRules {
            home: member_id(2)?,
            tariff: "PARTNER".to_owned(),
            max_load_bps: 11_500,
        }]
    } else {
        Vec::new()
    };
    Ok(Policy {
        version: 1,
        residential: rules(if place == 1 { 11_000 } else { 13_000 }),
        commercial: rules(13_000),
        partners,
        offer_ttl: MINUTE,
        profile_ttl: HOUR,
        home_timeout: 8 * SECOND,
        attempts_per_minute: 60,
        money: None,
    })
}

fn cin(home: usize, number: u32) -> Result<String, Fault> {
    let prefix = CinPrefix::parse(PREFIXES.get(home).copied().unwrap_or_default()).map_err(text)?;
    let number = CustomerNumber::new(number).map_err(text)?;
    Ok(Cin::new(prefix, Service::Standard, number).digits())
}

fn drivers(home: usize) -> Result<Vec<Driver>, Fault> {
    let kinds = [
        (
            CustomerClass::Residential,
            Tier::Gold,
            Payment::Postpaid,
            None,
            false,
        ),
        (
            CustomerClass::Commercial,
            Tier::Platinum,
            Payment::Postpaid,
            None,
            false,
        ),
        (
            CustomerClass::Residential,
            Tier::Standard,
            Payment::Prepaid,
            Some("2468"),
            false,
        ),
        (
            CustomerClass::Residential,
            Tier::Standard,
            Payment::Postpaid,
            None,
            true,
        ),
    ];
    let mut out = Vec::new();
    for (number, (class, tier, payment, pin, blocked)) in (1_u32..).zip(kinds) {
        let of = u32::try_from(home).unwrap_or(0).saturating_mul(1_000);
        let number = 417_300_000_u32.saturating_add(of).saturating_add(number);
        let customer = NewCustomer {
            cin: cin(home, number)?,
            name: format!("{CANARY} {number}"),
            class,
            tier,
            payment,
            credit_limit: Micro(5_000_000_000),
            language: "en".to_owned(),
            pin: pin.map(str::to_owned),
            credentials: vec![uid(number)],
            currency: USD,
        };
        out.push(Driver {
            home,
            customer,
            blocked,
        });
    }
    Ok(out)
}

/// The serial number of a customer's card, which only the home utility knows.
fn uid(number: u32) -> String {
    format!("04{number:012X}")
}

fn bay(utility: usize, number: usize) -> Result<Bay, Fault> {
    let member = member_id(utility)?;
    let (party, zone) = (member.party(), ZONES.get(utility).copied().unwrap_or("UTC"));
    let station = StationId::parse(&format!("{party}-{number:02}")).map_err(text)?;
    let meter = MeterKey::from_seed(seed(station.as_str()));
    let entry = EvseEntry {
        evse: EvseId::parse(&format!("US*{party}*E{number:04}*1")).map_err(text)?,
        station,
        number: 1,
        utility: member,
        owner: OwnerId::parse(&format!("site-{party}")).map_err(text)?,
        meter_key: meter.public_spki(),
        time_zone: zone.to_owned(),
        area: format!("AREA-{party}"),
        max_power_w: 150_000,
    };
    Ok(Bay {
        utility,
        entry,
        meter,
    })
}

fn tariff(id: &str, visited: usize, kwh: i64) -> Tariff {
    let component = |dimension, price, step_size| PriceComponent {
        dimension,
        price: Micro(price),
        vat: None,
        step_size,
    };
    let rate = TAXES.get(visited).copied().unwrap_or(0);
    let tax = SalesTax {
        name: "Sales tax".to_owned(),
        rate: Ppm(rate),
        on: Vec::new(),
    };
    Tariff {
        id: id.to_owned(),
        currency: USD,
        elements: vec![TariffElement {
            components: vec![
                component(Dimension::Energy, kwh, 1),
                component(Dimension::Flat, 500_000, 0),
                component(Dimension::ParkingTime, 2_000_000, 60),
            ],
            restrictions: None,
        }],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: if rate == 0 { Vec::new() } else { vec![tax] },
    }
}

fn agreement(home: usize, visited: usize) -> Result<Agreement, Fault> {
    let kwh =
        340_000_i64.saturating_add(i64::try_from(visited).unwrap_or(0).saturating_mul(20_000));
    let tier = |tier, discount_bps, home_bears_bps| TierTerms {
        tier,
        discount_bps,
        home_bears_bps,
    };
    let own = home == visited;
    Ok(worded(Agreement {
        version: 1,
        home: member_id(home)?,
        visited: member_id(visited)?,
        currency: USD,
        valid_from: BEGIN.plus(DAY.saturating_neg()),
        valid_until: BEGIN.plus(365 * DAY),
        text_hash: Hash::default(),
        tariffs: vec![
            tariff("PUBLIC", visited, kwh),
            tariff("PARTNER", visited, kwh.saturating_sub(30_000)),
        ],
        corridor: Corridor {
            floor: Micro(200_000),
            cap: Micro(600_000),
        },
        load_band: LoadBand {
            min_bps: 8_000,
            max_bps: 13_000,
        },
        caps: Caps {
            energy_per_charge: Energy(150_u64.saturating_mul(Energy::PER_KWH)),
            amount_per_charge: Micro(150_000_000),
            exposure: Micro(50_000_000_000),
        },
        tiers: vec![
            tier(Tier::Gold, 500, 5_000),
            tier(Tier::Platinum, 1_000, 7_000),
        ],
        split: Split {
            home_bps: if own { 0 } else { 800 },
            visited_bps: if own { 8_500 } else { 7_700 },
            owner_bps: 1_500,
        },
        hold_ttl: 2 * HOUR,
        netting_days: 1,
        due_days: 10,
        interest_bps: 600,
        dispute_days: 30,
        notice_days: None,
        session_caps: None,
        service: None,
        collateral: None,
        model: None,
        rule: None,
        rule_fuel: None,
        annex_hash: None,
        split_rule: None,
        forecast: None,
    }))
}

/// A CIN with one digit mistyped.
pub(crate) fn mistyped(cin: &str, rng: &mut Rng) -> String {
    let at = rng.place(cin.len());
    cin.chars()
        .enumerate()
        .map(|(i, c)| match c.to_digit(10) {
            Some(d) if i == at => char::from_digit(d.saturating_add(1) % 10, 10).unwrap_or(c),
            _ => c,
        })
        .collect()
}
