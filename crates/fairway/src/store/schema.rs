//! The schema and its migrations. A migration is never changed once released; a new one is added at the end.

use super::StoreError;
use fairway_utility::door::Table;
use sqlx::{AnyConnection, Connection, Executor, Row};

/// Newest schema version that this program knows.
pub(super) const VERSION: i64 = 4;

/// Brings the schema to [`VERSION`].
pub(super) async fn migrate(
    connection: &mut AnyConnection,
    sqlite: bool,
) -> Result<(), StoreError> {
    let failed = |e: sqlx::Error| super::write_error(&e);
    connection
        .execute("CREATE TABLE IF NOT EXISTS fairway_schema (version BIGINT PRIMARY KEY)")
        .await
        .map_err(failed)?;
    let row = sqlx::query("SELECT COALESCE(MAX(version), 0) FROM fairway_schema")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    let found: i64 = row.try_get(0).map_err(failed)?;
    if found > VERSION {
        return Err(StoreError::Newer {
            found,
            known: VERSION,
        });
    }
    let mut transaction = connection.begin().await.map_err(failed)?;
    for (version, statements) in [
        (1, version_1(sqlite)),
        (2, version_2()),
        (3, version_3()),
        (4, tables(&[Table::Loads], sqlite)),
    ] {
        if version <= found {
            continue;
        }
        for statement in statements {
            transaction
                .execute(sqlx::AssertSqlSafe(statement))
                .await
                .map_err(failed)?;
        }
        let mark = sqlx::query("INSERT INTO fairway_schema (version) VALUES ($1)").bind(version);
        mark.execute(&mut *transaction).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

/// Whose database it is: one row per name.
fn version_2() -> Vec<String> {
    vec![
        "CREATE TABLE fairway_owner (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
            .to_owned(),
    ]
}

/// What the API keeps: accounts, sign-ins, answers to repeated requests, drivers' objections; JSON by kind and id.
fn version_3() -> Vec<String> {
    vec![
        "CREATE TABLE api_records (kind TEXT NOT NULL, id TEXT NOT NULL, at_ms BIGINT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id))"
            .to_owned(),
        "CREATE INDEX api_records_age ON api_records (kind, at_ms)".to_owned(),
    ]
}

/// The tables of the first version: all but those that came later.
fn version_1(sqlite: bool) -> Vec<String> {
    let first = |table: &Table| *table != Table::Loads;
    let all: Vec<Table> = Table::ALL.into_iter().filter(first).collect();
    tables(&all, sqlite)
}

fn tables(all: &[Table], sqlite: bool) -> Vec<String> {
    let bytes = if sqlite { "BLOB" } else { "BYTEA" };
    let mut out = Vec::new();
    for table in all {
        let name = table.name();
        out.push(format!(
            "CREATE TABLE {name} (id TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL, at_ms BIGINT NOT NULL, summary TEXT NOT NULL, \
             body {bytes} NOT NULL)"
        ));
        out.push(format!(
            "CREATE INDEX {name}_subject ON {name} (subject, at_ms)"
        ));
    }
    out
}
