//! The consortium governs itself: membership, votes, the validator set, keys.

use crate::registry::rotation;
use crate::table::Table;
use crate::world::{
    CHAIN, Charge, T0, World, agreement, countersign, genesis, key, member, place, propose, settle,
    void,
};
use expect_test::expect;
use fairway_ledger::council::{VALIDATOR_KEY_DOMAIN, key_for_roll};
use fairway_ledger::{
    Candidate, Choice, CouncilEffect, CouncilOperation, Effect, Genesis, Motion, Operation,
    Parameter, ProposalId, Receipt, Role, RollState, Standing, Transaction, TxNonce,
};
use fairway_model::canonical::Canonical;
use fairway_model::hash::Hash;
use fairway_model::refusal::RefusalCode;
use fairway_model::registry::{Member, MemberKind};
use fairway_model::sign::SigningKey;
use fairway_model::time::{DAY, HOUR, MINUTE};
use std::fmt::Write as _;

pub(crate) fn council(operation: CouncilOperation) -> Operation {
    Operation::Council(operation)
}

pub(crate) fn entry(name: &str) -> Member {
    Member {
        id: member(name),
        name: format!("{name} (demonstration)"),
        kind: MemberKind::Utility,
        key: key(name).public(),
        validator: Some(key(&format!("{name} validator")).public()),
        endpoint: "https://127.0.0.1:1".to_owned(),
        tls_fingerprint: Hash::plain(name.as_bytes()),
        encryption: None,
    }
}

pub(crate) fn candidate(name: &str) -> Candidate {
    let validator = key(&format!("{name} validator"));
    Candidate::sign(
        CHAIN,
        entry(name),
        "127.0.0.1:7413".to_owned(),
        &key(name),
        Some(&validator),
    )
}

pub(crate) fn admit(name: &str, role: Role) -> Motion {
    Motion::Admit {
        candidate: Box::new(candidate(name)),
        role,
    }
}

pub(crate) fn suspend(name: &str) -> Motion {
    Motion::Suspend {
        member: member(name),
        reason: Hash::plain(b"minutes"),
    }
}

fn expel(name: &str) -> Motion {
    Motion::Expel {
        member: member(name),
        reason: Hash::plain(b"minutes"),
    }
}

fn reinstate(name: &str) -> Motion {
    Motion::Reinstate {
        member: member(name),
    }
}

fn change(join: &[&str], leave: &[&str]) -> Motion {
    Motion::ChangeValidators {
        join: join.iter().map(|n| member(n)).collect(),
        leave: leave.iter().map(|n| member(n)).collect(),
    }
}

fn proposed(receipt: &Receipt) -> Option<ProposalId> {
    match receipt.effect() {
        Some(Effect::Council(CouncilEffect::Proposed { proposal })) => Some(*proposal),
        _ => None,
    }
}

impl World {
    pub(crate) fn on(genesis: &Genesis) -> Self {
        let contracts = fairway_ledger::Contracts::new(genesis).unwrap();
        let state = contracts.genesis().clone();
        Self {
            contracts,
            state,
            ..Self::new()
        }
    }

    pub(crate) fn motion(&self, motion: &Motion) -> Operation {
        council(CouncilOperation::Propose {
            motion: Box::new(motion.clone()),
            expires_at: self.time.plus(DAY),
            not_before: 0,
        })
    }

    /// Puts a motion to the vote.
    pub(crate) fn propose(&mut self, by: &str, motion: &Motion) -> ProposalId {
        let operation = self.motion(motion);
        proposed(&self.must(by, operation)).unwrap()
    }

    /// Proposes and decides.
    pub(crate) fn decide(&mut self, by: &[&str], motion: &Motion) -> ProposalId {
        let proposal = self.propose(by[0], motion);
        for name in by {
            self.must(name, vote(proposal, motion, Choice::Yes));
        }
        proposal
    }

    pub(crate) fn roll(&self) -> RollState {
        self.get(key_for_roll()).unwrap()
    }

    /// One word per member: its standing, with a star when it is in the validator set.
    fn standings(&self) -> String {
        let words: Vec<String> = self
            .roll()
            .entries
            .iter()
            .map(|e| {
                let star = if e.role == Role::Validator { "*" } else { "" };
                format!("{} {}{star}", e.member.party(), e.standing_at(self.time))
            })
            .collect();
        words.join(", ")
    }
}

pub(crate) fn vote(proposal: ProposalId, motion: &Motion, choice: Choice) -> Operation {
    council(CouncilOperation::Vote {
        proposal,
        motion: Box::new(motion.clone()),
        choice,
    })
}

fn enact(proposal: ProposalId, motion: &Motion) -> Operation {
    council(CouncilOperation::Enact {
        proposal,
        motion: Box::new(motion.clone()),
    })
}

const MOST: [&str; 3] = ["APC", "DUK", "REG"];

#[test]
fn a_member_is_admitted_by_more_than_two_thirds() {
    let mut t = Table::on(World::new());
    let motion = admit("NEW", Role::Validator);
    let id = t.world.propose("APC", &motion);
    t.note("invited", &t.world.standings());
    t.row("a candidate votes", "NEW", vote(id, &motion, Choice::Yes));
    t.row("first", "APC", vote(id, &motion, Choice::Yes));
    t.row("again", "APC", vote(id, &motion, Choice::Yes));
    t.row("second", "DUK", vote(id, &motion, Choice::Yes));
    t.row("two of four", "APC", enact(id, &motion));
    let other = admit("OTH", Role::Validator);
    t.row("another motion", "REG", vote(id, &other, Choice::Yes));
    t.row("the witness decides", "REG", vote(id, &motion, Choice::Yes));
    t.note("on the roll", &t.world.standings());
    t.row("a vote after it", "GPC", vote(id, &motion, Choice::No));
    t.row("enacted twice", "GPC", enact(id, &motion));
    t.row(
        "unknown",
        "GPC",
        vote(ProposalId(Hash::default()), &motion, Choice::No),
    );
    let again = t.world.motion(&motion);
    t.row("admitted twice", "GPC", again);
    let next = suspend("REG");
    let id = t.world.propose("NEW", &next);
    t.row("the new one votes", "NEW", vote(id, &next, Choice::Yes));
    expect![[r#"
        invited | APC active*, DUK active*, GPC active*, NEW invited, REG active*
        a candidate votes | NEW: member-unknown: US*NEW is no member of this chain
        first | APC: Council(Voted { proposal: ProposalId(cc13b9e19e4fe6dd45a92088da2607b909f86c8938474d667bd667291ab63e65), yes: 1, of: 4, status: Open })
        again | APC: duplicate: US*APC has voted so already
        second | DUK: Council(Voted { proposal: ProposalId(cc13b9e19e4fe6dd45a92088da2607b909f86c8938474d667bd667291ab63e65), yes: 2, of: 4, status: Open })
        two of four | APC: threshold-not-met: 2 of 4 are for pro_cc13b9e19e4fe6dd45a92088da2607b909f86c8938474d667bd667291ab63e65; more than two thirds are needed, so 3
        another motion | REG: id-conflict: pro_cc13b9e19e4fe6dd45a92088da2607b909f86c8938474d667bd667291ab63e65 is another motion than the one that was signed; look at it again
        the witness decides | REG: Council(Voted { proposal: ProposalId(cc13b9e19e4fe6dd45a92088da2607b909f86c8938474d667bd667291ab63e65), yes: 3, of: 4, status: Enacted })
        on the roll | APC active*, DUK active*, GPC active*, NEW active*, REG active*
        a vote after it | GPC: proposal-closed: pro_cc13b9e19e4fe6dd45a92088da2607b909f86c8938474d667bd667291ab63e65 is adopted; no vote is taken any more
        enacted twice | GPC: duplicate: pro_cc13b9e19e4fe6dd45a92088da2607b909f86c8938474d667bd667291ab63e65 took effect already; nothing changed
        unknown | GPC: proposal-unknown: pro_0000000000000000000000000000000000000000000000000000000000000000 was never proposed on this chain
        admitted twice | GPC: duplicate: US*NEW is a member already, active
        the new one votes | NEW: Council(Voted { proposal: ProposalId(5de9907b0d762cceb59891562e63b8270629026da12db02eeff3c51817949e21), yes: 1, of: 5, status: Open })
    "#]].assert_eq(t.rows());
}

#[test]
fn a_vote_may_change_until_it_is_decided() {
    let mut t = Table::on(World::new());
    let motion = suspend("GPC");
    let id = t.world.propose("APC", &motion);
    t.row("yes", "APC", vote(id, &motion, Choice::Yes));
    t.row("no instead", "APC", vote(id, &motion, Choice::No));
    t.row("second no decides", "DUK", vote(id, &motion, Choice::No));
    t.row("too late", "REG", vote(id, &motion, Choice::Yes));
    t.row("enact what is rejected", "REG", enact(id, &motion));
    let invited = admit("NEW", Role::FullNode);
    let id = t.world.propose("APC", &invited);
    t.world.must("APC", vote(id, &invited, Choice::No));
    t.world.must("DUK", vote(id, &invited, Choice::No));
    t.note("not invited any more", &t.world.standings());
    let id = t.world.propose("APC", &motion);
    t.world.time = t.world.time.plus(DAY);
    t.row("after its time", "APC", vote(id, &motion, Choice::Yes));
    let long = council(CouncilOperation::Propose {
        motion: Box::new(motion.clone()),
        expires_at: t.world.time.plus(15 * DAY),
        not_before: 0,
    });
    t.row("open too long", "APC", long);
    expect![[r#"
        yes | APC: Council(Voted { proposal: ProposalId(bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1), yes: 1, of: 4, status: Open })
        no instead | APC: Council(Voted { proposal: ProposalId(bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1), yes: 0, of: 4, status: Open })
        second no decides | DUK: Council(Voted { proposal: ProposalId(bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1), yes: 0, of: 4, status: Rejected })
        too late | REG: proposal-closed: pro_bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1 is rejected; no vote is taken any more
        enact what is rejected | REG: proposal-closed: pro_bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1 is rejected; no vote is taken any more
        not invited any more | APC active*, DUK active*, GPC active*, REG active*
        after its time | APC: proposal-closed: pro_ebd6d53efdc5e2900bcb61e9229f6298c494558a1d91aad5e8d14046dc55f96e is expired since 2026-11-24T08:00:09.000Z; no vote is taken any more
        open too long | APC: time-invalid: the vote ends at 2026-12-09T08:00:11.000Z; it must be after 2026-11-24T08:00:12.000Z and not after 2026-12-08T08:00:12.000Z
    "#]].assert_eq(t.rows());
}

#[test]
fn a_suspended_member_only_winds_up() {
    let mut t = Table::on(World::ready());
    let begun = Charge::new("APC", "GPC", 1);
    let open = Charge::new("APC", "GPC", 2);
    let mut later = Charge::new("APC", "GPC", 3);
    later.start = T0.plus(10 * MINUTE);
    for charge in [&begun, &open, &later] {
        t.world.must("GPC", place(charge));
    }
    let motion = suspend("GPC");
    let id = t.world.decide(&MOST, &motion);
    t.note("suspended", &t.world.standings());
    let fresh = Charge::new("APC", "GPC", 4);
    t.row("a new hold", "GPC", place(&fresh));
    t.row(
        "a new hold for its drivers",
        "DUK",
        place(&Charge::new("GPC", "DUK", 5)),
    );
    t.row("a vote", "GPC", vote(id, &motion, Choice::No));
    let counter = t.world.motion(&expel("APC"));
    t.row("a motion", "GPC", counter);
    let terms = agreement("APC", "GPC", 2);
    t.row("new terms", "GPC", propose(&terms, "GPC"));
    t.row("new terms with it", "APC", propose(&terms, "APC"));
    t.row(
        "terms of others",
        "DUK",
        propose(&agreement("APC", "DUK", 2), "DUK"),
    );
    t.row(
        "signing terms with it",
        "APC",
        countersign(&agreement("APC", "GPC", 1), "APC"),
    );
    t.row("what began before", "GPC", settle(begun.settlement()));
    t.row("closing what is open", "GPC", void(&open));
    t.world.time = T0.plus(HOUR);
    t.row("what began later", "GPC", settle(later.settlement()));
    t.row(
        "what began later, by the other",
        "APC",
        settle(later.settlement()),
    );
    let back = reinstate("GPC");
    t.world.decide(&MOST, &back);
    t.row("reinstated", "GPC", place(&fresh));
    let twice = t.world.motion(&back);
    t.row("reinstated twice", "APC", twice);
    t.world.decide(&MOST, &expel("GPC"));
    t.row("expelled", "GPC", place(&Charge::new("APC", "GPC", 6)));
    let again = t.world.motion(&suspend("GPC"));
    t.row("suspending who is gone", "APC", again);
    t.note(
        "kept in the set, for three are too few",
        &t.world.standings(),
    );
    t.world.decide(&MOST, &admit("NEW", Role::Validator));
    t.note("replaced", &t.world.standings());
    expect![[r#"
        suspended | APC active*, DUK active*, GPC suspended*, REG active*
        a new hold | GPC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        a new hold for its drivers | DUK: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        a vote | GPC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        a motion | GPC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        new terms | GPC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        new terms with it | APC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        terms of others | DUK: AgreementProposed { agreement: AgreementId(455ee06f9706e38745ca59bf90402b9c482cc2fada321482691385eabdc70eff) }
        signing terms with it | APC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        what began before | GPC: ChargeSettled { session: ses_01010101010101010101010101010101, event: 4f24c010273f7f7f9e97eb88aa87eb83b5d34d4cc3557d71acc13bf5ed25718e, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*GPC 7.335806, owner:OWNER-1 0.889333, tax:US*GPC 0.612528
        closing what is open | GPC: HoldVoided { session: ses_02020202020202020202020202020202, released: 20.00, expired: false }
        what began later | GPC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        what began later, by the other | APC: member-suspended: US*GPC is suspended since 2026-11-23T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
        reinstated | GPC: HoldPlaced { session: ses_04040404040404040404040404040404, amount: 20.00 }
        reinstated twice | APC: out-of-order: US*GPC is active; it cannot be reinstated
        expelled | GPC: member-gone: US*GPC was expelled at 2026-11-23T09:00:12.000Z; it may settle charges that began before, pay, and close what is open
        suspending who is gone | APC: out-of-order: US*GPC is expelled; it cannot be suspended
        kept in the set, for three are too few | APC active*, DUK active*, GPC expelled*, REG active*
        replaced | APC active*, DUK active*, GPC expelled, NEW active*, REG active*
    "#]].assert_eq(t.rows());
}

#[test]
fn a_member_leaves_with_notice_and_the_set_stays_large_enough() {
    let mut t = Table::on(World::ready());
    let leave = |t: &Table, notice| {
        council(CouncilOperation::Leave {
            from: t.world.time.plus(notice),
        })
    };
    let operation = leave(&t, 8 * DAY);
    t.row("four must remain", "GPC", operation);
    let motion = t.world.motion(&change(&[], &["GPC"]));
    t.row("four must remain in a vote, too", "APC", motion);
    t.world.decide(&MOST, &admit("NEW", Role::Validator));
    let operation = leave(&t, 6 * DAY);
    t.row("short notice", "GPC", operation);
    let operation = leave(&t, 8 * DAY);
    t.row("notice", "GPC", operation);
    t.note("still active, no validator", &t.world.standings());
    let operation = leave(&t, 8 * DAY);
    t.row("notice twice", "GPC", operation);
    let motion = t.world.motion(&change(&["GPC"], &[]));
    t.row("back into the set", "APC", motion);
    let motion = t.world.motion(&change(&[], &["GPC"]));
    t.row("out of the set twice", "APC", motion);
    let mut charge = Charge::new("APC", "GPC", 1);
    charge.start = t.world.time;
    charge.guarantee.valid_until = t.world.time.plus(30 * DAY);
    t.row("business goes on", "GPC", place(&charge));
    t.world.time = t.world.time.plus(9 * DAY);
    t.note("gone", &t.world.standings());
    t.row("what began before", "GPC", settle(charge.settlement()));
    let mut late = Charge::new("APC", "GPC", 2);
    late.guarantee.valid_until = t.world.time.plus(DAY);
    late.expires_at = t.world.time.plus(HOUR);
    t.row("business is over", "GPC", place(&late));
    expect![[r#"
        four must remain | GPC: validator-set: the set would have 3 validators; at least 4 must remain, so another must join first
        four must remain in a vote, too | APC: validator-set: the set would have 3 validators; at least 4 must remain, so another must join first
        short notice | GPC: time-invalid: notice for 2026-11-29T08:00:27.000Z is too short; the earliest is 2026-11-30T08:00:28.000Z
        notice | GPC: Council(Leaves { from: 2026-12-01T08:00:28.000Z })
        still active, no validator | APC active*, DUK active*, GPC active, NEW active*, REG active*
        notice twice | GPC: duplicate: US*GPC has given notice for 2026-12-01T08:00:28.000Z already
        back into the set | APC: validator-set: US*GPC has given notice; it cannot join the set
        out of the set twice | APC: validator-set: US*GPC is not in the set
        business goes on | GPC: HoldPlaced { session: ses_01010101010101010101010101010101, amount: 20.00 }
        gone | APC active*, DUK active*, GPC left, NEW active*, REG active*
        what began before | GPC: ChargeSettled { session: ses_01010101010101010101010101010101, event: 327bf4d34b1b5783bbd0f90a846d7433c4bf57850e5695dccf6073872de3d259, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*GPC 7.335806, owner:OWNER-1 0.889333, tax:US*GPC 0.612528
        business is over | GPC: member-gone: US*GPC left the consortium at 2026-12-01T08:00:28.000Z; it may settle charges that began before, pay, and close what is open
    "#]].assert_eq(t.rows());
}

#[test]
fn validators_join_and_leave_by_vote() {
    let mut t = Table::on(World::new());
    t.world.decide(&MOST, &admit("NEW", Role::FullNode));
    t.note("a full node", &t.world.standings());
    let motion = suspend("REG");
    let id = t.world.propose("NEW", &motion);
    t.row("a full node's vote", "NEW", vote(id, &motion, Choice::Yes));
    t.world.decide(&MOST, &change(&["NEW"], &["GPC"]));
    t.note("one for another", &t.world.standings());
    let twice = t.world.motion(&change(&["NEW"], &[]));
    t.row("in the set already", "APC", twice);
    let mut keyless = entry("KEY");
    keyless.validator = None;
    let keyless = Candidate::sign(CHAIN, keyless, "127.0.0.1:1".to_owned(), &key("KEY"), None);
    let of = |role| Motion::Admit {
        candidate: Box::new(keyless.clone()),
        role,
    };
    let motion = t.world.motion(&of(Role::Validator));
    t.row("a validator without a key", "APC", motion);
    t.world.decide(&["APC", "DUK", "NEW"], &of(Role::FullNode));
    let motion = t.world.motion(&change(&["KEY"], &[]));
    t.row("into the set without a key", "APC", motion);
    t.row(
        "it registers one",
        "KEY",
        validator_key("KEY", &key("KEY validator")),
    );
    t.world
        .decide(&["APC", "DUK", "NEW"], &change(&["KEY"], &[]));
    t.note("five", &t.world.standings());
    expect![[r#"
        a full node | APC active*, DUK active*, GPC active*, NEW active, REG active*
        a full node's vote | NEW: no-vote: US*NEW only follows as a full node; the active members that validate have a vote
        one for another | APC active*, DUK active*, GPC active, NEW active*, REG active*
        in the set already | APC: validator-set: US*NEW is in the set already
        a validator without a key | APC: validator-set: US*KEY has no validator key; it must register one first
        into the set without a key | APC: validator-set: US*KEY has no validator key; it must register one first
        it registers one | KEY: Council(ValidatorKeyRotated)
        five | APC active*, DUK active*, GPC active, KEY active*, NEW active*, REG active*
    "#]].assert_eq(t.rows());
}

#[test]
fn the_set_has_a_hundred_validators_at_most() {
    let mut founders = genesis();
    for n in 0..96 {
        founders.members.push(entry(&format!("V{n:02}")));
    }
    let mut world = World::on(&founders);
    let motion = world.motion(&admit("NEW", Role::Validator));
    expect!["validator-set: the set would have 101 validators; at most 100 are allowed"]
        .assert_eq(&world.outcome("APC", motion));
    world.propose("APC", &admit("NEW", Role::FullNode));
}

pub(crate) fn validator_key(name: &str, to: &SigningKey) -> Operation {
    council(CouncilOperation::RotateValidatorKey {
        new_key: to.public(),
        proof: to.sign(VALIDATOR_KEY_DOMAIN, &member(name).to_bytes()),
    })
}

#[test]
fn keys_are_used_once_and_by_one_member() {
    let mut t = Table::on(World::new());
    t.row(
        "another's member key",
        "APC",
        rotation("APC", &key("DUK"), false),
    );
    t.row(
        "another's validator key",
        "APC",
        validator_key("APC", &key("DUK validator")),
    );
    t.row(
        "the member key as validator key",
        "APC",
        validator_key("APC", &key("APC")),
    );
    let stolen = Candidate::sign(
        CHAIN,
        Member {
            key: key("DUK").public(),
            ..entry("NEW")
        },
        "127.0.0.1:1".to_owned(),
        &key("DUK"),
        Some(&key("NEW validator")),
    );
    let motion = t.world.motion(&Motion::Admit {
        candidate: Box::new(stolen),
        role: Role::FullNode,
    });
    t.row("a candidate with another's key", "APC", motion);
    let new = SigningKey::from_seed([77; 32]);
    let before = t
        .world
        .sign("APC", validator_key("APC", &key("APC next validator")));
    t.row("rotate", "APC", rotation("APC", &new, false));
    let receipt = t.world.execute(&before);
    t.note(
        "signed before with the old key",
        &crate::world::line(&receipt),
    );
    let back = Transaction::sign(
        CHAIN,
        member("APC"),
        TxNonce([5; 16]),
        rotation("APC", &key("APC"), false),
        &new,
    );
    let receipt = t.world.execute(&back.to_bytes());
    t.note("rotate back to the old key", &crate::world::line(&receipt));
    t.row(
        "another takes the old key",
        "DUK",
        rotation("DUK", &key("APC"), false),
    );
    t.row(
        "rotate a validator key",
        "DUK",
        validator_key("DUK", &key("DUK next")),
    );
    t.row(
        "and back",
        "DUK",
        validator_key("DUK", &key("DUK validator")),
    );
    expect![[r#"
        another's member key | APC: key-taken: key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c is or was the member key of US*DUK; make a new one
        another's validator key | APC: key-taken: key c47e86aa9fe16890137f32dc80d14194e8492c8a920d9b1f30047444d256f748 is or was the validator key of US*DUK; make a new one
        the member key as validator key | APC: key-taken: key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd is or was the member key of US*APC; make a new one
        a candidate with another's key | APC: key-taken: key bf67c80766d4b4d13cfc471fdcc96159ae37d23862e8953a6f94dc1995cf557c is or was the member key of US*DUK; make a new one
        rotate | APC: MemberKeyRotated
        signed before with the old key | not-authorized: key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd is not the registered key of US*APC; sign with that one
        rotate back to the old key | key-taken: key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd is or was the member key of US*APC; make a new one
        another takes the old key | DUK: key-taken: key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd is or was the member key of US*APC; make a new one
        rotate a validator key | DUK: Council(ValidatorKeyRotated)
        and back | DUK: key-taken: key c47e86aa9fe16890137f32dc80d14194e8492c8a920d9b1f30047444d256f748 is or was the validator key of US*DUK; make a new one
    "#]].assert_eq(t.rows());
    let validator = |name| t.world.roll().find(member(name)).unwrap().validator;
    assert_eq!(validator("DUK"), Some(key("DUK next").public()));
}

#[test]
fn possession_of_every_new_key_is_proven() {
    let world = World::new();
    let wrong = key("somebody else");
    let mut false_member = candidate("NEW");
    false_member.proof = wrong.sign("fairway.candidate.v1", b"");
    let mut false_validator = candidate("NEW");
    false_validator.validator_proof = Some(wrong.sign("fairway.candidate.v1", b""));
    let mut changed = candidate("NEW");
    changed.ledger = "127.0.0.1:2".to_owned();
    let elsewhere = Candidate::sign(
        "another-chain",
        entry("NEW"),
        "127.0.0.1:1".to_owned(),
        &key("NEW"),
        Some(&key("NEW validator")),
    );
    let mut operations: Vec<Operation> = [false_member, false_validator, changed, elsewhere]
        .into_iter()
        .map(|candidate| {
            assert!(!candidate.verify(CHAIN));
            world.motion(&Motion::Admit {
                candidate: Box::new(candidate),
                role: Role::FullNode,
            })
        })
        .collect();
    operations.push(council(CouncilOperation::RotateValidatorKey {
        new_key: key("DUK next").public(),
        proof: key("DUK next").sign(VALIDATOR_KEY_DOMAIN, &member("APC").to_bytes()),
    }));
    for operation in operations {
        let tx = Transaction::sign(
            CHAIN,
            member("DUK"),
            TxNonce([1; 16]),
            operation,
            &key("DUK"),
        );
        let verdict = world.contracts.admit(&[tx.to_bytes()]).remove(0);
        assert_eq!(verdict.unwrap_err().code, RefusalCode::BadSignature);
    }
    assert!(candidate("NEW").verify(CHAIN));
}

#[test]
fn malformed_motions_are_refused_by_name() {
    let world = World::new();
    let set = |parameter, value| Motion::SetParameter {
        parameter,
        value,
        from: 0,
    };
    let of = |spoil: fn(&mut Member)| {
        let mut member = entry("NEW");
        spoil(&mut member);
        let validator = key("NEW validator");
        let candidate = Candidate::sign(
            CHAIN,
            member,
            "127.0.0.1:1".to_owned(),
            &key("NEW"),
            Some(&validator),
        );
        Motion::Admit {
            candidate: Box::new(candidate),
            role: Role::Validator,
        }
    };
    let nowhere = Motion::Admit {
        candidate: Box::new(Candidate::sign(
            CHAIN,
            entry("NEW"),
            "somewhere".to_owned(),
            &key("NEW"),
            Some(&key("NEW validator")),
        )),
        role: Role::Validator,
    };
    let motions = [
        set(Parameter::ChargeAge, 1),
        set(Parameter::ClockSkew, 11 * MINUTE),
        set(Parameter::OfferGrace, -1),
        set(Parameter::LeaveNotice, i64::MAX),
        set(Parameter::VotingTime, 0),
        of(|m| m.name.clear()),
        of(|m| m.endpoint.clear()),
        of(|m| m.validator = None),
        of(|m| m.validator = Some(m.key)),
        nowhere,
        change(&[], &[]),
        change(&["APC"], &["APC"]),
    ];
    let mut rows = String::new();
    for motion in motions {
        let tx = Transaction::sign(
            CHAIN,
            member("DUK"),
            TxNonce([1; 16]),
            world.motion(&motion),
            &key("DUK"),
        );
        let verdict = world.contracts.admit(&[tx.to_bytes()]).remove(0);
        writeln!(rows, "{}", verdict.unwrap_err()).unwrap();
    }
    expect![[r#"
        out-of-bounds: charge-age-ms of 1; 86400000 to 31622400000 are allowed
        out-of-bounds: clock-skew-ms of 660000; 1000 to 600000 are allowed
        out-of-bounds: offer-grace-ms of -1; 0 to 86400000 are allowed
        out-of-bounds: leave-notice-ms of 9223372036854775807; 0 to 7776000000 are allowed
        out-of-bounds: voting-time-ms of 0; 3600000 to 5184000000 are allowed
        malformed: candidate US*NEW: the name must have 1 to 80 bytes
        malformed: candidate US*NEW: a utility needs an endpoint
        malformed: candidate US*NEW: a validator key needs its signature, and a signature its key
        key-taken: candidate US*NEW: the validator key is the member key; make two
        malformed: candidate US*NEW: the ledger's address is no address and port, as in 192.0.2.7:7413
        malformed: no validator joins and none leaves
        malformed: US*APC is named twice
    "#]].assert_eq(&rows);
}

#[test]
fn a_parameter_counts_from_its_height() {
    let mut t = Table::on(World::ready());
    let charges = [1, 2, 3].map(|n| Charge::new("APC", "DUK", n));
    for charge in &charges {
        t.world.must("DUK", place(charge));
    }
    let from = t.world.height + 7;
    let motion = Motion::SetParameter {
        parameter: Parameter::ChargeAge,
        value: 2 * DAY,
        from,
    };
    t.world.decide(&MOST, &motion);
    let again = t.world.motion(&motion);
    t.row("while one waits", "APC", again);
    t.world.time = T0.plus(3 * DAY);
    assert_eq!(t.world.height, from - 2);
    t.row("the block before", "DUK", settle(charges[0].settlement()));
    t.row("the block", "DUK", settle(charges[1].settlement()));
    let again = t.world.motion(&motion);
    t.row("the next may be proposed", "APC", again);
    let version = |version| Motion::ActivateVersion { version, from: 0 };
    let motion = t.world.motion(&version(3));
    t.row("a version is left out", "APC", motion);
    t.world.decide(&MOST, &version(2));
    t.row(
        "a program without it",
        "DUK",
        settle(charges[2].settlement()),
    );
    expect![[r#"
        while one waits | APC: out-of-order: charge-age-ms becomes 172800000 at height 31; the next change waits for it
        the block before | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        the block | DUK: time-invalid: the charge ended at 2026-11-23T07:40:00.000Z, more than 2 days before the block's time 2026-11-26T08:00:02.000Z
        the next may be proposed | APC: Council(Proposed { proposal: ProposalId(0b351e6493ff633d99b63bb6c8c2228bab493a38b035a1ae7f997e8e50bc5fff) })
        a version is left out | APC: out-of-order: version 3 does not follow version 1; 2 does
        a program without it | DUK: version-unknown: version 2 of the contracts is in force; install a program that has it
    "#]].assert_eq(t.rows());
}

#[test]
fn a_motion_may_wait_for_its_height() {
    let mut t = Table::on(World::new());
    let motion = suspend("GPC");
    let not_before = t.world.height + 6;
    let operation = council(CouncilOperation::Propose {
        motion: Box::new(motion.clone()),
        expires_at: t.world.time.plus(DAY),
        not_before,
    });
    let id = proposed(&t.world.must("APC", operation)).unwrap();
    for name in MOST {
        t.row("yes", name, vote(id, &motion, Choice::Yes));
    }
    t.row("too early", "APC", enact(id, &motion));
    t.row("due", "APC", enact(id, &motion));
    t.row("twice is once", "DUK", enact(id, &motion));
    assert_eq!(
        t.world.roll().find(member("GPC")).unwrap().standing,
        Standing::Suspended
    );
    expect![[r#"
        yes | APC: Council(Voted { proposal: ProposalId(bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1), yes: 1, of: 4, status: Open })
        yes | DUK: Council(Voted { proposal: ProposalId(bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1), yes: 2, of: 4, status: Open })
        yes | REG: Council(Voted { proposal: ProposalId(bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1), yes: 3, of: 4, status: Adopted })
        too early | APC: time-invalid: pro_bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1 takes effect from height 6 on; this block is 5
        due | APC: Council(Enacted { proposal: ProposalId(bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1) })
        twice is once | DUK: duplicate: pro_bcf78d6308d9d56dc6876b85d9bcd73656b0317765791653edd9f5a2288d39c1 took effect already; nothing changed
    "#]].assert_eq(t.rows());
}

#[test]
fn the_agenda_is_bounded_and_expired_motions_make_room() {
    let mut world = World::new();
    for _ in 0..64 {
        world.propose("APC", &suspend("GPC"));
    }
    let motion = world.motion(&suspend("GPC"));
    expect!["too-large: 64 proposals are open; decide one of them first"]
        .assert_eq(&world.outcome("APC", motion));
    world.time = world.time.plus(DAY);
    world.propose("APC", &suspend("GPC"));
}
