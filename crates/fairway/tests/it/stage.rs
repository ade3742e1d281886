//! A consortium of four member processes for one test.

use fairway::demo::drive::{Bay, Post};
use fairway::demo::members::{UTILITIES, everybody};
use fairway::demo::setup::{self, Driver};
use fairway::demo::world::{BEGIN_MS, Plan, World};
use fairway_model::Bill;
use fairway_utility::command::{Command, Reply};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Longest wait for anything.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Members, stations and drivers of a test. Everything is stopped and removed when it is dropped.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) bays: Vec<Bay>,
    pub(crate) drivers: Vec<Driver>,
}

/// The program under test.
pub(crate) fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_fairway").into()
}

/// An empty folder for a test.
pub(crate) fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("fairway-it-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

impl Stage {
    /// Four members with everything registered. `databases` names those without a SQLite file.
    pub(crate) async fn open(name: &str, databases: BTreeMap<&'static str, String>) -> Self {
        fairway::node::tls::install_provider();
        let seed = 21;
        let plan = Plan {
            folder: folder(name),
            seed,
            speed: 60,
            begin_ms: BEGIN_MS,
            program: program(),
            databases,
            lines: false,
            pages: None,
            forecast: false,
        };
        let mut world = World::prepare(&plan).unwrap();
        for member in everybody() {
            world.start(member).unwrap();
        }
        for member in everybody() {
            world.ready(member).await.unwrap();
        }
        let bays = setup::bays(seed).unwrap();
        setup::consortium(&world, seed, &bays).await.unwrap();
        let drivers = setup::drivers(&world, seed).await.unwrap();
        Self {
            world,
            bays,
            drivers,
        }
    }

    /// The bay with this number of a utility, both from 0.
    pub(crate) fn bay(&self, utility: usize, number: usize) -> Bay {
        self.bays[utility * UTILITIES.len() + number].clone()
    }

    /// A running station.
    pub(crate) fn post(&self, utility: usize, number: usize) -> Post {
        Post::open(&self.world, self.bay(utility, number)).unwrap()
    }

    /// A driver's bill of the month in which the test's clock is.
    pub(crate) async fn bill(&self, driver: usize) -> Box<Bill> {
        let driver = &self.drivers[driver];
        let command = Command::Bill {
            cin: driver.cin.clone(),
            year: 2026,
            month: 11,
        };
        match self
            .world
            .client(driver.home)
            .unwrap()
            .command(&command)
            .await
            .unwrap()
        {
            Reply::Bill(bill) => bill,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a driver's bill has this many lines.
    pub(crate) async fn billed(&self, driver: usize, lines: usize) -> Box<Bill> {
        let begin = fairway::environment::instant();
        loop {
            let bill = self.bill(driver).await;
            if bill.lines.len() >= lines {
                assert_eq!(bill.lines.len(), lines);
                return bill;
            }
            assert!(
                begin.elapsed() < PATIENCE,
                "{} of {lines} lines on the bill",
                bill.lines.len()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What the log of a member says so far.
    pub(crate) fn log(&self, member: usize) -> String {
        std::fs::read_to_string(
            self.world
                .folder
                .join(UTILITIES[member].folder)
                .join("log.txt"),
        )
        .unwrap()
    }

    /// Waits until a member's log has this text.
    pub(crate) async fn logged(&self, member: usize, text: &str) {
        let begin = fairway::environment::instant();
        while !self.log(member).contains(text) {
            assert!(
                begin.elapsed() < PATIENCE,
                "the log of {} never says {text:?}",
                UTILITIES[member].name
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Stops everything and removes the folder.
    pub(crate) async fn close(mut self) {
        self.world.stop().await;
        let _ = std::fs::remove_dir_all(&self.world.folder);
    }
}
