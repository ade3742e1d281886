//! Rules that share a charge's price: text, settlement, and what reaches the site's owner.

use crate::world::{Charge, USD, World, agreement, evse, settle, signed, usd};
use expect_test::expect;
use fairway_ledger::{Account, Operation, contract_text, worded};
use fairway_model::agreement::Agreement;
use fairway_model::money::Micro;
use fairway_model::profile::Tier;
use fairway_model::refusal::RefusalCode;
use fairway_model::split::{AdHoc, Alone, Costs, SplitRule};

const COSTS: Costs = Costs {
    energy_per_kwh: Micro(110_000),
    network_per_kwh: Micro(50_000),
    per_charge: Micro(100_000),
};
pub(crate) const SHAPLEY: SplitRule = SplitRule::Shapley {
    costs: COSTS,
    ad_hoc: AdHoc {
        price_per_kwh: Micro(380_000),
        chance_bps: 6_000,
    },
};
pub(crate) const NASH: SplitRule = SplitRule::Nash {
    costs: COSTS,
    alone: Alone {
        home_per_kwh: Micro(0),
        visited_per_kwh: Micro(80_000),
        owner_per_kwh: Micro(30_000),
    },
};

pub(crate) fn with_costs(mut rule: SplitRule, change: impl Fn(&mut Costs)) -> SplitRule {
    match &mut rule {
        SplitRule::Shapley { costs, .. } | SplitRule::Nash { costs, .. } => change(costs),
    }
    rule
}

pub(crate) fn with_ad_hoc(change: impl Fn(&mut AdHoc)) -> SplitRule {
    let mut rule = SHAPLEY;
    if let SplitRule::Shapley { ad_hoc, .. } = &mut rule {
        change(ad_hoc);
    }
    rule
}

pub(crate) fn with_alone(change: impl Fn(&mut Alone)) -> SplitRule {
    let mut rule = NASH;
    if let SplitRule::Nash { alone, .. } = &mut rule {
        change(alone);
    }
    rule
}

/// Terms by which a rule shares; version 1 has fixed parts.
fn under(rule: SplitRule) -> Agreement {
    worded(Agreement {
        split_rule: Some(rule),
        ..agreement("APC", "DUK", 2)
    })
}

fn charge(terms: &Agreement, number: u8) -> Charge {
    let mut charge = Charge::new("APC", "DUK", number);
    charge.guarantee.agreement = terms.id();
    charge.agreement = terms.clone();
    charge.tier = Tier::Standard;
    charge
}

fn who_gets_what(text: &str) -> String {
    let lines = text.lines().skip_while(|l| !l.ends_with("Who gets what"));
    let section: Vec<&str> = lines.take_while(|l| !l.is_empty()).collect();
    section.join("\n")
}

#[test]
fn the_text_states_the_rule_and_a_worked_example() {
    expect![[r#"
        7. Who gets what
           Of the net price before discount US*DUK first gets back what serving costs it: 0.11 USD for energy and 0.05 USD for the network per kWh, and 0.10 USD per charge; where the net price is less, all of it. What is left is the surplus S.
           S is shared by the Shapley value of three parties: US*APC, US*DUK, and the owner of the charging point's site. Each gets what it adds, averaged over the orders in which the three may come together.
           The three together make S. Without US*APC, US*DUK and the owner would serve 60.00 % of such charges for drivers who pay 0.38 USD per kWh on the spot; what that leaves after the same costs is A, at least nothing and at most S. Any other group, and each alone, makes nothing.
           So US*APC gets a third of S - A, and US*DUK and the owner each get a third of S and a sixth of A.
           Fixed parts are not applied; statements compare with these: US*APC gets 5.00 %, US*DUK gets 85.00 %, and the owner of the charging point's site gets 10.00 %.
           Amounts are whole millionths of the currency's unit. What cannot be divided goes to the largest remainders, among equal ones in one of the six orders of the three, which each charge draws by its id.
           Example: 30 kWh at 0.40 USD have a net price of 12.00 USD. Costs 4.90 USD, S = 7.10 USD, A = 3.90 USD. US*APC gets 1.066667 USD, US*DUK gets 7.916667 USD with its costs, the owner gets 3.016666 USD; together 12.00 USD.
           Taxes go to US*DUK, which remits them. Remainders are distributed so that the parts add up to the total exactly."#]].assert_eq(&who_gets_what(&contract_text(&under(SHAPLEY))));
    expect![[r#"
        7. Who gets what
           Of the net price before discount US*DUK first gets back what serving costs it: 0.11 USD for energy and 0.05 USD for the network per kWh, and 0.10 USD per charge; where the net price is less, all of it. What is left is the surplus S.
           S is shared by the Nash bargaining solution. Without an agreement US*APC would earn 0.00 USD per kWh, US*DUK 0.08 USD, and the owner of the charging point's site 0.03 USD; each gets that first.
           What is then left of S goes by bargaining power: 5.00 % for US*APC, 85.00 % for US*DUK, 10.00 % for the owner.
           Where S is less than the three would earn without an agreement, it is divided in proportion to what each would earn.
           Amounts are whole millionths of the currency's unit. What cannot be divided goes to the largest remainders, among equal ones in one of the six orders of the three, which each charge draws by its id.
           Example: 30 kWh at 0.40 USD have a net price of 12.00 USD. Costs 4.90 USD, S = 7.10 USD, without an agreement 3.30 USD. US*APC gets 0.19 USD, US*DUK gets 10.53 USD with its costs, the owner gets 1.28 USD; together 12.00 USD.
           Taxes go to US*DUK, which remits them. Remainders are distributed so that the parts add up to the total exactly."#]].assert_eq(&who_gets_what(&contract_text(&under(NASH))));
    // Amounts that no example can hold leave the text without one.
    let mut huge = under(SHAPLEY);
    huge.corridor.cap = Micro(i64::MAX);
    assert!(contract_text(&huge).contains("No example is given"));
}

/// The charge that is settled by each rule: everybody's account moves by his share, the owner's too, in the same transaction.
#[test]
fn each_rule_posts_its_shares() {
    for rule in [SHAPLEY, NASH] {
        let mut world = World::ready();
        let terms = under(rule);
        world.agree(&terms);
        let charge = charge(&terms, 7);
        world.must("DUK", Operation::PlaceHold(Box::new(charge.hold())));
        let event = charge.event();
        let receipt = world.must("DUK", settle(charge.settlement()));
        let (shares, owner) = (event.shares, Account::Owner(evse("DUK").owner));
        let posted: Vec<(Account, Micro)> = receipt
            .postings
            .iter()
            .map(|p| (p.account.clone(), p.amount))
            .collect();
        let wanted = [
            (
                Account::Member(event.home),
                Micro(shares.home.0 - event.total.0),
            ),
            (Account::Member(event.visited), shares.visited),
            (owner.clone(), shares.owner),
            (Account::Tax(event.visited), shares.tax),
        ];
        assert!(wanted.iter().all(|w| posted.contains(w)), "{posted:?}");
        assert!(shares.owner > Micro::ZERO);
        assert_eq!(world.account(&owner), shares.owner);
        // The auditor folds the same.
        assert_eq!(world.books.account(&owner, USD), shares.owner);
    }
}

/// Shares by the fixed parts, or with the last micro-unit at another party, are refused under a rule.
#[test]
fn shares_by_another_rule_are_refused() {
    let mut world = World::ready();
    let terms = under(SHAPLEY);
    world.agree(&terms);
    let charge = charge(&terms, 7);
    world.must("DUK", Operation::PlaceHold(Box::new(charge.hold())));
    let mut by_parts = charge.event();
    let mut fixed = charge.clone();
    fixed.agreement.split_rule = None;
    by_parts.shares = fixed.event().shares;
    let mut shifted = charge.event();
    shifted.shares.owner.0 -= 1;
    shifted.shares.visited.0 += 1;
    for event in [by_parts, shifted] {
        let receipt = world.run("DUK", settle(signed(event)));
        let refusal = receipt.refusal().unwrap();
        assert_eq!(refusal.code, RefusalCode::SharesWrong);
        assert!(refusal.text.contains("Shapley value"), "{}", refusal.text);
    }
    assert_eq!(world.account(&Account::Owner(evse("DUK").owner)), usd("0"));
}
