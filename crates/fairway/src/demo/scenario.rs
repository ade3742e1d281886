//! The scenario, step by step.

use super::drive::{Post, Visit};
use super::foresight::Foresight;
use super::members::{Cast, UTILITIES, everybody};
use super::setup::{self, Driver};
use super::world::{BEGIN_MS, Plan, World};
use super::{Options, accounts, books, kiosks, simulator};
use crate::cli::say;
use crate::view;
use fairway_messages::Language;
use fairway_model::time::HOUR;
use fairway_model::{Bill, Currency, RefusalCode};
use fairway_utility::command::{Command, Reply};
use std::path::Path;
use std::time::{Duration, Instant};

/// The demonstration's month.
const MONTH: (i16, u8) = (2026, 11);
/// Where people look on, its clock begins two hours earlier: the forecast of the next day is made at eleven in the morning, and they need not
/// wait a day for it.
const EARLY_MS: i64 = BEGIN_MS - 2 * HOUR;

struct Stage {
    world: World,
    posts: Vec<Post>,
    drivers: Vec<Driver>,
}

fn cast(at: usize) -> Result<Cast, String> {
    UTILITIES
        .get(at)
        .copied()
        .ok_or_else(|| "no such utility".to_owned())
}

/// Plays everything; the members are stopped at the end, whatever happened.
pub(super) async fn play(options: &Options, folder: &Path, begin: Instant) -> Result<(), String> {
    let mut plan = Plan::new(folder, options.seed, options.speed)?;
    // Nobody cuts a line while the scenario plays for itself.
    plan.lines = !options.headless;
    plan.forecast = !options.headless;
    if plan.forecast {
        plan.begin_ms = EARLY_MS;
    }
    let pages = options.pages.as_deref().map(std::path::absolute);
    plan.pages = pages.transpose().map_err(|e| e.to_string())?;
    let world = World::prepare(&plan)?;
    let mut stage = Stage {
        world,
        posts: Vec::new(),
        drivers: Vec::new(),
    };
    let result = stage.perform(options, begin).await;
    stage.world.stop().await;
    result
}

impl Stage {
    async fn perform(&mut self, options: &Options, begin: Instant) -> Result<(), String> {
        for member in everybody() {
            self.world.start(member)?;
        }
        for member in everybody() {
            self.world.ready(member).await?;
        }
        let since = || begin.elapsed().as_secs_f64();
        say(&format!(
            "{:>6.1} s  four members run, each a process with its own keys, database and ledger node (seed {})",
            since(),
            options.seed
        ));
        let bays = setup::bays(options.seed)?;
        let followed = setup::consortium(&self.world, options.seed, &bays).await?;
        self.drivers = setup::drivers(&self.world, options.seed).await?;
        accounts::make(&self.world, &self.drivers).await?;
        say(&format!(
            "{:>6.1} s  on the ledger: 3 CIN prefixes, {} EVSEs with their meter keys, 9 countersigned agreements",
            since(),
            bays.len()
        ));
        if let Some(agreement) = followed {
            tokio::spawn(foresee(Foresight::of(&self.world, agreement)));
        }
        for bay in bays {
            self.posts.push(Post::open(&self.world, bay)?);
        }
        if !options.quick {
            self.tell(begin).await?;
        }
        if options.headless {
            Ok(())
        } else {
            self.stay_open().await
        }
    }

    async fn tell(&mut self, begin: Instant) -> Result<(), String> {
        let since = move || begin.elapsed().as_secs_f64();
        self.nine_pairs(&since).await?;
        self.refusals(&since).await?;
        self.home_switched_off(&since).await?;
        self.visited_killed(&since).await?;
        books::all_closed(&self.world).await?;
        let (ledger, height) = books::ledger(&self.world).await?;
        let billed = books::databases(&self.world, &ledger).await?;
        self.show_bills().await?;
        self.show_proof().await?;
        let memory: Vec<String> = self
            .world
            .memory()
            .iter()
            .map(|(name, mib)| format!("{name} {mib} MiB"))
            .collect();
        say(&format!("memory {}", memory.join(", ")));
        say(&format!(
            "all four nodes have one state at height {height}; every database agrees with the ledger"
        ));
        let (last, bytes) = books::audited(&self.world).await?;
        say(&format!(
            "an auditor with the genesis file and an export of {bytes} bytes executed all {last} blocks again and finds the same books"
        ));
        for line in ledger.to_string().lines() {
            say(line);
        }
        say(&format!(
            "The books agree: {} charges, drivers billed {}, wall time {:.1} s",
            ledger.charges(),
            view::text::amount(billed, Currency::USD),
            since()
        ));
        Ok(())
    }

    fn post(&mut self, utility: usize, number: usize) -> Result<&mut Post, String> {
        let at = utility
            .saturating_mul(UTILITIES.len())
            .saturating_add(number);
        self.posts
            .get_mut(at)
            .ok_or_else(|| "no such station".to_owned())
    }

    /// Every driver at every utility: three rounds, in each of which every driver is somewhere else.
    async fn nine_pairs(&mut self, since: &impl Fn() -> f64) -> Result<(), String> {
        for round in 0..UTILITIES.len() {
            let mut visits = Vec::new();
            let drivers = self.drivers.clone();
            for (at, post) in self.posts.iter_mut().enumerate() {
                let (utility, number) = (
                    at.div_euclid(UTILITIES.len()),
                    at.rem_euclid(UTILITIES.len()),
                );
                let Some(driver) = drivers.get(number).cloned() else {
                    continue;
                };
                if number.saturating_add(round).rem_euclid(UTILITIES.len()) == utility {
                    visits.push(async move {
                        let seen = post.visit(&driver.cin, driver.soc).await?;
                        Ok::<_, String>((driver, post.bay.utility, seen))
                    });
                }
            }
            for visit in futures::future::join_all(visits).await {
                let (driver, utility, seen) = visit?;
                say(&format!(
                    "{:>6.1} s  {}",
                    since(),
                    told(&driver, utility, &seen)
                ));
            }
        }
        Ok(())
    }

    /// What a driver meets who may not charge, or does not want to.
    async fn refusals(&mut self, since: &impl Fn() -> f64) -> Result<(), String> {
        let driver = self.drivers.first().cloned().ok_or("no driver")?;
        let mistyped: String = driver.cin.chars().rev().collect();
        let home = driver.home;
        let post = self.post(1, 0)?;
        let refusal = post.refused(&mistyped).await?;
        say(&format!(
            "{:>6.1} s  a mistyped number at {}: {refusal}",
            since(),
            post.bay.station
        ));
        self.block(home, &driver.cin, true).await?;
        let post = self.post(2, 0)?;
        let refusal = post.refused(&driver.cin).await?;
        if refusal.code != RefusalCode::CinBlocked {
            return Err(format!("a blocked card was answered with {refusal}"));
        }
        say(&format!(
            "{:>6.1} s  a card that its utility has blocked, at {}: {refusal}",
            since(),
            post.bay.station
        ));
        self.block(home, &driver.cin, false).await?;
        let post = self.post(1, 0)?;
        let offer = post.offer(&driver.cin).await?;
        post.act(crate::station::Act::Choice(false)).await?;
        post.free().await?;
        say(&format!(
            "{:>6.1} s  {} looks at the price at {} and declines: nothing is held, nothing is billed ({})",
            since(),
            driver.name,
            post.bay.station,
            offer.session
        ));
        Ok(())
    }

    /// Blocks or unblocks a driver, and waits until every partner that holds a profile of him has answered.
    async fn block(&self, home: Cast, cin: &str, blocked: bool) -> Result<(), String> {
        self.world
            .client(home)?
            .command(&Command::SetBlocked {
                cin: cin.to_owned(),
                blocked,
            })
            .await?;
        books::all_closed(&self.world).await
    }

    /// A second visit is authenticated locally: the home utility is switched off, and the charge settles when it is back.
    async fn home_switched_off(&mut self, since: &impl Fn() -> f64) -> Result<(), String> {
        let driver = self.drivers.first().cloned().ok_or("no driver")?;
        self.world.kill(driver.home).await?;
        let post = self.post(1, 0)?;
        let seen = post.visit(&driver.cin, driver.soc).await?;
        if !seen.offer.local {
            return Err("the second visit was not authenticated from the visiting profile".into());
        }
        say(&format!(
            "{:>6.1} s  with {} switched off: {}",
            since(),
            driver.home.name,
            told(&driver, cast(1)?, &seen)
        ));
        self.world.start(driver.home)?;
        self.world.ready(driver.home).await
    }

    /// The visited utility is killed in mid-charge and started again: the charge is settled once.
    async fn visited_killed(&mut self, since: &impl Fn() -> f64) -> Result<(), String> {
        let driver = self.drivers.get(2).cloned().ok_or("no driver")?;
        let duke = cast(1)?;
        let post = self.post(1, 2)?;
        post.offer(&driver.cin).await?;
        post.begin(driver.soc).await?;
        self.world.kill(duke).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.world.start(duke)?;
        self.world.ready(duke).await?;
        let bill = self.post(1, 2)?.finish().await?;
        let amount = view::text::amount(bill.total, bill.currency);
        say(&format!(
            "{:>6.1} s  {} was killed while {} charged, and started again: {} kWh, {amount}, settled once",
            since(),
            duke.name,
            driver.name,
            bill.energy.kwh_text()
        ));
        Ok(())
    }

    async fn bill(&self, driver: &Driver) -> Result<Box<Bill>, String> {
        let command = Command::Bill {
            cin: driver.cin.clone(),
            year: MONTH.0,
            month: MONTH.1,
        };
        match self.world.client(driver.home)?.command(&command).await? {
            Reply::Bill(bill) => Ok(bill),
            _ => Err("an answer of another kind".into()),
        }
    }

    async fn show_bills(&self) -> Result<(), String> {
        for (at, driver) in self.drivers.iter().enumerate() {
            let bill = self.bill(driver).await?;
            if at == 0 {
                let language = Language::nearest(&bill.language);
                let text = fairway_document::text(&bill, language).map_err(|e| e.to_string())?;
                say(&format!("\n{text}"));
            } else {
                say(&format!(
                    "{}: one bill, {} charges, {}",
                    driver.name,
                    bill.lines.len(),
                    view::text::amount(bill.total, bill.currency)
                ));
            }
        }
        Ok(())
    }

    /// Fetches the proof of a bill line from the regulator's node and verifies it with public keys only.
    async fn show_proof(&self) -> Result<(), String> {
        let driver = self.drivers.first().ok_or("no driver")?;
        let bill = self.bill(driver).await?;
        let line = bill.lines.last().ok_or("the bill has no lines")?;
        let path = format!("/ledger/v1/proof/{}", line.transaction);
        let bytes = self
            .world
            .client(super::members::WITNESS)?
            .get(&path)
            .await?;
        let keys: Vec<[u8; 32]> = self
            .world
            .genesis
            .members()
            .iter()
            .filter_map(|m| m.validator)
            .map(|k| k.0)
            .collect();
        let verified = crate::cli::verify_proof(&bytes, &self.world.genesis.chain_id, &keys)?;
        if verified.height != line.height {
            return Err(format!(
                "the bill names block {}, the proof block {}",
                line.height, verified.height
            ));
        }
        say(&format!(
            "the last line of {}'s bill is proven: block {}, {} of {} validators signed, {} bytes",
            driver.name,
            verified.height,
            verified.signers.len(),
            keys.len(),
            bytes.len()
        ));
        Ok(())
    }

    async fn stay_open(&mut self) -> Result<(), String> {
        let folder = self.world.folder.display().to_string();
        let driver = self.drivers.first().cloned().ok_or("no driver")?;
        say(&accounts::links(&self.world, &self.drivers)?);
        let posts = std::mem::take(&mut self.posts);
        let (listener, address) = simulator::listener().await?;
        let stands = kiosks::open(&self.world, posts, &self.drivers, address).await?;
        // Whoever built it has no `fairway` on his path.
        let program = std::env::current_exe()
            .map_or_else(|_| "fairway".to_owned(), |path| path.display().to_string());
        say(&format!(
            "\nEverything runs on. In another terminal:\n  {program} bill {} 2026-11 --config {folder}/{}/fairway.toml\n  {program} session list --config {folder}/duke/fairway.toml\n  {program} ledger status --config {folder}/regulator/fairway.toml\nCtrl-C to stop.",
            driver.cin, driver.home.folder
        ));
        // Ctrl-C ends the whole scenario.
        simulator::run(&mut self.world, stands, &self.drivers, listener).await
    }
}

/// The forecast is prepared while the screens are open already.
async fn foresee(foresight: Foresight) {
    match foresight.agree().await {
        Ok(()) => say(
            "Duke's load (made up) is forecast on the ledger from now on: Georgia's drivers pay by it at Duke's stations from the next day of the demonstration's clock. Console of Duke, Forecast and price.",
        ),
        Err(reason) => say(&format!(
            "the forecast was not agreed on, and the agreed table prices instead: {reason}"
        )),
    }
}

fn told(driver: &Driver, utility: Cast, visit: &Visit) -> String {
    let (offer, bill) = (&visit.offer, &visit.bill);
    let checked = if offer.local {
        "checked locally"
    } else {
        "checked at home"
    };
    format!(
        "{} of {} at {}: {checked}, expected {}, {} kWh, {}",
        driver.name,
        driver.home.name,
        utility.name,
        view::text::amount(offer.estimate.expected, offer.currency),
        bill.energy.kwh_text(),
        view::text::amount(bill.total, bill.currency),
    )
}
