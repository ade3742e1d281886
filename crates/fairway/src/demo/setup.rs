//! What the consortium agrees and registers before the first charge.

use super::drive::Bay;
use super::foresight;
use super::members::{Cast, UTILITIES, number, seed};
use super::world::World;
use crate::node::passwords::password_hash;
use fairway_ledger::worded;
use fairway_model::agreement::{Caps, Corridor, LoadBand, Split, TierTerms};
use fairway_model::cin::{Cin, CinPrefix, CustomerNumber};
use fairway_model::registry::{EvseEntry, PrefixEntry};
use fairway_model::tariff::{Dimension, PriceComponent, SalesTax, Tariff, TariffElement};
use fairway_model::{
    AdHoc, Agreement, AgreementId, Costs, Currency, CustomerClass, Energy, EvseId, Hash, Micro,
    OwnerId, Payment, Ppm, Service, SplitRule, StationId, Tier, Time,
};
use fairway_protocol::ocmf::MeterKey;
use fairway_utility::command::{Command, NewCustomer, Reply, Status};
use std::time::Duration;

/// Longest wait for a registration to be final.
const FINAL: Duration = Duration::from_mins(1);

/// A driver of the demonstration.
#[derive(Debug, Clone)]
pub struct Driver {
    /// Name on the bill; invented.
    pub name: &'static str,
    /// CIN.
    pub cin: String,
    /// What is asked for where the number is typed.
    pub pin: Option<&'static str>,
    /// Home utility.
    pub home: Cast,
    /// Battery at the first charge, percent.
    pub soc: u8,
}

/// An invented driver: name, tier, language, and the PIN of the typed number.
type Invented = (&'static str, Tier, &'static str, Option<&'static str>);

/// One at each utility. The last one's number asks for a PIN, and screens speak her language once they know her.
const DRIVERS: [Invented; 3] = [
    ("Ana Example", Tier::Gold, "en", None),
    ("Ben Example", Tier::Standard, "en", None),
    ("Cleo Example", Tier::Platinum, "es", Some("1234")),
];

fn micro(text: &str) -> Result<Micro, String> {
    Micro::parse(text).map_err(|e| e.to_string())
}

/// The tariff of a utility's stations: energy dearer from 16:00 to 20:00, a fee for the start, parking after the charge.
pub(super) fn tariff(cast: Cast) -> Result<Tariff, String> {
    let component = |dimension, price: &str, step_size| {
        Ok::<_, String>(PriceComponent {
            dimension,
            price: micro(price)?,
            vat: None,
            step_size,
        })
    };
    let peak = fairway_model::Restrictions {
        start_minute: Some(16 * 60),
        end_minute: Some(20 * 60),
        ..Default::default()
    };
    let day = micro(cast.kwh)?;
    let peak_price = day
        .scale(120, 100, fairway_model::Rounding::HalfUp)
        .map_err(|e| e.to_string())?;
    let at_peak = PriceComponent {
        dimension: Dimension::Energy,
        price: peak_price,
        vat: None,
        step_size: 1,
    };
    Ok(Tariff {
        id: format!("{}-PUBLIC", cast.area),
        currency: Currency::USD,
        elements: vec![
            TariffElement {
                components: vec![at_peak],
                restrictions: Some(peak),
            },
            TariffElement {
                components: vec![
                    component(Dimension::Energy, cast.kwh, 1)?,
                    component(Dimension::Flat, "0.50", 0)?,
                ],
                restrictions: None,
            },
        ],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: vec![SalesTax {
            name: cast.tax.0.to_owned(),
            rate: Ppm(cast.tax.1),
            on: Vec::new(),
        }],
    })
}

/// What the loyalty tiers are worth abroad, the same everywhere in the demonstration.
fn tiers() -> [TierTerms; 3] {
    [
        TierTerms {
            tier: Tier::Gold,
            discount_bps: 500,
            home_bears_bps: 5_000,
        },
        TierTerms {
            tier: Tier::Diamond,
            discount_bps: 800,
            home_bears_bps: 5_000,
        },
        TierTerms {
            tier: Tier::Platinum,
            discount_bps: 1_000,
            home_bears_bps: 7_000,
        },
    ]
}

/// How visited utility, home utility and site owner share what a roaming charge leaves over its costs.
fn split_rule() -> Result<SplitRule, String> {
    Ok(SplitRule::Shapley {
        costs: Costs {
            energy_per_kwh: micro("0.11")?,
            network_per_kwh: micro("0.05")?,
            per_charge: micro("0.10")?,
        },
        ad_hoc: AdHoc {
            price_per_kwh: micro("0.38")?,
            chance_bps: 6_000,
        },
    })
}

/// The agreement under which `home`'s drivers charge at `visited`'s stations.
///
/// # Errors
/// When a text of the cast is none that the model knows.
pub fn agreement(home: Cast, visited: Cast, begin: Time) -> Result<Agreement, String> {
    let own = home.id == visited.id;
    Ok(worded(Agreement {
        version: 1,
        home: home.member()?,
        visited: visited.member()?,
        currency: Currency::USD,
        valid_from: begin.plus(-fairway_model::time::DAY),
        valid_until: begin.plus(fairway_model::time::DAY.saturating_mul(365)),
        text_hash: Hash::default(),
        tariffs: vec![tariff(visited)?],
        corridor: Corridor {
            floor: micro("0.20")?,
            cap: micro("0.60")?,
        },
        load_band: LoadBand {
            min_bps: 8_000,
            max_bps: 13_000,
        },
        caps: Caps {
            energy_per_charge: Energy::from_wh(150_000).ok_or("energy")?,
            amount_per_charge: micro("150")?,
            exposure: micro("5000")?,
        },
        tiers: tiers().to_vec(),
        split: if own {
            Split {
                home_bps: 0,
                visited_bps: 8_500,
                owner_bps: 1_500,
            }
        } else {
            Split {
                home_bps: 800,
                visited_bps: 7_700,
                owner_bps: 1_500,
            }
        },
        hold_ttl: fairway_model::time::DAY.saturating_mul(7),
        netting_days: 1,
        due_days: 10,
        interest_bps: 600,
        dispute_days: 30,
        notice_days: None,
        session_caps: None,
        service: None,
        collateral: None,
        model: None,
        rule: None,
        rule_fuel: None,
        annex_hash: None,
        split_rule: if own { None } else { Some(split_rule()?) },
        forecast: None,
    }))
}

async fn done(world: &World, cast: Cast, command: &Command) -> Result<(), String> {
    world
        .client(cast)?
        .command(command)
        .await
        .map(|_| ())
        .map_err(|e| format!("{}: {e}", cast.name))
}

/// A member's status.
pub async fn status(world: &World, cast: Cast) -> Result<Status, String> {
    match world
        .client(cast)?
        .command(&Command::Status)
        .await
        .map_err(|e| format!("{}: {e}", cast.name))?
    {
        Reply::Status(status) => Ok(status),
        _ => Err(format!("{}: an answer of another kind", cast.name)),
    }
}

/// Waits until `holds` is true of every utility's status.
async fn until(world: &World, what: &str, holds: impl Fn(&Status) -> bool) -> Result<(), String> {
    let begin = crate::environment::instant();
    for cast in UTILITIES {
        while !holds(&status(world, cast).await?) {
            if begin.elapsed() > FINAL {
                return Err(format!(
                    "{what}: not final at {} after {} s",
                    cast.name,
                    FINAL.as_secs()
                ));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Registers prefixes, EVSEs and agreements on the ledger, and waits until everybody sees them. Returns the agreement that
/// follows a forecast, if one does.
pub async fn consortium(
    world: &World,
    seed_of: u64,
    bays: &[Bay],
) -> Result<Option<AgreementId>, String> {
    for cast in UTILITIES {
        let entry = PrefixEntry {
            prefix: cast.prefix.to_owned(),
            member: cast.member()?,
        };
        done(world, cast, &Command::RegisterPrefix(entry)).await?;
    }
    for bay in bays {
        let cast = bay.utility;
        let password = password_hash(&seed(seed_of, bay.station.as_str(), "salt"), &bay.password);
        done(
            world,
            cast,
            &Command::PutStation {
                station: bay.station.clone(),
                password,
            },
        )
        .await?;
        let entry = EvseEntry {
            evse: bay.evse.clone(),
            station: bay.station.clone(),
            number: 1,
            utility: cast.member()?,
            owner: OwnerId::parse(&format!("site-{}", cast.folder)).map_err(|e| e.to_string())?,
            meter_key: bay.meter.public_spki(),
            time_zone: cast.zone.to_owned(),
            area: cast.area.to_owned(),
            max_power_w: 150_000,
        };
        done(world, cast, &Command::RegisterEvse(entry)).await?;
    }
    let (mut proposed, mut followed) = (Vec::new(), None);
    for home in UTILITIES {
        for visited in UTILITIES {
            let mut agreement = agreement(home, visited, world.clock.now())?;
            if world.forecast && foresight::concerns(home, visited) {
                agreement.forecast = Some(foresight::terms());
                agreement = worded(agreement);
                followed = Some(agreement.id());
            }
            proposed.push((home, visited.member()?, agreement.id()));
            done(
                world,
                visited,
                &Command::ProposeAgreement(Box::new(agreement)),
            )
            .await?;
        }
    }
    let bays = bays.len();
    until(world, "registration", |s| {
        s.prefixes.len() == UTILITIES.len() && usize::try_from(s.evses) == Ok(bays)
    })
    .await?;
    for (home, _, id) in &proposed {
        countersign(world, *home, *id).await?;
    }
    until(world, "agreements", |s| {
        let concerns = |home: Cast, visited| home.member() == Ok(s.member) || visited == s.member;
        let known = |id| s.agreements.iter().any(|(_, _, known)| *known == id);
        proposed
            .iter()
            .all(|(home, visited, id)| !concerns(*home, *visited) || known(*id))
    })
    .await?;
    Ok(followed)
}

/// Countersigns once the proposal is known at home.
async fn countersign(world: &World, home: Cast, id: AgreementId) -> Result<(), String> {
    let begin = crate::environment::instant();
    loop {
        let status = status(world, home).await?;
        if status.agreements.iter().any(|(_, _, known)| *known == id) {
            return Ok(());
        }
        if status.proposals.contains(&id) {
            return done(world, home, &Command::Countersign(id)).await;
        }
        if begin.elapsed() > FINAL {
            return Err(format!("{}: the proposal {id} does not arrive", home.name));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The stations: one at each utility for the drivers of each utility.
pub fn bays(seed_of: u64) -> Result<Vec<Bay>, String> {
    let mut out = Vec::new();
    for utility in UTILITIES {
        for number in 1..=UTILITIES.len() {
            let party = utility.member()?.party();
            let station =
                StationId::parse(&format!("{party}-{number:02}")).map_err(|e| e.to_string())?;
            let evse =
                EvseId::parse(&format!("US*{party}*E{number:04}*1")).map_err(|e| e.to_string())?;
            let meter = MeterKey::from_seed(seed(seed_of, station.as_str(), "meter"));
            let password = hex::encode(seed(seed_of, station.as_str(), "password"))
                .chars()
                .take(32)
                .collect();
            out.push(Bay {
                utility,
                station,
                evse,
                meter,
                password,
            });
        }
    }
    Ok(out)
}

/// Adds one driver at each utility.
pub async fn drivers(world: &World, seed_of: u64) -> Result<Vec<Driver>, String> {
    let mut out = Vec::new();
    for (home, (name, tier, language, pin)) in UTILITIES.into_iter().zip(DRIVERS) {
        let prefix = CinPrefix::parse(home.prefix).map_err(|e| e.to_string())?;
        let customer = 100_000_000u32
            .saturating_add(u32::from(number(seed_of, name, 250)).saturating_mul(3_581_117));
        let cin = Cin::new(
            prefix,
            Service::Standard,
            CustomerNumber::new(customer).map_err(|e| e.to_string())?,
        )
        .digits()
        .clone();
        let new = NewCustomer {
            cin: cin.clone(),
            name: name.to_owned(),
            class: CustomerClass::Residential,
            tier,
            payment: Payment::Postpaid,
            credit_limit: micro("2000")?,
            language: language.to_owned(),
            pin: pin.map(str::to_owned),
            credentials: Vec::new(),
            currency: Currency::USD,
        };
        done(world, home, &Command::PutCustomer(new)).await?;
        let soc = 30u8.saturating_add(number(seed_of, home.id, 20));
        out.push(Driver {
            name,
            cin,
            pin,
            home,
            soc,
        });
    }
    Ok(out)
}
