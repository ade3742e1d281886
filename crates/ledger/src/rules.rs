//! Custom rules on the ledger: a module is uploaded once, is known by the hash of its bytes, and never changes. Agreements name it,
//! so that both parties sign which code may price their charges and how much it may compute.
//!
//! Invariant: what is stored here passed every check of [`fairway_pricing::rule`]; an agreement that names a module can only be
//! proposed when that module is stored. Nobody can take a module away, so a rule that was agreed can always be run.

use crate::context::{Context, Done, refuse};
use crate::keys::{Key, key_for_rule, key_for_rules_of};
use crate::limits::MAX_MEMBER_RULES;
use crate::receipt::Effect;
use fairway_model::agreement::Agreement;
use fairway_model::hash::Hash;
use fairway_model::ids::{MemberId, SessionId};
use fairway_model::price::RuleNote;
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_pricing::{BoundRule, MAX_RULE_BYTES, MAX_RULE_FUEL, RuleError, RuleModule, rule_id};
use minicbor::{Decode, Encode};

/// What a member asks for about rules.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RuleOperation {
    /// Store a module for agreements to name.
    #[n(0)]
    Upload {
        /// The WebAssembly module, at most [`MAX_RULE_BYTES`].
        #[n(0)]
        #[cbor(with = "minicbor::bytes")]
        module: Vec<u8>,
    },
}

/// What an operation about rules did.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub enum RuleEffect {
    /// A module is stored.
    #[n(0)]
    Uploaded {
        /// Its id: SHA-256 of its bytes.
        #[n(0)]
        rule: Hash,
    },
}

/// A stored module.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
pub struct RuleState {
    /// Who uploaded it.
    #[n(0)]
    pub member: MemberId,
    /// In which block.
    #[n(1)]
    pub height: u64,
    /// The module.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    pub module: Vec<u8>,
}

/// How many modules a member uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode, Default)]
pub struct RulesOfState {
    /// At most [`MAX_MEMBER_RULES`].
    #[n(0)]
    pub count: u32,
}

/// What a custom rule did to one charge that a transaction settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
pub struct RuleUse {
    /// The charge.
    #[n(0)]
    pub session: SessionId,
    /// What became of the rule's answers.
    #[n(1)]
    pub note: RuleNote,
}

/// Checks an operation without state.
pub(crate) fn admit(operation: &RuleOperation) -> Result<(), Refusal> {
    let RuleOperation::Upload { module } = operation;
    read(module).map(|_| ())
}

fn read(module: &[u8]) -> Result<RuleModule, Refusal> {
    RuleModule::read(module).map_err(|e| {
        let code = match e {
            RuleError::TooLarge(_) => RefusalCode::TooLarge,
            _ => RefusalCode::RuleInvalid,
        };
        Refusal::new(code, e.to_string())
    })
}

/// Keys beyond the member's own.
pub(crate) fn reads(operation: &RuleOperation, member: MemberId) -> [Key; 2] {
    let RuleOperation::Upload { module } = operation;
    [key_for_rule(rule_id(module)), key_for_rules_of(member)]
}

/// Carries an operation out.
pub(crate) fn run(ctx: &mut Context<'_, '_>, operation: &RuleOperation) -> Result<Done, Refusal> {
    let RuleOperation::Upload { module } = operation;
    let rule = rule_id(module);
    ctx.utility(ctx.member())?;
    if let Some(found) = ctx.view.get::<RuleState>(&key_for_rule(rule))? {
        return refuse(
            RefusalCode::Duplicate,
            format!(
                "rule {rule} was uploaded by {} in block {}; name it as it is",
                found.member, found.height
            ),
        );
    }
    let key = key_for_rules_of(ctx.member());
    let RulesOfState { count } = ctx.view.get(&key)?.unwrap_or_default();
    if count >= MAX_MEMBER_RULES {
        return refuse(
            RefusalCode::TooLarge,
            format!(
                "{} has {count} rules of at most {MAX_RULE_BYTES} bytes on this chain; at most {MAX_MEMBER_RULES} are kept for a member",
                ctx.member()
            ),
        );
    }
    let state = RuleState {
        member: ctx.member(),
        height: ctx.block.height,
        module: module.clone(),
    };
    ctx.view.put(key_for_rule(rule), &state);
    ctx.view.put(
        key,
        &RulesOfState {
            count: count.saturating_add(1),
        },
    );
    Ok(Effect::Rule(RuleEffect::Uploaded { rule }).into())
}

/// Checks that the rule that terms name is stored, and that its fuel may be granted. Its key must be among the operation's reads
/// ([`reads_of_terms`]).
pub(crate) fn check_named(ctx: &Context<'_, '_>, agreement: &Agreement) -> Result<(), Refusal> {
    let Some(rule) = agreement.rule else {
        return Ok(());
    };
    let fuel = agreement.rule_fuel.unwrap_or_default();
    if fuel > MAX_RULE_FUEL {
        return refuse(
            RefusalCode::TermsInvalid,
            format!("rule fuel of {fuel} is over {MAX_RULE_FUEL}"),
        );
    }
    module(ctx, rule).map(|_| ())
}

/// The key of the rule that terms name.
pub(crate) fn reads_of_terms(agreement: &Agreement) -> Option<Key> {
    agreement.rule.map(key_for_rule)
}

/// The rule of an agreement with its limits. `claimed` is what the transaction says that the agreement names: the module's key is
/// known from the transaction's bytes alone.
pub(crate) fn bound(
    ctx: &Context<'_, '_>,
    agreement: &Agreement,
    claimed: Option<Hash>,
) -> Result<Option<BoundRule>, Refusal> {
    if claimed != agreement.rule {
        let text = |rule: Option<Hash>| rule.map_or_else(|| "none".to_owned(), |r| r.hex());
        return refuse(
            RefusalCode::IdConflict,
            format!(
                "the agreement's rule is {}; the operation names {}",
                text(agreement.rule),
                text(claimed)
            ),
        );
    }
    let Some(rule) = agreement.rule else {
        return Ok(None);
    };
    let module = module(ctx, rule)?;
    Ok(Some(BoundRule::of(agreement, module)))
}

/// A stored module, compiled.
fn module(ctx: &Context<'_, '_>, rule: Hash) -> Result<RuleModule, Refusal> {
    let Some(state) = ctx.view.get::<RuleState>(&key_for_rule(rule))? else {
        return refuse(
            RefusalCode::RuleUnknown,
            format!("rule {rule} is not on this chain; upload it first"),
        );
    };
    if let Some(module) = ctx.cache.find_rule(rule) {
        return Ok(module);
    }
    let module = read(&state.module)?;
    ctx.cache.insert_rule(module.clone());
    Ok(module)
}
