//! The books under random operations: balanced, never below the floor, once is once, and the same after a restart.

use crate::world::*;
use fairway_aaa::accounts::journal::{AccountName, EntryKind, verify};
use fairway_aaa::accounts::{
    Accounts, CreditPosting, KEEP_POSTED, Payer, Reservation, SettledCharge,
};
use fairway_aaa::authz::Funds;
use fairway_aaa::{Customer, CustomerInput, StoreTable};
use fairway_model::time::MINUTE;
use fairway_model::{Currency, Micro, OwnerId, Payment, RefusalCode, Time};
use proptest::prelude::*;

fn make(input: &CustomerInput) -> Customer {
    let (node, _, key) = home_with(input);
    node.profiles().by_key(key).unwrap().clone()
}

#[derive(Debug, Clone)]
enum Op {
    PayIn(u32),
    Reserve(u8, u32),
    Place(u8, u8, u32),
    PlaceLate(u8, u8, u32),
    Release(u8),
    Post(u8, u8, u32, bool),
    PostVisited(u8, u32),
    Expire(u8),
}

fn op() -> impl Strategy<Value = Op> {
    let cents = 1u32..6_000;
    prop_oneof![
        cents.clone().prop_map(Op::PayIn),
        (0u8..6, cents.clone()).prop_map(|(g, m)| Op::Reserve(g, m)),
        (0u8..6, 0u8..12, cents.clone()).prop_map(|(g, s, m)| Op::Place(g, s, m)),
        (0u8..6, 0u8..12, cents.clone()).prop_map(|(g, s, m)| Op::PlaceLate(g, s, m)),
        (0u8..12).prop_map(Op::Release),
        (0u8..6, 0u8..12, cents.clone(), any::<bool>())
            .prop_map(|(g, s, m, own)| Op::Post(g, s, m, own)),
        (20u8..30, cents).prop_map(|(s, m)| Op::PostVisited(s, m)),
        (0u8..30).prop_map(Op::Expire),
    ]
}

struct Books {
    accounts: Accounts,
    db: Database,
    customer: Customer,
    now: Time,
}

impl Books {
    fn new(customer: Customer) -> Self {
        Self {
            accounts: Accounts::new(alp()),
            db: Database::default(),
            customer,
            now: Time(0),
        }
    }

    fn funds(&self) -> Funds {
        self.accounts
            .funds(self.customer.key, Currency::USD, self.customer.floor())
            .unwrap()
    }

    /// Runs an operation and stores what it returns; then the same again, which must change nothing.
    fn run(&mut self, op: &Op) {
        let cents = |m: u32| Micro(i64::from(m) * 10_000);
        match *op {
            Op::PayIn(m) => {
                let stored = self
                    .accounts
                    .pay_in(self.now, self.customer.key, Currency::USD, cents(m))
                    .unwrap();
                self.db.take(&stored);
            }
            Op::Expire(minutes) => {
                self.now = self.now.plus(i64::from(minutes) * MINUTE);
                let stored = self.accounts.expire(self.now);
                self.db.take(&stored);
                assert_eq!(self.accounts.expire(self.now), Vec::new());
            }
            ref other => {
                if let Ok(stored) = self.apply(other) {
                    self.db.take(&stored);
                    let again = self.apply(other);
                    let ended = again
                        .as_ref()
                        .is_err_and(|r| r.code == RefusalCode::CreditExhausted);
                    assert!(
                        ended || again == Ok(Vec::new()),
                        "{other:?} again: {again:?}"
                    );
                }
            }
        }
    }

    fn apply(&mut self, op: &Op) -> Result<Vec<fairway_aaa::StoredChange>, fairway_model::Refusal> {
        let cents = |m: u32| Micro(i64::from(m) * 10_000);
        let funds = self.funds();
        let now = self.now;
        match *op {
            Op::Reserve(g, m) => {
                let row = Reservation::new(
                    guarantee(g),
                    &self.customer,
                    cents(m),
                    now.plus(20 * MINUTE),
                );
                self.accounts.reserve(now, row, &funds)
            }
            Op::Place(g, s, m) => self.accounts.place(now, guarantee(g), session(s), cents(m)),
            Op::PlaceLate(g, s, m) => {
                let ended = self
                    .accounts
                    .reservation(guarantee(g))
                    .is_none_or(|r| r.ended);
                if !ended || self.accounts.is_posted(session(s)) {
                    return Ok(Vec::new());
                }
                let row = Reservation::new(guarantee(g), &self.customer, Micro::ZERO, now);
                self.accounts
                    .place_late(now, row, session(s), cents(m), &funds)
            }
            Op::Release(s) => Ok(self.accounts.release(now, session(s))),
            Op::Post(g, s, m, own) => self.post(s, if own { alp() } else { duk() }, cents(m), g),
            Op::PostVisited(s, m) => {
                let event = event(s, duk(), alp(), cents(m), guarantee(s));
                self.settle(&event)
            }
            Op::PayIn(_) | Op::Expire(_) => Ok(Vec::new()),
        }
    }

    fn post(
        &mut self,
        s: u8,
        visited: fairway_model::MemberId,
        total: Micro,
        g: u8,
    ) -> Result<Vec<fairway_aaa::StoredChange>, fairway_model::Refusal> {
        let event = event(s, alp(), visited, total, guarantee(g));
        self.settle(&event)
    }

    fn settle(
        &mut self,
        event: &fairway_model::ChargeEvent,
    ) -> Result<Vec<fairway_aaa::StoredChange>, fairway_model::Refusal> {
        let owner = OwnerId::parse("mall").unwrap();
        let prepaid = self.customer.payment == Payment::Prepaid;
        self.accounts.post_charge(
            self.now,
            self.month(),
            &SettledCharge {
                event,
                currency: Currency::USD,
                policy_version: 1,
                payer: Some(Payer {
                    customer: self.customer.key,
                    prepaid,
                }),
                owner: Some(&owner),
                jurisdiction: Some("US-AL"),
            },
        )
    }

    /// Half-hours stand for months here, so that operations fall into several.
    fn month(&self) -> (i64, i64) {
        let count = self.now.0 / (30 * MINUTE);
        (2_026 + count / 12, 1 + count % 12)
    }

    /// The results of all months are what the accounts hold.
    fn check_results(&self) {
        let mut all = std::collections::BTreeMap::new();
        for (key, sums) in self.accounts.results() {
            let (kept, given) = (sums.shares, sums.returned);
            let mut add = |name: String, amount: i64| *all.entry(name).or_insert(0) += amount;
            if key.home == alp() {
                add("revenue:home-share".to_owned(), kept.home.0 - given.home.0);
            }
            if key.visited == alp() {
                let visited = kept.visited.0 - given.visited.0;
                add("revenue:visited-share".to_owned(), visited);
                add("owner:mall".to_owned(), kept.owner.0 - given.owner.0);
                add("tax:US-AL".to_owned(), kept.tax.0 - given.tax.0);
            }
            let leaves = sums.total.0 - sums.credited.0 - (kept.home.0 - given.home.0);
            if key.visited != alp() {
                add(format!("payable:{}", key.visited), leaves);
            } else if key.home != alp() {
                add(format!("receivable:{}", key.home), -leaves);
            }
            add("shortfall".to_owned(), sums.shortfall.0);
        }
        for (name, sum) in all {
            let balance = self.accounts.balance(&name, Currency::USD);
            assert_eq!(balance, Micro(sum), "{name} by months");
        }
        let counted: u64 = self.accounts.results().map(|(_, s)| s.charges).sum();
        let posted = self.db.journal().into_iter().filter(|entry| {
            matches!(
                entry.kind,
                EntryKind::HomeCharge | EntryKind::VisitedCharge | EntryKind::OwnCharge
            )
        });
        assert_eq!(usize::try_from(counted).unwrap(), posted.count());
    }

    fn check(&self) {
        self.check_results();
        assert_eq!(self.accounts.trial_balance(), Ok(Micro::ZERO));
        let funds = self.funds();
        if self.customer.payment == Payment::Prepaid {
            assert!(
                funds.balance >= Micro::ZERO,
                "a prepaid balance below zero: {funds:?}"
            );
            assert!(
                funds.balance >= funds.reserved,
                "reserved more than there is: {funds:?}"
            );
        }
        for row in self.accounts.reservations(self.customer.key) {
            let held = Micro::sum(row.holds.values().copied()).unwrap();
            assert!(
                row.amount >= held,
                "a hold that nothing stands behind: {row:?}"
            );
            assert_eq!(row.free(), Micro(row.amount.0 - held.0));
        }
        let mut restored = Accounts::new(alp());
        for (key, row) in self.db.of(StoreTable::Balances) {
            restored.restore(key, &row.body).unwrap();
        }
        assert_eq!(
            restored, self.accounts,
            "what was stored makes the same books"
        );
    }

    fn check_journal(&self) {
        let entries = self.db.journal();
        assert_eq!(verify(&entries), Ok(self.accounts.totals().last));
        let mut sums = std::collections::BTreeMap::new();
        for line in entries.iter().flat_map(|e| &e.lines) {
            let sum: &mut i64 = sums.entry(line.account.as_str()).or_default();
            *sum += line.amount.0;
        }
        for (name, _, balance) in self.accounts.balances() {
            assert_eq!(
                sums.get(name).copied().unwrap_or(0),
                balance.0,
                "{name} recomputed from the journal"
            );
        }
        for entry in entries.iter().filter(|e| e.charge.is_some()) {
            let charge = entry.charge.as_ref().unwrap();
            assert!(!charge.tariff.is_empty() && charge.policy_version == 1);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn prepaid_books_hold_under_any_order(ops in prop::collection::vec(op(), 1..60)) {
        let mut books = Books::new(make(&prepaid(1)));
        for op in &ops {
            books.run(op);
            books.check();
        }
        books.check_journal();
    }

    #[test]
    fn postpaid_books_hold_under_any_order(ops in prop::collection::vec(op(), 1..60)) {
        let mut books = Books::new(make(&customer(1)));
        for op in &ops {
            books.run(op);
            books.check();
        }
        books.check_journal();
    }

    /// Charges within their guarantees never bring a postpaid customer beyond the credit limit.
    #[test]
    fn credit_limit_holds(charges in prop::collection::vec((0u8..6, 1u32..6_000, 1u32..100), 1..40)) {
        let mut books = Books::new(make(&customer(1)));
        for (n, (g, reserve, percent)) in (0u8..).zip(charges) {
            books.run(&Op::Reserve(g, reserve));
            let Some(free) = books.accounts.reservation(guarantee(g)).map(Reservation::free) else { continue };
            let total = free.scale(i64::from(percent), 100, fairway_model::Rounding::Down).unwrap();
            let total = total.round_to_minor(Currency::USD, fairway_model::Rounding::Down).unwrap();
            let stored = books.post(n, duk(), total, g).unwrap();
            books.db.take(&stored);
            books.check();
            let funds = books.funds();
            prop_assert!(funds.balance.0 - funds.reserved.0 >= funds.floor.0);
        }
    }
}

#[test]
fn what_the_balance_does_not_cover_is_our_loss() {
    let mut books = Books::new(make(&prepaid(1)));
    books.run(&Op::PayIn(1_000));
    let stored = books.post(1, duk(), usd("12.00"), 1).unwrap();
    books.db.take(&stored);
    assert_eq!(books.funds().balance, Micro::ZERO);
    assert_eq!(
        books
            .accounts
            .balance(&AccountName::Shortfall.to_string(), Currency::USD),
        usd("-2")
    );
    assert_eq!(
        books.accounts.balance("payable:US*DUK", Currency::USD),
        usd("10.80")
    );
    books.check();
}

#[test]
fn a_charge_leaves_what_others_have_reserved() {
    let mut books = Books::new(make(&prepaid(1)));
    books.run(&Op::PayIn(3_000));
    books.run(&Op::Reserve(1, 1_000));
    books.run(&Op::Reserve(2, 2_000));
    let stored = books.post(1, duk(), usd("15.00"), 1).unwrap();
    books.db.take(&stored);
    assert_eq!(
        books.funds().balance,
        usd("20"),
        "ten of its own, nothing of the other's twenty"
    );
    assert_eq!(
        books.accounts.balance("shortfall", Currency::USD),
        usd("-5")
    );
    assert!(
        books.accounts.reservation(guarantee(1)).is_none(),
        "a single-use guarantee has served"
    );
    books.check();
}

#[test]
fn refused_postings() {
    let mut books = Books::new(make(&customer(1)));
    let strange = event(1, duk(), duk(), usd("5"), guarantee(1));
    assert_eq!(
        books.settle(&strange).unwrap_err().code,
        RefusalCode::NotAuthorized
    );
    let good = event(1, alp(), duk(), usd("5"), guarantee(1));
    assert!(!books.settle(&good).unwrap().is_empty());
    let other = event(1, alp(), duk(), usd("6"), guarantee(1));
    assert_eq!(
        books.settle(&other).unwrap_err().code,
        RefusalCode::IdConflict
    );
    let huge = event(2, alp(), duk(), Micro(i64::MAX), guarantee(1));
    assert_eq!(books.settle(&huge).unwrap_err().code, RefusalCode::TooLarge);
    assert_eq!(
        books.accounts.balance("payable:US*DUK", Currency::USD),
        usd("4.50")
    );
    assert_eq!(books.accounts.totals().settled_home, 1);
    let negative = event(3, alp(), duk(), usd("-5"), guarantee(1));
    assert_eq!(
        books.settle(&negative).unwrap_err().code,
        RefusalCode::SharesWrong
    );
}

#[test]
fn a_changed_journal_is_found() {
    let mut books = Books::new(make(&customer(1)));
    for n in 1..5 {
        let stored = books.post(n, duk(), usd("5"), 1).unwrap();
        books.db.take(&stored);
    }
    let entries = books.db.journal();
    assert!(verify(&entries).is_ok());
    let mut changed = entries.clone();
    changed[1].lines[0].amount = usd("-4");
    changed[1].lines[1].amount = Micro(changed[1].lines[1].amount.0 - 1_000_000);
    assert!(verify(&changed).unwrap_err().contains("entry 3"));
    let mut missing = entries.clone();
    missing.remove(1);
    assert!(verify(&missing).unwrap_err().contains("entry 2"));
    let mut unbalanced = entries;
    unbalanced[3].lines.pop();
    assert!(verify(&unbalanced).unwrap_err().contains("balance"));
}

#[test]
fn a_charge_leaves_the_holds_of_others() {
    let mut books = Books::new(make(&customer(1)));
    books.run(&Op::Reserve(1, 5_000));
    books.run(&Op::Place(1, 1, 2_000));
    books.run(&Op::Place(1, 2, 3_000));
    let stored = books.post(1, duk(), usd("40.00"), 1).unwrap();
    books.db.take(&stored);
    let left = books.accounts.reservation(guarantee(1)).unwrap();
    assert_eq!((left.amount, left.free()), (usd("30"), Micro::ZERO));
    books.check();
}

#[test]
fn a_single_use_guarantee_ends_with_its_charge() {
    let mut books = Books::new(make(&prepaid(1)));
    books.run(&Op::PayIn(5_000));
    books.run(&Op::Reserve(1, 5_000));
    books.run(&Op::Place(1, 1, 2_000));
    books.run(&Op::Release(1));
    assert_eq!(books.funds().reserved, Micro::ZERO);
}

#[test]
fn posted_charges_are_remembered_for_their_time() {
    let mut books = Books::new(make(&customer(1)));
    let stored = books.post(1, duk(), usd("5"), 1).unwrap();
    books.db.take(&stored);
    books.accounts.expire(Time(KEEP_POSTED - 1));
    assert!(books.accounts.is_posted(session(1)));
    let stored = books.accounts.expire(Time(KEEP_POSTED));
    books.db.take(&stored);
    assert!(!books.accounts.is_posted(session(1)));
    books.check();
}

#[test]
fn a_credit_counts_in_the_month_in_which_it_is_given() {
    let mut books = Books::new(make(&customer(1)));
    let stored = books.post(1, alp(), usd("10"), 1).unwrap();
    books.db.take(&stored);
    let shares = event(1, alp(), alp(), usd("4"), guarantee(1)).shares;
    let owner = OwnerId::parse("mall").unwrap();
    let credit = CreditPosting {
        session: session(1),
        charge: None,
        home: alp(),
        visited: alp(),
        currency: Currency::USD,
        amount: usd("4"),
        shares,
        customer: None,
        owner: &owner,
        jurisdiction: "US-AL",
    };
    let stored = books
        .accounts
        .post_credit(Time(1), (2_026, 2), &credit)
        .unwrap();
    books.db.take(&stored);
    books.check();
    let results: Vec<_> = books.accounts.results().collect();
    assert_eq!(results[0].0.month, (2_026, 1));
    assert_eq!(
        (results[0].1.total, results[0].1.credited),
        (usd("10"), Micro::ZERO)
    );
    assert_eq!(results[1].0.month, (2_026, 2));
    assert_eq!(results[1].1.returned, shares);
    // Whose charge it was is not known any more: the utility keeps the amount.
    assert_eq!(results[1].1.shortfall, usd("4"));
}

#[test]
fn results_of_more_than_ten_years_ago_are_dropped() {
    let mut books = Books::new(make(&customer(1)));
    let settle = |books: &mut Books, n: u8, minutes: i64| {
        books.now = Time(minutes * MINUTE);
        let stored = books.post(n, duk(), usd("5"), 1).unwrap();
        books.db.take(&stored);
    };
    settle(&mut books, 1, 0);
    settle(&mut books, 2, 119 * 30);
    assert_eq!(books.accounts.results().count(), 2);
    settle(&mut books, 3, 120 * 30);
    let months: Vec<_> = books.accounts.results().map(|(key, _)| key.month).collect();
    assert_eq!(months, [(2_035, 12), (2_036, 1)]);
    let rows = books.db.of(StoreTable::Balances);
    assert_eq!(rows.filter(|(key, _)| key.starts_with("month/")).count(), 2);
}
