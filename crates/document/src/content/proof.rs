//! Where the proof of a charge is, and how whoever pays checks it alone.

use crate::block::{Block, Fact, Rich};
use fairway_messages::{Value, Words};
use fairway_model::{Bill, BillLine, Metered};

/// Steps of the check that have a command, with it.
const COMMANDS: [(usize, &[&str]); 2] = [
    (1, &["fairway ledger proof TRANSACTION --out proof.cbor"]),
    (
        3,
        &[
            "fairway ledger verify proof.cbor --validators genesis.toml",
            "fairway-verify proof.cbor validators.txt",
        ],
    ),
];
/// How many steps there are.
const STEPS: usize = 5;

/// Ids and hashes by which everything about the charge is found.
pub(super) fn of_charge(bill: &Bill, line: &BillLine, words: &Words) -> Block {
    let fact = |id: &str, line: Rich| Fact::new(words.say(id), line);
    let mut facts = vec![fact("bill-session", Rich::code(line.session.to_string()))];
    let meter = match &line.metered {
        Some(metered) => verified(bill, metered, words),
        None => words.say("bill-meter-unknown"),
    };
    facts.push(fact("bill-meter", Rich::words(meter)));
    facts.push(fact("bill-evidence", Rich::code(line.meter_evidence.hex())));
    if let Some(metered) = &line.metered {
        facts.push(fact("bill-meter-key", Rich::code(metered.key.hex())));
    }
    facts.extend([
        fact("bill-ledger", Rich::words(settled(line, words))),
        fact("bill-transaction", Rich::code(line.transaction.hex())),
        fact("bill-event", Rich::code(line.event.hex())),
        fact("bill-offer", Rich::code(line.offer.hex())),
        fact("bill-agreement", Rich::code(line.agreement.to_string())),
    ]);
    Block::Facts {
        name: words.say("bill-proof"),
        facts,
    }
}

fn verified(bill: &Bill, metered: &Metered, words: &Words) -> String {
    let (begin, end) = (words.energy(metered.begin), words.energy(metered.end));
    words.tell(
        "bill-meter-verified",
        &[
            ("records", Value::Count(u64::from(metered.records))),
            ("begin", (&begin).into()),
            ("end", (&end).into()),
            ("utility", (&bill.utility_name).into()),
        ],
    )
}

fn settled(line: &BillLine, words: &Words) -> String {
    let height = words.decimal(&line.height.to_string());
    let mut values = vec![("height", (&height).into())];
    let Some(at) = line.settled else {
        return words.tell("bill-ledger-value", &values);
    };
    let at = words.instant(at);
    values.push(("at", (&at).into()));
    words.tell("bill-ledger-at", &values)
}

/// How to check a charge without believing anybody.
pub(super) fn verify(bill: &Bill, words: &Words) -> Vec<Block> {
    let utility = [("utility", (&bill.utility_name).into())];
    let items = (1..=STEPS).map(|step| {
        let text = words.tell(&format!("bill-verify-{step}"), &utility);
        let mut item = vec![Rich::words(text)];
        for (_, commands) in COMMANDS.iter().filter(|(of, _)| *of == step) {
            item.extend(commands.iter().map(Rich::code));
        }
        item
    });
    vec![
        Block::heading(2, words.say("bill-verify")),
        Block::Text(Rich::words(words.tell("bill-verify-about", &utility))),
        Block::List {
            numbered: true,
            items: items.collect(),
        },
    ]
}
