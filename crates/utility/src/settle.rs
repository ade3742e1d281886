//! From the end of a transaction to the doubly signed charge event on the ledger (FL-16 to FL-20, visited role).

use crate::consent::consent_key;
use crate::crp;
use crate::door::Level;
use crate::happening::Happening;
use crate::home_charge::{Rated, rate_charge};
use crate::machine::Utility;
use crate::out::Out;
use crate::peer::{Answer, ChargeProposal, Message};
use crate::said::{Kwh, Says, Sum, Word};
use crate::trace::flow;
use fairway_gateway::session::Ending;
use fairway_gateway::{State, Step, Subscription, from_readings, select_evidence};
use fairway_ledger::{Operation, Settlement};
use fairway_model::station::{BillView, StopReason, ToStation};
use fairway_model::{
    ChargeEvent, Energy, Micro, Period, PeriodKind, Refusal, RefusalCode, SessionId, Signature,
    SignedChargeEvent, Usage,
};
use fairway_pricing::rate;

pub(crate) fn charge_key(id: SessionId) -> String {
    format!("charge/{id}")
}

pub(crate) fn settle_key(id: SessionId) -> String {
    format!("settle/{id}")
}

impl Utility {
    /// The transaction is over.
    pub(crate) fn finish_charge(&mut self, out: &mut Out, id: SessionId, ending: Option<Ending>) {
        let running = self
            .visits
            .get(id)
            .is_some_and(|v| v.session.state() == State::Charging);
        if !running || !self.step(out, id, Step::Finish) {
            return;
        }
        let ending = ending.unwrap_or(Ending {
            at: out.now,
            reason: StopReason::PowerLoss,
        });
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.ending = Some(ending);
        let (reason, energy) = (Word(ending.reason), Kwh(visit.session.told_energy()));
        let what = match visit.session.soc {
            Some(battery) => Says::EndedWithBattery {
                reason,
                energy,
                battery,
            },
            None => Says::Ended { reason, energy },
        };
        self.hop(out, id, ("station", "gateway"), flow::END, &what);
    }

    /// Rates at once when the signed end and everything before it are here; else the grace time decides.
    pub(crate) fn maybe_finalize(&mut self, out: &mut Out, id: SessionId) {
        let ready = self.visits.get(id).is_some_and(|v| {
            v.session.state() == State::Ended && v.log.has_end() && v.session.reports.complete()
        });
        if ready {
            self.finalize(out, id);
        }
    }

    /// Rates what is proven.
    pub(crate) fn finalize(&mut self, out: &mut Out, id: SessionId) {
        let Some(visit) = self
            .visits
            .get(id)
            .filter(|v| v.session.state() == State::Ended)
        else {
            return;
        };
        if !visit.log.has_end() && !visit.log.is_empty() {
            out.log(
                Level::Warn,
                Some(id),
                "no signed end record: billed up to the last signed one",
            );
        }
        match self.rate_visit(id) {
            Ok(rated) if rated.breakdown.energy == Energy::ZERO => self.nothing_delivered(out, id),
            Ok(rated) => self.propose_charge(out, id, rated),
            Err(refusal) if refusal.code == RefusalCode::NothingDelivered => {
                self.nothing_delivered(out, id);
            }
            Err(refusal) => self.not_ratable(out, id, &refusal),
        }
    }

    fn rate_visit(&self, id: SessionId) -> Result<Rated, Refusal> {
        let gone = || Refusal::new(RefusalCode::SessionUnknown, "the charge is incomplete here");
        let visit = self.visits.get(id).ok_or_else(gone)?;
        let session = &visit.session;
        let offer = &session.offer.as_ref().ok_or_else(gone)?.offer;
        let statement = &session.eligibility.as_ref().ok_or_else(gone)?.statement;
        let subscription = Subscription {
            offer,
            guarantee: statement.guarantee.guarantee.id,
            pseudonym: statement.pseudonym,
            salt: &session.salt,
        };
        let readings = select_evidence(&visit.log.to_vec());
        let agreement = self.registry.agreement(offer.agreement).ok_or_else(gone)?;
        let evse = self.registry.evses.get(&offer.evse).ok_or_else(gone)?;
        let rule = self.registry.rule_of(agreement)?;
        rate_charge(&subscription, &readings, (agreement, rule.as_ref()), evse)
    }

    fn nothing_delivered(&mut self, out: &mut Out, id: SessionId) {
        if self.step(out, id, Step::NothingDelivered) {
            let text =
                "no energy was delivered: nothing is billed, and what was held is free again";
            self.hop(
                out,
                id,
                ("gateway", "crp"),
                flow::RATED,
                &Says::NothingDelivered,
            );
            self.give_back(out, id, Refusal::new(RefusalCode::NothingDelivered, text));
        }
    }

    fn not_ratable(&mut self, out: &mut Out, id: SessionId, refusal: &Refusal) {
        if self.step(out, id, Step::NotRatable) {
            out.log(
                Level::Error,
                Some(id),
                format!("cannot be rated, evidence kept: {refusal}"),
            );
            self.dispute(out, id, refusal);
        }
    }

    /// Notes the reason of a dispute and tells the driver.
    fn dispute(&mut self, out: &mut Out, id: SessionId, refusal: &Refusal) {
        self.hop(
            out,
            id,
            ("gateway", "station"),
            flow::SHOWN,
            &Says::Disputed {
                why: refusal.into(),
            },
        );
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        visit.session.refusal = Some(refusal.clone());
        out.visits.insert(id);
        let text = format!(
            "this charge is being looked at by both utilities and not billed yet: {}",
            refusal.text
        );
        let notice = Refusal::new(refusal.code, text);
        out.station(
            &visit.session.station,
            ToStation::Notice {
                session: id,
                refusal: notice,
            },
        );
    }

    fn propose_charge(&mut self, out: &mut Out, id: SessionId, rated: Rated) {
        if !self.step(out, id, Step::Rate) {
            return;
        }
        out.happened(Happening::Delivered(rated.breakdown.energy));
        let signature = rated.event.sign(&self.me.key);
        let total = Sum(rated.event.total, rated.breakdown.currency);
        let energy = Kwh(rated.event.usage.energy().unwrap_or_default());
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        let session = &mut visit.session;
        session.event = Some(rated.event.clone());
        session.breakdown = Some(rated.breakdown);
        let parts = (
            session.offer.clone(),
            session.consent_given().cloned(),
            session.eligibility.as_ref(),
        );
        let (Some(offer), Some(consent), Some(eligibility)) = parts else {
            return;
        };
        let proposal = ChargeProposal {
            pseudonym: eligibility.statement.pseudonym,
            salt: session.salt,
            event: rated.event,
            signature,
            offer,
            consent,
            evidence: rated.records,
        };
        let home = proposal.event.home;
        self.hop(
            out,
            id,
            ("gateway", "crp"),
            flow::RATED,
            &Says::Rated { total, energy },
        );
        self.hop(
            out,
            id,
            ("gateway", &home.to_string()),
            flow::TO_HOME,
            &Says::ChargeProposed,
        );
        self.ask(
            out,
            charge_key(id),
            home,
            Message::ChargeProposed(Box::new(proposal)),
            Some(id),
            true,
        );
    }

    /// Home computed the same and signed, or says why not.
    pub(crate) fn on_charge_answered(
        &mut self,
        out: &mut Out,
        id: SessionId,
        answer: Answer<Signature>,
    ) {
        let Some(visit) = self
            .visits
            .get(id)
            .filter(|v| v.session.state() == State::Proposed)
        else {
            self.answered(out, &charge_key(id));
            return;
        };
        let Some(event) = visit.session.event.clone() else {
            return;
        };
        let home = event.home;
        match answer {
            Answer::Yes(signature)
                if self
                    .registry
                    .signed_by(home, out.now, |k| event.verify(k, &signature)) =>
            {
                self.home_agrees(out, id, &event, *signature);
            }
            Answer::Yes(_) => out.log(
                Level::Error,
                Some(id),
                format!("the signature of {home} over the charge does not verify"),
            ),
            Answer::No(refusal) => {
                if self.step(out, id, Step::HomeDiffers) {
                    self.answered(out, &charge_key(id));
                    self.answered(out, &consent_key(id));
                    out.log(
                        Level::Error,
                        Some(id),
                        format!("{home} does not agree, evidence kept: {refusal}"),
                    );
                    self.hop(
                        out,
                        id,
                        (&home.to_string(), "gateway"),
                        flow::TO_HOME,
                        &Says::NotAgreed {
                            why: (&refusal).into(),
                        },
                    );
                    self.dispute(out, id, &refusal);
                }
            }
        }
    }

    fn home_agrees(
        &mut self,
        out: &mut Out,
        id: SessionId,
        event: &ChargeEvent,
        signature: Signature,
    ) {
        if !self.step(out, id, Step::HomeAgrees) {
            return;
        }
        self.answered(out, &charge_key(id));
        self.answered(out, &consent_key(id));
        if let Some(visit) = self.visits.get_mut(id) {
            visit.session.home_signature = Some(signature);
        }
        self.hop(
            out,
            id,
            (&event.home.to_string(), "gateway"),
            flow::TO_HOME,
            &Says::HomeAgrees,
        );
        self.show_bill(out, id, true);
        let signed = SignedChargeEvent {
            event: event.clone(),
            visited_signature: event.sign(&self.me.key),
            home_signature: signature,
        };
        self.submit_settlement(out, id, signed, 0);
    }

    /// A doubly signed event with what the registry knows of its parties; `None` when one of them is unknown.
    pub(crate) fn settlement_of(&self, signed: SignedChargeEvent) -> Option<Settlement> {
        let event = &signed.event;
        let agreement = self.registry.agreement(event.agreement)?;
        let evse = &self.registry.evses.get(&event.evse)?.entry;
        Some(Settlement {
            visited_key: self.registry.signing_key(event.visited, |key| {
                event.verify(key, &signed.visited_signature)
            })?,
            home_key: self
                .registry
                .signing_key(event.home, |key| event.verify(key, &signed.home_signature))?,
            owner: evse.owner.clone(),
            area: Some(evse.area.clone()).filter(|area| !area.is_empty()),
            currency: agreement.currency,
            rule: agreement.rule,
            forecast: self.registry.schedules.day_of(agreement, event),
            signed,
        })
    }

    /// Hands a doubly signed event to the ledger.
    pub(crate) fn submit_settlement(
        &mut self,
        out: &mut Out,
        id: SessionId,
        signed: SignedChargeEvent,
        delay: i64,
    ) {
        let Some(settlement) = self.settlement_of(signed) else {
            return out.log(
                Level::Error,
                Some(id),
                "cannot be settled: a party, the charging point or the agreement is unknown",
            );
        };
        self.hop(
            out,
            id,
            ("gateway", "ledger"),
            flow::LEDGER,
            &Says::SettlementSubmitted,
        );
        self.submit(
            out,
            settle_key(id),
            Operation::SettleCharge(Box::new(settlement)),
            Some(id),
            delay,
        );
    }

    /// Shows the bill: with home's agreement, or, when home is silent, with our own amount.
    pub(crate) fn show_bill(&mut self, out: &mut Out, id: SessionId, agreed: bool) {
        let Some(view) = self.bill_view(id, agreed) else {
            return;
        };
        let Some(visit) = self.visits.get_mut(id) else {
            return;
        };
        if visit.session.billed == Some(true) {
            return;
        }
        visit.session.billed = Some(agreed);
        out.visits.insert(id);
        let station = visit.session.station.clone();
        let what = if agreed {
            Says::BillAgreed
        } else {
            Says::BillUnanswered
        };
        self.hop(out, id, ("gateway", "station"), flow::SHOWN, &what);
        out.station(&station, ToStation::Bill(Box::new(view)));
    }

    fn bill_view(&self, id: SessionId, agreed: bool) -> Option<BillView> {
        let session = &self.visits.get(id)?.session;
        let (event, breakdown) = (session.event.as_ref()?, session.breakdown.as_ref()?);
        let home = self.registry.name_of(event.home);
        let whose = if agreed {
            format!("This charge comes on your bill of {home}.")
        } else {
            format!("The bill follows from {home}.")
        };
        Some(BillView {
            session: id,
            transaction: session.transaction.clone().unwrap_or_default(),
            energy: breakdown.energy,
            total: event.total,
            currency: breakdown.currency,
            soc: session.soc,
            text: format!("Thanks for using {}. {whose}", self.me.name),
            home_name: home,
            agreed,
            breakdown: breakdown.clone(),
        })
    }

    /// What the charge costs up to now, for the screen.
    pub(crate) fn present_cost(&self, id: SessionId) -> Option<Micro> {
        let visit = self.visits.get(id)?;
        let offer = &visit.session.offer.as_ref()?.offer;
        let agreement = self.registry.agreement(offer.agreement)?;
        let evse = &self.registry.evses.get(&offer.evse)?.entry;
        let rule = self.registry.rule_of(agreement).ok()?;
        let compiled = crp::compile(agreement.tariff(&offer.tariff)?, evse, rule.as_ref()).ok()?;
        let proven = from_readings(&select_evidence(&visit.log.to_vec())).ok();
        let usage = proven.or_else(|| {
            let start = visit.session.since();
            let energy = visit.session.told_energy();
            (energy > Energy::ZERO && visit.heard > start).then(|| Usage {
                end: visit.heard,
                periods: vec![Period {
                    start,
                    kind: PeriodKind::Charging,
                    energy,
                    power_w: None,
                    current_ma: None,
                }],
            })
        })?;
        rate(&compiled, &offer.adjustments, &usage)
            .ok()
            .map(|b| b.total)
    }
}
