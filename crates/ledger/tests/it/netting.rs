//! Netting of random graphs equals gross settlement, and makes nobody owe more.

use crate::world::{CHAIN, T0, key, usd};
use fairway_ledger::money::state::CycleState;
use fairway_ledger::money::{
    CloseCycle, CycleSummary, MoneyEffect, MoneyOperation, NetTransfer, ObligationId,
    PaymentReceived, PositionState, UtcDay, key_for_cycle, net,
};
use fairway_ledger::state::BalanceState;
use fairway_ledger::{
    Account, Block, Contracts, Effect, Genesis, Key, Operation, Payment, Receipt, Transaction,
    TxNonce, key_for_account, key_for_position,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::ids::MemberId;
use fairway_model::money::{Currency, Micro};
use fairway_model::registry::{Member, MemberKind};
use fairway_model::time::Time;
use proptest::prelude::*;
use std::collections::BTreeMap;

const USD: Currency = Currency::USD;

fn name(number: usize) -> String {
    format!("M{number:02}")
}

fn member(number: usize) -> MemberId {
    MemberId::parse(&format!("US*{}", name(number))).unwrap()
}

/// Contracts with so many utilities, and positions as charges of the day before leave them.
struct Field {
    contracts: Contracts,
    state: BTreeMap<Key, Vec<u8>>,
    time: Time,
    nonce: u128,
}

impl Field {
    fn new(members: usize, edges: &[(MemberId, MemberId, Micro)]) -> Self {
        let of = |number: usize| Member {
            id: member(number),
            name: name(number),
            kind: MemberKind::Utility,
            key: key(&name(number)).public(),
            validator: None,
            endpoint: "https://127.0.0.1:1".to_owned(),
            tls_fingerprint: Hash::plain(name(number).as_bytes()),
            encryption: None,
        };
        let genesis = Genesis {
            chain_id: CHAIN.to_owned(),
            members: (0..members).map(of).collect(),
        };
        let contracts = Contracts::new(&genesis).unwrap();
        let mut state = contracts.genesis().clone();
        for (debtor, creditor, amount) in edges {
            let at = key_for_position(*debtor, *creditor, USD);
            let mut position: PositionState = state
                .get(&at)
                .map(|bytes| PositionState::from_bytes(bytes).unwrap())
                .unwrap_or_default();
            position.grow(*amount, UtcDay::of(T0)).unwrap();
            state.insert(at, position.to_bytes());
        }
        Self {
            contracts,
            state,
            time: UtcDay::of(T0).plus(1).begin(),
            nonce: 0,
        }
    }

    fn run(&mut self, by: MemberId, operation: Operation) -> Receipt {
        self.nonce += 1;
        self.time = self.time.plus(1_000);
        let nonce = TxNonce(self.nonce.to_be_bytes());
        let tx = Transaction::sign(CHAIN, by, nonce, operation, &key(&by.party())).to_bytes();
        assert_eq!(self.contracts.admit(&[&tx]), vec![Ok(())]);
        let view: BTreeMap<Key, Vec<u8>> = self
            .contracts
            .reads(&tx)
            .into_iter()
            .filter_map(|k| self.state.get(&k).map(|v| (k, v.clone())))
            .collect();
        let block = Block {
            height: 9,
            time: self.time,
        };
        let (receipts, writes) = self.contracts.execute(block, &[&tx], &view);
        self.state
            .extend(writes.into_iter().map(|(k, v)| (k, v.unwrap())));
        Receipt::from_bytes(&receipts[0]).unwrap()
    }

    fn close(&mut self, members: usize) -> CycleSummary {
        let request = CloseCycle {
            currency: USD,
            cycle: UtcDay::of(self.time),
            members: (0..members).map(member).collect(),
        };
        let operation = MoneyOperation::CloseCycle(request);
        let receipt = self.run(member(0), Operation::Money(Box::new(operation)));
        assert_eq!(receipt.refusal(), None);
        match receipt.effect() {
            Some(Effect::Money(effect)) => match &**effect {
                MoneyEffect::CycleClosed(summary) => summary.clone(),
                _ => unreachable!(),
            },
            _ => unreachable!(),
        }
    }

    fn account(&self, who: MemberId) -> Micro {
        self.state
            .get(&key_for_account(&Account::Member(who), USD))
            .map(|bytes| BalanceState::from_bytes(bytes).unwrap().amount)
            .unwrap_or_default()
    }

    fn position(&self, debtor: MemberId, creditor: MemberId) -> PositionState {
        self.state
            .get(&key_for_position(debtor, creditor, USD))
            .map(|bytes| PositionState::from_bytes(bytes).unwrap())
            .unwrap_or_default()
    }
}

/// What a member owes, or (`false`) is owed, in all.
fn total(edges: &[(MemberId, MemberId, Micro)], who: MemberId, owes: bool) -> Micro {
    let mine = edges.iter().filter(|(debtor, creditor, _)| {
        if owes {
            *debtor == who
        } else {
            *creditor == who
        }
    });
    Micro::sum(mine.map(|(_, _, amount)| *amount)).unwrap()
}

/// So many members, and who owes whom how much.
fn graphs() -> impl Strategy<Value = (usize, Vec<(MemberId, MemberId, Micro)>)> {
    (2usize..=20).prop_flat_map(|members| {
        let edge = (0..members, 0..members, 1i64..2_000_000_000);
        let edges = prop::collection::vec(edge, 1..60).prop_map(move |edges| {
            edges
                .into_iter()
                .map(|(a, b, amount)| {
                    let b = if a == b { (a + 1) % members } else { b };
                    // A third of the amounts are alike, so that exact pairs occur.
                    let amount = if amount % 3 == 0 { 1_000_000 } else { amount };
                    (member(a), member(b), Micro(amount))
                })
                .collect::<Vec<_>>()
        });
        (Just(members), edges)
    })
}

/// The creditor's words that a transfer was paid, its carried rest too.
fn payments(number: usize, cycle: UtcDay, transfer: &NetTransfer) -> Vec<Operation> {
    let NetTransfer {
        debtor,
        creditor,
        amount,
        carried,
    } = *transfer;
    let reference = |what: &str| Hash::plain(format!("{what} {number}").as_bytes());
    let obligation = ObligationId {
        currency: USD,
        cycle,
        debtor,
        creditor,
    };
    let received = MoneyOperation::PaymentReceived(PaymentReceived {
        obligation,
        amount,
        reference: reference("obligation"),
    });
    let rest = Operation::ConfirmPayment(Payment {
        debtor,
        creditor,
        currency: USD,
        amount: carried,
        reference: reference("rest"),
    });
    let both = [
        (amount, Operation::Money(Box::new(received))),
        (carried, rest),
    ];
    let due = both.into_iter().filter(|(amount, _)| *amount > Micro::ZERO);
    due.map(|(_, operation)| operation).collect()
}

/// What is owed after a close: obligations and what is carried together.
fn obligations(summary: &CycleSummary) -> Vec<(MemberId, MemberId, Micro)> {
    let all = summary.transfers.iter();
    all.map(|t| (t.debtor, t.creditor, t.whole().unwrap()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Everybody pays everything: once gross, once after netting. Every member's account ends alike.
    #[test]
    fn netting_equals_gross_settlement((members, edges) in graphs()) {
        let mut gross = Field::new(members, &edges);
        for (number, (debtor, creditor, amount)) in edges.iter().enumerate() {
            let payment = Payment {
                debtor: *debtor,
                creditor: *creditor,
                currency: USD,
                amount: *amount,
                reference: Hash::plain(&number.to_be_bytes()),
            };
            let receipt = gross.run(*creditor, Operation::ConfirmPayment(payment));
            prop_assert!(receipt.refusal().is_none(), "{receipt:?}");
        }
        let mut netted = Field::new(members, &edges);
        let summary = netted.close(members);
        let (owed, cycle) = (obligations(&summary), summary.cycle);

        // The laws of the close itself.
        prop_assert_eq!(summary.gross, Micro::sum(edges.iter().map(|e| e.2)).unwrap());
        prop_assert_eq!(summary.net, Micro::sum(summary.transfers.iter().map(|t| t.amount)).unwrap());
        for transfer in &summary.transfers {
            prop_assert_eq!(transfer.amount.0 % USD.micros_per_minor(), 0);
            prop_assert!((0..USD.micros_per_minor()).contains(&transfer.carried.0));
        }
        prop_assert!(summary.net <= summary.gross);
        prop_assert!(owed.len() < members);
        let nets = net::balances(edges.iter().copied()).unwrap();
        prop_assert_eq!(Micro::sum(nets.values().copied()), Ok(Micro::ZERO));
        for number in 0..members {
            let who = member(number);
            prop_assert!(total(&owed, who, true) <= total(&edges, who, true), "{who} owes more");
            prop_assert!(total(&owed, who, false) <= total(&edges, who, false), "{who} is owed more");
            let balance = total(&owed, who, false).minus(total(&owed, who, true)).unwrap();
            prop_assert_eq!(balance, nets.get(&who).copied().unwrap_or_default());
            prop_assert_eq!(netted.account(who), Micro::ZERO, "a close posts nothing");
        }
        for (debtor, creditor, _) in &edges {
            let carried = summary.transfers.iter().find(|t| (t.debtor, t.creditor) == (*debtor, *creditor));
            let rest = carried.map(|t| t.carried).unwrap_or_default();
            prop_assert_eq!(netted.position(*debtor, *creditor).amount, rest);
        }
        let record = CycleState::from_bytes(&netted.state[&key_for_cycle(USD, cycle)]).unwrap();
        prop_assert_eq!(&record.summary, &summary);

        for (number, transfer) in summary.transfers.iter().enumerate() {
            for operation in payments(number, cycle, transfer) {
                let receipt = netted.run(transfer.creditor, operation);
                prop_assert!(receipt.refusal().is_none(), "{receipt:?}");
            }
        }
        for number in 0..members {
            prop_assert_eq!(netted.account(member(number)), gross.account(member(number)));
        }
        for (debtor, creditor, _) in &owed {
            prop_assert_eq!(netted.position(*debtor, *creditor).obliged, None);
        }
    }

    /// The transfers depend on the balances alone, not on who owed whom.
    #[test]
    fn the_same_balances_give_the_same_transfers((_, edges) in graphs()) {
        let nets = net::balances(edges.iter().copied()).unwrap();
        let found = net::transfers(&nets).unwrap();
        let again = net::balances(found.iter().copied()).unwrap();
        prop_assert_eq!(net::transfers(&again).unwrap(), found);
    }
}

/// A ring of debts vanishes; a chain becomes one payment.
#[test]
fn rings_vanish_and_chains_shorten() {
    let [a, b, c] = [0, 1, 2].map(member);
    let ring = [(a, b, usd("5")), (b, c, usd("5")), (c, a, usd("5"))];
    let summary = Field::new(3, &ring).close(3);
    assert_eq!((summary.gross, summary.net), (usd("15"), Micro::ZERO));
    assert_eq!(summary.transfers, []);
    let chain = [(a, b, usd("5")), (b, c, usd("5"))];
    let summary = Field::new(3, &chain).close(3);
    assert_eq!(obligations(&summary), [(a, c, usd("5"))]);
    assert_eq!(
        (summary.gross, summary.net, summary.positions.len()),
        (usd("10"), usd("5"), 2)
    );
}

/// The largest netting that is allowed, each owing each.
#[test]
fn the_most_members_are_netted() {
    let most = fairway_ledger::limits::MAX_NETTING_MEMBERS;
    let edges: Vec<_> = (0..most)
        .flat_map(|a| (0..most).filter(move |b| *b != a).map(move |b| (a, b)))
        .map(|(a, b)| {
            let amount = i64::try_from(a * 7_919 + b * 104_729 + 1).unwrap();
            (member(a), member(b), Micro(amount))
        })
        .collect();
    let summary = Field::new(most, &edges).close(most);
    assert!(summary.transfers.len() < most);
    assert_eq!(summary.positions.len(), edges.len());
}
