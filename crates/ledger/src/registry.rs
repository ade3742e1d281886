//! CIN prefixes, EVSEs with their stations and meter keys, and member keys.

use crate::admit::cin_prefix;
use crate::context::{Context, Done, refuse};
use crate::council::{KeyPurpose, take_key, used_name};
use crate::keys::{key_for_evse, key_for_member, key_for_node, key_for_prefix, key_for_station};
use crate::limits::{KEY_OVERLAP_MS, MAX_STATION_EVSES};
use crate::reads::beginnings;
use crate::receipt::Effect;
use crate::state::{
    EvseState, NodeState, OldEncryptionKey, OldKey, OldMeterKey, PrefixState, StationSlot,
    StationState,
};
use fairway_model::cin::CinPrefix;
use fairway_model::hash::Hash;
use fairway_model::ids::{EvseId, MemberId};
use fairway_model::money::{Currency, Micro};
use fairway_model::refusal::{Refusal, RefusalCode};
use fairway_model::registry::{EncryptionKey, EvseEntry, PrefixEntry};
use fairway_model::sign::PublicKey;
use fairway_model::tariff::{Dimension, PriceComponent, Tariff, TariffElement};
use fairway_model::time::Time;
use fairway_pricing::CompiledTariff;

/// Claims a prefix. Every beginning of it is looked at, and marked, so that the registry stays prefix-free: no number ever has two
/// answering nodes. The member must not use the node number in another network, for its contract ids name only the node: the
/// same rules as [`fairway_model::PrefixTable::insert`], which readers of the ledger fill.
pub(crate) fn register_prefix(
    ctx: &mut Context<'_, '_>,
    entry: &PrefixEntry,
) -> Result<Done, Refusal> {
    must_be_own(ctx, entry.member, "a CIN prefix")?;
    ctx.utility(entry.member)?;
    let prefix = cin_prefix(&entry.prefix)?;
    for digits in beginnings(&prefix) {
        let key = key_for_prefix(digits);
        let state: PrefixState = ctx.view.get(&key)?.unwrap_or_default();
        let whole = digits == prefix.as_str();
        must_be_free(&state, entry, whole)?;
        let next = PrefixState {
            entry: whole.then(|| entry.clone()),
            longer: !whole,
        };
        ctx.view.put(key, &next);
    }
    take_node(ctx, entry.member, prefix)?;
    Ok(Effect::PrefixRegistered.into())
}

/// Whether `entry` may stand at the digits of `state`, or continue them when they are not the `whole` of it.
fn must_be_free(state: &PrefixState, entry: &PrefixEntry, whole: bool) -> Result<(), Refusal> {
    let taken = |by: &str| {
        refuse(
            RefusalCode::PrefixTaken,
            format!("prefix {} {by}", entry.prefix),
        )
    };
    match &state.entry {
        Some(found) if found == entry => refuse(
            RefusalCode::Duplicate,
            "the prefix is registered so already",
        ),
        Some(found) if whole => taken(&format!("is registered by {}", found.member)),
        Some(found) => taken(&format!(
            "begins with {}, which {} has registered",
            found.prefix, found.member
        )),
        None if whole && state.longer => taken("is the beginning of a longer registered one"),
        None => Ok(()),
    }
}

fn take_node(
    ctx: &mut Context<'_, '_>,
    member: MemberId,
    prefix: CinPrefix,
) -> Result<(), Refusal> {
    let key = key_for_node(member, prefix.node());
    if let Some(found) = ctx.view.get::<NodeState>(&key)? {
        let text = format!(
            "node {} of prefix {prefix} is the node of {}, which {member} has registered; a member uses a node number once",
            prefix.node(),
            found.prefix
        );
        return refuse(RefusalCode::PrefixTaken, text);
    }
    ctx.view.put(key, &NodeState { prefix });
    Ok(())
}

/// Registers an EVSE. Its id, its station's id and its number in the station are taken once.
pub(crate) fn register_evse(ctx: &mut Context<'_, '_>, entry: &EvseEntry) -> Result<Done, Refusal> {
    must_be_own(ctx, entry.utility, "an EVSE")?;
    ctx.utility(entry.utility)?;
    must_be_of_party(&entry.evse, entry.utility)?;
    check_zone(&entry.time_zone)?;
    let key = key_for_evse(&entry.evse);
    if let Some(found) = ctx.view.get::<EvseState>(&key)? {
        if found.entry == *entry && found.retired.is_none() {
            return refuse(
                RefusalCode::Duplicate,
                format!("EVSE {} is registered so already", entry.evse),
            );
        }
        let text = format!(
            "EVSE id {} is registered by {}; every EVSE has an id of its own",
            entry.evse, found.entry.utility
        );
        return refuse(RefusalCode::EvseTaken, text);
    }
    take_station_slot(ctx, entry)?;
    ctx.view.put(
        key,
        &EvseState {
            entry: entry.clone(),
            previous: None,
            retired: None,
        },
    );
    Ok(Effect::EvseRegistered {
        evse: entry.evse.clone(),
    }
    .into())
}

/// An EVSE id begins with country and party of the utility that it belongs to (eMI3, as OCPI 2.2.1 asks for in `evse_id`): nobody
/// takes another member's ids.
fn must_be_of_party(evse: &EvseId, utility: MemberId) -> Result<(), Refusal> {
    let own = format!("{utility}*E");
    if evse.as_str().starts_with(&own) && evse.as_str().len() > own.len() {
        return Ok(());
    }
    refuse(
        RefusalCode::NotAuthorized,
        format!("EVSE id {evse} is not of {utility}: its ids begin with {own}, as in {own}0001*1"),
    )
}

fn take_station_slot(ctx: &mut Context<'_, '_>, entry: &EvseEntry) -> Result<(), Refusal> {
    let key = key_for_station(&entry.station);
    let fresh = || StationState {
        utility: entry.utility,
        evses: Vec::new(),
    };
    let mut station: StationState = ctx.view.get(&key)?.unwrap_or_else(fresh);
    let taken = |text: String| refuse(RefusalCode::EvseTaken, text);
    if station.utility != entry.utility {
        return taken(format!(
            "station id {} is registered by {}; choose another",
            entry.station, station.utility
        ));
    }
    if let Some(slot) = station
        .evses
        .iter()
        .find(|slot| slot.number == entry.number)
    {
        return taken(format!(
            "number {} of station {} is EVSE {}",
            entry.number, entry.station, slot.evse
        ));
    }
    if station.evses.len() >= MAX_STATION_EVSES {
        return refuse(
            RefusalCode::TooLarge,
            format!(
                "station {} has {MAX_STATION_EVSES} EVSEs; no more are allowed",
                entry.station
            ),
        );
    }
    let at = station
        .evses
        .partition_point(|slot| slot.number < entry.number);
    station.evses.insert(
        at,
        StationSlot {
            number: entry.number,
            evse: entry.evse.clone(),
        },
    );
    ctx.view.put(key, &station);
    Ok(())
}

/// Takes an EVSE out of use.
pub(crate) fn retire_evse(
    ctx: &mut Context<'_, '_>,
    evse: &EvseId,
    from: Time,
) -> Result<Done, Refusal> {
    let mut state = own_evse(ctx, evse)?;
    match state.retired {
        Some(at) if at == from => {
            return refuse(
                RefusalCode::Duplicate,
                format!("EVSE {evse} is retired from {at} already"),
            );
        }
        Some(at) if at <= ctx.now() => {
            return refuse(
                RefusalCode::EvseUnavailable,
                format!("EVSE {evse} is retired since {at}"),
            );
        }
        _ => {}
    }
    if from < ctx.now() {
        let text = format!(
            "retirement from {from} lies before the block's time {}; charges may have begun since",
            ctx.now()
        );
        return refuse(RefusalCode::TimeInvalid, text);
    }
    state.retired = Some(from);
    ctx.view.put(key_for_evse(evse), &state);
    Ok(Effect::EvseRetired {
        evse: evse.clone(),
        from,
    }
    .into())
}

/// Replaces a meter key. Charges that began before may still name the old one.
pub(crate) fn rotate_meter_key(
    ctx: &mut Context<'_, '_>,
    evse: &EvseId,
    meter_key: &[u8],
) -> Result<Done, Refusal> {
    let mut state = own_evse(ctx, evse)?;
    let old = state.entry.meter_key_hash();
    if state.entry.meter_key == meter_key {
        return refuse(
            RefusalCode::Duplicate,
            format!("EVSE {evse} has this meter key already"),
        );
    }
    state.previous = Some(OldMeterKey {
        key: old,
        until: ctx.now(),
    });
    state.entry.meter_key = meter_key.to_vec();
    ctx.view.put(key_for_evse(evse), &state);
    Ok(Effect::MeterKeyRotated {
        evse: evse.clone(),
        meter_key: Hash::plain(meter_key),
    }
    .into())
}

/// Replaces the member's key.
pub(crate) fn rotate_member_key(
    ctx: &mut Context<'_, '_>,
    new_key: PublicKey,
    compromised: bool,
) -> Result<Done, Refusal> {
    let mut state = ctx.member_state(ctx.member())?;
    if state.member.key == new_key {
        return refuse(
            RefusalCode::Duplicate,
            format!("{} has this key already", ctx.member()),
        );
    }
    take_key(ctx, new_key, ctx.member(), KeyPurpose::Member)?;
    let until = ctx.now().plus(KEY_OVERLAP_MS);
    state.previous = (!compromised).then_some(OldKey {
        key: state.member.key,
        until,
    });
    state.member.key = new_key;
    ctx.view.put(key_for_member(ctx.member()), &state);
    Ok(Effect::MemberKeyRotated.into())
}

/// Replaces the key that messages to the member are encrypted to.
pub(crate) fn rotate_encryption_key(
    ctx: &mut Context<'_, '_>,
    new_key: EncryptionKey,
    compromised: bool,
) -> Result<Done, Refusal> {
    let mut state = ctx.member_state(ctx.member())?;
    if state.member.encryption == Some(new_key) {
        return refuse(
            RefusalCode::Duplicate,
            format!("{} has this encryption key already", ctx.member()),
        );
    }
    take_key(
        ctx,
        used_name(new_key),
        ctx.member(),
        KeyPurpose::Encryption,
    )?;
    let until = ctx.now().plus(KEY_OVERLAP_MS);
    let old = state.member.encryption.replace(new_key);
    state.previous_encryption = old
        .filter(|_| !compromised)
        .map(|key| OldEncryptionKey { key, until });
    ctx.view.put(key_for_member(ctx.member()), &state);
    Ok(Effect::EncryptionKeyRotated.into())
}

fn must_be_own(ctx: &Context<'_, '_>, owner: MemberId, what: &str) -> Result<(), Refusal> {
    if ctx.member() == owner {
        return Ok(());
    }
    refuse(
        RefusalCode::NotAuthorized,
        format!(
            "{} cannot register {what} for {owner}; {owner} must sign",
            ctx.member()
        ),
    )
}

fn own_evse(ctx: &Context<'_, '_>, evse: &EvseId) -> Result<EvseState, Refusal> {
    let Some(state) = ctx.view.get::<EvseState>(&key_for_evse(evse))? else {
        return refuse(
            RefusalCode::EvseUnavailable,
            format!("EVSE {evse} is not registered"),
        );
    };
    if state.entry.utility == ctx.member() {
        return Ok(state);
    }
    refuse(
        RefusalCode::NotAuthorized,
        format!(
            "EVSE {evse} belongs to {}, not to {}",
            state.entry.utility,
            ctx.member()
        ),
    )
}

/// Whether pricing knows the zone: it is asked with a tariff that is valid whatever the zone.
fn check_zone(zone: &str) -> Result<(), Refusal> {
    let component = PriceComponent {
        dimension: Dimension::Flat,
        price: Micro::ZERO,
        vat: None,
        step_size: 0,
    };
    let probe = Tariff {
        id: "probe".to_owned(),
        currency: Currency::USD,
        elements: vec![TariffElement {
            components: vec![component],
            restrictions: None,
        }],
        min_price: None,
        max_price: None,
        valid_from: None,
        valid_until: None,
        sales_taxes: Vec::new(),
    };
    CompiledTariff::compile(&probe, zone)
        .map(|_| ())
        .map_err(|e| Refusal::new(RefusalCode::Malformed, e.to_string()))
}
