//! What a tariff says, in plain sentences for the offer screen.

use crate::compile::{CompiledTariff, Rule};
use crate::quote::begin;
use crate::unit::{WHOLE_BPS, energy_price};
use crate::when::Moment;
use fairway_model::tariff::{Dimension, SalesTax};
use fairway_model::time::{SECOND, civil_from_days};
use fairway_model::{Adjustments, Energy, Micro, Ppm, Restrictions, Tier, Time};

/// The most sentences that [`describe`] returns.
pub const MAX_DESCRIPTION_LINES: usize = 12;

/// One plain English sentence per price component, price limit, tax and discount of a charge that begins at `now`, at most
/// [`MAX_DESCRIPTION_LINES`]; where there are more, the last sentence of the components says how many were left out. What
/// applies now comes first in its dimension; components whose last day is over are left out.
pub fn describe(tariff: &CompiledTariff, adjustments: &Adjustments, now: Time) -> Vec<String> {
    let moment = begin(tariff, now);
    let text = Text {
        tariff,
        adjustments,
        moment,
    };
    let mut tail = text.limits();
    tail.extend(tariff.tariff().sales_taxes.iter().map(Text::sales_tax));
    tail.extend(text.load());
    tail.extend(text.custom());
    tail.extend(text.discount());
    tail.truncate(MAX_DESCRIPTION_LINES.saturating_sub(1));
    let room = MAX_DESCRIPTION_LINES.saturating_sub(tail.len());
    let mut lines = text.components();
    if lines.len() > room {
        let kept = room.saturating_sub(1);
        let left_out = lines.len().saturating_sub(kept);
        lines.truncate(kept);
        lines.push(format!(
            "{left_out} more price components apply; the tariff lists them."
        ));
    }
    lines.append(&mut tail);
    lines
}

struct Text<'a> {
    tariff: &'a CompiledTariff,
    adjustments: &'a Adjustments,
    moment: Moment,
}

impl Text<'_> {
    fn money(&self, amount: Micro) -> String {
        let currency = self.tariff.tariff().currency;
        format!("{} {currency}", amount.text(currency))
    }

    fn components(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for dimension in [
            Dimension::Energy,
            Dimension::Flat,
            Dimension::Time,
            Dimension::ParkingTime,
        ] {
            let active = self
                .tariff
                .rule(dimension, &self.moment)
                .map(|rule| rule.element);
            let mut rules: Vec<&Rule> = self
                .tariff
                .rules(dimension)
                .iter()
                .filter(|rule| !self.is_over(rule))
                .collect();
            rules.sort_by_key(|rule| Some(rule.element) != active);
            let several = rules.len() > 1;
            lines.extend(rules.into_iter().map(|rule| {
                self.component(dimension, rule, several && Some(rule.element) == active)
            }));
        }
        lines
    }

    fn restrictions(&self, rule: &Rule) -> Option<&Restrictions> {
        self.tariff
            .tariff()
            .elements
            .get(usize::from(rule.element))?
            .restrictions
            .as_ref()
    }

    fn is_over(&self, rule: &Rule) -> bool {
        self.restrictions(rule)
            .and_then(|r| r.end_day)
            .is_some_and(|day| i64::from(day) <= self.moment.day)
    }

    /// What a custom rule may do; the prices named before it are the base rule's.
    fn custom(&self) -> Option<String> {
        let rule = self.tariff.custom()?.bound.module.id().hex();
        let name: String = rule.chars().take(8).collect();
        let corridor = self.adjustments.corridor;
        Some(format!(
            "Rule {name}, agreed by both utilities, sets the energy price between {} and {} per kWh; the prices above hold without it.",
            self.money(corridor.floor),
            self.money(corridor.cap)
        ))
    }

    fn component(&self, dimension: Dimension, rule: &Rule, now: bool) -> String {
        let (price, _) = match dimension {
            Dimension::Energy => energy_price(rule.price, self.adjustments),
            _ => (rule.price, false),
        };
        let free = price == Micro::ZERO;
        let cost = if free {
            "free".to_owned()
        } else {
            self.money(price)
        };
        let mut line = match dimension {
            Dimension::Energy if free => "Energy is free".to_owned(),
            Dimension::Energy => format!("Energy costs {cost} per kWh"),
            Dimension::Flat if free => "There is no start fee".to_owned(),
            Dimension::Flat => format!("A start fee of {cost} is charged once"),
            Dimension::Time if free => "Charging time is free".to_owned(),
            Dimension::Time => format!("Charging time costs {cost} per hour"),
            Dimension::ParkingTime if free => "Parking without charging is free".to_owned(),
            Dimension::ParkingTime => format!("Parking without charging costs {cost} per hour"),
        };
        if now {
            line.push_str(" now");
        }
        let conditions = self.restrictions(rule).map_or_else(Vec::new, conditions);
        if !conditions.is_empty() {
            line = format!("{line} ({})", conditions.join(", "));
        }
        if !free {
            line.push_str(&step(dimension, rule.step));
            if let Some(vat) = rule.vat {
                line = format!("{line}, plus {} % VAT", percent(vat));
            }
        }
        line.push('.');
        line
    }

    fn limits(&self) -> Vec<String> {
        let tariff = self.tariff.tariff();
        let limit = |words: &str, limit: fairway_model::tariff::PriceLimit| match limit.after_taxes
        {
            Some(after) => {
                format!(
                    "A charge costs {words} {} before and {} after tax.",
                    self.money(limit.before_taxes),
                    self.money(after)
                )
            }
            None => format!(
                "A charge costs {words} {} before tax.",
                self.money(limit.before_taxes)
            ),
        };
        let min = tariff.min_price.map(|l| limit("at least", l));
        min.into_iter()
            .chain(tariff.max_price.map(|l| limit("at most", l)))
            .collect()
    }

    fn sales_tax(tax: &SalesTax) -> String {
        let on: Vec<&str> = tax.on.iter().copied().map(noun).collect();
        let on = if on.is_empty() {
            String::new()
        } else {
            format!(" on {}", on.join(" and "))
        };
        format!("{} of {} %{on} is added.", tax.name, percent(tax.rate))
    }

    fn load(&self) -> Option<String> {
        let bps = self.adjustments.load_bps;
        let (words, change) = match bps.checked_sub(WHOLE_BPS) {
            Some(0) => return None,
            Some(more) => ("raised", more),
            None => ("lowered", WHOLE_BPS.saturating_sub(bps)),
        };
        let priced = self
            .tariff
            .rules(Dimension::Energy)
            .iter()
            .filter(|rule| rule.price != Micro::ZERO);
        let limited = priced
            .clone()
            .any(|rule| energy_price(rule.price, self.adjustments).1);
        let limit = if limited {
            ", within the agreed price corridor"
        } else {
            ""
        };
        let percent = percent(Ppm(change.saturating_mul(100)));
        priced.count().checked_sub(1)?;
        Some(format!(
            "Energy prices are {words} by {percent} % for present grid load{limit}."
        ))
    }

    fn discount(&self) -> Option<String> {
        let bps = self.adjustments.discount_bps;
        let tier = match self.adjustments.tier {
            Tier::Standard => "The",
            Tier::Gold => "Your Gold",
            Tier::Diamond => "Your Diamond",
            Tier::Platinum => "Your Platinum",
        };
        (bps > 0).then(|| {
            format!(
                "{tier} discount takes {} % off the price before tax.",
                percent(Ppm(bps.saturating_mul(100)))
            )
        })
    }
}

fn noun(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Energy => "energy",
        Dimension::Flat => "the start fee",
        Dimension::ParkingTime => "parking time",
        Dimension::Time => "charging time",
    }
}

/// A rate in percent without trailing zeros.
pub(crate) fn percent(rate: Ppm) -> String {
    decimal(u64::from(rate.0), 10_000, 4)
}

/// `value / unit` as a decimal without trailing zeros; `unit` is ten to the power of `digits`.
fn decimal(value: u64, unit: u64, digits: usize) -> String {
    let whole = value.checked_div(unit).unwrap_or(0);
    let fraction = format!("{:0digits$}", value.checked_rem(unit).unwrap_or(0));
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        whole.to_string()
    } else {
        format!("{whole}.{fraction}")
    }
}

/// How amounts are rounded up; nothing for steps that no bill shows.
fn step(dimension: Dimension, step: u64) -> String {
    const MINUTE: u64 = 60_000;
    match dimension {
        Dimension::Energy if step > 1 => format!(
            ", billed by every started {} kWh",
            decimal(step, Energy::PER_KWH, 6)
        ),
        Dimension::Time | Dimension::ParkingTime if step > 1 => match step.checked_rem(MINUTE) {
            Some(0) => format!(
                ", billed by every started {} min",
                step.checked_div(MINUTE).unwrap_or(0)
            ),
            _ => format!(
                ", billed by every started {} s",
                step.checked_div(SECOND.unsigned_abs()).unwrap_or(0)
            ),
        },
        _ => String::new(),
    }
}

/// The restrictions in words.
pub(crate) fn conditions(r: &Restrictions) -> Vec<String> {
    let clock = |minute: u16| {
        format!(
            "{:02}:{:02}",
            minute.checked_div(60).unwrap_or(0),
            minute.checked_rem(60).unwrap_or(0)
        )
    };
    let date = |day: i32| {
        let (year, month, day) = civil_from_days(i64::from(day));
        format!("{year:04}-{month:02}-{day:02}")
    };
    let kilo = |value: u32| decimal(u64::from(value), 1_000, 3);
    let minutes = |s: u32| {
        decimal(
            u64::from(s)
                .saturating_mul(100)
                .checked_div(60)
                .unwrap_or(0),
            100,
            2,
        )
    };
    let mut words = Vec::new();
    words.extend(range(
        r.start_minute.map(clock),
        r.end_minute.map(clock),
        ["from", "until"],
        "",
    ));
    words.extend(days(r.days));
    words.extend(range(
        r.start_day.map(date),
        r.end_day.map(date),
        ["from", "before"],
        "",
    ));
    let kwh = |e: Energy| e.kwh_text();
    words.extend(range(
        r.min_energy.map(kwh),
        r.max_energy.map(kwh),
        ["after the first", "up to"],
        " kWh",
    ));
    words.extend(range(
        r.min_duration_s.filter(|s| *s > 0).map(minutes),
        r.max_duration_s.map(minutes),
        ["after the first", "up to"],
        " min",
    ));
    words.extend(range(
        r.min_power_w.map(kilo),
        r.max_power_w.map(kilo),
        ["at", "below"],
        " kW",
    ));
    words.extend(range(
        r.min_current_ma.map(kilo),
        r.max_current_ma.map(kilo),
        ["at", "below"],
        " A",
    ));
    words
}

fn range(
    from: Option<String>,
    until: Option<String>,
    words: [&str; 2],
    unit: &str,
) -> Option<String> {
    let [first, second] = words;
    match (from, until) {
        (None, None) => None,
        (Some(from), None) => Some(format!("{first} {from}{unit}")),
        (None, Some(until)) => Some(format!("{second} {until}{unit}")),
        (Some(from), Some(until)) => Some(format!("{first} {from}{unit} {second} {until}{unit}")),
    }
}

fn days(bits: u8) -> Option<String> {
    const NAMES: [(u8, &str); 7] = [
        (1, "Mon"),
        (2, "Tue"),
        (4, "Wed"),
        (8, "Thu"),
        (16, "Fri"),
        (32, "Sat"),
        (64, "Sun"),
    ];
    match bits {
        0 | 0x7f => None,
        0x1f => Some("Mon to Fri".to_owned()),
        0x60 => Some("Sat and Sun".to_owned()),
        _ => Some(
            NAMES
                .iter()
                .filter(|(bit, _)| bits & bit != 0)
                .map(|(_, name)| *name)
                .collect::<Vec<_>>()
                .join(" "),
        ),
    }
}
