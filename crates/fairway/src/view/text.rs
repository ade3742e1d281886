//! Answers for a terminal.

use super::sharing::shared;
use super::{dimension, money};
use fairway_model::tariff::Dimension;
use fairway_model::{Micro, PriceBreakdown, PriceLine};
use fairway_utility::command::{Books, CaseView, SessionSummary, SessionTrace, Status};
use std::fmt::Write as _;

macro_rules! line {
    ($out:expr, $($arg:tt)*) => {{
        // Writing to a String cannot fail.
        let _ = writeln!($out, $($arg)*);
    }};
}

fn quantity(line: &PriceLine) -> String {
    let seconds = || line.billed.checked_div(1_000).unwrap_or(0);
    match line.dimension {
        Dimension::Energy => format!("{} kWh", fairway_model::Energy(line.billed).kwh_text()),
        Dimension::Flat => "once".to_owned(),
        Dimension::ParkingTime | Dimension::Time => format!("{} s", seconds()),
    }
}

/// An amount with its currency.
pub fn amount(value: Micro, currency: fairway_model::Currency) -> String {
    money(value, currency)
}

/// A price with its argument, one line per component.
pub fn breakdown(b: &PriceBreakdown, indent: &str) -> String {
    let mut out = String::new();
    for l in &b.lines {
        let moved = if l.unit_price == l.list_price {
            String::new()
        } else {
            format!(" (list {})", l.list_price.text(b.currency))
        };
        let held = if l.clamped {
            ", held by the agreed corridor"
        } else {
            ""
        };
        line!(
            out,
            "{indent}{:<13}{:>16} x {}{moved}{held} = {}",
            dimension(l.dimension),
            quantity(l),
            l.unit_price.text(b.currency),
            money(l.amount, b.currency)
        );
    }
    if b.limit_change != Micro::ZERO {
        line!(
            out,
            "{indent}minimum or maximum of the tariff {}",
            money(b.limit_change, b.currency)
        );
    }
    if b.discount != Micro::ZERO {
        line!(
            out,
            "{indent}tier discount -{}",
            money(b.discount, b.currency)
        );
    }
    for tax in &b.taxes {
        let percent = Micro(i64::from(tax.rate.0).saturating_mul(100)).text(b.currency);
        line!(
            out,
            "{indent}{} {percent} % on {} = {}",
            tax.name,
            tax.base.text(b.currency),
            money(tax.amount, b.currency)
        );
    }
    if b.rounding != Micro::ZERO {
        line!(out, "{indent}rounding {}", money(b.rounding, b.currency));
    }
    line!(out, "{indent}total {}", money(b.total, b.currency));
    out
}

/// Disputes, one a paragraph.
pub fn cases(cases: &[CaseView]) -> String {
    let mut out = String::new();
    for c in cases {
        let (case, currency) = (&c.case, c.case.currency);
        line!(
            out,
            "{}  {} of {} at {}, opened by {} at {}",
            case.session,
            format!("{:?}", c.reason),
            case.home,
            case.visited,
            case.opener,
            c.opened_at
        );
        line!(
            out,
            "      claimed total {}, evidence {}, answer due {}",
            money(c.claimed, currency),
            c.evidence,
            c.answer_until
        );
        if let (Some(total), Some(until)) = (c.answered, c.settle_until) {
            let total = money(total, currency);
            line!(out, "      answered: {total}; panel until {until}");
        }
        if let Some(until) = c.vote_until {
            let judges: Vec<String> = c.panel.iter().map(ToString::to_string).collect();
            line!(
                out,
                "      panel: {}; votes until {until}",
                judges.join(", ")
            );
        }
        match &c.end {
            Some(end) => line!(
                out,
                "      {}: total {}, credited {} at {}",
                end.ruling.word(),
                money(end.total, currency),
                money(end.credited, currency),
                end.at
            ),
            None => line!(out, "      open"),
        }
    }
    if cases.is_empty() {
        line!(out, "no disputes");
    }
    out
}

fn summary(s: &SessionSummary) -> String {
    let home = s.home.map_or_else(|| "?".into(), |m| m.to_string());
    let total = s
        .total
        .map_or_else(|| "-".into(), |t| t.text(fairway_model::Currency::USD));
    let local = if s.local { " local" } else { "" };
    let why = s
        .refusal
        .as_ref()
        .map(|r| format!("  {r}"))
        .unwrap_or_default();
    format!(
        "{}  {}  {home} at {}  {:<12}{local} {} kWh  {total}{why}",
        s.session,
        s.at,
        s.visited,
        s.state,
        s.energy.kwh_text()
    )
}

/// A list of charges.
pub fn sessions(list: &[SessionSummary]) -> String {
    list.iter().map(summary).collect::<Vec<_>>().join("\n")
}

/// One charge, hop by hop.
pub fn trace(t: &SessionTrace) -> String {
    let mut out = String::new();
    line!(out, "{}", summary(&t.summary));
    let first = t.hops.first().map(|h| h.at);
    for hop in &t.hops {
        let since = first.map_or(0, |f| hop.at.since(f));
        line!(
            out,
            "  {:>8} ms  {:<8} -> {:<8} {}",
            since,
            hop.from,
            hop.to,
            hop.what
        );
    }
    if let Some(offer) = &t.offer {
        let o = &offer.offer;
        line!(out, "offer {}", o.hash());
        line!(out, "  tariff {} under {}", o.tariff, o.agreement);
        line!(
            out,
            "  estimate {} ({} to {})",
            money(o.estimate.expected, o.currency),
            o.estimate.low.text(o.currency),
            o.estimate.high.text(o.currency)
        );
        for reason in &o.reasons {
            line!(out, "  {reason}");
        }
    }
    if let Some(consent) = &t.consent {
        line!(
            out,
            "consent {:?} at {}",
            consent.consent.method,
            consent.consent.given_at
        );
    }
    if let Some(b) = &t.breakdown {
        line!(out, "price");
        out.push_str(&breakdown(b, "  "));
    }
    if let Some(signed) = &t.event {
        let e = &signed.event;
        line!(
            out,
            "charge event {} signed by {} and {}",
            e.hash(),
            e.visited,
            e.home
        );
    }
    if let (Some(note), Some(price)) = (&t.shared, &t.breakdown) {
        out.push_str(&shared(note, price.currency, "  "));
    }
    line!(out, "{} signed meter records", t.evidence.len());
    if let (Some(transaction), Some(height)) = (t.transaction, t.height) {
        line!(
            out,
            "settled in ledger block {height}, transaction {transaction}"
        );
    }
    out
}

/// State of a utility.
pub fn status(s: &Status) -> String {
    let mut out = String::new();
    line!(
        out,
        "{} at ledger height {}, policy version {}",
        s.member,
        s.height,
        s.policy_version
    );
    line!(
        out,
        "{} charges open, {} messages waiting, {} stations connected, {} visiting profiles",
        s.open,
        s.outbox,
        s.connected.len(),
        s.visiting_profiles
    );
    for (home, visited, id) in &s.agreements {
        line!(out, "agreement {home} at {visited}: {id}");
    }
    for id in &s.proposals {
        line!(out, "proposed to us: {id}");
    }
    for (prefix, member) in &s.prefixes {
        line!(out, "CIN prefix {prefix}: {member}");
    }
    line!(out, "{} EVSEs registered", s.evses);
    out
}

/// A utility's own books.
pub fn books(b: &Books) -> String {
    let mut out = String::new();
    for (account, balance) in &b.accounts {
        line!(
            out,
            "{:>18}  {account}",
            balance.text(fairway_model::Currency::USD)
        );
    }
    for (partner, currency, amount) in &b.positions {
        line!(
            out,
            "{:>18}  position toward {partner} on the ledger, {currency}",
            amount.text(*currency)
        );
    }
    line!(
        out,
        "{} charges settled as home, {} as visited; drivers billed {:?}; trial balance {:?}",
        b.settled_home,
        b.settled_visited,
        b.billed,
        b.trial_balance
    );
    out
}
