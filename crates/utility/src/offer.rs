//! From "yes, he may" to the recorded consent (FL-06 to FL-13).

use crate::crp::{self, Grounds};
use crate::facts;
use crate::identify::asked_key;
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::{MAX_ROUNDS, Message, OfferAnswer};
use crate::said::{Says, Share, Word};
use crate::trace::flow;
use fairway_gateway::{State, Step};
use fairway_model::canonical::Canonical;
use fairway_model::profile::ELIGIBILITY_DOMAIN;
use fairway_model::registry::EvseEntry;
use fairway_model::station::{Identified, OfferView};
use fairway_model::{
    HomeAcceptance, Micro, Offer, Payment, Refusal, RefusalCode, Service, SessionId,
    SignedEligibility, SignedOffer, Tier, Time,
};
use fairway_pricing::{CompiledTariff, describe, price_per_kwh_now};

/// Most sentences of an offer on the screen.
const MAX_LINES: usize = 12;

/// To whom an offer is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Driver<'a> {
    pub(crate) tier: Tier,
    pub(crate) service: Service,
    /// Checked by the visiting profile, without asking home.
    pub(crate) local: bool,
    /// BCP 47; empty where nobody said.
    pub(crate) language: &'a str,
    pub(crate) payment: Payment,
}

pub(crate) fn offer_key(id: SessionId) -> String {
    format!("offer/{id}")
}

impl Utility {
    /// Home (or its visiting profile) says yes.
    pub(crate) fn eligible(&mut self, out: &mut Out, id: SessionId, signed: &SignedEligibility) {
        if let Err(refusal) = self.check_statement(out, id, signed) {
            return self.refuse(out, id, refusal);
        }
        if !self.step(out, id, Step::Eligible) {
            return;
        }
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.eligibility = Some(signed.clone());
        let (presented, local) = (visit.presented.take(), visit.session.local);
        let kept = match presented.filter(|_| !local) {
            Some(presented) => self.node.remember(out, &presented, signed),
            None => Ok(()),
        };
        if let Err(refusal) = kept {
            return self.refuse(out, id, refusal);
        }
        let s = &signed.statement;
        self.hop(
            out,
            id,
            ("aaa", "gateway"),
            flow::AUTHENTICATION,
            &Says::Customer {
                class: Word(s.class),
                tier: Word(s.tier),
                home: s.home,
            },
        );
        self.hop(
            out,
            id,
            ("aaa", "gateway"),
            flow::AUTHORIZATION,
            &Says::Allowed,
        );
        self.negotiate(out, id, None);
    }

    fn check_statement(
        &self,
        out: &Out,
        id: SessionId,
        signed: &SignedEligibility,
    ) -> Result<(), Refusal> {
        let Some(visit) = self.visits.get(id) else {
            return Ok(());
        };
        let s = &signed.statement;
        let bad = |code, text: &str| {
            Err(Refusal::new(
                code,
                format!("the answer of {} cannot be used: {text}", s.home),
            ))
        };
        if !self
            .registry
            .signed_by(s.home, out.now, |key| signed.verify(key))
        {
            return bad(RefusalCode::BadSignature, "its signature does not verify");
        }
        if Some(s.home) != visit.session.home || s.visited != self.me.id {
            return bad(
                RefusalCode::NotAuthorized,
                "it is addressed to somebody else",
            );
        }
        let guarantee = &s.guarantee.guarantee;
        if out.now >= s.expires_at || out.now >= guarantee.valid_until {
            return bad(
                RefusalCode::HomeSilent,
                "it has expired; please present the credential again",
            );
        }
        if Some(guarantee.agreement) != visit.session.agreement {
            return bad(
                RefusalCode::NoAgreement,
                "it is given under another agreement",
            );
        }
        Ok(())
    }

    /// Makes an offer, and agrees it with home.
    pub(crate) fn negotiate(&mut self, out: &mut Out, id: SessionId, counter_bps: Option<u32>) {
        let offer = match self.make_offer(out, id, counter_bps) {
            Ok(offer) => offer,
            Err(refusal) => return self.refuse(out, id, refusal),
        };
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        let Some(statement) = visit
            .session
            .eligibility
            .as_ref()
            .map(|e| e.statement.clone())
        else {
            return;
        };
        let visited_signature = offer.sign(&self.me.key);
        let standing = HomeAcceptance::Standing(statement.digest(ELIGIBILITY_DOMAIN));
        visit.session.offer = Some(SignedOffer {
            offer: offer.clone(),
            visited_signature,
            home: standing,
        });
        out.visits.insert(id);
        if visit.session.local && statement.standing_acceptance {
            self.hop(
                out,
                id,
                ("crp", "crp"),
                flow::NEGOTIATION,
                &Says::StandingAcceptance,
            );
            return self.agreed_offer(out, id);
        }
        visit.session.round = visit.session.round.saturating_add(1);
        let round = visit.session.round;
        let load = offer.adjustments.load_bps;
        let message = Message::OfferProposed {
            round,
            pseudonym: statement.pseudonym,
            offer: Box::new(offer),
            signature: visited_signature,
        };
        self.hop(
            out,
            id,
            ("crp", &statement.home.to_string()),
            flow::NEGOTIATION,
            &Says::OfferProposed {
                round,
                load: Share(load),
            },
        );
        self.ask(out, offer_key(id), statement.home, message, Some(id), false);
    }

    pub(crate) fn make_offer(
        &self,
        out: &Out,
        id: SessionId,
        counter_bps: Option<u32>,
    ) -> Result<Offer, Refusal> {
        let gone = || Refusal::new(RefusalCode::SessionUnknown, "the charge is gone");
        let visit = self.visits.get(id).ok_or_else(gone)?;
        let statement = &visit
            .session
            .eligibility
            .as_ref()
            .ok_or_else(gone)?
            .statement;
        let agreement_id = visit.session.agreement.ok_or_else(gone)?;
        let agreement = self.registry.agreement(agreement_id).ok_or_else(gone)?;
        let evse = &self
            .registry
            .evses
            .get(&visit.session.evse)
            .ok_or_else(gone)?
            .entry;
        let rule = self.registry.rule_of(agreement)?;
        let schedules = &self.registry.schedules;
        let forecast = schedules.priced((agreement_id, agreement), out.now)?;
        let grounds = Grounds {
            policy: self.policy(),
            agreement,
            rule: rule.as_ref(),
            id: agreement_id,
            evse,
            statement,
            load_bps: self.load_of(evse),
            forecast,
            counter_bps,
            remaining: self.node.remaining(out.now, statement),
            session: id,
            now: out.now,
        };
        crp::propose(&grounds)
    }

    /// Home's policy answers.
    pub(crate) fn on_offer_answered(
        &mut self,
        out: &mut Out,
        id: SessionId,
        round: u8,
        answer: OfferAnswer,
    ) {
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        // A repeated or late answer of an earlier round changes nothing.
        if visit.session.state() != State::Negotiating || visit.session.round != round {
            return;
        }
        let home = visit.session.home.unwrap_or(self.me.id);
        let Some(signed) = visit.session.offer.as_mut() else {
            return;
        };
        match answer {
            OfferAnswer::Accepted(signature) => {
                let offer = signed.offer.clone();
                if !self
                    .registry
                    .signed_by(home, out.now, |key| offer.verify(key, &signature))
                {
                    let text = format!("the acceptance of {home} is not signed by it");
                    return self.refuse(out, id, Refusal::new(RefusalCode::BadSignature, text));
                }
                signed.home = HomeAcceptance::Signed(signature);
                self.answered(out, &offer_key(id));
                self.hop(
                    out,
                    id,
                    (&home.to_string(), "crp"),
                    flow::NEGOTIATION,
                    &Says::OfferAccepted { round },
                );
                self.agreed_offer(out, id);
            }
            OfferAnswer::Countered {
                max_load_bps,
                reason,
            } => {
                self.answered(out, &offer_key(id));
                self.hop(
                    out,
                    id,
                    (&home.to_string(), "crp"),
                    flow::NEGOTIATION,
                    &Says::OfferCountered {
                        round,
                        most: Share(max_load_bps),
                    },
                );
                if round >= MAX_ROUNDS {
                    let text = format!(
                        "the two utilities found no price in {MAX_ROUNDS} rounds: {reason}"
                    );
                    return self.refuse(out, id, Refusal::new(RefusalCode::NoOffer, text));
                }
                self.negotiate(out, id, Some(max_load_bps));
            }
            OfferAnswer::Refused(refusal) => {
                self.hop(
                    out,
                    id,
                    (&home.to_string(), "crp"),
                    flow::NEGOTIATION,
                    &Says::OfferRefused { round },
                );
                self.refuse(out, id, refusal);
            }
        }
    }

    fn agreed_offer(&mut self, out: &mut Out, id: SessionId) {
        if self.step(out, id, Step::Show) {
            self.answered(out, &asked_key(id));
            self.hop(out, id, ("crp", "gateway"), flow::PRICE, &Says::OfferAgreed);
            self.show_offer(out, id);
        }
    }

    /// Puts the offer on the station's screen.
    pub(crate) fn show_offer(&mut self, out: &mut Out, id: SessionId) {
        let view = self.offer_view(out, id);
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        let (Some(view), Some(call)) = (view, visit.call) else {
            return;
        };
        visit.shown = true;
        self.identified(out, id, call, Identified::Offer(Box::new(view)));
    }

    fn offer_view(&self, out: &Out, id: SessionId) -> Option<OfferView> {
        let session = &self.visits.get(id)?.session;
        let offer = &session.offer.as_ref()?.offer;
        let statement = &session.eligibility.as_ref()?.statement;
        let agreement = self.registry.agreement(offer.agreement)?;
        let evse = &self.registry.evses.get(&offer.evse)?.entry;
        let rule = self.registry.rule_of(agreement).ok()?;
        let compiled = crp::compile(agreement.tariff(&offer.tariff)?, evse, rule.as_ref()).ok()?;
        let driver = Driver {
            tier: statement.tier,
            service: statement.service,
            local: session.local,
            language: &statement.language,
            payment: statement.payment,
        };
        let follows = agreement.forecast.is_some();
        Some(self.shown(offer, (&compiled, evse, follows), driver, out.now))
    }

    /// Present load of a charging point's area in basis points; neutral where nobody has said.
    pub(crate) fn load_of(&self, evse: &EvseEntry) -> u32 {
        let load = self.loads.get(&evse.area).copied();
        load.unwrap_or(crp::NEUTRAL_BPS)
    }

    /// An offer as a screen shows it to a driver; `follows` where its agreement follows the forecast load.
    pub(crate) fn shown(
        &self,
        offer: &Offer,
        (compiled, evse, follows): (&CompiledTariff, &EvseEntry, bool),
        driver: Driver<'_>,
        now: Time,
    ) -> OfferView {
        let mut lines = describe(compiled, &offer.adjustments, now);
        lines.extend(offer.reasons.iter().cloned());
        lines.truncate(MAX_LINES);
        OfferView {
            session: offer.session,
            home_name: self.registry.name_of(offer.home),
            visited_name: if offer.visited == self.me.id {
                self.me.name.clone()
            } else {
                self.registry.name_of(offer.visited)
            },
            tier: driver.tier,
            service: driver.service,
            currency: offer.currency,
            price_per_kwh: price_per_kwh_now(compiled, &offer.adjustments, now)
                .unwrap_or(Micro::ZERO),
            lines,
            estimate: offer.estimate.clone(),
            valid_until: offer.valid_until,
            local: driver.local,
            facts: facts::of(offer, compiled, evse, follows, now),
            language: driver.language.to_owned(),
            payment: driver.payment,
        }
    }
}
