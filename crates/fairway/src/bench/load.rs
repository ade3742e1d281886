//! The load of the ledger benchmark: charges as utilities make them, signed by both.

use fairway_ledger::{
    BatchItem, GuaranteeClaim, Hold, Operation, Settlement, Transaction, TxNonce, worded,
};
use fairway_model::agreement::{Caps, Corridor, LoadBand, Split};
use fairway_model::canonical::Canonical as _;
use fairway_model::profile::SignedGuarantee;
use fairway_model::registry::{EvseEntry, Member, MemberKind, PrefixEntry};
use fairway_model::tariff::{Dimension, PriceComponent, SalesTax, Tariff, TariffElement};
use fairway_model::{
    Adjustments, Agreement, ChargeEvent, Currency, Energy, EvseId, Guarantee, GuaranteeId, Hash,
    MemberId, Micro, OwnerId, Period, PeriodKind, Ppm, PriceBreakdown, PublicKey, SessionId,
    Shares, SignedChargeEvent, SigningKey, StationId, Tier, Time, Usage,
};
use fairway_pricing::{CompiledTariff, Sharing, Turn};

/// Name of the chain.
pub(super) const CHAIN: &str = "fairway-bench";
/// Members, each a validator.
pub(super) const MEMBERS: usize = 4;
const IDS: [&str; MEMBERS] = ["US*AAA", "US*BBB", "US*CCC", "US*DDD"];

/// Keys and ids of one member.
pub(super) struct Party {
    pub(super) id: MemberId,
    pub(super) key: SigningKey,
    pub(super) validator_seed: [u8; 32],
}

/// The member with this number.
pub(super) fn party(number: usize) -> Result<Party, String> {
    let text = IDS
        .get(number.rem_euclid(MEMBERS))
        .ok_or("no such member")?;
    let seed = |what: &str| Hash::of("fairway.bench", format!("{text}/{what}").as_bytes()).0;
    Ok(Party {
        id: MemberId::parse(text).map_err(|e| e.to_string())?,
        key: SigningKey::from_seed(seed("member")),
        validator_seed: seed("validator"),
    })
}

/// The founding members.
pub(super) fn members() -> Result<Vec<Member>, String> {
    (0..MEMBERS)
        .map(|number| {
            let party = party(number)?;
            Ok(Member {
                id: party.id,
                name: party.id.to_string(),
                kind: MemberKind::Utility,
                key: party.key.public(),
                validator: Some(SigningKey::from_seed(party.validator_seed).public()),
                endpoint: "https://127.0.0.1:1".into(),
                tls_fingerprint: Hash::of("fairway.bench", party.id.to_string().as_bytes()),
                encryption: None,
            })
        })
        .collect()
}

/// One visited utility's view of its part of the load.
pub(super) struct Load {
    visited: Party,
    home: Party,
    agreement: Agreement,
    evse: EvseEntry,
    event: ChargeEvent,
    /// Its shares, in the order of [`Turn::ALL`].
    shares: Vec<Shares>,
    guarantee: SignedGuarantee,
    counter: u64,
}

fn tariff() -> Result<Tariff, String> {
    let micro = |text: &str| Micro::parse(text).map_err(|e| e.to_string());
    let component = |dimension, price: &str| {
        Ok::<_, String>(PriceComponent {
            dimension,
            price: micro(price)?,
            vat: None,
            step_size: 1,
        })
    };
    let peak = fairway_model::Restrictions {
        start_minute: Some(960),
        end_minute: Some(1_200),
        ..Default::default()
    };
    Ok(Tariff {
        id: "BENCH".into(),
        currency: Currency::USD,
        elements: vec![
            TariffElement {
                components: vec![component(Dimension::Energy, "0.45")?],
                restrictions: Some(peak),
            },
            TariffElement {
                components: vec![
                    component(Dimension::Energy, "0.36")?,
                    component(Dimension::Flat, "0.5")?,
                    component(Dimension::ParkingTime, "6")?,
                ],
                restrictions: None,
            },
        ],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: vec![SalesTax {
            name: "sales tax".into(),
            rate: Ppm(70_000),
            on: Vec::new(),
        }],
    })
}

fn terms(home: MemberId, visited: MemberId, now: Time) -> Result<Agreement, String> {
    Ok(worded(Agreement {
        version: 1,
        home,
        visited,
        currency: Currency::USD,
        valid_from: now.plus(-fairway_model::time::DAY),
        valid_until: now.plus(fairway_model::time::DAY.saturating_mul(30)),
        text_hash: Hash::default(),
        tariffs: vec![tariff()?],
        corridor: Corridor {
            floor: Micro(100_000),
            cap: Micro(900_000),
        },
        load_band: LoadBand {
            min_bps: 8_000,
            max_bps: 13_000,
        },
        caps: Caps {
            energy_per_charge: Energy(500_000_000),
            amount_per_charge: Micro(500_000_000),
            exposure: Micro(i64::MAX / 4),
        },
        tiers: Vec::new(),
        split: Split {
            home_bps: 800,
            visited_bps: 7_700,
            owner_bps: 1_500,
        },
        hold_ttl: fairway_model::time::DAY,
        netting_days: 1,
        due_days: 10,
        interest_bps: 600,
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
    }))
}

/// Eight quarter-hours of charging and one of parking, ended a while ago.
fn usage(now: Time) -> Usage {
    let begin = now.plus(-fairway_model::time::HOUR.saturating_mul(4));
    let quarter = fairway_model::time::MINUTE.saturating_mul(15);
    let period = |i: i64| Period {
        start: begin.plus(quarter.saturating_mul(i)),
        kind: if i < 8 {
            PeriodKind::Charging
        } else {
            PeriodKind::Parking
        },
        energy: if i < 8 {
            Energy(3_125_000)
        } else {
            Energy::ZERO
        },
        power_w: None,
        current_ma: None,
    };
    Usage {
        end: begin.plus(quarter.saturating_mul(9)),
        periods: (0..9).map(period).collect(),
    }
}

impl Load {
    /// The load that member `number` makes as visited utility, with the next member's drivers.
    pub(super) fn new(number: usize, now: Time) -> Result<Self, String> {
        let (visited, home) = (party(number)?, party(number.saturating_add(1))?);
        let agreement = terms(home.id, visited.id, now)?;
        let party_code = visited.id.party();
        let evse = EvseEntry {
            evse: EvseId::parse(&format!("US*{party_code}*E0001*1")).map_err(|e| e.to_string())?,
            station: StationId::parse(&format!("{party_code}-1")).map_err(|e| e.to_string())?,
            number: 1,
            utility: visited.id,
            owner: OwnerId::parse("site").map_err(|e| e.to_string())?,
            meter_key: number.to_string().into_bytes(),
            time_zone: "America/New_York".into(),
            area: "BENCH".into(),
            max_power_w: 150_000,
        };
        let usage = usage(now);
        let adjustments = Adjustments {
            load_bps: 10_000,
            tier: Tier::Standard,
            discount_bps: 0,
            corridor: agreement.corridor,
        };
        let compiled = CompiledTariff::compile(
            agreement.tariffs.first().ok_or("no tariff")?,
            &evse.time_zone,
        )
        .map_err(|e| e.to_string())?;
        let price =
            fairway_pricing::rate(&compiled, &adjustments, &usage).map_err(|e| e.to_string())?;
        let shares = shares_by_turn(&price, &agreement)?;
        let id = GuaranteeId(Hash::of("fairway.bench.guarantee", &visited.id.to_bytes()).short());
        let guarantee = Guarantee {
            id,
            agreement: agreement.id(),
            limit: Micro(i64::MAX / 8),
            valid_until: agreement.valid_until,
        };
        let event = ChargeEvent {
            session: SessionId([0; 16]),
            agreement: agreement.id(),
            home: home.id,
            visited: visited.id,
            evse: evse.evse.clone(),
            tariff: "BENCH".into(),
            adjustments,
            offer: Hash::default(),
            guarantee: id,
            meter_start: Energy(1_000_000),
            meter_end: Energy(1_000_000)
                .plus(usage.energy().ok_or("energy")?)
                .ok_or("energy")?,
            usage,
            meter_key: evse.meter_key_hash(),
            meter_evidence: Hash::default(),
            driver: Hash::default(),
            total: price.total,
            shares: *shares.first().ok_or("no turn")?,
        };
        let guarantee = SignedGuarantee::sign(guarantee, &home.key);
        Ok(Self {
            visited,
            home,
            agreement,
            evse,
            event,
            shares,
            guarantee,
            counter: 0,
        })
    }

    fn nonce(&mut self) -> TxNonce {
        self.counter = self.counter.saturating_add(1);
        TxNonce(Hash::of("fairway.bench.nonce", &self.counter.to_be_bytes()).short())
    }

    fn own(&mut self, operation: Operation) -> Vec<u8> {
        let nonce = self.nonce();
        Transaction::sign(CHAIN, self.visited.id, nonce, operation, &self.visited.key).to_bytes()
    }

    /// What must be final before the first charge. The home utility's countersignature is made here too, for both keys are at hand.
    pub(super) fn set_up(&mut self, prefix: &str) -> Vec<Vec<u8>> {
        let agreement = self.agreement.clone();
        let sign = |key: &SigningKey| {
            key.sign(
                fairway_model::agreement::AGREEMENT_DOMAIN,
                &agreement.to_bytes(),
            )
        };
        let proposal = Operation::ProposeAgreement {
            agreement: Box::new(agreement.clone()),
            signature: sign(&self.visited.key),
        };
        let countersign = Operation::CountersignAgreement {
            agreement: agreement.id(),
            home: self.home.id,
            visited: self.visited.id,
            signature: sign(&self.home.key),
        };
        let prefix = Operation::RegisterPrefix(PrefixEntry {
            prefix: prefix.to_owned(),
            member: self.visited.id,
        });
        let evse = Operation::RegisterEvse(Box::new(self.evse.clone()));
        let mut out = vec![self.own(prefix), self.own(evse), self.own(proposal)];
        let nonce =
            TxNonce(Hash::of("fairway.bench.countersign", &self.visited.id.to_bytes()).short());
        out.push(
            Transaction::sign(CHAIN, self.home.id, nonce, countersign, &self.home.key).to_bytes(),
        );
        out
    }

    /// A transaction in good form that comes to nothing: a hold is given up that nobody placed.
    pub(super) fn junk(&mut self) -> Vec<u8> {
        let session = SessionId::make(&self.home.validator_seed, self.home.id, self.counter);
        self.own(Operation::VoidHold {
            session,
            home: self.home.id,
            visited: self.visited.id,
            guarantee: self.guarantee.guarantee.id,
            currency: Currency::USD,
        })
    }

    /// The next charge: what holds, and what settles.
    pub(super) fn charge(&mut self) -> (BatchItem, BatchItem) {
        self.counter = self.counter.saturating_add(1);
        let session = SessionId::make(&self.visited.validator_seed, self.visited.id, self.counter);
        let mut event = self.event.clone();
        event.session = session;
        let turn = Turn::ALL
            .into_iter()
            .position(|turn| turn == Turn::of(session));
        if let Some(shares) = turn.and_then(|turn| self.shares.get(turn)) {
            event.shares = *shares;
        }
        // Every charge takes a stretch of the register of its own, one behind the other.
        let used = event.meter_end.0.saturating_sub(event.meter_start.0);
        event.meter_start = Energy(self.counter.saturating_mul(used));
        event.meter_end = Energy(event.meter_start.0.saturating_add(used));
        event.offer = Hash::of("fairway.bench.offer", &session.0);
        let hold = Hold {
            session,
            visited: self.visited.id,
            guarantee: GuaranteeClaim {
                home: self.home.id,
                home_key: self.home.key.public(),
                guarantee: self.guarantee.guarantee.clone(),
                home_signature: self.guarantee.home_signature,
            },
            amount: event.total,
            currency: Currency::USD,
            expires_at: self
                .event
                .usage
                .end
                .plus(fairway_model::time::HOUR.saturating_mul(20)),
            offer: event.offer,
        };
        let signed = SignedChargeEvent {
            visited_signature: event.sign(&self.visited.key),
            home_signature: event.sign(&self.home.key),
            event,
        };
        let (visited_key, home_key): (PublicKey, PublicKey) =
            (self.visited.key.public(), self.home.key.public());
        let settlement = Settlement {
            signed,
            visited_key,
            home_key,
            owner: self.evse.owner.clone(),
            currency: Currency::USD,
            area: None,
            rule: None,
            forecast: None,
        };
        (
            BatchItem::Hold(Box::new(hold)),
            BatchItem::Charge(Box::new(settlement)),
        )
    }

    /// The transaction of these items, as a utility sends what is due together.
    pub(super) fn together(&mut self, mut items: Vec<BatchItem>) -> Vec<u8> {
        let operation = match items.pop() {
            Some(only) if items.is_empty() => only.into_operation(),
            last => Operation::Batch(items.into_iter().chain(last).collect()),
        };
        self.own(operation)
    }
}

/// The shares of each turn: the event is made once and signed under many ids, and who gets the odd unit depends on the id.
fn shares_by_turn(price: &PriceBreakdown, agreement: &Agreement) -> Result<Vec<Shares>, String> {
    let by = |turn| {
        let sharing = Sharing {
            parts: &agreement.split,
            rule: agreement.split_rule.as_ref(),
            tier: None,
            turn,
        };
        fairway_pricing::share(price, &sharing).map_err(|e| e.to_string())
    };
    Turn::ALL.into_iter().map(by).collect()
}
