//! One charge in full: when and where, the price with its argument, why, who got what, and the proof.

use super::summary::column;
use super::{day, offset, proof, reasons, shares};
use crate::block::{Align, Block, Fact, Rich, Row, Table};
use fairway_messages::{Value, Words};
use fairway_model::{
    Bill, BillLine, Dimension, Energy, Micro, MoneyError, PriceBreakdown, PriceLine, TaxLine, Tier,
};

/// Columns of the price.
const COLUMNS: usize = 4;

pub(super) fn blocks(
    bill: &Bill,
    line: &BillLine,
    number: usize,
    words: &Words,
) -> Result<Vec<Block>, MoneyError> {
    let (number, day) = (number.to_string(), day(line, words));
    let heading = words.tell(
        "bill-charge",
        &[
            ("number", (&number).into()),
            ("day", (&day).into()),
            ("network", (&line.visited_name).into()),
        ],
    );
    let mut out = vec![
        Block::heading(3, heading),
        Block::Facts {
            name: words.say("bill-about"),
            facts: vec![
                Fact::new(words.say("bill-when"), Rich::words(when(line, words))),
                Fact::new(words.say("bill-place"), Rich::words(place(line, words))),
            ],
        },
        Block::heading(4, words.say("bill-price")),
        price(
            &line.breakdown,
            line.quoted.as_ref().map(|q| q.adjustments.tier),
            words,
        )?,
        Block::heading(4, words.say("bill-reasons")),
        reasons::list(bill, line, words),
    ];
    if let Some(note) = &line.shared {
        out.push(Block::heading(4, words.say("bill-split")));
        out.extend(shares::blocks(bill, line, note, words)?);
    }
    out.push(Block::heading(4, words.say("bill-proof")));
    out.push(proof::of_charge(bill, line, words));
    Ok(out)
}

fn when(line: &BillLine, words: &Words) -> String {
    let (begin, end) = (offset(line, line.start), offset(line, line.end));
    let (day, from) = (day(line, words), words.clock(line.start, begin));
    let (until, zone) = (words.clock(line.end, end), words.offset(begin));
    words.tell(
        "bill-when-value",
        &[
            ("day", (&day).into()),
            ("from", (&from).into()),
            ("to", (&until).into()),
            ("offset", (&zone).into()),
        ],
    )
}

fn place(line: &BillLine, words: &Words) -> String {
    let mut values = vec![
        ("evse", Value::Text(line.evse.as_str())),
        ("network", (&line.visited_name).into()),
    ];
    match line.place.as_ref().filter(|p| !p.area.is_empty()) {
        Some(place) => {
            values.push(("area", (&place.area).into()));
            words.tell("bill-place-area", &values)
        }
        None => words.tell("bill-place-value", &values),
    }
}

pub(super) fn tier(tier: Tier, words: &Words) -> String {
    words.say(match tier {
        Tier::Standard => "bill-tier-standard",
        Tier::Gold => "bill-tier-gold",
        Tier::Diamond => "bill-tier-diamond",
        Tier::Platinum => "bill-tier-platinum",
    })
}

/// A price per unit with its unit.
pub(super) fn unit_price(
    line: &PriceLine,
    price: Micro,
    b: &PriceBreakdown,
    words: &Words,
) -> String {
    let amount = words.amount(price, b.currency);
    match line.dimension {
        Dimension::Energy => words.tell("bill-per-kwh", &[("price", (&amount).into())]),
        Dimension::Flat => amount,
        Dimension::ParkingTime | Dimension::Time => {
            words.tell("bill-per-hour", &[("price", (&amount).into())])
        }
    }
}

fn component(line: &PriceLine, b: &PriceBreakdown, words: &Words) -> Row {
    let (name, quantity) = match line.dimension {
        Dimension::Energy => ("bill-dimension-energy", words.energy(Energy(line.billed))),
        Dimension::Flat => ("bill-dimension-flat", words.say("bill-once")),
        Dimension::ParkingTime => ("bill-dimension-parking", words.duration(line.billed)),
        Dimension::Time => ("bill-dimension-time", words.duration(line.billed)),
    };
    Row::of([
        words.say(name),
        quantity,
        unit_price(line, line.unit_price, b, words),
        words.amount(line.amount, b.currency),
    ])
}

fn tax(tax: &TaxLine, b: &PriceBreakdown, words: &Words) -> Row {
    let (rate, base) = (words.rate(tax.rate), words.amount(tax.base, b.currency));
    let label = words.tell(
        "bill-tax-line",
        &[
            ("name", (&tax.name).into()),
            ("rate", (&rate).into()),
            ("base", (&base).into()),
        ],
    );
    Row::label(label, COLUMNS, words.amount(tax.amount, b.currency))
}

/// The price with its argument: lines that add up to the total.
fn price(b: &PriceBreakdown, held: Option<Tier>, words: &Words) -> Result<Block, MoneyError> {
    let label = |id: &str, amount: Micro| {
        Row::label(words.say(id), COLUMNS, words.amount(amount, b.currency))
    };
    let mut rows: Vec<Row> = b.lines.iter().map(|l| component(l, b, words)).collect();
    if b.limit_change != Micro::ZERO {
        rows.push(label("bill-limits", b.limit_change));
    }
    if b.discount != Micro::ZERO {
        let tier = tier(held.unwrap_or(Tier::Standard), words);
        let text = words.tell("bill-discount", &[("tier", (&tier).into())]);
        let off = Micro::ZERO.minus(b.discount)?;
        rows.push(Row::label(text, COLUMNS, words.amount(off, b.currency)));
    }
    rows.extend(b.taxes.iter().map(|t| tax(t, b, words)));
    if b.rounding != Micro::ZERO {
        rows.push(label("bill-rounding", b.rounding));
    }
    rows.push(label("bill-charge-total", b.total).summed());
    Ok(Block::Table(Table {
        name: words.say("bill-price"),
        columns: vec![
            column(words.say("bill-component"), Align::Left, 34),
            column(words.say("bill-quantity"), Align::Right, 18),
            column(words.say("bill-unit-price"), Align::Right, 26),
            column(words.say("bill-amount"), Align::Right, 22),
        ],
        rows,
    }))
}
