//! `fairway energy`: where the energy comes from that is sold, and its market.

use super::client::{Client, Target};
use super::say;
use super::submit::{Desk, submit};
use crate::view;
use clap::{Args, Subcommand};
use fairway_ledger::Operation;
use fairway_ledger::energy::op::{
    EnergyAcceptance, EnergyCancellation, EnergyOffer, EnergyOperation, EnergyStatement, Hour,
    OfferId,
};
use fairway_model::time::HOUR;
use fairway_model::{Currency, Energy, Hash, MemberId, Micro};
use fairway_utility::command::{Command, EnergyBalance, EnergyCommand, OpenOffer, Reply};
use std::path::PathBuf;

/// Energy by grid area and hour.
#[derive(Debug, Subcommand)]
pub(super) enum EnergySubcommand {
    /// State what a grid area of this member had in an hour, or correct it.
    State(StateOptions),
    /// Offer energy to the other members.
    Offer(OfferOptions),
    /// Take an offer, whole or part.
    Accept {
        /// The offer, nrg_...
        offer: String,
        /// How much of it, in kWh; all that is left without.
        #[arg(long, value_name = "KWH")]
        energy: Option<String>,
        #[command(flatten)]
        desk: Desk,
    },
    /// Take the own offer back, or free an expired one.
    Cancel {
        /// The offer, nrg_...
        offer: String,
        #[command(flatten)]
        desk: Desk,
    },
    /// What is for sale.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// What this member had, sold and bought, by area and hour.
    Balance {
        #[command(flatten)]
        target: Target,
    },
}

/// A statement as typed.
#[derive(Debug, Args)]
pub(super) struct StateOptions {
    /// The grid area, as charging points name it.
    #[arg(long)]
    area: String,
    /// The hour of UTC, as in 2026-11-23T07.
    #[arg(long)]
    hour: String,
    /// Metered inflow in kWh.
    #[arg(long, value_name = "KWH")]
    metered: String,
    /// What certificates cover besides, in kWh.
    #[arg(long, value_name = "KWH", default_value = "0")]
    certified: String,
    /// File with the metering record and the certificates; its SHA-256 goes on the ledger.
    #[arg(long)]
    document: PathBuf,
    /// Counts up with each correction.
    #[arg(long, default_value_t = 1)]
    serial: u32,
    #[command(flatten)]
    desk: Desk,
}

/// An offer as typed.
#[derive(Debug, Args)]
pub(super) struct OfferOptions {
    /// The grid area.
    #[arg(long)]
    area: String,
    /// The hour of UTC, as in 2026-11-23T07.
    #[arg(long)]
    hour: String,
    /// How much, in kWh.
    #[arg(long, value_name = "KWH")]
    energy: String,
    /// Price per kWh.
    #[arg(long)]
    price: String,
    /// Its currency.
    #[arg(long, default_value = "USD")]
    currency: String,
    /// Hours from now until the offer ends.
    #[arg(long, default_value_t = 24)]
    valid_hours: u16,
    #[command(flatten)]
    desk: Desk,
}

fn hour(text: &str) -> Result<Hour, String> {
    let instant: jiff::Timestamp = format!("{text}:00:00Z")
        .parse()
        .map_err(|e| format!("hour {text:?}: {e}; 2026-11-23T07 is right"))?;
    Ok(Hour::of(fairway_model::Time(instant.as_millisecond())))
}

/// Kilowatt-hours have the same six digits behind the point as amounts of money.
fn kwh(text: &str) -> Result<Energy, String> {
    let wrong = || format!("{text:?} is no energy: kilowatt-hours such as 12.5 are right");
    let amount = Micro::parse(text).map_err(|_| wrong())?;
    u64::try_from(amount.0).map(Energy).map_err(|_| wrong())
}

pub(super) async fn run(command: EnergySubcommand) -> Result<(), String> {
    match command {
        EnergySubcommand::State(options) => state(&options).await,
        EnergySubcommand::Offer(options) => offer(&options).await,
        EnergySubcommand::Accept {
            offer,
            energy,
            desk,
        } => accept(&desk, &offer, energy.as_deref()).await,
        EnergySubcommand::Cancel { offer, desk } => cancel(&desk, &offer).await,
        EnergySubcommand::List { target } => {
            let shown = balance(&Client::of(&target)?).await?;
            say(&if target.json {
                view::energy::offers_json(&shown).to_string()
            } else {
                view::energy::offers(&shown)
            });
            Ok(())
        }
        EnergySubcommand::Balance { target } => {
            let shown = balance(&Client::of(&target)?).await?;
            say(&if target.json {
                view::energy::books_json(&shown).to_string()
            } else {
                view::energy::books(&shown)
            });
            Ok(())
        }
    }
}

async fn state(o: &StateOptions) -> Result<(), String> {
    let document =
        std::fs::read(&o.document).map_err(|e| format!("{}: {e}", o.document.display()))?;
    let statement = EnergyStatement {
        area: o.area.clone(),
        hour: hour(&o.hour)?,
        metered: kwh(&o.metered)?,
        certified: kwh(&o.certified)?,
        document: Hash::plain(&document),
        serial: o.serial,
    };
    let what = format!(
        "energy of {} in the hour from {}",
        o.area,
        statement.hour.begin()
    );
    hand_in(&o.desk, EnergyOperation::State(statement), &what).await
}

async fn offer(o: &OfferOptions) -> Result<(), String> {
    let id: [u8; 16] = rand::random();
    let validity = HOUR.saturating_mul(i64::from(o.valid_hours));
    let offer = EnergyOffer {
        id: OfferId(id),
        area: o.area.clone(),
        hour: hour(&o.hour)?,
        energy: kwh(&o.energy)?,
        price: Micro::parse(&o.price).map_err(|e| e.to_string())?,
        currency: Currency::parse(&o.currency).map_err(|e| e.to_string())?,
        valid_until: o.desk.config()?.clock().now().plus(validity),
    };
    let what = format!("offer {}", offer.id);
    hand_in(&o.desk, EnergyOperation::Offer(offer), &what).await
}

async fn accept(desk: &Desk, text: &str, energy: Option<&str>) -> Result<(), String> {
    let (seller, found) = find(desk, text).await?;
    let offer = found.state.offer;
    let acceptance = EnergyAcceptance {
        seller,
        id: offer.id,
        area: offer.area,
        hour: offer.hour,
        energy: energy.map_or(Ok(found.state.left), kwh)?,
        price: offer.price,
        currency: offer.currency,
    };
    let amount = acceptance.amount().map_err(|e| e.to_string())?;
    let what = format!(
        "{} kWh of {seller} for {} {}",
        acceptance.energy.kwh_text(),
        amount.text(acceptance.currency),
        acceptance.currency
    );
    hand_in(desk, EnergyOperation::Accept(acceptance), &what).await
}

async fn cancel(desk: &Desk, text: &str) -> Result<(), String> {
    let (seller, found) = find(desk, text).await?;
    let offer = found.state.offer;
    let cancellation = EnergyCancellation {
        seller,
        id: offer.id,
        area: offer.area,
        hour: offer.hour,
    };
    let what = format!("end of {}", offer.id);
    hand_in(desk, EnergyOperation::Cancel(cancellation), &what).await
}

async fn find(desk: &Desk, text: &str) -> Result<(MemberId, OpenOffer), String> {
    let id = OfferId::parse(text)?;
    let shown = balance(&desk.client()?).await?;
    let found = shown.offers.into_iter().find(|o| o.state.offer.id == id);
    found
        .map(|offer| (offer.seller, offer))
        .ok_or_else(|| format!("{id} is not open; `fairway energy list` shows what is"))
}

async fn balance(client: &Client) -> Result<EnergyBalance, String> {
    match client
        .command(&Command::Energy(EnergyCommand::Show))
        .await?
    {
        Reply::Energy(balance) => Ok(*balance),
        _ => Err("the utility gave an answer of another kind".to_owned()),
    }
}

async fn hand_in(desk: &Desk, operation: EnergyOperation, what: &str) -> Result<(), String> {
    let command = Command::Energy(EnergyCommand::Submit(operation.clone()));
    submit(
        desk,
        &command,
        what,
        |seen| matches!(seen, Operation::Energy(seen) if *seen == operation),
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_energies_are_read_as_typed() {
        assert_eq!(
            hour("2026-11-23T07").unwrap().begin().rfc3339(),
            "2026-11-23T07:00:00.000Z"
        );
        assert!(hour("yesterday").unwrap_err().contains("is right"));
        assert_eq!(kwh("12.5"), Ok(Energy(12_500_000)));
        assert!(kwh("-1").is_err() && kwh("much").is_err());
    }
}
