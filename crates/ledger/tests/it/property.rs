//! Random sequences of operations, good and bad, over a small world, and what holds after each.

use crate::world::{
    CHAIN, Charge, T0, USD, World, agreement, countersign, genesis, key, kwh, member, party, place,
    propose, settle, signed, usd, void,
};
use fairway_ledger::state::{
    BalanceState, ChargeState, GuaranteeState, HeldState, HoldState, HoldStatus,
};
use fairway_ledger::{
    Account, Block, Contracts, Dispute, DisputeReason, Key, Operation, Payment, Transaction,
    TxNonce, key_for_charge, key_for_guarantee, key_for_held, key_for_hold, key_for_position,
};
use fairway_model::agreement::Agreement;
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::{GuaranteeId, OwnerId, SessionId};
use fairway_model::money::Micro;
use fairway_model::profile::Tier;
use fairway_model::time::{HOUR, Time};
use proptest::prelude::*;
use std::collections::BTreeMap;

const NAMES: [&str; 3] = ["APC", "DUK", "GPC"];
const SESSIONS: u8 = 8;
const GUARANTEES: u8 = 4;

/// Four small numbers that [`operation`] makes a step of.
type Step = (u8, u8, u8, u8);

fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec((0u8..16, 0..SESSIONS, 0u8..4, any::<u8>()), 1..most)
}

/// The charge of a session is always the same, but for what the last number spoils.
fn charge(session: u8, spoil: u8) -> Charge {
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
            let newer = Agreement {
                valid_from: time.plus(HOUR),
                ..agreement(&party(home), &party(visited), 2 + u32::from(other))
            };
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
        _ => (anybody, settle(charge.settlement())),
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
            let owed: BalanceState = world
                .get(key_for_position(home, visited, USD))
                .unwrap_or_default();
            assert_eq!(owed.amount, world.books.position(home, visited, USD));
            assert!(owed.amount >= Micro::ZERO);
            let exposure = state.amount.plus(owed.amount).unwrap();
            assert!(exposure <= usd("100"), "{exposure:?}");
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

fn check_accounts(world: &World) {
    let owner = Account::Owner(OwnerId::parse("OWNER-1").unwrap());
    let members = NAMES
        .iter()
        .flat_map(|n| [Account::Member(member(n)), Account::Tax(member(n))]);
    let balances = members.chain([owner]).map(|account| {
        assert_eq!(world.account(&account), world.books.account(&account, USD));
        world.account(&account)
    });
    assert_eq!(Micro::sum(balances), Ok(Micro::ZERO));
}

type Run = (Vec<Vec<u8>>, BTreeMap<Key, Option<Vec<u8>>>);

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
    fn books_stay_true_after_every_operation(steps in steps(60)) {
        let mut world = World::ready();
        for step in steps {
            let (by, operation) = operation(step, world.time);
            world.run(by, operation);
            if step.0 == 9 && step.3 > 200 {
                world.time = world.time.plus(HOUR / 2);
            }
            check(&world);
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
}
