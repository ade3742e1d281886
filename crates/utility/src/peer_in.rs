//! What other members say: opening envelopes, and answers to the visited role.

use crate::consent::consent_key;
use crate::door::Level;
use crate::envelope::{Envelope, Receiver};
use crate::identify::asked_key;
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::{Answer, Message};
use crate::said::Says;
use crate::trace::flow;
use fairway_gateway::State;
use fairway_model::{
    MemberId, PublicKey, Refusal, RefusalCode, SessionId, SignedEligibility, Time,
};

impl Utility {
    pub(crate) fn on_envelope(&mut self, out: &mut Out, from: MemberId, bytes: &[u8]) {
        match self.opened(out.now, from, bytes) {
            Ok(message) => self.on_message(out, from, message),
            Err(refusal) => {
                // A network may double what it carries.
                let level = match refusal.code {
                    RefusalCode::Replayed => Level::Warn,
                    _ => Level::Error,
                };
                out.log(level, None, format!("message of {from} refused: {refusal}"));
            }
        }
    }

    fn opened(&mut self, now: Time, from: MemberId, bytes: &[u8]) -> Result<Message, Refusal> {
        let signed_by = |member, check: &dyn Fn(&PublicKey) -> bool| {
            let known = self.registry.key_of(member).is_some();
            known.then(|| self.registry.signed_by(member, now, check))
        };
        let receiver = Receiver {
            me: self.me.id,
            chain: &self.me.chain,
            now,
            ring: &self.me.ring,
            replaced: self.registry.replaced_encryption_keys(self.me.id),
            signed_by: &signed_by,
        };
        let envelope = Envelope::read(bytes, from, &receiver)?;
        self.seen.check(&envelope.head)?;
        let (head, message) = envelope.open(&receiver)?;
        self.seen.note(now, &head);
        Ok(message)
    }

    pub(crate) fn on_message(&mut self, out: &mut Out, from: MemberId, message: Message) {
        match message {
            // Home role.
            Message::EligibilityAsked {
                session,
                agreement,
                evse,
                presented,
                asked,
            } => {
                let about = (session, agreement, evse);
                self.on_eligibility_asked(out, from, about, &presented, asked);
            }
            Message::OfferProposed {
                round,
                pseudonym,
                offer,
                signature,
            } => {
                self.on_offer_proposed(out, from, (round, pseudonym), &offer, signature);
            }
            Message::ConsentGiven {
                offer,
                consent,
                pseudonym,
            } => self.on_consent_given(out, from, *offer, consent, pseudonym),
            Message::ChargeProposed(proposal) => self.on_charge_proposed(out, from, *proposal),
            Message::ChargeVoided { session, reason } => {
                self.on_charge_voided(out, from, session, &reason);
            }
            Message::RevocationNoted { id } => {
                self.answered(out, &crate::home_in::revoke_key(&id));
            }
            // Visited role.
            Message::EligibilityAnswered {
                session,
                answer,
                release,
            } => {
                self.on_release(out, from, session, release);
                self.on_eligibility_answered(out, from, session, answer);
            }
            Message::OfferAnswered {
                session,
                round,
                answer,
                release,
            } => {
                if self.is_home_of(out, from, session) {
                    self.on_release(out, from, session, release);
                    self.on_offer_answered(out, session, round, answer);
                }
            }
            Message::ConsentNoted { session } => self.on_consent_noted(out, from, session),
            Message::ChargeAnswered { session, answer } => {
                if self.is_home_of(out, from, session) {
                    self.on_charge_answered(out, session, answer);
                }
            }
            Message::ChargeVoidNoted { session } => {
                if self.is_home_of(out, from, session) {
                    self.void_noted(out, session);
                }
            }
            Message::Revoked { id, pseudonym } => self.on_revoked(out, from, id, pseudonym),
            message @ (Message::StopAsked { .. } | Message::StopAnswered { .. }) => {
                self.on_stop_message(out, from, message);
            }
            message @ (Message::CreditProposed { .. } | Message::CreditAnswered { .. }) => {
                self.on_credit_message(out, from, message);
            }
        }
    }

    fn on_consent_noted(&mut self, out: &mut Out, from: MemberId, session: SessionId) {
        if self.is_home_of(out, from, session) && self.answered(out, &consent_key(session)) {
            self.hop(
                out,
                session,
                (&from.to_string(), "gateway"),
                flow::CONSENT,
                &Says::HomeNotedConsent,
            );
        }
    }

    /// Whether a member may speak as the home utility of a charge at our stations.
    pub(crate) fn is_home_of(&self, out: &mut Out, from: MemberId, session: SessionId) -> bool {
        let home = self.visits.get(session).and_then(|v| v.session.home);
        if home != Some(from) {
            out.log(
                Level::Warn,
                Some(session),
                format!(
                    "{from} speaks of a charge that is not its driver's, or that is not known here"
                ),
            );
        }
        home == Some(from)
    }

    fn on_eligibility_answered(
        &mut self,
        out: &mut Out,
        from: MemberId,
        id: SessionId,
        answer: Answer<SignedEligibility>,
    ) {
        if !self.is_home_of(out, from, id) {
            return;
        }
        self.answered(out, &asked_key(id));
        // A repeated answer, or one that came after the driver was told that home is silent, changes nothing.
        if self
            .visits
            .get(id)
            .is_none_or(|v| v.session.state() != State::Identifying)
        {
            return;
        }
        match answer {
            Answer::Yes(signed) => self.eligible(out, id, &signed),
            Answer::No(refusal) => {
                // Home promised nothing, so there is nothing to take back.
                if let Some(visit) = self.visits.get_mut(id) {
                    visit.asked = false;
                }
                self.hop(
                    out,
                    id,
                    (&from.to_string(), "gateway"),
                    flow::AUTHENTICATION,
                    &Says::HomeRefuses {
                        why: refusal.code.into(),
                    },
                );
                self.refuse(out, id, refusal);
            }
        }
    }
}
