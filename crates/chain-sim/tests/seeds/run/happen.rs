//! What happens in a run: time passes, things break and are repaired, transactions are handed in.

use std::time::{Duration, SystemTime};

use commonware_runtime::Clock as _;
use fairway_chain_sim::{Link, Torn};

use super::{PATIENCE, Planted, World};
use crate::plan::{Event, Faulty};

/// Pause between two looks at the consortium.
const TICK: Duration = Duration::from_millis(50);
/// A transaction that is not final is handed in again after this time, at the next validator.
const AGAIN: Duration = Duration::from_secs(3);
/// What a program says when it lacks the version in force.
const LACKS: &str = "install a program that has it";

impl World {
    /// Each half of a validator that lives twice sees a part of the others.
    pub(super) fn part_twins(&self) {
        let n = self.plan.validators;
        if self.planted == Planted::Twins {
            // 0 with 2 and 3, 1 with their other halves 4 and 5.
            for from in 0..6 {
                for to in 0..6 {
                    let side = |end: usize| usize::from([1, 4, 5].contains(&end));
                    if side(from) != side(to) {
                        self.net.cut(from, to);
                    }
                }
            }
        } else if self.plan.faulty == Faulty::Twins && !self.plan.joins() {
            for end in 0..n - 1 {
                let half = if end % 2 == 0 { n } else { n - 1 };
                if end != 1 {
                    self.net.cut(end, half);
                    self.net.cut(half, end);
                }
            }
        }
    }

    pub(super) async fn until(&mut self, time: SystemTime) -> Result<(), String> {
        while self.context.current() < time {
            self.tick().await?;
        }
        Ok(())
    }

    /// Looks at everybody, and hands transactions in.
    pub(super) async fn tick(&mut self) -> Result<(), String> {
        self.context.sleep(TICK).await;
        for end in 0..self.nodes.len() {
            self.look_after(end).await?;
            if self.honest(end) && self.nodes[end].runs() && !self.asleep[end] {
                self.compare(end).await?;
            }
        }
        self.submit().await;
        self.show_evidence().await?;
        self.watched.broken().map_or(Ok(()), Err)
    }

    /// A validator whose power went crashes; one that stopped by itself is started again when all is healthy.
    async fn look_after(&mut self, end: usize) -> Result<(), String> {
        if !self.nodes[end].runs() {
            return Ok(());
        }
        if self.nodes[end].machinery.disk.stopped() {
            self.note(&format!("power of {end} is gone"));
            let torn = [Torn::Lost, Torn::Beginning, Torn::Bytes][self.chance.place(3)];
            self.crash(end, torn).await;
        } else if let Some(reason) = self.nodes[end].failed() {
            self.note(&format!("{end} stopped: {reason}"));
            if self.old[end] && reason.contains(LACKS) {
                // Its operator does what it says.
                self.crash(end, Torn::Lost).await;
                self.lacked += 1;
                self.old[end] = false;
                return self.start(end);
            }
            let by_disk = self.nodes[end].machinery.disk.refused();
            if self.honest(end) && !by_disk {
                return Err(format!(
                    "honest validator {end} stopped by itself: {reason}"
                ));
            }
            if self.healthy && !self.honest(end) {
                // Nobody has to repair a faulty member; it is down.
                self.crash(end, Torn::Lost).await;
                return Ok(());
            }
            self.crash(end, Torn::Lost).await;
            if self.healthy {
                self.start(end)?;
            }
        }
        Ok(())
    }

    async fn crash(&mut self, end: usize, torn: Torn) {
        self.nodes[end]
            .crash(&self.context, &self.net, torn, &mut self.chance)
            .await;
        let kind = if end < self.plan.validators {
            self.plan.kind(end)
        } else {
            Faulty::Nobody
        };
        if kind == Faulty::Rot && !self.rotten {
            self.rotten = true;
            let place = self.nodes[end].rot(&self.context, &mut self.chance).await;
            self.note(&format!("a byte of {end} changed in {place:?}"));
        }
        if kind == Faulty::Amnesia || self.planted == Planted::Forget {
            self.nodes[end]
                .wipe(&self.context, |partition| partition.contains("chain-votes"))
                .await;
        }
    }

    async fn submit(&mut self) {
        let now = self.context.current();
        for item in self.load.items.clone() {
            let ready = item
                .after
                .is_none_or(|id| self.canon.places.contains_key(&id))
                && now >= self.begun + item.not_before
                && self.canon.blocks.len() as u64 >= item.from_height;
            if !ready || self.canon.places.contains_key(&item.id) {
                continue;
            }
            let tries = match self.submitted.get(&item.id) {
                Some(_) if self.planted == Planted::Once => continue,
                Some((at, _)) if now < *at + AGAIN => continue,
                Some((_, tries)) => *tries + 1,
                None => 0,
            };
            let end = (item.home + tries) % self.plan.validators;
            self.submitted.insert(item.id, (now, tries));
            if self.asleep[end] {
                continue;
            }
            let Some(handle) = self.nodes[end].handle().cloned() else {
                continue;
            };
            tokio::select! {
                biased;
                _ = handle.submit(item.tx.clone()) => {}
                () = self.context.sleep(PATIENCE) => {}
            }
        }
    }

    pub(super) async fn happen(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Split(group) => {
                for from in 0..self.nodes.len() {
                    for to in 0..self.nodes.len() {
                        if group.contains(&from) != group.contains(&to) {
                            self.net.cut(from, to);
                        }
                    }
                }
            }
            Event::OneWay(from, to) => self.net.cut(from, to),
            Event::Heal => {
                self.net.heal(|_, _| true);
                self.part_twins();
            }
            Event::Crash(end, torn) => {
                if self.nodes[end].runs() {
                    self.crash(end, torn).await;
                }
            }
            Event::CrashAtWrite(end, writes) => {
                let disk = &self.nodes[end].machinery.disk;
                disk.stop_at(disk.changes() + writes);
            }
            Event::DiskFull(end, writes) => {
                let disk = &self.nodes[end].machinery.disk;
                disk.refuse_from(disk.changes() + writes);
            }
            Event::Restart(end) => {
                if !self.nodes[end].runs() {
                    self.start(end)?;
                }
            }
            Event::Pause(end) => {
                self.asleep[end] = true;
                self.nodes[end].machinery.pause();
            }
            Event::Resume(end) => self.wake(end),
            Event::Skew(end, ms) => self.nodes[end].machinery.skew(ms),
            Event::Install(end) => {
                self.old[end] = false;
                if self.nodes[end].runs() {
                    self.crash(end, Torn::Lost).await;
                    self.start(end)?;
                }
            }
        }
        Ok(())
    }

    fn wake(&mut self, end: usize) {
        self.asleep[end] = false;
        self.nodes[end].machinery.resume();
    }

    /// Ends every fault of nature.
    pub(super) async fn recover(&mut self) -> Result<(), String> {
        self.note("everything is healed");
        self.healthy = true;
        self.net.heal(|_, _| true);
        if self.planted == Planted::Twins {
            self.part_twins();
        }
        self.net.weather(Link {
            loss: 0,
            twice: 0,
            ..self.plan.link
        });
        for end in 0..self.nodes.len() {
            self.wake(end);
            let disk = &self.nodes[end].machinery.disk;
            if !disk.stopped() {
                disk.repair();
            }
            self.nodes[end].machinery.skew(0);
            self.look_after(end).await?;
            if !self.nodes[end].runs() && (self.honest(end) || self.plan.kind(end) != Faulty::Rot) {
                self.start(end)?;
            }
        }
        Ok(())
    }
}
