//! The second, independent calculation (AA-16, FL-17): home computes a proposed charge again from the signed records alone, and
//! signs only what it computed itself.

use crate::crp::{self, HomeGrounds, inside_agreement};
use crate::machine::Utility;
use crate::meter_in::verify;
use crate::out::Out;
use crate::peer::{ChargeProposal, MAX_EVIDENCE};
use crate::registry::EvseRecord;
use fairway_gateway::{Subscription, VerifiedReading, driver_commitment, from_readings, merge};
use fairway_model::canonical::Canonical;
use fairway_model::profile::ELIGIBILITY_DOMAIN;
use fairway_model::{
    Agreement, ChargeEvent, Hash, HomeAcceptance, MemberId, PriceBreakdown, Refusal, RefusalCode,
    SignedConsent, SignedEligibility, SignedOffer, Time,
};
use fairway_pricing::{BoundRule, Sharing, rate, share};

/// A charge as computed from its evidence.
#[derive(Debug, Clone)]
pub(crate) struct Rated {
    pub(crate) event: ChargeEvent,
    pub(crate) breakdown: PriceBreakdown,
    pub(crate) records: Vec<String>,
}

/// Usage, price, shares and charge event from signed records: the same for both utilities.
pub(crate) fn rate_charge(
    subscription: &Subscription<'_>,
    readings: &[VerifiedReading],
    (agreement, rule): (&Agreement, Option<&BoundRule>),
    evse: &EvseRecord,
) -> Result<Rated, Refusal> {
    let offer = subscription.offer;
    let usage = from_readings(readings)?;
    let wrong = |e: String| Refusal::new(RefusalCode::PriceWrong, format!("cannot be priced: {e}"));
    let tariff = agreement
        .tariff(&offer.tariff)
        .ok_or_else(|| wrong(format!("no tariff {:?}", offer.tariff)))?;
    let compiled = crp::compile(tariff, &evse.entry, rule)?;
    let breakdown =
        rate(&compiled, &offer.adjustments, &usage).map_err(|e| wrong(e.to_string()))?;
    let sharing = Sharing::of(agreement, offer.adjustments.tier, offer.session);
    let shares = share(&breakdown, &sharing).map_err(|e| wrong(e.to_string()))?;
    let meter_key = signing_key(readings, evse);
    let event = merge(
        subscription,
        readings,
        usage,
        meter_key,
        (breakdown.total, shares),
    )?;
    let records = readings.iter().map(|r| r.record.clone()).collect();
    Ok(Rated {
        event,
        breakdown,
        records,
    })
}

/// The hash of the registered key that signed the records: the one before the present, for charges that began before the change.
fn signing_key(readings: &[VerifiedReading], evse: &EvseRecord) -> Hash {
    let present = evse.entry.meter_key_hash();
    let Some(first) = readings.first() else {
        return present;
    };
    let keys = evse.meter_keys(first.at);
    let signer = keys
        .iter()
        .find(|key| keys.len() > 1 && verify(&first.record, None, &[key]).is_ok());
    signer.map_or(present, |key| Hash::plain(key))
}

pub(crate) fn refuse<T>(code: RefusalCode, text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::new(code, text))
}

impl Utility {
    /// Whether an offer and the consent to it are what they say, as the home utility sees it; gives the statement behind them.
    pub(crate) fn check_consented(
        &self,
        from: MemberId,
        offer: &SignedOffer,
        consent: &SignedConsent,
        pseudonym: fairway_model::Pseudonym,
        now: Time,
    ) -> Result<SignedEligibility, Refusal> {
        let terms = &offer.offer;
        if terms.home != self.me.id || terms.visited != from {
            return refuse(
                RefusalCode::NotAuthorized,
                format!("the offer is between {} and {}", terms.home, terms.visited),
            );
        }
        let visited = |check: &dyn Fn(&fairway_model::PublicKey) -> bool| {
            self.registry.signed_by(from, now, check)
        };
        if !visited(&|k| terms.verify(k, &offer.visited_signature))
            || !visited(&|k| consent.verify(k))
        {
            return refuse(
                RefusalCode::BadSignature,
                format!("offer or consent is not signed by {from}"),
            );
        }
        let given = &consent.consent;
        if given.session != terms.session || given.offer != terms.hash() {
            return refuse(RefusalCode::IdConflict, "the consent is to another offer");
        }
        if given.given_at >= terms.valid_until {
            return refuse(
                RefusalCode::OfferExpired,
                format!(
                    "consent at {} came after the offer's end at {}",
                    given.given_at, terms.valid_until
                ),
            );
        }
        let issued = self.statement_behind(from, offer, pseudonym)?;
        self.check_offer(&issued, offer, given.given_at)?;
        Ok(issued)
    }

    /// The statement that an offer stands on: the one whose standing acceptance it names, or that of its own charge.
    fn statement_behind(
        &self,
        from: MemberId,
        offer: &SignedOffer,
        pseudonym: fairway_model::Pseudonym,
    ) -> Result<SignedEligibility, Refusal> {
        let customer = self.node.aaa.customer_of(from, pseudonym)?.key;
        let of_charge = self
            .homes
            .all
            .get(&offer.offer.session)
            .and_then(|c| c.statement());
        let mut issued = self
            .node
            .aaa
            .issued()
            .of(customer)
            .map(|row| &row.signed)
            .filter(|s| s.statement.visited == from && s.statement.pseudonym == pseudonym);
        let found = match &offer.home {
            HomeAcceptance::Standing(hash) => issued.find(|s| {
                s.statement.digest(ELIGIBILITY_DOMAIN) == *hash && s.statement.standing_acceptance
            }),
            HomeAcceptance::Signed(signature)
                if offer.offer.verify(&self.me.public(), signature) =>
            {
                of_charge
                    .filter(|s| s.statement.pseudonym == pseudonym)
                    .or_else(|| issued.next())
            }
            HomeAcceptance::Signed(_) => {
                return refuse(
                    RefusalCode::BadSignature,
                    "the acceptance of the offer is not ours",
                );
            }
        };
        match found {
            Some(found) => Ok(found.clone()),
            None => refuse(
                RefusalCode::NotAuthorized,
                format!("no statement of ours for {from} accepts this offer"),
            ),
        }
    }

    fn check_offer(
        &self,
        issued: &SignedEligibility,
        offer: &SignedOffer,
        given_at: Time,
    ) -> Result<(), Refusal> {
        let terms = &offer.offer;
        let Some(agreement) = self.registry.agreement(terms.agreement) else {
            return refuse(
                RefusalCode::AgreementUnknown,
                format!("{} is not known here", terms.agreement),
            );
        };
        let guarantee = &issued.statement.guarantee.guarantee;
        if guarantee.agreement != terms.agreement || given_at >= guarantee.valid_until {
            return refuse(
                RefusalCode::GuaranteeExceeded,
                "the guarantee had ended at consent, or is under another agreement",
            );
        }
        let Some(evse) = self
            .registry
            .evses
            .get(&terms.evse)
            .filter(|e| e.entry.utility == terms.visited)
        else {
            return refuse(
                RefusalCode::EvseUnavailable,
                format!("{} is no charging point of {}", terms.evse, terms.visited),
            );
        };
        let rule = self.registry.rule_of(agreement)?;
        let schedules = &self.registry.schedules;
        let priced = schedules.priced((terms.agreement, agreement), terms.issued_at)?;
        let forecast_bps = priced.map(|priced| priced.bps);
        let grounds = HomeGrounds {
            policy: self.policy(),
            agreement,
            forecast_bps,
            rule: rule.as_ref(),
            evse: &evse.entry,
            issued,
            now: given_at,
        };
        inside_agreement(&grounds, terms)
    }

    /// Computes a proposed charge again; what differs is named with both values.
    pub(crate) fn check_charge(
        &self,
        out: &Out,
        from: MemberId,
        proposal: &ChargeProposal,
    ) -> Result<(Rated, SignedEligibility), Refusal> {
        let event = &proposal.event;
        if !self
            .registry
            .signed_by(from, out.now, |k| event.verify(k, &proposal.signature))
        {
            return refuse(
                RefusalCode::BadSignature,
                format!("the charge event is not signed by {from}"),
            );
        }
        let issued = self.check_consented(
            from,
            &proposal.offer,
            &proposal.consent,
            proposal.pseudonym,
            out.now,
        )?;
        let terms = &proposal.offer.offer;
        let (Some(agreement), Some(evse)) = (
            self.registry.agreement(terms.agreement),
            self.registry.evses.get(&terms.evse),
        ) else {
            return refuse(
                RefusalCode::AgreementUnknown,
                "agreement or charging point is not known here",
            );
        };
        let readings = verified(proposal, evse, proposal.consent.consent.given_at)?;
        let subscription = Subscription {
            offer: terms,
            guarantee: issued.statement.guarantee.guarantee.id,
            pseudonym: proposal.pseudonym,
            salt: &proposal.salt,
        };
        let rule = self.registry.rule_of(agreement)?;
        let rated = rate_charge(&subscription, &readings, (agreement, rule.as_ref()), evse)?;
        if rated.event == *event {
            return Ok((rated, issued));
        }
        let field = first_difference(event, &rated.event);
        let (ours, theirs) = (
            rated.event.total.text(agreement.currency),
            event.total.text(agreement.currency),
        );
        let text = format!(
            "{field} differs: {from} says {theirs} {c}, computed here from the signed records {ours} {c}",
            c = agreement.currency
        );
        refuse(RefusalCode::RatingsDiffer, text)
    }
}

/// Verifies every record with the meter key of our own copy of the registry.
fn verified(
    proposal: &ChargeProposal,
    evse: &EvseRecord,
    since: Time,
) -> Result<Vec<VerifiedReading>, Refusal> {
    if proposal.evidence.len() > MAX_EVIDENCE {
        return refuse(
            RefusalCode::TooLarge,
            format!(
                "{} meter records; at most {MAX_EVIDENCE} travel",
                proposal.evidence.len()
            ),
        );
    }
    let session = proposal.event.session;
    let keys = evse.meter_keys(since);
    let mut readings = Vec::with_capacity(proposal.evidence.len());
    for record in &proposal.evidence {
        let reading = verify(record, None, &keys)?;
        if reading.session.is_some_and(|s| s != session) {
            return refuse(
                RefusalCode::MeterSignature,
                format!(
                    "meter record {} was signed for another charge",
                    reading.pagination
                ),
            );
        }
        readings.push(reading);
    }
    Ok(readings)
}

/// The first field, in the order of their numbers, in which two events differ.
fn first_difference(theirs: &ChargeEvent, ours: &ChargeEvent) -> String {
    let driver = theirs.driver != ours.driver;
    let energy = |e: &ChargeEvent| e.usage.energy().unwrap_or_default().kwh_text();
    let fields = [
        ("the charge's id", theirs.session != ours.session),
        ("the agreement", theirs.agreement != ours.agreement),
        (
            "the parties",
            (theirs.home, theirs.visited) != (ours.home, ours.visited),
        ),
        ("the charging point", theirs.evse != ours.evse),
        ("the tariff", theirs.tariff != ours.tariff),
        ("the adjustments", theirs.adjustments != ours.adjustments),
        ("the offer", theirs.offer != ours.offer),
        ("the guarantee", theirs.guarantee != ours.guarantee),
        ("the meter key", theirs.meter_key != ours.meter_key),
        (
            "the meter evidence",
            theirs.meter_evidence != ours.meter_evidence,
        ),
        ("the driver's commitment", driver),
        ("the shares", theirs.shares != ours.shares),
    ];
    if theirs.usage != ours.usage
        || (theirs.meter_start, theirs.meter_end) != (ours.meter_start, ours.meter_end)
    {
        return format!(
            "the usage ({} kWh against {} kWh)",
            energy(theirs),
            energy(ours)
        );
    }
    if theirs.total != ours.total {
        return "the price".to_owned();
    }
    fields
        .iter()
        .find(|(_, d)| *d)
        .map_or("something", |(name, _)| name)
        .to_owned()
}

/// Whether a commitment opens to this driver.
pub(crate) fn opens(event: &ChargeEvent, proposal: &ChargeProposal) -> bool {
    event.driver == driver_commitment(&proposal.salt, &proposal.pseudonym)
}
