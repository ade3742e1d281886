//! Erasure of a customer at home (SEC-05, CP-07).
//!
//! The AAA node forgets profile, credentials, salts, statements and pseudonyms; here the charges of the person lose what tied them
//! together: pseudonym, statement and the salt that opens the driver's commitment. Events, consents, meter records, prices and
//! signatures stay, so that every proof and every balance stays whole; they name nobody. What the ledger holds of the driver is
//! then a commitment that nobody here can open, and what partners hold is a pseudonym that leads nowhere.

use crate::command::Reply;
use crate::machine::Utility;
use crate::out::Out;
use fairway_model::{Pseudonym, Refusal, SessionId};
use std::collections::BTreeSet;

impl Utility {
    /// Erases a customer.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`; `customer-invalid` while charges are open.
    pub(crate) fn erase_customer(&mut self, out: &mut Out, cin: &str) -> Result<Reply, Refusal> {
        let key = self.node.aaa.profiles().by_cin(cin)?.key;
        let issued = self.node.aaa.issued().of(key);
        let names: BTreeSet<Pseudonym> = issued.map(|row| row.signed.statement.pseudonym).collect();
        let sessions: BTreeSet<SessionId> = self.node.aaa.sessions_of(key).collect();
        let erased = self.node.aaa.erase(out.now, cin)?;
        out.keep(erased.changes);
        self.revoke(out, erased.revoke);
        for charge in self.homes.all.values_mut() {
            let told = charge.statement().map(|s| s.statement.pseudonym);
            let theirs = sessions.contains(&charge.session)
                || [charge.pseudonym, told]
                    .iter()
                    .flatten()
                    .any(|name| names.contains(name));
            if theirs {
                charge.eligibility = None;
                charge.pseudonym = None;
                charge.salt = [0; 32];
                out.put(charge.row());
            }
        }
        Ok(Reply::Done)
    }
}
