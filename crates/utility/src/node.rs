//! The AAA node as the composition uses it: what it wants kept goes into the effects of the input.

use crate::command::{ChangedCustomer, NewCustomer, Policy};
use crate::config::Config;
use crate::crp::rules;
use crate::door::Level;
use crate::out::Out;
use fairway_aaa::loyalty::TierLadder;
use fairway_aaa::{
    AaaNode, AuthorizationRules, CustomerChange, CustomerInput, CustomerPatch, EligibilityRequest,
    NodeConfig,
};
use fairway_model::money::MICROS_PER_MAJOR;
use fairway_model::station::Presented;
use fairway_model::{
    AgreementId, CustomerClass, EligibilityStatement, Hash, MemberId, Micro, Refusal, SessionId,
    SignedEligibility, SigningKey, Time,
};

/// The least that is worth a guarantee: one major unit.
const LEAST_GUARANTEE: Micro = Micro(MICROS_PER_MAJOR);

/// The node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) aaa: AaaNode,
    key: SigningKey,
}

impl Node {
    pub(crate) fn new(config: &Config) -> Self {
        let secret = |domain: &str| Hash::keyed(&config.secret, domain, b"").0;
        let node = NodeConfig {
            member: config.id,
            home_secret: secret("fairway.secret.home"),
            visited_secret: secret("fairway.secret.visited"),
            billing_offset_minutes: config.bill_offset,
            tiers: TierLadder::default(),
        };
        Self {
            aaa: AaaNode::new(node),
            key: config.key.clone(),
        }
    }

    /// Answers whether the presenter of a credential may charge (home role).
    pub(crate) fn decide(
        &mut self,
        out: &mut Out,
        policy: &Policy,
        request: &EligibilityRequest,
        presented: &Presented,
    ) -> Result<SignedEligibility, Refusal> {
        // Residential until the credential is known.
        let class = self
            .aaa
            .profiles()
            .class_of(presented)
            .unwrap_or(CustomerClass::Residential);
        let rules = AuthorizationRules {
            policy_version: policy.version,
            services: Vec::new(),
            guarantee: rules(policy, class).guarantee,
            least: LEAST_GUARANTEE,
            profile_ttl: policy.profile_ttl,
        };
        let entropy = out.draw();
        let decision = self
            .aaa
            .decide(out.now, &entropy, &self.key, request, presented, &rules);
        out.keep(decision.changes);
        decision.answer
    }

    /// What home said about this credential's driver before, when it still stands under this agreement.
    pub(crate) fn recall(
        &self,
        now: Time,
        home: MemberId,
        agreement: AgreementId,
        presented: &Presented,
    ) -> Option<SignedEligibility> {
        let signed = self.aaa.visiting().recall(now, presented)?;
        let s = &signed.statement;
        let fits = s.home == home && s.guarantee.guarantee.agreement == agreement;
        fits.then(|| signed.clone())
    }

    /// Keeps a verified statement of home: as visiting profile when it is reusable, its guarantee in any case.
    pub(crate) fn remember(
        &mut self,
        out: &mut Out,
        presented: &Presented,
        signed: &SignedEligibility,
    ) -> Result<(), Refusal> {
        let changes = self
            .aaa
            .visiting_mut()
            .remember(out.now, presented, signed)?;
        out.keep(changes);
        Ok(())
    }

    /// What is left of a guarantee as far as this utility used it.
    pub(crate) fn remaining(&self, now: Time, statement: &EligibilityStatement) -> Micro {
        self.aaa
            .visiting()
            .remaining(now, statement.guarantee.guarantee.id)
    }

    /// Notes that a charge uses a part of a guarantee.
    pub(crate) fn use_guarantee(
        &mut self,
        out: &mut Out,
        statement: &EligibilityStatement,
        session: SessionId,
        amount: Micro,
    ) {
        let id = statement.guarantee.guarantee.id;
        match self.aaa.visiting_mut().hold(out.now, id, session, amount) {
            Ok(changes) => out.keep(changes),
            Err(refusal) => out.log(Level::Warn, Some(session), refusal.to_string()),
        }
    }

    /// Notes that a charge uses nothing of its guarantee any more.
    pub(crate) fn free_guarantee(&mut self, out: &mut Out, session: SessionId) {
        let changes = self.aaa.visiting_mut().release(out.now, session);
        out.keep(changes);
    }

    pub(crate) fn put_customer(
        &mut self,
        out: &mut Out,
        new: &NewCustomer,
    ) -> Result<CustomerChange, Refusal> {
        let input = CustomerInput {
            cin: new.cin.clone(),
            name: new.name.clone(),
            class: new.class,
            tier: new.tier,
            payment: new.payment,
            credit_limit: new.credit_limit,
            language: new.language.clone(),
            pin: new.pin.clone(),
            credentials: new.credentials.clone(),
            currency: new.currency,
        };
        let entropy = out.draw();
        self.aaa.put_customer(out.now, &entropy, &input)
    }

    pub(crate) fn change_customer(
        &mut self,
        out: &mut Out,
        changed: &ChangedCustomer,
    ) -> Result<CustomerChange, Refusal> {
        let patch = CustomerPatch {
            name: changed.name.clone(),
            tier: changed.tier,
            payment: changed.payment,
            credit_limit: changed.credit_limit,
            language: changed.language.clone(),
            pin: changed
                .pin
                .clone()
                .map(|pin| Some(pin).filter(|pin| !pin.is_empty())),
            credentials: changed.credentials.clone(),
        };
        let entropy = out.draw();
        self.aaa
            .patch_customer(out.now, &entropy, &changed.cin, &patch)
    }

    pub(crate) fn expire(&mut self, out: &mut Out) {
        let changes = self.aaa.tick(out.now);
        out.keep(changes);
    }

    pub(crate) fn next_deadline(&self) -> Option<Time> {
        self.aaa.next_deadline()
    }
}
