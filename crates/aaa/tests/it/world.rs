//! What the tests share: customers, charge events, a database that takes stored changes and gives them back.

use fairway_aaa::accounts::journal::JournalEntry;
use fairway_aaa::loyalty::TierLadder;
use fairway_aaa::*;
use fairway_model::canonical::Canonical;
use fairway_model::station::{InputMethod, Presented};
use fairway_model::time::DAY;
use fairway_model::*;
use std::collections::BTreeMap;

pub fn alp() -> MemberId {
    MemberId::parse("US*ALP").unwrap()
}

pub fn duk() -> MemberId {
    MemberId::parse("US*DUK").unwrap()
}

pub fn cin(service: Service, number: u32) -> String {
    let prefix = CinPrefix::parse("8400011").unwrap();
    Cin::new(prefix, service, CustomerNumber::new(number).unwrap()).digits()
}

pub fn usd(text: &str) -> Micro {
    Micro::parse(text).unwrap()
}

pub fn customer(number: u32) -> CustomerInput {
    CustomerInput {
        cin: cin(Service::Standard, number),
        name: format!("Person Nr {number}"),
        class: CustomerClass::Residential,
        tier: Tier::Gold,
        payment: Payment::Postpaid,
        credit_limit: usd("200"),
        language: "en-US".to_owned(),
        pin: None,
        credentials: Vec::new(),
        currency: Currency::USD,
    }
}

pub fn prepaid(number: u32) -> CustomerInput {
    CustomerInput {
        payment: Payment::Prepaid,
        credit_limit: Micro::ZERO,
        ..customer(number)
    }
}

pub fn show(method: InputMethod, token: &str) -> Presented {
    Presented {
        method,
        token: token.to_owned(),
        pin: None,
    }
}

pub fn typed(token: &str, pin: Option<&str>) -> Presented {
    Presented {
        method: InputMethod::DialPad,
        token: token.to_owned(),
        pin: pin.map(str::to_owned),
    }
}

pub fn session(n: u8) -> SessionId {
    SessionId([n; 16])
}

pub fn guarantee(n: u8) -> GuaranteeId {
    GuaranteeId([n; 16])
}

pub fn agreement() -> AgreementId {
    AgreementId(Hash::of("agreement", b""))
}

pub fn key() -> SigningKey {
    SigningKey::from_seed([9; 32])
}

pub fn config(member: MemberId) -> NodeConfig {
    NodeConfig {
        member,
        home_secret: [1; 32],
        visited_secret: [2; 32],
        billing_offset_minutes: -300,
        tiers: TierLadder::default(),
    }
}

pub fn rules() -> AuthorizationRules {
    AuthorizationRules {
        policy_version: 3,
        services: Vec::new(),
        guarantee: usd("50"),
        least: usd("5"),
        profile_ttl: 10 * DAY,
    }
}

pub fn request(visited: MemberId, n: u8) -> EligibilityRequest {
    EligibilityRequest {
        session: session(n),
        visited,
        agreement: agreement(),
        currency: Currency::USD,
    }
}

/// A charge event of `total`: ten percent home, twenty percent owner, five percent tax, the rest visited.
pub fn event(
    n: u8,
    home: MemberId,
    visited: MemberId,
    total: Micro,
    promise: GuaranteeId,
) -> ChargeEvent {
    let part = |percent: i64| total.scale(percent, 100, Rounding::Down).unwrap();
    let (at_home, owner, tax) = (part(10), part(20), part(5));
    let rest = Micro(total.0 - at_home.0 - owner.0 - tax.0);
    ChargeEvent {
        session: session(n),
        agreement: agreement(),
        home,
        visited,
        evse: EvseId::parse("US*DUK*E0001*1").unwrap(),
        tariff: "day".to_owned(),
        adjustments: Adjustments::NEUTRAL,
        offer: Hash::default(),
        guarantee: promise,
        usage: Usage {
            end: Time(1),
            periods: Vec::new(),
        },
        meter_start: Energy(0),
        meter_end: Energy(12_500_000),
        meter_key: Hash::default(),
        meter_evidence: Hash::default(),
        driver: Hash::default(),
        total,
        shares: Shares {
            home: at_home,
            visited: rest,
            owner,
            tax,
        },
    }
}

pub fn breakdown(total: Micro) -> PriceBreakdown {
    PriceBreakdown {
        currency: Currency::USD,
        lines: Vec::new(),
        net: total,
        limit_change: Micro::ZERO,
        discount: Micro::ZERO,
        taxes: Vec::new(),
        total,
        rounding: Micro::ZERO,
        energy: Energy(12_500_000),
        rule: None,
    }
}

pub fn line(event: &ChargeEvent, start: Time) -> BillLine {
    BillLine {
        session: event.session,
        visited: event.visited,
        visited_name: "Duke Energy".to_owned(),
        evse: event.evse.clone(),
        start,
        end: start.plus(1_000),
        energy: Energy(12_500_000),
        total: event.total,
        breakdown: breakdown(event.total),
        offer: event.offer,
        meter_evidence: event.meter_evidence,
        agreement: event.agreement,
        event: event.hash(),
        transaction: Hash::default(),
        height: 1,
        shared: None,
        quoted: None,
        metered: None,
        place: None,
        settled: None,
    }
}

/// Rows as a database would hold them.
#[derive(Debug, Default, Clone)]
pub struct Database(pub BTreeMap<(StoreTable, String), Row>);

#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub subject: String,
    pub summary: String,
    pub body: Vec<u8>,
}

impl Database {
    pub fn take(&mut self, changes: &[StoredChange]) {
        for change in changes {
            match change.clone() {
                StoredChange::Put {
                    table,
                    key,
                    subject,
                    summary,
                    body,
                    ..
                } => {
                    assert!(key.len() <= 160, "{key}");
                    let row = Row {
                        subject,
                        summary,
                        body,
                    };
                    let old = self.0.insert((table, key.clone()), row);
                    assert!(
                        !table.append_only() || old.is_none(),
                        "{table:?} {key} was overwritten"
                    );
                }
                StoredChange::Delete { table, key } => {
                    assert!(!table.append_only());
                    self.0.remove(&(table, key));
                }
            }
        }
    }

    pub fn restore(&self, config: NodeConfig) -> AaaNode {
        let mut node = AaaNode::new(config);
        for ((table, key), row) in &self.0 {
            node.restore(*table, key, &row.body).unwrap();
        }
        node
    }

    pub fn of(&self, table: StoreTable) -> impl Iterator<Item = (&String, &Row)> {
        self.0
            .iter()
            .filter(move |((t, _), _)| *t == table)
            .map(|((_, k), r)| (k, r))
    }

    pub fn journal(&self) -> Vec<JournalEntry> {
        self.of(StoreTable::Journal)
            .map(|(_, r)| JournalEntry::from_bytes(&r.body).unwrap())
            .collect()
    }

    /// Keys of rows in which these bytes stand anywhere: key, subject, summary or body.
    pub fn grep(&self, needle: &[u8]) -> Vec<String> {
        let holds = |bytes: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
        self.0
            .iter()
            .filter(|((_, k), r)| {
                holds(k.as_bytes())
                    || holds(r.subject.as_bytes())
                    || holds(r.summary.as_bytes())
                    || holds(&r.body)
            })
            .map(|((t, k), _)| format!("{t:?} {k}"))
            .collect()
    }
}

/// A home node with one customer, and its database.
pub fn home_with(input: &CustomerInput) -> (AaaNode, Database, CustomerKey) {
    let mut node = AaaNode::new(config(alp()));
    let mut db = Database::default();
    let change = node.put_customer(Time(0), &[7; 32], input).unwrap();
    db.take(&change.changes);
    (node, db, change.customer)
}
