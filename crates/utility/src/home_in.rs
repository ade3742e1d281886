//! What visited utilities ask and tell the home utility of a driver (home role). Everything is answered again when it is asked
//! again, from what was kept the first time.

use crate::crp::{self, HomeGrounds};
use crate::door::Level;
use crate::duty::Asked;
use crate::home::{HomeCharge, HomeState, Round};
use crate::home_charge::refuse;
use crate::machine::Utility;
use crate::out::Out;
use crate::outbox::REVOKE;
use crate::peer::{Answer, MAX_ROUNDS, Message, OfferAnswer};
use crate::said::{Says, Share};
use crate::trace::flow;
use fairway_aaa::{EligibilityRequest, Revocation};
use fairway_model::canonical::Canonical;
use fairway_model::station::Presented;
use fairway_model::{
    AgreementId, EvseId, Hash, MemberId, Offer, Pseudonym, Refusal, RefusalCode, SessionId,
    Signature, SignedOffer,
};

/// Most open charges of our drivers.
const MAX_OPEN_HOME: usize = 100_000;

pub(crate) fn revoke_key(id: &[u8; 16]) -> String {
    let hex: String = Hash::plain(id).hex().chars().take(32).collect();
    format!("{REVOKE}{hex}")
}

impl Utility {
    /// The charge as it is known here, made when it is new; none when it is another utility's.
    pub(crate) fn home_charge(
        &mut self,
        out: &mut Out,
        from: MemberId,
        session: SessionId,
    ) -> Option<&mut HomeCharge> {
        let known = self.homes.all.contains_key(&session);
        if !known && self.homes.open_count() >= MAX_OPEN_HOME {
            out.log(
                Level::Error,
                Some(session),
                "too many open charges of our drivers: nothing new is taken",
            );
            return None;
        }
        let charge = self
            .homes
            .all
            .entry(session)
            .or_insert_with(|| HomeCharge::new(session, from, out.now));
        if charge.visited != from {
            out.log(
                Level::Error,
                Some(session),
                format!("{from} speaks of a charge at {}", charge.visited),
            );
            return None;
        }
        out.homes.insert(session);
        Some(charge)
    }

    pub(crate) fn on_eligibility_asked(
        &mut self,
        out: &mut Out,
        from: MemberId,
        about: (SessionId, AgreementId, EvseId),
        presented: &Presented,
        asked: Option<Asked>,
    ) {
        let (session, agreement, evse) = about;
        let Some(charge) = self.home_charge(out, from, session) else {
            return;
        };
        if let Some(answer) = charge.eligibility.clone() {
            return self.answer_asked(out, from, session, answer);
        }
        charge.evse = Some(evse);
        self.hop(
            out,
            session,
            (&from.to_string(), "aaa"),
            flow::ASK_HOME,
            &Says::EligibilityAsked,
        );
        let decided = self
            .take_asked(out.now, from, (session, agreement), asked)
            .and_then(|()| self.decide(out, from, session, agreement, presented));
        let answer = match decided {
            Ok(signed) => Answer::Yes(Box::new(signed)),
            Err(refusal) => Answer::No(refusal),
        };
        let what = match &answer {
            Answer::Yes(_) => Says::AllowedByHome,
            Answer::No(refusal) => Says::Refused {
                why: refusal.code.into(),
            },
        };
        self.hop(
            out,
            session,
            ("aaa", &from.to_string()),
            flow::AUTHORIZATION,
            &what,
        );
        if let Some(charge) = self.homes.all.get_mut(&session) {
            if let Answer::No(refusal) = &answer {
                charge.state = HomeState::Refused;
                charge.refusal = Some(refusal.clone());
            }
            charge.eligibility = Some(answer.clone());
            charge.pseudonym = charge.statement().map(|s| s.statement.pseudonym);
        }
        self.answer_asked(out, from, session, answer);
    }

    fn answer_asked(
        &mut self,
        out: &mut Out,
        from: MemberId,
        session: SessionId,
        answer: Answer<fairway_model::SignedEligibility>,
    ) {
        let release = match &answer {
            Answer::Yes(_) => None,
            Answer::No(_) => self.release_word(session),
        };
        let message = Message::EligibilityAnswered {
            session,
            answer,
            release,
        };
        self.send(out, from, message);
    }

    fn decide(
        &mut self,
        out: &mut Out,
        from: MemberId,
        session: SessionId,
        agreement: AgreementId,
        presented: &Presented,
    ) -> Result<fairway_model::SignedEligibility, Refusal> {
        for party in [from, self.me.id] {
            self.registry.must_be_active(party, out.now)?;
        }
        let in_force = self
            .registry
            .in_force(self.me.id, from, out.now)
            .map(|(id, a)| (id, a.currency));
        let Some((_, currency)) = in_force.filter(|(id, _)| *id == agreement) else {
            let text = format!(
                "{} and {} have no such agreement in force",
                self.me.name,
                self.registry.name_of(from)
            );
            return refuse(RefusalCode::NoAgreement, text);
        };
        let policy = self.policy().clone();
        let request = EligibilityRequest {
            session,
            visited: from,
            agreement,
            currency,
        };
        self.node.decide(out, &policy, &request, presented)
    }

    pub(crate) fn on_offer_proposed(
        &mut self,
        out: &mut Out,
        from: MemberId,
        by: (u8, Pseudonym),
        offer: &Offer,
        signature: Signature,
    ) {
        let (number, pseudonym) = by;
        let session = offer.session;
        let Some(charge) = self.home_charge(out, from, session) else {
            return;
        };
        if let Some(round) = charge.round.clone().filter(|r| r.number >= number) {
            // Answered before: the same answer for the same offer, silence for one that is overtaken.
            if round.number == number && round.offer == offer.hash() {
                self.answer_offered(out, from, (session, number), round.answer);
            }
            return;
        }
        let answer = self.answer_offer(out, from, (number, pseudonym), offer, signature);
        let what = match &answer {
            OfferAnswer::Accepted(_) => Says::OfferAccepted { round: number },
            OfferAnswer::Countered { max_load_bps, .. } => Says::OfferCountered {
                round: number,
                most: Share(*max_load_bps),
            },
            OfferAnswer::Refused(_) => Says::OfferRefused { round: number },
        };
        let load = offer.adjustments.load_bps;
        self.hop(
            out,
            session,
            (&from.to_string(), "crp"),
            flow::NEGOTIATION,
            &Says::OfferProposed {
                round: number,
                load: Share(load),
            },
        );
        self.hop(
            out,
            session,
            ("crp", &from.to_string()),
            flow::NEGOTIATION,
            &what,
        );
        if let Some(charge) = self.homes.all.get_mut(&session) {
            charge.round = Some(Round {
                number,
                offer: offer.hash(),
                answer: answer.clone(),
            });
            if let OfferAnswer::Accepted(own) = &answer {
                let home = fairway_model::HomeAcceptance::Signed(*own);
                charge.offer = Some(SignedOffer {
                    offer: offer.clone(),
                    visited_signature: signature,
                    home,
                });
                charge.state = HomeState::Offered;
                charge.evse = Some(offer.evse.clone());
            }
        }
        self.answer_offered(out, from, (session, number), answer);
    }

    fn answer_offered(
        &mut self,
        out: &mut Out,
        from: MemberId,
        (session, round): (SessionId, u8),
        answer: OfferAnswer,
    ) {
        let message = Message::OfferAnswered {
            session,
            round,
            answer,
            release: self.release_word(session),
        };
        self.send(out, from, message);
    }

    fn answer_offer(
        &self,
        out: &Out,
        from: MemberId,
        by: (u8, Pseudonym),
        offer: &Offer,
        signature: Signature,
    ) -> OfferAnswer {
        let checked = self.check_proposal(out, from, by.0, offer, signature);
        let result = checked.and_then(|()| {
            let charge = self.homes.all.get(&offer.session);
            let issued = charge
                .and_then(HomeCharge::statement)
                .filter(|s| s.statement.pseudonym == by.1);
            // A visiting profile without standing acceptance asks for each offer under an earlier statement.
            let earlier = || self.node.aaa.customer_of(from, by.1).ok().map(|c| c.key);
            let issued = issued.or_else(|| {
                let customer = earlier()?;
                self.node
                    .aaa
                    .issued()
                    .of(customer)
                    .map(|row| &row.signed)
                    .find(|s| s.statement.pseudonym == by.1 && s.statement.visited == from)
            });
            issued.ok_or_else(|| {
                Refusal::new(
                    RefusalCode::NotAuthorized,
                    "no statement of ours is about this driver",
                )
            })
        });
        let issued = match result {
            Ok(issued) => issued,
            Err(refusal) => return OfferAnswer::Refused(refusal),
        };
        let parts = (
            self.registry.agreement(offer.agreement),
            self.registry.evses.get(&offer.evse),
        );
        let (Some(agreement), Some(evse)) = parts else {
            return OfferAnswer::Refused(Refusal::new(
                RefusalCode::AgreementUnknown,
                "agreement or charging point is not known here",
            ));
        };
        let rule = match self.registry.rule_of(agreement) {
            Ok(rule) => rule,
            Err(refusal) => return OfferAnswer::Refused(refusal),
        };
        let schedules = &self.registry.schedules;
        let found = schedules.priced((offer.agreement, agreement), offer.issued_at);
        let forecast_bps = match found {
            Ok(priced) => priced.map(|priced| priced.bps),
            Err(refusal) => return OfferAnswer::Refused(refusal),
        };
        let grounds = HomeGrounds {
            policy: self.policy(),
            agreement,
            forecast_bps,
            rule: rule.as_ref(),
            evse: &evse.entry,
            issued,
            now: out.now,
        };
        crp::answer(&grounds, offer, by.0, &self.me.key)
    }

    fn check_proposal(
        &self,
        out: &Out,
        from: MemberId,
        round: u8,
        offer: &Offer,
        signature: Signature,
    ) -> Result<(), Refusal> {
        if !(1..=MAX_ROUNDS).contains(&round) {
            return refuse(
                RefusalCode::NoOffer,
                format!("round {round}: 1 to {MAX_ROUNDS} are negotiated"),
            );
        }
        // A proposal that was on its way while the charge was voided must not open it again.
        let over = self
            .homes
            .all
            .get(&offer.session)
            .filter(|c| c.state.is_final());
        if let Some(charge) = over {
            return refuse(
                RefusalCode::OutOfOrder,
                format!("the charge is {} here already", charge.state.word()),
            );
        }
        if offer.visited != from || offer.home != self.me.id {
            return refuse(
                RefusalCode::NotAuthorized,
                "the offer is between other parties",
            );
        }
        if !self
            .registry
            .signed_by(from, out.now, |k| offer.verify(k, &signature))
        {
            return refuse(
                RefusalCode::BadSignature,
                format!("the offer is not signed by {from}"),
            );
        }
        let in_force = self
            .registry
            .in_force(self.me.id, from, out.now)
            .map(|(id, _)| id);
        if in_force != Some(offer.agreement) {
            return refuse(
                RefusalCode::AgreementNotInForce,
                format!("{} is not in force", offer.agreement),
            );
        }
        Ok(())
    }

    pub(crate) fn on_charge_voided(
        &mut self,
        out: &mut Out,
        from: MemberId,
        session: SessionId,
        reason: &Refusal,
    ) {
        let Some(charge) = self.home_charge(out, from, session) else {
            return;
        };
        if charge.answer.is_none() && charge.state < HomeState::Agreed {
            charge.state = HomeState::Void;
            charge.refusal = Some(reason.clone());
            // Whatever is asked about this charge from now on is late.
            let late = Answer::No(Refusal::new(
                RefusalCode::OutOfOrder,
                "this charge was voided",
            ));
            charge.eligibility.get_or_insert(late);
            let changes = self.node.aaa.void(out.now, session);
            out.keep(changes);
            self.stop_over(out, session);
            self.claim_refusal(out, session, reason.code);
            self.hop(
                out,
                session,
                (&from.to_string(), "aaa"),
                flow::NO_CONSENT,
                &Says::Void {
                    why: reason.code.into(),
                },
            );
        }
        self.send(out, from, Message::ChargeVoidNoted { session });
    }

    /// Nothing was heard of a charge for too long: what it holds is free again.
    pub(crate) fn home_over(&mut self, out: &mut Out, session: SessionId) {
        let Some(charge) = self.homes.all.get_mut(&session) else {
            return;
        };
        let text = "nothing more was heard of this charge from the visited utility";
        charge.state = HomeState::Void;
        charge.refusal = Some(Refusal::new(RefusalCode::ConsentTimeout, text));
        out.homes.insert(session);
        let changes = self.node.aaa.void(out.now, session);
        out.keep(changes);
        self.stop_over(out, session);
        out.log(Level::Warn, Some(session), text);
        self.claim_refusal(out, session, RefusalCode::ConsentTimeout);
        self.hop(
            out,
            session,
            ("aaa", "aaa"),
            flow::NO_CONSENT,
            &Says::NothingHeard,
        );
    }

    /// Takes statements back at partners; each is repeated until it is acknowledged.
    pub(crate) fn revoke(&mut self, out: &mut Out, places: Vec<Revocation>) {
        let me = self.me.id;
        for place in places.into_iter().filter(|p| p.visited != me) {
            let id = Hash::of(
                "fairway.revocation",
                &(out.draw().to_vec(), place.pseudonym).to_bytes(),
            )
            .short();
            let message = Message::Revoked {
                id,
                pseudonym: place.pseudonym,
            };
            self.ask(out, revoke_key(&id), place.visited, message, None, true);
        }
    }

    /// Home takes back what it said about a driver (visited role).
    pub(crate) fn on_revoked(
        &mut self,
        out: &mut Out,
        from: MemberId,
        id: [u8; 16],
        pseudonym: Pseudonym,
    ) {
        let changes = self
            .node
            .aaa
            .visiting_mut()
            .revoke(out.now, from, pseudonym, out.now);
        out.keep(changes);
        out.log(
            Level::Info,
            None,
            format!("{from} took back a statement; the visiting profile is forgotten"),
        );
        self.send(out, from, Message::RevocationNoted { id });
    }
}
