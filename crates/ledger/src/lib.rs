//! The contracts: a deterministic state machine over key-value pairs, without I/O, clock, randomness or float.
//!
//! A validator calls [`Contracts::admit`] on every transaction of every proposed block: it decodes, checks bounds and verifies
//! all signatures in one batch. [`Contracts::reads`] names the state that a transaction may touch. [`Contracts::execute`] applies
//! a block: it compares the claimed keys with the registry and does not verify signatures again, because only admitted
//! transactions reach it.
//!
//! Invariants: the sum of all accounts is zero after every transaction; a refused transaction changes nothing; a charge settles
//! once; a batch does what its items do alone; the same blocks give the same writes and receipts however they are batched.

mod admit;
mod agreements;
mod batch;
pub mod books;
mod cache;
pub mod cases;
mod context;
mod contract_text;
mod contracts;
pub mod council;
mod disputes;
pub mod energy;
pub mod forecast;
pub mod genesis;
mod holds;
pub mod keys;
pub mod life;
pub mod limits;
mod meter;
pub mod money;
mod payments;
mod price;
pub mod rates;
mod reads;
pub mod receipt;
mod registry;
pub mod rules;
mod settle;
pub mod state;
mod terms;
pub mod tx;
mod usage;
mod view;

pub use batch::{BatchItem, ItemEffect, ItemOutcome, parts};
pub use books::{Balance, Books, BooksError, Movements, Turnover};
pub use cases::effect::CaseEffect;
pub use cases::keys::*;
pub use cases::op::{
    CaseAnswer, CaseClaim, CaseOpening, CaseOperation, CaseRef, CaseReply, CreditNote, Verdict,
};
pub use cases::state::Ruling;
pub use contract_text::{TEXT_FORM, contract_text, text_hash, worded};
pub use contracts::{Block, Contracts, Executed, Restriction};
pub use council::{
    AgendaState, Ballot, BallotProposal, Candidate, CharterState, Choice, CouncilEffect,
    CouncilOperation, Evidence, EvidenceState, KeyPurpose, ListedMisdeed, MisdeedsState, Motion,
    Parameter, ProposalId, ProposalState, ProposalStatus, Role, RollEntry, RollState, Rules,
    SignedBallot, Standing, UsedKeyState, key_for_agenda, key_for_charter, key_for_evidence,
    key_for_misdeeds, key_for_proposal, key_for_roll, key_for_used_key,
};
pub use genesis::{Genesis, GenesisError};
pub use keys::*;
pub use life::{BoardOffer, Ground, TermsEffect, TermsOperation};
pub use meter::{MeterPage, Stretch, key_for_meter_page};
pub use receipt::{Account, Effect, Outcome, Posting, Receipt};
pub use rules::{RuleEffect, RuleOperation, RuleUse};
pub use tx::{
    Dispute, DisputeReason, GuaranteeClaim, Hold, MAX_TX_BYTES, NEW_KEY_DOMAIN, Operation, Payment,
    Settlement, TX_DOMAIN, Transaction, TxNonce,
};

use fairway_model::refusal::Refusal;

/// What every node says of a transaction before it looks at state: size, form, bounds and all signatures.
///
/// # Errors
/// The refusal that [`Contracts::admit`] gives.
pub fn admissible(chain_id: &str, transaction: &[u8]) -> Result<(), Refusal> {
    admit::admit(chain_id, &[transaction]).into_iter().collect()
}
