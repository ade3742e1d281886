//! Disputes with an end: every step, every refusal, every rule; and random courses of them.

use crate::credits::{charged, credit, note};
use crate::table::Table;
use crate::world::{Charge, USD, World, evse, kwh, member, party, place, settle, usd};
use expect_test::{expect, expect_file};
use fairway_ledger::cases::state::{CaseState, CreditState};
use fairway_ledger::limits::{CASE_ANSWER_MS, CASE_SETTLE_MS, CASE_VOTE_MS};
use fairway_ledger::money::PositionState;
use fairway_ledger::state::{BalanceState, ChargeState};
use fairway_ledger::{
    BooksError, CaseAnswer, CaseClaim, CaseEffect, CaseOpening, CaseOperation, CaseRef, CaseReply,
    DisputeReason, Effect, Operation, Outcome, Verdict, key_for_case, key_for_charge,
    key_for_credit, key_for_credits, key_for_frozen, key_for_position,
};
use fairway_model::canonical::Canonical;
use fairway_model::charge::Usage;
use fairway_model::hash::Hash;
use fairway_model::ids::{CreditId, MemberId, OwnerId};
use fairway_model::money::{Currency, Micro};
use fairway_model::time::DAY;
use proptest::prelude::*;
use std::fmt::Write as _;

fn reference(charge: &Charge, opener: &str) -> CaseRef {
    let agreement = &charge.agreement;
    CaseRef {
        session: charge.session,
        opener: member(opener),
        home: agreement.home,
        visited: agreement.visited,
        owner: evse(&party(agreement.visited)).owner,
        currency: USD,
    }
}

pub(crate) fn opening(
    charge: &Charge,
    opener: &str,
    reason: DisputeReason,
    claim: CaseClaim,
) -> CaseOpening {
    let event = matches!(claim, CaseClaim::Usage(_)) || reason == DisputeReason::MeterEvidence;
    CaseOpening {
        case: reference(charge, opener),
        reason,
        evidence: Hash::plain(b"evidence"),
        claim,
        event: event.then(|| Box::new(charge.event())),
    }
}

pub(crate) fn open(opening: CaseOpening) -> Operation {
    Operation::Case(CaseOperation::Open(Box::new(opening)))
}

fn answering(charge: &Charge, opener: &str, reply: CaseReply) -> CaseAnswer {
    CaseAnswer {
        case: reference(charge, opener),
        evidence: Hash::plain(b"counter-evidence"),
        reply,
        event: None,
    }
}

fn answer(answer: CaseAnswer) -> Operation {
    Operation::Case(CaseOperation::Answer(Box::new(answer)))
}

fn step(operation: fn(CaseRef) -> CaseOperation, charge: &Charge, opener: &str) -> Operation {
    Operation::Case(operation(reference(charge, opener)))
}

fn vote(charge: &Charge, opener: &str, verdict: Verdict) -> Operation {
    let case = reference(charge, opener);
    Operation::Case(CaseOperation::Vote { case, verdict })
}

fn total(text: &str) -> CaseClaim {
    CaseClaim::Total(usd(text))
}

/// The charge's usage with half of its energy: what a corrected meter reading would give.
fn half(charge: &Charge) -> Usage {
    let mut usage = charge.event().usage;
    for period in &mut usage.periods {
        period.energy.0 /= 2;
    }
    usage
}

fn frozen(world: &World) -> Micro {
    let key = key_for_frozen(member("APC"), member("DUK"), USD);
    world.get::<BalanceState>(key).unwrap_or_default().amount
}

fn opened(reason: DisputeReason, claim: CaseClaim) -> (Table, Charge) {
    let (mut world, charge) = charged();
    world.must("APC", open(opening(&charge, "APC", reason, claim)));
    (Table::on(world), charge)
}

#[test]
fn every_refusal_of_an_opening() {
    let (world, charge) = charged();
    let mut t = Table::on(world);
    let base = || opening(&charge, "APC", DisputeReason::Other, total("5.00"));
    let mut row = |what: &str, by: &str, change: &dyn Fn(&mut CaseOpening)| {
        let mut opening = base();
        change(&mut opening);
        t.row(what, by, open(opening));
    };
    row("for another", "GPC", &|_| {});
    row("by a third", "GPC", &|o| o.case.opener = member("GPC"));
    row("charge unknown", "APC", &|o| o.case.session.0[0] = 9);
    row("other parties", "APC", &|o| o.case.visited = member("GPC"));
    row("other owner", "APC", &|o| {
        o.case.owner = OwnerId::parse("ME").unwrap();
    });
    row("other currency", "APC", &|o| {
        o.case.currency = Currency::EUR;
    });
    row("fractions of a cent", "APC", &|o| o.claim = total("5.001"));
    row("less than nothing", "APC", &|o| o.claim = total("-1.00"));
    row("dearer", "APC", &|o| o.claim = total("9.07"));
    row("nothing disputed", "APC", &|o| o.claim = total("9.06"));
    row("usage without its event", "APC", &|o| {
        o.claim = CaseClaim::Usage(Box::new(half(&charge)));
    });
    row("another event", "APC", &|o| {
        let mut event = charge.event();
        event.driver = Hash::plain(b"other");
        o.event = Some(Box::new(event));
    });
    row("usage out of order", "APC", &|o| {
        let mut usage = half(&charge);
        usage.periods.swap(0, 1);
        (o.claim, o.event) = (
            CaseClaim::Usage(Box::new(usage)),
            Some(Box::new(charge.event())),
        );
    });
    row("meter evidence without the event", "APC", &|o| {
        o.reason = DisputeReason::MeterEvidence;
    });
    row("good", "APC", &|_| {});
    row("again", "APC", &|_| {});
    row("again with other content", "APC", &|o| {
        o.claim = total("4.00");
    });
    t.world.time = t.world.time.plus(31 * DAY);
    t.row(
        "too late",
        "DUK",
        open(opening(&charge, "DUK", DisputeReason::Other, total("5.00"))),
    );
    let mut own = World::ready();
    let charge = Charge::new("DUK", "DUK", 1);
    own.must("DUK", place(&charge));
    own.must("DUK", settle(charge.settlement()));
    t.world = own;
    t.row(
        "against oneself",
        "DUK",
        open(opening(&charge, "DUK", DisputeReason::Other, total("5.00"))),
    );
    expect![[r#"
        for another | GPC: not-authorized: US*GPC cannot open this case; US*APC can
        by a third | GPC: not-authorized: US*GPC is no party of this charge of US*APC at US*DUK
        charge unknown | APC: session-unknown: ses_09010101010101010101010101010101 is not settled here
        other parties | APC: id-conflict: ses_01010101010101010101010101010101 is a charge of US*APC at US*DUK, not of US*APC at US*GPC
        other owner | APC: id-conflict: the owner's share of ses_01010101010101010101010101010101 went to OWNER-1, not ME
        other currency | APC: id-conflict: ses_01010101010101010101010101010101 was settled in USD, not EUR
        fractions of a cent | APC: malformed: the total is 5.001 USD; whole minor units are right
        less than nothing | APC: price-wrong: -1.00 USD is named; a case can bring the charge to nothing at least and to 9.06, what is left of it, at most
        dearer | APC: price-wrong: 9.07 USD is named; a case can bring the charge to nothing at least and to 9.06, what is left of it, at most
        nothing disputed | APC: malformed: the claim is what is left of the charge; there is nothing to decide
        usage without its event | APC: malformed: a usage is rated with the settled event, which must come along
        another event | APC: id-conflict: the event has hash f84bea501381ec88538c49d0f3e7a21dcf1642cde3e95e15ed8aea2042b45e75; settled was ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77
        usage out of order | APC: time-invalid: period 1 begins before its predecessor or after the end of the charge
        meter evidence without the event | APC: malformed: meter evidence is disputed; the settled event, which names it, must come along
        good | APC: Case(Opened { session: ses_01010101010101010101010101010101, opener: US*APC, claimed: 5.00, frozen: 3.960367, answer_until: 2026-11-30T08:00:38.000Z })
        again | APC: duplicate: the case was opened before
        again with other content | APC: id-conflict: US*APC had a case about ses_01010101010101010101010101010101 before; a party has one
        too late | DUK: time-invalid: ses_01010101010101010101010101010101 could be disputed until 2026-12-23T08:00:23.000Z
        against oneself | DUK: not-authorized: the charge is of one member alone; it credits its driver without a case
    "#]].assert_eq(t.rows());
}

#[test]
fn every_refusal_of_a_later_step() {
    let (mut t, charge) = opened(DisputeReason::Other, total("5.00"));
    let say = |reply| answer(answering(&charge, "APC", reply));
    t.row(
        "no such case",
        "APC",
        answer(answering(&charge, "DUK", CaseReply::Contest)),
    );
    t.row("answered by the opener", "APC", say(CaseReply::Contest));
    t.row("answered by a third", "GPC", say(CaseReply::Contest));
    t.row(
        "offer above the charge",
        "DUK",
        say(CaseReply::Offer(total("9.07"))),
    );
    t.row(
        "offer below the claim",
        "DUK",
        say(CaseReply::Offer(total("4.00"))),
    );
    t.row(
        "offer of a usage without the event",
        "DUK",
        say(CaseReply::Offer(CaseClaim::Usage(Box::new(half(&charge))))),
    );
    t.row(
        "accepted before the answer",
        "APC",
        step(CaseOperation::Accept, &charge, "APC"),
    );
    t.row(
        "panel before the answer",
        "APC",
        step(CaseOperation::Escalate, &charge, "APC"),
    );
    t.row(
        "vote without panel",
        "GPC",
        vote(&charge, "APC", Verdict::Claim),
    );
    t.row(
        "rule too early",
        "GPC",
        step(CaseOperation::Close, &charge, "APC"),
    );
    t.row("answered", "DUK", say(CaseReply::Offer(total("7.00"))));
    t.row("answered again", "DUK", say(CaseReply::Contest));
    t.row(
        "accepted by the other",
        "DUK",
        step(CaseOperation::Accept, &charge, "APC"),
    );
    t.row(
        "withdrawn by the other",
        "DUK",
        step(CaseOperation::Withdraw, &charge, "APC"),
    );
    t.row(
        "panel asked for by a third",
        "GPC",
        step(CaseOperation::Escalate, &charge, "APC"),
    );
    t.row(
        "panel",
        "DUK",
        step(CaseOperation::Escalate, &charge, "APC"),
    );
    t.row(
        "panel again",
        "APC",
        step(CaseOperation::Escalate, &charge, "APC"),
    );
    t.row("a party votes", "APC", vote(&charge, "APC", Verdict::Claim));
    t.row(
        "rule while the panel votes",
        "GPC",
        step(CaseOperation::Close, &charge, "APC"),
    );
    t.world.time = t.world.time.plus(CASE_VOTE_MS);
    for judge in ["GPC", "REG"] {
        t.row("vote too late", judge, vote(&charge, "APC", Verdict::Claim));
    }
    t.row(
        "by rule at last",
        "GPC",
        step(CaseOperation::Close, &charge, "APC"),
    );
    t.row("again", "GPC", step(CaseOperation::Close, &charge, "APC"));
    t.row("answer after the end", "DUK", say(CaseReply::Contest));

    let (mut late, charge) = opened(DisputeReason::Other, total("5.00"));
    late.world.time = late.world.time.plus(CASE_ANSWER_MS);
    late.row(
        "answer too late",
        "DUK",
        answer(answering(&charge, "APC", CaseReply::Contest)),
    );
    t.note("late", late.rows().trim_end());
    let (mut late, charge) = opened(DisputeReason::Other, total("5.00"));
    late.world
        .must("DUK", answer(answering(&charge, "APC", CaseReply::Contest)));
    late.world.time = late.world.time.plus(CASE_SETTLE_MS);
    late.row(
        "panel too late",
        "APC",
        step(CaseOperation::Escalate, &charge, "APC"),
    );
    t.note("late", late.rows().trim_end());
    expect![[r#"
        no such case | APC: case-unknown: US*DUK has no case about ses_01010101010101010101010101010101
        answered by the opener | APC: not-authorized: US*APC cannot answer this case; US*DUK can
        answered by a third | GPC: not-authorized: US*GPC cannot answer this case; US*DUK can
        offer above the charge | DUK: price-wrong: 9.07 USD is named; a case can bring the charge to nothing at least and to 9.06, what is left of it, at most
        offer below the claim | DUK: malformed: the offer is below the claim of 5.00 USD; accept the claim instead
        offer of a usage without the event | DUK: malformed: a usage is rated with the settled event, which must come along
        accepted before the answer | APC: not-due: the case is not answered; there is nothing to accept
        panel before the answer | APC: not-due: the case is not answered; a panel is for contested ones, and from 2026-11-30T08:00:24.000Z on the rules decide
        vote without panel | GPC: not-due: nobody has asked for a panel
        rule too early | GPC: not-due: the case waits until 2026-11-30T08:00:24.000Z before it is decided by rule
        answered | DUK: Case(Answered { session: ses_01010101010101010101010101010101, opener: US*APC, total: 7.00, settle_until: 2026-11-30T08:00:35.000Z })
        answered again | DUK: case-closed: the case is answered already
        accepted by the other | DUK: not-authorized: US*DUK cannot accept the answer; US*APC can
        withdrawn by the other | DUK: not-authorized: US*DUK cannot withdraw this case; US*APC can
        panel asked for by a third | GPC: not-authorized: US*GPC cannot ask for a panel; US*DUK can
        panel | DUK: Case(Escalated { session: ses_01010101010101010101010101010101, opener: US*APC, panel: [US*REG], vote_until: 2026-11-30T08:00:40.000Z })
        panel again | APC: duplicate: the case has a panel already
        a party votes | APC: not-authorized: US*APC was not drawn for this panel
        rule while the panel votes | GPC: not-due: the case waits until 2026-11-30T08:00:40.000Z before it is decided by rule
        vote too late | GPC: not-authorized: US*GPC was not drawn for this panel
        vote too late | REG: time-invalid: votes counted until 2026-11-30T08:00:40.000Z
        by rule at last | GPC: Case(Closed { session: ses_01010101010101010101010101010101, opener: US*APC, ruling: Answered, total: 7.00, credited: 2.06, shares: Shares { home: 0.050553, visited: 1.667965, owner: 0.20221, tax: 0.139272 }, currency: USD }) member:US*APC 2.009447, member:US*DUK -1.667965, owner:OWNER-1 -0.20221, tax:US*DUK -0.139272
        again | GPC: case-closed: the case of US*APC about ses_01010101010101010101010101010101 was closed at 2026-11-30T08:00:46.000Z
        answer after the end | DUK: case-closed: the case of US*APC about ses_01010101010101010101010101010101 was closed at 2026-11-30T08:00:46.000Z
        late | answer too late | DUK: time-invalid: the answer was due before 2026-11-30T08:00:24.000Z
        late | panel too late | APC: time-invalid: a panel could be asked for until 2026-11-30T08:00:25.000Z
    "#]].assert_eq(t.rows());
}

/// Ends a case of `reason` by every way there is, and says what it came to.
fn end(reason: DisputeReason, claim: CaseClaim, course: &dyn Fn(&mut World, &Charge)) -> String {
    let (mut t, charge) = opened(reason, claim);
    assert!(frozen(&t.world) > Micro::ZERO);
    course(&mut t.world, &charge);
    assert_eq!(frozen(&t.world), Micro::ZERO, "nothing stays frozen");
    let state: CaseState = t
        .world
        .get(key_for_case(charge.session, member("APC")))
        .unwrap();
    let closed = state.closed.unwrap();
    let settled: ChargeState = t.world.get(key_for_charge(charge.session)).unwrap();
    assert_eq!(
        settled.total,
        usd("9.06"),
        "a settled charge is never edited"
    );
    format!(
        "{}: total {}, credited {}",
        closed.ruling.word(),
        closed.total.text(USD),
        closed.credited.text(USD)
    )
}

fn wait(world: &mut World, millis: i64) {
    world.time = world.time.plus(millis);
}

#[test]
fn every_way_that_a_case_ends() {
    use DisputeReason::{MeterEvidence, NotTheDriver, Other, RatingsDiffer};
    let close = |world: &mut World, charge: &Charge| {
        world.must("REG", step(CaseOperation::Close, charge, "APC"));
    };
    let silent = |world: &mut World, charge: &Charge| {
        wait(world, CASE_ANSWER_MS);
        close(world, charge);
    };
    let answered = |reply: CaseReply| {
        move |world: &mut World, charge: &Charge| {
            world.must("DUK", answer(answering(charge, "APC", reply.clone())));
            wait(world, CASE_SETTLE_MS);
            close(world, charge);
        }
    };
    let usage = || CaseClaim::Usage(Box::new(half(&Charge::new("APC", "DUK", 1))));
    let mut t = String::new();
    let mut row = |what: &str, end: String| writeln!(t, "{what} | {end}").unwrap();
    row("unanswered, re-rated", end(RatingsDiffer, usage(), &silent));
    row(
        "unanswered, a bare figure",
        end(RatingsDiffer, total("1.00"), &silent),
    );
    row(
        "unanswered, not the driver",
        end(NotTheDriver, total("0.00"), &silent),
    );
    row(
        "unanswered, no meter records",
        end(MeterEvidence, total("0.00"), &silent),
    );
    row(
        "contested, nobody escalates",
        end(Other, total("1.00"), &answered(CaseReply::Contest)),
    );
    row(
        "offer, nobody escalates",
        end(
            Other,
            total("1.00"),
            &answered(CaseReply::Offer(total("6.00"))),
        ),
    );
    row(
        "other meter records named",
        end(MeterEvidence, total("0.00"), &answered(CaseReply::Contest)),
    );
    row(
        "meter records named",
        end(MeterEvidence, total("0.00"), &|world, charge| {
            let mut say = answering(charge, "APC", CaseReply::Contest);
            say.evidence = charge.event().meter_evidence;
            world.must("DUK", answer(say));
            wait(world, CASE_SETTLE_MS);
            close(world, charge);
        }),
    );
    row(
        "offer of a usage",
        end(RatingsDiffer, total("1.00"), &|world, charge| {
            let mut say = answering(
                charge,
                "APC",
                CaseReply::Offer(CaseClaim::Usage(Box::new(half(charge)))),
            );
            say.event = Some(Box::new(charge.event()));
            world.must("DUK", answer(say));
            world.must("APC", step(CaseOperation::Accept, charge, "APC"));
        }),
    );
    row(
        "accepted",
        end(Other, total("2.50"), &|world, charge| {
            world.must("DUK", answer(answering(charge, "APC", CaseReply::Accept)));
        }),
    );
    row(
        "withdrawn",
        end(Other, total("2.50"), &|world, charge| {
            world.must("APC", step(CaseOperation::Withdraw, charge, "APC"));
        }),
    );
    for verdict in [Verdict::Claim, Verdict::Answer, Verdict::Stands] {
        row(
            &format!("panel votes {verdict:?}"),
            end(Other, total("2.50"), &|world, charge| {
                world.must(
                    "DUK",
                    answer(answering(charge, "APC", CaseReply::Offer(total("7.00")))),
                );
                world.must("APC", step(CaseOperation::Escalate, charge, "APC"));
                let state: CaseState = world
                    .get(key_for_case(charge.session, member("APC")))
                    .unwrap();
                // Of two members that are no party one is drawn: the seats are odd.
                let [judge] = state.panel.unwrap().members.try_into().unwrap();
                world.must(&party(judge), vote(charge, "APC", verdict));
            }),
        );
    }
    row(
        "panel silent",
        end(Other, total("2.50"), &|world, charge| {
            world.must(
                "DUK",
                answer(answering(charge, "APC", CaseReply::Offer(total("7.00")))),
            );
            world.must("APC", step(CaseOperation::Escalate, charge, "APC"));
            wait(world, CASE_VOTE_MS);
            close(world, charge);
        }),
    );
    row(
        "credited meanwhile",
        end(NotTheDriver, total("2.00"), &|world, charge| {
            world.must("DUK", credit(note(charge, 1, "8.00")));
            silent(world, charge);
        }),
    );
    expect![[r#"
        unanswered, re-rated | unanswered: total 5.21, credited 3.85
        unanswered, a bare figure | not-proven: total 9.06, credited 0.00
        unanswered, not the driver | unanswered: total 0.00, credited 9.06
        unanswered, no meter records | unanswered: total 0.00, credited 9.06
        contested, nobody escalates | answered: total 9.06, credited 0.00
        offer, nobody escalates | answered: total 6.00, credited 3.06
        other meter records named | evidence-missing: total 0.00, credited 9.06
        meter records named | answered: total 9.06, credited 0.00
        offer of a usage | agreed: total 5.21, credited 3.85
        accepted | accepted: total 2.50, credited 6.56
        withdrawn | withdrawn: total 9.06, credited 0.00
        panel votes Claim | panel: total 2.50, credited 6.56
        panel votes Answer | panel: total 7.00, credited 2.06
        panel votes Stands | panel: total 9.06, credited 0.00
        panel silent | answered: total 7.00, credited 2.06
        credited meanwhile | unanswered: total 2.00, credited 0.00
    "#]]
    .assert_eq(&t);
}

/// A claim of the visited utility against itself needs no answer.
#[test]
fn the_visited_utility_may_lower_its_own_charge() {
    let (mut world, charge) = charged();
    world.must(
        "DUK",
        open(opening(&charge, "DUK", DisputeReason::Other, total("5.00"))),
    );
    wait(&mut world, CASE_ANSWER_MS);
    let outcome = world.outcome("APC", step(CaseOperation::Close, &charge, "DUK"));
    expect!["Case(Closed { session: ses_01010101010101010101010101010101, opener: US*DUK, ruling: Unanswered, total: 5.00, credited: 4.06, shares: Shares { home: 0.099633, visited: 3.287348, owner: 0.398531, tax: 0.274488 }, currency: USD }) member:US*APC 3.960367, member:US*DUK -3.287348, owner:OWNER-1 -0.398531, tax:US*DUK -0.274488"].assert_eq(&outcome);
}

/// Of seven members five are no party, and three of them are drawn.
#[test]
fn a_panel_of_three_decides_by_majority() {
    let mut world = World::of(&["APC", "DUK", "GPC", "SCE", "PGE", "ONC"]);
    let charge = Charge::new("APC", "DUK", 1);
    world.must("DUK", place(&charge));
    world.must("DUK", settle(charge.settlement()));
    world.must(
        "APC",
        open(opening(&charge, "APC", DisputeReason::Other, total("5.00"))),
    );
    world.must("DUK", answer(answering(&charge, "APC", CaseReply::Contest)));
    world.must("APC", step(CaseOperation::Escalate, &charge, "APC"));
    let state: CaseState = world
        .get(key_for_case(charge.session, member("APC")))
        .unwrap();
    let judges = state.panel.unwrap().members;
    assert_eq!(judges.len(), 3);
    assert!(!judges.contains(&member("APC")) && !judges.contains(&member("DUK")));
    let mut t = Table::on(world);
    let name = |judge: MemberId| party(judge);
    t.row(
        "first",
        &name(judges[0]),
        vote(&charge, "APC", Verdict::Stands),
    );
    t.row(
        "twice",
        &name(judges[0]),
        vote(&charge, "APC", Verdict::Claim),
    );
    t.row(
        "second",
        &name(judges[1]),
        vote(&charge, "APC", Verdict::Claim),
    );
    t.row(
        "third decides",
        &name(judges[2]),
        vote(&charge, "APC", Verdict::Claim),
    );
    expect![[r#"
        first | GPC: Case(Voted { session: ses_01010101010101010101010101010101, opener: US*APC, verdict: Stands })
        twice | GPC: duplicate: US*GPC has voted already
        second | SCE: Case(Voted { session: ses_01010101010101010101010101010101, opener: US*APC, verdict: Claim })
        third decides | PGE: Case(Closed { session: ses_01010101010101010101010101010101, opener: US*APC, ruling: Panel, total: 5.00, credited: 4.06, shares: Shares { home: 0.099633, visited: 3.287348, owner: 0.398531, tax: 0.274488 }, currency: USD }) member:US*APC 3.960367, member:US*DUK -3.287348, owner:OWNER-1 -0.398531, tax:US*DUK -0.274488
    "#]].assert_eq(t.rows());
}

#[test]
fn books_notice_a_case_that_ends_otherwise() {
    let (t, charge) = opened(DisputeReason::NotTheDriver, total("5.00"));
    let mut world = t.world;
    wait(&mut world, CASE_ANSWER_MS);
    let tx = world.sign("GPC", step(CaseOperation::Close, &charge, "APC"));
    let before = world.books.clone();
    let receipt = world.execute(&tx);
    let mut other = receipt.clone();
    if let Outcome::Applied(Effect::Case(CaseEffect::Closed { total, .. })) = &mut other.outcome {
        *total = usd("4.00");
    }
    let differ = Err(BooksError::PostingsDiffer(Hash::plain(&tx)));
    assert_eq!(before.clone().record(&tx, &other.to_bytes()), differ);
    let mut after = before;
    after.record(&tx, &receipt.to_bytes()).unwrap();
    // The same end twice is noticed as well.
    assert_eq!(after.record(&tx, &receipt.to_bytes()), differ);
}

/// Every byte that credits and cases sign or store.
#[test]
fn conformance_hashes_of_cases_hold() {
    let (mut world, charge) = charged();
    let case = || reference(&charge, "APC");
    let story = vec![
        ("credit", "DUK", credit(note(&charge, 1, "1.00"))),
        (
            "open",
            "APC",
            open(opening(
                &charge,
                "APC",
                DisputeReason::MeterEvidence,
                CaseClaim::Usage(Box::new(half(&charge))),
            )),
        ),
        (
            "answer",
            "DUK",
            answer(answering(&charge, "APC", CaseReply::Offer(total("7.00")))),
        ),
        (
            "escalate",
            "APC",
            step(CaseOperation::Escalate, &charge, "APC"),
        ),
        ("vote", "GPC", vote(&charge, "APC", Verdict::Answer)),
        (
            "open-second",
            "DUK",
            open(opening(&charge, "DUK", DisputeReason::Other, total("1.00"))),
        ),
        (
            "withdraw",
            "DUK",
            step(CaseOperation::Withdraw, &charge, "DUK"),
        ),
        ("refused", "DUK", step(CaseOperation::Close, &charge, "APC")),
    ];
    let keys = vec![
        ("credits", key_for_credits(charge.session)),
        ("credit", key_for_credit(charge.session, CreditId([1; 16]))),
        ("case", key_for_case(charge.session, case().opener)),
        ("frozen", key_for_frozen(case().home, case().visited, USD)),
    ];
    let text = crate::conformance::hashes_of(&mut world, story, keys);
    expect_file!["../../../../fixtures/conformance/ledger-cases.json"].assert_eq(&text);
}

/// What one random step does to the world.
fn random(world: &mut World, charges: &[Charge], (kind, which, other, amount): (u8, u8, u8, u16)) {
    let charge = &charges[usize::from(which) % charges.len()];
    let (home, visited) = (
        party(charge.agreement.home),
        party(charge.agreement.visited),
    );
    let opener = if other % 2 == 0 { &home } else { &visited };
    let reply = if other % 2 == 0 { &visited } else { &home };
    let judge = ["APC", "DUK", "GPC", "REG"][usize::from(other % 4)];
    let claim = CaseClaim::Total(Micro(i64::from(amount % 1_000) * 10_000));
    let operation = match kind {
        0 | 1 => {
            let mut note = note(charge, other, "1.00");
            note.signed.credit.amount = Micro(i64::from(amount % 400) * 10_000 + 10_000);
            (visited, credit(crate::credits::signed(note.signed.credit)))
        }
        2 | 3 => {
            let reason =
                [DisputeReason::Other, DisputeReason::NotTheDriver][usize::from(amount % 2)];
            (opener.clone(), open(opening(charge, opener, reason, claim)))
        }
        4 => (
            reply.clone(),
            answer(answering(charge, opener, CaseReply::Offer(claim))),
        ),
        5 => (
            reply.clone(),
            answer(answering(
                charge,
                opener,
                [CaseReply::Contest, CaseReply::Accept][usize::from(amount % 2)].clone(),
            )),
        ),
        6 => (
            opener.clone(),
            step(CaseOperation::Escalate, charge, opener),
        ),
        7 => (
            judge.to_owned(),
            vote(
                charge,
                opener,
                [Verdict::Claim, Verdict::Answer, Verdict::Stands][usize::from(amount % 3)],
            ),
        ),
        8 => (judge.to_owned(), step(CaseOperation::Close, charge, opener)),
        9 => (
            opener.clone(),
            step(
                [CaseOperation::Accept, CaseOperation::Withdraw][usize::from(amount % 2)],
                charge,
                opener,
            ),
        ),
        _ => return wait(world, i64::from(amount % 5) * DAY),
    };
    world.run(&operation.0, operation.1);
}

/// Credits stay within their charge and each of its shares; what is frozen is what open cases froze; books and state agree.
fn check(world: &World, charges: &[Charge]) {
    let mut frozen = std::collections::BTreeMap::<_, i64>::new();
    for charge in charges {
        let settled: ChargeState = world.get(key_for_charge(charge.session)).unwrap();
        let credits: CreditState = world
            .get(key_for_credits(charge.session))
            .unwrap_or(CreditState::NONE);
        let (given, whole) = (credits.given, settled.shares);
        assert!(credits.credited <= settled.total);
        let parts = [
            (given.home, whole.home),
            (given.visited, whole.visited),
            (given.owner, whole.owner),
            (given.tax, whole.tax),
        ];
        for (given, whole) in parts {
            assert!(if whole < Micro::ZERO {
                whole <= given && given <= Micro::ZERO
            } else {
                Micro::ZERO <= given && given <= whole
            });
        }
        assert_eq!(
            Micro::sum(parts.map(|(given, _)| given)),
            Ok(credits.credited)
        );
        for opener in [settled.home, settled.visited] {
            let case: Option<CaseState> = world.get(key_for_case(charge.session, opener));
            if let Some(case) = case.filter(|case| case.closed.is_none()) {
                *frozen.entry((settled.home, settled.visited)).or_default() += case.frozen.0;
            }
        }
    }
    for home in ["APC", "DUK", "GPC"].map(member) {
        for visited in ["APC", "DUK", "GPC"].map(member) {
            let state: BalanceState = world
                .get(key_for_frozen(home, visited, USD))
                .unwrap_or_default();
            assert_eq!(
                state.amount.0,
                frozen.get(&(home, visited)).copied().unwrap_or_default()
            );
            let owed: PositionState = world
                .get(key_for_position(home, visited, USD))
                .unwrap_or_default();
            assert_eq!(owed.amount, world.books.position(home, visited, USD));
            assert!(owed.amount >= Micro::ZERO);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn credits_and_cases_keep_the_books_true(steps in prop::collection::vec((0u8..11, 0u8..4, any::<u8>(), any::<u16>()), 1..80)) {
        let mut world = World::ready();
        let charges: Vec<Charge> = [("APC", "DUK"), ("APC", "DUK"), ("DUK", "GPC"), ("GPC", "GPC")].iter().zip(1u8..).map(|((home, visited), i)| {
            let mut charge = Charge::new(home, visited, i);
            charge.energy = kwh(u64::from(i) * 5 + 3);
            if i == 2 {
                // Home bears the whole discount: its share is negative.
                charge.tier = fairway_model::profile::Tier::Platinum;
            }
            world.must(visited, place(&charge));
            world.must(visited, settle(charge.settlement()));
            charge
        }).collect();
        for step in steps {
            random(&mut world, &charges, step);
            check(&world, &charges);
        }
    }
}
