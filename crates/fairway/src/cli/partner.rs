//! `fairway partner`: who may be agreed with, how they kept what they agreed, and what this member offers itself.

use super::client::{Client, Target};
use super::say;
use super::submit::{Desk, submit};
use crate::view::roaming;
use clap::{Args, Subcommand};
use fairway_ledger::{BoardOffer, Operation, TermsOperation};
use fairway_model::time::DAY;
use fairway_model::{Corridor, Currency, MemberId, Micro};
use fairway_utility::command::{Command, Reply};
use fairway_utility::roaming::{PartnerView, PriceThere, TermsCommand};
use serde_json::{Value, json};

/// Partners.
#[derive(Debug, Subcommand)]
pub(super) enum PartnerCommand {
    /// All utilities of the consortium: stations, offers and record in a line each.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// One utility: areas, offers, and what the ledger tells of it.
    Show {
        /// The member, as in `US*DUK`.
        member: String,
        #[command(flatten)]
        target: Target,
    },
    /// Post what this member offers to others' drivers on the ledger's board. It binds nobody; an agreement does.
    Offer(Box<OfferOptions>),
    /// Take an offer off the board.
    Withdraw {
        /// Which of this member's offers.
        #[arg(long, default_value_t = 0)]
        slot: u8,
        #[command(flatten)]
        desk: Desk,
    },
}

/// An offer. Amounts are decimals in the currency, parts are basis points: 100 are one percent.
#[derive(Debug, Args)]
pub(super) struct OfferOptions {
    /// Which of this member's offers, 0 to 7; it takes the place of what stood there.
    #[arg(long, default_value_t = 0)]
    slot: u8,
    /// Grid area with stations, as in `fairway evse register`; may be given up to 16 times.
    #[arg(long = "area", required = true)]
    areas: Vec<String>,
    /// ISO 4217.
    #[arg(long, default_value = "USD")]
    currency: String,
    /// Energy price per kWh before tax at neutral load.
    #[arg(long)]
    energy_price: String,
    /// Fee once per charge before tax.
    #[arg(long, default_value = "0")]
    start_fee: String,
    /// Lowest energy price that the agreement would allow.
    #[arg(long)]
    floor: String,
    /// Highest energy price that the agreement would allow.
    #[arg(long)]
    cap: String,
    /// The home utility's part of the net price.
    #[arg(long)]
    home_bps: u32,
    /// Least part of the drivers that the agreement would bind to serve.
    #[arg(long)]
    least_served_bps: Option<u32>,
    /// How long the offer stands, in days; at most 366.
    #[arg(long, default_value_t = 30)]
    days: u16,
    #[command(flatten)]
    desk: Desk,
}

pub(super) async fn run(command: PartnerCommand) -> Result<(), String> {
    match command {
        PartnerCommand::List { target } => list(&target).await,
        PartnerCommand::Show { member, target } => show(&target, &member).await,
        PartnerCommand::Offer(options) => offer(*options).await,
        PartnerCommand::Withdraw { slot, desk } => {
            let command = Command::Terms(TermsCommand::Withdraw { slot });
            submit(&desk, &command, &format!("offer {slot} withdrawn"), |operation| {
                matches!(operation, Operation::Terms(TermsOperation::WithdrawOffer { slot: s }) if *s == slot)
            })
            .await
        }
    }
}

async fn list(target: &Target) -> Result<(), String> {
    let partners = partners(target).await?;
    if target.json {
        let data: Vec<Value> = partners.iter().map(roaming::partner).collect();
        say(&json!({ "data": data }).to_string());
        return Ok(());
    }
    for partner in &partners {
        say(&line(partner));
    }
    Ok(())
}

async fn partners(target: &Target) -> Result<Vec<PartnerView>, String> {
    let command = Command::Terms(TermsCommand::Partners);
    match Client::of(target)?.command(&command).await? {
        Reply::Partners(partners) => Ok(partners),
        _ => Err("the utility gave an answer of another kind".to_owned()),
    }
}

fn line(p: &PartnerView) -> String {
    let r = &p.record;
    format!(
        "{}  {}: {} charging points, {} offers; served {} charges, refused {} drivers, {} disputes, {} agreements with us",
        p.member,
        p.name,
        p.evses,
        p.offers.len(),
        r.served,
        r.refusals,
        r.disputes,
        p.agreements.len()
    )
}

fn describe(p: &PartnerView) -> Vec<String> {
    let r = &p.record;
    let mut lines = vec![
        format!("{}  {}", p.member, p.name),
        format!("  charging points: {} in {}", p.evses, named(&p.areas)),
        format!(
            "  served: {} charges of others' drivers, {} kWh; sent: {} charges of its drivers",
            r.served,
            r.energy.kwh_text(),
            r.sent
        ),
        format!(
            "  service: {} drivers refused, {} claims answered, {} cycles with a penalty",
            r.refusals, r.answered, r.penalties
        ),
        format!(
            "  settlements refused by the ledger: {}; cases: {} opened by it, {} against it, {} charges corrected",
            r.refused, r.disputes, r.disputed, r.corrected
        ),
        format!(
            "  payments confirmed by creditors: {}{}",
            r.payments,
            r.paid_at
                .map_or_else(String::new, |at| format!(", the newest at {at}"))
        ),
        format!(
            "  agreements suspended: {}; ended for breach: {} by it, {} by others for its breach",
            r.suspensions, r.breaches_said, r.breaches_heard
        ),
    ];
    lines.extend(p.owes.iter().map(|(currency, owes, has)| {
        format!(
            "  owes others {} {currency}, is owed {} {currency}",
            owes.text(*currency),
            has.text(*currency)
        )
    }));
    lines.extend(experience(p));
    lines.extend(p.offers.iter().map(|o| {
        let level = o
            .least_served_bps
            .map_or_else(String::new, |bps| format!(", serves at least {bps} basis points"));
        format!(
            "  offer {}: {} {} per kWh and {} once in {}, corridor {} to {}, home gets {} basis points{level}; until {}",
            o.slot,
            o.energy_price.text(o.currency),
            o.currency,
            o.start_fee.text(o.currency),
            named(&o.areas),
            o.corridor.floor.text(o.currency),
            o.corridor.cap.text(o.currency),
            o.home_bps,
            o.valid_until
        )
    }));
    lines.extend(p.agreements.iter().map(|(home, visited, id)| {
        format!("  in force: drivers of {home} at stations of {visited}: {id}")
    }));
    lines
}

/// What we pay there, how our drivers fare, and how it pays us.
fn experience(p: &PartnerView) -> Vec<String> {
    let mut lines: Vec<String> = p.prices.iter().map(price).collect();
    let o = &p.outcomes;
    if o.attempts > 0 {
        lines.push(format!(
            "  our drivers there in 30 days: {} tried, {} charged, {} refused, {} did not start",
            o.attempts, o.charged, o.refused, o.not_started
        ));
    }
    let d = &p.dues;
    lines.push(format!(
        "  paid us {} in time and {} late; {} not due yet, {} overdue",
        d.in_time, d.late, d.open, d.overdue
    ));
    lines
}

fn price(p: &PriceThere) -> String {
    let text = |amount: Micro| amount.text(p.currency);
    let now = p.price.map_or_else(
        || "no price of energy".to_owned(),
        |price| format!("{} {} per kWh before taxes", text(price), p.currency),
    );
    format!(
        "  tariff {} now: {now}, corridor {} to {}",
        p.tariff,
        text(p.corridor.floor),
        text(p.corridor.cap)
    )
}

fn named(areas: &[String]) -> String {
    if areas.is_empty() {
        "no area".to_owned()
    } else {
        areas.join(", ")
    }
}

async fn show(target: &Target, member: &str) -> Result<(), String> {
    let member = MemberId::parse(member).map_err(|e| e.to_string())?;
    let partners = partners(target).await?;
    let Some(partner) = partners.iter().find(|p| p.member == member) else {
        let known: Vec<String> = partners.iter().map(|p| p.member.to_string()).collect();
        return Err(format!(
            "{member} is no utility of this consortium; {} are",
            known.join(", ")
        ));
    };
    if target.json {
        say(&roaming::partner(partner).to_string());
        return Ok(());
    }
    for line in describe(partner) {
        say(&line);
    }
    Ok(())
}

async fn offer(options: OfferOptions) -> Result<(), String> {
    let now = options.desk.config()?.clock().now();
    let amount = |key: &str, text: &str| Micro::parse(text).map_err(|e| format!("--{key}: {e}"));
    let slot = options.slot;
    let offer = BoardOffer {
        slot,
        areas: options.areas,
        currency: Currency::parse(&options.currency).map_err(|e| format!("--currency: {e}"))?,
        energy_price: amount("energy-price", &options.energy_price)?,
        start_fee: amount("start-fee", &options.start_fee)?,
        corridor: Corridor {
            floor: amount("floor", &options.floor)?,
            cap: amount("cap", &options.cap)?,
        },
        home_bps: options.home_bps,
        least_served_bps: options.least_served_bps,
        valid_until: now.plus(DAY.saturating_mul(i64::from(options.days))),
    };
    let command = Command::Terms(TermsCommand::Post(offer));
    submit(&options.desk, &command, &format!("offer {slot}"), |operation| {
        matches!(operation, Operation::Terms(TermsOperation::PostOffer(o)) if o.slot == slot)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::{AgreementId, Hash, Time};
    use fairway_utility::desk::Outcomes;
    use fairway_utility::roaming::{Dues, PartnerRecord};

    #[test]
    fn a_partner_is_described_by_its_offers_and_its_record() {
        let member = MemberId::parse("US*DUK").unwrap();
        let partner = PartnerView {
            member,
            name: "Duke Energy".to_owned(),
            evses: 2,
            areas: vec!["DUK-NC".to_owned()],
            offers: vec![BoardOffer {
                slot: 1,
                areas: vec!["DUK-NC".to_owned()],
                currency: Currency::USD,
                energy_price: Micro(380_000),
                start_fee: Micro(500_000),
                corridor: Corridor {
                    floor: Micro(200_000),
                    cap: Micro(600_000),
                },
                home_bps: 800,
                least_served_bps: Some(9_500),
                valid_until: Time(0),
            }],
            record: PartnerRecord {
                served: 7,
                refusals: 1,
                ..PartnerRecord::default()
            },
            owes: vec![(Currency::USD, Micro(5_000_000), Micro::ZERO)],
            agreements: Vec::new(),
            prices: vec![PriceThere {
                agreement: AgreementId(Hash::default()),
                tariff: "standard".to_owned(),
                currency: Currency::USD,
                price: Some(Micro(400_000)),
                load_bps: 10_000,
                corridor: Corridor {
                    floor: Micro(200_000),
                    cap: Micro(600_000),
                },
            }],
            outcomes: Outcomes {
                attempts: 5,
                charged: 4,
                refused: 1,
                ..Outcomes::default()
            },
            dues: Dues {
                in_time: 3,
                overdue: 1,
                ..Dues::default()
            },
        };
        let text = describe(&partner).join("\n");
        for words in [
            "charging points: 2 in DUK-NC",
            "served: 7 charges",
            "1 drivers refused",
            "owes others 5.00 USD",
            "offer 1: 0.38 USD per kWh and 0.50 once in DUK-NC, corridor 0.20 to 0.60",
            "serves at least 9500 basis points",
            "tariff standard now: 0.40 USD per kWh before taxes, corridor 0.20 to 0.60",
            "5 tried, 4 charged, 1 refused",
            "paid us 3 in time and 0 late; 0 not due yet, 1 overdue",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(line(&partner).contains("1 offers; served 7 charges, refused 1 drivers"));
    }
}
