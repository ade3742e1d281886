//! What is compared, and the terms of each: price lists, load multipliers, who gets what. Whole numbers, from the shipped price engine.

use crate::loads::{Loads, Slot};
use crate::number::{bps, major, micro};
use crate::parameters::{KWH, PROFILE, Parameters, REGIONS};
use fairway_model::agreement::{Corridor, LoadBand, Split};
use fairway_model::forecast::{CurvePoint, ForecastTerms};
use fairway_model::tariff::{Dimension, PriceComponent, TariffElement};
use fairway_model::{
    Adjustments, Currency, Energy, Micro, Period, PeriodKind, SessionId, Shares, Tariff, Tier,
    Time, Usage,
};
use fairway_pricing::{CompiledTariff, Sharing, Turn, price_per_kwh_now, rate, share};
use std::collections::BTreeMap;

/// A multiplier that changes nothing.
pub const NEUTRAL: u32 = 10_000;
/// Multipliers that the contracts allow, in basis points.
pub const BAND: LoadBand = LoadBand {
    min_bps: 7_000,
    max_bps: 20_000,
};
/// The largest step of a multiplier from hour to hour.
const STEP_BPS: u32 = 2_500;
/// Places of the map's knots in basis points: close together where the cost is steep.
const KNOTS: [u32; 9] = [0, 2_000, 4_000, 5_500, 7_000, 8_000, 9_000, 9_500, 10_000];
/// The corridor of energy prices, as parts of the base price, in percent.
const CORRIDOR: (i64, i64) = (50, 220);
/// When charges are rated; the price lists do not depend on it.
const WHEN: Time = Time(1_794_312_000_000);
/// Power of a charge, for its length only.
const POWER_W: u32 = 50_000;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Regime {
    /// No roaming: drivers away from home charge at home, or not at all.
    None,
    /// Through a hub: the visited utility sets a wholesale price, home adds its margin, the hub takes a fee.
    Hub,
    /// The contract with one agreed price.
    Static,
    /// The contract whose price follows the agreed table by month, kind of day and hour.
    Table,
    /// The contract whose price follows the forecast.
    Forecast,
    /// The contract whose price follows the load itself: a bound, since nobody knows it the day before.
    Known,
}

impl Regime {
    /// The four that the paper's evaluation is re-created with.
    pub const COMPARED: [Self; 4] = [Self::None, Self::Hub, Self::Static, Self::Forecast];
    /// The contracts that the back-test compares.
    pub const CONTRACTS: [Self; 4] = [Self::Static, Self::Table, Self::Forecast, Self::Known];

    /// The name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "no roaming",
            Self::Hub => "hub roaming",
            Self::Static => "contract, fixed price",
            Self::Table => "contract, time-of-use table",
            Self::Forecast => "contract, forecast",
            Self::Known => "contract, load known",
        }
    }

    /// The name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Hub => "hub",
            Self::Static => "static",
            Self::Table => "table",
            Self::Forecast => "forecast",
            Self::Known => "known",
        }
    }
}

/// What a home utility and a visited one agreed.
#[derive(Debug, Clone)]
pub struct Deal {
    /// The price list.
    pub tariff: Tariff,
    /// Limits of the energy price.
    pub corridor: Corridor,
    /// Who gets what.
    pub split: Split,
    compiled: CompiledTariff,
}

/// A charge of [`KWH`] in currency units.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bill {
    /// Per kWh, as offered.
    pub offered: Micro,
    /// The same in currency units.
    pub price: f64,
    /// What the driver pays.
    pub total: f64,
    /// What the home utility gets, after fees.
    pub home: f64,
    /// What the visited utility gets, after fees.
    pub visited: f64,
    /// What the site owner gets, after fees.
    pub owner: f64,
    /// What the hub or the ledger costs.
    pub fee: f64,
}

/// The price of a charge by the price engine: the offered price per kWh, the total and the shares.
pub type Priced = (Micro, Micro, Shares);

impl Deal {
    /// A deal at this price per kWh.
    ///
    /// # Errors
    /// A price list that the engine does not take.
    pub fn new(price: Micro, split: Split) -> Result<Self, String> {
        let component = PriceComponent {
            dimension: Dimension::Energy,
            price,
            vat: None,
            step_size: 1,
        };
        let tariff = Tariff {
            id: "PUBLIC".to_owned(),
            currency: Currency::USD,
            elements: vec![TariffElement {
                components: vec![component],
                restrictions: None,
            }],
            min_price: None,
            max_price: None,
            valid_from: None,
            valid_until: None,
            sales_taxes: Vec::new(),
        };
        let limit = |percent: i64| Micro(price.0.saturating_mul(percent) / 100);
        let compiled = CompiledTariff::compile(&tariff, "UTC").map_err(|e| e.to_string())?;
        Ok(Self {
            tariff,
            corridor: Corridor {
                floor: limit(CORRIDOR.0),
                cap: limit(CORRIDOR.1),
            },
            split,
            compiled,
        })
    }

    /// What a charge of so much energy costs under a load multiplier, by the shipped price engine.
    ///
    /// # Errors
    /// What the engine refuses.
    pub fn price(
        &self,
        energy: Energy,
        load_bps: u32,
        session: SessionId,
    ) -> Result<Priced, String> {
        let adjustments = Adjustments {
            load_bps,
            tier: Tier::Standard,
            discount_bps: 0,
            corridor: self.corridor,
        };
        let usage = Usage {
            end: WHEN.plus(3_600_000),
            periods: vec![Period {
                start: WHEN,
                kind: PeriodKind::Charging,
                energy,
                power_w: Some(POWER_W),
                current_ma: None,
            }],
        };
        let breakdown = rate(&self.compiled, &adjustments, &usage).map_err(|e| e.to_string())?;
        let sharing = Sharing {
            parts: &self.split,
            rule: None,
            tier: None,
            turn: Turn::of(session),
        };
        let shares = share(&breakdown, &sharing).map_err(|e| e.to_string())?;
        let offered = price_per_kwh_now(&self.compiled, &adjustments, WHEN);
        Ok((offered.ok_or("no energy price")?, breakdown.total, shares))
    }

    /// A charge of [`KWH`] with a fee on what flows.
    fn bill(&self, load_bps: u32, fee: f64) -> Result<Bill, String> {
        let energy = Energy(u64::from(KWH) * Energy::PER_KWH);
        let (price, total, shares) = self.price(energy, load_bps, SessionId([0; 16]))?;
        let after = |amount: Micro| major(amount) * (1.0 - fee);
        Ok(Bill {
            offered: price,
            price: major(price),
            total: major(total),
            home: after(shares.home),
            visited: after(shares.visited),
            owner: after(shares.owner),
            fee: major(total) * fee,
        })
    }
}

/// Everything that is agreed and published under all regimes.
#[derive(Debug, Clone)]
pub struct Book {
    /// Mean cost of a kWh by region, over the hours in which drivers wish to charge, as the agreed table expects it.
    pub costs: [f64; REGIONS],
    /// Multipliers hour by hour and region: of the table, of the forecast contract, and with the load known.
    multipliers: [[Vec<u32>; REGIONS]; 3],
    deals: BTreeMap<(bool, usize, usize), Deal>,
    bills: BTreeMap<(bool, usize, usize, u32), Bill>,
}

/// The series of multipliers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The agreed table.
    Table,
    /// The forecast where it has skill, else the table.
    Forecast,
    /// The load itself, which nobody knows the day before.
    Load,
}

impl Book {
    /// The terms for these loads.
    ///
    /// # Errors
    /// Terms that the price engine does not take.
    pub fn new(p: &Parameters, loads: &Loads) -> Result<Self, String> {
        let [a, b] = &loads.regions;
        let weight = |s: &Slot| f64::from(PROFILE.get(s.clock).copied().unwrap_or(0));
        let cost = |r: &crate::loads::Region| {
            let usual = |s: &Slot| weight(s) * p.cost_at(crate::number::part(s.usual));
            r.mean(usual) / r.mean(weight)
        };
        let costs = [cost(a), cost(b)];
        let [cost_a, cost_b] = costs;
        let (terms_a, terms_b) = (terms(p, cost_a), terms(p, cost_b));
        let series = |signal| {
            [
                multipliers(a, &terms_a, signal),
                multipliers(b, &terms_b, signal),
            ]
        };
        let mut book = Self {
            costs,
            multipliers: [
                series(Signal::Table),
                series(Signal::Forecast),
                series(Signal::Load),
            ],
            deals: BTreeMap::new(),
            bills: BTreeMap::new(),
        };
        book.agree(p)?;
        book.rate_all(p)?;
        Ok(book)
    }

    fn agree(&mut self, p: &Parameters) -> Result<(), String> {
        let margin = 1.0 / p.rate;
        for home in 0..REGIONS {
            for (visited, cost) in self.costs.iter().enumerate() {
                let contract = cost + margin;
                let split = if home == visited {
                    split(0.0, p.owner_share)
                } else {
                    // Home's part is of what is earned over the cost of energy, which the visited utility pays.
                    split(p.home_share * margin / contract, p.owner_share)
                };
                let deal = Deal::new(micro(contract), split)?;
                self.deals.insert((false, home, visited), deal);
                if home != visited {
                    // Two margins: wholesale is cost and one margin, retail adds another, which home keeps.
                    let retail = contract + margin;
                    let split = split_of(margin / retail, p.owner_share);
                    self.deals
                        .insert((true, home, visited), Deal::new(micro(retail), split)?);
                }
            }
        }
        Ok(())
    }

    fn rate_all(&mut self, p: &Parameters) -> Result<(), String> {
        for (key, deal) in &self.deals {
            let (hub, home, visited) = *key;
            let fee = if hub {
                p.hub_fee
            } else if home == visited {
                0.0
            } else {
                p.ledger_fee
            };
            let mut wanted = vec![NEUTRAL];
            for series in &self.multipliers {
                wanted.extend(series.get(visited).into_iter().flatten().copied());
            }
            wanted.sort_unstable();
            wanted.dedup();
            for load_bps in wanted {
                self.bills
                    .insert((hub, home, visited, load_bps), deal.bill(load_bps, fee)?);
            }
        }
        Ok(())
    }

    /// The deal of a pair under a regime; without roaming there is none between two utilities.
    pub fn deal(&self, regime: Regime, home: usize, visited: usize) -> Option<&Deal> {
        if home != visited && regime == Regime::None {
            return None;
        }
        let hub = regime == Regime::Hub && home != visited;
        self.deals.get(&(hub, home, visited))
    }

    /// The load multiplier at a region's stations in an hour.
    pub fn multiplier(&self, regime: Regime, visited: usize, hour: usize) -> u32 {
        match regime {
            Regime::None | Regime::Hub | Regime::Static => NEUTRAL,
            Regime::Table => self.signal(Signal::Table, visited, hour),
            Regime::Forecast => self.signal(Signal::Forecast, visited, hour),
            Regime::Known => self.signal(Signal::Load, visited, hour),
        }
    }

    /// One value of a series.
    pub fn signal(&self, signal: Signal, visited: usize, hour: usize) -> u32 {
        let [table, forecast, load] = &self.multipliers;
        let series = match signal {
            Signal::Table => table,
            Signal::Forecast => forecast,
            Signal::Load => load,
        };
        let found = series.get(visited).and_then(|s| s.get(hour));
        found.copied().unwrap_or(NEUTRAL)
    }

    /// A charge at a multiplier.
    pub fn bill(
        &self,
        regime: Regime,
        (home, visited): (usize, usize),
        load_bps: u32,
    ) -> Option<&Bill> {
        if home != visited && regime == Regime::None {
            return None;
        }
        let hub = regime == Regime::Hub && home != visited;
        self.bills.get(&(hub, home, visited, load_bps))
    }
}

fn split(home: f64, owner: f64) -> Split {
    let (home_bps, owner_bps) = (bps(home), bps(owner));
    Split {
        home_bps,
        visited_bps: NEUTRAL.saturating_sub(home_bps).saturating_sub(owner_bps),
        owner_bps,
    }
}

/// As [`split`], with the owner's part of what home leaves: under a hub home keeps its whole margin.
fn split_of(home: f64, owner: f64) -> Split {
    split(home, owner * (1.0 - home))
}

/// Terms whose curve gives, at every knot, the cost there and one margin over the base price.
fn terms(p: &Parameters, mean_cost: f64) -> ForecastTerms {
    let margin = 1.0 / p.rate;
    let point = |place: u32| CurvePoint {
        level: u16::try_from(place / 10).unwrap_or(1_000),
        bps: bps((p.cost_at(crate::number::part(place)) + margin) / (mean_cost + margin)),
    };
    ForecastTerms {
        curve: KNOTS.map(point).to_vec(),
        step_bps: STEP_BPS,
        notice_hours: 0,
        skill_days: 28,
        weekday_bps: Vec::new(),
        weekend_bps: Vec::new(),
        spare: None,
        stake: None,
    }
}

/// What the contract's own function makes of places among the loads of the year before: at each knot of the curve stands its own place.
fn multipliers(region: &crate::loads::Region, terms: &ForecastTerms, signal: Signal) -> Vec<u32> {
    let place = |s: &Slot| match signal {
        Signal::Table => s.usual,
        Signal::Forecast => s.said_place.filter(|_| s.trusted).unwrap_or(s.usual),
        Signal::Load => s.place,
    };
    let places: Vec<i64> = region.slots.iter().map(place).map(i64::from).collect();
    let knots = KNOTS.map(i64::from);
    fairway_pricing::multipliers(terms, BAND, &knots, &places, Some(NEUTRAL))
}
