//! The answer to a visited utility: who it is, whether he may charge, and what is promised.

use super::AaaNode;
use crate::accounts::Reservation;
use crate::audit::{AuditKind, AuditRecord};
use crate::authz::{AuthorizationRules, EligibilityRequest, SINGLE_USE_TTL, judge};
use crate::customer::{Customer, CustomerKey};
use crate::issued::{IssuedRow, pseudonym};
use crate::store::StoredChange;
use fairway_model::profile::SignedGuarantee;
use fairway_model::station::Presented;
use fairway_model::{
    EligibilityStatement, Guarantee, GuaranteeId, Hash, Micro, Payment, Refusal, RefusalCode,
    SignedEligibility, SigningKey, Time,
};

/// The answer to an eligibility request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The statement for the visited utility, or the refusal for the driver.
    pub answer: Result<SignedEligibility, Refusal>,
    /// Whose credential it is, once that was established.
    pub customer: Option<CustomerKey>,
    /// What to store: reservation, statement, audit records. To be stored even with a refusal.
    pub changes: Vec<StoredChange>,
}

impl AaaNode {
    /// Answers a visited utility (or our own station) that asks whether the presenter of a credential may charge: authenticates,
    /// authorizes, reserves, and issues the statement (AA-19, CP-03). `entropy` names a new guarantee. Call it once per charge:
    /// answers to repeated messages come from what the caller kept. A statement that still has most of its life, and whose guarantee
    /// has enough left, is given out again, so that one driver's cards at one partner share one guarantee.
    pub fn decide(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        key: &SigningKey,
        request: &EligibilityRequest,
        presented: &Presented,
        rules: &AuthorizationRules,
    ) -> Decision {
        let record = |kind| AuditRecord {
            asking: Some(request.visited),
            session: Some(request.session),
            method: Some(presented.method),
            ..AuditRecord::of(kind)
        };
        let found = self
            .profiles
            .authenticate(now, request.visited, presented)
            .cloned();
        let customer = found.as_ref().ok().map(|c| c.key);
        let refused = found.as_ref().err().map(|r| r.code);
        let mut changes = vec![self.audit.record(
            now,
            AuditRecord {
                customer,
                refused,
                ..record(AuditKind::Authentication)
            },
        )];
        let found = match found {
            Ok(found) => found,
            Err(refusal) => {
                return Decision {
                    answer: Err(refusal),
                    customer: None,
                    changes,
                };
            }
        };
        let mut reasons = Vec::new();
        let answer = self.entitle(now, entropy, key, &found, request, rules, &mut reasons);
        let refused = answer.as_ref().err().map(|r| r.code);
        changes.push(self.audit.record(
            now,
            AuditRecord {
                customer,
                refused,
                reasons,
                ..record(AuditKind::Authorization)
            },
        ));
        let answer = answer.map(|(signed, stored)| {
            changes.extend(stored);
            signed
        });
        Decision {
            answer,
            customer,
            changes,
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one private step of `decide`, cut out to keep both readable"
    )]
    fn entitle(
        &mut self,
        now: Time,
        entropy: &[u8; 32],
        key: &SigningKey,
        customer: &Customer,
        request: &EligibilityRequest,
        rules: &AuthorizationRules,
        reasons: &mut Vec<String>,
    ) -> Result<(SignedEligibility, Vec<StoredChange>), Refusal> {
        let funds = self
            .accounts
            .funds(customer.key, customer.currency, customer.floor())?;
        let judgement = judge(customer, request, rules, &funds);
        let out_of_credit = judgement
            .granted
            .as_ref()
            .is_err_and(|r| r.code == RefusalCode::CreditExhausted);
        reasons.extend(judgement.reasons);
        if judgement.granted.is_ok() || out_of_credit {
            // What an open guarantee has reserved is not free any more, but it is there for this very driver. An old one is
            // given out again only when there is no credit for a new one.
            if let Some(row) =
                self.usable_again(now, customer.key, request, rules.least, out_of_credit)
            {
                reasons.push("the open guarantee for this partner has enough left".to_owned());
                return Ok((row.signed.clone(), Vec::new()));
            }
        }
        let limit = judgement.granted?;
        let guarantee =
            GuaranteeId(Hash::keyed(entropy, "fairway.guarantee-id", &request.session.0).short());
        let signed = self.statement(now, key, customer, request, rules, guarantee, limit);
        let row = IssuedRow {
            customer: customer.key,
            session: request.session,
            signed: signed.clone(),
            revoked: false,
        };
        let until = signed.statement.expires_at;
        let reservation = Reservation::new(guarantee, customer, limit, until);
        let mut changes = self.accounts.reserve(now, reservation, &funds)?;
        changes.push(self.issued.add(row)?);
        Ok((signed, changes))
    }

    fn usable_again(
        &self,
        now: Time,
        customer: CustomerKey,
        request: &EligibilityRequest,
        least: Micro,
        old_too: bool,
    ) -> Option<&IssuedRow> {
        let enough = |row: &&IssuedRow| {
            let open = self
                .accounts
                .reservation(row.guarantee())
                .filter(|r| !r.ended);
            let mine = old_too || row.session == request.session || row.is_fresh(now);
            mine && open.is_some_and(|r| r.free() >= least && r.free() > Micro::ZERO)
        };
        self.issued
            .again(now, customer, request)
            .into_iter()
            .find(enough)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the fields of the statement, which is built here only"
    )]
    fn statement(
        &self,
        now: Time,
        key: &SigningKey,
        customer: &Customer,
        request: &EligibilityRequest,
        rules: &AuthorizationRules,
        guarantee: GuaranteeId,
        limit: Micro,
    ) -> SignedEligibility {
        let postpaid = customer.payment == Payment::Postpaid;
        let ttl = if postpaid {
            rules.profile_ttl
        } else {
            rules.profile_ttl.min(SINGLE_USE_TTL)
        };
        let expires_at = now.plus(ttl.max(0));
        let promise = Guarantee {
            id: guarantee,
            agreement: request.agreement,
            limit,
            valid_until: expires_at,
        };
        let statement = EligibilityStatement {
            home: self.config.member,
            visited: request.visited,
            pseudonym: pseudonym(&self.config.home_secret, request.visited, customer.key),
            service: customer.service(),
            tier: customer.tier,
            class: customer.class,
            language: customer.language.clone(),
            payment: customer.payment,
            issued_at: now,
            expires_at,
            reusable: postpaid,
            standing_acceptance: postpaid,
            guarantee: SignedGuarantee::sign(promise, key),
        };
        SignedEligibility::sign(statement, key)
    }
}
