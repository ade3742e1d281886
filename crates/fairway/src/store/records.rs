//! Records of the API in the member's database: one JSON text by kind and id.

use super::{Store, StoreError, write_error};
use sqlx::{AnyConnection, Row as _};

/// Most records of one kind that are read at once.
const MAX_READ: i64 = 200_000;

/// What kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Who may sign in.
    Account,
    /// A sign-in.
    Session,
    /// The link for the first account.
    Setup,
    /// An answer that a repeated request gets again.
    Once,
    /// A driver's objection to a charge.
    Dispute,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Session => "session",
            Self::Setup => "setup",
            Self::Once => "once",
            Self::Dispute => "dispute",
        }
    }
}

fn read_error(e: &sqlx::Error) -> StoreError {
    StoreError::Read(e.to_string())
}

impl Store {
    fn connection(&mut self) -> &mut AnyConnection {
        &mut self.connection
    }

    /// Inserts or replaces a record.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn put_record(
        &mut self,
        kind: Kind,
        id: &str,
        at_ms: i64,
        body: &str,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "INSERT INTO api_records (kind, id, at_ms, body) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind, id) DO UPDATE SET at_ms = excluded.at_ms, body = excluded.body",
        );
        let query = query
            .bind(kind.name())
            .bind(id.to_owned())
            .bind(at_ms)
            .bind(body.to_owned());
        let done = query.execute(self.connection()).await;
        done.map(|_| ()).map_err(|e| write_error(&e))
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub async fn record(&mut self, kind: Kind, id: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query("SELECT body FROM api_records WHERE kind = $1 AND id = $2");
        let query = query.bind(kind.name()).bind(id.to_owned());
        let row = query.fetch_optional(self.connection()).await;
        let row = row.map_err(|e| read_error(&e))?;
        row.map(|row| row.try_get(0))
            .transpose()
            .map_err(|e| read_error(&e))
    }

    /// Reads the records of a kind, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub async fn records(&mut self, kind: Kind) -> Result<Vec<String>, StoreError> {
        let query =
            sqlx::query("SELECT body FROM api_records WHERE kind = $1 ORDER BY at_ms, id LIMIT $2");
        let query = query.bind(kind.name()).bind(MAX_READ);
        let rows = query.fetch_all(self.connection()).await;
        let rows = rows.map_err(|e| read_error(&e))?;
        rows.iter()
            .map(|row| row.try_get(0).map_err(|e| read_error(&e)))
            .collect()
    }

    /// Removes a record; nothing happens when it is not there.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn remove_record(&mut self, kind: Kind, id: &str) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM api_records WHERE kind = $1 AND id = $2");
        let query = query.bind(kind.name()).bind(id.to_owned());
        let done = query.execute(self.connection()).await;
        done.map(|_| ()).map_err(|e| write_error(&e))
    }

    /// Removes the records of a kind from before a time.
    ///
    /// # Errors
    /// [`StoreError::Write`].
    pub async fn forget_records(&mut self, kind: Kind, before: i64) -> Result<(), StoreError> {
        let query = sqlx::query("DELETE FROM api_records WHERE kind = $1 AND at_ms < $2");
        let query = query.bind(kind.name()).bind(before);
        let done = query.execute(self.connection()).await;
        done.map(|_| ()).map_err(|e| write_error(&e))
    }
}
