//! The machine's durable image: rows back in, in any order, and everything that was open goes on.

use crate::command::Policy;
use crate::door::{Level, Row, Table};
use crate::machine::Utility;
use crate::out::Out;
use crate::trace::Trace;
use fairway_aaa::StoreTable;
use fairway_gateway::State;
use fairway_model::canonical::Canonical;
use fairway_model::{DecodeError, Refusal, RefusalCode, SessionId, StationId, Time};

/// Key prefix of traces of charges abroad in the table of home charges.
pub(crate) const HOPS: &str = "hops/";
/// Key prefix of loads in the table of policies.
pub(crate) const LOAD: &str = "load/";
/// Key prefix of policies in their table.
const VERSION: &str = "version/";

pub(crate) fn policy_row(policy: &Policy, now: Time) -> Row {
    let key = format!("{VERSION}{:010}", policy.version);
    Row::new(
        Table::Policies,
        key,
        "",
        now,
        format!("version {}", policy.version),
        policy,
    )
}

impl Utility {
    /// Takes back one stored row. Rows may come in any order; those of append-only tables need not be given. Afterwards call
    /// [`Utility::ready`] once.
    ///
    /// # Errors
    /// `malformed` with table and key: the database is damaged, or newer than the program.
    pub fn restore(&mut self, row: &Row) -> Result<(), Refusal> {
        if row.table.append_only() {
            return Ok(());
        }
        let aaa = match row.table {
            Table::ResidentialCustomers => Some(StoreTable::ResidentialCustomers),
            Table::CommercialCustomers => Some(StoreTable::CommercialCustomers),
            Table::VisitingProfiles => Some(StoreTable::VisitingProfiles),
            Table::Issued => Some(StoreTable::Issued),
            Table::Balances => Some(StoreTable::Balances),
            _ => None,
        };
        if let Some(table) = aaa {
            return self.node.aaa.restore(table, &row.key, &row.body);
        }
        let read = self.restore_own(row);
        read.map_err(|e| {
            Refusal::new(
                RefusalCode::Malformed,
                format!("stored row {:?} of {}: {e}", row.key, row.table.name()),
            )
        })
    }

    fn restore_own(&mut self, row: &Row) -> Result<(), DecodeError> {
        match row.table {
            Table::VisitedSessions => match row.key.strip_suffix("/hops") {
                Some(id) => self.restore_trace(id, row),
                None => self.visits.restore(row),
            },
            Table::HomeCharges => self.restore_home(row),
            Table::Policies => self.restore_policy(row),
            Table::Registry if row.key.starts_with(crate::cases::CASE) => {
                self.cases.restore(row, self.me.id)
            }
            Table::Registry if row.key.starts_with(crate::energy::ENERGY) => {
                self.energy.restore(row)
            }
            Table::Registry => self.registry.restore(row),
            Table::Stations => {
                let (station, password) = <(StationId, String)>::from_bytes(&row.body)?;
                self.stations.insert(station, password);
                Ok(())
            }
            Table::Outbox => self.outbox.restore(row),
            Table::Commands => self.answers.restore(row),
            Table::Marks => self.marks.restore(row),
            Table::Loads => self.forecasts.restore(row),
            _ => Ok(()),
        }
    }

    fn restore_home(&mut self, row: &Row) -> Result<(), DecodeError> {
        if let Some(id) = row.key.strip_prefix(HOPS) {
            return self.restore_trace(id, row);
        }
        if self.homes.restore(row)? {
            return Ok(());
        }
        let restored = self
            .node
            .aaa
            .restore(StoreTable::HomeCharges, &row.key, &row.body);
        restored.map_err(|r| DecodeError::Malformed(r.text))
    }

    fn restore_trace(&mut self, id: &str, row: &Row) -> Result<(), DecodeError> {
        let id = SessionId::parse(id).map_err(|e| DecodeError::Malformed(e.to_string()))?;
        self.traces.insert(id, Trace::from_bytes(&row.body)?);
        Ok(())
    }

    fn restore_policy(&mut self, row: &Row) -> Result<(), DecodeError> {
        if row.key.starts_with(LOAD) {
            let (area, load) = <(String, u32)>::from_bytes(&row.body)?;
            self.loads.insert(area, load);
        } else {
            let policy = Policy::from_bytes(&row.body)?;
            self.policies.insert(policy.version, policy);
        }
        Ok(())
    }

    /// Everything that was open goes on: identifications whose credential is gone end, the rest resumes by its timers.
    pub(crate) fn resume(&mut self, out: &mut Out) {
        self.visits.ready();
        self.homes.ready();
        if self.policies.len() == 1 && self.marks.height == 0 {
            // The first policy is a version like any later one.
            out.put(policy_row(&self.me.policy.clone(), out.now));
        }
        for id in self.visits.open() {
            let state = self.visits.get(id).map(|v| v.session.state());
            if matches!(state, Some(State::Identifying | State::Negotiating)) {
                // The credential was never stored, so home cannot be asked again. It may have promised credit: it is told.
                if let Some(visit) = self.visits.get_mut(id) {
                    visit.asked = !visit.session.local;
                }
                let text =
                    "the utility's program was restarted: please present the credential again";
                self.refuse(out, id, Refusal::new(RefusalCode::Busy, text));
            } else {
                if let Some(visit) = self.visits.get_mut(id) {
                    visit.heard = out.now;
                    visit.asked = !visit.session.local;
                }
                self.set_timer(id);
            }
        }
        // The key may have been replaced right before the program ended.
        self.sign_anew(out);
        self.look_for_our_key(out);
        let open = self.visits.open_count();
        out.log(
            Level::Info,
            None,
            format!(
                "ready: {open} charges open, {} messages and transactions waiting",
                self.outbox.len()
            ),
        );
    }

    /// Without the private half of our registered key nothing that others send can be opened: somebody must know at once.
    fn look_for_our_key(&self, out: &mut Out) {
        let registered = self.registry.encryption_key_of(self.me.id);
        let here = registered.is_some_and(|key| self.me.ring.iter().any(|k| k.public() == key));
        if !here {
            let what = registered.map_or_else(
                || "this member has registered no encryption key".to_owned(),
                |key| {
                    format!(
                        "the keys folder has no private half of the registered encryption key {key}"
                    )
                },
            );
            out.log(
                Level::Error,
                None,
                format!("{what}: no message of another member can be opened; `fairway key rotate-encryption` registers another"),
            );
        }
    }
}
