//! The terms of a roaming agreement as JSON, both ways.

use crate::api::problem::Problem;
use crate::api::wire::{self, Money, TierWord, words};
use fairway_model::agreement::{Caps, Corridor, LoadBand, ServiceLevel, SessionCaps, TierTerms};
use fairway_model::tariff::{Dimension, PriceLimit, SalesTax};
use fairway_model::{
    AdHoc, Agreement, Alone, Costs, Currency, CurvePoint, Energy, ForecastTerms, Hash, Ppm,
    PriceComponent, Restrictions, SplitRule, Tariff, TariffElement, Time,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

words!(
    /// What a component prices.
    DimensionWord of Dimension { Energy, Flat, ParkingTime, Time }
);

/// One price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentTerms {
    /// What it prices.
    dimension: DimensionWord,
    /// Net, per kWh, per hour, or once.
    price: Money,
    /// VAT in millionths.
    vat_ppm: Option<u32>,
    /// Smallest billed amount in Wh or seconds.
    step_size: u32,
}

/// When an element applies; every given field must hold (OCPI `TariffRestrictions`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RestrictionTerms {
    /// Minutes of the local day, inclusive.
    #[schema(maximum = 65_535)]
    start_minute: Option<u16>,
    /// Minutes of the local day, exclusive.
    #[schema(maximum = 65_535)]
    end_minute: Option<u16>,
    /// Local date as days since 1970-01-01, inclusive.
    start_day: Option<i32>,
    /// Local date, exclusive.
    end_day: Option<i32>,
    /// Energy so far, inclusive.
    min_energy_mwh: Option<u64>,
    /// Energy so far, exclusive.
    max_energy_mwh: Option<u64>,
    /// Milliamperes, inclusive.
    min_current_ma: Option<u32>,
    /// Milliamperes, exclusive.
    max_current_ma: Option<u32>,
    /// Watts, inclusive.
    min_power_w: Option<u32>,
    /// Watts, exclusive.
    max_power_w: Option<u32>,
    /// Seconds so far, inclusive.
    min_duration_s: Option<u32>,
    /// Seconds so far, exclusive.
    max_duration_s: Option<u32>,
    /// Days of the week as bits, Monday = 1 ... Sunday = 64; 0 means every day.
    #[schema(maximum = 255)]
    days: u8,
    /// For reservations only.
    reservation: bool,
}

/// Components under common restrictions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ElementTerms {
    /// The prices.
    components: Vec<ComponentTerms>,
    /// When; none means always.
    restrictions: Option<RestrictionTerms>,
}

/// A floor or ceiling of a charge's cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitTerms {
    /// Before taxes.
    before_taxes: Money,
    /// After taxes.
    after_taxes: Option<Money>,
}

/// A tax on top of the net price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaxTerms {
    /// Name as printed.
    name: String,
    /// Rate in millionths.
    rate_ppm: u32,
    /// What is taxed; empty means everything.
    on: Vec<DimensionWord>,
}

/// A tariff, in OCPI's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TariffTerms {
    /// Its id, at most 36 characters.
    #[schema(min_length = 1, max_length = 36)]
    id: String,
    /// Tried in order.
    elements: Vec<ElementTerms>,
    /// Floor of a charge's cost.
    min_price: Option<LimitTerms>,
    /// Ceiling of a charge's cost.
    max_price: Option<LimitTerms>,
    /// It prices nothing earlier.
    #[schema(format = DateTime)]
    valid_from: Option<String>,
    /// It prices nothing from then on.
    #[schema(format = DateTime)]
    valid_until: Option<String>,
    /// Taxes on top.
    sales_taxes: Vec<TaxTerms>,
}

/// Limits of the energy price per kWh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorridorTerms {
    /// Lowest.
    pub(crate) floor: Money,
    /// Highest.
    pub(crate) cap: Money,
}

/// Limits of the load multiplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BandTerms {
    /// Lowest.
    pub(crate) min_bps: u32,
    /// Highest.
    pub(crate) max_bps: u32,
}

/// Ceilings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CapsTerms {
    /// Energy of one charge.
    energy_per_charge_mwh: u64,
    /// Total of one charge.
    amount_per_charge: Money,
    /// What home may owe visited at any time.
    exposure: Money,
}

/// What a tier is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TierRow {
    /// The tier at home.
    tier: TierWord,
    /// Discount on the net price.
    discount_bps: u32,
    /// Which part of it home bears.
    home_bears_bps: u32,
}

/// Fixed parts of the net price; they add up to 10,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub(crate) struct PartsTerms {
    /// Home utility.
    home_bps: u32,
    /// Visited utility.
    visited_bps: u32,
    /// Owner of the site.
    owner_bps: u32,
}

/// Ceilings of the number of charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SessionCapsTerms {
    /// At the same time.
    concurrent: Option<u32>,
    /// On one day.
    per_day: Option<u32>,
}

/// Duty to serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceTerms {
    /// Least part that must be served.
    least_served_bps: u32,
    /// For each refused driver beyond.
    penalty: Money,
    /// For one cycle at most.
    penalty_cap: Money,
    /// Hours to answer a claim.
    #[schema(maximum = 65_535)]
    answer_hours: u16,
}

/// The rule that shares the net price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SplitWord {
    /// The Shapley value of the surplus; needs `ad_hoc`.
    Shapley,
    /// Nash bargaining; needs `alone`.
    Nash,
}

/// What serving costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CostTerms {
    /// Energy.
    energy_per_kwh: Money,
    /// Network fee.
    network_per_kwh: Money,
    /// Per charge.
    per_charge: Money,
}

/// What two of the three could earn without home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdHocTerms {
    /// Net price on the spot.
    price_per_kwh: Money,
    /// Which part of the charges would take place so.
    chance_bps: u32,
}

/// What each would earn without an agreement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the unit belongs to the name")]
pub(crate) struct AloneTerms {
    /// Home utility.
    home_per_kwh: Money,
    /// Visited utility.
    visited_per_kwh: Money,
    /// Owner of the site.
    owner_per_kwh: Money,
}

/// A rule that shares the net price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SplitTerms {
    /// Which.
    kind: SplitWord,
    /// What comes off first.
    costs: CostTerms,
    /// With `shapley`.
    ad_hoc: Option<AdHocTerms>,
    /// With `nash`.
    alone: Option<AloneTerms>,
}

/// A point of the curve from load to price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CurveRow {
    /// Percentile of the trailing year's load, in thousandths.
    #[schema(maximum = 65_535)]
    level: u16,
    /// Multiplier there.
    bps: u32,
}

/// How forecast load moves prices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForecastBody {
    /// The curve.
    pub(crate) curve: Vec<CurveRow>,
    /// The most that the multiplier changes from hour to hour.
    pub(crate) step_bps: u32,
    /// Hours of notice before a day.
    #[schema(maximum = 255)]
    pub(crate) notice_hours: u8,
    /// Days over which skill is asked for.
    #[schema(maximum = 65_535)]
    pub(crate) skill_days: u16,
    /// 24 multipliers of a weekday without a schedule.
    pub(crate) weekday_bps: Vec<u32>,
    /// 24 multipliers of Saturday and Sunday.
    pub(crate) weekend_bps: Vec<u32>,
    /// Package for days without the member's own forecast.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    pub(crate) spare: Option<String>,
    /// What each party stakes per scored day on the utility's own forecast; none when scores move no money.
    pub(crate) stake: Option<Money>,
}

/// The terms of an agreement. The hash of the readable text is filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Terms)]
pub(crate) struct TermsBody {
    /// Counts up when the pair amends.
    version: u32,
    /// Whose drivers.
    #[schema(pattern = "^[A-Z]{2}\\*?[A-Z0-9]{3}$")]
    home: String,
    /// Whose stations.
    #[schema(pattern = "^[A-Z]{2}\\*?[A-Z0-9]{3}$")]
    visited: String,
    /// Currency of every amount, ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: String,
    /// No charge begins earlier.
    #[schema(format = DateTime)]
    valid_from: String,
    /// No charge begins from then on.
    #[schema(format = DateTime)]
    valid_until: String,
    /// At most 16.
    tariffs: Vec<TariffTerms>,
    /// Limits of the energy price.
    corridor: CorridorTerms,
    /// Limits of the load multiplier.
    load_band: BandTerms,
    /// Ceilings.
    caps: CapsTerms,
    /// Recognised tiers.
    tiers: Vec<TierRow>,
    /// Fixed parts.
    split: PartsTerms,
    /// How long a hold lasts without its charge.
    hold_ttl_ms: i64,
    /// Days between nettings.
    #[schema(maximum = 65_535)]
    netting_days: u16,
    /// Days from netting to payment.
    #[schema(maximum = 65_535)]
    due_days: u16,
    /// Yearly interest on late payment.
    interest_bps: u32,
    /// Days in which a charge may be disputed.
    #[schema(maximum = 65_535)]
    dispute_days: u16,
    /// Days of notice.
    #[schema(maximum = 65_535)]
    notice_days: Option<u16>,
    /// Ceilings of the number of charges.
    session_caps: Option<SessionCapsTerms>,
    /// Duty to serve.
    service: Option<ServiceTerms>,
    /// What home pledges.
    collateral: Option<Money>,
    /// SHA-256 of the model that forecasts.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    model: Option<String>,
    /// SHA-256 of a custom rule.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    rule: Option<String>,
    /// Its fuel.
    rule_fuel: Option<u64>,
    /// SHA-256 of a separate legal text.
    #[schema(pattern = "^[0-9a-fA-F]{64}$")]
    annex_hash: Option<String>,
    /// The rule that shares the net price.
    split_rule: Option<SplitTerms>,
    /// Prices that follow the forecast.
    forecast: Option<ForecastBody>,
}

/// Writes terms.
struct Write(Currency);

impl Write {
    fn money(&self, value: fairway_model::Micro) -> Money {
        Money::new(value, self.0)
    }

    fn tariff(&self, t: &Tariff) -> TariffTerms {
        let limit = |l: &PriceLimit| LimitTerms {
            before_taxes: self.money(l.before_taxes),
            after_taxes: l.after_taxes.map(|a| self.money(a)),
        };
        TariffTerms {
            id: t.id.clone(),
            elements: t.elements.iter().map(|e| self.element(e)).collect(),
            min_price: t.min_price.as_ref().map(limit),
            max_price: t.max_price.as_ref().map(limit),
            valid_from: t.valid_from.map(|at| at.rfc3339()),
            valid_until: t.valid_until.map(|at| at.rfc3339()),
            sales_taxes: t
                .sales_taxes
                .iter()
                .map(|tax| TaxTerms {
                    name: tax.name.clone(),
                    rate_ppm: tax.rate.0,
                    on: tax.on.iter().map(|d| (*d).into()).collect(),
                })
                .collect(),
        }
    }

    fn element(&self, e: &TariffElement) -> ElementTerms {
        let components = e.components.iter().map(|c| ComponentTerms {
            dimension: c.dimension.into(),
            price: self.money(c.price),
            vat_ppm: c.vat.map(|v| v.0),
            step_size: c.step_size,
        });
        ElementTerms {
            components: components.collect(),
            restrictions: e.restrictions.as_ref().map(|r| RestrictionTerms {
                start_minute: r.start_minute,
                end_minute: r.end_minute,
                start_day: r.start_day,
                end_day: r.end_day,
                min_energy_mwh: r.min_energy.map(|e| e.0),
                max_energy_mwh: r.max_energy.map(|e| e.0),
                min_current_ma: r.min_current_ma,
                max_current_ma: r.max_current_ma,
                min_power_w: r.min_power_w,
                max_power_w: r.max_power_w,
                min_duration_s: r.min_duration_s,
                max_duration_s: r.max_duration_s,
                days: r.days,
                reservation: r.reservation,
            }),
        }
    }

    fn split_rule(&self, rule: &SplitRule) -> SplitTerms {
        let costs = rule.costs();
        let (kind, ad_hoc, alone) = match rule {
            SplitRule::Shapley { ad_hoc, .. } => {
                let terms = AdHocTerms {
                    price_per_kwh: self.money(ad_hoc.price_per_kwh),
                    chance_bps: ad_hoc.chance_bps,
                };
                (SplitWord::Shapley, Some(terms), None)
            }
            SplitRule::Nash { alone, .. } => {
                let terms = AloneTerms {
                    home_per_kwh: self.money(alone.home_per_kwh),
                    visited_per_kwh: self.money(alone.visited_per_kwh),
                    owner_per_kwh: self.money(alone.owner_per_kwh),
                };
                (SplitWord::Nash, None, Some(terms))
            }
        };
        SplitTerms {
            kind,
            costs: CostTerms {
                energy_per_kwh: self.money(costs.energy_per_kwh),
                network_per_kwh: self.money(costs.network_per_kwh),
                per_charge: self.money(costs.per_charge),
            },
            ad_hoc,
            alone,
        }
    }
}

/// A tariff as JSON.
pub(crate) fn tariff_terms(tariff: &Tariff, currency: Currency) -> TariffTerms {
    Write(currency).tariff(tariff)
}

/// Forecast terms as JSON.
pub(crate) fn forecast_body(f: &ForecastTerms, currency: Currency) -> ForecastBody {
    let point = |p: &CurvePoint| CurveRow {
        level: p.level,
        bps: p.bps,
    };
    ForecastBody {
        curve: f.curve.iter().map(point).collect(),
        step_bps: f.step_bps,
        notice_hours: f.notice_hours,
        skill_days: f.skill_days,
        weekday_bps: f.weekday_bps.clone(),
        weekend_bps: f.weekend_bps.clone(),
        spare: f.spare.map(|h| h.hex()),
        stake: f.stake.map(|amount| Money::new(amount, currency)),
    }
}

impl From<&Agreement> for TermsBody {
    fn from(a: &Agreement) -> Self {
        let w = Write(a.currency);
        let hex = |h: Option<Hash>| h.map(|h| h.hex());
        Self {
            version: a.version,
            home: a.home.to_string(),
            visited: a.visited.to_string(),
            currency: a.currency.to_string(),
            valid_from: a.valid_from.rfc3339(),
            valid_until: a.valid_until.rfc3339(),
            tariffs: a.tariffs.iter().map(|t| w.tariff(t)).collect(),
            corridor: CorridorTerms {
                floor: w.money(a.corridor.floor),
                cap: w.money(a.corridor.cap),
            },
            load_band: BandTerms {
                min_bps: a.load_band.min_bps,
                max_bps: a.load_band.max_bps,
            },
            caps: CapsTerms {
                energy_per_charge_mwh: a.caps.energy_per_charge.0,
                amount_per_charge: w.money(a.caps.amount_per_charge),
                exposure: w.money(a.caps.exposure),
            },
            tiers: a
                .tiers
                .iter()
                .map(|t| TierRow {
                    tier: t.tier.into(),
                    discount_bps: t.discount_bps,
                    home_bears_bps: t.home_bears_bps,
                })
                .collect(),
            split: PartsTerms {
                home_bps: a.split.home_bps,
                visited_bps: a.split.visited_bps,
                owner_bps: a.split.owner_bps,
            },
            hold_ttl_ms: a.hold_ttl,
            netting_days: a.netting_days,
            due_days: a.due_days,
            interest_bps: a.interest_bps,
            dispute_days: a.dispute_days,
            notice_days: a.notice_days,
            session_caps: a.session_caps.map(|c| SessionCapsTerms {
                concurrent: c.concurrent,
                per_day: c.per_day,
            }),
            service: a.service.map(|s| ServiceTerms {
                least_served_bps: s.least_served_bps,
                penalty: w.money(s.penalty),
                penalty_cap: w.money(s.penalty_cap),
                answer_hours: s.answer_hours,
            }),
            collateral: a.collateral.map(|c| w.money(c)),
            model: hex(a.model),
            rule: hex(a.rule),
            rule_fuel: a.rule_fuel,
            annex_hash: hex(a.annex_hash),
            split_rule: a.split_rule.as_ref().map(|r| w.split_rule(r)),
            forecast: a.forecast.as_ref().map(|f| forecast_body(f, a.currency)),
        }
    }
}

/// Reads terms; every amount is in the agreement's currency.
struct Read(Currency);

type Got<T> = Result<T, Problem>;

fn hash_of(pointer: &str, text: Option<&String>) -> Got<Option<Hash>> {
    text.map(|text| wire::hash_at(pointer, text)).transpose()
}

impl Read {
    fn money(&self, pointer: &str, value: &Money) -> Got<fairway_model::Micro> {
        value.micro(pointer, self.0)
    }

    fn limit(&self, at: &str, l: &LimitTerms) -> Got<PriceLimit> {
        let after = l.after_taxes.as_ref();
        let after = after.map(|m| self.money(&format!("{at}/after_taxes"), m));
        Ok(PriceLimit {
            before_taxes: self.money(&format!("{at}/before_taxes"), &l.before_taxes)?,
            after_taxes: after.transpose()?,
        })
    }

    fn tariff(&self, at: &str, t: &TariffTerms) -> Got<Tariff> {
        let limit = |name: &str, l: &Option<LimitTerms>| {
            let at = format!("{at}/{name}");
            l.as_ref().map(|l| self.limit(&at, l)).transpose()
        };
        let moment = |name: &str, text: &Option<String>| {
            let at = format!("{at}/{name}");
            text.as_ref().map(|t| wire::time(&at, t)).transpose()
        };
        let mut elements = Vec::with_capacity(t.elements.len());
        for (n, element) in t.elements.iter().enumerate() {
            elements.push(self.element(&format!("{at}/elements/{n}"), element)?);
        }
        let taxes = t.sales_taxes.iter().map(|tax| SalesTax {
            name: tax.name.clone(),
            rate: Ppm(tax.rate_ppm),
            on: tax.on.iter().map(|d| (*d).into()).collect(),
        });
        Ok(Tariff {
            id: t.id.clone(),
            currency: self.0,
            elements,
            min_price: limit("min_price", &t.min_price)?,
            max_price: limit("max_price", &t.max_price)?,
            valid_from: moment("valid_from", &t.valid_from)?,
            valid_until: moment("valid_until", &t.valid_until)?,
            sales_taxes: taxes.collect(),
        })
    }

    fn element(&self, at: &str, e: &ElementTerms) -> Got<TariffElement> {
        let mut components = Vec::with_capacity(e.components.len());
        for (n, c) in e.components.iter().enumerate() {
            components.push(PriceComponent {
                dimension: c.dimension.into(),
                price: self.money(&format!("{at}/components/{n}/price"), &c.price)?,
                vat: c.vat_ppm.map(Ppm),
                step_size: c.step_size,
            });
        }
        let restrictions = e.restrictions.as_ref().map(|r| Restrictions {
            start_minute: r.start_minute,
            end_minute: r.end_minute,
            start_day: r.start_day,
            end_day: r.end_day,
            min_energy: r.min_energy_mwh.map(Energy),
            max_energy: r.max_energy_mwh.map(Energy),
            min_current_ma: r.min_current_ma,
            max_current_ma: r.max_current_ma,
            min_power_w: r.min_power_w,
            max_power_w: r.max_power_w,
            min_duration_s: r.min_duration_s,
            max_duration_s: r.max_duration_s,
            days: r.days,
            reservation: r.reservation,
        });
        Ok(TariffElement {
            components,
            restrictions,
        })
    }

    fn split_rule(&self, s: &SplitTerms) -> Got<SplitRule> {
        let at = |name: &str| format!("/terms/split_rule/{name}");
        let costs = Costs {
            energy_per_kwh: self.money(&at("costs/energy_per_kwh"), &s.costs.energy_per_kwh)?,
            network_per_kwh: self.money(&at("costs/network_per_kwh"), &s.costs.network_per_kwh)?,
            per_charge: self.money(&at("costs/per_charge"), &s.costs.per_charge)?,
        };
        match (s.kind, &s.ad_hoc, &s.alone) {
            (SplitWord::Shapley, Some(a), None) => Ok(SplitRule::Shapley {
                costs,
                ad_hoc: AdHoc {
                    price_per_kwh: self.money(&at("ad_hoc/price_per_kwh"), &a.price_per_kwh)?,
                    chance_bps: a.chance_bps,
                },
            }),
            (SplitWord::Nash, None, Some(a)) => Ok(SplitRule::Nash {
                costs,
                alone: Alone {
                    home_per_kwh: self.money(&at("alone/home_per_kwh"), &a.home_per_kwh)?,
                    visited_per_kwh: self
                        .money(&at("alone/visited_per_kwh"), &a.visited_per_kwh)?,
                    owner_per_kwh: self.money(&at("alone/owner_per_kwh"), &a.owner_per_kwh)?,
                },
            }),
            _ => Err(Problem::field(
                &at("kind"),
                "`shapley` goes with `ad_hoc`, `nash` with `alone`, and neither with both",
            )),
        }
    }

    fn service(&self, s: &ServiceTerms) -> Got<ServiceLevel> {
        Ok(ServiceLevel {
            least_served_bps: s.least_served_bps,
            penalty: self.money("/terms/service/penalty", &s.penalty)?,
            penalty_cap: self.money("/terms/service/penalty_cap", &s.penalty_cap)?,
            answer_hours: s.answer_hours,
        })
    }
}

fn forecast_terms(f: &ForecastBody, currency: Currency) -> Got<ForecastTerms> {
    let point = |p: &CurveRow| CurvePoint {
        level: p.level,
        bps: p.bps,
    };
    Ok(ForecastTerms {
        curve: f.curve.iter().map(point).collect(),
        step_bps: f.step_bps,
        notice_hours: f.notice_hours,
        skill_days: f.skill_days,
        weekday_bps: f.weekday_bps.clone(),
        weekend_bps: f.weekend_bps.clone(),
        spare: hash_of("/terms/forecast/spare", f.spare.as_ref())?,
        stake: f
            .stake
            .as_ref()
            .map(|amount| amount.micro("/terms/forecast/stake", currency))
            .transpose()?,
    })
}

impl TermsBody {
    fn moments(&self) -> Got<(Time, Time)> {
        Ok((
            wire::time("/terms/valid_from", &self.valid_from)?,
            wire::time("/terms/valid_until", &self.valid_until)?,
        ))
    }

    fn tiers(&self) -> Vec<TierTerms> {
        let row = |t: &TierRow| TierTerms {
            tier: t.tier.into(),
            discount_bps: t.discount_bps,
            home_bears_bps: t.home_bears_bps,
        };
        self.tiers.iter().map(row).collect()
    }

    /// The agreement with the hash of its own text. Whether the contract takes it, the contract says.
    pub(crate) fn agreement(&self) -> Got<Agreement> {
        let currency = wire::currency("/terms/currency", &self.currency)?;
        let read = Read(currency);
        let (valid_from, valid_until) = self.moments()?;
        let mut tariffs = Vec::with_capacity(self.tariffs.len());
        for (n, tariff) in self.tariffs.iter().enumerate() {
            tariffs.push(read.tariff(&format!("/terms/tariffs/{n}"), tariff)?);
        }
        let caps = &self.caps;
        let collateral = self.collateral.as_ref();
        let collateral = collateral.map(|m| read.money("/terms/collateral", m));
        Ok(fairway_ledger::worded(Agreement {
            version: self.version,
            home: wire::member("/terms/home", &self.home)?,
            visited: wire::member("/terms/visited", &self.visited)?,
            currency,
            valid_from,
            valid_until,
            text_hash: Hash::default(),
            tariffs,
            corridor: Corridor {
                floor: read.money("/terms/corridor/floor", &self.corridor.floor)?,
                cap: read.money("/terms/corridor/cap", &self.corridor.cap)?,
            },
            load_band: LoadBand {
                min_bps: self.load_band.min_bps,
                max_bps: self.load_band.max_bps,
            },
            caps: Caps {
                energy_per_charge: Energy(caps.energy_per_charge_mwh),
                amount_per_charge: read
                    .money("/terms/caps/amount_per_charge", &caps.amount_per_charge)?,
                exposure: read.money("/terms/caps/exposure", &caps.exposure)?,
            },
            tiers: self.tiers(),
            split: fairway_model::Split {
                home_bps: self.split.home_bps,
                visited_bps: self.split.visited_bps,
                owner_bps: self.split.owner_bps,
            },
            hold_ttl: self.hold_ttl_ms,
            netting_days: self.netting_days,
            due_days: self.due_days,
            interest_bps: self.interest_bps,
            dispute_days: self.dispute_days,
            notice_days: self.notice_days,
            session_caps: self.session_caps.map(|c| SessionCaps {
                concurrent: c.concurrent,
                per_day: c.per_day,
            }),
            service: self.service.as_ref().map(|s| read.service(s)).transpose()?,
            collateral: collateral.transpose()?,
            model: hash_of("/terms/model", self.model.as_ref())?,
            rule: hash_of("/terms/rule", self.rule.as_ref())?,
            rule_fuel: self.rule_fuel,
            annex_hash: hash_of("/terms/annex_hash", self.annex_hash.as_ref())?,
            split_rule: self
                .split_rule
                .as_ref()
                .map(|s| read.split_rule(s))
                .transpose()?,
            forecast: self
                .forecast
                .as_ref()
                .map(|f| forecast_terms(f, read.0))
                .transpose()?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_read_back_as_they_are_written() {
        let example = crate::cli::example_terms();
        let body = TermsBody::from(&example);
        let text = serde_json::to_string(&body).unwrap();
        let back: TermsBody = serde_json::from_str(&text).unwrap();
        assert_eq!(back.agreement().unwrap().id(), example.id());
    }

    #[test]
    fn a_wrong_currency_is_pointed_at() {
        let mut body = TermsBody::from(&crate::cli::example_terms());
        body.caps.exposure.currency = "EUR".to_owned();
        let problem = body.agreement().unwrap_err().body("/", "");
        assert_eq!(problem.errors[0].pointer, "/terms/caps/exposure/currency");
    }
}
