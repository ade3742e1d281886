//! Why a price is what it is: from the typed terms of the offer, in the reader's language, and what the station showed, as it showed it.

use super::charge::{tier, unit_price};
use crate::block::{Block, Rich};
use fairway_messages::Words;
use fairway_model::{Bill, BillLine, Dimension, Micro, Quoted, RuleVerdict};

/// A multiplier that leaves the tariff as it is, in basis points.
const NEUTRAL: u32 = 10_000;

pub(super) fn list(bill: &Bill, line: &BillLine, words: &Words) -> Block {
    let mut items: Vec<Vec<Rich>> = Vec::new();
    if let Some(quoted) = &line.quoted {
        items.extend(terms(bill, line, quoted, words).into_iter().map(one));
    }
    items.extend(moved(line, words).into_iter().map(one));
    items.extend(rule(line, words).map(one));
    if let Some(quoted) = &line.quoted {
        items.extend(before(bill, quoted, words).into_iter().map(one));
        if !quoted.reasons.is_empty() {
            let mut said = one(words.say("bill-reason-said"));
            said.extend(quoted.reasons.iter().map(Rich::english));
            items.push(said);
        }
    }
    if items.is_empty() {
        items.push(one(words.say("bill-none")));
    }
    Block::List {
        numbered: false,
        items,
    }
}

fn one(text: String) -> Vec<Rich> {
    vec![Rich::words(text)]
}

/// What tariff and policies say.
fn terms(bill: &Bill, line: &BillLine, quoted: &Quoted, words: &Words) -> Vec<String> {
    let (terms, agreement) = (&quoted.adjustments, line.agreement.to_string());
    let mut out = vec![words.tell(
        "bill-reason-tariff",
        &[
            ("tariff", (&quoted.tariff).into()),
            ("agreement", (&agreement).into()),
        ],
    )];
    if terms.load_bps != NEUTRAL {
        let percent = words.basis_points(terms.load_bps);
        out.push(words.tell("bill-reason-load", &[("percent", (&percent).into())]));
    }
    if terms.corridor.cap < Micro(i64::MAX) {
        let floor = words.amount(terms.corridor.floor, bill.currency);
        let cap = words.amount(terms.corridor.cap, bill.currency);
        out.push(words.tell(
            "bill-reason-corridor",
            &[("floor", (&floor).into()), ("cap", (&cap).into())],
        ));
    }
    if terms.discount_bps > 0 {
        let (tier, percent) = (
            tier(terms.tier, words),
            words.basis_points(terms.discount_bps),
        );
        out.push(words.tell(
            "bill-reason-discount",
            &[("tier", (&tier).into()), ("percent", (&percent).into())],
        ));
    }
    out
}

/// Where the price left the tariff's own.
fn moved(line: &BillLine, words: &Words) -> Vec<String> {
    let b = &line.breakdown;
    let energy = b.lines.iter().filter(|l| l.dimension == Dimension::Energy);
    let mut out: Vec<String> = Vec::new();
    for part in energy {
        if part.unit_price != part.list_price {
            let list = unit_price(part, part.list_price, b, words);
            let price = unit_price(part, part.unit_price, b, words);
            let text = words.tell(
                "bill-reason-list",
                &[("list", (&list).into()), ("price", (&price).into())],
            );
            if !out.contains(&text) {
                out.push(text);
            }
        }
    }
    if b.lines.iter().any(|l| l.clamped) {
        out.push(words.say("bill-reason-held"));
    }
    out
}

/// What the agreement's custom rule did.
fn rule(line: &BillLine, words: &Words) -> Option<String> {
    let note = line.breakdown.rule.as_ref()?;
    let rule = note.rule.hex();
    let id = match note.verdict {
        RuleVerdict::Used => "bill-reason-rule-used",
        RuleVerdict::Declined => "bill-reason-rule-declined",
        RuleVerdict::FellBack(_) => "bill-reason-rule-failed",
    };
    Some(words.tell(id, &[("rule", (&rule).into())]))
}

/// What the driver knew before the start.
fn before(bill: &Bill, quoted: &Quoted, words: &Words) -> Vec<String> {
    let low = words.amount(quoted.low, bill.currency);
    let high = words.amount(quoted.high, bill.currency);
    let mut out = vec![words.tell(
        "bill-reason-estimate",
        &[("low", (&low).into()), ("high", (&high).into())],
    )];
    if let Some(at) = quoted.consented {
        let at = words.instant(at);
        out.push(words.tell("bill-reason-fixed", &[("at", (&at).into())]));
    }
    out
}
