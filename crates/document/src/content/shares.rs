//! Who gets what of a charge, and by which rule.

use super::summary::column;
use crate::block::{Align, Block, Rich, Row, Table};
use fairway_messages::Words;
use fairway_model::{Bill, BillLine, Micro, MoneyError, ShareNote, SplitKind};

pub(super) fn blocks(
    bill: &Bill,
    line: &BillLine,
    note: &ShareNote,
    words: &Words,
) -> Result<Vec<Block>, MoneyError> {
    let d = &note.division;
    let amount = |value: Micro| words.amount(value, bill.currency);
    let (net, costs) = (amount(d.costs.plus(d.surplus)?), amount(d.costs));
    let (surplus, alone) = (amount(d.surplus), amount(d.alone));
    let mut values = vec![("net", (&net).into())];
    let id = match d.kind {
        SplitKind::Fixed => "bill-split-fixed",
        SplitKind::Shapley => "bill-split-shapley",
        SplitKind::Nash => "bill-split-nash",
    };
    if d.kind != SplitKind::Fixed {
        values.extend([
            ("costs", (&costs).into()),
            ("surplus", (&surplus).into()),
            ("alone", (&alone).into()),
        ]);
    }
    let party = |id: &str, name: &String| words.tell(id, &[("name", name.into())]);
    let rows = [
        (
            party("bill-party-home", &bill.utility_name),
            amount(d.home),
            note.shares.home,
        ),
        (
            party("bill-party-visited", &line.visited_name),
            amount(d.visited),
            note.shares.visited,
        ),
        (
            words.say("bill-party-owner"),
            amount(d.owner),
            note.shares.owner,
        ),
        (
            words.say("bill-party-tax"),
            words.say("bill-none"),
            note.shares.tax,
        ),
    ];
    let mut rows: Vec<Row> = rows
        .into_iter()
        .map(|(name, net, posted)| Row::of([name, net, amount(posted)]))
        .collect();
    rows.push(Row::of([words.say("bill-sum"), net.clone(), amount(line.total)]).summed());
    let table = Table {
        name: words.say("bill-split"),
        columns: vec![
            column(words.say("bill-party"), Align::Left, 40),
            column(words.say("bill-share"), Align::Right, 26),
            column(words.say("bill-posted"), Align::Right, 34),
        ],
        rows,
    };
    Ok(vec![
        Block::Text(Rich::words(words.tell(id, &values))),
        Block::Table(table),
    ])
}
