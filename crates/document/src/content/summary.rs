//! Who is billed, how much, and the month from several sides.

use super::{count, day, offset, title};
use crate::block::{Align, Block, Chart, Column, Fact, Rich, Row, Table};
use fairway_messages::Words;
use fairway_model::time::DAY;
use fairway_model::{Bill, Energy, MemberId, Micro, MoneyError, Ppm};
use std::collections::BTreeMap;

/// Most bars of the chart of days: charges that settle late may have begun in another month.
const MAX_BARS: i64 = 62;

pub(super) fn column(head: String, align: Align, width: i64) -> Column {
    Column { head, align, width }
}

fn energy(bill: &Bill) -> Energy {
    let lines = bill.lines.iter().map(|l| l.energy.0);
    Energy(lines.fold(0, u64::saturating_add))
}

fn credited(bill: &Bill) -> Result<Micro, MoneyError> {
    Micro::sum(bill.credits.iter().map(|c| c.amount))
}

fn note(bill: &Bill, words: &Words) -> Result<String, MoneyError> {
    let charges = words.tell("bill-charges", &[("count", count(bill.lines.len()))]);
    let energy = words.energy(energy(bill));
    let mut values = vec![("charges", (&charges).into()), ("energy", (&energy).into())];
    if bill.credits.is_empty() {
        return Ok(words.tell("bill-total-of", &values));
    }
    let credits = words.tell("bill-credits", &[("count", count(bill.credits.len()))]);
    let amount = words.amount(credited(bill)?, bill.currency);
    values.extend([("credits", (&credits).into()), ("amount", (&amount).into())]);
    Ok(words.tell("bill-total-of-credited", &values))
}

/// Title, whose bill it is, and the total.
pub(super) fn head(bill: &Bill, words: &Words) -> Result<Vec<Block>, MoneyError> {
    let utility = format!("{} ({})", bill.utility_name, bill.utility);
    let mut out = vec![
        Block::heading(1, title(bill, words)),
        Block::Facts {
            name: words.say("bill-customer"),
            facts: vec![
                Fact::new(words.say("bill-customer"), Rich::words(&bill.customer)),
                Fact::new(words.say("bill-cin"), Rich::code(bill.cin_grouped())),
                Fact::new(words.say("bill-utility"), Rich::words(utility)),
            ],
        },
        Block::Total {
            label: words.say("bill-total"),
            amount: words.amount(bill.total, bill.currency),
            note: note(bill, words)?,
        },
    ];
    if bill.lines.is_empty() && bill.credits.is_empty() {
        out.push(Block::Text(Rich::words(words.say("bill-nothing"))));
    }
    if bill.pending > 0 {
        let pending = usize::try_from(bill.pending).unwrap_or(usize::MAX);
        let text = words.tell("bill-pending", &[("count", count(pending))]);
        out.push(Block::Text(Rich::words(text)));
    }
    Ok(out)
}

#[derive(Default)]
struct Part {
    name: String,
    charges: usize,
    energy: u64,
    amounts: Vec<Micro>,
}

/// Charges, energy and amount at each network, the driver's own first; they add up to the total.
pub(super) fn by_network(bill: &Bill, words: &Words) -> Result<Vec<Block>, MoneyError> {
    if bill.lines.is_empty() {
        return Ok(Vec::new());
    }
    let mut parts: BTreeMap<(bool, MemberId), Part> = BTreeMap::new();
    for line in &bill.lines {
        let key = (line.visited != bill.utility, line.visited);
        let part = parts.entry(key).or_default();
        part.name.clone_from(&line.visited_name);
        part.charges = part.charges.saturating_add(1);
        part.energy = part.energy.saturating_add(line.energy.0);
        part.amounts.push(line.total);
    }
    let mut rows = Vec::new();
    for ((roaming, _), part) in parts {
        let name = if roaming {
            part.name
        } else {
            words.tell("bill-network-home", &[("name", (&part.name).into())])
        };
        let sum = Micro::sum(part.amounts)?;
        rows.push(Row::of([
            name,
            part.charges.to_string(),
            words.energy(Energy(part.energy)),
            words.amount(sum, bill.currency),
        ]));
    }
    if !bill.credits.is_empty() {
        let less = Micro::ZERO.minus(credited(bill)?)?;
        let label = words.say("bill-credited");
        rows.push(Row::label(label, 4, words.amount(less, bill.currency)));
    }
    let sum = Row::of([
        words.say("bill-sum"),
        bill.lines.len().to_string(),
        words.energy(energy(bill)),
        words.amount(bill.total, bill.currency),
    ]);
    rows.push(sum.summed());
    let columns = vec![
        column(words.say("bill-network"), Align::Left, 44),
        column(words.say("bill-count"), Align::Right, 14),
        column(words.say("bill-energy"), Align::Right, 20),
        column(words.say("bill-amount"), Align::Right, 22),
    ];
    Ok(titled(words.say("bill-networks"), columns, rows))
}

fn titled(name: String, columns: Vec<Column>, rows: Vec<Row>) -> Vec<Block> {
    vec![
        Block::heading(2, &name),
        Block::Table(Table {
            name,
            columns,
            rows,
        }),
    ]
}

/// The energy of each day, from the first to the last with a charge.
pub(super) fn by_day(bill: &Bill, words: &Words) -> Vec<Block> {
    let mut days: BTreeMap<i64, (u64, String)> = BTreeMap::new();
    for line in &bill.lines {
        let local = line.start.plus(offset(line, line.start)).0.div_euclid(DAY);
        let entry = days.entry(local).or_insert_with(|| (0, day(line, words)));
        entry.0 = entry.0.saturating_add(line.energy.0);
    }
    let (Some((first, from)), Some((last, until))) =
        (days.first_key_value(), days.last_key_value())
    else {
        return Vec::new();
    };
    let most = days.values().max_by_key(|(energy, _)| *energy);
    let Some((most, on)) = most.filter(|_| last - first < MAX_BARS) else {
        return Vec::new();
    };
    let highest = words.energy(Energy(*most));
    let bars = (*first..=*last).map(|d| days.get(&d).map_or(0, |(energy, _)| *energy));
    let chart = Chart {
        words: words.tell(
            "bill-daily-alt",
            &[
                ("days", count(days.len())),
                ("day", on.into()),
                ("energy", (&highest).into()),
            ],
        ),
        bars: bars.collect(),
        first: from.1.clone(),
        last: until.1.clone(),
        highest,
    };
    vec![
        Block::heading(2, words.say("bill-daily")),
        Block::Chart(chart),
    ]
}

/// Taxes of all charges, each kind once.
pub(super) fn taxes(bill: &Bill, words: &Words) -> Result<Vec<Block>, MoneyError> {
    let mut kinds: BTreeMap<(&str, Ppm), (Micro, Micro)> = BTreeMap::new();
    for tax in bill.lines.iter().flat_map(|l| &l.breakdown.taxes) {
        let (base, amount) = kinds.entry((tax.name.as_str(), tax.rate)).or_default();
        *base = base.plus(tax.base)?;
        *amount = amount.plus(tax.amount)?;
    }
    if kinds.is_empty() {
        return Ok(Vec::new());
    }
    let rows = kinds.into_iter().map(|((name, rate), (base, amount))| {
        Row::of([
            name.to_owned(),
            words.rate(rate),
            words.amount(base, bill.currency),
            words.amount(amount, bill.currency),
        ])
    });
    let columns = vec![
        column(words.say("bill-tax"), Align::Left, 44),
        column(words.say("bill-tax-rate"), Align::Right, 14),
        column(words.say("bill-tax-base"), Align::Right, 20),
        column(words.say("bill-amount"), Align::Right, 22),
    ];
    Ok(titled(words.say("bill-taxes"), columns, rows.collect()))
}

/// Every charge in one row.
pub(super) fn list(bill: &Bill, words: &Words) -> Vec<Block> {
    if bill.lines.is_empty() {
        return Vec::new();
    }
    let rows = bill.lines.iter().enumerate().map(|(at, line)| {
        Row::of([
            at.saturating_add(1).to_string(),
            day(line, words),
            format!("{}, {}", line.visited_name, line.evse),
            words.energy(line.energy),
            words.amount(line.total, bill.currency),
        ])
    });
    let columns = vec![
        column(words.say("bill-number"), Align::Right, 7),
        column(words.say("bill-day"), Align::Left, 14),
        column(words.say("bill-place"), Align::Left, 43),
        column(words.say("bill-energy"), Align::Right, 18),
        column(words.say("bill-amount"), Align::Right, 18),
    ];
    titled(words.say("bill-list"), columns, rows.collect())
}

/// What came off charges.
pub(super) fn credits(bill: &Bill, words: &Words) -> Vec<Block> {
    if bill.credits.is_empty() {
        return Vec::new();
    }
    let mut out = vec![Block::heading(2, words.say("bill-credit-list"))];
    for credit in &bill.credits {
        let (height, at) = (
            words.decimal(&credit.height.to_string()),
            words.instant(credit.at),
        );
        let ledger = words.tell(
            "bill-ledger-at",
            &[("height", (&height).into()), ("at", (&at).into())],
        );
        out.push(Block::Facts {
            name: words.say("bill-credit-list"),
            facts: vec![
                Fact::new(
                    words.say("bill-amount"),
                    Rich::bold(words.amount(credit.amount, bill.currency)),
                ),
                Fact::new(
                    words.say("bill-credit-why"),
                    Rich::words(why(&credit.reason, words)),
                ),
                Fact::new(
                    words.say("bill-session"),
                    Rich::code(credit.session.to_string()),
                ),
                Fact::new(words.say("bill-ledger"), Rich::words(ledger)),
                Fact::new(
                    words.say("bill-transaction"),
                    Rich::code(credit.transaction.hex()),
                ),
            ],
        });
    }
    out
}

/// A credit's reason in words; a reason that there are no words for stands as it is.
fn why(reason: &str, words: &Words) -> String {
    if reason.starts_with("dispute") {
        return words.say("bill-credit-dispute");
    }
    let id = format!("bill-credit-{reason}");
    if words.has(&id) {
        words.say(&id)
    } else {
        reason.to_owned()
    }
}
