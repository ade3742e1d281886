//! Netting cycles, statements, obligations and tokens, for a terminal and for programs.

use super::{money, sharing};
use fairway_model::{Currency, Micro};
use fairway_utility::command::{
    CycleView, ExposureView, LineKind, MoneyReply, ObligationView, Statement, TokenView,
};
use serde_json::{Value, json};
use std::fmt::Write as _;

macro_rules! line {
    ($out:expr, $($arg:tt)*) => {{
        // Writing to a String cannot fail.
        let _ = writeln!($out, $($arg)*);
    }};
}

/// For a terminal.
pub fn text(reply: &MoneyReply) -> String {
    let mut out = String::new();
    match reply {
        MoneyReply::Cycles(cycles) => {
            if cycles.is_empty() {
                line!(out, "no cycle is closed yet");
            }
            for cycle in cycles {
                cycle_text(&mut out, cycle);
            }
        }
        MoneyReply::Statement(statement) => statement_text(&mut out, statement),
        MoneyReply::Obligations(all) => {
            if all.is_empty() {
                line!(out, "no obligations");
            }
            for obligation in all {
                obligation_text(&mut out, obligation);
            }
        }
        MoneyReply::Tokens(all) => {
            if all.is_empty() {
                line!(out, "no tokens");
            }
            for token in all {
                let limit = token
                    .limit
                    .map(|limit| format!(", accepted up to {}", money(limit, token.currency)));
                line!(
                    out,
                    "{:<40} {:>16}{}",
                    token.account.to_string(),
                    money(token.balance, token.currency),
                    limit.unwrap_or_default()
                );
            }
        }
        MoneyReply::Exposures(all) => {
            if all.is_empty() {
                line!(out, "nothing is owed, deposited or agreed");
            }
            for exposure in all {
                exposure_text(&mut out, exposure);
            }
        }
    }
    out.trim_end().to_owned()
}

fn saving(cycle: &CycleView) -> Micro {
    // The net sum is never above the gross one.
    let summary = &cycle.summary;
    summary.gross.minus(summary.net).unwrap_or_default()
}

fn cycle_text(out: &mut String, view: &CycleView) {
    let cycle = &view.summary;
    let c = cycle.currency;
    line!(
        out,
        "cycle {} {c}: {} owed in {} positions became {} in {} obligations; {} need not move",
        cycle.cycle,
        money(cycle.gross, c),
        cycle.positions.len(),
        money(cycle.net, c),
        cycle
            .transfers
            .iter()
            .filter(|t| t.amount > Micro::ZERO)
            .count(),
        money(saving(view), c)
    );
    line!(
        out,
        "  closed in block {} at {}, due {}, late interest {} basis points a year, protocol fee {}, transaction {}",
        view.height,
        view.closed_at.rfc3339(),
        cycle.due,
        cycle.interest_bps,
        money(PROTOCOL_FEE, c),
        view.transaction
    );
    for transfer in &cycle.transfers {
        let rest = if transfer.carried > Micro::ZERO {
            format!(", {} carried", transfer.carried.text(c))
        } else {
            String::new()
        };
        line!(
            out,
            "  {} pays {} {}{rest}",
            transfer.debtor,
            transfer.creditor,
            money(transfer.amount, c)
        );
    }
}

/// What the ledger takes of a charge, a netting or a payment: nothing. What running it costs is each member's own, and measured by
/// `cargo xtask bench`.
const PROTOCOL_FEE: Micro = Micro::ZERO;

fn kind(kind: LineKind) -> &'static str {
    match kind {
        LineKind::Charge => "charge",
        LineKind::Payment => "payment",
        LineKind::Carried => "carried",
        LineKind::Trade => "energy",
        LineKind::Conversion => "conversion",
    }
}

fn statement_text(out: &mut String, statement: &Statement) {
    let c = statement.currency;
    let of = statement
        .cycle
        .map_or("not netted yet".to_owned(), |day| format!("cycle {day}"));
    line!(
        out,
        "{} and {}, {c}, {of}",
        statement.member,
        statement.partner
    );
    for l in &statement.lines {
        let what = l
            .session
            .map_or_else(|| kind(l.kind).to_owned(), |s| format!("charge {s}"));
        line!(
            out,
            "  {} block {:>8} {} owes {} {:>14} {what} {}",
            l.at.rfc3339(),
            l.height,
            l.debtor,
            l.creditor,
            l.amount.text(c),
            l.transaction
        );
        if let Some(shared) = &l.shared {
            line!(out, "      {}", sharing::by(shared, c));
        }
    }
    if statement.other != Micro::ZERO {
        line!(
            out,
            "  credits, and what disputes keep out or let in again: {}",
            money(statement.other, c)
        );
    }
    let (who, amount) = if statement.total < Micro::ZERO {
        let amount = statement.total.negated().unwrap_or_default();
        (
            format!("{} owes {}", statement.member, statement.partner),
            amount,
        )
    } else {
        let who = format!("{} owes {}", statement.partner, statement.member);
        (who, statement.total)
    };
    line!(out, "  on balance {who} {}", money(amount, c));
}

fn obligation_text(out: &mut String, o: &ObligationView) {
    let c = o.id.currency;
    let late = if o.overdue { ", overdue" } else { "" };
    let accrued = if o.accrued > Micro::ZERO {
        format!(", {} interest not charged yet", o.accrued.text(c))
    } else {
        String::new()
    };
    let sent = o
        .sent
        .map(|s| format!(", {} sent under {}", s.amount.text(c), s.reference));
    line!(
        out,
        "{} {} of {} open, due {}{late}{accrued}{}; made in block {} by {}",
        o.id,
        money(o.open, c),
        o.amount.text(c),
        o.due,
        sent.unwrap_or_default(),
        o.height,
        o.transaction
    );
}

fn exposure_text(out: &mut String, e: &ExposureView) {
    let c = e.currency;
    let cap = e.cap.map_or_else(
        || "no terms in force".to_owned(),
        |cap| format!("cap {}", money(cap, c)),
    );
    let asked = e.asked.map_or_else(String::new, |asked| {
        format!("; the terms ask for {} of collateral", money(asked, c))
    });
    line!(
        out,
        "{} owes {}: {} not netted, {} in obligations, {} of collateral deposited; {} unsecured, {cap}{asked}",
        e.debtor,
        e.creditor,
        money(e.position, c),
        money(e.obliged, c),
        money(e.collateral, c),
        money(e.unsecured, c)
    );
}

/// For programs. Amounts are integers in micro-units with their currency; days and times are RFC 3339.
pub fn json(reply: &MoneyReply) -> Value {
    match reply {
        MoneyReply::Cycles(all) => Value::Array(all.iter().map(cycle_json).collect()),
        MoneyReply::Statement(statement) => statement_json(statement),
        MoneyReply::Obligations(all) => Value::Array(all.iter().map(obligation_json).collect()),
        MoneyReply::Tokens(all) => Value::Array(all.iter().map(token_json).collect()),
        MoneyReply::Exposures(all) => Value::Array(all.iter().map(exposure_json).collect()),
    }
}

fn amount(value: Micro, currency: Currency) -> Value {
    super::json::amount(value, currency)
}

fn cycle_json(view: &CycleView) -> Value {
    let cycle = &view.summary;
    let c = cycle.currency;
    let position = |p: &fairway_ledger::money::NettedPosition| json!({ "debtor": p.debtor.to_string(), "creditor": p.creditor.to_string(), "amount": amount(p.amount, c) });
    let transfer = |t: &fairway_ledger::money::NetTransfer| json!({ "debtor": t.debtor.to_string(), "creditor": t.creditor.to_string(), "amount": amount(t.amount, c), "carried": amount(t.carried, c) });
    json!({
        "cycle": cycle.cycle.to_string(), "currency": c.to_string(), "gross": amount(cycle.gross, c), "net": amount(cycle.net, c),
        "saving": amount(saving(view), c), "protocol_fee": amount(PROTOCOL_FEE, c), "due": cycle.due.to_string(), "late_interest_bps": cycle.interest_bps,
        "positions": cycle.positions.iter().map(position).collect::<Vec<_>>(), "transfers": cycle.transfers.iter().map(transfer).collect::<Vec<_>>(),
        "height": view.height, "transaction": view.transaction.to_string(), "closed_at": view.closed_at.rfc3339(),
    })
}

fn statement_json(s: &Statement) -> Value {
    let c = s.currency;
    let lines: Vec<Value> = s
        .lines
        .iter()
        .map(|l| {
            json!({ "kind": kind(l.kind), "debtor": l.debtor.to_string(), "creditor": l.creditor.to_string(), "amount": amount(l.amount, c),
                "session": l.session.map(|id| id.to_string()), "transaction": l.transaction.to_string(), "height": l.height, "at": l.at.rfc3339(),
                "shared": l.shared.as_ref().map(|shared| sharing::by_json(shared, c)) })
        })
        .collect();
    json!({ "member": s.member.to_string(), "partner": s.partner.to_string(), "currency": c.to_string(),
        "cycle": s.cycle.map(|day| day.to_string()), "lines": lines, "other": amount(s.other, c), "partner_owes": amount(s.total, c) })
}

fn obligation_json(o: &ObligationView) -> Value {
    let c = o.id.currency;
    json!({ "obligation": o.id.to_string(), "debtor": o.id.debtor.to_string(), "creditor": o.id.creditor.to_string(),
        "amount": amount(o.amount, c), "open": amount(o.open, c), "accrued": amount(o.accrued, c), "due": o.due.to_string(), "overdue": o.overdue,
        "sent": o.sent.map(|s| json!({ "amount": amount(s.amount, c), "reference": s.reference.to_string(), "message": s.message.to_string() })),
        "height": o.height, "transaction": o.transaction.to_string() })
}

fn token_json(t: &TokenView) -> Value {
    json!({ "account": t.account.to_string(), "balance": amount(t.balance, t.currency),
        "accepted_up_to": t.limit.map(|limit| amount(limit, t.currency)) })
}

fn exposure_json(e: &ExposureView) -> Value {
    let c = e.currency;
    json!({ "debtor": e.debtor.to_string(), "creditor": e.creditor.to_string(), "currency": c.to_string(),
        "position": amount(e.position, c), "obliged": amount(e.obliged, c), "collateral": amount(e.collateral, c), "unsecured": amount(e.unsecured, c),
        "cap": e.cap.map(|cap| amount(cap, c)), "collateral_asked": e.asked.map(|asked| amount(asked, c)) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_ledger::money::{CycleSummary, NetTransfer, NettedPosition, UtcDay};
    use fairway_model::{Hash, MemberId, Time};

    #[test]
    fn a_cycle_shows_its_saving_and_that_nothing_is_taken() {
        let [a, b] = ["US*APC", "US*DUK"].map(|id| MemberId::parse(id).unwrap());
        let position = |debtor, creditor, amount| NettedPosition {
            debtor,
            creditor,
            amount: Micro(amount),
        };
        let summary = CycleSummary {
            currency: Currency::USD,
            cycle: UtcDay(20_781),
            gross: Micro(15_000_000),
            net: Micro(5_000_000),
            positions: vec![position(a, b, 10_000_000), position(b, a, 5_000_000)],
            due: UtcDay(20_795),
            interest_bps: 500,
            transfers: vec![NetTransfer {
                debtor: a,
                creditor: b,
                amount: Micro(5_000_000),
                carried: Micro::ZERO,
            }],
        };
        let reply = MoneyReply::Cycles(vec![CycleView {
            summary,
            height: 7,
            transaction: Hash::default(),
            closed_at: Time(0),
            member: a,
        }]);
        let shown = text(&reply);
        assert!(shown.contains("15.00 USD owed in 2 positions became 5.00 USD in 1 obligations; 10.00 USD need not move"), "{shown}");
        assert!(shown.contains("protocol fee 0.00 USD"), "{shown}");
        assert!(shown.contains("US*APC pays US*DUK 5.00 USD"), "{shown}");
        let told = json(&reply);
        assert_eq!(told[0]["saving"]["amount"], 10_000_000);
        assert_eq!(told[0]["cycle"], "2026-11-24");
    }

    #[test]
    fn an_exposure_shows_what_is_secured() {
        let [a, b] = ["US*APC", "US*DUK"].map(|id| MemberId::parse(id).unwrap());
        let view = ExposureView {
            debtor: a,
            creditor: b,
            currency: Currency::USD,
            position: Micro(3_000_000),
            obliged: Micro(5_000_000),
            collateral: Micro(6_000_000),
            unsecured: Micro(2_000_000),
            cap: Some(Micro(100_000_000)),
            asked: Some(Micro(6_000_000)),
        };
        let shown = text(&MoneyReply::Exposures(vec![view.clone()]));
        assert_eq!(
            shown,
            "US*APC owes US*DUK: 3.00 USD not netted, 5.00 USD in obligations, 6.00 USD of collateral deposited; 2.00 USD unsecured, cap 100.00 USD; the terms ask for 6.00 USD of collateral"
        );
        let told = json(&MoneyReply::Exposures(vec![view.clone()]));
        assert_eq!(told[0]["unsecured"]["amount"], 2_000_000);
        assert_eq!(told[0]["collateral_asked"]["amount"], 6_000_000);
        let free = ExposureView {
            cap: None,
            asked: None,
            ..view
        };
        let shown = text(&MoneyReply::Exposures(vec![free]));
        assert!(
            shown.ends_with("2.00 USD unsecured, no terms in force"),
            "{shown}"
        );
        assert_eq!(
            text(&MoneyReply::Exposures(Vec::new())),
            "nothing is owed, deposited or agreed"
        );
    }
}
