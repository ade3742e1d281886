//! Consents and finished charges that visited utilities tell of (home role): what home computed itself, it signs.

use crate::door::{Level, Row, Table};
use crate::home::{EVIDENCE, HomeState};
use crate::home_charge::{opens, refuse};
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::{Answer, ChargeProposal, Message};
use crate::said::{Says, Sum};
use crate::settle::settle_key;
use crate::trace::flow;
use fairway_aaa::DriverLink;
use fairway_ledger::Operation;
use fairway_model::time::MINUTE;
use fairway_model::{
    Hash, MemberId, Pseudonym, Refusal, RefusalCode, SessionId, Signature, SignedChargeEvent,
    SignedConsent, SignedOffer,
};

/// How long home leaves it to the visited utility to hand the charge to the ledger, in milliseconds.
const SETTLE_AFTER: i64 = MINUTE;

impl Utility {
    pub(crate) fn on_consent_given(
        &mut self,
        out: &mut Out,
        from: MemberId,
        offer: SignedOffer,
        consent: SignedConsent,
        pseudonym: Pseudonym,
    ) {
        let session = offer.offer.session;
        let Some(charge) = self.home_charge(out, from, session) else {
            return;
        };
        let known = charge.consent.is_some() || charge.state.is_final();
        if !known {
            match self.take_consent(out, from, offer, consent, pseudonym) {
                Ok(()) => self.hop(
                    out,
                    session,
                    (&from.to_string(), "aaa"),
                    flow::CONSENT,
                    &Says::ConsentNoted,
                ),
                Err(refusal) => {
                    out.log(
                        Level::Error,
                        Some(session),
                        format!("consent told by {from} refused: {refusal}"),
                    );
                    if let Some(charge) = self.homes.all.get_mut(&session) {
                        charge.refusal = Some(refusal);
                    }
                }
            }
        }
        self.send(out, from, Message::ConsentNoted { session });
    }

    /// Checks and keeps a consent, and holds its amount on the customer's account.
    fn take_consent(
        &mut self,
        out: &mut Out,
        from: MemberId,
        offer: SignedOffer,
        consent: SignedConsent,
        pseudonym: Pseudonym,
    ) -> Result<(), Refusal> {
        let issued = self.check_consented(from, &offer, &consent, pseudonym, out.now)?;
        let session = offer.offer.session;
        let guarantee = issued.statement.guarantee.guarantee.id;
        match self
            .node
            .aaa
            .consent(out.now, guarantee, session, offer.offer.hold)
        {
            Ok(changes) => out.keep(changes),
            // The promise stands whether or not our own books have room for it.
            Err(refusal) => out.log(
                Level::Error,
                Some(session),
                format!("hold on the customer's account: {refusal}"),
            ),
        }
        if let Some(charge) = self.homes.all.get_mut(&session) {
            charge.evse = Some(offer.offer.evse.clone());
            charge.offer = Some(offer);
            charge.consent = Some(consent);
            charge.pseudonym = Some(pseudonym);
            charge.state = charge.state.max(HomeState::Consented);
        }
        Ok(())
    }

    pub(crate) fn on_charge_proposed(
        &mut self,
        out: &mut Out,
        from: MemberId,
        proposal: ChargeProposal,
    ) {
        let session = proposal.event.session;
        let Some(charge) = self.home_charge(out, from, session) else {
            return;
        };
        let kept = charge.answer.clone().zip(charge.event.clone());
        if let Some((answer, event)) = kept {
            let answer = if event == proposal.event {
                answer
            } else {
                Answer::No(Refusal::new(
                    RefusalCode::IdConflict,
                    format!(
                        "another charge event of {session} was answered before; object by a dispute"
                    ),
                ))
            };
            return self.send(out, from, Message::ChargeAnswered { session, answer });
        }
        self.hop(
            out,
            session,
            (&from.to_string(), "aaa"),
            flow::TO_HOME,
            &Says::ChargeProposed,
        );
        self.keep_evidence(out, session, &proposal);
        self.stop_over(out, session);
        let answer = match self.agree(out, from, &proposal) {
            Ok(signature) => Answer::Yes(Box::new(signature)),
            Err(refusal) => {
                out.log(
                    Level::Error,
                    Some(session),
                    format!("charge of {from} not agreed, evidence kept: {refusal}"),
                );
                self.hop(
                    out,
                    session,
                    ("crp", &from.to_string()),
                    flow::RATED,
                    &Says::ComputedRefused {
                        why: (&refusal).into(),
                    },
                );
                self.homes_dispute(session, &refusal);
                Answer::No(refusal)
            }
        };
        if let Some(charge) = self.homes.all.get_mut(&session) {
            charge.event = Some(proposal.event);
            charge.visited_signature = Some(proposal.signature);
            charge.answer = Some(answer.clone());
        }
        self.send(out, from, Message::ChargeAnswered { session, answer });
    }

    fn keep_evidence(&mut self, out: &mut Out, session: SessionId, proposal: &ChargeProposal) {
        let key = format!("{EVIDENCE}{session}");
        let summary = format!("{} signed meter records", proposal.evidence.len());
        out.put(Row::new(
            Table::HomeCharges,
            key,
            session.to_string(),
            out.now,
            summary,
            &proposal.evidence,
        ));
        self.homes
            .evidence
            .insert(session, proposal.evidence.clone());
    }

    fn homes_dispute(&mut self, session: SessionId, refusal: &Refusal) {
        if let Some(charge) = self.homes.all.get_mut(&session) {
            charge.state = HomeState::Disputed;
            charge.refusal = Some(refusal.clone());
        }
    }

    /// Signs what was computed here and found equal, and puts it among the customer's pending charges.
    fn agree(
        &mut self,
        out: &mut Out,
        from: MemberId,
        proposal: &ChargeProposal,
    ) -> Result<Signature, Refusal> {
        let (rated, _) = self.check_charge(out, from, proposal)?;
        if !opens(&proposal.event, proposal) {
            return refuse(
                RefusalCode::RatingsDiffer,
                "the driver's commitment does not open",
            );
        }
        let session = proposal.event.session;
        let missing = self
            .homes
            .all
            .get(&session)
            .is_none_or(|c| c.consent.is_none());
        if missing {
            // The message about the consent was overtaken by the charge itself.
            self.take_consent(
                out,
                from,
                proposal.offer.clone(),
                proposal.consent.clone(),
                proposal.pseudonym,
            )?;
        }
        let customer = self.node.aaa.customer_of(from, proposal.pseudonym)?.key;
        let link = DriverLink {
            pseudonym: proposal.pseudonym,
            salt: Hash(proposal.salt),
        };
        let changes = self.node.aaa.finished(out.now, customer, session, link)?;
        out.keep(changes);
        let signature = rated.event.sign(&self.me.key);
        let total = Sum(rated.event.total, rated.breakdown.currency);
        self.hop(
            out,
            session,
            ("crp", &from.to_string()),
            flow::RATED,
            &Says::ComputedEqual { total },
        );
        if let Some(charge) = self.homes.all.get_mut(&session) {
            charge.state = HomeState::Agreed;
            charge.breakdown = Some(rated.breakdown);
            charge.salt = proposal.salt;
        }
        let signed = SignedChargeEvent {
            event: rated.event,
            visited_signature: proposal.signature,
            home_signature: signature,
        };
        if from != self.me.id {
            // The visited utility hands it in; if it has died, home does.
            self.submit_home_settlement(out, session, signed);
        }
        Ok(signature)
    }

    fn submit_home_settlement(&mut self, out: &mut Out, id: SessionId, signed: SignedChargeEvent) {
        let Some(settlement) = self.settlement_of(signed) else {
            return;
        };
        self.submit(
            out,
            settle_key(id),
            Operation::SettleCharge(Box::new(settlement)),
            Some(id),
            SETTLE_AFTER,
        );
    }
}
