//! What the ledger shows, thing by thing, against what the model says it must show.

mod council;
mod forecast;
mod paying;
mod rates;
mod service;

use crate::model::energy::Spot;
use crate::model::{Life, Model};
use fairway_forecast::hour::Day;
use fairway_ledger::cases::state::{CaseState, CreditRecord, CreditState};
use fairway_ledger::council::{KeyPurpose, UsedKeyState};
use fairway_ledger::energy::op::{EnergyOperation, Hour, OfferId};
use fairway_ledger::energy::state::{EnergyBook, OfferState, key_for_energy, key_for_energy_offer};
use fairway_ledger::forecast::state::{key_for_load_book, key_for_prices};
use fairway_ledger::life::{key_for_board, key_for_claim, key_for_use};
use fairway_ledger::money::state::{
    AcceptanceState, CycleState, IssuerState, LastCycle, RedemptionState,
};
use fairway_ledger::money::{
    MoneyOperation, ObligationId, ObligationState, PositionState, Redemption, RedemptionId, UtcDay,
    key_for_acceptance, key_for_cycle, key_for_issuer, key_for_last_cycle, key_for_obligation,
    key_for_redemption,
};
use fairway_ledger::rates::{key_for_conversion, key_for_rate};
use fairway_ledger::state::{
    AgreementStatus, BalanceState, ChargeState, DisputeState, EvseState, GuaranteeState, HoldState,
    HoldStatus, MemberState, NodeState, NonceState, PairState, PrefixState, StationState,
};
use fairway_ledger::{
    Account, Key, MeterPage, Operation, Payment, ProposalId, TermsOperation, Transaction,
    key_for_account, key_for_agenda, key_for_agreement, key_for_agreement_status, key_for_case,
    key_for_charge, key_for_charter, key_for_credit, key_for_credits, key_for_dispute,
    key_for_evidence, key_for_evse, key_for_frozen, key_for_guarantee, key_for_held, key_for_hold,
    key_for_member, key_for_meter_page, key_for_misdeeds, key_for_node, key_for_nonce,
    key_for_pair, key_for_payment, key_for_position, key_for_prefix, key_for_proposal,
    key_for_roll, key_for_station, key_for_used_key,
};
use fairway_model::canonical::Canonical;
use fairway_model::{
    Agreement, AgreementId, CreditId, Currency, Energy, EvseId, GuaranteeId, Hash, MemberId,
    PublicKey, SessionId, StationId,
};
use std::collections::BTreeMap;

/// The ledger's values by key.
pub type State = BTreeMap<Key, Vec<u8>>;

/// One thing that the ledger shows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A member.
    Member(MemberId),
    /// A key that is or was in use.
    UsedKey(PublicKey),
    /// A used number of a member.
    Nonce(MemberId, [u8; 16]),
    /// Digits of a prefix, or a beginning of some.
    Prefix(String),
    /// A node number of a member.
    Node(MemberId, String),
    /// An EVSE.
    Evse(EvseId),
    /// A station.
    Station(StationId),
    /// Terms.
    Terms(AgreementId),
    /// Where an agreement is in its life.
    Status(AgreementId),
    /// The agreements of a pair.
    Pair(MemberId, MemberId),
    /// What is held of a pair.
    Held(MemberId, MemberId, Currency),
    /// What a pair owes.
    Position(MemberId, MemberId, Currency),
    /// A guarantee of a home utility.
    Guarantee(MemberId, GuaranteeId),
    /// A hold.
    Hold(SessionId),
    /// A charge.
    Charge(SessionId),
    /// A dispute of a member.
    Dispute(SessionId, MemberId),
    /// An account.
    Account(Account, Currency),
    /// A payment.
    Payment(MemberId, Hash),
    /// What is credited of a charge.
    Credits(SessionId),
    /// A credit.
    Credit(SessionId, CreditId),
    /// A case of a member.
    Case(SessionId, MemberId),
    /// What a cycle left to be paid.
    Obligation(ObligationId),
    /// A closed cycle.
    Cycle(Currency, UtcDay),
    /// The newest closed cycle of a currency.
    LastCycle(Currency),
    /// Charges of a pair that count toward ceilings, and its cycles of service.
    Use(MemberId, MemberId),
    /// What of a position is frozen.
    Frozen(MemberId, MemberId, Currency),
    /// A page of a meter's register.
    Meter(Hash, u64),
    /// An issuer of tokens.
    Issuer(MemberId, Currency),
    /// Up to which amount a holder takes an issuer's tokens.
    Taken(MemberId, MemberId, Currency),
    /// A request to be paid out.
    Request(MemberId, RedemptionId),
    /// A member's energy of an area and hour.
    Energy(MemberId, String, Hour),
    /// An offer of energy.
    Offer(MemberId, OfferId),
    /// A rate that a member stated, of one currency in another, of a day.
    Rate(MemberId, Currency, Currency, UtcDay),
    /// A conversion between debtor and creditor.
    Converted(MemberId, MemberId, Hash),
    /// A claimed refusal.
    Claim(SessionId),
    /// A slot of a member's board.
    Board(MemberId, u8),
    /// A member's load book.
    LoadBook(MemberId),
    /// The published prices of a day of an agreement.
    Prices(AgreementId, i64),
    /// Who is or was a member.
    Roll,
    /// Which proposals are open.
    Agenda,
    /// What counts from which height on.
    Charter,
    /// A proposal.
    Proposal(ProposalId),
    /// A proven misdeed of a key, epoch and view.
    Misdeed(PublicKey, u64, u64),
    /// All proven misdeeds.
    Misdeeds,
}

impl Thing {
    /// Where the ledger keeps it.
    pub fn key(&self) -> Key {
        match self {
            Self::Member(m) => key_for_member(*m),
            Self::UsedKey(key) => key_for_used_key(*key),
            Self::Nonce(m, n) => key_for_nonce(*m, fairway_ledger::TxNonce(*n)),
            Self::Prefix(digits) => key_for_prefix(digits),
            Self::Node(m, node) => key_for_node(*m, node),
            Self::Evse(id) => key_for_evse(id),
            Self::Station(id) => key_for_station(id),
            Self::Terms(id) => key_for_agreement(*id),
            Self::Status(id) => key_for_agreement_status(*id),
            Self::Pair(h, v) => key_for_pair(*h, *v),
            Self::Held(h, v, c) => key_for_held(*h, *v, *c),
            Self::Position(d, c, currency) => key_for_position(*d, *c, *currency),
            Self::Guarantee(h, id) => key_for_guarantee(*h, *id),
            Self::Hold(s) => key_for_hold(*s),
            Self::Charge(s) => key_for_charge(*s),
            Self::Dispute(s, m) => key_for_dispute(*s, *m),
            Self::Account(a, c) => key_for_account(a, *c),
            Self::Payment(c, r) => key_for_payment(*c, *r),
            Self::Credits(s) => key_for_credits(*s),
            Self::Credit(s, id) => key_for_credit(*s, *id),
            Self::Case(s, m) => key_for_case(*s, *m),
            Self::Frozen(h, v, c) => key_for_frozen(*h, *v, *c),
            Self::Use(h, v) => key_for_use(*h, *v),
            Self::Obligation(id) => key_for_obligation(id),
            Self::Cycle(c, day) => key_for_cycle(*c, *day),
            Self::LastCycle(c) => key_for_last_cycle(*c),
            Self::Meter(meter, page) => key_for_meter_page(*meter, *page),
            Self::Issuer(m, c) => key_for_issuer(*m, *c),
            Self::Taken(h, i, c) => key_for_acceptance(*h, *i, *c),
            Self::Request(h, id) => key_for_redemption(*h, *id),
            Self::Energy(m, area, hour) => key_for_energy(*m, area, *hour),
            Self::Offer(m, id) => key_for_energy_offer(*m, *id),
            Self::Rate(m, base, quote, day) => key_for_rate(*m, *base, *quote, *day),
            Self::Converted(d, c, id) => key_for_conversion(*d, *c, *id),
            Self::Claim(s) => key_for_claim(*s),
            Self::Board(m, slot) => key_for_board(*m, *slot),
            Self::Roll => key_for_roll(),
            Self::LoadBook(m) => key_for_load_book(*m),
            Self::Prices(id, day) => key_for_prices(*id, Day(*day)),
            Self::Agenda => key_for_agenda(),
            Self::Charter => key_for_charter(),
            Self::Proposal(id) => key_for_proposal(*id),
            Self::Misdeed(key, epoch, view) => key_for_evidence(*key, *epoch, *view),
            Self::Misdeeds => key_for_misdeeds(),
        }
    }

    /// Compares what the ledger shows with what the model says.
    ///
    /// # Errors
    /// What differs.
    pub fn check(&self, model: &Model, state: &State) -> Result<(), String> {
        let shown = state.get(&self.key());
        let amount = self.amount(model);
        let same = match (self, amount) {
            (Self::Position(..), Some(amount)) => {
                let found: PositionState = read(shown)?.unwrap_or_default();
                let obliged = i128::from(found.obliged.unwrap_or_default().0);
                let secured = i128::from(found.collateral.unwrap_or_default().0);
                i128::from(found.amount.0) == amount
                    && obliged == self.obliged(model)
                    && secured == self.secured(model)
            }
            (_, Some(amount)) => {
                let found: Option<BalanceState> = read(shown)?;
                i128::from(found.unwrap_or_default().amount.0) == amount
            }
            (_, None) => self.record(model, shown)?,
        };
        if same {
            Ok(())
        } else {
            Err(format!(
                "the ledger shows something else than the model for {self:?}"
            ))
        }
    }

    /// What a thing that is only an amount must be. All amounts have the same form in the state.
    fn amount(&self, model: &Model) -> Option<i128> {
        match self {
            Self::Held(h, v, c) => Some(model.held((*h, *v), *c)),
            Self::Position(d, c, currency) => Some(model.owed(*d, *c, *currency)),
            Self::Account(a, c) => Some(model.account(a, *c)),
            Self::Frozen(h, v, c) => Some(model.frozen((*h, *v), *c)),
            _ => None,
        }
    }

    fn obliged(&self, model: &Model) -> i128 {
        match self {
            Self::Position(d, c, currency) => model.obliged(*d, *c, *currency),
            _ => 0,
        }
    }

    fn secured(&self, model: &Model) -> i128 {
        match self {
            Self::Position(d, c, currency) => model.pledged(*d, *c, *currency),
            _ => 0,
        }
    }

    #[expect(
        clippy::too_many_lines,
        reason = "a table with a row for each kind: in parts its gaps would not show"
    )]
    fn record(&self, model: &Model, shown: Option<&Vec<u8>>) -> Result<bool, String> {
        Ok(match self {
            Self::Member(m) => member(model, *m, read(shown)?),
            Self::UsedKey(key) => {
                let found: Option<UsedKeyState> = read(shown)?;
                let member = |f: &UsedKeyState| f.purpose == KeyPurpose::Member;
                found.map(|f| (f.member, member(&f), f.height)) == model.keys.get(key).copied()
            }
            Self::Nonce(m, n) => {
                let found: Option<NonceState> = read(shown)?;
                found.map(|f| f.transaction) == model.nonces.get(&(*m, *n)).copied()
            }
            Self::Prefix(digits) => prefix(model, digits, read(shown)?),
            Self::Node(m, digits) => node(model, *m, digits, read(shown)?),
            Self::Evse(id) => evse(model, id, read(shown)?),
            Self::Station(id) => station(model, id, read(shown)?),
            Self::Terms(id) => {
                let found: Option<Agreement> = read(shown)?;
                found.as_ref() == model.agreements.get(id).map(|a| &a.terms)
            }
            Self::Status(id) => status(model, *id, read(shown)?),
            Self::Pair(h, v) => pair(model, (*h, *v), read(shown)?),
            Self::Guarantee(h, id) => guarantee(model, *h, *id, read(shown)?),
            Self::Hold(s) => hold(model, *s, read(shown)?),
            Self::Charge(s) => charge(model, *s, read(shown)?),
            Self::Meter(meter, page) => sold(model, (*meter, *page), read(shown)?),
            Self::Issuer(m, c) => issuer(model, (*m, *c), read(shown)?),
            Self::Taken(h, i, c) => {
                let found: Option<AcceptanceState> = read(shown)?;
                found.map(|f| f.limit) == model.tokens.taken.get(&(*h, *i, *c)).copied()
            }
            Self::Request(h, id) => {
                let found: Option<RedemptionState> = read(shown)?;
                let found = found.map(|f| (f.redemption, f.requested_at.0, f.paid));
                found == model.tokens.requests.get(&(*h, *id)).copied()
            }
            Self::Energy(m, area, hour) => energy(model, &(*m, area.clone(), *hour), read(shown)?),
            Self::Offer(m, id) => {
                let found: Option<OfferState> = read(shown)?;
                let found = found.map(|f| (f.offer, f.left.0));
                found == model.market.offers.get(&(*m, *id)).cloned()
            }
            Self::Rate(m, base, quote, day) => {
                rates::rate(model, (*m, *base, *quote, *day), shown)?
            }
            Self::Converted(d, c, id) => rates::converted(model, (*d, *c, *id), shown)?,
            Self::Roll => council::roll(model, shown)?,
            Self::LoadBook(m) => forecast::book(model, *m, shown)?,
            Self::Prices(id, day) => forecast::prices(model, (*id, *day), shown)?,
            Self::Agenda => council::agenda(model, shown)?,
            Self::Charter => council::charter(model, shown)?,
            Self::Proposal(id) => council::proposal(model, *id, shown)?,
            Self::Misdeed(key, epoch, view) => {
                council::misdeed(model, (*key, *epoch, *view), shown)?
            }
            Self::Misdeeds => council::misdeeds(model, shown)?,
            Self::Dispute(s, m) => {
                let found: Option<DisputeState> = read(shown)?;
                let found = found.map(|d| (d.dispute, d.recorded_at.0));
                found == model.disputes.get(&(*s, *m)).cloned()
            }
            Self::Payment(c, r) => {
                let found: Option<Payment> = read(shown)?;
                found.as_ref() == model.reference(*c, *r)
            }
            Self::Credits(s) => {
                let found: Option<CreditState> = read(shown)?;
                let found = found.unwrap_or(CreditState::NONE);
                (found.credited, found.given) == model.given_of(*s)
                    && usize::try_from(found.count) == Ok(model.credits_of(*s))
            }
            Self::Credit(s, id) => {
                let found: Option<CreditRecord> = read(shown)?;
                let known = model.credits.get(&(*s, *id));
                let content = known.map(|c| Hash::of("fairway.credit.v1", &c.to_bytes()));
                found.map(|f| f.content) == content
            }
            Self::Case(s, m) => case(model, (*s, *m), read(shown)?),
            Self::Use(h, v) => service::used(model, (*h, *v), shown)?,
            Self::Claim(s) => service::claim(model, *s, shown)?,
            Self::Board(m, slot) => service::board(model, (*m, *slot), shown)?,
            Self::Obligation(id) => obligation(model, id, read(shown)?),
            Self::Cycle(c, day) => {
                let found: Option<CycleState> = read(shown)?;
                both(found, model.cycles.get(&(*c, *day)), |a, b| {
                    a.summary == b.summary
                        && (a.height, a.closed_at.0) == b.closed
                        && (a.by, a.before) == (b.by, b.before)
                })
            }
            Self::LastCycle(c) => {
                let found: Option<LastCycle> = read(shown)?;
                found.map(|f| f.cycle) == model.last_cycle(*c)
            }
            Self::Held(..) | Self::Position(..) | Self::Account(..) | Self::Frozen(..) => false,
        })
    }
}

fn node(model: &Model, member: MemberId, digits: &str, shown: Option<NodeState>) -> bool {
    let known = model
        .prefixes
        .iter()
        .find(|(p, owner)| **owner == member && p.get(6..) == Some(digits));
    shown.map(|f| f.prefix.as_str().to_owned()) == known.map(|(p, _)| p.clone())
}

fn read<T: Canonical>(bytes: Option<&Vec<u8>>) -> Result<Option<T>, String> {
    bytes
        .map(|b| {
            T::from_bytes(b).map_err(|e| format!("a value of the ledger does not decode: {e}"))
        })
        .transpose()
}

/// Both absent, or both there and equal in everything that is compared.
fn both<A, B>(shown: Option<A>, known: Option<B>, equal: impl Fn(&A, &B) -> bool) -> bool {
    match (shown, known) {
        (None, None) => true,
        (Some(a), Some(b)) => equal(&a, &b),
        _ => false,
    }
}

fn member(model: &Model, id: MemberId, shown: Option<MemberState>) -> bool {
    both(shown, model.members.get(&id), |a, b| {
        a.member == b.member
            && council::standing(model, id, a)
            && a.previous.map(|o| (o.key, o.until.0)) == b.old
            && a.previous_encryption.map(|o| (o.key.0, o.until.0)) == b.old_encryption
    })
}

fn prefix(model: &Model, digits: &str, shown: Option<PrefixState>) -> bool {
    let shown = shown.unwrap_or_default();
    let longer = model
        .prefixes
        .keys()
        .any(|p| p.len() > digits.len() && p.starts_with(digits));
    let here = model.prefixes.get(digits);
    shown.longer == longer
        && shown.entry.as_ref().map(|e| &e.member) == here
        && shown.entry.is_none_or(|e| e.prefix == digits)
}

fn evse(model: &Model, id: &EvseId, shown: Option<EvseState>) -> bool {
    both(shown, model.evses.get(id), |a, b| {
        a.entry == b.entry
            && a.previous.map(|o| (o.key, o.until.0)) == b.old
            && a.retired.map(|t| t.0) == b.retired
    })
}

fn station(model: &Model, id: &StationId, shown: Option<StationState>) -> bool {
    let mut here: Vec<(u32, &EvseId)> = model
        .evses
        .values()
        .filter(|e| e.entry.station == *id)
        .map(|e| (e.entry.number, &e.entry.evse))
        .collect();
    here.sort_unstable();
    let Some(shown) = shown else {
        return here.is_empty();
    };
    let slots: Vec<(u32, &EvseId)> = shown.evses.iter().map(|s| (s.number, &s.evse)).collect();
    let owner = model.evses.values().find(|e| e.entry.station == *id);
    slots == here && owner.is_some_and(|e| e.entry.utility == shown.utility)
}

fn status(model: &Model, id: AgreementId, shown: Option<AgreementStatus>) -> bool {
    both(shown, model.agreements.get(&id), |a, b| {
        (a.proposer, a.proposer_signature, a.proposed_at.0) == b.proposed
            && a.countersigned.map(|c| (c.signature, c.at.0)) == b.signed
            && a.terminated_from.map(|t| t.0) == b.ended
            && (a.round, a.supersedes) == (b.answers.map(|x| x.0), b.answers.map(|x| x.1))
            && a.superseded_by == b.answered
            && a.suspended.map(|s| (s.by, s.ground, s.evidence, s.at.0)) == b.suspended
            && a.broken.map(|e| (e.by, e.ground, e.evidence, e.at.0)) == b.broken
    })
}

fn issuer(model: &Model, (id, c): (MemberId, Currency), shown: Option<IssuerState>) -> bool {
    let known = model.tokens.issuers.get(&(id, c));
    both(shown, known, |a, (cap, words, reserve)| {
        (a.cap, a.terms, a.reserve) == (*cap, *words, *reserve)
            && i128::from(a.outstanding.0) == model.outstanding(id, c)
    })
}

fn energy(model: &Model, spot: &Spot, shown: Option<EnergyBook>) -> bool {
    let (shown, known) = (shown.unwrap_or_default(), model.book(spot));
    let found = [shown.bought, shown.delivered, shown.traded, shown.offered].map(|e| e.0);
    found == [known.bought, known.delivered, known.traded, known.offered]
        && shown.statement.as_ref() == model.market.stated.get(spot)
}

fn sold(model: &Model, (meter, page): (Hash, u64), shown: Option<MeterPage>) -> bool {
    let mut known: Vec<(SessionId, Energy, Energy)> = model
        .of_page(meter, page)
        .map(|c| (c.full.session, c.full.meter_start, c.full.meter_end))
        .collect();
    let stretches = shown.map(|p| p.stretches).unwrap_or_default();
    let mut found: Vec<_> = stretches
        .iter()
        .map(|s| (s.session, s.from, s.to))
        .collect();
    known.sort_unstable();
    found.sort_unstable();
    known == found
}

fn pair(model: &Model, (home, visited): (MemberId, MemberId), shown: Option<PairState>) -> bool {
    let shown = shown.unwrap_or_default();
    let known = model.remembered(home, visited);
    let listed = shown.versions.len() == known.len()
        && shown.versions.iter().zip(&known).all(|(a, b)| {
            a.agreement == b.terms.id()
                && a.version == b.terms.version
                && a.limits.currency == b.terms.currency
                && a.limits.exposure == b.terms.caps.exposure
                && a.limits.collateral == b.terms.collateral
                && a.until.0 == b.until()
                && b.signed
                    .is_some_and(|(_, at)| a.from.0 == at.max(b.terms.valid_from.0))
        });
    // Who is in force is asked at every instant at which it may change.
    let instants = known
        .iter()
        .flat_map(|k| [k.terms.valid_from.0, k.until(), k.signed.map_or(0, |s| s.1)])
        .flat_map(|t| [t - 1, t]);
    let mut agreed = instants.map(|at| {
        let a = shown.in_force(fairway_model::Time(at)).map(|v| v.agreement);
        let b = model.in_force(home, visited, at).map(|r| r.terms.id());
        a == b
    });
    listed && agreed.all(|same| same)
}

fn guarantee(
    model: &Model,
    home: MemberId,
    id: GuaranteeId,
    shown: Option<GuaranteeState>,
) -> bool {
    let (held, charged) = model.used(home, id);
    both(shown, model.guarantees.get(&(home, id)), |a, b| {
        let content = Hash::of("fairway.guarantee.v1", &b.promise.to_bytes());
        a.content == content
            && a.agreement == b.promise.agreement
            && a.limit == b.promise.limit
            && (i128::from(a.held.0), i128::from(a.charged.0)) == (held, charged)
    })
}

fn hold(model: &Model, session: SessionId, shown: Option<HoldState>) -> bool {
    both(shown, model.holds.get(&session), |a, b| {
        let life = match a.status {
            HoldStatus::Pending => Life::Pending,
            HoldStatus::Posted => Life::Posted,
            HoldStatus::Void => Life::Void,
            HoldStatus::Expired => Life::Expired,
        };
        let placed = &b.hold;
        let promise = &placed.guarantee.guarantee;
        a.content == crate::model::hold_content(placed)
            && (a.home, a.visited) == (placed.guarantee.home, placed.visited)
            && (a.agreement, a.guarantee) == (promise.agreement, promise.id)
            && (a.offer, a.amount, a.currency) == (placed.offer, placed.amount, placed.currency)
            && a.expires_at == placed.expires_at
            && life == b.life
            && a.disputed_until.map(|t| t.0) == b.protected
            && a.counted.is_some() == b.counted.is_some()
    })
}

fn charge(model: &Model, session: SessionId, shown: Option<ChargeState>) -> bool {
    both(shown, model.charges.get(&session), |a, b| {
        (a.event, a.agreement) == (b.event, b.agreement)
            && (a.home, a.visited) == b.pair
            && (a.energy.0, i128::from(a.total.0)) == (b.energy, b.total)
            && (a.shares, a.currency) == (b.shares, b.currency)
            && a.owner.as_ref() == Some(&b.owner)
            && (a.height, a.settled_at.0, a.dispute_until.0)
                == (b.settled.0, b.settled.1, b.disputable)
    })
}

fn obligation(model: &Model, id: &ObligationId, shown: Option<ObligationState>) -> bool {
    both(shown, model.obligations.get(id), |a, b| {
        let amounts = [a.amount, a.principal, a.interest].map(|m| i128::from(m.0));
        amounts == [b.amount, b.principal, b.interest]
            && (a.due.0, a.charged_through.0) == (b.due, b.charged)
            && (a.sent, a.height) == (b.sent, b.height)
    })
}

fn case(model: &Model, key: (SessionId, MemberId), shown: Option<CaseState>) -> bool {
    both(shown, model.cases.get(&key), |a, b| {
        let answer = a
            .answer
            .map(|x| (x.evidence, i128::from(x.total.0), x.settle_until.0));
        let panel = a.panel.as_ref().map(|p| {
            let votes: Vec<_> = p.votes.iter().map(|v| (v.member, v.verdict)).collect();
            (p.members.clone(), votes, p.vote_until.0)
        });
        let closed = a.closed.map(|c| {
            let amounts = (i128::from(c.total.0), i128::from(c.credited.0));
            (c.ruling, amounts.0, amounts.1, c.at.0)
        });
        (a.reason, a.evidence) == (b.opening.reason, b.opening.evidence)
            && i128::from(a.claimed.0) == b.claimed
            && i128::from(a.frozen.0) == b.frozen
            && a.meter_evidence == b.meter
            && a.opened_at.0 == b.opened
            && answer == b.answer.map(|x| (x.evidence, x.total, x.until))
            && panel
                == b.panel
                    .as_ref()
                    .map(|p| (p.seats.clone(), p.votes.clone(), p.until))
            && closed == b.closed
    })
}

/// Everything that a transaction may change, found from its words.
#[expect(
    clippy::too_many_lines,
    reason = "a table with a row for each kind: in parts its gaps would not show"
)]
pub fn named(tx: &Transaction) -> Vec<Thing> {
    let mut things = vec![
        Thing::Member(tx.member),
        Thing::Nonce(tx.member, tx.nonce.0),
    ];
    if let Operation::Batch(items) = &tx.operation {
        for item in items {
            let alone = Transaction {
                operation: item.clone().into_operation(),
                ..tx.clone()
            };
            things.extend(named(&alone));
        }
    }
    match &tx.operation {
        Operation::RegisterPrefix(e) => {
            let digits = e.prefix.as_str();
            let beginnings = (7..=digits.len()).filter_map(|n| digits.get(..n));
            things.extend(beginnings.map(|d| Thing::Prefix(d.to_owned())));
            let node = digits.get(6..).unwrap_or_default();
            things.push(Thing::Node(e.member, node.to_owned()));
        }
        Operation::RegisterEvse(e) => {
            things.push(Thing::Evse(e.evse.clone()));
            things.push(Thing::Station(e.station.clone()));
        }
        Operation::RetireEvse { evse, .. } | Operation::RotateMeterKey { evse, .. } => {
            things.push(Thing::Evse(evse.clone()));
        }
        Operation::RotateMemberKey { new_key, .. } => things.push(Thing::UsedKey(*new_key)),
        Operation::RotateEncryptionKey { new_key, .. } => {
            things.push(Thing::UsedKey(PublicKey(new_key.0)));
        }
        Operation::ProposeAgreement { agreement, .. } => {
            things.extend(agreed(agreement.id(), agreement.home, agreement.visited));
        }
        Operation::CountersignAgreement {
            agreement,
            home,
            visited,
            ..
        }
        | Operation::TerminateAgreement {
            agreement,
            home,
            visited,
            ..
        } => things.extend(agreed(*agreement, *home, *visited)),
        Operation::PlaceHold(h) => {
            let home = h.guarantee.home;
            things.push(Thing::Guarantee(home, h.guarantee.guarantee.id));
            things.extend(held(h.session, home, h.visited, h.currency));
        }
        Operation::VoidHold {
            session,
            home,
            visited,
            guarantee,
            currency,
        } => {
            things.push(Thing::Guarantee(*home, *guarantee));
            things.extend(held(*session, *home, *visited, *currency));
        }
        Operation::Dispute(d) => {
            things.push(Thing::Dispute(d.session, tx.member));
            things.push(Thing::Hold(d.session));
        }
        _ => moved(&tx.operation, &mut things),
    }
    if let Operation::Money(operation) = &tx.operation {
        tokens(tx.member, operation, &mut things);
        paying::named(operation, &mut things);
    }
    if let Operation::Forecast(operation) = &tx.operation {
        forecast::named(tx.member, operation, &mut things);
    }
    if let Operation::Council(operation) = &tx.operation {
        council::named(tx, operation, &mut things);
    }
    if let Operation::Terms(operation) = &tx.operation {
        service::named(tx.member, operation, &mut things);
    }
    if let Operation::Rate(operation) = &tx.operation {
        rates::named(tx.member, operation, &mut things);
    }
    if let Operation::Energy(operation) = &tx.operation {
        traded(tx.member, operation, &mut things);
    }
    things
}

fn tokens(by: MemberId, operation: &MoneyOperation, things: &mut Vec<Thing>) {
    let held = |holder, issuer, c| Thing::Account(Account::Token { holder, issuer }, c);
    match operation {
        MoneyOperation::RegisterIssuer { currency, .. } => {
            things.push(Thing::Issuer(by, *currency));
        }
        MoneyOperation::AcceptIssuer {
            issuer, currency, ..
        } => things.push(Thing::Taken(by, *issuer, *currency)),
        MoneyOperation::Mint(mint) => things.extend([
            Thing::Issuer(by, mint.currency),
            Thing::Account(Account::Issued(by), mint.currency),
            held(mint.holder, by, mint.currency),
        ]),
        MoneyOperation::Transfer {
            to,
            issuer,
            currency,
            ..
        } => things.extend([by, *to].map(|m| held(m, *issuer, *currency))),
        MoneyOperation::RequestRedemption(wanted) => paid_out(by, wanted, things),
        MoneyOperation::ConfirmRedemption {
            redemption,
            reference,
        } => {
            paid_out(by, redemption, things);
            things.push(Thing::Payment(by, *reference));
        }
        MoneyOperation::DepositCollateral(p) | MoneyOperation::ReleaseCollateral(p) => {
            let secured = Account::Collateral {
                debtor: p.debtor,
                creditor: p.creditor,
                issuer: p.issuer,
            };
            things.extend([
                Thing::Position(p.debtor, p.creditor, p.currency),
                held(p.debtor, p.issuer, p.currency),
                Thing::Account(secured, p.currency),
            ]);
        }
        _ => {}
    }
}

fn paid_out(holder: MemberId, wanted: &Redemption, things: &mut Vec<Thing>) {
    let (issuer, c) = (wanted.issuer, wanted.currency);
    things.extend([
        Thing::Request(holder, wanted.id),
        Thing::Issuer(issuer, c),
        Thing::Account(Account::Issued(issuer), c),
        Thing::Account(Account::Token { holder, issuer }, c),
        Thing::Account(Account::Redeeming { holder, issuer }, c),
    ]);
}

fn traded(by: MemberId, operation: &EnergyOperation, things: &mut Vec<Thing>) {
    match operation {
        EnergyOperation::State(s) => things.push(Thing::Energy(by, s.area.clone(), s.hour)),
        EnergyOperation::Offer(o) => things.extend([
            Thing::Energy(by, o.area.clone(), o.hour),
            Thing::Offer(by, o.id),
        ]),
        EnergyOperation::Accept(a) => things.extend([
            Thing::Energy(by, a.area.clone(), a.hour),
            Thing::Energy(a.seller, a.area.clone(), a.hour),
            Thing::Offer(a.seller, a.id),
            Thing::Position(by, a.seller, a.currency),
            Thing::Account(Account::Member(by), a.currency),
            Thing::Account(Account::Member(a.seller), a.currency),
        ]),
        EnergyOperation::Cancel(c) => things.extend([
            Thing::Energy(c.seller, c.area.clone(), c.hour),
            Thing::Offer(c.seller, c.id),
        ]),
    }
}

fn moved(operation: &Operation, things: &mut Vec<Thing>) {
    if let Operation::SettleCharge(s) = operation {
        let (e, c) = (s.event(), s.currency);
        things.push(Thing::Charge(e.session));
        let area = s.area.iter();
        let hours = crate::model::energy::hours(e);
        let counted = area.flat_map(|a| hours.keys().map(|h| (a.clone(), *h)));
        things.extend(counted.map(|(area, hour)| Thing::Energy(e.visited, area, hour)));
        let pages = crate::model::pages(e).into_iter().flatten().take(128);
        things.extend(pages.map(|page| Thing::Meter(e.meter_key, page)));
        things.push(Thing::Guarantee(e.home, e.guarantee));
        things.push(Thing::Position(e.home, e.visited, c));
        things.extend(held(e.session, e.home, e.visited, c));
        things.push(Thing::Account(Account::Member(e.home), c));
        things.push(Thing::Account(Account::Member(e.visited), c));
        things.push(Thing::Account(Account::Tax(e.visited), c));
        things.push(Thing::Account(Account::Owner(s.owner.clone()), c));
    }
    if let Operation::Case(operation) = operation {
        if let fairway_ledger::CaseOperation::Credit(note) = operation {
            let credit = &note.signed.credit;
            things.push(Thing::Credit(credit.session, credit.id));
            let pair = (credit.home, credit.visited);
            things.extend(given(credit.session, pair, &note.owner, note.currency));
        }
        if let Some(c) = operation.case() {
            things.push(Thing::Case(c.session, c.opener));
            things.push(Thing::Frozen(c.home, c.visited, c.currency));
            things.extend(given(c.session, (c.home, c.visited), &c.owner, c.currency));
        }
    }
    if let Operation::Terms(operation) = operation {
        things.extend(lived(operation));
    }
    if let Operation::Money(operation) = operation {
        netted(operation, things);
    }
    if let Operation::ConfirmPayment(p) = operation {
        things.push(Thing::Payment(p.creditor, p.reference));
        things.push(Thing::Position(p.debtor, p.creditor, p.currency));
        things.push(Thing::Account(Account::Member(p.debtor), p.currency));
        things.push(Thing::Account(Account::Member(p.creditor), p.currency));
    }
}

fn lived(operation: &TermsOperation) -> Vec<Thing> {
    match operation {
        TermsOperation::Counter {
            supersedes,
            agreement,
            ..
        } => {
            let mut things = agreed(agreement.id(), agreement.home, agreement.visited).to_vec();
            things.push(Thing::Status(*supersedes));
            things
        }
        TermsOperation::Suspend {
            agreement,
            home,
            visited,
            ..
        }
        | TermsOperation::Resume {
            agreement,
            home,
            visited,
        }
        | TermsOperation::Breach {
            agreement,
            home,
            visited,
            ..
        } => agreed(*agreement, *home, *visited).to_vec(),
        _ => Vec::new(),
    }
}

fn netted(operation: &MoneyOperation, things: &mut Vec<Thing>) {
    let mut about = |id: &ObligationId, reference: Option<Hash>| {
        things.push(Thing::Obligation(*id));
        things.push(Thing::Position(id.debtor, id.creditor, id.currency));
        for member in [id.debtor, id.creditor] {
            things.push(Thing::Account(Account::Member(member), id.currency));
        }
        things.extend(reference.map(|r| Thing::Payment(id.creditor, r)));
    };
    match operation {
        MoneyOperation::PaymentSent(sent) => about(&sent.obligation, None),
        MoneyOperation::PaymentReceived(got) => about(&got.obligation, Some(got.reference)),
        MoneyOperation::ChargeInterest { obligation, .. } => about(obligation, None),
        MoneyOperation::CloseCycle(request) => {
            things.push(Thing::Cycle(request.currency, request.cycle));
            things.push(Thing::LastCycle(request.currency));
            for debtor in &request.members {
                for creditor in request.members.iter().filter(|c| *c != debtor) {
                    let id = ObligationId {
                        currency: request.currency,
                        cycle: request.cycle,
                        debtor: *debtor,
                        creditor: *creditor,
                    };
                    things.push(Thing::Obligation(id));
                    things.push(Thing::Position(*debtor, *creditor, request.currency));
                }
            }
        }
        _ => {}
    }
}

fn given(
    session: SessionId,
    (home, visited): (MemberId, MemberId),
    owner: &fairway_model::OwnerId,
    c: Currency,
) -> [Thing; 7] {
    [
        Thing::Credits(session),
        Thing::Position(home, visited, c),
        Thing::Position(visited, home, c),
        Thing::Account(Account::Member(home), c),
        Thing::Account(Account::Member(visited), c),
        Thing::Account(Account::Tax(visited), c),
        Thing::Account(Account::Owner(owner.clone()), c),
    ]
}

fn agreed(id: AgreementId, home: MemberId, visited: MemberId) -> [Thing; 3] {
    [
        Thing::Terms(id),
        Thing::Status(id),
        Thing::Pair(home, visited),
    ]
}

fn held(session: SessionId, home: MemberId, visited: MemberId, c: Currency) -> [Thing; 3] {
    [
        Thing::Hold(session),
        Thing::Held(home, visited, c),
        Thing::Use(home, visited),
    ]
}
