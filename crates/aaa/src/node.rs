//! The AAA node: all components of one utility together, in the operations that a charge needs (AA-18: the same for home and visited).
//!
//! Every call that changes something returns what to store; all of it belongs in one transaction. [`AaaNode::restore`] brings the
//! rows of every table back at start, in any order; the append-only tables need not be given.

mod charges;
mod credits;
mod customers;
mod decide;
mod privacy;

use crate::accounts::Accounts;
use crate::audit::Audit;
use crate::billing::HomeCharges;
use crate::hcp::HomeProfiles;
use crate::issued::Issued;
use crate::loyalty::TierLadder;
use crate::store::{StoreTable, StoredChange};
use crate::vcp::VisitingProfiles;
pub use charges::Settlement;
pub use customers::CustomerChange;
pub use decide::Decision;
use fairway_model::time::HOUR;
use fairway_model::{Bill, MemberId, Refusal, Time};
pub use privacy::Erased;

/// How often rows that nobody waits for are swept out, in milliseconds.
pub const SWEEP_EVERY: i64 = HOUR;

/// What a node is made from.
#[derive(Clone)]
pub struct NodeConfig {
    /// This utility.
    pub member: MemberId,
    /// Keys pseudonyms, PIN hashes and fingerprints at home; must stay the same over restarts and is in no database.
    pub home_secret: [u8; 32],
    /// Keys the visiting profiles; another secret than the home one.
    pub visited_secret: [u8; 32],
    /// Offset of the billing months from UTC in minutes.
    pub billing_offset_minutes: i32,
    /// How loyalty tiers are earned.
    pub tiers: TierLadder,
}

impl core::fmt::Debug for NodeConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "NodeConfig({})", self.member)
    }
}

/// One utility's AAA node. The components may be read directly; changes go through the node's methods.
#[derive(Debug, Clone)]
pub struct AaaNode {
    config: NodeConfig,
    profiles: HomeProfiles,
    issued: Issued,
    visiting: VisitingProfiles,
    accounts: Accounts,
    charges: HomeCharges,
    audit: Audit,
    swept: Time,
}

impl AaaNode {
    /// An empty node.
    pub fn new(config: NodeConfig) -> Self {
        Self {
            profiles: HomeProfiles::new(config.member, config.home_secret),
            issued: Issued::default(),
            visiting: VisitingProfiles::new(config.member, config.visited_secret),
            accounts: Accounts::new(config.member),
            charges: HomeCharges::new(config.billing_offset_minutes),
            audit: Audit::default(),
            swept: Time(i64::MIN),
            config,
        }
    }

    /// Home profiles.
    pub fn profiles(&self) -> &HomeProfiles {
        &self.profiles
    }

    /// Statements issued.
    pub fn issued(&self) -> &Issued {
        &self.issued
    }

    /// Visiting profiles.
    pub fn visiting(&self) -> &VisitingProfiles {
        &self.visiting
    }

    /// Visiting profiles, to change: `remember`, `hold`, `release`, `settle`, `revoke`. Store what they return.
    pub fn visiting_mut(&mut self) -> &mut VisitingProfiles {
        &mut self.visiting
    }

    /// The books.
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Charges of our drivers.
    pub fn charges(&self) -> &HomeCharges {
        &self.charges
    }

    /// Takes back a stored row; rows of append-only tables are passed over.
    ///
    /// # Errors
    /// `malformed` or `customer-invalid` with the row's table and key: the database is damaged or newer than the program.
    pub fn restore(&mut self, table: StoreTable, key: &str, body: &[u8]) -> Result<(), Refusal> {
        match table {
            StoreTable::ResidentialCustomers | StoreTable::CommercialCustomers => {
                self.profiles.restore(table, key, body)
            }
            StoreTable::VisitingProfiles => self.visiting.restore(key, body),
            StoreTable::Issued => self.issued.restore(key, body),
            StoreTable::Balances => self.accounts.restore(key, body),
            StoreTable::HomeCharges => self.charges.restore(key, body),
            StoreTable::Journal | StoreTable::Audit => Ok(()),
        }
    }

    /// One month's bill of the customer with this CIN; `utility_name` is our name as it stands on it.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`; as [`HomeCharges::month`].
    pub fn bill(
        &self,
        cin: &str,
        (year, month): (i16, u8),
        utility_name: String,
    ) -> Result<Bill, Refusal> {
        let customer = self.profiles.by_cin(cin)?;
        let found = self.charges.month(customer.key, year, month)?;
        Ok(Bill {
            utility: self.config.member,
            customer: customer.name.clone(),
            cin: customer.cin.digits(),
            year,
            month,
            currency: customer.currency,
            lines: found.lines,
            total: found.total,
            pending: found.pending,
            credits: found.credits,
            utility_name,
            language: customer.language.clone(),
        })
    }

    /// Time has passed: ends what can no longer be used and deletes what has expired.
    pub fn tick(&mut self, now: Time) -> Vec<StoredChange> {
        let mut changes = self.visiting.expire(now);
        changes.extend(self.accounts.expire(now));
        if now >= self.swept.plus(SWEEP_EVERY) {
            self.swept = now;
            self.profiles.expire(now);
            let accounts = &self.accounts;
            changes.extend(
                self.issued
                    .expire(now, |id| accounts.reservation(id).is_some()),
            );
        }
        changes
    }

    /// When [`AaaNode::tick`] has something to do next, if ever.
    pub fn next_deadline(&self) -> Option<Time> {
        let both = [self.visiting.next_deadline(), self.accounts.next_deadline()];
        both.into_iter().flatten().min()
    }
}
