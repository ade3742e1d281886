//! A key-value machine: a transaction is `author nonce key value`, separated by spaces.

use std::collections::BTreeMap;

use bytes::Bytes;
use fairway_chain::{BlockInfo, Executed, Machine, Peer, Peers, StateKey, public_key};
use sha2::{Digest as _, Sha256};

pub(crate) struct Kv;

/// State key of a name.
pub(crate) fn key(name: &str) -> StateKey {
    Sha256::digest(name.as_bytes()).into()
}

/// A transaction that writes `value` under `name` and adds one to the counter.
pub(crate) fn put(author: usize, nonce: usize, name: &str, value: &str) -> Bytes {
    Bytes::from(format!("{author} {nonce} {name} {value}"))
}

fn parse(tx: &Bytes) -> Option<(&str, &str)> {
    let mut words = std::str::from_utf8(tx).ok()?.splitn(4, ' ');
    words.next()?;
    words.next()?.parse::<u64>().ok()?;
    Some((words.next()?, words.next()?))
}

impl Machine for Kv {
    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>> {
        txs.iter()
            .map(|tx| parse(tx).map(|_| ()).ok_or_else(|| "not four words".into()))
            .collect()
    }

    fn reads(&self, txs: &[Bytes]) -> Vec<StateKey> {
        let names = txs.iter().filter_map(parse).map(|(name, _)| key(name));
        names.chain([key("counter")]).collect()
    }

    fn execute(
        &self,
        block: BlockInfo,
        txs: &[Bytes],
        state: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Executed {
        let counter = state.get(&key("counter")).expect("genesis sets it");
        let mut count: u64 = String::from_utf8(counter.clone()).unwrap().parse().unwrap();
        let mut done = Executed::default();
        for tx in txs {
            let (name, value) = parse(tx).expect("only admitted ones come");
            if value == "refuse" {
                done.receipts.push(b"refused".to_vec());
                continue;
            }
            count += 1;
            done.receipts
                .push(format!("{count} at {}", block.height).into_bytes());
            let value = (value != "delete").then(|| value.as_bytes().to_vec());
            done.writes.insert(key(name), value);
        }
        done.writes
            .insert(key("counter"), Some(count.to_string().into_bytes()));
        done
    }

    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>> {
        BTreeMap::from([
            (key("counter"), b"0".to_vec()),
            (key("motto"), b"fair".to_vec()),
        ])
    }
}

/// The same, and the value `peers` says who takes part: `v1@127.0.0.1:7000,f2@127.0.0.1:7001` with seeds as numbers.
pub(crate) struct Roster;

impl Machine for Roster {
    fn admit(&self, txs: &[Bytes]) -> Vec<Result<(), String>> {
        Kv.admit(txs)
    }

    fn reads(&self, txs: &[Bytes]) -> Vec<StateKey> {
        Kv.reads(txs)
    }

    fn execute(
        &self,
        block: BlockInfo,
        txs: &[Bytes],
        state: &BTreeMap<StateKey, Vec<u8>>,
    ) -> Executed {
        Kv.execute(block, txs, state)
    }

    fn genesis(&self) -> BTreeMap<StateKey, Vec<u8>> {
        Kv.genesis()
    }

    fn peer_keys(&self) -> Vec<StateKey> {
        vec![key("peers")]
    }

    fn peers(&self, state: &BTreeMap<StateKey, Vec<u8>>) -> Option<Peers> {
        let text = std::str::from_utf8(state.get(&key("peers"))?).ok()?;
        let mut peers = Peers::default();
        for word in text.split(',') {
            let (kind, rest) = word.split_at_checked(1)?;
            let (seed, address) = rest.split_once('@')?;
            let peer = Peer {
                public_key: public_key(&[seed.parse().ok()?; 32]),
                address: address.parse().ok(),
            };
            match kind {
                "v" => peers.validators.push(peer),
                _ => peers.followers.push(peer),
            }
        }
        Some(peers)
    }
}
