//! What operators do before the first driver comes, and when things break.

use crate::cast::{Driver, Fault, REPLICAS, UTILITIES};
use crate::world::{Event, REPLICA_END, Trouble, World};
use fairway_model::time::{MINUTE, SECOND};
use fairway_model::{Micro, Payment, Time};
use fairway_utility::command::{Command, Status};

/// Longest wait for a registration to be final.
const FINAL: i64 = 5 * MINUTE;
/// What prepaid drivers have at the beginning.
const BALANCE: Micro = Micro(400_000_000);

impl World {
    /// Starts all computers and stations and registers everything.
    pub(crate) fn set_up(&mut self) -> Result<(), Fault> {
        self.queue.after(SECOND, Event::Cut);
        for host in 0..UTILITIES {
            self.boot(host)?;
        }
        for (home, prefix) in self.cast.prefixes.clone() {
            let member = self.member_of(home)?;
            let entry = fairway_model::registry::PrefixEntry { prefix, member };
            self.ask(home, Command::RegisterPrefix(entry))?;
        }
        for bay in self.cast.bays.clone() {
            let password = "00$00".to_owned();
            self.ask(
                bay.utility,
                Command::PutStation {
                    station: bay.entry.station.clone(),
                    password,
                },
            )?;
            self.ask(bay.utility, Command::RegisterEvse(bay.entry.clone()))?;
        }
        for (_, visited, agreement) in self.cast.agreements.clone() {
            self.ask(visited, Command::ProposeAgreement(Box::new(agreement)))?;
        }
        let bays = self.cast.bays.len();
        self.until("registration", |s| {
            s.prefixes.len() == UTILITIES && usize::try_from(s.evses) == Ok(bays)
        })?;
        self.countersign()?;
        for driver in self.cast.drivers.clone() {
            self.enter(&driver)?;
        }
        // The first utility's area is loaded: partners' policies counter.
        let area = self
            .cast
            .bays
            .first()
            .map(|b| b.entry.area.clone())
            .unwrap_or_default();
        self.ask(
            0,
            Command::SetLoad {
                area,
                load_bps: 12_000,
            },
        )?;
        for post in 0..self.posts.len() {
            self.power_on(post)?;
        }
        let settle = self.now().plus(MINUTE);
        self.run_to(settle)
    }

    pub(crate) fn member_of(&self, place: usize) -> Result<fairway_model::MemberId, Fault> {
        self.cast
            .configs
            .get(place)
            .map(|c| c.id)
            .ok_or_else(|| format!("no utility {place}"))
    }

    fn countersign(&mut self) -> Result<(), Fault> {
        for (home, _, agreement) in self.cast.agreements.clone() {
            let id = agreement.id();
            self.until("proposals", |s| {
                s.member != agreement.home || s.proposals.contains(&id)
            })?;
            self.ask(home, Command::Countersign(id))?;
        }
        let agreements = self.cast.agreements.clone();
        self.until("agreements", |s| {
            let mut own = agreements
                .iter()
                .filter(|(_, _, a)| a.home == s.member || a.visited == s.member);
            own.all(|(_, _, a)| s.agreements.iter().any(|(_, _, id)| *id == a.id()))
        })
    }

    fn enter(&mut self, driver: &Driver) -> Result<(), Fault> {
        let cin = driver.customer.cin.clone();
        self.ask(driver.home, Command::PutCustomer(driver.customer.clone()))?;
        if driver.customer.payment == Payment::Prepaid {
            self.ask(
                driver.home,
                Command::TopUp {
                    cin: cin.clone(),
                    amount: BALANCE,
                },
            )?;
        }
        if driver.blocked {
            self.ask(driver.home, Command::SetBlocked { cin, blocked: true })?;
        }
        Ok(())
    }

    /// Runs until something holds of every utility's status.
    fn until(&mut self, what: &str, holds: impl Fn(&Status) -> bool) -> Result<(), Fault> {
        let end = self.now().plus(FINAL);
        for place in 0..UTILITIES {
            loop {
                let status = self.status(place)?;
                if holds(&status) {
                    break;
                }
                if self.now() >= end {
                    return Err(format!(
                        "{what}: not final at utility {place} after {FINAL} ms: {status:?}"
                    ));
                }
                let soon = self.now().plus(500);
                self.run_to(soon)?;
            }
        }
        Ok(())
    }

    // Faults.

    fn every(&self, trouble: Trouble) -> i64 {
        match trouble {
            Trouble::Partition => self.plan.partition_every,
            Trouble::PowerCut => self.plan.power_cut_every,
            Trouble::LinkCut => self.plan.link_cut_every,
            Trouble::ReplicaOut => self.plan.replica_out_every,
        }
    }

    fn plan_trouble(&mut self, trouble: Trouble) {
        let every = self.every(trouble);
        if every > 0 {
            let pause = self.rng.span((0, every.saturating_mul(2)));
            self.queue.after(pause.max(SECOND), Event::Break(trouble));
        }
    }

    /// From now on things break.
    pub(crate) fn let_break(&mut self) {
        self.faults = true;
        for trouble in [
            Trouble::Partition,
            Trouble::PowerCut,
            Trouble::LinkCut,
            Trouble::ReplicaOut,
        ] {
            self.plan_trouble(trouble);
        }
    }

    /// From now on nothing breaks any more, and what is broken is whole again.
    pub(crate) fn heal(&mut self) {
        self.note("healed");
        self.faults = false;
        self.blocked.clear();
        self.ledger.heal();
        for post in &mut self.posts {
            post.cut_until = Time(0);
        }
        for replica in 0..REPLICAS {
            self.queue.after(1, Event::Execute(replica));
        }
    }

    pub(crate) fn breaks(&mut self, trouble: Trouble) -> Result<(), Fault> {
        if !self.faults {
            return Ok(());
        }
        self.counts.troubles = self.counts.troubles.saturating_add(1);
        let until = self.rng.span(self.plan.outage);
        let until = self.now().plus(until);
        match trouble {
            Trouble::Partition => self.partition(until),
            Trouble::ReplicaOut => {
                let replica = self.rng.place(REPLICAS);
                self.note(format!("replica {replica} is out until {until}"));
                self.ledger.out(replica, until);
                self.queue.at(until, Event::Execute(replica));
            }
            Trouble::LinkCut => {
                let place = self.rng.place(self.posts.len());
                self.post(place)?.cut_until = until;
                self.drop_link(place)?;
            }
            Trouble::PowerCut => {
                let place = self.rng.place(self.posts.len());
                self.power_cut(place)?;
            }
        }
        self.plan_trouble(trouble);
        Ok(())
    }

    /// Cuts a pair of utilities, one direction, one utility from all others, or one from its ledger.
    fn partition(&mut self, until: Time) {
        let one = self.rng.place(UTILITIES);
        let other = one
            .saturating_add(1)
            .saturating_add(self.rng.place(UTILITIES - 1))
            % UTILITIES;
        let (what, links) = match self.rng.below(4) {
            0 => ("pair", vec![(one, other), (other, one)]),
            1 => ("one-way", vec![(one, other)]),
            2 => ("ledger", vec![(one, REPLICA_END), (REPLICA_END, one)]),
            _ => (
                "isolated",
                (0..UTILITIES)
                    .chain([REPLICA_END])
                    .flat_map(|n| [(one, n), (n, one)])
                    .collect(),
            ),
        };
        self.note(format!("partition {what} {one} {other} until {until}"));
        for link in links {
            self.blocked.insert(link, until);
        }
    }
}
