//! Two votes of one validator that contradict each other.

use crate::council::{council, validator_key};
use crate::table::Table;
use crate::world::{CHAIN, World, key, member};
use expect_test::expect;
use fairway_ledger::{
    Ballot, BallotProposal, CouncilOperation, Evidence, Operation, SignedBallot, Transaction,
    TxNonce,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::sign::{PublicKey, Signature, signed_bytes};
use std::fmt::Write as _;

/// Signs exactly these bytes, as the chain's engine does.
fn raw(name: &str, bytes: &[u8]) -> Signature {
    let seed = Hash::plain(format!("{name} validator").as_bytes()).0;
    let key = ed25519_consensus::SigningKey::from(seed);
    Signature(key.sign(bytes).to_bytes())
}

fn signed(name: &str, ballot: Ballot) -> SignedBallot {
    SignedBallot {
        ballot,
        signature: raw(name, &ballot.signed_bytes(CHAIN)),
    }
}

fn proposal(view: u64, block: u8) -> BallotProposal {
    BallotProposal {
        epoch: 3,
        view,
        parent: view - 1,
        block: Hash([block; 32]),
    }
}

fn evidence(name: &str, first: Ballot, second: Ballot) -> Evidence {
    Evidence {
        offender: member(name),
        key: key(&format!("{name} validator")).public(),
        first: signed(name, first),
        second: signed(name, second),
    }
}

pub(crate) fn report(evidence: &Evidence) -> Operation {
    council(CouncilOperation::Report(Box::new(evidence.clone())))
}

pub(crate) fn double_vote(name: &str, view: u64) -> Evidence {
    evidence(
        name,
        Ballot::Notarize(proposal(view, 1)),
        Ballot::Notarize(proposal(view, 2)),
    )
}

#[test]
fn a_proven_misdeed_suspends_its_member() {
    let mut t = Table::on(World::ready());
    let found = double_vote("GPC", 300);
    let mut blamed = found.clone();
    blamed.offender = member("DUK");
    t.row("blaming another", "APC", report(&blamed));
    t.row("shown", "APC", report(&found));
    t.row("shown twice", "DUK", report(&found));
    t.row("by the suspended", "GPC", report(&double_vote("DUK", 7)));
    t.row(
        "another misdeed of the same",
        "DUK",
        report(&double_vote("GPC", 301)),
    );
    let both = evidence(
        "REG",
        Ballot::Nullify { epoch: 3, view: 9 },
        Ballot::Finalize(proposal(9, 1)),
    );
    t.row("gave up and made final", "DUK", report(&both));
    t.row(
        "a new validator key",
        "DUK",
        validator_key("DUK", &key("DUK next")),
    );
    t.row("with an old key", "APC", report(&double_vote("DUK", 11)));
    expect![[r#"
        blaming another | APC: evidence-empty: key 833028ebb355d0cb46428adc2a0e2c039006458a20b3d984c7473a8441787722 never was a validator key of US*DUK
        shown | APC: Council(MisbehaviourRecorded { member: US*GPC, suspended: true })
        shown twice | DUK: duplicate: a misdeed of US*GPC in epoch 3 view 300 is on record already
        by the suspended | GPC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:23.000Z; it may settle charges that began before, pay, and close what is open
        another misdeed of the same | DUK: Council(MisbehaviourRecorded { member: US*GPC, suspended: false })
        gave up and made final | DUK: Council(MisbehaviourRecorded { member: US*REG, suspended: true })
        a new validator key | DUK: Council(ValidatorKeyRotated)
        with an old key | APC: Council(MisbehaviourRecorded { member: US*DUK, suspended: false })
    "#]].assert_eq(t.rows());
}

#[test]
fn evidence_that_proves_nothing_is_not_admitted() {
    let world = World::new();
    let same = Ballot::Notarize(proposal(5, 1));
    let mut forged = double_vote("GPC", 5);
    forged.second.signature = forged.first.signature;
    let mut other_chain = double_vote("GPC", 5);
    if let Ballot::Notarize(_) = other_chain.second.ballot {
        let bytes = other_chain.second.ballot.signed_bytes("another-chain");
        other_chain.second.signature = raw("GPC", &bytes);
    }
    let cases = [
        ("one vote twice", evidence("GPC", same, same)),
        (
            "two views",
            evidence("GPC", same, Ballot::Notarize(proposal(6, 2))),
        ),
        (
            "notarized and made final",
            evidence("GPC", same, Ballot::Finalize(proposal(5, 1))),
        ),
        (
            "notarized and given up",
            evidence("GPC", same, Ballot::Nullify { epoch: 3, view: 5 }),
        ),
        ("a forged signature", forged),
        ("a vote on another chain", other_chain),
    ];
    let mut rows = String::new();
    for (what, evidence) in cases {
        let tx = Transaction::sign(
            CHAIN,
            member("APC"),
            TxNonce([1; 16]),
            report(&evidence),
            &key("APC"),
        );
        let verdict = world.contracts.admit(&[tx.to_bytes()]).remove(0);
        writeln!(rows, "{what} | {}", verdict.unwrap_err()).unwrap();
    }
    expect![[r#"
        one vote twice | evidence-empty: both votes are for the same block
        two views | evidence-empty: votes in epoch 3 view 5 and epoch 3 view 6 do not contradict each other; both must be of one view
        notarized and made final | evidence-empty: an honest validator may sign both votes; two blocks at one stage, or a view given up and its block final, would prove something
        notarized and given up | evidence-empty: an honest validator may sign both votes; two blocks at one stage, or a view given up and its block final, would prove something
        a forged signature | bad-signature: the signature of the second vote of the evidence does not verify with key 833028ebb355d0cb46428adc2a0e2c039006458a20b3d984c7473a8441787722 on chain fairway-test
        a vote on another chain | bad-signature: the signature of the second vote of the evidence does not verify with key 833028ebb355d0cb46428adc2a0e2c039006458a20b3d984c7473a8441787722 on chain fairway-test
    "#]].assert_eq(&rows);
}

/// The votes that the chain's own engine signs; the tests of `chain` compare with the same file.
#[test]
fn votes_are_read_as_the_chain_signs_them() {
    let text = include_str!("../../../../fixtures/conformance/votes.txt");
    let mut seen = 0;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split(' ').collect();
        let [kind, chain, epoch, view, parent, block, key, signature] = fields[..] else {
            panic!("{line}");
        };
        let number = |text: &str| text.parse::<u64>().unwrap();
        let bytes = |text: &str| hex(text);
        let proposal = BallotProposal {
            epoch: number(epoch),
            view: number(view),
            parent: number(parent),
            block: Hash(bytes(block).try_into().unwrap()),
        };
        let ballot = match kind {
            "notarize" => Ballot::Notarize(proposal),
            "finalize" => Ballot::Finalize(proposal),
            _ => Ballot::Nullify {
                epoch: proposal.epoch,
                view: proposal.view,
            },
        };
        let key = PublicKey(bytes(key).try_into().unwrap());
        let signature = Signature(bytes(signature).try_into().unwrap());
        assert!(
            key.verify_raw(&ballot.signed_bytes(chain), &signature),
            "{line}"
        );
        assert!(!key.verify_raw(&ballot.signed_bytes("other"), &signature));
        assert!(!key.verify_raw(&signed_bytes("other", b""), &signature));
        seen += 1;
    }
    assert_eq!(seen, 6);
}

fn hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
