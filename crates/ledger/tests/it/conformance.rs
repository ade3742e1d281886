//! Every byte that is signed or stored, by its hash: equal on every build, forever. `UPDATE_EXPECT=1` writes the file anew.

use crate::batch::batch;
use crate::council::{admit, council, validator_key, vote};
use crate::evidence::{double_vote, report};
use crate::registry::{encryption, rotation};
use crate::rules::{answering, upload};
use crate::world::{
    CHAIN, Charge, T0, USD, World, agreement, countersign, evse, genesis, key, member, place,
    propose, settle, usd, void,
};
use expect_test::expect_file;
use fairway_ledger::limits::METER_PAGE;
use fairway_ledger::{
    Account, Choice, CouncilOperation, Dispute, DisputeReason, Motion, Operation, Parameter,
    Payment, ProposalId, Role, Transaction, TxNonce, key_for_agenda, key_for_charter,
    key_for_evidence, key_for_proposal, key_for_roll, key_for_used_key,
};
use fairway_ledger::{
    key_for_account, key_for_agreement, key_for_agreement_status, key_for_charge, key_for_dispute,
    key_for_evse, key_for_guarantee, key_for_held, key_for_hold, key_for_member,
    key_for_meter_page, key_for_node, key_for_nonce, key_for_pair, key_for_payment,
    key_for_position, key_for_prefix, key_for_rule, key_for_rules_of, key_for_station,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::registry::PrefixEntry;
use fairway_model::sign::SigningKey;
use fairway_model::time::{DAY, HOUR};
use std::collections::BTreeMap;

/// One of each operation, in an order in which each takes effect, then one that is refused.
fn story() -> Vec<(&'static str, &'static str, Operation)> {
    let terms = agreement("APC", "DUK", 1);
    let (charge, given_up) = (Charge::new("APC", "DUK", 1), Charge::new("APC", "DUK", 2));
    let together = Charge::new("APC", "DUK", 3);
    let (home, visited, id) = (terms.home, terms.visited, terms.id());
    let payment = Payment {
        debtor: home,
        creditor: visited,
        currency: USD,
        amount: usd("2.5"),
        reference: Hash::plain(b"bank"),
    };
    let dispute = Dispute {
        session: charge.session,
        reason: DisputeReason::Other,
        evidence: Hash::plain(b"e"),
        claimed: Some(usd("1")),
    };
    vec![
        (
            "register-prefix",
            "DUK",
            Operation::RegisterPrefix(PrefixEntry {
                prefix: "84000112".to_owned(),
                member: member("DUK"),
            }),
        ),
        (
            "register-evse",
            "DUK",
            Operation::RegisterEvse(Box::new(evse("DUK"))),
        ),
        ("propose-agreement", "DUK", propose(&terms, "DUK")),
        ("countersign-agreement", "APC", countersign(&terms, "APC")),
        ("place-hold", "DUK", place(&charge)),
        ("place-second-hold", "DUK", place(&given_up)),
        ("void-hold", "DUK", void(&given_up)),
        ("settle-charge", "DUK", settle(charge.settlement())),
        ("confirm-payment", "DUK", Operation::ConfirmPayment(payment)),
        ("dispute", "APC", Operation::Dispute(dispute)),
        (
            "rotate-meter-key",
            "DUK",
            Operation::RotateMeterKey {
                evse: evse("DUK").evse,
                meter_key: b"new".to_vec(),
            },
        ),
        (
            "retire-evse",
            "DUK",
            Operation::RetireEvse {
                evse: evse("DUK").evse,
                from: T0.plus(HOUR),
            },
        ),
        (
            "terminate-agreement",
            "APC",
            Operation::TerminateAgreement {
                agreement: id,
                home,
                visited,
                from: T0.plus(DAY),
            },
        ),
        (
            "rotate-member-key",
            "APC",
            rotation("APC", &SigningKey::from_seed([77; 32]), false),
        ),
        ("refused", "DUK", settle(charge.settlement())),
        ("upload-rule", "DUK", upload(answering("(i64.const 1)"))),
        (
            "batch",
            "DUK",
            batch([
                place(&together),
                settle(together.settlement()),
                settle(together.settlement()),
                void(&together),
            ]),
        ),
        ("rotate-encryption-key", "DUK", encryption([78; 32], false)),
    ]
}

fn state_keys() -> Vec<(&'static str, [u8; 32])> {
    let charge = Charge::new("APC", "DUK", 1);
    let (home, visited) = (member("APC"), member("DUK"));
    let (id, event) = (charge.agreement.id(), charge.event());
    let page = event.meter_start.0 / METER_PAGE.0;
    let owner = evse("DUK").owner;
    vec![
        ("member", key_for_member(home)),
        ("prefix", key_for_prefix("84000112")),
        ("prefix-beginning", key_for_prefix("8400011")),
        ("node", key_for_node(member("DUK"), "12")),
        ("evse", key_for_evse(&evse("DUK").evse)),
        ("station", key_for_station(&evse("DUK").station)),
        ("agreement", key_for_agreement(id)),
        ("agreement-status", key_for_agreement_status(id)),
        ("pair", key_for_pair(home, visited)),
        ("held", key_for_held(home, visited, USD)),
        ("hold", key_for_hold(charge.session)),
        ("guarantee", key_for_guarantee(home, charge.guarantee.id)),
        ("charge", key_for_charge(charge.session)),
        ("meter-page", key_for_meter_page(event.meter_key, page)),
        (
            "account-member",
            key_for_account(&Account::Member(visited), USD),
        ),
        ("account-tax", key_for_account(&Account::Tax(visited), USD)),
        (
            "account-owner",
            key_for_account(&Account::Owner(owner), USD),
        ),
        ("position", key_for_position(home, visited, USD)),
        ("dispute", key_for_dispute(charge.session, home)),
        ("nonce", key_for_nonce(visited, TxNonce([1; 16]))),
        ("payment", key_for_payment(visited, Hash::plain(b"bank"))),
        (
            "rule",
            key_for_rule(Hash::plain(&answering("(i64.const 1)"))),
        ),
        ("rule-count", key_for_rules_of(visited)),
    ]
}

/// Hashes of everything that a story signs and stores, as JSON. Only the step `refused` is refused.
pub(crate) fn hashes_of(
    world: &mut World,
    story: Vec<(&str, &str, Operation)>,
    keys: Vec<(&str, [u8; 32])>,
) -> String {
    let mut hashes = BTreeMap::new();
    let mut hash =
        |name: String, bytes: &[u8]| assert!(hashes.insert(name, Hash::plain(bytes)).is_none());
    hash("genesis".to_owned(), &genesis().to_bytes());
    for (i, (name, by, operation)) in (1u8..).zip(story) {
        hash(format!("operation/{name}"), &operation.to_bytes());
        let tx =
            Transaction::sign(CHAIN, member(by), TxNonce([i; 16]), operation, &key(by)).to_bytes();
        let receipt = world.execute(&tx);
        assert_eq!(
            receipt.refusal().is_some(),
            name == "refused",
            "{name}: {receipt:?}"
        );
        hash(format!("transaction/{name}"), &tx);
        hash(format!("receipt/{name}"), &receipt.to_bytes());
    }
    for (name, key) in keys {
        hash(format!("key/{name}"), &key);
        hash(
            format!("state/{name}"),
            world.state.get(&key).ok_or(name).unwrap(),
        );
    }
    let whole = world
        .state
        .iter()
        .fold(Vec::new(), |mut all, (key, value)| {
            all.extend_from_slice(key);
            all.extend_from_slice(value);
            all
        });
    hash("whole-state".to_owned(), &whole);
    hash("books".to_owned(), world.books.to_string().as_bytes());
    json(&hashes)
}

#[test]
fn conformance_hashes_hold() {
    let text = hashes_of(&mut World::new(), story(), state_keys());
    expect_file!["../../../../fixtures/conformance/ledger.json"].assert_eq(&text);
}

/// One of each operation of the council, in an order in which each takes effect.
#[test]
fn conformance_hashes_of_the_council_hold() {
    let mut hashes = BTreeMap::new();
    let mut world = World::new();
    let mut step = |name: &str, by: &str, operation: Operation| {
        let n = u8::try_from(hashes.len()).unwrap();
        let tx = Transaction::sign(CHAIN, member(by), TxNonce([n; 16]), operation, &key(by));
        let bytes = tx.to_bytes();
        let receipt = world.execute(&bytes);
        assert_eq!(receipt.refusal(), None, "{name}");
        hashes.insert(format!("transaction/{name}"), Hash::plain(&bytes));
        hashes.insert(format!("receipt/{name}"), Hash::plain(&receipt.to_bytes()));
        TxNonce([n; 16])
    };
    let day = T0.plus(DAY);
    let propose = |motion: &Motion, not_before| {
        council(CouncilOperation::Propose {
            motion: Box::new(motion.clone()),
            expires_at: day,
            not_before,
        })
    };
    let motions = [
        ("admit", admit("NEW", Role::Validator)),
        (
            "set-parameter",
            Motion::SetParameter {
                parameter: Parameter::OfferGrace,
                value: 1,
                from: 0,
            },
        ),
        (
            "change-validators",
            Motion::ChangeValidators {
                join: Vec::new(),
                leave: vec![member("GPC")],
            },
        ),
        (
            "suspend",
            Motion::Suspend {
                member: member("GPC"),
                reason: Hash::plain(b"minutes"),
            },
        ),
        (
            "reinstate",
            Motion::Reinstate {
                member: member("GPC"),
            },
        ),
        (
            "expel",
            Motion::Expel {
                member: member("GPC"),
                reason: Hash::plain(b"minutes"),
            },
        ),
        (
            "activate-version",
            Motion::ActivateVersion {
                version: 2,
                from: 1_000,
            },
        ),
    ];
    let mut last = None;
    for (name, motion) in &motions {
        let nonce = step(&format!("{name}/propose"), "APC", propose(motion, 0));
        let id = ProposalId::of(member("APC"), nonce, motion);
        for by in ["APC", "DUK", "REG", "NEW"] {
            // The first motion has four voters, the others five, of whom four decide; NEW is one of them from then on.
            if *name == "admit" && by == "NEW" {
                continue;
            }
            if !matches!(*name, "admit" | "set-parameter" | "change-validators") && by == "NEW" {
                continue;
            }
            step(&format!("{name}/{by}"), by, vote(id, motion, Choice::Yes));
        }
        last = Some(id);
    }
    step(
        "rotate-validator-key",
        "DUK",
        validator_key("DUK", &key("DUK next")),
    );
    step("report", "APC", report(&double_vote("REG", 5)));
    let keys = [
        ("roll", key_for_roll()),
        ("charter", key_for_charter()),
        ("agenda", key_for_agenda()),
        ("proposal", key_for_proposal(last.unwrap())),
        ("used-key", key_for_used_key(key("NEW").public())),
        (
            "evidence",
            key_for_evidence(key("REG validator").public(), 3, 5),
        ),
        ("suspended-member", key_for_member(member("REG"))),
    ];
    for (name, key) in keys {
        hashes.insert(format!("key/{name}"), Hash::plain(&key));
        let value = world.state.get(&key).unwrap_or_else(|| panic!("no {name}"));
        hashes.insert(format!("state/{name}"), Hash::plain(value));
    }
    expect_file!["../../../../fixtures/conformance/council.json"].assert_eq(&json(&hashes));
}

fn json(hashes: &BTreeMap<String, Hash>) -> String {
    let lines: Vec<String> = hashes
        .iter()
        .map(|(name, hash)| format!("  \"{name}\": \"{hash}\""))
        .collect();
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// No operation, receipt or state value has a place for a name, a CIN, a card number or a plate: a world that is full of them
/// leaves none in any byte. The driver enters the ledger only through a keyed commitment.
#[test]
fn nothing_personal_is_in_any_byte() {
    let canaries = [
        "Rosa Canary",
        "840011234567890123",
        "canary@example.com",
        "CAN-4242",
    ];
    let person = canaries.join("|");
    let pseudonym = Hash::keyed(&[3; 32], "pseudonym", person.as_bytes());
    let mut charge = Charge::new("APC", "DUK", 1).event();
    charge.driver = Hash::keyed(&[4; 32], "commitment", &pseudonym.0);
    let mut world = World::new();
    for (name, by, operation) in story() {
        let operation = if name == "settle-charge" {
            settle(crate::world::signed(charge.clone()))
        } else {
            operation
        };
        world.run(by, operation);
    }
    assert_eq!(world.books.charges(), 2);
    let mut bytes: Vec<u8> = world
        .log
        .iter()
        .flat_map(|(tx, receipt)| [tx.as_slice(), receipt])
        .flatten()
        .copied()
        .collect();
    bytes.extend(world.state.values().flatten());
    let secrets: Vec<Vec<u8>> = canaries
        .iter()
        .map(|c| c.as_bytes().to_vec())
        .chain([pseudonym.0.to_vec()])
        .collect();
    for secret in secrets {
        assert!(
            !bytes.windows(secret.len()).any(|w| w == secret),
            "{secret:?}"
        );
        let hash = Hash::plain(&secret).0;
        assert!(
            !bytes.windows(32).any(|w| w == hash),
            "the plain hash of {secret:?}"
        );
    }
    assert!(bytes.windows(32).any(|w| w == charge.driver.0));
}
