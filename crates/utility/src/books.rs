//! What may be read: traces, lists, books, status.

use crate::command::{Books, MAX_LIST, Role, SessionSummary, SessionTrace, Status};
use crate::home::HomeCharge;
use crate::machine::Utility;
use crate::peer::Answer;
use crate::visit::Visit;
use fairway_model::canonical::Canonical;
use fairway_model::{
    AgreementId, ChargeEvent, Currency, Hash, MemberId, Micro, MoneyError, PriceBreakdown,
    PublicKey, Refusal, RefusalCode, SessionId, ShareNote, SignedChargeEvent, StationId, Time,
};
use fairway_pricing::{Sharing, share_note};
use std::collections::{BTreeMap, BTreeSet};

fn money(e: &MoneyError) -> Refusal {
    Refusal::new(RefusalCode::TooLarge, e.to_string())
}

impl Utility {
    /// This member's id.
    pub fn id(&self) -> MemberId {
        self.me.id
    }

    /// Height of the newest block seen; the shell asks the ledger for those after it.
    pub fn height(&self) -> u64 {
        self.marks.height
    }

    /// Where another member's AAA node is reached.
    pub fn endpoint_of(&self, member: MemberId) -> Option<&str> {
        self.registry
            .members
            .get(&member)
            .map(|m| m.member.endpoint.as_str())
    }

    /// A member's registered key.
    pub fn key_of(&self, member: MemberId) -> Option<PublicKey> {
        self.registry.key_of(member)
    }

    /// The salted password hash of a station that may connect; none for others.
    pub fn password_of(&self, station: &StationId) -> Option<&str> {
        self.stations.get(station).map(String::as_str)
    }

    /// EVSE numbers of a station as the ledger registers them, in order.
    pub fn evse_numbers(&self, station: &StationId) -> Vec<u32> {
        self.registry.numbers_of(station)
    }

    /// State of a charge in one word, in the visited role if we have it; see [`SessionSummary::state`].
    pub fn state_of(&self, session: SessionId) -> Option<&'static str> {
        let visited = self.visits.get(session).map(|v| v.session.state().word());
        visited.or_else(|| self.homes.all.get(&session).map(|c| c.state.word()))
    }

    /// Transitions' states of a charge at our station, for drawing and checking the flow chart.
    pub fn gateway_state(&self, session: SessionId) -> Option<fairway_gateway::State> {
        self.visits.get(session).map(|v| v.session.state())
    }

    /// The newest charges, at most [`MAX_LIST`], newest first.
    pub fn summaries(&self) -> Vec<SessionSummary> {
        let mut newest: BTreeSet<(Time, SessionId)> = BTreeSet::new();
        let visits = self.visits.iter().map(|(id, v)| (v.session.at, *id));
        let homes = self.homes.all.values().map(|c| (c.at, c.session));
        for at in visits.chain(homes) {
            newest.insert(at);
            if newest.len() > MAX_LIST.saturating_mul(2) {
                newest.pop_first();
            }
        }
        let mut list = Vec::new();
        let mut seen = BTreeSet::new();
        for (_, id) in newest.iter().rev() {
            if seen.insert(*id) && list.len() < MAX_LIST {
                list.extend(self.summary(*id));
            }
        }
        list
    }

    pub(crate) fn summary(&self, id: SessionId) -> Option<SessionSummary> {
        match (self.visits.get(id), self.homes.all.get(&id)) {
            (Some(visit), home) => Some(self.visit_summary(visit, home.is_some())),
            (None, Some(charge)) => Some(self.home_summary(charge)),
            (None, None) => None,
        }
    }

    fn visit_summary(&self, visit: &Visit, both: bool) -> SessionSummary {
        let s = &visit.session;
        SessionSummary {
            session: s.id,
            role: if both { Role::Both } else { Role::Visited },
            home: s.home,
            visited: self.me.id,
            evse: Some(s.evse.clone()),
            state: s.state().word().to_owned(),
            at: s.at,
            local: s.local,
            energy: if visit.log.is_empty() {
                s.told_energy()
            } else {
                visit.log.energy()
            },
            total: s.breakdown.as_ref().map(|b| b.total),
            refusal: s.refusal.clone(),
        }
    }

    fn home_summary(&self, charge: &HomeCharge) -> SessionSummary {
        SessionSummary {
            session: charge.session,
            role: if charge.visited == self.me.id {
                Role::Both
            } else {
                Role::Home
            },
            home: Some(self.me.id),
            visited: charge.visited,
            evse: charge.evse.clone(),
            state: charge.state.word().to_owned(),
            at: charge.at,
            local: charge.eligibility.is_none(),
            energy: charge
                .breakdown
                .as_ref()
                .map(|b| b.energy)
                .unwrap_or_default(),
            total: charge.breakdown.as_ref().map(|b| b.total),
            refusal: charge.refusal.clone(),
        }
    }

    /// The whole trace of one charge, as far as this utility saw it (GW-10).
    ///
    /// # Errors
    /// `session-unknown`.
    pub fn session_trace(&self, id: SessionId) -> Result<SessionTrace, Refusal> {
        let unknown = || {
            Refusal::new(
                RefusalCode::SessionUnknown,
                format!("{id} is not known here, or so old that only the database has it"),
            )
        };
        let summary = self.summary(id).ok_or_else(unknown)?;
        let visit = self.visits.get(id);
        let home = self.homes.all.get(&id);
        let session = visit.map(|v| &v.session);
        let posted = session
            .and_then(|s| s.posted)
            .or_else(|| home.and_then(|c| c.posted));
        let own = visit.map(|v| {
            v.log
                .iter()
                .map(|r| r.record.clone())
                .chain(v.bad.iter().cloned())
                .collect()
        });
        let breakdown = session
            .and_then(|s| s.breakdown.clone())
            .or_else(|| home.and_then(|c| c.breakdown.clone()));
        let event = session
            .and_then(|s| s.event.as_ref())
            .or_else(|| home.and_then(|c| c.event.as_ref()));
        let shared = event
            .zip(breakdown.as_ref())
            .and_then(|(event, price)| self.shared(event, price));
        Ok(SessionTrace {
            shared,
            summary,
            hops: self
                .traces
                .get(&id)
                .map(|t| t.hops.clone())
                .unwrap_or_default(),
            offer: session
                .and_then(|s| s.offer.clone())
                .or_else(|| home.and_then(|c| c.offer.clone())),
            consent: session
                .and_then(|s| s.consent_given().cloned())
                .or_else(|| home.and_then(|c| c.consent.clone())),
            breakdown,
            event: self.signed_event(visit, home),
            evidence: own
                .or_else(|| self.homes.evidence.get(&id).cloned())
                .unwrap_or_default(),
            transaction: posted.map(|p| p.transaction),
            height: posted.map(|p| p.height),
        })
    }

    /// Who gets what of a charge by the rule of its agreement; nothing where the agreement is not known here.
    pub(crate) fn shared(&self, event: &ChargeEvent, price: &PriceBreakdown) -> Option<ShareNote> {
        let agreement = self.registry.agreement(event.agreement)?;
        let sharing = Sharing::of(agreement, event.adjustments.tier, event.session);
        let note = share_note(price, &sharing).ok()?;
        (note.shares == event.shares).then_some(note)
    }

    fn signed_event(
        &self,
        visit: Option<&Visit>,
        home: Option<&HomeCharge>,
    ) -> Option<SignedChargeEvent> {
        let by_visit = visit.and_then(|v| {
            let event = v.session.event.clone()?;
            let visited_signature = event.sign(&self.me.key);
            Some(SignedChargeEvent {
                event,
                visited_signature,
                home_signature: v.session.home_signature?,
            })
        });
        by_visit.or_else(|| {
            let charge = home?;
            let Some(Answer::Yes(signature)) = &charge.answer else {
                return None;
            };
            Some(SignedChargeEvent {
                event: charge.event.clone()?,
                visited_signature: charge.visited_signature?,
                home_signature: **signature,
            })
        })
    }

    /// The utility's own books, for comparison with the ledger's.
    ///
    /// # Errors
    /// `too-large` when a sum does not fit.
    pub fn books(&self) -> Result<Books, Refusal> {
        let accounts = self.node.aaa.accounts();
        let totals = accounts.totals();
        let mut names: BTreeMap<String, Micro> = BTreeMap::new();
        for (name, _, balance) in accounts.balances() {
            let sum = names.entry(name.to_owned()).or_default();
            *sum = sum.plus(balance).map_err(|e| money(&e))?;
        }
        Ok(Books {
            trial_balance: accounts.trial_balance()?,
            accounts: names.into_iter().collect(),
            settled_home: totals.settled_home,
            settled_visited: totals.settled_visited,
            billed: Micro::sum(totals.billed.values().copied()).map_err(|e| money(&e))?,
            positions: self.positions()?,
        })
    }

    /// What partners owe us, less what we owe them, by currency.
    fn positions(&self) -> Result<Vec<(MemberId, Currency, Micro)>, Refusal> {
        let mut net: BTreeMap<(MemberId, Currency), Micro> = BTreeMap::new();
        for ((debtor, creditor, currency), owed) in &self.registry.positions {
            let (partner, amount) = if *creditor == self.me.id {
                (*debtor, *owed)
            } else if *debtor == self.me.id {
                (*creditor, owed.negated().map_err(|e| money(&e))?)
            } else {
                continue;
            };
            let sum = net.entry((partner, *currency)).or_default();
            *sum = sum.plus(amount).map_err(|e| money(&e))?;
        }
        Ok(net.into_iter().map(|((m, c), a)| (m, c, a)).collect())
    }

    /// What is open, connected and registered.
    pub fn status(&self) -> Status {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let agreements = self.registry.agreements.iter();
        let mine = |a: MemberId, b: MemberId| a == self.me.id || b == self.me.id;
        let in_force = agreements
            .clone()
            .filter(|(_, r)| r.countersigned.is_some());
        let own = |r: &crate::registry::AgreementRecord| r.agreement.home == r.agreement.visited;
        let waiting = agreements.filter(|(_, r)| r.waits() && (r.proposer != self.me.id || own(r)));
        let open_homes = self
            .homes
            .all
            .values()
            .filter(|c| c.visited != self.me.id && !c.state.is_final())
            .count();
        Status {
            member: self.me.id,
            height: self.marks.height,
            open: count(self.visits.open_count().saturating_add(open_homes)),
            outbox: count(self.outbox.len()),
            connected: self.connected.keys().cloned().collect(),
            agreements: in_force
                .map(|(id, r)| (r.agreement.home, r.agreement.visited, *id))
                .collect(),
            proposals: waiting
                .filter(|(_, r)| mine(r.agreement.home, r.agreement.visited))
                .map(|(id, _)| *id)
                .collect::<Vec<AgreementId>>(),
            prefixes: self
                .registry
                .prefixes
                .iter()
                .map(|(p, m)| (p.to_string(), *m))
                .collect(),
            evses: count(self.registry.evses.len()),
            policy_version: self.policy().version,
            visiting_profiles: count(self.node.aaa.visiting().len()),
        }
    }

    /// A digest of everything durable: equal before a crash and after restoring the stored rows.
    pub fn fingerprint(&self) -> Hash {
        let mut all = Vec::new();
        let mut add = |bytes: Vec<u8>| all.extend_from_slice(&Hash::plain(&bytes).0);
        add(format!(
            "{:?} {:?} {:?} {:?}",
            self.marks, self.loads, self.stations, self.answers
        )
        .into_bytes());
        add(format!("{:?} {:?}", self.registry, self.policies).into_bytes());
        add(format!("{:?} {:?}", self.cases.durable(), self.energy).into_bytes());
        let forecasts = &self.forecasts;
        add(format!("{:?} {:?}", forecasts.loads, forecasts.own).into_bytes());
        for (_, visit) in self.visits.iter() {
            add(visit.session.to_bytes());
            add(visit.log.to_vec().to_bytes());
            add(visit.bad.to_bytes());
        }
        for charge in self.homes.all.values() {
            add(charge.to_bytes());
        }
        add(format!("{:?} {:?}", self.homes.evidence, self.traces).into_bytes());
        add(format!("{:?}", self.outbox.durable().collect::<Vec<_>>()).into_bytes());
        let aaa = &self.node.aaa;
        add(format!(
            "{:?} {:?} {:?}",
            aaa.accounts(),
            aaa.issued(),
            aaa.charges()
        )
        .into_bytes());
        add(format!("{:?} {:?}", aaa.profiles(), aaa.visiting()).into_bytes());
        Hash::plain(&all)
    }
}
