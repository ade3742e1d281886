//! Prefixes, EVSEs and keys.

use crate::table::Table;
use crate::world::{CHAIN, Charge, T0, World, evse, key, line, member, place, settle, signed};
use expect_test::expect;
use fairway_ledger::{
    NEW_KEY_DOMAIN, Operation, Transaction, TxNonce, key_for_evse, key_for_member, key_for_node,
    state::{EvseState, MemberState, NodeState},
};
use fairway_model::canonical::Canonical;
use fairway_model::cin::{CinPrefix, PrefixTable};
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, StationId};
use fairway_model::registry::{EncryptionKey, EvseEntry, PrefixEntry};
use fairway_model::sign::SigningKey;
use fairway_model::time::{DAY, HOUR};

fn prefix(digits: &str, name: &str) -> Operation {
    Operation::RegisterPrefix(PrefixEntry {
        prefix: digits.to_owned(),
        member: member(name),
    })
}

fn register(change: impl FnOnce(&mut EvseEntry)) -> Operation {
    let mut entry = evse("DUK");
    change(&mut entry);
    Operation::RegisterEvse(Box::new(entry))
}

#[test]
fn prefixes_stay_prefix_free() {
    let mut t = Table::on(World::new());
    t.row("first", "DUK", prefix("84000112", "DUK"));
    t.row("again", "DUK", prefix("84000112", "DUK"));
    t.row("the same", "APC", prefix("84000112", "APC"));
    t.row("longer", "APC", prefix("840001123", "APC"));
    t.row("shorter", "APC", prefix("8400011", "APC"));
    t.row("beside", "APC", prefix("84000113", "APC"));
    t.row("longer of own", "APC", prefix("840001130", "APC"));
    t.row("for another", "APC", prefix("8500010", "GPC"));
    t.row("by a witness", "REG", prefix("8600010", "REG"));
    expect![[r#"
        first | DUK: PrefixRegistered
        again | DUK: duplicate: the prefix is registered so already
        the same | APC: prefix-taken: prefix 84000112 is registered by US*DUK
        longer | APC: prefix-taken: prefix 840001123 begins with 84000112, which US*DUK has registered
        shorter | APC: prefix-taken: prefix 8400011 is the beginning of a longer registered one
        beside | APC: PrefixRegistered
        longer of own | APC: prefix-taken: prefix 840001130 begins with 84000113, which US*APC has registered
        for another | APC: not-authorized: US*APC cannot register a CIN prefix for US*GPC; US*GPC must sign
        by a witness | REG: not-authorized: US*REG is a witness; only a utility can do this
    "#]].assert_eq(t.rows());
}

/// Contract ids (eMAID) name member and node only, so the two together must name one prefix.
#[test]
fn a_member_uses_a_node_number_once() {
    let mut t = Table::on(World::new());
    t.row("first", "DUK", prefix("84000112", "DUK"));
    t.row("node in another network", "DUK", prefix("84000212", "DUK"));
    t.row("node in another country", "DUK", prefix("27600112", "DUK"));
    t.row("again", "DUK", prefix("84000112", "DUK"));
    t.row("node of another width", "DUK", prefix("840002012", "DUK"));
    t.row("node of another member", "APC", prefix("84000212", "APC"));
    t.row("three digits", "DUK", prefix("840003123", "DUK"));
    t.row("overlap before node", "DUK", prefix("84000312", "DUK"));
    let refused = t.world.get::<NodeState>(key_for_node(member("DUK"), "13"));
    assert_eq!(refused, None);
    let taken: NodeState = t.world.get(key_for_node(member("DUK"), "12")).unwrap();
    assert_eq!(taken.prefix.as_str(), "84000112");
    expect![[r#"
        first | DUK: PrefixRegistered
        node in another network | DUK: prefix-taken: node 12 of prefix 84000212 is the node of 84000112, which US*DUK has registered; a member uses a node number once
        node in another country | DUK: prefix-taken: node 12 of prefix 27600112 is the node of 84000112, which US*DUK has registered; a member uses a node number once
        again | DUK: duplicate: the prefix is registered so already
        node of another width | DUK: PrefixRegistered
        node of another member | APC: PrefixRegistered
        three digits | DUK: PrefixRegistered
        overlap before node | DUK: prefix-taken: prefix 84000312 is the beginning of a longer registered one
    "#]].assert_eq(t.rows());
}

/// Whatever a reader's table refuses, the contract refuses, and the other way round.
#[test]
fn the_contract_agrees_with_the_readers_table() {
    let mut world = World::new();
    let mut table = PrefixTable::new();
    for (digits, name) in [
        ("8400011", "DUK"),
        ("84000112", "APC"),
        ("84000212", "APC"),
        ("8400021", "GPC"),
        ("840002", "GPC"),
        ("8400031", "DUK"),
        ("84000301", "DUK"),
        ("840003001", "DUK"),
        ("840003001", "APC"),
        ("9990011", "GPC"),
        ("8400041", "GPC"),
        ("84000412", "APC"),
        ("840005123", "APC"),
        ("8400012345", "APC"),
    ] {
        let inserted = CinPrefix::parse(digits)
            .ok()
            .is_some_and(|p| table.insert(p, member(name)).is_ok());
        let tx = Transaction::sign(
            CHAIN,
            member(name),
            TxNonce(
                Hash::plain(format!("{digits}{name}").as_bytes()).0[..16]
                    .try_into()
                    .unwrap(),
            ),
            prefix(digits, name),
            &key(name),
        );
        let receipt = world.execute_unadmitted(&tx.to_bytes());
        assert_eq!(
            receipt.refusal().is_none(),
            inserted,
            "{digits} {name}: {receipt:?}"
        );
    }
    assert_eq!(table.len(), 6);
}

#[test]
fn evses_and_stations_are_taken_once() {
    let mut t = Table::on(World::new());
    t.row("first", "DUK", register(|_| {}));
    t.row("again", "DUK", register(|_| {}));
    t.row(
        "same id, other owner",
        "DUK",
        register(|e| e.owner = fairway_model::OwnerId::parse("OTHER").unwrap()),
    );
    t.row(
        "id of another",
        "APC",
        register(|e| e.utility = member("APC")),
    );
    let other = |e: &mut EvseEntry| e.evse = EvseId::parse("US*DUK*E0002*1").unwrap();
    t.row("number taken", "DUK", register(other));
    t.row(
        "station of another",
        "APC",
        register(|e| {
            e.evse = EvseId::parse("US*APC*E0002*1").unwrap();
            e.utility = member("APC");
        }),
    );
    t.row(
        "second of the station",
        "DUK",
        register(|e| {
            other(e);
            e.number = 2;
        }),
    );
    for (name, id) in [
        ("made-up party", "US*YYY*E0001*1"),
        ("nothing behind the party", "US*DUK*E"),
        ("no EVSE id", "US*DUK*S0001"),
    ] {
        t.row(
            name,
            "DUK",
            register(|e| e.evse = EvseId::parse(id).unwrap()),
        );
    }
    t.row("for another", "APC", register(|_| {}));
    t.row(
        "by a witness",
        "REG",
        register(|e| {
            other(e);
            e.utility = member("REG");
        }),
    );
    t.row(
        "no such zone",
        "DUK",
        register(|e| e.time_zone = "America/Atlantis".to_owned()),
    );
    for number in 3..=65 {
        let id = |e: &mut EvseEntry| e.evse = EvseId::parse(&format!("US*DUK*E{number}")).unwrap();
        let operation = register(|e| {
            id(e);
            e.number = number;
        });
        if number < 65 {
            t.world.must("DUK", operation);
        } else {
            t.row("the 65th of a station", "DUK", operation);
        }
    }
    expect![[r#"
        first | DUK: EvseRegistered { evse: US*DUK*E0001*1 }
        again | DUK: duplicate: EVSE US*DUK*E0001*1 is registered so already
        same id, other owner | DUK: evse-taken: EVSE id US*DUK*E0001*1 is registered by US*DUK; every EVSE has an id of its own
        id of another | APC: not-authorized: EVSE id US*DUK*E0001*1 is not of US*APC: its ids begin with US*APC*E, as in US*APC*E0001*1
        number taken | DUK: evse-taken: number 1 of station DUK-STATION-1 is EVSE US*DUK*E0001*1
        station of another | APC: evse-taken: station id DUK-STATION-1 is registered by US*DUK; choose another
        second of the station | DUK: EvseRegistered { evse: US*DUK*E0002*1 }
        made-up party | DUK: not-authorized: EVSE id US*YYY*E0001*1 is not of US*DUK: its ids begin with US*DUK*E, as in US*DUK*E0001*1
        nothing behind the party | DUK: not-authorized: EVSE id US*DUK*E is not of US*DUK: its ids begin with US*DUK*E, as in US*DUK*E0001*1
        no EVSE id | DUK: not-authorized: EVSE id US*DUK*S0001 is not of US*DUK: its ids begin with US*DUK*E, as in US*DUK*E0001*1
        for another | APC: not-authorized: US*APC cannot register an EVSE for US*DUK; US*DUK must sign
        by a witness | REG: not-authorized: US*REG is a witness; only a utility can do this
        no such zone | DUK: malformed: "America/Atlantis" is no IANA time zone such as America/New_York
        the 65th of a station | DUK: too-large: station DUK-STATION-1 has 64 EVSEs; no more are allowed
    "#]].assert_eq(t.rows());
}

#[test]
fn evses_retire_and_meter_keys_rotate() {
    let mut t = Table::on(World::ready());
    let id = evse("DUK").evse;
    let rotate = |k: &str| Operation::RotateMeterKey {
        evse: evse("DUK").evse,
        meter_key: k.as_bytes().to_vec(),
    };
    let retire = |from| Operation::RetireEvse {
        evse: evse("DUK").evse,
        from,
    };
    let (charge, late) = (
        Charge::new("APC", "DUK", 1),
        Charge {
            start: T0.plus(HOUR),
            ..Charge::new("APC", "DUK", 2)
        },
    );
    t.world.must("DUK", place(&charge));
    t.world.must("DUK", place(&late));
    t.row("rotate", "DUK", rotate("new"));
    t.row("rotate to the same", "DUK", rotate("new"));
    t.row("rotate another's", "APC", rotate("newer"));
    t.row(
        "the charge before names the old key",
        "DUK",
        settle(charge.settlement()),
    );
    t.world.time = T0.plus(3 * HOUR);
    t.row(
        "the charge after names the old key",
        "DUK",
        settle(late.settlement()),
    );
    t.row("retire in the past", "DUK", retire(T0));
    t.row("retire another's", "GPC", retire(T0.plus(DAY)));
    t.row("retire", "DUK", retire(T0.plus(DAY)));
    t.row("retire again", "DUK", retire(T0.plus(DAY)));
    t.world.time = T0.plus(DAY);
    t.row("retire after retirement", "DUK", retire(T0.plus(2 * DAY)));
    let unknown = EvseId::parse("US*DUK*E9").unwrap();
    t.row(
        "retire an unknown one",
        "DUK",
        Operation::RetireEvse {
            evse: unknown,
            from: T0.plus(DAY),
        },
    );
    t.row(
        "the id stays taken",
        "DUK",
        register(|e| e.station = StationId::parse("S2").unwrap()),
    );
    let state: EvseState = t.world.get(key_for_evse(&id)).unwrap();
    assert_eq!(state.retired, Some(T0.plus(DAY)));
    expect![[r#"
        rotate | DUK: MeterKeyRotated { evse: US*DUK*E0001*1, meter_key: 11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437 }
        rotate to the same | DUK: duplicate: EVSE US*DUK*E0001*1 has this meter key already
        rotate another's | APC: not-authorized: EVSE US*DUK*E0001*1 belongs to US*DUK, not to US*APC
        the charge before names the old key | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        the charge after names the old key | DUK: meter-key: meter key a0ad30dce39153d92d95f5e39fde48aca7a920637d772dff32f7860c7bb94cf6 is not the one registered for US*DUK*E0001*1
        retire in the past | DUK: time-invalid: retirement from 2026-11-23T08:00:00.000Z lies before the block's time 2026-11-23T11:00:02.000Z; charges may have begun since
        retire another's | GPC: not-authorized: EVSE US*DUK*E0001*1 belongs to US*DUK, not to US*GPC
        retire | DUK: EvseRetired { evse: US*DUK*E0001*1, from: 2026-11-24T08:00:00.000Z }
        retire again | DUK: duplicate: EVSE US*DUK*E0001*1 is retired from 2026-11-24T08:00:00.000Z already
        retire after retirement | DUK: evse-unavailable: EVSE US*DUK*E0001*1 is retired since 2026-11-24T08:00:00.000Z
        retire an unknown one | DUK: evse-unavailable: EVSE US*DUK*E9 is not registered
        the id stays taken | DUK: evse-taken: EVSE id US*DUK*E0001*1 is registered by US*DUK; every EVSE has an id of its own
    "#]].assert_eq(t.rows());
}

pub(crate) fn rotation(name: &str, to: &SigningKey, compromised: bool) -> Operation {
    Operation::RotateMemberKey {
        new_key: to.public(),
        proof: to.sign(NEW_KEY_DOMAIN, &member(name).to_bytes()),
        compromised,
    }
}

#[test]
fn member_keys_rotate_with_an_overlap_unless_compromised() {
    let mut t = Table::on(World::ready());
    let new = SigningKey::from_seed([77; 32]);
    let charges = [1, 2, 3].map(|n| Charge::new("APC", "DUK", n));
    for charge in &charges {
        t.world.must("DUK", place(charge));
    }
    t.row(
        "rotate to the same",
        "APC",
        rotation("APC", &key("APC"), false),
    );
    t.row("rotate", "APC", rotation("APC", &new, false));
    t.row(
        "the old key signs a transaction",
        "APC",
        settle(charges[0].settlement()),
    );
    t.row(
        "the old key's charge",
        "DUK",
        settle(charges[0].settlement()),
    );
    let mut with_new = signed(charges[1].event());
    (with_new.home_key, with_new.signed.home_signature) =
        (new.public(), charges[1].event().sign(&new));
    t.row("the new key's charge", "DUK", settle(with_new));
    let newer = SigningKey::from_seed([78; 32]);
    let tx = Transaction::sign(
        CHAIN,
        member("APC"),
        TxNonce([5; 16]),
        rotation("APC", &newer, true),
        &new,
    );
    let receipt = t.world.execute(&tx.to_bytes());
    t.note("rotate a compromised key", &line(&receipt));
    let mut with_new = signed(charges[2].event());
    (with_new.home_key, with_new.signed.home_signature) =
        (new.public(), charges[2].event().sign(&new));
    t.row("the compromised key's charge", "DUK", settle(with_new));
    t.row(
        "the oldest key's charge",
        "DUK",
        settle(charges[2].settlement()),
    );
    expect![[r#"
        rotate to the same | APC: duplicate: US*APC has this key already
        rotate | APC: MemberKeyRotated
        the old key signs a transaction | APC: not-authorized: key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd is not the registered key of US*APC; sign with that one
        the old key's charge | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        the new key's charge | DUK: ChargeSettled { session: ses_02020202020202020202020202020202, event: 5b6919e4436c8f5348d2b4b86b4e908b81cd38b0c2619f32fa10c55ca40a768f, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        rotate a compromised key | MemberKeyRotated
        the compromised key's charge | DUK: not-authorized: the charge event is signed with 62a611b472d89b0e5fc93c069b9f700b4c552d55bc0e87b56008ef17b6b2bebe, which is not the registered key of US*APC
        the oldest key's charge | DUK: not-authorized: the charge event is signed with c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd, which is not the registered key of US*APC
    "#]].assert_eq(t.rows());
}

pub(crate) fn encryption(key: [u8; 32], compromised: bool) -> Operation {
    Operation::RotateEncryptionKey {
        new_key: EncryptionKey(key),
        compromised,
    }
}

#[test]
fn encryption_keys_rotate_and_are_one_members_once() {
    let mut t = Table::on(World::ready());
    let state = |t: &Table| {
        let state: MemberState = t.world.get(key_for_member(member("APC"))).unwrap();
        (
            state.member.encryption.map(|key| key.0[0]),
            state
                .previous_encryption
                .map(|old| (old.key.0[0], old.until)),
        )
    };
    assert_eq!(state(&t), (None, None));
    t.row("the first", "APC", encryption([1; 32], false));
    assert_eq!(state(&t), (Some(1), None));
    t.row("the same", "APC", encryption([1; 32], false));
    t.row("another's", "DUK", encryption([1; 32], false));
    t.row(
        "a signing key",
        "DUK",
        encryption(key("APC").public().0, false),
    );
    let before = t.world.time;
    t.row("the second", "APC", encryption([2; 32], false));
    let (present, old) = state(&t);
    assert_eq!((present, old.map(|o| o.0)), (Some(2), Some(1)));
    assert!(old.unwrap().1 >= before.plus(DAY));
    t.row("back", "APC", encryption([1; 32], false));
    t.row("compromised", "APC", encryption([3; 32], true));
    assert_eq!(state(&t), (Some(3), None));
    expect![[r#"
        the first | APC: EncryptionKeyRotated
        the same | APC: duplicate: US*APC has this encryption key already
        another's | DUK: key-taken: key 0101010101010101010101010101010101010101010101010101010101010101 is or was the encryption key of US*APC; make a new one
        a signing key | DUK: key-taken: key c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd is or was the member key of US*APC; make a new one
        the second | APC: EncryptionKeyRotated
        back | APC: key-taken: key 0101010101010101010101010101010101010101010101010101010101010101 is or was the encryption key of US*APC; make a new one
        compromised | APC: EncryptionKeyRotated
    "#]].assert_eq(t.rows());
}

#[test]
fn a_replaced_key_stops_counting_after_a_day() {
    let mut t = Table::on(World::ready());
    let charges = [1, 2].map(|n| Charge::new("APC", "DUK", n));
    for charge in &charges {
        t.world.must("DUK", place(charge));
    }
    t.world.time = T0.plus(HOUR);
    t.world.must(
        "APC",
        rotation("APC", &SigningKey::from_seed([77; 32]), false),
    );
    t.world.time = T0.plus(HOUR + DAY - 1_000);
    t.row("the last second", "DUK", settle(charges[0].settlement()));
    t.row("a second later", "DUK", settle(charges[1].settlement()));
    expect![[r#"
        the last second | DUK: ChargeSettled { session: ses_01010101010101010101010101010101, event: ade48587876c7c9551f53aef02d22e066dd82e5a652def982825435759504f77, total: 9.06, shares: Shares { home: 0.222333, visited: 7.335806, owner: 0.889333, tax: 0.612528 }, currency: USD, released: 10.94 } member:US*APC -8.837667, member:US*DUK 7.335806, owner:OWNER-1 0.889333, tax:US*DUK 0.612528
        a second later | DUK: not-authorized: the charge event is signed with c022440e0a3c5ba3d3341180b2c66065bfcb727365a7788a49078c8ef1c347bd, which is not the registered key of US*APC
    "#]].assert_eq(t.rows());
}
