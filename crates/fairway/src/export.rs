//! The rows of a database that are a person's, for the export of everything that is kept about him.

use crate::store::{Store, StoreError};
use fairway_utility::command::ExportedRow;
use fairway_utility::door::{Row, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Most rows of one export.
pub const MAX_ROWS: usize = 200_000;

/// By which bytes rows are recognised, by their length.
#[derive(Debug, Default)]
pub struct Marks(BTreeMap<usize, BTreeSet<Vec<u8>>>);

impl Marks {
    /// These marks; empty ones, which everything bears, are left out.
    pub fn new(marks: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let mut by_length = BTreeMap::<usize, BTreeSet<Vec<u8>>>::new();
        for mark in marks.into_iter().filter(|mark| !mark.is_empty()) {
            by_length.entry(mark.len()).or_default().insert(mark);
        }
        Self(by_length)
    }

    fn within(&self, bytes: &[u8]) -> bool {
        self.0
            .iter()
            .any(|(length, marks)| bytes.windows(*length).any(|window| marks.contains(window)))
    }

    /// Whether a row bears one of the marks, in any column.
    pub fn on(&self, row: &Row) -> bool {
        let texts = [&row.subject, &row.key, &row.summary];
        texts.iter().any(|text| self.within(text.as_bytes())) || self.within(&row.body)
    }
}

/// Every row of every table that bears one of the marks. Reads over a connection of its own, so that charging does not wait.
///
/// # Errors
/// Why the database cannot be read; more than [`MAX_ROWS`] rows.
pub async fn rows(url: &str, marks: &Marks) -> Result<Vec<ExportedRow>, String> {
    let mut store = Store::open(url).await.map_err(|e| e.to_string())?;
    let mut found = Vec::new();
    for table in Table::ALL {
        let each = |row: Row| {
            if found.len() <= MAX_ROWS && marks.on(&row) {
                found.push(ExportedRow {
                    table,
                    key: row.key,
                    at: row.at,
                    summary: row.summary,
                    body: row.body,
                });
            }
        };
        store
            .load(table, each)
            .await
            .map_err(|e: StoreError| e.to_string())?;
    }
    if found.len() > MAX_ROWS {
        return Err(format!(
            "more than {MAX_ROWS} rows concern this person: read the database itself"
        ));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::Time;
    use fairway_utility::door::Change;

    /// A row of each table that bears the mark in one column, and one that does not.
    #[tokio::test]
    async fn rows_of_every_table_are_found_by_any_column() {
        let folder = std::env::temp_dir().join(format!("fairway-export-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let url = format!("sqlite:{}", folder.join("export.db").display());
        let mut store = Store::open(&url).await.unwrap();
        let mut changes = Vec::new();
        for table in Table::ALL {
            for column in 0..5 {
                let with = |n: i32, text: &str| {
                    let mark = if n == column { "CANARY" } else { "" };
                    format!("{text}{mark}{column}")
                };
                changes.push(Change::Put(Row {
                    table,
                    key: with(0, "key"),
                    subject: with(1, "subject"),
                    at: Time(7),
                    summary: with(2, "summary"),
                    body: with(3, "body").into_bytes(),
                }));
            }
        }
        store.apply(&changes).await.unwrap();
        let marks = Marks::new([b"CANARY".to_vec(), Vec::new()]);
        let found = rows(&url, &marks).await.unwrap();
        assert_eq!(found.len(), 4 * Table::ALL.len());
        for table in Table::ALL {
            assert_eq!(found.iter().filter(|row| row.table == table).count(), 4);
        }
        std::fs::remove_dir_all(folder).unwrap();
    }
}
