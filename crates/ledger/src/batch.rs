//! Batches: many holds, releases and charges in one transaction, each with a result of its own.
//!
//! A batch is an envelope and no contract among its items: each is carried out in order as if it had come alone, and what one does
//! or is refused for changes nothing for the others. An item is known by its session, which its maker chose, so a session twice,
//! in one batch or in two, takes effect once. Both utilities' signatures stay on every charge: an item can be taken out of a batch
//! that never came, put into another or sent alone, and nobody has to agree on what else is in it.
//!
//! Invariant: a batch has the effects, the postings and the state of its items sent one by one. Tested by `tests/it/batch.rs` and by the
//! reference model.

use crate::admit;
use crate::context::{Context, Done, refuse};
use crate::council::standing;
use crate::holds::{self, HoldClaims};
use crate::keys::Key;
use crate::limits::MAX_BATCH;
use crate::reads;
use crate::receipt::{Effect, Outcome, Receipt};
use crate::settle;
use crate::tx::{Hold, Operation, Settlement, Transaction};
use fairway_model::hash::Hash;
use fairway_model::ids::{GuaranteeId, MemberId, SessionId};
use fairway_model::money::{Currency, Micro};
use fairway_model::price::Shares;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::sign::Claim;
use minicbor::{Decode, Encode};

/// One thing of a batch; each kind means what the operation of the same name means alone.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum BatchItem {
    /// [`Operation::PlaceHold`].
    #[n(0)]
    Hold(#[n(0)] Box<Hold>),
    /// [`Operation::VoidHold`].
    #[n(1)]
    Void {
        /// Which.
        #[n(0)]
        session: SessionId,
        /// The hold's home utility.
        #[n(1)]
        home: MemberId,
        /// The hold's visited utility.
        #[n(2)]
        visited: MemberId,
        /// The hold's guarantee.
        #[n(3)]
        guarantee: GuaranteeId,
        /// The hold's currency.
        #[n(4)]
        currency: Currency,
    },
    /// [`Operation::SettleCharge`].
    #[n(2)]
    Charge(#[n(0)] Box<Settlement>),
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ItemOutcome {
    /// It took effect.
    #[n(0)]
    Applied {
        /// What it did.
        #[n(0)]
        effect: ItemEffect,
        /// How many of the receipt's postings are its own; they come in the order of the items.
        #[n(1)]
        postings: u32,
    },
    /// It changed nothing.
    #[n(1)]
    Refused(#[n(0)] Refusal),
}

/// What an item did, in the words of the effect of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum ItemEffect {
    /// [`Effect::HoldPlaced`].
    #[n(0)]
    HoldPlaced {
        /// For which charge.
        #[n(0)]
        session: SessionId,
        /// How much.
        #[n(1)]
        amount: Micro,
    },
    /// [`Effect::HoldVoided`].
    #[n(1)]
    HoldVoided {
        /// Of which charge.
        #[n(0)]
        session: SessionId,
        /// How much.
        #[n(1)]
        released: Micro,
        /// Whether it had expired.
        #[n(2)]
        expired: bool,
    },
    /// [`Effect::ChargeSettled`].
    #[n(2)]
    ChargeSettled {
        /// Which.
        #[n(0)]
        session: SessionId,
        /// Hash of the event.
        #[n(1)]
        event: Hash,
        /// What the driver pays.
        #[n(2)]
        total: Micro,
        /// Who gets what of it.
        #[n(3)]
        shares: Shares,
        /// Currency.
        #[n(4)]
        currency: Currency,
        /// What was held and not needed.
        #[n(5)]
        released: Micro,
    },
}

impl BatchItem {
    /// The item that an operation makes; gives back an operation that cannot stand in a batch.
    ///
    /// # Errors
    /// The operation, when it is neither a hold nor its release nor a charge.
    pub fn of(operation: Operation) -> Result<Self, Box<Operation>> {
        match operation {
            Operation::PlaceHold(hold) => Ok(Self::Hold(hold)),
            Operation::SettleCharge(settlement) => Ok(Self::Charge(settlement)),
            Operation::VoidHold {
                session,
                home,
                visited,
                guarantee,
                currency,
            } => Ok(Self::Void {
                session,
                home,
                visited,
                guarantee,
                currency,
            }),
            other => Err(Box::new(other)),
        }
    }

    /// The same thing alone.
    pub fn into_operation(self) -> Operation {
        match self {
            Self::Hold(hold) => Operation::PlaceHold(hold),
            Self::Charge(settlement) => Operation::SettleCharge(settlement),
            Self::Void {
                session,
                home,
                visited,
                guarantee,
                currency,
            } => Operation::VoidHold {
                session,
                home,
                visited,
                guarantee,
                currency,
            },
        }
    }

    /// The charge that it is about.
    pub fn session(&self) -> SessionId {
        match self {
            Self::Hold(hold) => hold.session,
            Self::Void { session, .. } => *session,
            Self::Charge(settlement) => settlement.event().session,
        }
    }

    /// Its signatures, each with the name of what it signs.
    pub(crate) fn claims(&self) -> Vec<(&'static str, Claim)> {
        match self {
            Self::Hold(hold) => vec![hold.claim()],
            Self::Void { .. } => Vec::new(),
            Self::Charge(settlement) => settlement.claims().to_vec(),
        }
    }

    /// Keys beyond the member's own.
    pub(crate) fn reads(&self) -> Vec<Key> {
        match self {
            Self::Hold(hold) => reads::place_hold(hold),
            Self::Charge(settlement) => reads::settle(settlement),
            Self::Void {
                session,
                home,
                visited,
                guarantee,
                currency,
            } => reads::void_hold(*session, (*home, *visited), *guarantee, *currency).to_vec(),
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        match self {
            Self::Hold(hold) => admit::check_hold(hold),
            Self::Charge(settlement) => admit::check_settlement(settlement),
            Self::Void {
                home,
                visited,
                currency,
                ..
            } => admit::check_void(*home, *visited, *currency),
        }
    }

    fn run(&self, ctx: &mut Context<'_, '_>) -> Result<Done, Refusal> {
        standing::check_item(ctx, self)?;
        match self {
            Self::Hold(hold) => holds::place(ctx, hold),
            Self::Charge(settlement) => settle::settle(ctx, settlement),
            Self::Void {
                session,
                home,
                visited,
                guarantee,
                currency,
            } => {
                let claims = HoldClaims {
                    home: *home,
                    visited: *visited,
                    guarantee: *guarantee,
                    currency: *currency,
                };
                holds::void(ctx, *session, &claims)
            }
        }
    }
}

impl ItemOutcome {
    /// Whether it took effect.
    pub fn applied(&self) -> bool {
        matches!(self, Self::Applied { .. })
    }
}

impl ItemEffect {
    /// The effect that it is alone.
    pub fn into_effect(self) -> Effect {
        match self {
            Self::HoldPlaced { session, amount } => Effect::HoldPlaced { session, amount },
            Self::HoldVoided {
                session,
                released,
                expired,
            } => Effect::HoldVoided {
                session,
                released,
                expired,
            },
            Self::ChargeSettled {
                session,
                event,
                total,
                shares,
                currency,
                released,
            } => Effect::ChargeSettled {
                session,
                event,
                total,
                shares,
                currency,
                released,
            },
        }
    }

    /// The effect of an item; `None` for one that no item has.
    pub fn of(effect: &Effect) -> Option<Self> {
        match *effect {
            Effect::HoldPlaced { session, amount } => Some(Self::HoldPlaced { session, amount }),
            Effect::HoldVoided {
                session,
                released,
                expired,
            } => Some(Self::HoldVoided {
                session,
                released,
                expired,
            }),
            Effect::ChargeSettled {
                session,
                event,
                total,
                shares,
                currency,
                released,
            } => Some(Self::ChargeSettled {
                session,
                event,
                total,
                shares,
                currency,
                released,
            }),
            _ => None,
        }
    }
}

/// Bounds of a batch and of each item; a refusal names the item.
pub(crate) fn check(items: &[BatchItem]) -> Result<(), Refusal> {
    admit::check_len("items of the batch", items.len(), 1, MAX_BATCH)?;
    for (at, item) in items.iter().enumerate() {
        item.check().map_err(|refusal| {
            Refusal::new(refusal.code, format!("item {at}: {}", refusal.text))
        })?;
    }
    Ok(())
}

/// Carries the items out one after another. Once its envelope was found good the transaction itself is never refused: what an item
/// is refused for is said in its own result. A batch of which nothing took effect changes nothing, its nonce included.
pub(crate) fn run(ctx: &mut Context<'_, '_>, items: &[BatchItem]) -> Done {
    ctx.view.drop_present();
    let (mut outcomes, mut postings) = (Vec::with_capacity(items.len()), Vec::new());
    for item in items {
        let notes = ctx.custom.len();
        match item.run(ctx).and_then(applied) {
            Ok((outcome, posted)) => {
                ctx.view.keep();
                outcomes.push(outcome);
                postings.extend(posted);
            }
            Err(refusal) => {
                ctx.view.drop_present();
                ctx.custom.truncate(notes);
                outcomes.push(ItemOutcome::Refused(refusal));
            }
        }
    }
    if outcomes.iter().any(ItemOutcome::applied) {
        ctx.use_nonce();
    }
    Done {
        effect: Effect::Batch(outcomes),
        postings,
    }
}

fn applied(done: Done) -> Result<(ItemOutcome, Vec<crate::receipt::Posting>), Refusal> {
    let postings = u32::try_from(done.postings.len()).ok();
    match ItemEffect::of(&done.effect).zip(postings) {
        Some((effect, postings)) => Ok((ItemOutcome::Applied { effect, postings }, done.postings)),
        // No item has another effect.
        None => refuse(RefusalCode::Malformed, "no item of a batch does this"),
    }
}

/// A transaction and its receipt as the transactions and receipts that its items are alone, in order; both themselves when it is no
/// batch. Each keeps the batch's member, nonce, key, signature and hash, so that the parts are for reading what happened and not for
/// sending. Of a batch that was refused as a whole every item is refused for the same reason.
///
/// `None` when the receipt does not fit the batch: another number of results or postings.
pub fn parts(tx: Transaction, receipt: Receipt) -> Option<Vec<(Transaction, Receipt)>> {
    let Operation::Batch(items) = tx.operation else {
        let batch = matches!(receipt.outcome, Outcome::Applied(Effect::Batch(_)));
        return (!batch).then(|| vec![(tx, receipt)]);
    };
    let alone = |operation| Transaction {
        member: tx.member,
        nonce: tx.nonce,
        key: tx.key,
        operation,
        signature: tx.signature,
    };
    let results = match receipt.outcome {
        Outcome::Applied(Effect::Batch(results)) => results,
        Outcome::Refused(refusal) => vec![ItemOutcome::Refused(refusal); items.len()],
        Outcome::Applied(_) => return None,
    };
    if results.len() != items.len() {
        return None;
    }
    let mut postings = receipt.postings.into_iter();
    let mut parts = Vec::with_capacity(items.len());
    for (item, result) in items.into_iter().zip(results) {
        let session = item.session();
        let (outcome, own) = match result {
            ItemOutcome::Applied { effect, postings } => {
                (Outcome::Applied(effect.into_effect()), postings)
            }
            ItemOutcome::Refused(refusal) => (Outcome::Refused(refusal), 0),
        };
        let own = usize::try_from(own).ok()?;
        let posted: Vec<_> = postings.by_ref().take(own).collect();
        let notes = receipt.rules.iter().flatten();
        let settled = matches!(outcome, Outcome::Applied(Effect::ChargeSettled { .. }));
        let rules: Vec<_> = notes
            .filter(|n| settled && n.session == session)
            .copied()
            .collect();
        if posted.len() != own {
            return None;
        }
        let receipt = Receipt {
            transaction: receipt.transaction,
            height: receipt.height,
            time: receipt.time,
            outcome,
            postings: posted,
            rules: (!rules.is_empty()).then_some(rules),
        };
        parts.push((alone(item.into_operation()), receipt));
    }
    postings.next().is_none().then_some(parts)
}
