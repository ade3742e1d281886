//! Answers as people read them ([`text`]) and as programs do ([`json`]).

pub mod energy;
pub mod export;
pub mod forecast;
pub mod json;
pub mod money;
pub mod roaming;
pub mod sharing;
pub mod text;

use fairway_model::tariff::Dimension;
use fairway_model::{Currency, Micro};

/// OCPI's name of a dimension.
fn dimension(d: Dimension) -> &'static str {
    match d {
        Dimension::Energy => "ENERGY",
        Dimension::Flat => "FLAT",
        Dimension::ParkingTime => "PARKING_TIME",
        Dimension::Time => "TIME",
    }
}

fn money(amount: Micro, currency: Currency) -> String {
    format!("{} {currency}", amount.text(currency))
}
