//! What is stopped before any block: size, form, bounds and signatures.

use crate::world::{
    CHAIN, Charge, USD, World, agreement, evse, key, member, place, propose, settle, usd,
};
use expect_test::expect;
use fairway_ledger::{
    Contracts, MAX_TX_BYTES, NEW_KEY_DOMAIN, Operation, Payment, Transaction, TxNonce,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::money::Micro;
use fairway_model::refusal::RefusalCode;
use fairway_model::registry::{EvseEntry, PrefixEntry};
use std::fmt::Write as _;

fn tx(operation: Operation) -> Transaction {
    Transaction::sign(
        CHAIN,
        member("DUK"),
        TxNonce([1; 16]),
        operation,
        &key("DUK"),
    )
}

fn prefix(digits: &str) -> Operation {
    Operation::RegisterPrefix(PrefixEntry {
        prefix: digits.to_owned(),
        member: member("DUK"),
    })
}

fn entry(change: impl FnOnce(&mut EvseEntry)) -> Operation {
    let mut entry = evse("DUK");
    change(&mut entry);
    Operation::RegisterEvse(Box::new(entry))
}

/// Bytes that no parser of ours makes: an id with other characters in it.
fn smuggle(operation: Operation, from: &str, to: &str) -> Vec<u8> {
    let bytes = tx(operation).to_bytes();
    let at = bytes
        .windows(from.len())
        .position(|w| w == from.as_bytes())
        .unwrap();
    let mut out = bytes;
    out[at..at + to.len()].copy_from_slice(to.as_bytes());
    out
}

fn many_periods() -> Operation {
    let mut settlement = Charge::new("APC", "DUK", 1).settlement();
    let period = settlement.signed.event.usage.periods[0];
    settlement.signed.event.usage.periods.resize(673, period);
    settle(settlement)
}

fn bad_forms() -> Vec<(&'static str, Vec<u8>)> {
    let charge = Charge::new("APC", "DUK", 1);
    let mut crowded = agreement("APC", "DUK", 1);
    crowded.tariffs = (0..17)
        .map(|i| fairway_model::Tariff {
            id: i.to_string(),
            ..crowded.tariffs[0].clone()
        })
        .collect();
    let mut hold = charge.hold();
    hold.amount = Micro(0);
    let payment = Payment {
        debtor: member("APC"),
        creditor: member("DUK"),
        currency: USD,
        amount: usd("-1"),
        reference: Hash::default(),
    };
    let mut longer = tx(prefix("8400010")).to_bytes();
    longer.push(0);
    vec![
        ("nothing", Vec::new()),
        ("garbage", vec![0xff; 40]),
        ("trailing byte", longer),
        ("too large", vec![0; MAX_TX_BYTES + 1]),
        ("no prefix", tx(prefix("")).to_bytes()),
        ("short prefix", tx(prefix("840001")).to_bytes()),
        ("long prefix", tx(prefix("8400010000")).to_bytes()),
        ("huge prefix", tx(prefix(&"8".repeat(65))).to_bytes()),
        ("letters in a prefix", tx(prefix("84O0010")).to_bytes()),
        ("prefix of no country", tx(prefix("9990010")).to_bytes()),
        ("separators in a prefix", tx(prefix("840-001-0")).to_bytes()),
        ("number 0", tx(entry(|e| e.number = 0)).to_bytes()),
        (
            "no meter key",
            tx(entry(|e| e.meter_key.clear())).to_bytes(),
        ),
        (
            "long meter key",
            tx(entry(|e| e.meter_key = vec![1; 257])).to_bytes(),
        ),
        (
            "long zone",
            tx(entry(|e| e.time_zone = "x".repeat(49))).to_bytes(),
        ),
        (
            "long area",
            tx(entry(|e| e.area = "x".repeat(33))).to_bytes(),
        ),
        ("17 tariffs", tx(propose(&crowded, "DUK")).to_bytes()),
        ("673 periods", tx(many_periods()).to_bytes()),
        (
            "hold of nothing",
            tx(Operation::PlaceHold(Box::new(hold))).to_bytes(),
        ),
        (
            "negative payment",
            tx(Operation::ConfirmPayment(payment)).to_bytes(),
        ),
        (
            "member id in small letters",
            smuggle(prefix("8400010"), "USDUK", "usduk"),
        ),
        (
            "space in an EVSE id",
            smuggle(entry(|_| {}), "US*DUK*E0001*1", "US DUK E0001 1"),
        ),
        (
            "space in a station id",
            smuggle(entry(|_| {}), "DUK-STATION-1", "DUK STATION 1"),
        ),
        (
            "space in an owner id",
            smuggle(entry(|_| {}), "OWNER-1", "OWNER 1"),
        ),
        (
            "currency in small letters",
            smuggle(place(&charge), "USD\u{1b}", "usd"),
        ),
    ]
}

#[test]
fn bad_forms_are_named() {
    let contracts = World::new().contracts;
    let rows = bad_forms()
        .into_iter()
        .fold(String::new(), |mut out, (what, bytes)| {
            let refusal = contracts.admit(&[bytes.as_slice()]).remove(0).unwrap_err();
            writeln!(out, "{what} | {refusal}").unwrap();
            out
        });
    expect![[r#"
        nothing | malformed: no transaction: malformed CBOR: end of input bytes
        garbage | malformed: no transaction: malformed CBOR: unexpected type break at position 0: expected array
        trailing byte | malformed: no transaction: not in canonical form: re-encoding gives other bytes
        too large | too-large: the transaction has 65537 bytes; at most 65536 are allowed
        no prefix | malformed: no CIN prefix of 7 to 9 digits (country, network, AAA node): no text
        short prefix | malformed: no CIN prefix of 7 to 9 digits (country, network, AAA node): 6 digits
        long prefix | malformed: no CIN prefix of 7 to 9 digits (country, network, AAA node): 10 digits
        huge prefix | too-large: no CIN prefix of 7 to 9 digits (country, network, AAA node): 65 bytes of text
        letters in a prefix | malformed: no CIN prefix of 7 to 9 digits (country, network, AAA node): character 3 is 'O' (U+004F), which only looks like the digit 0: type 0 to 9
        prefix of no country | malformed: no CIN prefix of 7 to 9 digits (country, network, AAA node): the number begins with 999: not a country of ISO 3166-1
        separators in a prefix | malformed: CIN prefix "840-001-0" is registered without separators: 8400010
        number 0 | malformed: the EVSE's number in its station is 0; numbers begin with 1 (OCPP evseId)
        no meter key | malformed: bytes of the meter key: 0; 1 to 256 are allowed
        long meter key | too-large: bytes of the meter key: 257; 1 to 256 are allowed
        long zone | too-large: bytes of the time zone: 49; 1 to 48 are allowed
        long area | too-large: bytes of the grid area: 33; 0 to 32 are allowed
        17 tariffs | too-large: tariffs: 17; 0 to 16 are allowed
        673 periods | too-large: periods: 673; 1 to 672 are allowed
        hold of nothing | malformed: the hold is of 0.00 USD; it must be more than nothing
        negative payment | malformed: the payment is of -1.00 USD; it must be more than nothing
        member id in small letters | malformed: "us*duk" is no member id: upper-case letters, digits only in the party, as in US*DUK
        space in an EVSE id | malformed: "US DUK E0001 1" is no EVSE id: 1 to 48 letters, digits and * - _ . :
        space in a station id | malformed: "DUK STATION 1" is no station id: 1 to 48 letters, digits and * - _ . :
        space in an owner id | malformed: "OWNER 1" is no owner id: 1 to 48 letters, digits and * - _ . :
        currency in small letters | malformed: "usd" is no ISO 4217 currency code of three upper-case letters
    "#]].assert_eq(&rows);
}

#[test]
fn each_wrong_signature_is_named() {
    let charge = Charge::new("APC", "DUK", 1);
    let wrong = key("somebody").sign("x", b"y");
    let mut cases: Vec<(&str, Transaction)> = Vec::new();
    let mut outer = tx(prefix("8400010"));
    outer.signature = wrong;
    cases.push(("outer", outer));
    let other_chain = Transaction::sign(
        "other",
        member("DUK"),
        TxNonce([1; 16]),
        prefix("8400010"),
        &key("DUK"),
    );
    cases.push(("another chain", other_chain));
    let mut settlement = charge.settlement();
    settlement.signed.home_signature = wrong;
    cases.push(("charge, home", tx(settle(settlement))));
    let mut settlement = charge.settlement();
    settlement.signed.visited_signature = wrong;
    cases.push(("charge, visited", tx(settle(settlement))));
    let mut hold = charge.hold();
    hold.guarantee.guarantee.limit = usd("9999");
    cases.push(("guarantee", tx(Operation::PlaceHold(Box::new(hold)))));
    cases.push(("proposal", tx(propose(&agreement("APC", "DUK", 1), "APC"))));
    cases.push((
        "countersignature",
        tx(crate::world::countersign(
            &agreement("APC", "DUK", 1),
            "APC",
        )),
    ));
    let proof = key("other").sign(NEW_KEY_DOMAIN, &member("DUK").to_bytes());
    cases.push((
        "new key",
        tx(Operation::RotateMemberKey {
            new_key: key("new").public(),
            proof,
            compromised: false,
        }),
    ));

    let contracts = World::new().contracts;
    let rows = cases
        .into_iter()
        .fold(String::new(), |mut out, (what, tx)| {
            assert_eq!(tx.verify(CHAIN), !matches!(what, "outer" | "another chain"));
            let refusal = contracts.admit(&[tx.to_bytes()]).remove(0).unwrap_err();
            writeln!(out, "{what} | {refusal}").unwrap();
            out
        });
    expect![[r#"
        outer | bad-signature: the signature of the transaction does not verify with key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c on chain fairway-test
        another chain | bad-signature: the signature of the transaction does not verify with key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c on chain fairway-test
        charge, home | bad-signature: the signature of the charge event by the home utility does not verify with key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd on chain fairway-test
        charge, visited | bad-signature: the signature of the charge event by the visited utility does not verify with key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c on chain fairway-test
        guarantee | bad-signature: the signature of the guarantee does not verify with key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd on chain fairway-test
        proposal | bad-signature: the signature of the agreement does not verify with key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c on chain fairway-test
        countersignature | bad-signature: the signature of the agreement does not verify with key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c on chain fairway-test
        new key | bad-signature: the signature of the proof of the new key does not verify with key c4213e0597226d96962639236a62b7b128c5eb99b50fc58bae496e0d27e7c4a3 on chain fairway-test
    "#]].assert_eq(&rows);
}

/// A bad one among good ones spoils only itself, whatever the company.
#[test]
fn verdicts_do_not_depend_on_the_batch() {
    let contracts: Contracts = World::new().contracts;
    let mut all: Vec<Vec<u8>> = (1..6)
        .map(|n| tx(place(&Charge::new("APC", "DUK", n))).to_bytes())
        .collect();
    let mut bad = tx(prefix("8400010"));
    bad.nonce = TxNonce([9; 16]);
    all.insert(2, bad.to_bytes());
    all.insert(4, vec![1, 2, 3]);
    let together = contracts.admit(&all);
    let alone: Vec<_> = all.iter().flat_map(|tx| contracts.admit(&[tx])).collect();
    assert_eq!(together, alone);
    let codes: Vec<_> = together
        .iter()
        .map(|v| v.as_ref().err().map(|r| r.code))
        .collect();
    let expected = [
        None,
        None,
        Some(RefusalCode::BadSignature),
        None,
        Some(RefusalCode::Malformed),
        None,
        None,
    ];
    assert_eq!(codes, expected);
}

/// What a validator would do with unadmitted or foreign transactions: a receipt, no effect, no panic.
#[test]
fn execution_refuses_what_claims_keys_that_are_not_registered() {
    let mut world = World::new();
    let stranger = Transaction::sign(
        CHAIN,
        member("ZZZ"),
        TxNonce([1; 16]),
        prefix("8400010"),
        &key("ZZZ"),
    )
    .to_bytes();
    let impostor = Transaction::sign(
        CHAIN,
        member("DUK"),
        TxNonce([1; 16]),
        prefix("8400010"),
        &key("APC"),
    )
    .to_bytes();
    let good = tx(prefix("8400010"));
    let reused = tx(prefix("8400020"));
    let codes = [
        stranger,
        impostor,
        good.to_bytes(),
        good.to_bytes(),
        reused.to_bytes(),
        vec![0xff, 1],
    ]
    .map(|bytes| world.execute_unadmitted(&bytes).refusal().map(|r| r.code));
    expect!["[Some(MemberUnknown), Some(NotAuthorized), None, Some(Duplicate), Some(IdConflict), Some(Malformed)]"].assert_eq(&format!("{codes:?}"));
    assert_eq!(good.id(), Hash::plain(&good.to_bytes()));
}
