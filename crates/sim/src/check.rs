//! What must hold when everything is over.

use crate::cast::{BEGIN, Fault, USD, UTILITIES};
use crate::host::Host;
use crate::world::World;
use fairway_model::time::{DAY, MINUTE, SECOND, civil_from_days};
use fairway_model::{Energy, Micro, SessionId};
use fairway_utility::command::{Books, Command, Reply};
use std::collections::{BTreeMap, BTreeSet};

/// How long drivers may take to go home after the faults are over.
const HOME: i64 = 120 * MINUTE;
/// How long open business may take to close after that: retries, grace times and unused holds.
const CLOSE: i64 = 240 * MINUTE;

impl World {
    /// Runs until nothing is open, or says what stays open.
    pub(crate) fn run_until_quiet(&mut self) -> Result<(), Fault> {
        let home = self.now().plus(HOME);
        while self.visits.iter().any(|v| !v.gone()) {
            if self.now() >= home {
                let who = self.visits.iter().position(|v| !v.gone());
                return Err(format!("visit {who:?} does not end"));
            }
            let soon = self.now().plus(30 * SECOND);
            self.run_to(soon)?;
        }
        let end = self.now().plus(CLOSE);
        while let Some(open) = self.open_business()? {
            if self.now() >= end {
                let what = self.what_is_open()?;
                return Err(format!(
                    "{} minutes after the faults: {open}; {what}",
                    CLOSE / MINUTE
                ));
            }
            let soon = self.now().plus(30 * SECOND);
            self.run_to(soon)?;
        }
        Ok(())
    }

    /// The charges that are open, as their utilities see them.
    fn what_is_open(&mut self) -> Result<String, Fault> {
        const FINAL: [&str; 4] = ["settled", "refused", "void", "disputed"];
        let mut out = Vec::new();
        for place in 0..UTILITIES {
            let Reply::Sessions(sessions) = self.ask(place, Command::Sessions)? else {
                continue;
            };
            for s in sessions
                .iter()
                .filter(|s| !FINAL.contains(&s.state.as_str()))
            {
                let role = format!("{:?} of {:?} at {}", s.role, s.home, s.visited);
                out.push(format!(
                    "utility {place}: {} {role} since {} is {}",
                    s.session, s.at, s.state
                ));
            }
        }
        Ok(out.join("; "))
    }

    fn open_business(&mut self) -> Result<Option<String>, Fault> {
        if !self.ledger.level() {
            return Ok(Some("the ledger is not level".to_owned()));
        }
        for place in 0..UTILITIES {
            let next = self.ledger.height().saturating_add(1);
            if !self.hosts.get(place).is_some_and(Host::up) {
                return Ok(Some(format!("utility {place} is down")));
            }
            let status = self.status(place)?;
            if status.open != 0 || status.outbox != 0 {
                return Ok(Some(format!(
                    "utility {place} has {} charges open and {} messages waiting",
                    status.open, status.outbox
                )));
            }
            if self.host(place)?.next_block != next {
                return Ok(Some(format!("utility {place} has not seen all blocks")));
            }
        }
        Ok(None)
    }

    /// Everything that must hold at the end.
    pub(crate) fn check(&mut self) -> Result<Micro, Fault> {
        self.check_charges()?;
        let billed = self.check_bills()?;
        for place in 0..UTILITIES {
            let status = self.status(place)?;
            if usize::try_from(status.height) != Ok(self.ledger.height()) {
                return Err(format!(
                    "utility {place} has seen height {}, the ledger is at {}",
                    status.height,
                    self.ledger.height()
                ));
            }
            self.check_books(place)?;
        }
        self.check_restart()?;
        Ok(billed)
    }

    /// Every delivered charge is settled, nothing else is.
    fn check_charges(&self) -> Result<(), Fault> {
        for (session, energy) in &self.delivered {
            if *energy > Energy::ZERO && !self.ledger.settled.contains_key(session) {
                return Err(format!(
                    "{session} took {} kWh and is not settled",
                    energy.kwh_text()
                ));
            }
        }
        for (session, settled) in &self.ledger.settled {
            let energy = self.delivered.get(session).copied().unwrap_or_default();
            if energy == Energy::ZERO || !self.consented.contains(session) {
                return Err(format!(
                    "{session} is settled for {} and took nothing",
                    settled.total.text(USD)
                ));
            }
            if settled.energy != energy {
                return Err(format!(
                    "{session} is settled for {} kWh and took {}",
                    settled.energy.kwh_text(),
                    energy.kwh_text()
                ));
            }
        }
        Ok(())
    }

    /// One line on one bill for each settled charge, and none else; gives their sum.
    fn check_bills(&mut self) -> Result<Micro, Fault> {
        let (year, month, _) = civil_from_days(BEGIN.0.div_euclid(DAY));
        let year = i16::try_from(year).map_err(|e| e.to_string())?;
        let month = u8::try_from(month).map_err(|e| e.to_string())?;
        let mut lines: BTreeMap<SessionId, Micro> = BTreeMap::new();
        for driver in self.cast.drivers.clone() {
            let cin = driver.customer.cin.clone();
            let Reply::Bill(bill) = self.ask(driver.home, Command::Bill { cin, year, month })?
            else {
                return Err("a question for a bill is answered otherwise".to_owned());
            };
            let sum = Micro::sum(bill.lines.iter().map(|l| l.total)).map_err(|e| e.to_string())?;
            if sum != bill.total || bill.pending != 0 {
                return Err(format!(
                    "a bill's lines sum to {}, it says {}, and {} are pending",
                    sum.text(USD),
                    bill.total.text(USD),
                    bill.pending
                ));
            }
            for line in bill.lines {
                let settled = self.ledger.settled.get(&line.session);
                if settled.map(|s| (s.total, s.event)) != Some((line.total, line.event)) {
                    return Err(format!(
                        "{} is billed with {}, the ledger has {settled:?}",
                        line.session,
                        line.total.text(USD)
                    ));
                }
                if lines.insert(line.session, line.total).is_some() {
                    return Err(format!("{} is billed twice", line.session));
                }
            }
        }
        let missing = self.ledger.settled.keys().find(|s| !lines.contains_key(s));
        if let Some(session) = missing {
            return Err(format!("{session} is settled and on no bill"));
        }
        let billed = Micro::sum(lines.values().copied()).map_err(|e| e.to_string())?;
        let settled =
            Micro::sum(self.ledger.settled.values().map(|s| s.total)).map_err(|e| e.to_string())?;
        if billed != settled {
            return Err(format!(
                "bills sum to {}, settled charges to {}",
                billed.text(USD),
                settled.text(USD)
            ));
        }
        Ok(billed)
    }

    fn own_books(&mut self, place: usize) -> Result<Books, Fault> {
        match self.ask(place, Command::Books)? {
            Reply::Books(books) => Ok(books),
            _ => Err("a question for the books is answered otherwise".to_owned()),
        }
    }

    /// A utility's books agree with the ledger's.
    fn check_books(&mut self, place: usize) -> Result<(), Fault> {
        let own = self.own_books(place)?;
        if own.trial_balance != Micro::ZERO {
            return Err(format!(
                "the journal of utility {place} sums to {}",
                own.trial_balance.text(USD)
            ));
        }
        let me = self.member_of(place)?;
        let (mut home, mut visited, mut billed) = (0_u64, 0_u64, Vec::new());
        for other in 0..UTILITIES {
            let other = self.member_of(other)?;
            let there = self.ledger.books.turnover(me, other, USD);
            home = home.saturating_add(there.charges);
            billed.push(there.total);
            visited = visited.saturating_add(self.ledger.books.turnover(other, me, USD).charges);
            let credit = self.ledger.books.position(other, me, USD);
            let owed = credit
                .minus(self.ledger.books.position(me, other, USD))
                .map_err(|e| e.to_string())?;
            let noted = own
                .positions
                .iter()
                .filter(|(m, c, _)| *m == other && *c == USD)
                .map(|(_, _, a)| *a);
            let noted = Micro::sum(noted).map_err(|e| e.to_string())?;
            if other != me && noted != owed {
                return Err(format!(
                    "utility {place} says that {other} owes it {}, the ledger says {}",
                    noted.text(USD),
                    owed.text(USD)
                ));
            }
        }
        let billed = Micro::sum(billed).map_err(|e| e.to_string())?;
        if (own.settled_home, own.settled_visited, own.billed) != (home, visited, billed) {
            return Err(format!(
                "utility {place} counts {} home and {} visited charges and {} billed, the ledger {home}, {visited} and {}",
                own.settled_home,
                own.settled_visited,
                own.billed.text(USD),
                billed.text(USD)
            ));
        }
        Ok(())
    }

    /// A utility that is restarted from its rows has the same books and nothing open.
    fn check_restart(&mut self) -> Result<(), Fault> {
        for place in 0..UTILITIES {
            let before = self.own_books(place)?;
            self.crash(place, "at the end")?;
            self.boot(place)?;
            let (after, status) = (self.own_books(place)?, self.status(place)?);
            if before != after || status.open != 0 || status.outbox != 0 {
                return Err(format!(
                    "utility {place} has other books after a restart, or {} open",
                    status.open
                ));
            }
        }
        Ok(())
    }

    /// Every row of every utility, for the digest.
    pub(crate) fn rows_digest(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for host in &self.hosts {
            for row in host.rows() {
                out.extend_from_slice(row.key.as_bytes());
                out.extend_from_slice(&row.body);
            }
        }
        out.extend_from_slice(&self.ledger.digest().0);
        out
    }

    /// How many different pairs of home and visited utility charged.
    pub(crate) fn pairs(&self) -> usize {
        let mut pairs = BTreeSet::new();
        for home in 0..UTILITIES {
            for visited in 0..UTILITIES {
                if let (Ok(home), Ok(visited)) = (self.member_of(home), self.member_of(visited))
                    && self.ledger.books.turnover(home, visited, USD).charges > 0
                {
                    pairs.insert((home, visited));
                }
            }
        }
        pairs.len()
    }
}
