//! A seed, played: every transaction is put to the model and to the real contracts, and everything is compared.

use crate::admit;
use crate::build::build;
use crate::cast::{CHAIN, Cast, Missing};
use crate::chance::Chance;
use crate::model::{Model, Place, Postings, Verdict};
use crate::observe::{Thing, named};
use crate::plan::generations;
use crate::replica::{Replica, Sabotage, Writes};
use crate::step::Step;
use core::fmt;
use fairway_ledger::{Block, Books, Effect, ItemOutcome, Key, Outcome, Receipt, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::{Hash, Refusal, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What happened in a seed in which everything agreed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Transactions that were built.
    pub built: u64,
    /// Those that took effect.
    pub applied: u64,
    /// Those that were refused, by code; before a block or in it.
    pub refused: BTreeMap<&'static str, u64>,
    /// Refusals for which the model knew exactly one reason.
    pub one_reason: u64,
    /// Charges that were settled.
    pub settled: u64,
    /// Blocks.
    pub blocks: u64,
    /// Of all transactions and receipts: equal for equal seeds.
    pub digest: Hash,
    /// Every step and what became of it.
    pub trace: Vec<String>,
}

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The seed.
    pub seed: u64,
    /// Which comparison failed, in one word.
    pub kind: &'static str,
    /// What, in one sentence.
    pub what: String,
    /// At which step, counted from 0.
    pub step: usize,
    /// Every step so far and what became of it.
    pub trace: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}: {}", self.seed, self.kind, self.what)?;
        self.trace
            .iter()
            .try_for_each(|line| writeln!(f, "  {line}"))?;
        write!(
            f,
            "replay: FAIRWAY_MODEL_SEED={} cargo test -p fairway-reference --test model replay -- --nocapture",
            self.seed
        )
    }
}

impl core::error::Error for Violation {}

type Wrong = (&'static str, String);

/// Every block that was made: its place, its transactions, their receipts.
pub type Log = Vec<(Block, Vec<Vec<u8>>, Vec<Vec<u8>>)>;

/// One world: the model, and replicas that get the same transactions in parts of different sizes.
struct World<'a> {
    cast: &'a Cast,
    model: Model,
    replicas: [Replica; 3],
    books: Books,
    things: BTreeSet<Thing>,
    chance: Chance,
    report: Report,
    trace: Vec<String>,
    log: Log,
    time: i64,
}

/// Plays steps. The steps of a seed are [`crate::plan::steps`]; any part of them can be played too.
///
/// # Errors
/// The first disagreement.
pub fn play(
    cast: &Cast,
    steps: &[Step],
    sabotage: Option<Sabotage>,
) -> Result<(Report, Log), Box<Violation>> {
    let fail = |(kind, what): Wrong, step: usize, trace: Vec<String>| {
        Box::new(Violation {
            seed: cast.seed,
            kind,
            what,
            step,
            trace,
        })
    };
    let mut world =
        World::new(cast, sabotage).map_err(|what| fail(("set-up", what), 0, Vec::new()))?;
    let mut at = 0;
    while at < steps.len() {
        let rest = steps.get(at..).unwrap_or_default();
        let more = rest.iter().skip(1).position(|s| s.cut);
        let size = more.map_or(rest.len(), |n| n + 1);
        let block = rest.get(..size).unwrap_or_default();
        if let Err((wrong, offset)) = world.block(block) {
            return Err(fail(wrong, at + offset, world.trace));
        }
        at += size;
    }
    let last = steps.len().saturating_sub(1);
    match world.finish() {
        Ok(()) => {
            world.report.trace = world.trace;
            Ok((world.report, world.log))
        }
        Err(wrong) => Err(fail(wrong, last, world.trace)),
    }
}

impl<'a> World<'a> {
    fn new(cast: &'a Cast, sabotage: Option<Sabotage>) -> Result<Self, String> {
        let genesis = cast.genesis();
        let replica = |place| Replica::new(&genesis, place, sabotage).map_err(|e| e.to_string());
        Ok(Self {
            cast,
            model: Model::new(&genesis),
            replicas: [replica(0)?, replica(1)?, replica(2)?],
            books: Books::default(),
            things: cast.members.iter().map(|m| Thing::Member(*m)).collect(),
            chance: Chance::new(cast.seed, "parts"),
            report: Report {
                seed: cast.seed,
                ..Report::default()
            },
            trace: Vec::new(),
            log: Log::new(),
            time: i64::MIN,
        })
    }

    /// Plays one block; the second part of an error says at which of its steps.
    fn block(&mut self, steps: &[Step]) -> Result<(), (Wrong, usize)> {
        let first = steps.first().map_or(0, |s| s.at);
        self.time = first.max(self.time.saturating_add(1));
        self.report.blocks += 1;
        let block = Block {
            height: self.report.blocks,
            time: Time(self.time),
        };
        let (mut seen, mut entered, mut receipts) = (Vec::new(), Vec::new(), Vec::new());
        for (offset, step) in steps.iter().enumerate() {
            let wrong = |wrong: Wrong| (wrong, offset);
            let bytes = self
                .built(step)
                .map_err(|Missing(what)| wrong(("cast", what)))?;
            let admitted = self.admitted(step, &bytes).map_err(wrong)?;
            seen.push((bytes.clone(), admitted.clone()));
            if admitted.is_ok() {
                let receipt = self.step(block, step, &bytes).map_err(wrong)?;
                entered.push(bytes);
                receipts.push(receipt);
            }
        }
        let last = steps.len().saturating_sub(1);
        self.level(block, &seen, &entered, &receipts)
            .map_err(|wrong| (wrong, last))?;
        self.log.push((block, entered, receipts));
        Ok(())
    }

    fn built(&mut self, step: &Step) -> Result<Vec<u8>, Missing> {
        self.report.built += 1;
        let keys = generations(self.cast, step.at);
        build(self.cast, &self.model, step, &keys)
    }

    /// Whether the transaction enters a block: the model and the contracts must agree.
    fn admitted(&mut self, step: &Step, bytes: &[u8]) -> Result<Result<(), Refusal>, Wrong> {
        let reasons = admit::admit(CHAIN, bytes);
        let [first, ..] = &self.replicas;
        let verdict = first.admit(&[bytes.to_vec()]).pop().unwrap_or(Ok(()));
        match &verdict {
            Ok(()) if reasons.is_empty() => {}
            Err(refusal) if reasons.contains(&refusal.code) => {
                self.note(step, &format!("not admitted: {refusal}"));
                self.count(refusal, reasons.len());
            }
            other => {
                self.note(step, &format!("admission: {other:?}"));
                return Err((
                    "admission",
                    format!("the contracts say {other:?}, the model {reasons:?}"),
                ));
            }
        }
        Ok(verdict)
    }

    fn count(&mut self, refusal: &Refusal, reasons: usize) {
        *self
            .report
            .refused
            .entry(refusal.code.as_str())
            .or_default() += 1;
        if reasons == 1 {
            self.report.one_reason += 1;
        }
    }

    fn note(&mut self, step: &Step, what: &str) {
        let who = self
            .cast
            .member(step.by)
            .map(|m| m.party())
            .unwrap_or_default();
        let fault = if step.fault == crate::step::Fault::None {
            String::new()
        } else {
            format!(" with {:?}", step.fault)
        };
        self.trace.push(format!(
            "block {} {} #{} {who} {:?}{fault}: {what}",
            self.report.blocks,
            Time(self.time),
            step.nonce,
            step.what
        ));
    }

    /// One transaction, on the model and on the replica that takes them one by one.
    fn step(&mut self, block: Block, step: &Step, bytes: &[u8]) -> Result<Vec<u8>, Wrong> {
        let place = Place {
            height: block.height,
            now: block.time.0,
        };
        let things = Transaction::read(bytes)
            .map(|tx| named(&tx))
            .unwrap_or_default();
        let verdict = self
            .model
            .apply(place, bytes)
            .ok_or(("model", "the model does not know the operation".to_owned()))?;
        let [first, ..] = &mut self.replicas;
        let (mut receipts, writes) = first.execute(block, &[bytes.to_vec()]);
        let bytes_of = receipts.pop().unwrap_or_default();
        let receipt = Receipt::from_bytes(&bytes_of).map_err(|e| ("receipt", e.to_string()))?;
        let line = match &receipt.outcome {
            Outcome::Applied(effect) => format!("{effect:?}"),
            Outcome::Refused(refusal) => refusal.to_string(),
        };
        self.note(step, &line);
        self.compare(&receipt, &verdict, &writes)?;
        self.look(&things, &writes, verdict.applied())?;
        self.books
            .record(bytes, &bytes_of)
            .map_err(|e| ("books", format!("the auditor's books do not fold: {e}")))?;
        let mut all = self.report.digest.0.to_vec();
        all.extend_from_slice(bytes);
        all.extend_from_slice(&bytes_of);
        self.report.digest = Hash::of("fairway.reference.digest", &all);
        Ok(bytes_of)
    }

    fn compare(
        &mut self,
        receipt: &Receipt,
        verdict: &Verdict,
        writes: &Writes,
    ) -> Result<(), Wrong> {
        match (&receipt.outcome, verdict) {
            (Outcome::Applied(Effect::Batch(items)), Verdict::Each(verdicts)) => {
                self.compare_items((receipt, items), verdicts, writes)
            }
            (_, Verdict::Each(_)) | (Outcome::Applied(Effect::Batch(_)), _) => Err((
                "outcome",
                "a batch has no result for each of its items".to_owned(),
            )),
            (Outcome::Applied(effect), Verdict::Applied(right, postings)) => {
                self.report.applied += 1;
                if let Effect::ChargeSettled { .. } = effect {
                    self.report.settled += 1;
                }
                if *effect != **right {
                    return Err((
                        "effect",
                        format!("the contracts did {effect:?}, the model says {right:?}"),
                    ));
                }
                let mut posted = Postings::new();
                for p in &receipt.postings {
                    let sum = posted.entry((p.account.clone(), p.currency)).or_default();
                    *sum += i128::from(p.amount.0);
                }
                posted.retain(|_, amount| *amount != 0);
                if posted != *postings {
                    return Err((
                        "postings",
                        format!("the contracts posted {posted:?}, the model {postings:?}"),
                    ));
                }
                Ok(())
            }
            (Outcome::Refused(refusal), Verdict::Refused(reasons)) => {
                self.count(refusal, reasons.len());
                if !reasons.contains(&refusal.code) {
                    return Err((
                        "code",
                        format!("refused as {refusal}; the model knows only {reasons:?}"),
                    ));
                }
                if !writes.is_empty() || !receipt.postings.is_empty() {
                    return Err((
                        "rollback",
                        "a refused transaction changed something".to_owned(),
                    ));
                }
                Ok(())
            }
            (Outcome::Applied(effect), Verdict::Refused(reasons)) => Err((
                "outcome",
                format!("the contracts did {effect:?}, the model refuses for {reasons:?}"),
            )),
            (Outcome::Refused(refusal), Verdict::Applied(effect, _)) => Err((
                "outcome",
                format!("the contracts refused with {refusal}, the model says {effect:?}"),
            )),
        }
    }

    /// Each item like a transaction of its own; what one posted comes in the receipt behind what the items ahead of it did.
    fn compare_items(
        &mut self,
        (receipt, items): (&Receipt, &[ItemOutcome]),
        verdicts: &[Verdict],
        writes: &Writes,
    ) -> Result<(), Wrong> {
        if items.len() != verdicts.len() {
            return Err(("outcome", format!("{} results", items.len())));
        }
        let mut postings = receipt.postings.iter().cloned();
        for (item, verdict) in items.iter().zip(verdicts) {
            let (outcome, own) = match item.clone() {
                ItemOutcome::Applied { effect, postings } => {
                    (Outcome::Applied(effect.into_effect()), postings)
                }
                ItemOutcome::Refused(refusal) => (Outcome::Refused(refusal), 0),
            };
            let own = usize::try_from(own).unwrap_or(usize::MAX);
            let alone = Receipt {
                outcome,
                postings: postings.by_ref().take(own).collect(),
                ..receipt.clone()
            };
            self.compare(&alone, verdict, &Writes::new())?;
        }
        if postings.next().is_some() {
            return Err(("postings", "postings that are no item's".to_owned()));
        }
        if !writes.is_empty() && !items.iter().any(ItemOutcome::applied) {
            return Err((
                "rollback",
                "a batch of which nothing took effect changed something".to_owned(),
            ));
        }
        Ok(())
    }

    /// Looks at everything that the transaction names, and at whether it wrote anything else.
    fn look(&mut self, things: &[Thing], writes: &Writes, applied: bool) -> Result<(), Wrong> {
        let keys: BTreeSet<Key> = things.iter().map(Thing::key).collect();
        if let Some(stray) = writes.keys().find(|k| !keys.contains(*k)) {
            return Err((
                "stray",
                format!("a write to {} that nothing names", Hash(*stray)),
            ));
        }
        let [first, ..] = &self.replicas;
        for thing in things {
            thing
                .check(&self.model, &first.state)
                .map_err(|what| ("state", what))?;
        }
        if applied {
            self.things.extend(things.iter().cloned());
        }
        Ok(())
    }

    /// The other replicas get the block whole, and in parts: everything must come out the same, byte for byte.
    fn level(
        &mut self,
        block: Block,
        seen: &[(Vec<u8>, Result<(), Refusal>)],
        entered: &[Vec<u8>],
        receipts: &[Vec<u8>],
    ) -> Result<(), Wrong> {
        let part = 1 + self.chance.place(4);
        let [first, whole, parts] = &mut self.replicas;
        let all: Vec<Vec<u8>> = seen.iter().map(|(bytes, _)| bytes.clone()).collect();
        let batch = whole.admit(&all);
        if !batch.iter().eq(seen.iter().map(|(_, verdict)| verdict)) {
            return Err((
                "batch",
                "a transaction is judged otherwise in the company of others".to_owned(),
            ));
        }
        let (at_once, _) = whole.execute(block, entered);
        let mut in_parts = Vec::new();
        for some in entered.chunks(part) {
            in_parts.extend(parts.execute(block, some).0);
        }
        if at_once != receipts || in_parts != receipts {
            return Err(("replicas", "replicas give different receipts".to_owned()));
        }
        if whole.state != first.state || parts.state != first.state {
            return Err(("replicas", "replicas have different states".to_owned()));
        }
        Ok(())
    }

    /// Everything that the ledger shows at the end, and nothing else.
    fn finish(&mut self) -> Result<(), Wrong> {
        let [first, ..] = &self.replicas;
        let mut known = BTreeSet::new();
        let mut sums: BTreeMap<String, i128> = BTreeMap::new();
        for thing in &self.things {
            known.insert(thing.key());
            thing
                .check(&self.model, &first.state)
                .map_err(|what| ("state", what))?;
            if let Thing::Account(account, currency) = thing {
                let amount = self.model.account(account, *currency);
                *sums.entry(currency.to_string()).or_default() += amount;
                let booked = self.books.account(account, *currency);
                if i128::from(booked.0) != amount {
                    return Err((
                        "books",
                        format!("the auditor has {booked:?} for {account}, the model {amount}"),
                    ));
                }
            }
            if let Thing::Position(debtor, creditor, currency) = thing {
                let booked = self.books.position(*debtor, *creditor, *currency);
                if i128::from(booked.0) != self.model.owed(*debtor, *creditor, *currency) {
                    return Err(("books", format!("the auditor has {booked:?} for {thing:?}")));
                }
            }
        }
        if sums.values().any(|sum| *sum != 0) {
            return Err(("sum", format!("the accounts sum to {sums:?}")));
        }
        known.extend(first.founded().keys().copied());
        let stray = first.state.keys().find(|key| !known.contains(*key));
        match stray {
            Some(key) => Err((
                "stray",
                format!("{} holds a value that nothing explains", Hash(*key)),
            )),
            None => Ok(()),
        }
    }
}
