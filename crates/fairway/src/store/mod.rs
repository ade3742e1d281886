//! The operational database: SQLite by default, PostgreSQL by URL, the same code for both.
//!
//! Every table has one shape (see [`fairway_utility::door::Row`]). All changes of a batch of inputs are one SQL transaction.

pub mod records;
mod schema;

use fairway_model::Time;
use fairway_utility::door::{Change, Row, Table};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection, Executor, Row as _};
use std::path::Path;

/// Rows fetched at a time while loading.
const PAGE: i64 = 2_000;

/// What went wrong with the database.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened.
    #[error("cannot open the database {url}: {cause}; {way_out}")]
    Open {
        /// The URL without its password.
        url: String,
        /// The driver's words.
        cause: String,
        /// What to do.
        way_out: &'static str,
    },
    /// It refuses to write.
    #[error(
        "the database refuses to write: {cause}; {way_out}; nothing was sent out and the change is tried again"
    )]
    Write {
        /// The driver's words.
        cause: String,
        /// What to do.
        way_out: &'static str,
    },
    /// It refuses to read.
    #[error("the database cannot be read: {0}")]
    Read(String),
    /// Another member's, of another chain, or made under another secret.
    #[error("the database is of {name} {found}, this member's is {expected}; {way_out}")]
    Foreign {
        /// What differs.
        name: &'static str,
        /// As the database says.
        found: String,
        /// As this member's files say.
        expected: String,
        /// What to do.
        way_out: &'static str,
    },
    /// Made by a newer program.
    #[error(
        "the database has schema version {found}, this program knows up to {known}; start the newer program that made it"
    )]
    Newer {
        /// Version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
}

/// An open database with one connection: the machine that it serves is single-threaded too.
#[derive(Debug)]
pub struct Store {
    connection: AnyConnection,
    url: String,
}

impl Store {
    /// Opens `url` (`sqlite:PATH` or `postgres://...`), creates a SQLite file that is missing, and brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] with the way out.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        sqlx::any::install_default_drivers();
        let full = connect_url(url);
        let mut connection = AnyConnection::connect(&full)
            .await
            .map_err(|e| open_error(url, &e))?;
        if is_sqlite(url) {
            for pragma in [
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA busy_timeout = 5000",
                // What is erased is overwritten, not only unlinked.
                "PRAGMA secure_delete = ON",
            ] {
                connection
                    .execute(sqlx::AssertSqlSafe(pragma))
                    .await
                    .map_err(|e| open_error(url, &e))?;
            }
        }
        schema::migrate(&mut connection, is_sqlite(url)).await?;
        Ok(Self {
            connection,
            url: url.to_owned(),
        })
    }

    /// Writes down at the first start whose database this is, and compares at every later one.
    ///
    /// # Errors
    /// [`StoreError::Foreign`] when it is another's; then nothing was changed.
    pub async fn claim(&mut self, owner: &[(&'static str, String)]) -> Result<(), StoreError> {
        const WAY_OUT: &str = "compare `database` and `keys` in the configuration with those of the day before: a restored secret.seed \
            must be the one that the database was made under";
        for (name, expected) in owner {
            let row = sqlx::query("SELECT value FROM fairway_owner WHERE name = $1")
                .bind(*name)
                .fetch_optional(&mut self.connection)
                .await
                .map_err(|e| StoreError::Read(e.to_string()))?;
            let found: Option<String> = row
                .map(|row| row.try_get(0))
                .transpose()
                .map_err(|e| StoreError::Read(e.to_string()))?;
            match found {
                Some(found) if found == *expected => {}
                Some(found) => {
                    return Err(StoreError::Foreign {
                        name,
                        found,
                        expected: expected.clone(),
                        way_out: WAY_OUT,
                    });
                }
                None => {
                    sqlx::query("INSERT INTO fairway_owner (name, value) VALUES ($1, $2)")
                        .bind(*name)
                        .bind(expected.clone())
                        .execute(&mut self.connection)
                        .await
                        .map_err(|e| write_error(&e))?;
                }
            }
        }
        Ok(())
    }

    /// Opens the database anew after its connection was lost.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn reopen(&mut self) -> Result<(), StoreError> {
        self.connection = Self::open(&self.url).await?.connection;
        Ok(())
    }

    /// Carries out all changes in one transaction, durable when this returns.
    ///
    /// # Errors
    /// [`StoreError::Write`]; then nothing of the batch is stored.
    pub async fn apply(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        let mut transaction = self.connection.begin().await.map_err(|e| write_error(&e))?;
        for change in changes {
            let done = match change {
                Change::Put(row) => put(&mut transaction, row).await,
                Change::Delete { table, key } => delete(&mut transaction, *table, key).await,
            };
            done.map_err(|e| write_error(&e))?;
        }
        transaction.commit().await.map_err(|e| write_error(&e))
    }

    /// Gives every row of a table, in order of key.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub async fn load(
        &mut self,
        table: Table,
        mut each: impl FnMut(Row),
    ) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT id, subject, at_ms, summary, body FROM {} WHERE id > $1 ORDER BY id LIMIT $2",
            table.name()
        );
        let mut last = String::new();
        loop {
            let query = sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .bind(last.clone())
                .bind(PAGE);
            let rows = query
                .fetch_all(&mut self.connection)
                .await
                .map_err(|e| StoreError::Read(e.to_string()))?;
            let count = rows.len();
            for row in rows {
                let row = read(table, &row)?;
                last.clone_from(&row.key);
                each(row);
            }
            if i64::try_from(count).unwrap_or(0) < PAGE {
                return Ok(());
            }
        }
    }

    /// Rows of a table that concern `subject`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError::Read`].
    pub async fn about(
        &mut self,
        table: Table,
        subject: &str,
        limit: i64,
    ) -> Result<Vec<Row>, StoreError> {
        let sql = format!(
            "SELECT id, subject, at_ms, summary, body FROM {} WHERE subject = $1 ORDER BY at_ms, id LIMIT $2",
            table.name()
        );
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(subject.to_owned())
            .bind(limit);
        let rows = query
            .fetch_all(&mut self.connection)
            .await
            .map_err(|e| StoreError::Read(e.to_string()))?;
        rows.iter().map(|row| read(table, row)).collect()
    }
}

async fn put(connection: &mut AnyConnection, row: &Row) -> Result<(), sqlx::Error> {
    let sql = format!(
        "INSERT INTO {} (id, subject, at_ms, summary, body) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO UPDATE SET \
         subject = excluded.subject, at_ms = excluded.at_ms, summary = excluded.summary, body = excluded.body",
        row.table.name()
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(sql));
    let query = query
        .bind(row.key.clone())
        .bind(row.subject.clone())
        .bind(row.at.0)
        .bind(row.summary.clone())
        .bind(row.body.clone());
    query.execute(connection).await.map(|_| ())
}

async fn delete(
    connection: &mut AnyConnection,
    table: Table,
    key: &str,
) -> Result<(), sqlx::Error> {
    let sql = format!("DELETE FROM {} WHERE id = $1", table.name());
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(key.to_owned())
        .execute(connection)
        .await
        .map(|_| ())
}

fn read(table: Table, row: &AnyRow) -> Result<Row, StoreError> {
    let bad = |e: sqlx::Error| StoreError::Read(format!("table {}: {e}", table.name()));
    Ok(Row {
        table,
        key: row.try_get(0).map_err(bad)?,
        subject: row.try_get(1).map_err(bad)?,
        at: Time(row.try_get(2).map_err(bad)?),
        summary: row.try_get(3).map_err(bad)?,
        body: row.try_get(4).map_err(bad)?,
    })
}

fn is_sqlite(url: &str) -> bool {
    url.starts_with("sqlite:")
}

fn connect_url(url: &str) -> String {
    let wants_file = is_sqlite(url) && !url.contains(":memory:") && !url.contains('?');
    if wants_file {
        format!("{url}?mode=rwc")
    } else {
        url.to_owned()
    }
}

/// The URL without a password, for messages.
fn public_url(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://...@{host}"),
        _ => url.to_owned(),
    }
}

fn open_error(url: &str, error: &sqlx::Error) -> StoreError {
    let file = url
        .strip_prefix("sqlite:")
        .map(|rest| rest.trim_start_matches("//"));
    let way_out = match file {
        Some(path)
            if Path::new(path)
                .parent()
                .is_some_and(|p| !p.as_os_str().is_empty() && !p.exists()) =>
        {
            "its folder does not exist: create it, or correct [database] url"
        }
        Some(_) => {
            "check that the file and its folder are readable and writable for this user and that the disk has room"
        }
        None => {
            "check that the server runs, that the database exists and that user and password are right"
        }
    };
    StoreError::Open {
        url: public_url(url),
        cause: error.to_string(),
        way_out,
    }
}

fn write_error(error: &sqlx::Error) -> StoreError {
    let cause = error.to_string();
    let way_out = if cause.contains("readonly") || cause.contains("read-only") {
        "make the file and its folder writable for this user"
    } else if cause.contains("full") || cause.contains("No space") {
        "make room on the disk that holds it"
    } else if cause.contains("locked") {
        "another program holds the database: end it"
    } else {
        "see the cause"
    };
    StoreError::Write { cause, way_out }
}

#[cfg(test)]
mod tests;
