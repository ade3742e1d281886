//! Service levels: claims, answers, cycles and their penalties; and the contract's text.

use crate::life::terms;
use crate::sharing::{NASH, SHAPLEY, with_ad_hoc, with_alone, with_costs};
use crate::table::Table;
use crate::world::{
    Charge, T0, USD, World, agreement, countersign, key, member, place, propose, settle, usd,
};
use expect_test::{expect, expect_file};
use fairway_ledger::life::{
    Count, MAX_CYCLES, PairUse, Release, ServiceClaim, key_for_board, key_for_claim, key_for_use,
    penalty,
};
use fairway_ledger::money::PositionState;
use fairway_ledger::{
    BoardOffer, Books, BooksError, Effect, Ground, Operation, Outcome, Receipt, TermsEffect,
    TermsOperation, contract_text, key_for_agreement_status, key_for_position, text_hash, worded,
};
use fairway_model::agreement::{
    AGREEMENT_DOMAIN, Agreement, AgreementId, ServiceLevel, SessionCaps,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::{MemberId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::service::ServiceRequest;
use fairway_model::time::{DAY, HOUR, MINUTE, Time};
use std::collections::BTreeSet;

const LEVEL: ServiceLevel = ServiceLevel {
    least_served_bps: 9_000,
    penalty: Micro(5_000_000),
    penalty_cap: Micro(12_000_000),
    answer_hours: 24,
};

/// Terms with a service level and cycles of a day; the second begins at T0.
fn bound(version: u32) -> Agreement {
    worded(Agreement {
        service: Some(LEVEL),
        netting_days: 1,
        ..agreement("APC", "DUK", version)
    })
}

fn request(a: &Agreement, n: u8, asked_at: Time) -> ServiceRequest {
    ServiceRequest {
        session: SessionId([n; 16]),
        agreement: a.id(),
        home: a.home,
        visited: a.visited,
        asked_at,
    }
}

fn claim(request: ServiceRequest) -> Operation {
    claim_by(request, "DUK")
}

fn claim_by(request: ServiceRequest, signer: &str) -> Operation {
    terms(TermsOperation::ClaimRefusal(Box::new(ServiceClaim {
        request,
        visited_key: key(signer).public(),
        visited_signature: request.sign(&key(signer)),
    })))
}

fn answer(request: ServiceRequest, release_by: Option<&str>) -> Operation {
    let release = release_by.map(|home| Release {
        home_key: key(home).public(),
        home_signature: request.release(&key(home)),
    });
    terms(TermsOperation::AnswerRefusal { request, release })
}

fn close(a: &Agreement, cycle: u64, currency: Currency) -> Operation {
    terms(TermsOperation::CloseCycle {
        agreement: a.id(),
        home: a.home,
        visited: a.visited,
        currency,
        cycle,
    })
}

fn under(a: &Agreement, n: u8) -> Charge {
    let mut charge = Charge::new("APC", "DUK", n);
    (charge.agreement, charge.guarantee.agreement) = (a.clone(), a.id());
    charge.start = T0.plus(MINUTE);
    charge.expires_at = T0.plus(6 * HOUR);
    charge
}

#[test]
fn refusals_are_claimed_answered_and_paid_for() {
    let mut t = Table::on(World::ready());
    let a = bound(2);
    t.world.agree(&a);
    t.row("hold", "DUK", place(&under(&a, 1)));
    t.world.time = T0.plus(HOUR);
    t.row("served", "DUK", settle(under(&a, 1).settlement()));
    let ask = |n| request(&a, n, T0.plus(10 * MINUTE));
    t.row("claim by the visited", "DUK", claim(ask(2)));
    t.row("claim by a stranger", "GPC", claim(ask(2)));
    t.row("claim signed by another", "APC", claim_by(ask(2), "GPC"));
    t.row("claim of a served driver", "APC", claim(ask(1)));
    let plain = agreement("APC", "DUK", 1);
    t.row(
        "claim without a service level",
        "APC",
        claim(request(&plain, 2, T0)),
    );
    t.row(
        "claim before the agreement",
        "APC",
        claim(request(&a, 2, T0.plus(-HOUR))),
    );
    t.row(
        "claim of tomorrow",
        "APC",
        claim(request(&a, 2, T0.plus(DAY))),
    );
    for n in 2..=6 {
        t.row(&format!("claim {n}"), "APC", claim(ask(n)));
    }
    t.row("claim again", "APC", claim(ask(2)));
    t.row("answer by home", "APC", answer(ask(2), Some("APC")));
    t.row("answer with nothing", "DUK", answer(ask(2), None));
    t.row(
        "answer with one's own release",
        "DUK",
        answer(ask(2), Some("DUK")),
    );
    t.row(
        "answer what nobody claimed",
        "DUK",
        answer(ask(9), Some("APC")),
    );
    let other = request(&a, 2, T0.plus(-DAY));
    t.row("answer another request", "DUK", answer(other, Some("APC")));
    t.row("answer with a release", "DUK", answer(ask(2), Some("APC")));
    t.row("answer again", "DUK", answer(ask(2), Some("APC")));
    t.row("hold of a claimed one", "DUK", place(&under(&a, 3)));
    t.row("answer with a hold", "DUK", answer(ask(3), None));
    t.row("close too early", "GPC", close(&a, 1, USD));
    t.world.time = T0.plus(2 * DAY);
    t.row("answer too late", "DUK", answer(ask(4), Some("APC")));
    t.world.time = T0.plus(8 * DAY);
    t.row("claim too late", "APC", claim(ask(7)));
    t.world.time = T0.plus(9 * DAY);
    t.row(
        "close in another currency",
        "GPC",
        close(&a, 1, Currency::EUR),
    );
    t.row("close a cycle without a count", "GPC", close(&a, 0, USD));
    t.row("close", "GPC", close(&a, 1, USD));
    t.row("close again", "APC", close(&a, 1, USD));
    t.row(
        "close without a service level",
        "GPC",
        close(&plain, 1, USD),
    );
    let (home, visited) = (member("APC"), member("DUK"));
    let owed: PositionState = t.world.get(key_for_position(visited, home, USD)).unwrap();
    let owed = owed.owed().unwrap();
    assert_eq!(owed, t.world.books.position(visited, home, USD));
    t.note("US*DUK owes US*APC", &owed.text(USD));
    expect![[r#"
        hold | DUK: HoldPlaced { session: ses_01010101010101010101010101010101, amount: 20.00 }
        served | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: 0bf54e8dd74ee7aa64eb9667265e3e852de5472dfa81d04c90590111f463cea6, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        claim by the visited | DUK: not-authorized: US*DUK cannot claim for a driver of US*APC; the home utility does
        claim by a stranger | GPC: not-authorized: US*GPC cannot claim for a driver of US*APC; the home utility does
        claim signed by another | APC: not-authorized: the service request is signed with caeae39a6e306ace1fe25f931845ddba7c49f5ea50a8b71a9d7c51f450cca1c7, which is not the registered key of US*DUK
        claim of a served driver | APC: claim-invalid: ses_01010101010101010101010101010101 has a hold: its driver was served
        claim without a service level | APC: claim-invalid: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 names no service level
        claim before the agreement | APC: claim-invalid: agr_c0a3b8fe86b2dfabd1776a56d395319cdbdb1b3653c22ef19fd711e09c5cc468 was not in force at 2026-11-23T07:00:00.000Z
        claim of tomorrow | APC: time-invalid: the driver asked at 2026-11-24T08:00:00.000Z; from 2026-11-16T09:00:08.000Z to 2026-11-23T09:00:08.000Z can be claimed
        claim 2 | APC: Terms(RefusalClaimed { session: ses_02020202020202020202020202020202, cycle: 1 })
        claim 3 | APC: Terms(RefusalClaimed { session: ses_03030303030303030303030303030303, cycle: 1 })
        claim 4 | APC: Terms(RefusalClaimed { session: ses_04040404040404040404040404040404, cycle: 1 })
        claim 5 | APC: Terms(RefusalClaimed { session: ses_05050505050505050505050505050505, cycle: 1 })
        claim 6 | APC: Terms(RefusalClaimed { session: ses_06060606060606060606060606060606, cycle: 1 })
        claim again | APC: duplicate: the refusal of ses_02020202020202020202020202020202 is claimed already
        answer by home | APC: not-authorized: US*APC cannot answer a claim against US*DUK
        answer with nothing | DUK: claim-invalid: ses_02020202020202020202020202020202 has no hold; an answer needs it, or home's release
        answer with one's own release | DUK: not-authorized: the release is signed with bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c, which is not the registered key of US*APC
        answer what nobody claimed | DUK: claim-invalid: no refusal of ses_09090909090909090909090909090909 is claimed
        answer another request | DUK: claim-invalid: the claim of ses_02020202020202020202020202020202 is of another request
        answer with a release | DUK: Terms(RefusalAnswered { session: ses_02020202020202020202020202020202, cycle: 1 })
        answer again | DUK: duplicate: the claim of ses_02020202020202020202020202020202 is answered already
        hold of a claimed one | DUK: HoldPlaced { session: ses_03030303030303030303030303030303, amount: 20.00 }
        answer with a hold | DUK: Terms(RefusalAnswered { session: ses_03030303030303030303030303030303, cycle: 1 })
        close too early | GPC: not-due: cycle 1 of agr_c0a3b8fe86b2dfabd1776a56d395319cdbdb1b3653c22ef19fd711e09c5cc468 can be closed from 2026-12-02T08:00:00.000Z on
        answer too late | DUK: time-invalid: the answer was due before 2026-11-24T09:00:11.000Z
        claim too late | APC: time-invalid: the driver asked at 2026-11-23T08:10:00.000Z; from 2026-11-24T08:00:01.000Z to 2026-12-01T08:00:01.000Z can be claimed
        close in another currency | GPC: id-conflict: the operation is in EUR, the agreement in USD
        close a cycle without a count | GPC: not-due: cycle 0 of agr_c0a3b8fe86b2dfabd1776a56d395319cdbdb1b3653c22ef19fd711e09c5cc468 is closed, or nothing was counted in it
        close | GPC: Terms(CycleClosed { agreement: AgreementId(c0a3b8fe86b2dfabd1776a56d395319cdbdb1b3653c22ef19fd711e09c5cc468), cycle: 1, served: 1, refused: 3, penalty: 12.00 }) member:US*DUK -12.00, member:US*APC 12.00
        close again | APC: not-due: cycle 1 of agr_c0a3b8fe86b2dfabd1776a56d395319cdbdb1b3653c22ef19fd711e09c5cc468 is closed, or nothing was counted in it
        close without a service level | GPC: claim-invalid: agr_1113b91aad74e631e51012320f4e1d71244fcb46b04909ff1507f4e042ee9ce1 names no service level
        US*DUK owes US*APC | 12.00
    "#]].assert_eq(t.rows());
}

#[test]
fn no_driver_can_be_claimed_while_the_agreement_is_suspended() {
    let mut t = Table::on(World::ready());
    let a = bound(2);
    t.world.agree(&a);
    let before = t.world.time;
    let suspend = TermsOperation::Suspend {
        agreement: a.id(),
        home: a.home,
        visited: a.visited,
        ground: Ground::Technical,
        evidence: None,
    };
    t.row("suspend", "DUK", terms(suspend));
    t.world.time = T0.plus(HOUR);
    t.row("asked before", "APC", claim(request(&a, 1, before)));
    t.row(
        "asked since",
        "APC",
        claim(request(&a, 2, T0.plus(30 * MINUTE))),
    );
    expect![[r#"
        suspend | DUK: Terms(Suspended { agreement: AgreementId(c0a3b8fe86b2dfabd1776a56d395319cdbdb1b3653c22ef19fd711e09c5cc468), ground: Technical })
        asked before | APC: Terms(RefusalClaimed { session: ses_01010101010101010101010101010101, cycle: 1 })
        asked since | APC: claim-invalid: agr_c0a3b8fe86b2dfabd1776a56d395319cdbdb1b3653c22ef19fd711e09c5cc468 was suspended at 2026-11-23T08:30:00.000Z
    "#]].assert_eq(t.rows());
}

/// The penalty is a pure function; each row is served, refused, least part in basis points, what is owed.
#[test]
fn penalties_are_exact_and_capped() {
    let capped = |least, cap| ServiceLevel {
        least_served_bps: least,
        penalty_cap: usd(cap),
        ..LEVEL
    };
    for (served, refused, least, cap, owed) in [
        (0, 0, 10_000, "1000", "0"),
        (19, 1, 9_500, "1000", "0"),
        (19, 1, 9_501, "1000", "5"),
        (18, 2, 9_500, "1000", "5"),
        (0, 20, 9_500, "1000", "95"),
        (0, 20, 10_000, "1000", "100"),
        (0, 20, 10_000, "99.99", "99.99"),
        (5, 20, 0, "1000", "0"),
        (u32::MAX, u32::MAX, 10_000, "9000000", "9000000"),
    ] {
        let count = Count { served, refused };
        let got = penalty(&capped(least, cap), count).unwrap();
        assert_eq!(got, usd(owed), "{served} {refused} {least}");
    }
    let endless = ServiceLevel {
        penalty: Micro(i64::MAX),
        penalty_cap: Micro(i64::MAX),
        ..capped(10_000, "1")
    };
    let all = Count {
        served: 0,
        refused: u32::MAX,
    };
    assert_eq!(penalty(&endless, all), Ok(Micro(i64::MAX)));
}

/// Counts are bounded: cycles without refusals are forgotten when they are over, others at most [`MAX_CYCLES`] are kept.
#[test]
fn counts_are_bounded_and_the_auditor_follows() {
    let mut world = World::ready();
    let a = bound(2);
    world.agree(&a);
    for day in 0..80i64 {
        world.time = T0.plus(day * DAY + HOUR);
        let n = u8::try_from(day + 1).unwrap();
        world.must("APC", claim(request(&a, n, world.time.plus(-MINUTE))));
    }
    let present: PairUse = world.get(key_for_use(a.home, a.visited)).unwrap();
    assert_eq!(present.cycles.len(), MAX_CYCLES);
    let forgotten = world.run("GPC", close(&a, 1, USD));
    assert!(forgotten.refusal().is_some());
    let paid = world.must("GPC", close(&a, 30, USD));
    assert_eq!(paid.postings.len(), 2);
    assert_eq!(world.books.position(a.visited, a.home, USD), usd("5"));
}

/// A closing whose receipt states another penalty does not fold, however well its postings balance.
#[test]
fn an_auditor_does_not_believe_a_penalty() {
    let mut world = World::ready();
    let a = bound(2);
    world.agree(&a);
    world.must("APC", claim(request(&a, 1, world.time)));
    world.time = T0.plus(20 * DAY);
    world.must("APC", close(&a, 1, USD));
    let (last, before) = world.log.split_last().unwrap();
    let fold = |receipt: &[u8]| {
        let mut books = Books::default();
        for (tx, receipt) in before {
            books.record(tx, receipt).unwrap();
        }
        books.record(&last.0, receipt)
    };
    assert_eq!(fold(&last.1), Ok(()));
    let mut receipt = Receipt::from_bytes(&last.1).unwrap();
    for (posting, amount) in receipt.postings.iter_mut().zip([-6_000_000, 6_000_000]) {
        posting.amount = Micro(amount);
    }
    let differ = Err(BooksError::PostingsDiffer(receipt.transaction));
    assert_eq!(fold(&receipt.to_bytes()), differ);
    if let Outcome::Applied(Effect::Terms(TermsEffect::CycleClosed { penalty, .. })) =
        &mut receipt.outcome
    {
        *penalty = Micro(6_000_000);
    }
    assert_eq!(fold(&receipt.to_bytes()), differ);
}

fn with_forecast(
    edit: impl FnOnce(&mut fairway_model::forecast::ForecastTerms),
) -> fairway_model::forecast::ForecastTerms {
    let mut terms = crate::forecast_world::terms();
    edit(&mut terms);
    terms
}

/// Every term shows in the text, or two agreements would have one text.
#[test]
fn every_term_shows_in_the_text() {
    type Change = fn(&mut Agreement);
    let changes: &[Change] = &[
        |_| {},
        |a| a.version += 1,
        |a| a.home = a.visited,
        |a| a.visited = a.home,
        |a| a.currency = Currency::EUR,
        |a| a.valid_from = T0,
        |a| a.valid_until = T0,
        |a| a.tariffs.clear(),
        |a| a.tariffs[0].elements[0].components[0].price = Micro(1),
        |a| a.corridor.floor = Micro(1),
        |a| a.corridor.cap = Micro(1),
        |a| a.load_band.min_bps += 1,
        |a| a.load_band.max_bps += 1,
        |a| a.caps.energy_per_charge.0 += 1,
        |a| a.caps.amount_per_charge.0 += 1,
        |a| a.caps.exposure.0 += 1,
        |a| a.tiers.clear(),
        |a| a.tiers[0].tier = fairway_model::profile::Tier::Diamond,
        |a| a.tiers[0].discount_bps += 1,
        |a| a.tiers[0].home_bears_bps += 1,
        |a| a.split.home_bps += 1,
        |a| a.split.visited_bps += 1,
        |a| a.split.owner_bps += 1,
        |a| a.split_rule = Some(SHAPLEY),
        |a| a.split_rule = Some(with_costs(SHAPLEY, |c| c.energy_per_kwh.0 += 1)),
        |a| a.split_rule = Some(with_costs(SHAPLEY, |c| c.network_per_kwh.0 += 1)),
        |a| a.split_rule = Some(with_costs(SHAPLEY, |c| c.per_charge.0 += 1)),
        |a| (a.split_rule, a.split.owner_bps) = (Some(SHAPLEY), 999),
        |a| a.split_rule = Some(with_ad_hoc(|ad_hoc| ad_hoc.price_per_kwh.0 += 1)),
        |a| a.split_rule = Some(with_ad_hoc(|ad_hoc| ad_hoc.chance_bps += 1)),
        |a| a.split_rule = Some(NASH),
        |a| a.split_rule = Some(with_costs(NASH, |c| c.per_charge.0 += 1)),
        |a| a.split_rule = Some(with_alone(|alone| alone.home_per_kwh.0 += 1)),
        |a| a.split_rule = Some(with_alone(|alone| alone.visited_per_kwh.0 += 1)),
        |a| a.split_rule = Some(with_alone(|alone| alone.owner_per_kwh.0 += 1)),
        |a| a.forecast = Some(crate::forecast_world::terms()),
        |a| a.forecast = Some(with_forecast(|t| t.curve[1].level += 1)),
        |a| a.forecast = Some(with_forecast(|t| t.curve[1].bps += 1)),
        |a| a.forecast = Some(with_forecast(|t| t.step_bps += 1)),
        |a| a.forecast = Some(with_forecast(|t| t.notice_hours += 1)),
        |a| a.forecast = Some(with_forecast(|t| t.skill_days += 1)),
        |a| a.forecast = Some(with_forecast(|t| t.weekday_bps[5] += 1)),
        |a| a.forecast = Some(with_forecast(|t| t.weekend_bps[5] += 1)),
        |a| a.forecast = Some(with_forecast(|t| t.spare = Some(Hash::default()))),
        |a| a.forecast = Some(with_forecast(|t| t.stake = Some(Micro(5_000_000)))),
        |a| a.hold_ttl += 1,
        |a| a.netting_days += 1,
        |a| a.due_days += 1,
        |a| a.interest_bps += 1,
        |a| a.dispute_days += 1,
        |a| a.notice_days = Some(0),
        |a| a.notice_days = Some(1),
        |a| {
            a.session_caps = Some(SessionCaps {
                concurrent: Some(1),
                per_day: None,
            });
        },
        |a| {
            a.session_caps = Some(SessionCaps {
                concurrent: None,
                per_day: Some(1),
            });
        },
        |a| a.service = Some(LEVEL),
        |a| {
            a.service = Some(ServiceLevel {
                least_served_bps: 1,
                ..LEVEL
            });
        },
        |a| {
            a.service = Some(ServiceLevel {
                penalty: Micro(1),
                ..LEVEL
            });
        },
        |a| {
            a.service = Some(ServiceLevel {
                penalty_cap: Micro(1),
                ..LEVEL
            });
        },
        |a| {
            a.service = Some(ServiceLevel {
                answer_hours: 1,
                ..LEVEL
            });
        },
        |a| a.collateral = Some(Micro(1)),
        |a| a.model = Some(Hash([1; 32])),
        |a| a.rule = Some(Hash([1; 32])),
        |a| a.rule_fuel = Some(1),
        |a| a.annex_hash = Some(Hash([1; 32])),
    ];
    let texts: BTreeSet<String> = changes
        .iter()
        .map(|change| {
            let mut a = agreement("APC", "DUK", 1);
            change(&mut a);
            contract_text(&a)
        })
        .collect();
    assert_eq!(texts.len(), changes.len());
    assert!(texts.iter().all(|text| text.is_ascii()));
    // The text is of the terms, not of its own hash.
    let mut a = agreement("APC", "DUK", 1);
    let hash = text_hash(&a);
    a.text_hash = Hash::default();
    assert_eq!(text_hash(&a), hash);
}

/// The bytes of the text, forever: its SHA-256 is part of signed terms.
#[test]
fn the_text_keeps_its_bytes() {
    let a = worded(Agreement {
        notice_days: Some(30),
        session_caps: Some(SessionCaps {
            concurrent: Some(200),
            per_day: Some(1_000),
        }),
        collateral: Some(usd("2500")),
        annex_hash: Some(Hash::plain(b"annex")),
        ..bound(1)
    });
    expect_file!["../../../../fixtures/conformance/agreement-text.txt"]
        .assert_eq(&contract_text(&a));
}

/// Every byte of this group that is signed or stored, by its hash: equal on every build, forever. `UPDATE_EXPECT=1` writes the
/// file anew.
#[test]
fn conformance_hashes_of_terms_hold() {
    let mut world = World::ready();
    let (a, b) = (bound(2), bound(3));
    let ask = request(&a, 1, world.time.plus(20_000));
    let parties = |operation: fn(AgreementId, MemberId, MemberId) -> TermsOperation| {
        terms(operation(a.id(), a.home, a.visited))
    };
    let suspend = |agreement, home, visited| TermsOperation::Suspend {
        agreement,
        home,
        visited,
        ground: Ground::Security,
        evidence: Some(Hash::plain(b"log")),
    };
    let resume = |agreement, home, visited| TermsOperation::Resume {
        agreement,
        home,
        visited,
    };
    let breach = |agreement, home, visited| TermsOperation::Breach {
        agreement,
        home,
        visited,
        ground: Ground::Payment,
        evidence: Hash::plain(b"statement"),
    };
    let offer = BoardOffer {
        slot: 1,
        areas: vec!["SERC".to_owned()],
        currency: USD,
        energy_price: usd("0.38"),
        start_fee: usd("0.5"),
        corridor: a.corridor,
        home_bps: 800,
        least_served_bps: Some(9_500),
        valid_until: T0.plus(30 * DAY),
    };
    let counter = TermsOperation::Counter {
        supersedes: b.id(),
        agreement: Box::new(a.clone()),
        signature: key("APC").sign(AGREEMENT_DOMAIN, &a.to_bytes()),
    };
    let story = [
        ("post-offer", "DUK", terms(TermsOperation::PostOffer(offer))),
        ("propose", "DUK", propose(&b, "DUK")),
        ("counter", "APC", terms(counter)),
        ("countersign", "DUK", countersign(&a, "DUK")),
        ("claim-refusal", "APC", claim(ask)),
        ("answer-refusal", "DUK", answer(ask, Some("APC"))),
        ("suspend", "DUK", parties(suspend)),
        ("resume", "DUK", parties(resume)),
        ("breach", "APC", parties(breach)),
        (
            "withdraw-offer",
            "DUK",
            terms(TermsOperation::WithdrawOffer { slot: 1 }),
        ),
        ("close-cycle", "GPC", close(&a, 1, USD)),
    ];
    let mut lines = BTreeSet::new();
    let mut hash = |name: String, bytes: &[u8]| {
        assert!(lines.insert(format!("{name} {}", Hash::plain(bytes))));
    };
    for (name, by, operation) in story {
        match name {
            "claim-refusal" => world.time = ask.asked_at,
            "close-cycle" => world.time = T0.plus(30 * DAY),
            _ => {}
        }
        hash(format!("operation/{name}"), &operation.to_bytes());
        let receipt = world.must(by, operation);
        hash(format!("receipt/{name}"), &receipt.to_bytes());
        let keys = [
            ("status", key_for_agreement_status(a.id())),
            ("use", key_for_use(a.home, a.visited)),
            ("claim", key_for_claim(ask.session)),
            ("board", key_for_board(member("DUK"), 1)),
        ];
        for (what, key) in keys {
            if let Some(value) = world.state.get(&key) {
                hash(format!("state/{what} after {name}"), value);
            }
        }
    }
    let text: Vec<String> = lines.into_iter().collect();
    expect_file!["../../../../fixtures/conformance/ledger-terms.txt"].assert_eq(&text.join("\n"));
}
