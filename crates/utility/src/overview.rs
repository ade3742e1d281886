//! How it goes, counted from the charges in memory: the success rate first.

use crate::case_in::concerns;
use crate::command::Role;
use crate::desk::{MAX_PAGE, Outcomes, Overview};
use crate::machine::Utility;
use crate::visit::Visit;
use fairway_gateway::State;
use fairway_ledger::money::UtcDay;
use fairway_model::station::ConnectorState;
use fairway_model::time::DAY;
use fairway_model::{Currency, Energy, Micro, Refusal, RefusalCode, StationId, Time};
use std::collections::BTreeMap;

/// Length of the longer window, in milliseconds.
pub(crate) const MONTH: i64 = 30 * DAY;

/// What became of a charge, as those count it who ask how it goes.
pub(crate) enum Outcome {
    /// Not decided yet.
    Open,
    /// Energy flowed.
    Charged,
    /// Energy flowed, and the result is disputed.
    Disputed,
    /// Refused before there was an offer, by this code where it is known.
    Refused(Option<RefusalCode>),
    /// Consented to, and no energy.
    NotStarted,
    /// The driver did not want the price.
    Declined,
}

/// Counts outcomes.
#[derive(Default)]
pub(crate) struct Tally {
    counts: Outcomes,
    refusals: BTreeMap<&'static str, u32>,
}

pub(crate) fn more(count: &mut u32) {
    *count = count.saturating_add(1);
}

impl Tally {
    /// Counts one charge.
    pub(crate) fn add(&mut self, outcome: &Outcome) {
        more(&mut self.counts.attempts);
        match outcome {
            Outcome::Open => more(&mut self.counts.open),
            Outcome::Charged => more(&mut self.counts.charged),
            Outcome::Disputed => {
                more(&mut self.counts.charged);
                more(&mut self.counts.disputed);
            }
            Outcome::Refused(code) => {
                more(&mut self.counts.refused);
                if let Some(code) = code {
                    more(self.refusals.entry(code.as_str()).or_default());
                }
            }
            Outcome::NotStarted => more(&mut self.counts.not_started),
            Outcome::Declined => more(&mut self.counts.declined),
        }
    }

    /// The counts, the most frequent refusals first.
    pub(crate) fn counts(self) -> Outcomes {
        let mut refusals: Vec<(String, u32)> = self
            .refusals
            .into_iter()
            .map(|(code, count)| (code.to_owned(), count))
            .collect();
        refusals.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
        Outcomes {
            refusals,
            ..self.counts
        }
    }
}

fn outcome(visit: &Visit) -> Outcome {
    let session = &visit.session;
    match session.state() {
        State::Identifying | State::Negotiating | State::Offered | State::Authorized => {
            Outcome::Open
        }
        State::Charging | State::Ended | State::Proposed | State::Agreed | State::Settled => {
            Outcome::Charged
        }
        State::Disputed => Outcome::Disputed,
        State::Refused => Outcome::Refused(session.refusal.as_ref().map(|r| r.code)),
        State::Void if session.consent_given().is_some() => Outcome::NotStarted,
        State::Void => Outcome::Declined,
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl Utility {
    /// How it goes at `now`.
    ///
    /// # Errors
    /// `too-large` when a sum does not fit.
    pub(crate) fn overview(&self, now: Time) -> Result<Overview, Refusal> {
        let midnight = UtcDay::of(now).begin();
        let (mut today, mut month, mut energy) = (Tally::default(), Tally::default(), 0u64);
        for (_, visit) in self.visits.iter() {
            if visit.session.at >= now.plus(-MONTH) {
                month.add(&outcome(visit));
            }
            if visit.session.at >= midnight {
                today.add(&outcome(visit));
                energy = energy.saturating_add(visit.log.energy().0);
            }
        }
        let status = self.status();
        let silent = self.stations.keys();
        let silent = silent.filter(|name| !self.connected.contains_key(*name));
        let own = self.registry.evses.values();
        let own = own.filter(|r| r.entry.utility == self.me.id && r.in_use(now));
        Ok(Overview {
            now,
            today: today.counts(),
            month: month.counts(),
            active: count(self.charging()),
            connected: count(self.connected.len()),
            stations: count(self.stations.len()),
            evses: count(own.count()),
            profiles: status.visiting_profiles,
            policy: status.policy_version,
            money: self.earned(now.plus(-MONTH))?,
            energy: Energy(energy),
            balanced: self.node.aaa.accounts().trial_balance()? == Micro::ZERO,
            silent: silent.take(MAX_PAGE).cloned().collect(),
            proposals: status.proposals,
            overdue: self.overdue(now),
            cases: count(
                self.cases
                    .iter()
                    .filter(|c| c.end.is_none() && concerns(c, self.me.id))
                    .count(),
            ),
            faulted: self.faulted(),
            refused: self.refused.shown(now),
        })
    }

    pub(crate) fn charging(&self) -> usize {
        let open = self.visits.open();
        let states = open.iter().filter_map(|id| self.visits.get(*id));
        states
            .filter(|v| v.session.state() == State::Charging)
            .count()
    }

    fn faulted(&self) -> Vec<(StationId, u32)> {
        let broken = |state: &ConnectorState| {
            matches!(state, ConnectorState::Faulted | ConnectorState::Unavailable)
        };
        let places = self.connectors.iter().filter(|(_, state)| broken(state));
        places
            .take(MAX_PAGE)
            .map(|(place, _)| place.clone())
            .collect()
    }

    fn overdue(&self, now: Time) -> u32 {
        let today = UtcDay::of(now);
        let all = self.registry.money.obligations.values();
        count(
            all.filter(|o| o.id.debtor == self.me.id && o.is_open() && today > o.state.due)
                .count(),
        )
    }

    /// What settled charges since a time came to.
    fn earned(&self, since: Time) -> Result<Vec<(Role, Currency, Micro)>, Refusal> {
        let mut sums: BTreeMap<(u8, Currency), (Role, Micro)> = BTreeMap::new();
        let big = |e: fairway_model::MoneyError| Refusal::new(RefusalCode::TooLarge, e.to_string());
        let visits = self.visits.iter().map(|(id, v)| (*id, v.session.at));
        let homes = self.homes.all.values().map(|c| (c.session, c.at));
        let homes = homes.filter(|(id, _)| self.visits.get(*id).is_none());
        for (id, _) in visits.chain(homes).filter(|(_, at)| *at >= since) {
            let Some(row) = self.charge_row(id) else {
                continue;
            };
            let settled = row.summary.state == "settled";
            let Some((total, currency)) = row.summary.total.zip(row.currency).filter(|_| settled)
            else {
                continue;
            };
            let role = row.summary.role;
            let place = match role {
                Role::Both => 0,
                Role::Visited => 1,
                Role::Home => 2,
            };
            let (_, sum) = sums.entry((place, currency)).or_insert((role, Micro::ZERO));
            *sum = sum.plus(total).map_err(big)?;
        }
        Ok(sums
            .into_iter()
            .map(|((_, currency), (role, sum))| (role, currency, sum))
            .collect())
    }
}
