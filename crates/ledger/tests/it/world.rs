//! A small consortium: three utilities, a witness, stations, agreements and charges, with fixed keys and times.

use fairway_ledger::{
    Account, Block, Books, Contracts, Effect, Genesis, GuaranteeClaim, Hold, ItemOutcome, Key,
    Operation, Receipt, Settlement, Transaction, TxNonce, worded,
};
use fairway_model::agreement::{Agreement, Caps, Corridor, LoadBand, Split, TierTerms};
use fairway_model::canonical::Canonical;
use fairway_model::charge::{ChargeEvent, Period, PeriodKind, SignedChargeEvent, Usage};
use fairway_model::energy::Energy;
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, GuaranteeId, MemberId, OwnerId, SessionId, StationId};
use fairway_model::money::{Currency, Micro, Ppm};
use fairway_model::price::Adjustments;
use fairway_model::profile::{Guarantee, SignedGuarantee, Tier};
use fairway_model::registry::{EvseEntry, Member, MemberKind};
use fairway_model::sign::SigningKey;
use fairway_model::tariff::{Dimension, PriceComponent, SalesTax, Tariff, TariffElement};
use fairway_model::time::{DAY, HOUR, MINUTE, Time};
use fairway_pricing::{BoundRule, CompiledTariff, RuleModule, Sharing, rate, share};
use std::collections::BTreeMap;

pub(crate) const CHAIN: &str = "fairway-test";
/// 2026-11-23T08:00:00Z, when the first block is made.
pub(crate) const T0: Time = Time(1_795_420_800_000);
pub(crate) const ZONE: &str = "America/New_York";
pub(crate) const USD: Currency = Currency::USD;

pub(crate) fn member(name: &str) -> MemberId {
    MemberId::parse(&format!("US*{name}")).unwrap()
}

/// The key of a member: its seed is its name.
pub(crate) fn key(name: &str) -> SigningKey {
    SigningKey::from_seed(Hash::plain(name.as_bytes()).0)
}

pub(crate) fn party(id: MemberId) -> String {
    id.party()
}

pub(crate) fn genesis() -> Genesis {
    genesis_of(&["APC", "DUK", "GPC"])
}

/// These utilities and the witness REG.
pub(crate) fn genesis_of(utilities: &[&str]) -> Genesis {
    let of = |name: &str, kind| Member {
        id: member(name),
        name: format!("{name} (demonstration)"),
        kind,
        key: key(name).public(),
        validator: Some(key(&format!("{name} validator")).public()),
        endpoint: "https://127.0.0.1:1".to_owned(),
        tls_fingerprint: Hash::plain(name.as_bytes()),
        encryption: None,
    };
    let witness = of("REG", MemberKind::Witness);
    let utilities = utilities.iter().map(|name| of(name, MemberKind::Utility));
    Genesis {
        chain_id: CHAIN.to_owned(),
        members: utilities.chain([witness]).collect(),
    }
}

pub(crate) fn usd(text: &str) -> Micro {
    Micro::parse(text).unwrap()
}

pub(crate) fn kwh(n: u64) -> Energy {
    Energy(n * Energy::PER_KWH)
}

pub(crate) fn tariff() -> Tariff {
    let price = |dimension, text| PriceComponent {
        dimension,
        price: usd(text),
        vat: None,
        step_size: 1,
    };
    Tariff {
        id: "day".to_owned(),
        currency: USD,
        elements: vec![TariffElement {
            components: vec![
                price(Dimension::Energy, "0.36"),
                price(Dimension::Flat, "1.00"),
                price(Dimension::ParkingTime, "2.00"),
            ],
            restrictions: None,
        }],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: vec![SalesTax {
            name: "Sales tax".to_owned(),
            rate: Ppm(72_500),
            on: Vec::new(),
        }],
    }
}

pub(crate) fn agreement(home: &str, visited: &str, version: u32) -> Agreement {
    let tier = |tier, discount_bps, home_bears_bps| TierTerms {
        tier,
        discount_bps,
        home_bears_bps,
    };
    worded(Agreement {
        version,
        home: member(home),
        visited: member(visited),
        currency: USD,
        valid_from: T0.plus(-DAY),
        valid_until: T0.plus(365 * DAY),
        text_hash: Hash::default(),
        tariffs: vec![tariff()],
        corridor: Corridor {
            floor: usd("0.20"),
            cap: usd("0.60"),
        },
        load_band: LoadBand {
            min_bps: 8_000,
            max_bps: 12_500,
        },
        caps: Caps {
            energy_per_charge: kwh(100),
            amount_per_charge: usd("60"),
            exposure: usd("100"),
        },
        tiers: vec![
            tier(Tier::Gold, 500, 5_000),
            tier(Tier::Platinum, 1_500, 10_000),
        ],
        split: Split {
            home_bps: 500,
            visited_bps: 8_500,
            owner_bps: 1_000,
        },
        hold_ttl: 6 * HOUR,
        netting_days: 7,
        due_days: 14,
        interest_bps: 500,
        dispute_days: 30,
        notice_days: None,
        session_caps: None,
        service: None,
        collateral: None,
        model: None,
        rule: None,
        rule_fuel: None,
        annex_hash: None,
        split_rule: None,
        forecast: None,
    })
}

pub(crate) fn evse(utility: &str) -> EvseEntry {
    EvseEntry {
        evse: EvseId::parse(&format!("US*{utility}*E0001*1")).unwrap(),
        station: StationId::parse(&format!("{utility}-STATION-1")).unwrap(),
        number: 1,
        utility: member(utility),
        owner: OwnerId::parse("OWNER-1").unwrap(),
        meter_key: format!("meter of {utility}").into_bytes(),
        time_zone: ZONE.to_owned(),
        area: "SERC".to_owned(),
        max_power_w: 150_000,
    }
}

/// One charge, its guarantee and hold.
#[derive(Debug, Clone)]
pub(crate) struct Charge {
    pub(crate) session: SessionId,
    pub(crate) agreement: Agreement,
    pub(crate) guarantee: Guarantee,
    pub(crate) energy: Energy,
    pub(crate) tier: Tier,
    pub(crate) start: Time,
    pub(crate) hold: Micro,
    pub(crate) expires_at: Time,
    /// The module of the agreement's custom rule.
    pub(crate) rule: Option<RuleModule>,
    /// The multiplier for load.
    pub(crate) load_bps: u32,
    /// The day of its forecast price.
    pub(crate) day: Option<fairway_forecast::hour::Day>,
}

impl Charge {
    pub(crate) fn new(home: &str, visited: &str, number: u8) -> Self {
        let agreement = agreement(home, visited, 1);
        let guarantee = Guarantee {
            id: GuaranteeId([number; 16]),
            agreement: agreement.id(),
            limit: usd("50"),
            valid_until: T0.plus(DAY),
        };
        Self {
            session: SessionId([number; 16]),
            agreement,
            guarantee,
            energy: kwh(20),
            tier: Tier::Gold,
            start: T0.plus(-HOUR),
            hold: usd("20"),
            expires_at: T0.plus(2 * HOUR),
            rule: None,
            load_bps: 10_500,
            day: None,
        }
    }

    pub(crate) fn offer(&self) -> Hash {
        Hash::plain(&self.session.0)
    }

    pub(crate) fn hold(&self) -> Hold {
        let home = self.agreement.home;
        let signed = SignedGuarantee::sign(self.guarantee.clone(), &key(&party(home)));
        Hold {
            session: self.session,
            visited: self.agreement.visited,
            guarantee: GuaranteeClaim {
                home,
                home_key: key(&party(home)).public(),
                guarantee: signed.guarantee,
                home_signature: signed.home_signature,
            },
            amount: self.hold,
            currency: USD,
            expires_at: self.expires_at,
            offer: self.offer(),
        }
    }

    /// Where the meter stands at the begin: every session has a stretch of its own.
    fn register(&self) -> Energy {
        kwh(1_000 + 200 * u64::from(self.session.0[0]))
    }

    pub(crate) fn event(&self) -> ChargeEvent {
        self.event_in(ZONE)
    }

    /// As priced by somebody who believes the EVSE to be in this zone.
    pub(crate) fn event_in(&self, zone: &str) -> ChargeEvent {
        let agreement = &self.agreement;
        let discount_bps = agreement
            .tier_terms(self.tier)
            .map_or(0, |t| t.discount_bps);
        let adjustments = Adjustments {
            load_bps: self.load_bps,
            tier: self.tier,
            discount_bps,
            corridor: agreement.corridor,
        };
        let period = |start, kind, energy| Period {
            start,
            kind,
            energy,
            power_w: Some(50_000),
            current_ma: None,
        };
        let first = Energy(self.energy.0 / 3);
        let usage = Usage {
            end: self.start.plus(40 * MINUTE),
            periods: vec![
                period(self.start, PeriodKind::Charging, first),
                period(
                    self.start.plus(15 * MINUTE),
                    PeriodKind::Charging,
                    self.energy.minus(first).unwrap(),
                ),
                period(
                    self.start.plus(30 * MINUTE),
                    PeriodKind::Parking,
                    Energy::ZERO,
                ),
            ],
        };
        let rule = self
            .rule
            .clone()
            .map(|module| BoundRule::of(agreement, module));
        let tariff = CompiledTariff::compile_with(&agreement.tariffs[0], zone, rule).unwrap();
        let price = rate(&tariff, &adjustments, &usage).unwrap();
        let sharing = Sharing::of(agreement, self.tier, self.session);
        let shares = share(&price, &sharing).unwrap();
        let entry = evse(&party(agreement.visited));
        ChargeEvent {
            session: self.session,
            agreement: agreement.id(),
            home: agreement.home,
            visited: agreement.visited,
            evse: entry.evse.clone(),
            tariff: agreement.tariffs[0].id.clone(),
            adjustments,
            offer: self.offer(),
            guarantee: self.guarantee.id,
            usage,
            meter_start: self.register(),
            meter_end: self.register().plus(self.energy).unwrap(),
            meter_key: entry.meter_key_hash(),
            meter_evidence: Hash::plain(b"records"),
            driver: Hash::keyed(&[9; 32], "commitment", b"pseudonym"),
            total: price.total,
            shares,
        }
    }

    pub(crate) fn settlement(&self) -> Settlement {
        Settlement {
            rule: self.agreement.rule,
            forecast: self.day,
            ..signed(self.event())
        }
    }
}

/// An event signed by both, with honest claims.
pub(crate) fn signed(event: ChargeEvent) -> Settlement {
    let (home, visited) = (key(&party(event.home)), key(&party(event.visited)));
    let signed = SignedChargeEvent {
        visited_signature: event.sign(&visited),
        home_signature: event.sign(&home),
        event,
    };
    let owner = evse(&party(signed.event.visited)).owner;
    Settlement {
        signed,
        visited_key: visited.public(),
        home_key: home.public(),
        owner,
        currency: USD,
        area: None,
        rule: None,
        forecast: None,
    }
}

/// The contracts with the state that they wrote, and the books kept beside.
pub(crate) struct World {
    pub(crate) contracts: Contracts,
    pub(crate) state: BTreeMap<Key, Vec<u8>>,
    pub(crate) books: Books,
    pub(crate) height: u64,
    pub(crate) time: Time,
    pub(crate) log: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) nonce: u64,
}

impl World {
    /// Members only.
    pub(crate) fn new() -> Self {
        Self::with(&genesis())
    }

    pub(crate) fn with(genesis: &Genesis) -> Self {
        let contracts = Contracts::new(genesis).unwrap();
        let state = contracts.genesis().clone();
        Self {
            contracts,
            state,
            books: Books::default(),
            height: 0,
            time: T0,
            log: Vec::new(),
            nonce: 0,
        }
    }

    /// Every utility with one EVSE, and the agreement of each of the nine pairs countersigned.
    pub(crate) fn ready() -> Self {
        Self::of(&["APC", "DUK", "GPC"])
    }

    /// The same with other utilities.
    pub(crate) fn of(utilities: &[&str]) -> Self {
        Self::with(&genesis_of(utilities)).agreeing(utilities)
    }

    /// These have one EVSE each, and agreements among all of them.
    pub(crate) fn agreeing(mut self, utilities: &[&str]) -> Self {
        for utility in utilities {
            self.must(utility, Operation::RegisterEvse(Box::new(evse(utility))));
        }
        for home in utilities {
            for visited in utilities {
                self.agree(&agreement(home, visited, 1));
            }
        }
        self
    }

    pub(crate) fn agree(&mut self, agreement: &Agreement) {
        let (home, visited) = (party(agreement.home), party(agreement.visited));
        self.must(&visited, propose(agreement, &visited));
        self.must(&home, countersign(agreement, &home));
    }

    pub(crate) fn sign(&mut self, by: &str, operation: Operation) -> Vec<u8> {
        self.nonce += 1;
        let nonce = TxNonce(u128::from(self.nonce).to_be_bytes());
        Transaction::sign(CHAIN, member(by), nonce, operation, &key(by)).to_bytes()
    }

    /// Signs, admits and executes in a block of its own.
    pub(crate) fn run(&mut self, by: &str, operation: Operation) -> Receipt {
        let tx = self.sign(by, operation);
        self.execute(&tx)
    }

    /// Executes admitted bytes one second later, on exactly the state that `reads` names; what is refused must write nothing.
    pub(crate) fn execute(&mut self, tx: &[u8]) -> Receipt {
        assert_eq!(self.contracts.admit(&[tx]), vec![Ok(())]);
        self.execute_unadmitted(tx)
    }

    pub(crate) fn execute_unadmitted(&mut self, tx: &[u8]) -> Receipt {
        self.height += 1;
        self.time = self.time.plus(1_000);
        let reads = self.contracts.reads(tx);
        let view = reads
            .iter()
            .filter_map(|k| self.state.get(k).map(|v| (*k, v.clone())))
            .collect();
        let block = Block {
            height: self.height,
            time: self.time,
        };
        let (receipts, writes) = self.contracts.execute(block, &[tx], &view);
        let whole = self.contracts.execute(block, &[tx], &self.state);
        assert_eq!(
            (&receipts, &writes),
            (&whole.0, &whole.1),
            "a read outside reads"
        );
        let [bytes] = receipts.try_into().unwrap();
        let receipt = Receipt::from_bytes(&bytes).unwrap();
        assert!(
            writes.keys().all(|k| reads.contains(k)),
            "a write outside reads: {receipt:?}"
        );
        let idle = match receipt.effect() {
            Some(Effect::Batch(items)) => !items.iter().any(ItemOutcome::applied),
            _ => receipt.refusal().is_some(),
        };
        assert_eq!(idle, writes.is_empty(), "{receipt:?}");
        self.state
            .extend(writes.into_iter().map(|(k, v)| (k, v.unwrap())));
        self.books.record(tx, &bytes).unwrap();
        assert_eq!(self.books.sum(USD), Ok(Micro::ZERO));
        self.log.push((tx.to_vec(), bytes));
        receipt
    }

    pub(crate) fn must(&mut self, by: &str, operation: Operation) -> Receipt {
        let receipt = self.run(by, operation);
        assert_eq!(receipt.refusal(), None);
        receipt
    }

    /// One line: the effect, or the code and text of the refusal.
    pub(crate) fn outcome(&mut self, by: &str, operation: Operation) -> String {
        line(&self.run(by, operation))
    }

    pub(crate) fn get<T: Canonical>(&self, key: Key) -> Option<T> {
        self.state
            .get(&key)
            .map(|bytes| T::from_bytes(bytes).unwrap())
    }

    pub(crate) fn account(&self, account: &Account) -> Micro {
        let state: Option<fairway_ledger::state::BalanceState> =
            self.get(fairway_ledger::key_for_account(account, USD));
        state.unwrap_or_default().amount
    }
}

pub(crate) fn line(receipt: &Receipt) -> String {
    let head = match (receipt.refusal(), receipt.effect()) {
        (Some(refusal), _) => return refusal.to_string(),
        (_, Some(effect)) => format!("{effect:?}"),
        _ => unreachable!(),
    };
    let postings: Vec<String> = receipt
        .postings
        .iter()
        .map(|p| format!(" {} {}", p.account, p.amount.text(p.currency)))
        .collect();
    format!("{head}{}", postings.join(","))
}

pub(crate) fn propose(agreement: &Agreement, by: &str) -> Operation {
    let signature = key(by).sign(
        fairway_model::agreement::AGREEMENT_DOMAIN,
        &agreement.to_bytes(),
    );
    Operation::ProposeAgreement {
        agreement: Box::new(agreement.clone()),
        signature,
    }
}

pub(crate) fn countersign(agreement: &Agreement, by: &str) -> Operation {
    let signature = key(by).sign(
        fairway_model::agreement::AGREEMENT_DOMAIN,
        &agreement.to_bytes(),
    );
    Operation::CountersignAgreement {
        agreement: agreement.id(),
        home: agreement.home,
        visited: agreement.visited,
        signature,
    }
}

pub(crate) fn place(charge: &Charge) -> Operation {
    Operation::PlaceHold(Box::new(charge.hold()))
}

pub(crate) fn settle(settlement: Settlement) -> Operation {
    Operation::SettleCharge(Box::new(settlement))
}

pub(crate) fn void(charge: &Charge) -> Operation {
    Operation::VoidHold {
        session: charge.session,
        home: charge.agreement.home,
        visited: charge.agreement.visited,
        guarantee: charge.guarantee.id,
        currency: USD,
    }
}
