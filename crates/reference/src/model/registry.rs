//! Prefixes, EVSEs, keys.

use super::{EvseRec, HOUR, Judge, Model, Place, Verdict};
use fairway_ledger::Effect;
use fairway_model::registry::{EncryptionKey, EvseEntry, PrefixEntry};
use fairway_model::{EvseId, Hash, MemberId, PublicKey, RefusalCode};
use jiff::tz::TimeZoneDatabase;

/// Most EVSEs of one station.
const STATION_EVSES: usize = 64;
/// Digits of country and network, before the node.
const NETWORK_DIGITS: usize = 6;

impl Model {
    pub(super) fn register_prefix(&mut self, by: MemberId, entry: &PrefixEntry) -> Verdict {
        let mut judge = Judge::default();
        judge.must(by == entry.member, RefusalCode::NotAuthorized);
        self.utility(entry.member, &mut judge);
        let (wanted, node) = (entry.prefix.as_str(), entry.prefix.get(NETWORK_DIGITS..));
        for (known, owner) in &self.prefixes {
            let same = known == wanted && *owner == entry.member;
            if same {
                judge.no(RefusalCode::Duplicate);
            } else if known.starts_with(wanted) || wanted.starts_with(known.as_str()) {
                judge.no(RefusalCode::PrefixTaken);
            } else if *owner == entry.member && known.get(NETWORK_DIGITS..) == node {
                // Contract ids name the node and not the network.
                judge.no(RefusalCode::PrefixTaken);
            }
        }
        if judge.clear() {
            self.prefixes.insert(entry.prefix.clone(), entry.member);
        }
        judge.verdict(Effect::PrefixRegistered, super::Postings::new())
    }

    pub(super) fn register_evse(&mut self, by: MemberId, entry: &EvseEntry) -> Verdict {
        let mut judge = Judge::default();
        judge.must(by == entry.utility, RefusalCode::NotAuthorized);
        self.utility(entry.utility, &mut judge);
        // eMI3: an EVSE id names its operator first.
        let own = format!("{}*E", entry.utility);
        let named = entry.evse.as_str().strip_prefix(&own);
        judge.must(
            named.is_some_and(|rest| !rest.is_empty()),
            RefusalCode::NotAuthorized,
        );
        let zone = TimeZoneDatabase::bundled().get(&entry.time_zone);
        judge.must(zone.is_ok(), RefusalCode::Malformed);
        match self.evses.get(&entry.evse) {
            Some(known) if known.entry == *entry && known.retired.is_none() => {
                judge.no(RefusalCode::Duplicate);
            }
            Some(_) => judge.no(RefusalCode::EvseTaken),
            None => {
                let siblings: Vec<&EvseRec> = self
                    .evses
                    .values()
                    .filter(|e| e.entry.station == entry.station)
                    .collect();
                let foreign = siblings.iter().any(|e| e.entry.utility != entry.utility);
                let double = siblings.iter().any(|e| e.entry.number == entry.number);
                judge.must(!foreign && !double, RefusalCode::EvseTaken);
                judge.must(siblings.len() < STATION_EVSES, RefusalCode::TooLarge);
            }
        }
        if judge.clear() {
            let rec = EvseRec {
                entry: entry.clone(),
                old: None,
                retired: None,
            };
            self.evses.insert(entry.evse.clone(), rec);
        }
        let effect = Effect::EvseRegistered {
            evse: entry.evse.clone(),
        };
        judge.verdict(effect, super::Postings::new())
    }

    fn own_evse(&mut self, by: MemberId, evse: &EvseId, judge: &mut Judge) -> Option<&mut EvseRec> {
        let found = self.evses.get_mut(evse);
        match &found {
            None => judge.no(RefusalCode::EvseUnavailable),
            Some(rec) => judge.must(rec.entry.utility == by, RefusalCode::NotAuthorized),
        }
        found
    }

    pub(super) fn retire_evse(
        &mut self,
        by: MemberId,
        evse: &EvseId,
        from: i64,
        now: i64,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.own_evse(by, evse, &mut judge) else {
            return judge.refused();
        };
        match rec.retired {
            Some(at) if at == from => judge.no(RefusalCode::Duplicate),
            Some(at) => judge.must(at > now, RefusalCode::EvseUnavailable),
            None => {}
        }
        judge.must(from >= now, RefusalCode::TimeInvalid);
        if judge.clear() {
            rec.retired = Some(from);
        }
        let effect = Effect::EvseRetired {
            evse: evse.clone(),
            from: fairway_model::Time(from),
        };
        judge.verdict(effect, super::Postings::new())
    }

    pub(super) fn rotate_meter_key(
        &mut self,
        by: MemberId,
        evse: &EvseId,
        key: &[u8],
        now: i64,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.own_evse(by, evse, &mut judge) else {
            return judge.refused();
        };
        judge.must(rec.entry.meter_key != key, RefusalCode::Duplicate);
        if judge.clear() {
            rec.old = Some((Hash::plain(&rec.entry.meter_key), now));
            rec.entry.meter_key = key.to_vec();
        }
        let effect = Effect::MeterKeyRotated {
            evse: evse.clone(),
            meter_key: Hash::plain(key),
        };
        judge.verdict(effect, super::Postings::new())
    }

    pub(super) fn rotate_member_key(
        &mut self,
        by: MemberId,
        key: PublicKey,
        compromised: bool,
        place: Place,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.members.get_mut(&by) else {
            judge.no(RefusalCode::MemberUnknown);
            return judge.refused();
        };
        if rec.member.key == key {
            judge.no(RefusalCode::Duplicate);
        } else {
            // A key is one member's, for one purpose, once.
            judge.must(!self.keys.contains_key(&key), RefusalCode::KeyTaken);
        }
        if judge.clear() {
            self.keys.insert(key, (by, true, place.height));
            let before = (rec.member.key, place.now + 24 * HOUR);
            rec.old = (!compromised).then_some(before);
            rec.member.key = key;
        }
        judge.verdict(Effect::MemberKeyRotated, super::Postings::new())
    }

    pub(super) fn rotate_encryption_key(
        &mut self,
        by: MemberId,
        key: EncryptionKey,
        compromised: bool,
        place: Place,
    ) -> Verdict {
        let mut judge = Judge::default();
        let Some(rec) = self.members.get_mut(&by) else {
            judge.no(RefusalCode::MemberUnknown);
            return judge.refused();
        };
        let known = PublicKey(key.0);
        if rec.member.encryption == Some(key) {
            judge.no(RefusalCode::Duplicate);
        } else {
            // The same index as of signing keys: a key is one member's, for one purpose, once.
            judge.must(!self.keys.contains_key(&known), RefusalCode::KeyTaken);
        }
        if judge.clear() {
            self.keys.insert(known, (by, false, place.height));
            rec.old_encryption = None;
            if let (Some(before), false) = (rec.member.encryption, compromised) {
                rec.old_encryption = Some((before.0, place.now + 24 * HOUR));
            }
            rec.member.encryption = Some(key);
        }
        judge.verdict(Effect::EncryptionKeyRotated, super::Postings::new())
    }
}
