//! How a member that did not see the ledger's first blocks gets its copy of the registry: from the state after the block at which it
//! begins. State keys are hashes, so a value is recognised by what it says of itself: it hashes to its own key. The state is walked
//! over twice: [`names_itself`] picks what can be recognised, and [`Further`] what that leads to.
//!
//! Not in the state, and so counted from the beginning on: partners' records, closed cycles, and others' balances of tokens. A member
//! with business of its own from before would lack rows that only blocks tell, so [`Founding::business`] names it and the shell refuses.

use crate::energy::Kept;
use crate::machine::Utility;
use crate::out::Out;
use crate::registry::Registry;
use fairway_ledger::energy::state::{OfferState, key_for_energy_offer};
use fairway_ledger::forecast::state::{
    LoadBook, ModelState, PackageState, key_for_load_book, key_for_model, key_for_package,
};
use fairway_ledger::keys::Key;
use fairway_ledger::life::{BoardState, MAX_BOARD_SLOTS, key_for_board};
use fairway_ledger::money::key_for_acceptance;
use fairway_ledger::money::state::{AcceptanceState, PositionState};
use fairway_ledger::rules::RuleState;
use fairway_ledger::state::{AgreementStatus, EvseState, MemberState, PrefixState};
use fairway_ledger::{
    RollState, key_for_agreement, key_for_agreement_status, key_for_evse, key_for_member,
    key_for_position, key_for_prefix, key_for_roll, key_for_rule,
};
use fairway_model::canonical::Canonical;
use fairway_model::registry::PrefixEntry;
use fairway_model::{Agreement, Currency, MemberId, Time};
use fairway_pricing::rule_id;
use std::collections::{BTreeMap, BTreeSet};

/// Values of the state by key.
pub type Values = BTreeMap<Key, Vec<u8>>;

/// What a value of the state is, when it says so itself.
enum Named {
    Roll(RollState),
    Prefix(PrefixEntry),
    Evse(Box<EvseState>),
    Terms(Box<Agreement>),
    Rule(RuleState),
    Model(ModelState),
    Package(Box<PackageState>),
}

fn named(key: &Key, value: &[u8]) -> Option<Named> {
    if *key == key_for_roll() {
        return RollState::from_bytes(value).ok().map(Named::Roll);
    }
    if let Ok(PrefixState {
        entry: Some(entry), ..
    }) = PrefixState::from_bytes(value)
        && key_for_prefix(&entry.prefix) == *key
    {
        return Some(Named::Prefix(entry));
    }
    if let Ok(evse) = EvseState::from_bytes(value)
        && key_for_evse(&evse.entry.evse) == *key
    {
        return Some(Named::Evse(Box::new(evse)));
    }
    if let Ok(terms) = Agreement::from_bytes(value)
        && key_for_agreement(terms.id()) == *key
    {
        return Some(Named::Terms(Box::new(terms)));
    }
    if let Ok(rule) = RuleState::from_bytes(value)
        && key_for_rule(rule_id(&rule.module)) == *key
    {
        return Some(Named::Rule(rule));
    }
    if let Ok(model) = ModelState::from_bytes(value)
        && key_for_model(model.claim.model) == *key
    {
        return Some(Named::Model(model));
    }
    if let Ok(package) = PackageState::from_bytes(value)
        && key_for_package(package.package.hash()) == *key
    {
        return Some(Named::Package(Box::new(package)));
    }
    None
}

/// Whether a value is picked in the first walk.
pub fn names_itself(key: &Key, value: &[u8]) -> bool {
    named(key, value).is_some()
}

/// What the second walk picks: values whose keys follow from those of the first.
#[derive(Debug, Clone, Default)]
pub struct Further {
    members: Vec<MemberId>,
    keys: BTreeSet<Key>,
}

impl Further {
    /// From what the first walk picked.
    pub fn of(first: &Values) -> Self {
        let all: Vec<Named> = first.iter().filter_map(|(k, v)| named(k, v)).collect();
        let members = members(&all);
        let mut keys: BTreeSet<Key> = members.iter().map(|m| key_for_member(*m)).collect();
        for member in &members {
            keys.extend((0..MAX_BOARD_SLOTS).map(|slot| key_for_board(*member, slot)));
            keys.insert(key_for_load_book(*member));
        }
        for each in &all {
            if let Named::Terms(terms) = each {
                keys.insert(key_for_agreement_status(terms.id()));
            }
        }
        for (a, b, currency) in directions(&all) {
            keys.insert(key_for_position(a, b, currency));
            keys.insert(key_for_acceptance(a, b, currency));
        }
        Self { members, keys }
    }

    /// Whether a value is picked in the second walk.
    pub fn wanted(&self, key: &Key, value: &[u8]) -> bool {
        self.keys.contains(key) || self.seller(key, value).is_some()
    }

    /// Who offers energy, when the value is an offer.
    fn seller(&self, key: &Key, value: &[u8]) -> Option<(MemberId, OfferState)> {
        let offer = OfferState::from_bytes(value).ok()?;
        let mut members = self.members.iter();
        let seller = members.find(|m| key_for_energy_offer(**m, offer.offer.id) == *key)?;
        Some((*seller, offer))
    }
}

fn members(all: &[Named]) -> Vec<MemberId> {
    let mut rolls = all.iter().filter_map(|each| match each {
        Named::Roll(roll) => Some(roll.entries.iter().map(|entry| entry.member).collect()),
        _ => None,
    });
    rolls.next().unwrap_or_default()
}

/// Every pair of members in every currency of an agreement.
fn directions(all: &[Named]) -> Vec<(MemberId, MemberId, Currency)> {
    let members = members(all);
    let currencies: BTreeSet<Currency> = all
        .iter()
        .filter_map(|each| match each {
            Named::Terms(terms) => Some(terms.currency),
            _ => None,
        })
        .collect();
    let mut out = Vec::new();
    for a in &members {
        for b in members.iter().filter(|b| *b != a) {
            out.extend(currencies.iter().map(|currency| (*a, *b, *currency)));
        }
    }
    out
}

/// The state after a block, as far as a registry is made of it.
#[derive(Debug, Clone)]
pub struct Founding {
    /// Height of the block.
    pub height: u64,
    /// Its time.
    pub time: Time,
    /// What both walks picked.
    pub values: Values,
}

impl Founding {
    /// What a member had on the ledger already, in words: its database must come from the blocks that tell it.
    pub fn business(&self, me: MemberId) -> Option<String> {
        let mut all = self.values.iter().filter_map(|(k, v)| named(k, v));
        all.find_map(|each| match each {
            Named::Prefix(entry) if entry.member == me => {
                Some(format!("CIN prefix {}", entry.prefix))
            }
            Named::Evse(evse) if evse.entry.utility == me => {
                Some(format!("EVSE {}", evse.entry.evse))
            }
            Named::Terms(terms) if [terms.home, terms.visited].contains(&me) => {
                Some(format!("agreement {}", terms.id()))
            }
            _ => None,
        })
    }
}

impl Utility {
    /// Takes the registry over, once: a member that has seen a block knows better.
    pub(crate) fn on_founding(&mut self, out: &mut Out, founding: &Founding) {
        if self.marks.height > 0 {
            return;
        }
        for row in self.registry.found(founding) {
            out.put(row);
        }
        let further = Further::of(&founding.values);
        for (key, value) in &founding.values {
            let Some((seller, offer)) = further.seller(key, value) else {
                continue;
            };
            for kept in self.energy.put_offer(seller, offer, founding.time) {
                if let Kept::Put(row) = kept {
                    out.put(row);
                }
            }
        }
        let row = self.marks.set_height(founding.height, out.now);
        out.put(row);
    }
}

impl Registry {
    /// Fills itself; the rows to store.
    fn found(&mut self, founding: &Founding) -> Vec<crate::door::Row> {
        let (values, at) = (&founding.values, founding.time);
        let all: Vec<Named> = values.iter().filter_map(|(k, v)| named(k, v)).collect();
        let mut rows = Vec::new();
        for each in &all {
            match each {
                // Packages name models, so they come after all of them.
                Named::Roll(_) | Named::Package(_) => {}
                Named::Prefix(entry) => rows.extend(self.put_prefix(entry, at)),
                Named::Evse(evse) => rows.push(self.found_evse(evse, at)),
                Named::Terms(terms) => {
                    let status =
                        read::<AgreementStatus>(values, &key_for_agreement_status(terms.id()));
                    rows.extend(status.map(|status| self.found_terms(terms, &status, at)));
                }
                Named::Rule(rule) => rows.extend(self.put_rule(&rule.module, rule.member, at)),
                Named::Model(model) => rows.extend(self.lines.put_model(model.claim, at)),
            }
        }
        for each in &all {
            if let Named::Package(state) = each {
                rows.extend(self.lines.put_package(&state.package, state.by, at));
            }
        }
        for member in members(&all) {
            if let Some(state) = read::<MemberState>(values, &key_for_member(member)) {
                rows.push(self.found_member(&state, at));
            }
            if let Some(book) = read::<LoadBook>(values, &key_for_load_book(member)) {
                let book = (book.calendar, book.opened);
                rows.push(self.schedules.put_calendar(member, book, at));
            }
            for slot in 0..MAX_BOARD_SLOTS {
                let state = read::<BoardState>(values, &key_for_board(member, slot));
                if let Some(offer) = state.and_then(|state| state.offer) {
                    rows.push(self.partners.put_slot(member, slot, Some(offer), at));
                }
            }
        }
        for direction in directions(&all) {
            rows.extend(self.found_direction(values, direction, at));
        }
        rows
    }

    fn found_direction(
        &mut self,
        values: &Values,
        direction: (MemberId, MemberId, Currency),
        at: Time,
    ) -> Vec<crate::door::Row> {
        let (a, b, currency) = direction;
        let mut rows = Vec::new();
        if let Some(state) = read::<PositionState>(values, &key_for_position(a, b, currency)) {
            rows.push(self.put_position(direction, state.amount, at));
        }
        if let Some(state) = read::<AcceptanceState>(values, &key_for_acceptance(a, b, currency)) {
            rows.push(self.money.accept(direction, state.limit, at));
        }
        rows
    }
}

fn read<T: Canonical>(values: &Values, key: &Key) -> Option<T> {
    T::from_bytes(values.get(key)?).ok()
}
