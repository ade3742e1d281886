//! Random sequences of operations, good and bad, over a small world, and what holds after each.

use crate::world::{
    CHAIN, Charge, T0, USD, World, agreement, countersign, genesis, key, kwh, member, party, place,
    propose, settle, signed, usd, void,
};
use fairway_ledger::money::{
    CloseCycle, Debt, Mint, MoneyOperation, ObligationId, ObligationState, PaymentReceived, Pledge,
    PositionState, Redemption, RedemptionId, Reserve, UtcDay, key_for_obligation,
};
use fairway_ledger::state::{ChargeState, GuaranteeState, HeldState, HoldState, HoldStatus};
use fairway_ledger::{
    Account, Block, Books, Contracts, Dispute, DisputeReason, Effect, Key, Movements, Operation,
    Payment, Transaction, TxNonce, key_for_charge, key_for_guarantee, key_for_held, key_for_hold,
    key_for_position, worded,
};
use fairway_model::agreement::Agreement;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::{GuaranteeId, MemberId, OwnerId, SessionId};
use fairway_model::money::Micro;
use fairway_model::profile::Tier;
use fairway_model::time::{DAY, HOUR, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NAMES: [&str; 3] = ["APC", "DUK", "GPC"];
const SESSIONS: u8 = 8;
const GUARANTEES: u8 = 4;

/// Four small numbers that [`operation`] makes a step of.
type Step = (u8, u8, u8, u8);

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..34, 0..SESSIONS, 0u8..4, any::<u8>()), 1..most)
}

/// The charge of a session is always the same, but for what the last number spoils.
pub(crate) fn charge(session: u8, spoil: u8) -> Charge {
    let (home, visited) = (
        NAMES[usize::from(session % 3)],
        NAMES[usize::from(session / 3)],
    );
    let mut charge = Charge::new(home, visited, session);
    charge.guarantee.id = GuaranteeId([session % GUARANTEES; 16]);
    charge.tier = [Tier::Standard, Tier::Gold, Tier::Platinum][usize::from(session % 3)];
    charge.energy = kwh(u64::from(session) * 4 + 5);
    match spoil {
        0..8 => charge.hold = usd("5"),
        8..16 => charge.guarantee.limit = usd("30"),
        16..24 => charge.expires_at = T0.plus(HOUR),
        _ => {}
    }
    charge
}

/// Who signs, and what. Odd choices make refusals.
fn operation((kind, session, other, spoil): Step, time: Time) -> (&'static str, Operation) {
    let charge = charge(session, spoil);
    let (home, visited) = (charge.agreement.home, charge.agreement.visited);
    let name = |id| *NAMES.iter().find(|n| **n == party(id)).unwrap();
    let anybody = ["APC", "DUK", "GPC", "REG"][usize::from(other)];
    match kind {
        0..4 => (name(visited), place(&charge)),
        4..8 => (name(home), settle(charge.settlement())),
        8 => {
            let mut event = charge.event();
            event.total = event.total.plus(Micro(i64::from(spoil) * 10_000)).unwrap();
            (name(visited), settle(signed(event)))
        }
        9 => (anybody, void(&charge)),
        10 => (name(visited), void(&charge)),
        11 => {
            let amount = usd(if spoil < 128 { "1.25" } else { "1000" });
            let payment = Payment {
                debtor: home,
                creditor: visited,
                currency: USD,
                amount,
                reference: Hash::plain(&[spoil]),
            };
            (name(visited), Operation::ConfirmPayment(payment))
        }
        12 => {
            let dispute = Dispute {
                session: charge.session,
                reason: DisputeReason::Other,
                evidence: Hash::default(),
                claimed: None,
            };
            (anybody, Operation::Dispute(dispute))
        }
        13 => {
            let newer = worded(Agreement {
                valid_from: time.plus(HOUR),
                ..agreement(&party(home), &party(visited), 2 + u32::from(other))
            });
            if spoil < 128 {
                (name(visited), propose(&newer, name(visited)))
            } else {
                (name(home), countersign(&newer, name(home)))
            }
        }
        14 => {
            let from = time.plus(HOUR * i64::from(spoil));
            let id = charge.agreement.id();
            (
                anybody_or(name(home), spoil),
                Operation::TerminateAgreement {
                    agreement: id,
                    home,
                    visited,
                    from,
                },
            )
        }
        15 => (anybody, settle(charge.settlement())),
        _ => after_settlement((kind, session, other, spoil), time),
    }
}

/// Money operations between two of the three, good and bad.
fn after_settlement((kind, session, other, spoil): Step, time: Time) -> (&'static str, Operation) {
    let (debtor, creditor) = (
        NAMES[usize::from(session % 3)],
        NAMES[usize::from((session + 1 + other % 2) % 3)],
    );
    let issuer = NAMES[usize::from(spoil % 2)];
    let amount = Micro(i64::from(spoil / 2) * 100_000 + 10_000);
    let today = UtcDay::of(time);
    let obligation = ObligationId {
        currency: USD,
        cycle: UtcDay(today.0 - u32::from(spoil % 4)),
        debtor: member(debtor),
        creditor: member(creditor),
    };
    let pledge = Pledge {
        debtor: member(debtor),
        creditor: member(creditor),
        issuer: member(issuer),
        currency: USD,
        amount,
    };
    let redemption = Redemption {
        id: RedemptionId([other; 16]),
        issuer: member(issuer),
        currency: USD,
        amount: usd("2"),
    };
    let reference = Hash::plain(&[spoil]);
    let (by, operation) = match kind {
        16..19 => {
            let names = ["APC", "DUK", "GPC", "REG"];
            let members = names.iter().take(if spoil < 8 { 3 } else { 4 });
            let request = CloseCycle {
                currency: USD,
                cycle: UtcDay(today.0 + u32::from(spoil % 8 == 7)),
                members: members.map(|name| member(name)).collect(),
            };
            (debtor, MoneyOperation::CloseCycle(request))
        }
        19 => (
            debtor,
            MoneyOperation::ChargeInterest {
                obligation,
                through: today,
            },
        ),
        20 => {
            let received = PaymentReceived {
                obligation,
                amount,
                reference,
            };
            (creditor, MoneyOperation::PaymentReceived(received))
        }
        21 | 22 => {
            let debt = Debt::Obligation(obligation);
            (debtor, pay(debt, issuer, amount))
        }
        23 => {
            let debt = Debt::Position {
                debtor: member(debtor),
                creditor: member(creditor),
                currency: USD,
            };
            (debtor, pay(debt, issuer, amount))
        }
        24 => (
            issuer,
            MoneyOperation::RegisterIssuer {
                currency: USD,
                cap: usd("300"),
                terms: reference,
            },
        ),
        25 => (
            debtor,
            MoneyOperation::AcceptIssuer {
                issuer: member(issuer),
                currency: USD,
                limit: usd("250"),
            },
        ),
        26 | 27 => {
            let mint = Mint {
                holder: member(debtor),
                currency: USD,
                amount: amount.plus(usd("20")).unwrap(),
                reserve: Reserve {
                    statement: reference,
                    amount: usd("200"),
                    as_of: time,
                },
            };
            (issuer, MoneyOperation::Mint(mint))
        }
        28 => (
            debtor,
            MoneyOperation::Transfer {
                to: member(creditor),
                issuer: member(issuer),
                currency: USD,
                amount,
                note: reference,
            },
        ),
        29 => (debtor, MoneyOperation::RequestRedemption(redemption)),
        30 => (
            debtor,
            MoneyOperation::ConfirmRedemption {
                redemption,
                reference,
            },
        ),
        31 => (debtor, MoneyOperation::DepositCollateral(pledge)),
        32 => (
            if other < 2 { debtor } else { creditor },
            MoneyOperation::ReleaseCollateral(pledge),
        ),
        _ => (
            creditor,
            MoneyOperation::Cover {
                obligation,
                issuer: member(issuer),
                amount,
            },
        ),
    };
    (by, Operation::Money(Box::new(operation)))
}

fn pay(debt: Debt, issuer: &str, amount: Micro) -> MoneyOperation {
    MoneyOperation::Pay {
        debt,
        issuer: member(issuer),
        amount,
    }
}

fn anybody_or(name: &'static str, spoil: u8) -> &'static str {
    if spoil < 32 { "REG" } else { name }
}

fn add<K: Ord>(sums: &mut BTreeMap<K, Micro>, key: K, amount: Micro) {
    let sum = sums.entry(key).or_default();
    *sum = sum.plus(amount).unwrap();
}

/// Holds, guarantees, positions and accounts in the state agree with each other and with the books.
fn check(world: &World) {
    let (mut sums, mut reserved, mut charged) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for session in 0..SESSIONS {
        let id = SessionId([session; 16]);
        let Some(hold) = world.get::<HoldState>(key_for_hold(id)) else {
            continue;
        };
        if hold.status == HoldStatus::Pending {
            add(&mut sums, (hold.home, hold.visited), hold.amount);
            add(&mut reserved, (hold.home, hold.guarantee), hold.amount);
        }
        let settled: Option<ChargeState> = world.get(key_for_charge(id));
        assert_eq!(settled.is_some(), hold.status == HoldStatus::Posted);
        if let Some(state) = settled {
            let shares = state.shares;
            assert_eq!(
                Micro::sum([shares.home, shares.visited, shares.owner, shares.tax]),
                Ok(state.total)
            );
            add(&mut charged, (hold.home, hold.guarantee), state.total);
        }
    }
    for home in NAMES.map(member) {
        for visited in NAMES.map(member) {
            let state: HeldState = world
                .get(key_for_held(home, visited, USD))
                .unwrap_or_default();
            assert_eq!(
                state.amount,
                sums.get(&(home, visited)).copied().unwrap_or_default()
            );
            let owed: PositionState = world
                .get(key_for_position(home, visited, USD))
                .unwrap_or_default();
            assert_eq!(owed.amount, world.books.position(home, visited, USD));
            assert!(owed.amount >= Micro::ZERO);
            check_direction(world, (home, visited), &owed);
        }
        for guarantee in (0..GUARANTEES).map(|n| GuaranteeId([n; 16])) {
            let Some(usage) = world.get::<GuaranteeState>(key_for_guarantee(home, guarantee))
            else {
                continue;
            };
            let key = (home, guarantee);
            let expected =
                [&reserved, &charged].map(|sums| sums.get(&key).copied().unwrap_or_default());
            assert_eq!([usage.held, usage.charged], expected);
            assert!(usage.held.plus(usage.charged).unwrap() <= usage.limit);
        }
    }
    check_accounts(world);
}

/// Obligations and collateral of a direction are the sum of their parts, in the state and in the books.
fn check_direction(world: &World, (debtor, creditor): (MemberId, MemberId), state: &PositionState) {
    let mut obliged = Micro::ZERO;
    for balance in world.books.balances() {
        let value = world.state.get(&balance.key).map(Vec::as_slice);
        assert_eq!(balance.compare(value), Ok(()));
    }
    for id in world.books.obligations() {
        if (id.debtor, id.creditor) == (debtor, creditor) {
            let stored: ObligationState = world.get(key_for_obligation(id)).unwrap();
            assert_eq!(stored.open(), Ok(world.books.obligation(id)));
            assert!(stored.principal >= Micro::ZERO && stored.interest >= Micro::ZERO);
            obliged = obliged.plus(stored.open().unwrap()).unwrap();
        }
    }
    assert_eq!(state.obliged.unwrap_or_default(), obliged);
    let pledged = NAMES.map(|issuer| {
        world.account(&Account::Collateral {
            debtor,
            creditor,
            issuer: member(issuer),
        })
    });
    let sum = Micro::sum(pledged).unwrap();
    assert_eq!(state.collateral.unwrap_or_default(), sum);
}

/// Every account that three members can have, claims on one issuer apart.
fn claims(issuer: MemberId) -> Vec<Account> {
    let mut accounts = Vec::new();
    for holder in NAMES.map(member) {
        accounts.push(Account::Token { holder, issuer });
        accounts.push(Account::Redeeming { holder, issuer });
        accounts.extend(NAMES.map(|creditor| Account::Collateral {
            debtor: holder,
            creditor: member(creditor),
            issuer,
        }));
    }
    accounts
}

fn check_accounts(world: &World) {
    let owner = Account::Owner(OwnerId::parse("OWNER-1").unwrap());
    let members = NAMES
        .iter()
        .flat_map(|n| [Account::Member(member(n)), Account::Tax(member(n))]);
    let balance = |account: Account| {
        assert_eq!(world.account(&account), world.books.account(&account, USD));
        world.account(&account)
    };
    let balances: Vec<Micro> = members.chain([owner]).map(balance).collect();
    for issuer in NAMES.map(member) {
        let issued = balance(Account::Issued(issuer));
        let held: Vec<Micro> = claims(issuer).into_iter().map(balance).collect();
        assert!(held.iter().all(|amount| *amount >= Micro::ZERO));
        let circulation = Micro::sum(held).unwrap();
        assert_eq!(issued.plus(circulation), Ok(Micro::ZERO));
        assert!(circulation <= usd("200"), "more tokens than reserve");
    }
    assert_eq!(Micro::sum(balances), Ok(Micro::ZERO));
}

/// A hold that was just placed is inside what the agreement lets stand open.
fn check_exposure(world: &World, (home, visited): (MemberId, MemberId)) {
    let held: HeldState = world
        .get(key_for_held(home, visited, USD))
        .unwrap_or_default();
    let position: PositionState = world
        .get(key_for_position(home, visited, USD))
        .unwrap_or_default();
    let exposure = held.amount.plus(position.unsecured().unwrap()).unwrap();
    assert!(exposure <= usd("100"), "{exposure:?}");
}

type Run = (Vec<Vec<u8>>, BTreeMap<Key, Option<Vec<u8>>>);

/// Whoever has the records from some place on only, finds by how much each account changed since.
fn check_part(world: &World, from: usize, before: &Books) {
    let mut part = Movements::default();
    for (tx, receipt) in &world.log[from..] {
        part.record(tx, receipt).unwrap();
    }
    for (account, currency, amount) in world.books.accounts() {
        let moved = part.account(account, currency);
        let then = before.account(account, currency);
        assert_eq!(then.plus(moved), Ok(amount), "{account}");
    }
    for currency in part.currencies() {
        assert_eq!(part.sum(currency), Ok(Micro::ZERO));
    }
    assert_eq!(part.charges(), world.books.charges() - before.charges());
}

/// The same block given in parts of one size.
fn run(contracts: &Contracts, start: &BTreeMap<Key, Vec<u8>>, txs: &[Vec<u8>], part: usize) -> Run {
    let block = Block {
        height: 7,
        time: T0.plus(60_000),
    };
    let (mut state, mut receipts, mut writes) = (start.clone(), Vec::new(), BTreeMap::new());
    for txs in txs.chunks(part) {
        let done = contracts.execute(block, txs, &state);
        receipts.extend(done.0);
        state.extend(done.1.iter().map(|(k, v)| (*k, v.clone().unwrap())));
        writes.extend(done.1);
    }
    (receipts, writes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn books_stay_true_after_every_operation(steps in steps(60), begin in any::<prop::sample::Index>()) {
        let mut world = World::ready();
        let (begin, mut part) = (begin.index(steps.len()), None);
        for (number, step) in steps.into_iter().enumerate() {
            if number == begin {
                part = Some((world.log.len(), world.books.clone()));
            }
            let (by, operation) = operation(step, world.time);
            let receipt = world.run(by, operation);
            if matches!(receipt.effect(), Some(Effect::HoldPlaced { .. })) {
                let charge = charge(step.1, step.3);
                check_exposure(&world, (charge.agreement.home, charge.agreement.visited));
            }
            if step.0 == 9 && step.3 > 200 {
                world.time = world.time.plus(HOUR / 2);
            }
            if step.0 >= 16 && step.3 > 224 {
                world.time = world.time.plus(DAY * i64::from(1 + step.2 * 6));
            }
            check(&world);
        }
        if let Some((from, before)) = part {
            check_part(&world, from, &before);
        }
    }

    #[test]
    fn batches_and_threads_change_nothing(steps in steps(40), part in 1usize..12) {
        let world = World::ready();
        let txs: Vec<Vec<u8>> = (0u128..).zip(steps).map(|(i, step)| {
            let (by, operation) = operation(step, world.time);
            // Every fifth nonce is used twice.
            let nonce = TxNonce((1_000 + i - u128::from(i % 5 == 4)).to_be_bytes());
            Transaction::sign(CHAIN, member(by), nonce, operation, &key(by)).to_bytes()
        }).collect();
        let whole = run(&world.contracts, &world.state, &txs, txs.len());
        prop_assert_eq!(&run(&world.contracts, &world.state, &txs, part), &whole);
        let cold = std::thread::scope(|scope| {
            let worker = || run(&Contracts::new(&genesis()).unwrap(), &world.state, &txs, part);
            [scope.spawn(worker), scope.spawn(worker)].map(|t| t.join().unwrap())
        });
        prop_assert_eq!(&cold[0], &whole);
        prop_assert_eq!(&cold[1], &whole);
    }

    /// Whatever bytes come, there is a verdict or a receipt, and no panic.
    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>(), flip in any::<u8>()) {
        let world = World::new();
        let block = Block { height: 1, time: T0 };
        prop_assert!(world.contracts.admit(&[&bytes]).remove(0).is_err());
        world.contracts.execute(block, &[&bytes], &world.state);
        bytes = Transaction::sign(CHAIN, member("DUK"), TxNonce([0; 16]), place(&charge(1, 99)), &key("DUK")).to_bytes();
        let at = cut.index(bytes.len());
        bytes[at] ^= flip | 1;
        prop_assert!(world.contracts.admit(&[&bytes]).remove(0).is_err());
        world.contracts.reads(&bytes);
        world.contracts.execute(block, &[&bytes], &world.state);
    }
}

/// Without this the properties above could hold because nothing ever happens.
#[test]
fn random_sequences_do_settle() {
    let mut world = World::ready();
    for session in 0..SESSIONS {
        for kind in [0, 4] {
            let (by, operation) = operation((kind, session, 0, 255), world.time);
            world.run(by, operation);
            check(&world);
        }
    }
    assert!(world.books.charges() >= 6, "{}", world.books);
    // The same for what follows a settlement: issued, netted, paid with tokens, secured.
    let count = |world: &mut World, kinds: &[u8]| {
        let mut applied = 0;
        for (kind, session) in kinds
            .iter()
            .flat_map(|k| (0..SESSIONS).map(move |s| (*k, s)))
        {
            for (other, spoil) in [(0, 200), (1, 13), (2, 100), (3, 12)] {
                let (by, operation) = operation((kind, session, other, spoil), world.time);
                applied += u32::from(world.run(by, operation).refusal().is_none());
                check(world);
            }
        }
        applied
    };
    assert_eq!(count(&mut world, &[16]), 0, "nothing stood at midnight");
    assert!(count(&mut world, &[24, 25, 26, 28]) > 8);
    world.time = world.time.plus(DAY);
    assert_eq!(count(&mut world, &[16]), 1, "closed once");
    assert!(count(&mut world, &[20, 21, 31, 32]) > 8);
    assert!(count(&mut world, &[29]) > 0 && count(&mut world, &[30]) > 0);
    world.time = world.time.plus(3 * DAY);
    assert_eq!(count(&mut world, &[19]), 0, "not overdue");
    assert!(world.books.obligations().count() > 0, "{}", world.books);
}
