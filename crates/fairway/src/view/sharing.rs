//! Who got what of a charge, and by which rule.

use super::json::amount;
use super::money;
use fairway_model::{Currency, Division, Micro, ShareNote, SharedBy, Shares, SplitKind};
use serde_json::{Value, json};
use std::fmt::Write as _;

macro_rules! line {
    ($out:expr, $($arg:tt)*) => {{
        // Writing to a String cannot fail.
        let _ = writeln!($out, $($arg)*);
    }};
}

fn four(s: &Shares, currency: Currency) -> String {
    format!(
        "home {}, visited {}, site owner {}, tax {}",
        s.home.text(currency),
        s.visited.text(currency),
        s.owner.text(currency),
        money(s.tax, currency)
    )
}

fn three(d: &Division, currency: Currency) -> String {
    format!(
        "home {}, visited {}, site owner {}",
        d.home.text(currency),
        d.visited.text(currency),
        money(d.owner, currency)
    )
}

/// For a terminal: the rule with its figures, the net price divided, the same by fixed parts, and what was posted.
pub fn shared(note: &ShareNote, currency: Currency, indent: &str) -> String {
    let mut out = String::new();
    let d = &note.division;
    let net = d.costs.plus(d.surplus).unwrap_or_default();
    line!(
        out,
        "{indent}shared by {}{}",
        d.kind.title(),
        figures(d, currency)
    );
    line!(
        out,
        "{indent}  net price {}: {}",
        net.text(currency),
        three(d, currency)
    );
    if d.kind != SplitKind::Fixed {
        let by_parts = three(&note.by_parts, currency);
        line!(out, "{indent}  by fixed parts it would be: {by_parts}");
    }
    line!(
        out,
        "{indent}  posted, after discount, tax and rounding: {}",
        four(&note.shares, currency)
    );
    out
}

fn figures(d: &Division, currency: Currency) -> String {
    let alone = match d.kind {
        SplitKind::Fixed => return String::new(),
        SplitKind::Shapley => "visited and owner without home",
        SplitKind::Nash => "all three without agreement",
    };
    format!(
        ": costs {}, surplus {}, {alone} {}",
        d.costs.text(currency),
        d.surplus.text(currency),
        money(d.alone, currency)
    )
}

/// For a terminal, in one line of a statement.
pub(super) fn by(shared: &SharedBy, currency: Currency) -> String {
    let parts = four(&shared.shares, currency);
    format!("shared by {}: {parts}", shared.kind.title())
}

fn division(d: &Division, c: Currency) -> Value {
    json!({ "rule": d.kind.word(), "costs": amount(d.costs, c), "surplus": amount(d.surplus, c), "alone": amount(d.alone, c),
        "home": amount(d.home, c), "visited": amount(d.visited, c), "owner": amount(d.owner, c) })
}

fn shares(s: &Shares, c: Currency) -> Value {
    let all: [(&str, Micro); 4] = [
        ("home", s.home),
        ("visited", s.visited),
        ("owner", s.owner),
        ("tax", s.tax),
    ];
    let entries = all.map(|(name, value)| (name.to_owned(), amount(value, c)));
    Value::Object(entries.into_iter().collect())
}

/// For programs.
pub(super) fn note_json(note: &ShareNote, c: Currency) -> Value {
    json!({ "division": division(&note.division, c), "by_fixed_parts": division(&note.by_parts, c), "posted": shares(&note.shares, c) })
}

/// One line of a statement, for programs.
pub(super) fn by_json(shared: &SharedBy, c: Currency) -> Value {
    json!({ "rule": shared.kind.word(), "posted": shares(&shared.shares, c) })
}
