//! Energy: what is for sale, and what a member had.

use super::money;
use fairway_utility::command::EnergyBalance;
use serde_json::{Value, json};
use std::fmt::Write as _;

macro_rules! line {
    ($out:expr, $($arg:tt)*) => {{
        // Writing to a String cannot fail.
        let _ = writeln!($out, $($arg)*);
    }};
}

/// Open offers for a terminal.
pub fn offers(balance: &EnergyBalance) -> String {
    let mut out = String::new();
    for o in &balance.offers {
        let offer = &o.state.offer;
        line!(
            out,
            "{}  {}  {} in the hour from {}: {} kWh at {} per kWh, until {}",
            offer.id,
            o.seller,
            offer.area,
            offer.hour.begin(),
            o.state.left.kwh_text(),
            money(offer.price, offer.currency),
            offer.valid_until
        );
    }
    if balance.offers.is_empty() {
        line!(out, "nothing is for sale");
    }
    out
}

/// Open offers.
pub fn offers_json(balance: &EnergyBalance) -> Value {
    let all = balance.offers.iter().map(|o| {
        let offer = &o.state.offer;
        json!({ "id": offer.id.to_string(), "seller": o.seller.to_string(), "area": offer.area, "hour": offer.hour.begin().rfc3339(),
            "left_kwh": o.state.left.kwh_text(), "price_micro": offer.price.0, "currency": offer.currency.to_string(),
            "valid_until": offer.valid_until.rfc3339() })
    });
    Value::Array(all.collect())
}

/// Books by hour and area for a terminal.
pub fn books(balance: &EnergyBalance) -> String {
    let mut out = String::new();
    for b in &balance.books {
        let book = &b.book;
        let supply = book.supply().unwrap_or_default();
        let stated = match &book.statement {
            Some(statement) => format!("statement {}", statement.serial),
            None => "no statement".to_owned(),
        };
        line!(
            out,
            "{}  {:<12} had {} kWh ({stated}, bought {}), delivered {}, sold {}, offered {}",
            b.hour.begin(),
            b.area,
            supply.kwh_text(),
            book.bought.kwh_text(),
            book.delivered.kwh_text(),
            book.traded.kwh_text(),
            book.offered.kwh_text()
        );
        let short = book.short().unwrap_or_default();
        if short.0 > 0 {
            line!(out, "      short of {} kWh", short.kwh_text());
        }
    }
    if balance.books.is_empty() {
        line!(out, "no energy was stated, sold or bought");
    }
    out
}

/// Books by hour and area.
pub fn books_json(balance: &EnergyBalance) -> Value {
    let all = balance.books.iter().map(|b| {
        let book = &b.book;
        json!({ "area": b.area, "hour": b.hour.begin().rfc3339(), "statement": book.statement.as_ref().map(|s| s.serial),
            "supply_kwh": book.supply().unwrap_or_default().kwh_text(), "bought_kwh": book.bought.kwh_text(),
            "delivered_kwh": book.delivered.kwh_text(), "sold_kwh": book.traded.kwh_text(), "offered_kwh": book.offered.kwh_text(),
            "short_kwh": book.short().unwrap_or_default().kwh_text() })
    });
    Value::Array(all.collect())
}
