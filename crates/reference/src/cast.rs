//! What a seed is about: members with keys, EVSEs, agreements, sessions. Everything follows from the seed, and nothing from which
//! steps are played, so that steps can be left out.

mod tariffs;

use crate::chance::Chance;
use crate::rating;
use fairway_ledger::{Genesis, worded};
use fairway_model::agreement::{Caps, Corridor, LoadBand, ServiceLevel, Split, TierTerms};
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_model::registry::{EncryptionKey, EvseEntry, Member, MemberKind};
use fairway_model::split::{AdHoc, Alone, Costs, SplitRule};
use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{
    Adjustments, Agreement, Currency, Energy, EvseId, Guarantee, GuaranteeId, Hash, IdError,
    MemberId, Micro, MoneyError, OwnerId, Period, PeriodKind, SessionCaps, SessionId, Signature,
    SigningKey, StationId, Tier, Time, Usage,
};
use std::collections::BTreeMap;

/// The chain's name.
pub const CHAIN: &str = "fairway-reference";
/// Utilities; the member behind them is the witness.
pub const UTILITIES: usize = 3;
/// Place of somebody who is no founder and may be taken in.
pub const NEWCOMER: usize = UTILITIES + 1;
/// Keys that each member may have in turn.
pub const KEYS: usize = 3;
/// EVSEs, spread over the utilities.
pub const EVSES: usize = 6;
/// Directions of pairs that have agreements.
pub const PAIRS: usize = 4;
/// Sessions of one seed.
pub const SESSIONS: usize = 12;
/// Guarantees of one pair and version.
pub const GUARANTEES: u8 = 2;
/// Versions of each pair's agreement.
pub const VERSIONS: u32 = 2;

const NAMES: [&str; UTILITIES + 2] = ["APC", "DUK", "GPC", "REG", "NEW"];
const ZONES: [&str; EVSES] = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "America/St_Johns",
    "UTC",
];
/// Instants around which a seed plays: clocks change in New York, Berlin and on Lord Howe, a leap day, a new year, a usual day.
const EDGES: [i64; 8] = [
    1_772_953_200_000, // 2026-03-08T07:00Z
    1_793_512_800_000, // 2026-11-01T06:00Z
    1_774_746_000_000, // 2026-03-29T01:00Z
    1_792_890_000_000, // 2026-10-25T01:00Z
    1_775_314_800_000, // 2026-04-04T15:00Z
    1_835_395_200_000, // 2028-02-29T00:00Z
    1_798_761_600_000, // 2027-01-01T00:00Z
    1_795_420_800_000, // 2026-11-23T08:00Z
];

/// A charge that somebody plans.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Which pair.
    pub pair: usize,
    /// Under which version of the pair's agreement.
    pub version: u32,
    /// Which of the pair's guarantees.
    pub guarantee: u8,
    /// Where.
    pub evse: usize,
    /// Which tariff of the agreement.
    pub tariff: usize,
    /// Adjustments.
    pub adjustments: Adjustments,
    /// What is consumed.
    pub usage: Usage,
    /// What is held.
    pub hold: Micro,
    /// When the hold expires.
    pub expires: i64,
}

/// Everything that a seed is about.
#[derive(Debug)]
pub struct Cast {
    /// The seed.
    pub seed: u64,
    /// The instant around which it plays, in milliseconds.
    pub edge: i64,
    /// Founders, the witness last of them; then the newcomer.
    pub members: Vec<MemberId>,
    keys: Vec<Vec<SigningKey>>,
    /// EVSEs.
    pub evses: Vec<EvseEntry>,
    /// Home and visited utility of each pair with agreements, as places.
    pub pairs: Vec<(usize, usize)>,
    terms: BTreeMap<(usize, u32), Agreement>,
    /// Sessions.
    pub sessions: Vec<Session>,
}

/// What the cast was asked for and has not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub String);

impl From<IdError> for Missing {
    fn from(error: IdError) -> Self {
        Self(error.to_string())
    }
}

impl From<MoneyError> for Missing {
    fn from(error: MoneyError) -> Self {
        Self(error.to_string())
    }
}

fn missing(what: &str) -> Missing {
    Missing(format!("no such {what} in the cast"))
}

impl Cast {
    /// The cast of a seed.
    ///
    /// # Errors
    /// [`Missing`] when a name of the cast itself is malformed, which is a mistake here.
    pub fn new(seed: u64) -> Result<Self, Missing> {
        let mut chance = Chance::new(seed, "cast");
        let members: Result<Vec<MemberId>, IdError> = NAMES
            .iter()
            .map(|name| MemberId::parse(&format!("US*{name}")))
            .collect();
        let keys = NAMES.iter().map(|name| keys_of(name)).collect();
        let mut cast = Self {
            seed,
            edge: chance.pick(&EDGES, 0),
            members: members?,
            keys,
            evses: Vec::new(),
            pairs: pairs(&mut chance),
            terms: BTreeMap::new(),
            sessions: Vec::new(),
        };
        for place in 0..EVSES {
            let entry = cast.make_evse(place, &mut chance)?;
            cast.evses.push(entry);
        }
        for pair in 0..PAIRS {
            for version in 1..=VERSIONS {
                let terms = cast.make_terms(pair, version)?;
                cast.terms.insert((pair, version), terms);
            }
        }
        for number in 0..SESSIONS {
            let session = cast.make_session(number)?;
            cast.sessions.push(session);
        }
        Ok(cast)
    }

    /// The founders.
    pub fn genesis(&self) -> Genesis {
        let members = self.members.iter().enumerate().take(NEWCOMER);
        Genesis {
            chain_id: CHAIN.to_owned(),
            members: members.map(|(place, id)| self.entry(place, *id)).collect(),
        }
    }

    /// What the roll says of a member when it is taken in.
    pub fn entry(&self, place: usize, id: MemberId) -> Member {
        Member {
            id,
            name: id.to_string(),
            kind: if place == UTILITIES {
                MemberKind::Witness
            } else {
                MemberKind::Utility
            },
            key: self.key(place, 0).public(),
            validator: Some(self.validator_key(place, 0).public()),
            endpoint: "https://127.0.0.1:1".to_owned(),
            tls_fingerprint: Hash::plain(id.to_string().as_bytes()),
            encryption: None,
        }
    }

    /// A validator key of a generation.
    pub fn validator_key(&self, place: usize, generation: usize) -> SigningKey {
        made_key(&self.validator_name(place, generation))
    }

    fn validator_name(&self, place: usize, generation: usize) -> String {
        let id = self.members.get(place).map(ToString::to_string);
        let id = id.unwrap_or_default();
        match generation {
            0 => format!("validator {id}"),
            _ => format!("validator {id} {generation}"),
        }
    }

    /// A validator's signature over exactly these bytes, as the chain makes it.
    pub fn vote(&self, place: usize, generation: usize, words: &[u8]) -> Signature {
        let seed = seed_of(&self.validator_name(place, generation));
        let key = ed25519_consensus::SigningKey::from(seed);
        Signature(key.sign(words).to_bytes())
    }

    /// A member.
    pub fn member(&self, place: usize) -> Result<MemberId, Missing> {
        self.members
            .get(place)
            .copied()
            .ok_or_else(|| missing("member"))
    }

    /// A member's key of a generation.
    pub fn key(&self, place: usize, generation: usize) -> SigningKey {
        self.keys
            .get(place)
            .and_then(|keys| keys.get(generation))
            .cloned()
            .unwrap_or_else(|| made_key("nobody"))
    }

    /// An encryption key of a member's place and a generation; the contracts do not look into it.
    pub fn encryption_key(place: usize, generation: usize) -> EncryptionKey {
        EncryptionKey(Hash::plain(format!("encryption {place} {generation}").as_bytes()).0)
    }

    /// A pair's two utilities.
    pub fn pair(&self, pair: usize) -> Result<(MemberId, MemberId), Missing> {
        let (home, visited) = self.pairs.get(pair).ok_or_else(|| missing("pair"))?;
        Ok((self.member(*home)?, self.member(*visited)?))
    }

    /// The terms of a pair.
    pub fn terms(&self, pair: usize, version: u32) -> Result<&Agreement, Missing> {
        self.terms
            .get(&(pair, version))
            .ok_or_else(|| missing("agreement"))
    }

    /// A session.
    pub fn session(&self, number: usize) -> Result<&Session, Missing> {
        self.sessions.get(number).ok_or_else(|| missing("session"))
    }

    /// An EVSE as it is registered.
    pub fn evse(&self, place: usize) -> Result<&EvseEntry, Missing> {
        self.evses.get(place).ok_or_else(|| missing("EVSE"))
    }

    /// The meter key of an EVSE in its generations.
    pub fn meter_key(place: usize, generation: usize) -> Vec<u8> {
        format!("meter {place} of generation {generation}").into_bytes()
    }

    /// The EVSEs of a utility.
    pub fn evses_of(utility: usize) -> [usize; 2] {
        [utility, utility + UTILITIES]
    }

    /// A guarantee of a pair.
    pub fn guarantee(&self, pair: usize, version: u32, number: u8) -> Result<Guarantee, Missing> {
        let terms = self.terms(pair, version)?;
        let mut chance = Chance::new(self.seed, &format!("guarantee {pair} {version} {number}"));
        let cap = terms.caps.amount_per_charge.0;
        let mut id = [number; 16];
        for (slot, byte) in id.iter_mut().zip([pair, 7]) {
            *slot = u8::try_from(byte).unwrap_or(0);
        }
        if let Some(slot) = id.get_mut(2) {
            *slot = u8::try_from(version).unwrap_or(0);
        }
        Ok(Guarantee {
            id: GuaranteeId(id),
            agreement: terms.id(),
            limit: Micro(chance.span(cap / 2, cap.saturating_mul(5))),
            valid_until: Time(self.edge + chance.span(0, 20) * HOUR),
        })
    }

    fn make_evse(&self, place: usize, chance: &mut Chance) -> Result<EvseEntry, Missing> {
        let utility = self.member(place % UTILITIES)?;
        let party = utility.party();
        // The second EVSE of a utility stands at the same station, or at one of its own.
        let station = if chance.percent(50) { 1 } else { place };
        Ok(EvseEntry {
            evse: EvseId::parse(&format!("US*{party}*E{place:04}*1"))?,
            station: StationId::parse(&format!("{party}-{station}"))?,
            number: u32::try_from(place).unwrap_or(0) + 1,
            utility,
            owner: OwnerId::parse(chance.pick(&["OWNER-1", "OWNER-2"], "OWNER-1"))?,
            meter_key: Self::meter_key(place, 0),
            time_zone: chance.pick(&ZONES, "UTC").to_owned(),
            area: "SERC".to_owned(),
            max_power_w: 150_000,
        })
    }

    fn make_terms(&self, pair: usize, version: u32) -> Result<Agreement, Missing> {
        let mut chance = Chance::new(self.seed, &format!("terms {pair} {version}"));
        let (home, visited) = self.pair(pair)?;
        let currency = chance.pick(&["USD", "USD", "USD", "EUR", "JPY", "KWD"], "USD");
        let currency = Currency::parse(currency)?;
        let amount = chance.span(15_000_000, 200_000_000);
        let (valid_from, valid_until) = self.validity(version, &mut chance);
        let home_bps = chance.small(0, 3_000);
        let owner_bps = chance.small(0, 3_000);
        let tariffs =
            (0..=chance.below(2)).map(|n| tariffs::make(&mut chance, n, currency, self.edge));
        let tariffs = tariffs.collect();
        let floor = chance.span(0, 300_000);
        let notice_days = chance.percent(30).then(|| chance.pick(&[0, 1, 7], 1));
        let session_caps = chance.percent(30).then(|| SessionCaps {
            concurrent: Some(chance.small(1, 3)),
            per_day: chance.percent(50).then(|| chance.small(1, 4)),
        });
        let service = self.service_level(pair, version);
        let mut terms = Agreement {
            version,
            home,
            visited,
            currency,
            valid_from,
            valid_until,
            text_hash: Hash::default(),
            tariffs,
            corridor: Corridor {
                floor: Micro(floor),
                cap: Micro(floor + chance.span(0, 600_000)),
            },
            load_band: LoadBand {
                min_bps: chance.small(5_000, 10_000),
                max_bps: chance.small(10_000, 15_000),
            },
            caps: Caps {
                energy_per_charge: Energy(chance.below(80_000_000) + 20_000_000),
                amount_per_charge: Micro(amount),
                exposure: Micro(amount + chance.span(0, amount)),
            },
            tiers: tiers(&mut chance),
            split: Split {
                home_bps,
                visited_bps: 10_000 - home_bps - owner_bps,
                owner_bps,
            },
            hold_ttl: chance.span(1, 30) * HOUR,
            netting_days: service.map_or(7, |(days, _)| days),
            due_days: 14,
            interest_bps: 500,
            dispute_days: u16::try_from(chance.small(0, 30)).unwrap_or(0),
            notice_days,
            session_caps,
            service: service.map(|(_, level)| level),
            collateral: (home != visited && chance.percent(20))
                .then(|| Micro(chance.span(1, 12) * 1_000_000)),
            model: None,
            rule: None,
            rule_fuel: None,
            annex_hash: None,
            split_rule: self.split_rule(pair, version, floor),
            forecast: None,
        };
        terms.forecast = self.forecast_terms(pair, version, terms.load_band);
        Ok(worded(terms))
    }

    /// From when on and until when terms are valid: some end while the seed plays.
    fn validity(&self, version: u32, chance: &mut Chance) -> (Time, Time) {
        let begin = self.edge - if version > 1 { 0 } else { 2 * DAY };
        let until = if chance.percent(15) {
            self.edge + chance.span(0, 12) * HOUR
        } else {
            self.edge + 400 * DAY
        };
        (Time(begin), Time(until))
    }

    /// Every other agreement with somebody else promises to serve, by cycles of some days; drawn apart.
    fn service_level(&self, pair: usize, version: u32) -> Option<(u16, ServiceLevel)> {
        let mut chance = Chance::new(self.seed, &format!("service {pair} {version}"));
        let penalty = chance.span(1, 5_000_000);
        let level = ServiceLevel {
            least_served_bps: chance.pick(&[0, 5_000, 9_000, 10_000], 9_000),
            penalty: Micro(penalty),
            penalty_cap: Micro(penalty + chance.span(0, 2 * penalty)),
            answer_hours: chance.pick(&[1, 24], 24),
        };
        let days = chance.pick(&[1, 1, 2], 1);
        let (home, visited) = self.pairs.get(pair).copied().unwrap_or_default();
        (home != visited && chance.percent(50)).then_some((days, level))
    }

    /// Whether an agreement's prices follow a forecast.
    pub fn follows(&self, pair: usize, version: u32) -> bool {
        let terms = self.terms.get(&(pair, version));
        terms.is_some_and(|t| t.forecast.is_some())
    }

    /// Forecast terms in one agreement of four; drawn apart, so that everything else of a seed stays as it is.
    fn forecast_terms(&self, pair: usize, version: u32, band: LoadBand) -> Option<ForecastTerms> {
        let mut chance = Chance::new(self.seed, &format!("forecast {pair} {version}"));
        let mut terms = plain_forecast(band.min_bps, band.max_bps);
        for hour in terms.weekday_bps.iter_mut().chain(&mut terms.weekend_bps) {
            *hour = chance.small(band.min_bps, band.max_bps);
        }
        terms.notice_hours = chance.pick(&[0, 2, 12], 2);
        chance.percent(25).then_some(terms)
    }

    /// Fixed parts in one agreement of three; drawn apart, so that everything else of a seed stays as it is.
    fn split_rule(&self, pair: usize, version: u32, floor: i64) -> Option<SplitRule> {
        let mut chance = Chance::new(self.seed, &format!("split rule {pair} {version}"));
        let costs = Costs {
            energy_per_kwh: Micro(chance.span(0, floor / 2)),
            network_per_kwh: Micro(chance.span(0, floor / 2)),
            per_charge: Micro(chance.pick(&[0, 0, 333_333, 2_000_000], 0)),
        };
        let mut amount = |most| Micro(chance.span(0, most));
        let (price_per_kwh, few) = (amount(600_000), 60_000);
        let alone = Alone {
            home_per_kwh: amount(few),
            visited_per_kwh: amount(few),
            owner_per_kwh: amount(few),
        };
        match chance.below(3) {
            0 => None,
            1 => Some(SplitRule::Nash { costs, alone }),
            _ => Some(SplitRule::Shapley {
                costs,
                ad_hoc: AdHoc {
                    price_per_kwh,
                    chance_bps: chance.small(0, 10_000),
                },
            }),
        }
    }

    fn make_session(&self, number: usize) -> Result<Session, Missing> {
        let mut chance = Chance::new(self.seed, &format!("session {number}"));
        let pair = chance.place(PAIRS);
        let (_, visited) = self.pairs.get(pair).ok_or_else(|| missing("pair"))?;
        let start = self.edge + chance.span(-8 * HOUR, 10 * HOUR);
        // Charges that run over the edge are what the edge is for.
        let start = if chance.percent(40) {
            self.edge - chance.span(0, 90) * MINUTE
        } else {
            start
        };
        let version = if start >= self.edge {
            1 + chance.small(0, 1)
        } else {
            1
        };
        let terms = self.terms(pair, version)?;
        let tier = chance.pick(
            &[Tier::Standard, Tier::Gold, Tier::Diamond, Tier::Platinum],
            Tier::Standard,
        );
        let band = terms.load_band;
        let middle = chance.small(band.min_bps, band.max_bps);
        let load = chance.pick(&[band.min_bps, band.max_bps, 10_000, middle], 10_000);
        let adjustments = Adjustments {
            load_bps: load,
            tier,
            discount_bps: terms.tier_terms(tier).map_or(0, |t| t.discount_bps),
            corridor: terms.corridor,
        };
        let usage = make_usage(&mut chance, start);
        let evse = chance.pick(&Self::evses_of(*visited), 0);
        let tariff = chance.place(terms.tariffs.len());
        let zone = &self.evse(evse)?.time_zone;
        let total = terms
            .tariffs
            .get(tariff)
            .and_then(|t| rating::price(t, zone, &adjustments, &usage).ok())
            .map_or(1_000_000, |p| rating::total(&p).0);
        let about = chance.span(total / 2, total.saturating_mul(2));
        let hold = chance
            .pick(&[total, total - 1, total + 1, about], total)
            .max(1);
        let ttl = chance.span(10 * MINUTE, terms.hold_ttl.clamp(10 * MINUTE, 6 * HOUR));
        let id = [u8::try_from(number).unwrap_or(0); 16];
        Ok(Session {
            id: SessionId(id),
            pair,
            version,
            guarantee: u8::try_from(chance.below(u64::from(GUARANTEES))).unwrap_or(0),
            evse,
            tariff,
            adjustments,
            usage,
            hold: Micro(hold.min(terms.caps.amount_per_charge.0)),
            expires: start + ttl,
        })
    }
}

/// Forecast terms that keep a band.
pub(crate) fn plain_forecast(low: u32, high: u32) -> ForecastTerms {
    let point = |level, bps| CurvePoint { level, bps };
    ForecastTerms {
        curve: vec![point(0, low), point(1_000, high.max(low + 1))],
        step_bps: 500,
        notice_hours: 2,
        skill_days: 7,
        weekday_bps: vec![low; 24],
        weekend_bps: vec![high; 24],
        spare: None,
        stake: None,
    }
}

fn seed_of(name: &str) -> [u8; 32] {
    Hash::of("fairway.reference.key", name.as_bytes()).0
}

fn made_key(name: &str) -> SigningKey {
    SigningKey::from_seed(seed_of(name))
}

fn keys_of(name: &str) -> Vec<SigningKey> {
    (0..KEYS)
        .map(|generation| made_key(&format!("{name}/{generation}")))
        .collect()
}

/// A member's own drivers, and three directions between members.
fn pairs(chance: &mut Chance) -> Vec<(usize, usize)> {
    let first = chance.place(UTILITIES);
    let (second, third) = ((first + 1) % UTILITIES, (first + 2) % UTILITIES);
    let mut pairs = vec![(first, second), (second, first), (third, first)];
    pairs.push(if chance.percent(60) {
        (first, first)
    } else {
        (second, third)
    });
    pairs
}

fn tiers(chance: &mut Chance) -> Vec<TierTerms> {
    let mut out = Vec::new();
    for tier in [Tier::Gold, Tier::Diamond, Tier::Platinum] {
        if chance.percent(60) {
            out.push(TierTerms {
                tier,
                discount_bps: chance.small(0, 3_000),
                home_bears_bps: chance.small(0, 10_000),
            });
        }
    }
    out
}

/// Periods with odd lengths and energies; some without length, some without energy, some parked.
fn make_usage(chance: &mut Chance, start: i64) -> Usage {
    let mut at = start;
    let mut periods = Vec::new();
    for _ in 0..=chance.below(4) {
        let parking = chance.percent(25);
        let millis = match chance.below(10) {
            0 => 0,
            1 => chance.span(1, 999),
            2 => chance.span(2 * HOUR, 9 * HOUR),
            _ => chance.span(MINUTE, 90 * MINUTE),
        };
        let energy = if parking && chance.percent(80) {
            0
        } else {
            chance.below(9_000_000)
        };
        periods.push(Period {
            start: Time(at),
            kind: if parking {
                PeriodKind::Parking
            } else {
                PeriodKind::Charging
            },
            energy: Energy(energy),
            power_w: chance.percent(40).then(|| chance.small(0, 150_000)),
            current_ma: chance.percent(30).then(|| chance.small(0, 400_000)),
        });
        at += millis;
    }
    Usage {
        end: Time(at),
        periods,
    }
}
