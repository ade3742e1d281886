//! From a step to the bytes that a member would send.
//!
//! Amounts that reach a cap exactly are read off the model as it stands at that moment, so they stay at the edge when other steps
//! are left out.

mod cases;
mod council;
pub(crate) mod cycles;
mod forecast;
mod life;
mod rates;
pub(crate) mod service;
mod tokens;

use crate::cast::{CHAIN, Cast, Missing, Session};
use crate::model::Model;
use crate::step::{Fault, Step, What};
use crate::{rating, sharing};
use fairway_ledger::{
    BatchItem, Dispute, DisputeReason, GuaranteeClaim, Hold, MAX_TX_BYTES, NEW_KEY_DOMAIN,
    Operation, Payment, Settlement, Transaction, TxNonce, worded,
};
use fairway_model::agreement::AGREEMENT_DOMAIN;
use fairway_model::canonical::Canonical;
use fairway_model::charge::CHARGE_DOMAIN;
use fairway_model::profile::GUARANTEE_DOMAIN;
use fairway_model::registry::PrefixEntry;
use fairway_model::{
    AdHoc, Agreement, ChargeEvent, Costs, Currency, Energy, Hash, MemberId, Micro, OwnerId,
    ServiceLevel, SessionCaps, Shares, Signature, SignedChargeEvent, SigningKey, SplitRule, Time,
    Usage,
};

/// The generations of the keys that members have at the step.
pub type Generations = [usize; 4];

/// Builds a step's transaction.
///
/// # Errors
/// [`Missing`] when the step names what the cast has not.
pub fn build(
    cast: &Cast,
    model: &Model,
    step: &Step,
    keys: &Generations,
) -> Result<Vec<u8>, Missing> {
    let builder = Builder {
        cast,
        model,
        step,
        keys,
    };
    let operation = builder.operation()?;
    let nonce = nonce_of(step.nonce);
    let by = builder.signer();
    let member = cast.member(by)?;
    let generation = if by == step.by {
        step.key
    } else {
        keys.get(by).copied().unwrap_or(0)
    };
    let own = cast.key(by, generation);
    let signer = match step.fault {
        Fault::ClaimKeyOf(other) => cast.key(other, 0),
        _ => own,
    };
    let chain = if step.fault == Fault::OtherChain {
        "fairway-another"
    } else {
        CHAIN
    };
    let mut tx = Transaction::sign(chain, member, nonce, operation, &signer);
    if let Fault::SignWith(other) = step.fault {
        let wrong = cast.key(other, 0);
        let again = Transaction::sign(chain, member, tx.nonce, tx.operation.clone(), &wrong);
        tx.signature = again.signature;
    }
    let mut bytes = tx.to_bytes();
    match step.fault {
        Fault::Trail => bytes.push(0),
        Fault::Huge => bytes.resize(MAX_TX_BYTES + 1, 0),
        Fault::Flip(at) => {
            let len = bytes.len().max(1);
            let place = usize::try_from(at).unwrap_or(0) / 8 % len;
            if let Some(byte) = bytes.get_mut(place) {
                *byte ^= 1 << (at % 8);
            }
        }
        _ => {}
    }
    Ok(bytes)
}

fn nonce_of(number: u32) -> TxNonce {
    let mut nonce = [0_u8; 16];
    for (slot, byte) in nonce.iter_mut().zip(number.to_be_bytes()) {
        *slot = byte;
    }
    TxNonce(nonce)
}

pub(crate) struct Builder<'a> {
    cast: &'a Cast,
    model: &'a Model,
    step: &'a Step,
    keys: &'a Generations,
}

impl Builder<'_> {
    #[expect(
        clippy::too_many_lines,
        reason = "a table with a row for each kind: in parts its gaps would not show"
    )]
    fn operation(&self) -> Result<Operation, Missing> {
        let (cast, step) = (self.cast, self.step);
        match &step.what {
            What::Prefix(digits) => self.prefix(digits),
            What::Evse(place) => self.evse(*place),
            What::Retire(place, from) => Ok(Operation::RetireEvse {
                evse: cast.evse(*place)?.evse.clone(),
                from: Time(*from),
            }),
            What::Meter(place, generation) => Ok(Operation::RotateMeterKey {
                evse: cast.evse(*place)?.evse.clone(),
                meter_key: match step.fault {
                    Fault::Unsound(0) => Vec::new(),
                    Fault::Unsound(_) => vec![1; 257],
                    _ => Cast::meter_key(*place, *generation),
                },
            }),
            What::Rotate(generation, compromised) => {
                let new = cast.key(step.by, *generation);
                let signer = self.forger(new.clone());
                Ok(Operation::RotateMemberKey {
                    new_key: new.public(),
                    proof: signer.sign(NEW_KEY_DOMAIN, &cast.member(step.by)?.to_bytes()),
                    compromised: *compromised,
                })
            }
            What::Encrypt(place, generation, compromised) => Ok(Operation::RotateEncryptionKey {
                new_key: Cast::encryption_key(*place, *generation),
                compromised: *compromised,
            }),
            What::Propose(pair, version) => self.propose(*pair, *version),
            What::Countersign(pair, version) => self.countersign(*pair, *version),
            What::Terminate(pair, version, from) => {
                let (home, visited) = self.parties(*pair)?;
                Ok(Operation::TerminateAgreement {
                    agreement: self.agreement(*pair, *version)?.id(),
                    home,
                    visited,
                    from: Time(*from),
                })
            }
            What::Place(session) => self.place(cast.session(*session)?),
            What::Void(session) => self.void(cast.session(*session)?),
            What::Settle(session) => self.settle(cast.session(*session)?),
            What::Batch(items) => self.batch(items),
            What::Token(pair, issuer, part) => self.token(*pair, *issuer, *part),
            What::Energy(pair, which, part) => self.energy(*pair, *which, *part),
            What::Pay {
                debtor,
                per_mille,
                reference,
            } => self.pay(*debtor, *per_mille, *reference),
            What::Credit(session, number, per_mille) => {
                self.credit(cast.session(*session)?, *number, *per_mille)
            }
            What::Life(pair, version, life) => self.life(*pair, *version, *life),
            What::Close(pair, version, days) => self.close_cycle(*pair, *version, *days),
            What::Owed(which, _, part) => self.owed(*which, *part),
            What::Rate(pair, part) => self.rate(*pair, *part),
            What::Council(part) => self.council(*part),
            What::Forecast(pair, part) => self.forecast(*pair, *part),
            What::Service(pair, version, part) => self.service(*pair, *version, *part),
            What::Board(part) => self.board(*part),
            What::Case(session, by_home, part) => {
                self.case(cast.session(*session)?, *by_home, *part)
            }
            What::Dispute(session, evidence) => Ok(Operation::Dispute(Dispute {
                session: cast.session(*session)?.id,
                reason: DisputeReason::Other,
                evidence: Hash::plain(&evidence.to_be_bytes()),
                claimed: None,
            })),
        }
    }

    fn batch(&self, items: &[(What, Fault)]) -> Result<Operation, Missing> {
        let item = |(what, fault): &(What, Fault)| {
            let step = Step {
                what: what.clone(),
                fault: *fault,
                ..self.step.clone()
            };
            let alone = Builder {
                step: &step,
                ..*self
            };
            BatchItem::of(alone.operation()?)
                .map_err(|_| Missing("an item that stands in no batch".to_owned()))
        };
        let items: Result<_, Missing> = items.iter().map(item).collect();
        Ok(Operation::Batch(items?))
    }

    fn parties(&self, pair: usize) -> Result<(MemberId, MemberId), Missing> {
        let (home, visited) = self.cast.pair(pair)?;
        match self.step.fault {
            Fault::Home(other) => Ok((self.cast.member(other)?, visited)),
            Fault::Visited(other) => Ok((home, self.cast.member(other)?)),
            _ => Ok((home, visited)),
        }
    }

    /// The key that makes the inner signature: another member's when it is forged.
    fn forger(&self, right: SigningKey) -> SigningKey {
        match self.step.fault {
            Fault::InnerForged(other) => self.cast.key(other, 0),
            _ => right,
        }
    }

    /// The key that an inner signature claims, and the key that makes it.
    fn inner(&self, member: usize) -> (SigningKey, SigningKey) {
        let generation = match self.step.fault {
            Fault::InnerKey(generation) => generation,
            _ => self.keys.get(member).copied().unwrap_or(0),
        };
        let claimed = match self.step.fault {
            Fault::InnerKeyOf(other) => self.cast.key(other, 0),
            _ => self.cast.key(member, generation),
        };
        (claimed.clone(), self.forger(claimed))
    }

    fn prefix(&self, digits: &str) -> Result<Operation, Missing> {
        let member = match self.step.fault {
            Fault::Home(other) => self.cast.member(other)?,
            _ => self.cast.member(self.step.by)?,
        };
        let prefix = match self.step.fault {
            Fault::Unsound(0) => "999001 1".to_owned(),
            Fault::Unsound(1) => "840001".to_owned(),
            Fault::Unsound(2) => "8400011234".to_owned(),
            Fault::Unsound(3) => "9990011".to_owned(),
            Fault::Unsound(_) => "8".repeat(200),
            _ => digits.to_owned(),
        };
        Ok(Operation::RegisterPrefix(PrefixEntry { prefix, member }))
    }

    fn evse(&self, place: usize) -> Result<Operation, Missing> {
        let mut entry = self.cast.evse(place)?.clone();
        match self.step.fault {
            Fault::Home(other) | Fault::Visited(other) => {
                entry.utility = self.cast.member(other)?;
            }
            Fault::Owner => entry.owner = OwnerId::parse("OWNER-9")?,
            Fault::Unsound(0) => "Mars/Olympus".clone_into(&mut entry.time_zone),
            Fault::Unsound(1) => entry.number = 0,
            Fault::Unsound(2) => entry.area = "a".repeat(33),
            Fault::Unsound(3) => entry.meter_key = vec![0; 257],
            Fault::Unsound(4) => entry.meter_key.clear(),
            // Another EVSE's number in the same station, or a station that is another's.
            Fault::Evse(other) => {
                let other = self.cast.evse(other)?;
                entry.station.clone_from(&other.station);
                entry.number = other.number;
            }
            _ => {}
        }
        Ok(Operation::RegisterEvse(Box::new(entry)))
    }

    fn agreement(&self, pair: usize, version: u32) -> Result<Agreement, Missing> {
        let version = match self.step.fault {
            Fault::Version(other) => other,
            _ => version,
        };
        let mut terms = self.cast.terms(pair, version)?.clone();
        if let Fault::Unsound(number) = self.step.fault {
            spoil(&mut terms, number, self.step.at)?;
            // All but the last have a text that says what they say.
            if number % SPOILS != SPOILS - 1 {
                terms = worded(terms);
            }
        }
        Ok(terms)
    }

    fn propose(&self, pair: usize, version: u32) -> Result<Operation, Missing> {
        let terms = self.agreement(pair, version)?;
        let signer = self.forger(self.cast.key(self.step.by, self.step.key));
        let signature = signer.sign(AGREEMENT_DOMAIN, &terms.to_bytes());
        Ok(Operation::ProposeAgreement {
            agreement: Box::new(terms),
            signature,
        })
    }

    fn countersign(&self, pair: usize, version: u32) -> Result<Operation, Missing> {
        let terms = self.agreement(pair, version)?;
        let (home, visited) = self.parties(pair)?;
        let signer = self.forger(self.cast.key(self.step.by, self.step.key));
        Ok(Operation::CountersignAgreement {
            agreement: terms.id(),
            home,
            visited,
            signature: signer.sign(AGREEMENT_DOMAIN, &terms.to_bytes()),
        })
    }

    fn currency(&self, right: Currency) -> Currency {
        match self.step.fault {
            Fault::Currency if right == Currency::USD => Currency::EUR,
            Fault::Currency => Currency::USD,
            _ => right,
        }
    }

    fn place(&self, session: &Session) -> Result<Operation, Missing> {
        let step = self.step;
        let (pair, version) = (session.pair, self.version(session));
        let (home_place, _) = self.cast.pairs.get(pair).copied().unwrap_or_default();
        let (home, visited) = self.parties(pair)?;
        let terms = self.cast.terms(pair, version)?;
        let number = self.guarantee_number(session);
        let mut promise = self.cast.guarantee(pair, version, number)?;
        if let Fault::Limit(more) = step.fault {
            promise.limit = Micro(promise.limit.0.saturating_add(more));
        }
        let currency = self.currency(terms.currency);
        let amount = self.hold_amount(session, (home, visited), terms, &promise);
        let (claimed, signer) = self.inner(home_place);
        let expires = match step.fault {
            Fault::Expires(at) => at,
            _ => session.expires,
        };
        Ok(Operation::PlaceHold(Box::new(Hold {
            session: session.id,
            visited,
            guarantee: GuaranteeClaim {
                home,
                home_key: claimed.public(),
                home_signature: signer.sign(GUARANTEE_DOMAIN, &promise.to_bytes()),
                guarantee: promise,
            },
            amount,
            currency,
            expires_at: Time(expires),
            offer: self.offer(session),
        })))
    }

    fn hold_amount(
        &self,
        session: &Session,
        pair: (MemberId, MemberId),
        terms: &Agreement,
        promise: &fairway_model::Guarantee,
    ) -> Micro {
        let (held, charged) = self.model.used(pair.0, promise.id);
        let exposed =
            self.model.held(pair, terms.currency) + self.model.owed(pair.0, pair.1, terms.currency);
        let rest = |limit: Micro, used: i128| i128::from(limit.0) - used;
        let wanted = match self.step.fault {
            Fault::Amount(more) => i128::from(session.hold.0) + i128::from(more),
            Fault::AmountIs(amount) => i128::from(amount),
            Fault::ToGuarantee(more) => rest(promise.limit, held + charged) + i128::from(more),
            Fault::ToExposure(more) => rest(terms.caps.exposure, exposed) + i128::from(more),
            Fault::ToCap(more) => rest(terms.caps.amount_per_charge, 0) + i128::from(more),
            _ => i128::from(session.hold.0),
        };
        Micro(i64::try_from(wanted).unwrap_or(i64::MAX))
    }

    fn version(&self, session: &Session) -> u32 {
        match self.step.fault {
            Fault::Version(other) => other,
            _ => session.version,
        }
    }

    fn guarantee_number(&self, session: &Session) -> u8 {
        match self.step.fault {
            Fault::Guarantee(other) => other,
            _ => session.guarantee,
        }
    }

    fn offer(&self, session: &Session) -> Hash {
        match self.step.fault {
            Fault::Offer => Hash::plain(b"an offer that nobody saw"),
            _ => Hash::plain(&session.id.0),
        }
    }

    fn void(&self, session: &Session) -> Result<Operation, Missing> {
        let (home, visited) = self.parties(session.pair)?;
        let terms = self.cast.terms(session.pair, session.version)?;
        let number = self.guarantee_number(session);
        Ok(Operation::VoidHold {
            session: session.id,
            home,
            visited,
            guarantee: self
                .cast
                .guarantee(session.pair, session.version, number)?
                .id,
            currency: self.currency(terms.currency),
        })
    }

    fn settle(&self, session: &Session) -> Result<Operation, Missing> {
        let (home, visited) = self
            .cast
            .pairs
            .get(session.pair)
            .copied()
            .unwrap_or_default();
        let event = self.event(session)?;
        let agreed = self.cast.terms(session.pair, self.version(session))?;
        let forecast = self.claimed_day(session, agreed, &event.usage);
        let body = event.to_bytes();
        let sign = |key: &SigningKey| -> Signature { key.sign(CHARGE_DOMAIN, &body) };
        // A wrong inner signature is the home utility's; the visited one's is made by the right key.
        let (home_key, home_signer) = self.inner(home);
        let visited_key = self
            .cast
            .key(visited, self.keys.get(visited).copied().unwrap_or(0));
        let evse = self.cast.evse(session.evse)?;
        let owner = match self.step.fault {
            Fault::Owner => OwnerId::parse("OWNER-9")?,
            _ => evse.owner.clone(),
        };
        let terms = self.cast.terms(session.pair, session.version)?;
        Ok(Operation::SettleCharge(Box::new(Settlement {
            signed: SignedChargeEvent {
                visited_signature: sign(&visited_key),
                home_signature: sign(&home_signer),
                event,
            },
            visited_key: visited_key.public(),
            home_key: home_key.public(),
            owner,
            currency: self.currency(terms.currency),
            area: self.area(session, &evse.area),
            rule: None,
            forecast,
        })))
    }

    /// Every other charge names the area whose energy it takes.
    fn area(&self, session: &Session, right: &str) -> Option<String> {
        let place = self.cast.sessions.iter().position(|s| s.id == session.id);
        match self.step.fault {
            Fault::Unsound(0) => Some("ERCOT".to_owned()),
            _ if right.is_empty() || place.is_none_or(|p| p % 2 == 0) => None,
            _ => Some(right.to_owned()),
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table with a row for each kind: in parts its gaps would not show"
    )]
    fn event(&self, session: &Session) -> Result<ChargeEvent, Missing> {
        let step = self.step;
        let version = self.version(session);
        let terms = self.cast.terms(session.pair, version)?;
        let (home, visited) = self.parties(session.pair)?;
        let place = match step.fault {
            Fault::Evse(other) => other,
            _ => session.evse,
        };
        let evse = self.cast.evse(place)?;
        let mut adjustments = session.adjustments;
        match step.fault {
            Fault::Load(bps) => adjustments.load_bps = bps,
            Fault::Discount(more) => adjustments.discount_bps += more,
            Fault::Corridor(more) => {
                adjustments.corridor.cap = Micro(adjustments.corridor.cap.0 + more);
            }
            _ => {}
        }
        let mut usage = session.usage.clone();
        change_usage(&mut usage, step.fault, terms.caps.energy_per_charge.0);
        if let (Some((_, bps)), false) = (
            self.follows(session, terms, &usage),
            matches!(step.fault, Fault::Load(_)),
        ) {
            adjustments.load_bps = bps;
        }
        let tariff = terms
            .tariffs
            .get(session.tariff % terms.tariffs.len().max(1))
            .ok_or_else(|| Missing("no tariff".to_owned()))?;
        let priced = rating::price(tariff, &evse.time_zone, &adjustments, &usage);
        let energy = usage.periods.iter().map(|p| i128::from(p.energy.0)).sum();
        let (mut total, mut shares) = match priced {
            Ok(price) => (
                rating::total(&price),
                sharing::shares(&price, terms, adjustments.tier, (session.id, energy)),
            ),
            Err(_) => (Micro(10_000), NOTHING),
        };
        change_money(&mut total, &mut shares, step.fault);
        let used: u64 = usage.periods.iter().map(|p| p.energy.0).sum();
        let begin = match step.fault {
            Fault::Register(other, more) => self
                .register(self.cast.session(other)?)
                .saturating_add(more),
            _ => self.register(session),
        };
        let (mut from, mut to) = (begin, begin.saturating_add(used));
        match step.fault {
            Fault::MeterEnd(more) => to = to.saturating_add_signed(more),
            Fault::Backwards => (from, to) = (to, from),
            _ => {}
        }
        let meter = self.meter(place);
        Ok(ChargeEvent {
            session: session.id,
            agreement: terms.id(),
            home,
            visited,
            evse: evse.evse.clone(),
            tariff: if step.fault == Fault::Tariff {
                "no tariff of theirs".to_owned()
            } else {
                tariff.id.clone()
            },
            adjustments,
            offer: self.offer(session),
            guarantee: self
                .cast
                .guarantee(session.pair, version, self.guarantee_number(session))?
                .id,
            usage,
            meter_start: Energy(from),
            meter_end: Energy(to),
            meter_key: Hash::plain(&meter),
            meter_evidence: Hash::plain(b"records"),
            driver: Hash::plain(b"commitment"),
            total,
            shares,
        })
    }

    /// Where the register stands when a session begins: each has a megawatt-hour of its own.
    fn register(&self, session: &Session) -> u64 {
        let place = self.cast.sessions.iter().position(|s| s.id == session.id);
        let place = u64::try_from(place.unwrap_or(0)).unwrap_or(0);
        place.saturating_add(1).saturating_mul(1_000_000_000)
    }

    fn meter(&self, place: usize) -> Vec<u8> {
        match self.step.fault {
            Fault::Meter(generation) => Cast::meter_key(place, generation),
            Fault::MeterKey => b"nobody's meter".to_vec(),
            _ => self.present_meter(place),
        }
    }

    /// The meter key that the ledger knows at present.
    fn present_meter(&self, place: usize) -> Vec<u8> {
        let registered = self
            .cast
            .evse(place)
            .ok()
            .and_then(|e| self.model.evses.get(&e.evse));
        registered.map_or_else(
            || Cast::meter_key(place, 0),
            |rec| rec.entry.meter_key.clone(),
        )
    }

    fn pay(&self, debtor: usize, per_mille: i64, reference: u32) -> Result<Operation, Missing> {
        let creditor = self.cast.member(self.step.by)?;
        let debtor = self.cast.member(debtor)?;
        let between =
            (0..self.cast.pairs.len()).find(|pair| self.cast.pair(*pair) == Ok((debtor, creditor)));
        let currency = match between {
            Some(pair) => self.cast.terms(pair, 1)?.currency,
            None => Currency::USD,
        };
        let currency = self.currency(currency);
        let owed = self.model.owed(debtor, creditor, currency);
        let part = owed * i128::from(per_mille) / 1_000;
        let amount = match self.step.fault {
            Fault::Amount(more) => part + i128::from(more),
            Fault::AmountIs(amount) => i128::from(amount),
            _ => part.max(1),
        };
        let creditor = match self.step.fault {
            Fault::Visited(other) => self.cast.member(other)?,
            _ => creditor,
        };
        Ok(Operation::ConfirmPayment(Payment {
            debtor,
            creditor,
            currency,
            amount: Micro(i64::try_from(amount).unwrap_or(i64::MAX)),
            reference: Hash::plain(&reference.to_be_bytes()),
        }))
    }
}

const NOTHING: Shares = Shares {
    home: Micro(0),
    visited: Micro(10_000),
    owner: Micro(0),
    tax: Micro(0),
};

fn change_usage(usage: &mut Usage, fault: Fault, cap: u64) {
    let shift = |usage: &mut Usage, by: i64| {
        usage.end = usage.end.plus(by);
        for period in &mut usage.periods {
            period.start = period.start.plus(by);
        }
    };
    match fault {
        Fault::StartAt(at) => {
            let start = usage.start().map_or(0, |t| t.0);
            shift(usage, at - start);
        }
        Fault::EndAt(at) => shift(usage, at - usage.end.0),
        Fault::NoEnergy => {
            for period in &mut usage.periods {
                period.energy = Energy::ZERO;
            }
        }
        Fault::ToEnergyCap(more) => {
            let others: u64 = usage.periods.iter().skip(1).map(|p| p.energy.0).sum();
            if let Some(first) = usage.periods.first_mut() {
                first.energy = Energy(cap.saturating_add_signed(more).saturating_sub(others));
            }
        }
        Fault::Disorder => {
            let last = usage.end.plus(1);
            if let Some(first) = usage.periods.last_mut() {
                first.start = last;
            }
        }
        _ => {}
    }
}

fn change_money(total: &mut Micro, shares: &mut Shares, fault: Fault) {
    let add = |amount: &mut Micro, more: i64| *amount = Micro(amount.0 + more);
    match fault {
        Fault::Total(more) => {
            add(total, more);
            add(&mut shares.visited, more);
        }
        Fault::ShareToVisited(more) => {
            add(&mut shares.home, -more);
            add(&mut shares.visited, more);
        }
        Fault::TaxToVisited(more) => {
            add(&mut shares.tax, -more);
            add(&mut shares.visited, more);
        }
        Fault::OwnerToHome(more) => {
            add(&mut shares.owner, -more);
            add(&mut shares.home, more);
        }
        _ => {}
    }
}

/// Ways in which terms contradict themselves, and some edges that do not.
pub const SPOILS: u32 = 34;

/// Rules with one amount too much or too little, the last that is allowed, and one that only a custom rule spoils.
fn unsound_rule(number: u32, cap: Micro) -> SplitRule {
    let (energy, price, chance_bps) = match number {
        25 => (cap.0.saturating_add(1), 0, 0),
        26 => (0, -1, 0),
        27 => (0, 0, 10_001),
        28 => (cap.0, 1_000_000_000_000, 10_000),
        _ => (0, 0, 0),
    };
    SplitRule::Shapley {
        costs: Costs {
            energy_per_kwh: Micro(energy),
            network_per_kwh: Micro(0),
            per_charge: Micro(0),
        },
        ad_hoc: AdHoc {
            price_per_kwh: Micro(price),
            chance_bps,
        },
    }
}

/// A table with an hour too few, an hour outside the band, a curve that falls, and the last notice that is allowed and one hour more.
fn unsound_forecast(terms: &mut Agreement, number: u32) {
    let band = terms.load_band;
    let mut follows = crate::cast::plain_forecast(band.min_bps, band.max_bps);
    match number {
        30 => follows.weekday_bps.truncate(23),
        31 => {
            if let Some(hour) = follows.weekend_bps.last_mut() {
                *hour = band.max_bps + 1;
            }
        }
        32 => follows.curve.reverse(),
        _ => follows.notice_hours = 12 + u8::from(terms.version.is_multiple_of(2)),
    }
    terms.forecast = Some(follows);
}

fn spoil(terms: &mut Agreement, number: u32, now: i64) -> Result<(), Missing> {
    match number % SPOILS {
        0 => terms.split.home_bps += 1,
        1 => terms.corridor.floor = Micro(terms.corridor.cap.0 + 1),
        2 => terms.valid_until = Time(now),
        3 => terms.valid_until = terms.valid_from,
        4 => terms.currency = Currency::parse("XTS")?,
        5 => terms.caps.exposure = Micro(terms.caps.amount_per_charge.0 - 1),
        6 => terms.caps.amount_per_charge = Micro(0),
        7 => terms.hold_ttl = 0,
        8 => terms.load_band.min_bps = 0,
        9 => terms.load_band.max_bps = 100_001,
        10 => terms.netting_days = 0,
        11 => terms.dispute_days = 367,
        12 => terms.interest_bps = 10_001,
        13 => terms.tariffs.clear(),
        14 => {
            let copy = terms.tariffs.first().cloned();
            terms.tariffs.extend(copy);
        }
        15 => {
            if let Some(c) = terms
                .tariffs
                .first_mut()
                .and_then(|t| t.elements.first_mut())
                .and_then(|e| e.components.first_mut())
            {
                c.price = Micro(-1);
            }
        }
        16 => {
            let copy = terms.tiers.first().copied();
            terms.tiers.extend(copy);
        }
        // The last that is allowed, and one millisecond more.
        17 => terms.valid_until = terms.valid_from.plus(3_653 * 86_400_000),
        18 => terms.valid_until = terms.valid_from.plus(3_653 * 86_400_000 + 1),
        19 => terms.session_caps = Some(SessionCaps::default()),
        20 => terms.collateral = Some(Micro(0)),
        21 => terms.rule_fuel = Some(1),
        22 => terms.notice_days = Some(u16::MAX),
        24 => terms.text_hash = Hash::plain(b"another text"),
        25..=28 => terms.split_rule = Some(unsound_rule(number % SPOILS, terms.corridor.cap)),
        30..=33 => unsound_forecast(terms, number % SPOILS),
        29 => {
            terms.split_rule = Some(unsound_rule(29, terms.corridor.cap));
            (terms.rule, terms.rule_fuel) = (Some(Hash::plain(b"module")), Some(1));
        }
        _ => {
            terms.service = Some(ServiceLevel {
                least_served_bps: 9_000,
                penalty: Micro(2),
                penalty_cap: Micro(1),
                answer_hours: 24,
            });
        }
    }
    Ok(())
}
