//! What the API keeps in the member's database, over a connection of its own.

use super::problem::Problem;
use crate::store::records::Kind;
use crate::store::{Store, StoreError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

/// The connection.
#[derive(Debug)]
pub(crate) struct Records(Mutex<Store>);

fn failed(error: &StoreError) -> Problem {
    tracing::error!("{error}");
    Problem::busy("the database does not answer; nothing was changed")
}

impl Records {
    /// Records in an open database.
    pub(crate) fn new(store: Store) -> Self {
        Self(Mutex::new(store))
    }

    /// Stores a value.
    pub(crate) async fn put(
        &self,
        kind: Kind,
        id: &str,
        at_ms: i64,
        value: &impl Serialize,
    ) -> Result<(), Problem> {
        let body = serde_json::to_string(value).map_err(|e| Problem::busy(e.to_string()))?;
        let mut store = self.0.lock().await;
        if store.put_record(kind, id, at_ms, &body).await.is_ok() {
            return Ok(());
        }
        // The connection may have been lost since.
        store.reopen().await.map_err(|e| failed(&e))?;
        let again = store.put_record(kind, id, at_ms, &body).await;
        again.map_err(|e| failed(&e))
    }

    /// Reads a value; none where nothing readable stands.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        kind: Kind,
        id: &str,
    ) -> Result<Option<T>, Problem> {
        let mut store = self.0.lock().await;
        let mut found = store.record(kind, id).await;
        if found.is_err() {
            store.reopen().await.map_err(|e| failed(&e))?;
            found = store.record(kind, id).await;
        }
        let found = found.map_err(|e| failed(&e))?;
        Ok(found.and_then(|body| serde_json::from_str(&body).ok()))
    }

    /// Reads every value of a kind, oldest first.
    pub(crate) async fn all<T: DeserializeOwned>(&self, kind: Kind) -> Result<Vec<T>, Problem> {
        let mut store = self.0.lock().await;
        let mut found = store.records(kind).await;
        if found.is_err() {
            store.reopen().await.map_err(|e| failed(&e))?;
            found = store.records(kind).await;
        }
        let found = found.map_err(|e| failed(&e))?;
        Ok(found
            .iter()
            .filter_map(|body| serde_json::from_str(body).ok())
            .collect())
    }

    /// Removes a value.
    pub(crate) async fn remove(&self, kind: Kind, id: &str) -> Result<(), Problem> {
        let mut store = self.0.lock().await;
        store.remove_record(kind, id).await.map_err(|e| failed(&e))
    }

    /// Removes values of a kind from before a time.
    pub(crate) async fn forget(&self, kind: Kind, before_ms: i64) -> Result<(), Problem> {
        let mut store = self.0.lock().await;
        store
            .forget_records(kind, before_ms)
            .await
            .map_err(|e| failed(&e))
    }
}
