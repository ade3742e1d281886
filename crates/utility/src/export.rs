//! Export of everything that is kept about a person (AA-21, CP-07; GDPR articles 15 and 20).
//!
//! The machine gives what it knows in words, and by which marks a stored row is recognised as the person's; the shell adds every
//! row of the database that bears one, so that what no word here describes comes along too.

use crate::command::{CustomerExport, Reply};
use crate::machine::Utility;
use crate::out::Out;
use fairway_model::{Cin, Pseudonym, Refusal, SessionId};
use std::collections::BTreeSet;

impl Utility {
    /// Everything that is kept about a customer; that it was exported is recorded.
    ///
    /// # Errors
    /// `cin-mistyped`, `cin-unknown`.
    pub(crate) fn export_customer(&mut self, out: &mut Out, cin: &str) -> Result<Reply, Refusal> {
        let (facts, kept) = self.node.aaa.export(out.now, cin)?;
        out.keep(kept);
        let customer = self.node.aaa.profiles().by_cin(cin)?;
        let key = customer.key;
        let mut texts = vec![
            customer.cin.digits(),
            customer.cin.grouped(),
            customer.name.clone(),
            key.to_string(),
        ];
        texts.extend(customer.credentials.iter().cloned());
        let issued: Vec<_> = self.node.aaa.issued().of(key).collect();
        let names: BTreeSet<Pseudonym> = issued
            .iter()
            .map(|row| row.signed.statement.pseudonym)
            .collect();
        let mut sessions: BTreeSet<SessionId> = self.node.aaa.sessions_of(key).collect();
        sessions.extend(issued.iter().map(|row| row.session));
        for charge in self.homes.all.values() {
            let told = charge.statement().map(|s| s.statement.pseudonym);
            let theirs = [charge.pseudonym, told]
                .iter()
                .flatten()
                .any(|name| names.contains(name));
            if theirs {
                sessions.insert(charge.session);
            }
        }
        let mut marks: BTreeSet<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
        marks.insert(key.0.to_vec());
        marks.extend(names.iter().map(|name| name.0.to_vec()));
        for session in &sessions {
            marks.insert(session.0.to_vec());
            marks.insert(session.to_string().into_bytes());
        }
        marks.retain(|mark| !mark.is_empty());
        let charges = sessions
            .iter()
            .filter_map(|session| self.session_trace(*session).ok());
        Ok(Reply::Export(Box::new(CustomerExport {
            utility: self.me.id,
            cin: Cin::parse(cin).map_or_else(|_| cin.to_owned(), |cin| cin.digits()),
            made_at: out.now,
            facts,
            charges: charges.collect(),
            marks: marks.into_iter().map(Into::into).collect(),
            rows: Vec::new(),
        })))
    }
}
