//! Eligibility decisions: who gets which guarantee, and why not.

use crate::world::*;
use fairway_aaa::audit::{AuditKind, AuditRecord};
use fairway_aaa::authz::SINGLE_USE_TTL;
use fairway_aaa::{AaaNode, AuthorizationRules, CustomerInput, Decision, StoreTable, StoredChange};
use fairway_model::canonical::Canonical;
use fairway_model::station::InputMethod::Code;
use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{Currency, Hash, MemberId, Micro, RefusalCode, Service, Time};

fn decide(
    node: &mut AaaNode,
    now: Time,
    n: u8,
    visited: MemberId,
    number: &str,
    rules: &AuthorizationRules,
) -> Decision {
    let entropy = Hash::of("entropy", &[n]).0;
    node.decide(
        now,
        &entropy,
        &key(),
        &request(visited, n),
        &show(Code, number),
        rules,
    )
}

fn limit(decision: &Decision) -> Result<Micro, RefusalCode> {
    decision
        .answer
        .as_ref()
        .map(|s| s.statement.guarantee.guarantee.limit)
        .map_err(|r| r.code)
}

fn records(changes: &[StoredChange]) -> Vec<AuditRecord> {
    let body = |c: &StoredChange| match c {
        StoredChange::Put {
            table: StoreTable::Audit,
            body,
            ..
        } => Some(AuditRecord::from_bytes(body).unwrap()),
        _ => None,
    };
    changes.iter().filter_map(body).collect()
}

#[test]
fn postpaid_statements_are_reusable_and_shared() {
    let (mut node, _, _) = home_with(&customer(1));
    let number = customer(1).cin;
    let first = decide(&mut node, Time(0), 1, duk(), &number, &rules());
    let said = first.answer.clone().unwrap();
    assert!(said.statement.reusable && said.statement.standing_acceptance);
    assert_eq!(said.statement.expires_at, Time(10 * DAY));
    assert_eq!(limit(&first), Ok(usd("50")));
    let again = decide(&mut node, Time(1), 2, duk(), &number, &rules());
    assert_eq!(
        again.answer.unwrap(),
        said,
        "one driver's cards at one partner share one guarantee"
    );
    let later = decide(&mut node, Time(6 * DAY), 3, duk(), &number, &rules());
    assert_ne!(
        later.answer.unwrap(),
        said,
        "past half of its life a new one is made"
    );
    let here = decide(&mut node, Time(0), 4, alp(), &number, &rules())
        .answer
        .unwrap();
    assert_ne!(
        here.statement.pseudonym, said.statement.pseudonym,
        "partners cannot compare notes"
    );
    assert_eq!(
        node.customer_of(duk(), said.statement.pseudonym)
            .unwrap()
            .cin
            .digits(),
        number
    );
    assert!(node.customer_of(alp(), said.statement.pseudonym).is_err());
    let id = said.statement.guarantee.guarantee.id;
    assert!(node.statement_of(duk(), agreement(), id).is_ok());
    assert!(node.statement_of(alp(), agreement(), id).is_err());
}

#[test]
fn all_guarantees_together_stay_within_the_credit() {
    let (mut node, _, _) = home_with(&CustomerInput {
        credit_limit: usd("120"),
        ..customer(1)
    });
    let number = customer(1).cin;
    let partner = |n: u8| MemberId::parse(&format!("US*P0{n}")).unwrap();
    for (n, granted) in [
        (1, Ok(usd("50"))),
        (2, Ok(usd("50"))),
        (3, Ok(usd("20"))),
        (4, Err(RefusalCode::CreditExhausted)),
    ] {
        assert_eq!(
            limit(&decide(
                &mut node,
                Time(0),
                n,
                partner(n),
                &number,
                &rules()
            )),
            granted,
            "partner {n}"
        );
    }
    let old = decide(&mut node, Time(9 * DAY), 5, partner(1), &number, &rules());
    assert_eq!(
        limit(&old),
        Ok(usd("50")),
        "without credit for a new guarantee the old one serves to its end"
    );
    node.tick(Time(10 * DAY + 10 * MINUTE));
    assert_eq!(
        limit(&decide(
            &mut node,
            Time(10 * DAY + 10 * MINUTE),
            6,
            partner(4),
            &number,
            &rules()
        )),
        Ok(usd("50"))
    );
}

#[test]
fn prepaid_statements_serve_one_charge() {
    let (mut node, _, _) = home_with(&prepaid(1));
    let number = prepaid(1).cin;
    assert_eq!(
        limit(&decide(&mut node, Time(0), 1, duk(), &number, &rules())),
        Err(RefusalCode::CreditExhausted)
    );
    node.top_up(Time(0), &number, usd("70")).unwrap();
    let first = decide(&mut node, Time(0), 2, duk(), &number, &rules());
    let said = first.answer.clone().unwrap().statement;
    assert!(!said.reusable && !said.standing_acceptance);
    assert_eq!(said.expires_at, Time(SINGLE_USE_TTL));
    assert_eq!(
        decide(&mut node, Time(0), 2, duk(), &number, &rules()).answer,
        first.answer,
        "the same charge again"
    );
    assert_eq!(
        limit(&decide(&mut node, Time(0), 3, duk(), &number, &rules())),
        Ok(usd("20")),
        "the rest"
    );
    assert_eq!(
        limit(&decide(&mut node, Time(0), 4, alp(), &number, &rules())),
        Err(RefusalCode::CreditExhausted)
    );
    node.void(Time(1), session(2));
    assert_eq!(
        limit(&decide(&mut node, Time(1), 5, alp(), &number, &rules())),
        Ok(usd("50"))
    );
    node.tick(Time(2 * HOUR));
    assert_eq!(
        limit(&decide(
            &mut node,
            Time(2 * HOUR),
            6,
            alp(),
            &number,
            &rules()
        )),
        Ok(usd("50")),
        "unused ones end by themselves"
    );
}

#[test]
fn refusals_and_their_records() {
    let (mut node, _, customer_key) = home_with(&customer(1));
    let number = customer(1).cin;
    let fleet_only = AuthorizationRules {
        services: vec![Service::Fleet],
        ..rules()
    };
    let refused = decide(&mut node, Time(0), 1, duk(), &number, &fleet_only);
    assert_eq!(limit(&refused), Err(RefusalCode::ServiceNotAllowed));
    let written = records(&refused.changes);
    assert_eq!(
        written.iter().map(|r| r.kind).collect::<Vec<_>>(),
        [AuditKind::Authentication, AuditKind::Authorization]
    );
    assert_eq!(written[0].refused, None);
    assert_eq!(written[1].refused, Some(RefusalCode::ServiceNotAllowed));
    assert_eq!(written[1].customer, Some(customer_key));
    assert!(
        written[1]
            .reasons
            .iter()
            .any(|r| r.contains("policy version 3"))
    );
    let mut euros = request(duk(), 2);
    euros.currency = Currency::EUR;
    let refused = node.decide(
        Time(0),
        &[0; 32],
        &key(),
        &euros,
        &show(Code, &number),
        &rules(),
    );
    assert_eq!(limit(&refused), Err(RefusalCode::ServiceNotAllowed));
    let unknown = decide(
        &mut node,
        Time(0),
        3,
        duk(),
        &cin(Service::Standard, 5),
        &rules(),
    );
    assert_eq!(limit(&unknown), Err(RefusalCode::CinUnknown));
    assert_eq!(
        records(&unknown.changes).len(),
        1,
        "failures are recorded too"
    );
    let granted = decide(&mut node, Time(0), 4, duk(), &number, &rules());
    let all: Vec<_> = [&refused, &unknown, &granted]
        .iter()
        .flat_map(|d| d.changes.clone())
        .collect();
    let mut db = Database::default();
    db.take(&all);
    assert_eq!(db.grep(number.as_bytes()), Vec::<String>::new());
    assert_eq!(db.grep(b"Person"), Vec::<String>::new());
}

#[test]
fn a_late_consent_reserves_anew_or_is_refused() {
    let (mut node, _, who) = home_with(&CustomerInput {
        credit_limit: usd("50"),
        ..customer(1)
    });
    let number = customer(1).cin;
    let said = decide(&mut node, Time(0), 1, duk(), &number, &rules())
        .answer
        .unwrap();
    let id = said.statement.guarantee.guarantee.id;
    assert_eq!(
        node.consent(Time(1), id, session(1), usd("50"))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        node.consent(Time(1), id, session(1), usd("50"))
            .unwrap()
            .len(),
        0,
        "twice is once"
    );
    assert_eq!(
        node.consent(Time(1), id, session(2), usd("1"))
            .unwrap_err()
            .code,
        RefusalCode::GuaranteeExceeded
    );
    node.tick(Time(11 * DAY));
    assert_eq!(
        node.accounts().reservation(id).unwrap().amount,
        usd("50"),
        "an open charge keeps its part"
    );
    assert_eq!(
        node.consent(Time(11 * DAY), id, session(2), usd("1"))
            .unwrap_err()
            .code,
        RefusalCode::CreditExhausted
    );
    node.void(Time(11 * DAY), session(1));
    assert_eq!(node.accounts().reservations(who).count(), 0);
    assert_eq!(
        node.consent(Time(11 * DAY), id, session(2), usd("1"))
            .unwrap()
            .len(),
        1
    );
    assert_eq!(node.accounts().reservation(id).unwrap().amount, usd("1"));
}

#[test]
fn who_owes_does_not_become_prepaid() {
    let (mut node, _, _) = home_with(&customer(1));
    decide(&mut node, Time(0), 1, duk(), &customer(1).cin, &rules())
        .answer
        .unwrap();
    let refusal = node
        .put_customer(Time(1), &[1; 32], &prepaid(1))
        .unwrap_err();
    assert!(refusal.text.starts_with("payment"), "{}", refusal.text);
}

#[test]
fn a_used_up_guarantee_is_not_given_out_again() {
    let (mut node, _, _) = home_with(&customer(1));
    let number = customer(1).cin;
    let first = decide(&mut node, Time(0), 1, duk(), &number, &rules())
        .answer
        .unwrap();
    let id = first.statement.guarantee.guarantee.id;
    node.consent(Time(0), id, session(1), usd("46")).unwrap();
    let second = decide(&mut node, Time(0), 2, duk(), &number, &rules());
    assert_eq!(limit(&second), Ok(usd("50")));
    assert_ne!(second.answer.unwrap(), first);
}
