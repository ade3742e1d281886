//! A member that joined after genesis: it waits until the roll says that it is active, and then claims its CIN prefix.

use super::ledger::state;
use bytes::Bytes;
use fairway_chain::Handle;
use fairway_ledger::{
    Operation, RollState, Standing, Transaction, TxNonce, key_for_prefix, key_for_roll,
};
use fairway_model::canonical::Canonical as _;
use fairway_model::registry::PrefixEntry;
use fairway_model::{CinPrefix, Hash, MemberId, SigningKey, Time};
use std::time::Duration;

/// Time between two looks at the roll.
const LOOK: Duration = Duration::from_millis(200);
/// Time after which a prefix that is not registered is claimed again.
const AGAIN: Duration = Duration::from_secs(5);

/// Who joins, and on which ledger.
pub(super) struct Joining {
    pub(super) chain: Handle,
    pub(super) chain_id: String,
    pub(super) me: MemberId,
    pub(super) key: SigningKey,
}

impl Joining {
    /// Waits, tells the log, and claims the prefix.
    pub(super) async fn run(self, prefix: Option<String>) {
        let mut told = None;
        loop {
            let standing = self.standing().await;
            if standing == Some(Standing::Active) {
                break;
            }
            if told != Some(standing) {
                told = Some(standing);
                tracing::info!(member = %self.me, "waiting for the members' vote: {}", standing.map_or("not on the roll here".to_owned(), |s| s.to_string()));
            }
            tokio::time::sleep(LOOK).await;
        }
        tracing::info!(member = %self.me, height = self.chain.status().height, "member of the consortium");
        if let Some(prefix) = prefix.and_then(|text| CinPrefix::parse(&text).ok()) {
            self.claim(&prefix).await;
        }
    }

    async fn standing(&self) -> Option<Standing> {
        let roll: RollState = state(&self.chain, key_for_roll()).await?;
        let now = Time(self.chain.status().time_ms);
        roll.find(self.me).map(|entry| entry.standing_at(now))
    }

    /// Hands the claim in until something stands there. The nonce follows from the prefix, so that twice is once.
    async fn claim(&self, prefix: &CinPrefix) {
        let entry = PrefixEntry {
            prefix: prefix.to_string(),
            member: self.me,
        };
        let nonce = TxNonce(Hash::of("fairway.join.prefix", prefix.as_str().as_bytes()).short());
        let operation = Operation::RegisterPrefix(entry);
        let tx = Transaction::sign(&self.chain_id, self.me, nonce, operation, &self.key);
        let bytes = Bytes::from(tx.to_bytes());
        while self.chain.status().error.is_none() {
            if self
                .chain
                .get(key_for_prefix(prefix.as_str()))
                .await
                .is_some()
            {
                tracing::info!(%prefix, "stands in the registry");
                return;
            }
            if let Err(error) = self.chain.submit(bytes.clone()).await {
                tracing::warn!(%prefix, "not claimed yet: {error}");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
