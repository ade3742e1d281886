//! Charges as both utilities would sign them, handed to whichever node lives, and what became of each.

use crate::cli::client::Client;
use crate::demo::drive::Bay;
use crate::demo::members::{Cast, UTILITIES, everybody, seed};
use crate::demo::world::World;
use crate::environment;
use crate::genesis::Keys;
use fairway_ledger::{GuaranteeClaim, Hold, Operation, Receipt, Settlement, Transaction, TxNonce};
use fairway_model::canonical::Canonical as _;
use fairway_model::profile::SignedGuarantee;
use fairway_model::time::{DAY, HOUR, MINUTE};
use fairway_model::{
    Adjustments, Agreement, ChargeEvent, Energy, Guarantee, GuaranteeId, Hash, MemberId, Micro,
    OwnerId, Period, PeriodKind, SessionId, SignedChargeEvent, SigningKey, Tier, Time, Usage,
};
use fairway_pricing::CompiledTariff;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Most charges that are neither settled nor refused; more are not made until some are.
const MOST_OPEN: usize = 400;
/// What is not in a block after this time is handed in again, through another node.
const AGAIN: Duration = Duration::from_secs(4);
/// Most blocks that one look reads.
const MOST_BLOCKS: u64 = 200;
/// Every so many charges one asks for a cent too much.
const WRONG: u64 = 17;

/// Chance from a seed: the killer's moments and the ways of transactions.
#[derive(Debug)]
pub(super) struct Chance {
    seed: [u8; 32],
    drawn: u64,
}

impl Chance {
    pub(super) fn new(from: u64, what: &str) -> Self {
        Self {
            seed: seed(from, "chaos", what),
            drawn: 0,
        }
    }

    /// A number below `n`; 0 when `n` is 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.drawn = self.drawn.saturating_add(1);
        let hash = Hash::keyed(&self.seed, "fairway.chaos", &self.drawn.to_be_bytes());
        let word = hash
            .0
            .iter()
            .take(8)
            .fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
        word.checked_rem(n).unwrap_or(0)
    }

    pub(super) fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(u64::try_from(len).unwrap_or(0))).unwrap_or(0)
    }
}

/// What became of all charges.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// Charges that were handed in.
    pub offered: u64,
    /// Charges that the ledger settled.
    pub settled: u64,
    /// Charges that it refused, by the name of the reason.
    pub refused: BTreeMap<String, u64>,
}

/// One direction of one pair, with everything that its charges have in common.
struct Pair {
    /// The name of the chain that transactions are signed for.
    chain: String,
    home: (MemberId, SigningKey),
    visited: (MemberId, SigningKey),
    terms: Agreement,
    compiled: CompiledTariff,
    guarantee: SignedGuarantee,
    bay: Bay,
    owner: OwnerId,
}

/// A charge on its way.
struct Open {
    hold: Vec<u8>,
    settlement: Vec<u8>,
    held: bool,
    wrong: bool,
    sent: Option<Instant>,
}

impl Open {
    fn next(&self) -> &Vec<u8> {
        if self.held {
            &self.settlement
        } else {
            &self.hold
        }
    }
}

/// The whole load.
pub(super) struct Load {
    pairs: Vec<Pair>,
    open: BTreeMap<u64, Open>,
    /// Which charge a transaction belongs to.
    waiting: BTreeMap<Hash, u64>,
    clients: BTreeMap<&'static str, Client>,
    chance: Chance,
    height: u64,
    tally: Tally,
    unexpected: u64,
}

impl Load {
    /// Finds the agreements on the ledger, and prepares one kind of charge for each.
    pub(super) async fn new(world: &World, from: u64, bays: &[Bay]) -> Result<Self, String> {
        let mut clients = BTreeMap::new();
        for cast in everybody() {
            clients.insert(cast.id, world.client(cast)?);
        }
        let mut load = Self {
            pairs: Vec::new(),
            open: BTreeMap::new(),
            waiting: BTreeMap::new(),
            clients,
            chance: Chance::new(from, "load"),
            height: 0,
            tally: Tally::default(),
            unexpected: 0,
        };
        let agreements = load.agreements(everybody().collect()).await?;
        for terms in agreements {
            load.pairs.push(pair(world, bays, terms)?);
        }
        if load.pairs.len() < UTILITIES.len() {
            return Err(format!(
                "only {} agreements are on the ledger",
                load.pairs.len()
            ));
        }
        Ok(load)
    }

    /// The terms of every proposal so far; all were countersigned before this is asked.
    async fn agreements(&mut self, alive: Vec<Cast>) -> Result<Vec<Agreement>, String> {
        let mut found = Vec::new();
        let mut idle = 0;
        // The first node may be a block behind the others.
        while idle < 20 {
            let blocks = self.blocks(&alive).await?;
            idle = if blocks.is_empty() { idle + 1 } else { 0 };
            for (transaction, _) in blocks {
                if let Operation::ProposeAgreement { agreement, .. } = transaction.operation {
                    found.push(*agreement);
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(found)
    }

    /// Makes the charges that are due.
    pub(super) fn offer(&mut self, passed: Duration, rate: u32, now: Time) -> Result<(), String> {
        let due = passed.as_millis().saturating_mul(u128::from(rate)) / 1_000;
        while u128::from(self.tally.offered) < due && self.open.len() < MOST_OPEN {
            let number = self.tally.offered;
            let at = self.chance.place(self.pairs.len());
            let pair = self.pairs.get(at).ok_or("no agreements")?;
            let wrong = number % WRONG == WRONG - 1;
            let open = charge(pair, number, now, wrong)?;
            self.waiting.insert(Hash::plain(&open.hold), number);
            self.waiting.insert(Hash::plain(&open.settlement), number);
            self.open.insert(number, open);
            self.tally.offered = number.saturating_add(1);
        }
        Ok(())
    }

    /// Hands in what is not in a block yet, and looks at the blocks that came.
    pub(super) async fn step(&mut self, alive: &[Cast]) -> Result<(), String> {
        self.submit(alive).await;
        for (transaction, receipt) in self.blocks(alive).await? {
            self.seen(Hash::plain(&transaction.to_bytes()), &receipt);
        }
        Ok(())
    }

    async fn submit(&mut self, alive: &[Cast]) {
        let late = |sent: Option<Instant>| sent.is_none_or(|at| at.elapsed() > AGAIN);
        let due: Vec<u64> = self
            .open
            .iter()
            .filter(|(_, o)| late(o.sent))
            .map(|(number, _)| *number)
            .take(64)
            .collect();
        let mut posts = Vec::new();
        for number in due {
            let through = alive.get(self.chance.place(alive.len()));
            let Some(client) = through.and_then(|cast| self.clients.get(cast.id)) else {
                return;
            };
            if let Some(open) = self.open.get_mut(&number) {
                open.sent = Some(environment::instant());
                posts.push(client.hand_in(open.next().clone()));
            }
        }
        // Whether it arrived is seen in the blocks: an answer may be lost with the process that gave it.
        let _ = tokio::time::timeout(AGAIN, futures::future::join_all(posts)).await;
    }

    /// The next transactions and receipts in the chain's order, from any node that answers.
    async fn blocks(&mut self, alive: &[Cast]) -> Result<Vec<(Transaction, Receipt)>, String> {
        let mut out = Vec::new();
        let Some(client) = alive
            .get(self.chance.place(alive.len()))
            .and_then(|cast| self.clients.get(cast.id))
        else {
            return Ok(out);
        };
        for _ in 0..MOST_BLOCKS {
            let next = self.height.saturating_add(1);
            let path = format!("/ledger/v1/block/{next}");
            let answer = tokio::time::timeout(Duration::from_secs(2), client.json(&path)).await;
            let Ok(Ok(block)) = answer else {
                break;
            };
            for entry in block
                .get("entries")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                out.push(read(entry)?);
            }
            self.height = next;
        }
        Ok(out)
    }

    fn seen(&mut self, id: Hash, receipt: &Receipt) {
        let Some(number) = self.waiting.remove(&id) else {
            return;
        };
        let Some(open) = self.open.get_mut(&number) else {
            self.unexpected = self.unexpected.saturating_add(1);
            return;
        };
        match receipt.refusal() {
            None if !open.held => {
                (open.held, open.sent) = (true, None);
                return;
            }
            None => {
                self.tally.settled = self.tally.settled.saturating_add(1);
                self.unexpected = self.unexpected.saturating_add(u64::from(open.wrong));
            }
            Some(refusal) => {
                let count = self
                    .tally
                    .refused
                    .entry(refusal.code.as_str().to_owned())
                    .or_default();
                *count = count.saturating_add(1);
                self.unexpected = self.unexpected.saturating_add(u64::from(!open.wrong));
            }
        }
        self.open.remove(&number);
    }

    /// Charges that are neither settled nor refused.
    pub(super) fn open(&self) -> usize {
        self.open.len()
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally.clone()
    }

    /// Right charges that were refused, wrong ones that were settled, and what came twice.
    pub(super) fn unexpected(&self) -> u64 {
        self.unexpected
    }
}

fn read(entry: &Value) -> Result<(Transaction, Receipt), String> {
    let bytes = |field: &str| {
        let text = entry.get(field).and_then(Value::as_str).unwrap_or_default();
        hex::decode(text).map_err(|e| e.to_string())
    };
    Ok((
        Transaction::from_bytes(&bytes("transaction")?).map_err(|e| e.to_string())?,
        Receipt::from_bytes(&bytes("receipt")?).map_err(|e| e.to_string())?,
    ))
}

fn cast_of(id: MemberId) -> Result<Cast, String> {
    UTILITIES
        .into_iter()
        .find(|c| c.member() == Ok(id))
        .ok_or_else(|| format!("{id} takes no part"))
}

fn pair(world: &World, bays: &[Bay], terms: Agreement) -> Result<Pair, String> {
    let key = |id: MemberId| {
        let folder = world.folder.join(cast_of(id)?.folder).join("keys");
        Ok::<_, String>((id, Keys::read(&folder)?.member))
    };
    let (home, visited) = (key(terms.home)?, key(terms.visited)?);
    let cast = cast_of(terms.visited)?;
    let bay = bays
        .iter()
        .find(|b| b.utility.id == cast.id)
        .ok_or("no station")?
        .clone();
    let tariff = terms.tariffs.first().ok_or("no tariff")?;
    let compiled = CompiledTariff::compile(tariff, cast.zone).map_err(|e| e.to_string())?;
    let promise = Guarantee {
        id: GuaranteeId(Hash::of("fairway.chaos.guarantee", &terms.to_bytes()).short()),
        agreement: terms.id(),
        limit: Micro(i64::MAX / 8),
        valid_until: world.clock.now().plus(DAY),
    };
    Ok(Pair {
        chain: world.genesis.chain_id.clone(),
        guarantee: SignedGuarantee::sign(promise, &home.1),
        home,
        visited,
        compiled,
        bay,
        owner: OwnerId::parse(&format!("site-{}", cast.folder)).map_err(|e| e.to_string())?,
        terms,
    })
}

/// A charge of one kilowatt-hour that ended a while ago.
fn charge(pair: &Pair, number: u64, now: Time, wrong: bool) -> Result<Open, String> {
    let begin = now.plus(HOUR.saturating_neg());
    let energy = Energy(Energy::PER_KWH.saturating_add(number.checked_rem(1_000).unwrap_or(0)));
    let usage = Usage {
        end: begin.plus(MINUTE.saturating_mul(30)),
        periods: vec![Period {
            start: begin,
            kind: PeriodKind::Charging,
            energy,
            power_w: None,
            current_ma: None,
        }],
    };
    let adjustments = Adjustments {
        load_bps: 10_000,
        tier: Tier::Standard,
        discount_bps: 0,
        corridor: pair.terms.corridor,
    };
    let price =
        fairway_pricing::rate(&pair.compiled, &adjustments, &usage).map_err(|e| e.to_string())?;
    let session = SessionId(Hash::of("fairway.chaos.session", &number.to_be_bytes()).short());
    let sharing = fairway_pricing::Sharing::of(&pair.terms, Tier::Standard, session);
    let shares = fairway_pricing::share(&price, &sharing).map_err(|e| e.to_string())?;
    let more = Micro(if wrong { 10_000 } else { 0 });
    let total = price.total.plus(more).map_err(|e| e.to_string())?;
    let event = ChargeEvent {
        session,
        agreement: pair.terms.id(),
        home: pair.home.0,
        visited: pair.visited.0,
        evse: pair.bay.evse.clone(),
        tariff: pair
            .terms
            .tariffs
            .first()
            .map(|t| t.id.clone())
            .unwrap_or_default(),
        adjustments,
        offer: Hash::of("fairway.chaos.offer", &session.0),
        guarantee: pair.guarantee.guarantee.id,
        usage,
        meter_start: begin_of(number),
        meter_end: Energy(begin_of(number).0.saturating_add(energy.0)),
        meter_key: Hash::plain(&pair.bay.meter.public_spki()),
        meter_evidence: Hash::default(),
        driver: Hash::default(),
        total,
        shares,
    };
    Ok(on_its_way(pair, number, event, now.plus(DAY), wrong))
}

/// Where the register stands when a charge begins: far above what the demonstration's meters show, and two kilowatt-hours behind the
/// charge before.
fn begin_of(number: u64) -> Energy {
    const FIRST: u64 = 1_000_000_000 * Energy::PER_KWH;
    Energy(FIRST.saturating_add(number.saturating_mul(2 * Energy::PER_KWH)))
}

/// The two transactions of a charge: the hold, and the settlement with both signatures.
fn on_its_way(pair: &Pair, number: u64, event: ChargeEvent, expires_at: Time, wrong: bool) -> Open {
    let hold = Hold {
        session: event.session,
        visited: pair.visited.0,
        guarantee: GuaranteeClaim {
            home: pair.home.0,
            home_key: pair.home.1.public(),
            guarantee: pair.guarantee.guarantee.clone(),
            home_signature: pair.guarantee.home_signature,
        },
        amount: event.total,
        currency: pair.terms.currency,
        expires_at,
        offer: event.offer,
    };
    let settlement = Settlement {
        visited_key: pair.visited.1.public(),
        home_key: pair.home.1.public(),
        owner: pair.owner.clone(),
        currency: pair.terms.currency,
        signed: SignedChargeEvent {
            visited_signature: event.sign(&pair.visited.1),
            home_signature: event.sign(&pair.home.1),
            event,
        },
        area: None,
        rule: None,
        forecast: None,
    };
    Open {
        hold: signed(pair, number, "hold", Operation::PlaceHold(Box::new(hold))),
        settlement: signed(
            pair,
            number,
            "settle",
            Operation::SettleCharge(Box::new(settlement)),
        ),
        held: false,
        wrong,
        sent: None,
    }
}

fn signed(pair: &Pair, number: u64, what: &str, operation: Operation) -> Vec<u8> {
    let nonce = Hash::of("fairway.chaos.nonce", format!("{what} {number}").as_bytes()).short();
    let (id, key) = &pair.visited;
    Transaction::sign(&pair.chain, *id, TxNonce(nonce), operation, key).to_bytes()
}
