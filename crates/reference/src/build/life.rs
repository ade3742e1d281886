//! Counter-offers, suspension, breach.

use super::Builder;
use crate::cast::Missing;
use crate::step::LifeStep;
use fairway_ledger::{Ground, Operation, TermsOperation};
use fairway_model::Hash;
use fairway_model::agreement::AGREEMENT_DOMAIN;
use fairway_model::canonical::Canonical;

impl Builder<'_> {
    pub(super) fn life(
        &self,
        pair: usize,
        version: u32,
        step: LifeStep,
    ) -> Result<Operation, Missing> {
        let (home, visited) = self.parties(pair)?;
        let agreement = self.agreement(pair, version)?.id();
        let evidence = Hash::plain(b"evidence");
        let operation = match step {
            LifeStep::Counter => {
                let terms = self.agreement(pair, version + 1)?;
                let signer = self.forger(self.cast.key(self.step.by, self.step.key));
                TermsOperation::Counter {
                    supersedes: self.cast.terms(pair, version)?.id(),
                    signature: signer.sign(AGREEMENT_DOMAIN, &terms.to_bytes()),
                    agreement: Box::new(terms),
                }
            }
            LifeStep::Suspend => TermsOperation::Suspend {
                agreement,
                home,
                visited,
                ground: Ground::Technical,
                evidence: Some(evidence),
            },
            LifeStep::Resume => TermsOperation::Resume {
                agreement,
                home,
                visited,
            },
            LifeStep::Breach => TermsOperation::Breach {
                agreement,
                home,
                visited,
                ground: Ground::Payment,
                evidence,
            },
        };
        Ok(Operation::Terms(operation))
    }
}
