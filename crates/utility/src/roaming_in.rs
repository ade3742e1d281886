//! What operators ask about agreements and partners.

use crate::command::Reply;
use crate::desk::Outcomes;
use crate::machine::Utility;
use crate::out::Out;
use crate::registry::AgreementRecord;
use crate::roaming::{AgreementView, MAX_AREAS, PartnerView, TermsCommand};
use fairway_ledger::{Operation, TermsOperation};
use fairway_model::agreement::AGREEMENT_DOMAIN;
use fairway_model::canonical::Canonical;
use fairway_model::registry::MemberKind;
use fairway_model::time::{DAY, MINUTE};
use fairway_model::{AgreementId, Currency, MemberId, Micro, Refusal, RefusalCode, Time};
use std::collections::{BTreeMap, BTreeSet};

/// Added to a notice that is given without a date, so that it is kept by the clock of the block too, in milliseconds.
const NOTICE_MARGIN: i64 = 10 * MINUTE;

impl Utility {
    pub(crate) fn on_terms_command(
        &mut self,
        out: &mut Out,
        id: &[u8; 16],
        command: TermsCommand,
    ) -> Result<Reply, Refusal> {
        let operation = match command {
            TermsCommand::Partners => return Ok(Reply::Partners(self.partners(out.now)?)),
            TermsCommand::Agreements => {
                return Ok(Reply::Agreements(self.agreement_views(out.now)));
            }
            TermsCommand::Terminate { agreement, from } => {
                let (home, visited) = self.parties(agreement)?;
                Operation::TerminateAgreement {
                    agreement,
                    home,
                    visited,
                    from: from.unwrap_or_else(|| self.earliest_end(agreement, out.now)),
                }
            }
            TermsCommand::Counter {
                supersedes,
                agreement,
            } => {
                self.parties(supersedes)?;
                self.registry.check_newer(&agreement)?;
                let signature = self.me.key.sign(AGREEMENT_DOMAIN, &agreement.to_bytes());
                Operation::Terms(TermsOperation::Counter {
                    supersedes,
                    agreement,
                    signature,
                })
            }
            TermsCommand::Suspend {
                agreement,
                ground,
                evidence,
            } => {
                let (home, visited) = self.parties(agreement)?;
                Operation::Terms(TermsOperation::Suspend {
                    agreement,
                    home,
                    visited,
                    ground,
                    evidence,
                })
            }
            TermsCommand::Resume { agreement } => {
                let (home, visited) = self.parties(agreement)?;
                Operation::Terms(TermsOperation::Resume {
                    agreement,
                    home,
                    visited,
                })
            }
            TermsCommand::Breach {
                agreement,
                ground,
                evidence,
            } => {
                let (home, visited) = self.parties(agreement)?;
                Operation::Terms(TermsOperation::Breach {
                    agreement,
                    home,
                    visited,
                    ground,
                    evidence,
                })
            }
            TermsCommand::Post(offer) => Operation::Terms(TermsOperation::PostOffer(offer)),
            TermsCommand::Withdraw { slot } => {
                Operation::Terms(TermsOperation::WithdrawOffer { slot })
            }
        };
        self.hand_in(out, id, operation)
    }

    /// The parties of an agreement that is known here and ours.
    fn parties(&self, id: AgreementId) -> Result<(MemberId, MemberId), Refusal> {
        let record = self.registry.agreements.get(&id).ok_or_else(|| {
            Refusal::new(
                RefusalCode::AgreementUnknown,
                format!("{id} is not on the ledger as far as it is seen here"),
            )
        })?;
        let (home, visited) = (record.agreement.home, record.agreement.visited);
        if home == self.me.id || visited == self.me.id {
            return Ok((home, visited));
        }
        Err(Refusal::new(
            RefusalCode::NotAuthorized,
            format!("{id} is between {home} and {visited}"),
        ))
    }

    /// The end that a notice given now may name; a proposal needs no notice.
    fn earliest_end(&self, id: AgreementId, now: Time) -> Time {
        let days = self
            .registry
            .agreements
            .get(&id)
            .filter(|r| r.countersigned.is_some())
            .and_then(|r| r.agreement.notice_days)
            .unwrap_or(0);
        now.plus(i64::from(days).saturating_mul(DAY))
            .plus(NOTICE_MARGIN)
    }

    fn agreement_views(&self, now: Time) -> Vec<AgreementView> {
        let me = self.me.id;
        let ours = |r: &AgreementRecord| r.agreement.home == me || r.agreement.visited == me;
        let records = self.registry.agreements.iter();
        records
            .filter(|(_, r)| ours(r))
            .map(|(id, r)| AgreementView {
                agreement: *id,
                home: r.agreement.home,
                visited: r.agreement.visited,
                version: r.agreement.version,
                proposer: r.proposer,
                stage: r.stage(now, me, self.registry.successor(r, now)),
            })
            .collect()
    }

    fn partners(&self, now: Time) -> Result<Vec<PartnerView>, Refusal> {
        let mut went = self.outcomes_there(now);
        let members = self.registry.members.values().map(|m| &m.member);
        members
            .filter(|m| m.kind == MemberKind::Utility)
            .map(|m| self.partner(m.id, went.remove(&m.id).unwrap_or_default(), now))
            .collect()
    }

    fn partner(
        &self,
        member: MemberId,
        outcomes: Outcomes,
        now: Time,
    ) -> Result<PartnerView, Refusal> {
        let evses = self.registry.evses.values();
        let own = evses.filter(|e| e.entry.utility == member && e.in_use(now));
        let (mut count, mut areas) = (0u32, BTreeSet::new());
        for evse in own {
            count = count.saturating_add(1);
            if areas.len() < MAX_AREAS {
                areas.insert(evse.entry.area.clone());
            }
        }
        let pairs = [(self.me.id, member), (member, self.me.id)];
        let mut agreements: Vec<_> = pairs
            .iter()
            .filter_map(|(home, visited)| {
                let (id, _) = self.registry.in_force(*home, *visited, now)?;
                Some((*home, *visited, id))
            })
            .collect();
        agreements.dedup();
        Ok(PartnerView {
            member,
            name: self.registry.name_of(member),
            evses: count,
            areas: areas.into_iter().collect(),
            offers: self.registry.partners.offers(member, now),
            record: self.registry.partners.record(member),
            owes: self.owes(member)?,
            agreements,
            prices: self.prices_there(member, now),
            outcomes,
            dues: self.dues_of(member, now),
        })
    }

    /// By currency: what a member owes others, and what others owe it.
    fn owes(&self, member: MemberId) -> Result<Vec<(Currency, Micro, Micro)>, Refusal> {
        let mut sums: BTreeMap<Currency, (Micro, Micro)> = BTreeMap::new();
        let big = |e: fairway_model::MoneyError| Refusal::new(RefusalCode::TooLarge, e.to_string());
        for ((debtor, creditor, currency), owed) in &self.registry.positions {
            let (owes, has) = sums.entry(*currency).or_default();
            if *debtor == member {
                *owes = owes.plus(*owed).map_err(big)?;
            }
            if *creditor == member {
                *has = has.plus(*owed).map_err(big)?;
            }
        }
        let some = |(owes, has): &(Micro, Micro)| *owes != Micro::ZERO || *has != Micro::ZERO;
        Ok(sums
            .into_iter()
            .filter(|(_, sum)| some(sum))
            .map(|(currency, (owes, has))| (currency, owes, has))
            .collect())
    }
}
