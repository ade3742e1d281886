//! A tariff's whole content in plain sentences, for the text of a contract. Unlike [`crate::describe`] it leaves nothing out, knows
//! no present moment and applies no adjustment: equal tariffs give equal sentences, unequal ones unequal sentences.

use crate::describe::{conditions, percent};
use fairway_model::tariff::{Dimension, PriceComponent, PriceLimit, SalesTax, TariffElement};
use fairway_model::{Currency, Micro, Tariff};

/// A text of somebody else's in double quotes, in ASCII: whatever could change the look of a line is escaped by its number. The
/// form does not depend on tables of characters, which change over the years.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(2));
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            other => out.extend(other.escape_unicode()),
        }
    }
    out.push('"');
    out
}

/// Everything that a tariff says, one sentence or condition per line.
pub fn wording(tariff: &Tariff) -> Vec<String> {
    let mut lines = vec![format!(
        "Tariff {} in {}, in the shape of OCPI. Elements are tried in this order; the first whose conditions hold prices its kind of use.",
        quoted(&tariff.id),
        tariff.currency
    )];
    if let Some(from) = tariff.valid_from {
        lines.push(format!("It prices nothing before {from}."));
    }
    if let Some(until) = tariff.valid_until {
        lines.push(format!("It prices nothing from {until} on."));
    }
    for (number, element) in (1usize..).zip(&tariff.elements) {
        lines.push(format!("Element {number}, {}:", when(element)));
        let components = element.components.iter();
        lines.extend(components.map(|c| format!("  {}", component(c, tariff.currency))));
    }
    let limits = [
        ("at least", tariff.min_price),
        ("at most", tariff.max_price),
    ];
    lines.extend(
        limits
            .into_iter()
            .filter_map(|(words, value)| Some(limit(words, value?, tariff.currency))),
    );
    lines.extend(tariff.sales_taxes.iter().map(sales_tax));
    lines
}

fn money(amount: Micro, currency: Currency) -> String {
    format!("{} {currency}", amount.text(currency))
}

fn when(element: &TariffElement) -> String {
    let Some(restrictions) = &element.restrictions else {
        return "always".to_owned();
    };
    let mut words = conditions(restrictions);
    // What the offer screen leaves out because it shows one zone and one moment.
    if restrictions.min_duration_s == Some(0) {
        words.push("after the first 0 min".to_owned());
    }
    let seconds = [
        ("after", restrictions.min_duration_s),
        ("before", restrictions.max_duration_s),
    ];
    for (word, value) in seconds {
        if let Some(value) = value.filter(|s| !s.is_multiple_of(60)) {
            words.push(format!("that is {word} {value} s"));
        }
    }
    if restrictions.days == 0x7f {
        words.push("every day of the week".to_owned());
    }
    if restrictions.reservation {
        words.push("for reservations only".to_owned());
    }
    if words.is_empty() {
        "with conditions that always hold".to_owned()
    } else {
        words.join(", ")
    }
}

fn component(component: &PriceComponent, currency: Currency) -> String {
    let price = money(component.price, currency);
    let (what, unit) = match component.dimension {
        Dimension::Energy => (format!("energy at {price} per kWh"), "Wh"),
        Dimension::Flat => (format!("{price} once"), "unit"),
        Dimension::ParkingTime => (
            format!("time connected without charging at {price} per hour"),
            "s",
        ),
        Dimension::Time => (format!("charging time at {price} per hour"), "s"),
    };
    let step = match component.step_size {
        0 | 1 => String::new(),
        step => format!(", billed by every started {step} {unit}"),
    };
    // Zero and one both mean no rounding up; the number is kept so that unequal tariffs stay unequal.
    let step = if component.step_size == 0 {
        ", step 0".to_owned()
    } else {
        step
    };
    let vat = component.vat.map_or_else(
        || ", no VAT".to_owned(),
        |rate| format!(", plus {} % VAT", percent(rate)),
    );
    format!("{what}{step}{vat}.")
}

fn limit(words: &str, limit: PriceLimit, currency: Currency) -> String {
    let before = money(limit.before_taxes, currency);
    match limit.after_taxes {
        Some(after) => format!(
            "A charge costs {words} {before} before and {} after taxes.",
            money(after, currency)
        ),
        None => format!("A charge costs {words} {before} before taxes."),
    }
}

fn sales_tax(tax: &SalesTax) -> String {
    let on: Vec<&str> = tax.on.iter().copied().map(taxed).collect();
    let on = if on.is_empty() {
        "everything".to_owned()
    } else {
        on.join(", ")
    };
    format!(
        "Sales tax {} of {} % on {on} is added.",
        quoted(&tax.name),
        percent(tax.rate)
    )
}

fn taxed(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Energy => "energy",
        Dimension::Flat => "the fee per charge",
        Dimension::ParkingTime => "time connected without charging",
        Dimension::Time => "charging time",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::{Ppm, Restrictions};

    #[test]
    fn foreign_text_stays_on_its_line() {
        assert_eq!(
            quoted("a\"b\\c\n\u{202e}é"),
            r#""a\"b\\c\u{a}\u{202e}\u{e9}""#
        );
    }

    fn tariff() -> Tariff {
        Tariff {
            id: "T".to_owned(),
            currency: Currency::USD,
            elements: vec![TariffElement {
                components: vec![PriceComponent {
                    dimension: Dimension::Energy,
                    price: Micro(380_000),
                    vat: None,
                    step_size: 1,
                }],
                restrictions: None,
            }],
            min_price: None,
            max_price: None,
            valid_from: None,
            valid_until: None,
            sales_taxes: vec![SalesTax {
                name: "Tax".to_owned(),
                rate: Ppm(70_000),
                on: Vec::new(),
            }],
        }
    }

    /// Each change of a tariff must show: a text that hides one would let terms differ under equal words.
    #[test]
    #[expect(
        clippy::too_many_lines,
        reason = "a table of changes, one for each field"
    )]
    fn every_field_shows() {
        type Change = fn(&mut Tariff);
        fn restrict(t: &mut Tariff, r: Restrictions) {
            t.elements[0].restrictions = Some(r);
        }
        let changes: &[Change] = &[
            |_| {},
            |t| t.id.push('x'),
            |t| t.currency = Currency::EUR,
            |t| t.elements[0].components[0].price = Micro(380_001),
            |t| t.elements[0].components[0].dimension = Dimension::Time,
            |t| t.elements[0].components[0].dimension = Dimension::ParkingTime,
            |t| t.elements[0].components[0].dimension = Dimension::Flat,
            |t| t.elements[0].components[0].vat = Some(Ppm(0)),
            |t| t.elements[0].components[0].step_size = 0,
            |t| t.elements[0].components[0].step_size = 500,
            |t| t.elements.clear(),
            |t| {
                t.min_price = Some(PriceLimit {
                    before_taxes: Micro(1),
                    after_taxes: None,
                });
            },
            |t| {
                t.max_price = Some(PriceLimit {
                    before_taxes: Micro(1),
                    after_taxes: Some(Micro(2)),
                });
            },
            |t| t.valid_from = Some(fairway_model::Time(0)),
            |t| t.valid_until = Some(fairway_model::Time(0)),
            |t| t.sales_taxes[0].on.push(Dimension::Energy),
            |t| t.sales_taxes[0].rate = Ppm(70_001),
            |t| t.sales_taxes[0].name.push('x'),
            |t| restrict(t, Restrictions::default()),
            |t| {
                restrict(
                    t,
                    Restrictions {
                        start_minute: Some(60),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        end_minute: Some(60),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        start_day: Some(60),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        end_day: Some(60),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        min_duration_s: Some(0),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        min_duration_s: Some(90),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        min_duration_s: Some(91),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        max_duration_s: Some(91),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        min_power_w: Some(1),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        max_power_w: Some(1),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        min_current_ma: Some(1),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        max_current_ma: Some(1),
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        days: 1,
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        days: 0x7f,
                        ..Restrictions::default()
                    },
                );
            },
            |t| {
                restrict(
                    t,
                    Restrictions {
                        reservation: true,
                        ..Restrictions::default()
                    },
                );
            },
        ];
        let texts: std::collections::BTreeSet<String> = changes
            .iter()
            .map(|change| {
                let mut t = tariff();
                change(&mut t);
                wording(&t).join("\n")
            })
            .collect();
        assert_eq!(texts.len(), changes.len());
    }
}
