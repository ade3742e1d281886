//! The published vectors of fixtures/cin/vectors.json, which a second implementation computed.

use fairway_model::{
    Canonical, Cin, CinPrefix, Contract, CustomerNumber, Emaid, MemberId, OcpiToken, PrefixTable,
    Service,
};
use serde_json::Value;

fn vectors(group: &str) -> Vec<Value> {
    let all: Value =
        serde_json::from_str(include_str!("../../../../fixtures/cin/vectors.json")).unwrap();
    let list = all.get(group).and_then(Value::as_array).unwrap().clone();
    assert!(!list.is_empty(), "{group}");
    list
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} in {vector}"))
}

fn table() -> PrefixTable {
    let mut table = PrefixTable::new();
    for v in vectors("registry") {
        let prefix = CinPrefix::parse(text(&v, "prefix")).unwrap();
        table
            .insert(prefix, MemberId::parse(text(&v, "member")).unwrap())
            .unwrap();
    }
    table
}

#[test]
fn registry() {
    for v in vectors("registry_refused") {
        let prefix = CinPrefix::parse(text(&v, "prefix")).unwrap();
        let got = table().insert(prefix, MemberId::parse(text(&v, "member")).unwrap());
        assert_eq!(got.unwrap_err().code(), text(&v, "error"), "{v}");
    }
    for v in vectors("routes") {
        let got = table().find(&Cin::parse(text(&v, "digits")).unwrap());
        match got {
            Ok(member) => assert_eq!(member.to_string(), text(&v, "member"), "{v}"),
            Err(e) => assert_eq!(e.code(), text(&v, "error"), "{v}"),
        }
    }
}

#[test]
fn numbers() {
    for v in vectors("valid") {
        let cin = Cin::parse(text(&v, "text")).unwrap();
        let prefix = cin.prefix();
        assert_eq!(cin.digits(), text(&v, "digits"));
        assert_eq!(cin.grouped(), text(&v, "grouped"));
        assert_eq!(prefix.country(), text(&v, "country"));
        assert_eq!(prefix.network(), text(&v, "network"));
        assert_eq!(prefix.node(), text(&v, "node"));
        assert_eq!(
            u64::from(cin.service().digit()),
            v["service"].as_u64().unwrap()
        );
        assert_eq!(
            u64::from(cin.customer().get()),
            v["customer"].as_u64().unwrap()
        );
        assert_eq!(u64::from(cin.check_digit()), v["check"].as_u64().unwrap());
        let service = Service::from_digit(cin.service().digit()).unwrap();
        let customer = CustomerNumber::new(cin.customer().get()).unwrap();
        assert_eq!(Cin::new(prefix, service, customer), cin);
        assert_eq!(Cin::from_bytes(&cin.to_bytes()), Ok(cin));
    }
    for v in vectors("invalid") {
        let error = Cin::parse(text(&v, "text")).unwrap_err();
        assert_eq!(error.code(), text(&v, "error"), "{v}: {error}");
    }
}

#[test]
fn contract_ids() {
    for v in vectors("emaid_check") {
        let id = Emaid::parse(text(&v, "id")).unwrap();
        assert_eq!(id.check_character().to_string(), text(&v, "check"), "{v}");
    }
    for v in vectors("emaid") {
        let cin = Cin::parse(text(&v, "digits")).unwrap();
        let id = Emaid::of(&cin, &table()).unwrap();
        assert_eq!(id.grouped(), text(&v, "emaid"));
        let read = Emaid::parse(text(&v, "emaid")).unwrap();
        assert_eq!(read.resolve(&table()), Contract::Cin(cin));
    }
    for v in vectors("emaid_foreign") {
        match Emaid::parse(text(&v, "text")).unwrap().resolve(&table()) {
            Contract::Foreign(reason) => assert_eq!(reason.code(), text(&v, "result"), "{v}"),
            Contract::Cin(cin) => panic!("{v} resolves to {cin}"),
        }
    }
    for v in vectors("emaid_invalid") {
        let error = Emaid::parse(text(&v, "text")).unwrap_err();
        assert_eq!(error.code(), text(&v, "error"), "{v}: {error}");
    }
}

#[test]
fn tokens() {
    for v in vectors("token") {
        let cin = Cin::parse(text(&v, "digits")).unwrap();
        let token = OcpiToken::of(&cin, &table()).unwrap();
        assert_eq!(token.country_code, text(&v, "country_code"));
        assert_eq!(token.party_id, text(&v, "party_id"));
        assert_eq!(token.uid, text(&v, "uid"));
        assert_eq!(token.contract_id, text(&v, "contract_id"));
        assert_eq!(token.token_type.as_str(), text(&v, "type"));
        assert_eq!(token.cin(&table()), Ok(cin));
    }
}
