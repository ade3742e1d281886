//! Rows of a file by a schema: all of them, or a list of what is wrong.

use crate::csv::{Finding, MAX_ROWS, Record, Records, records};
use crate::schema::Schema;
use crate::value::Value;
use core::fmt;

/// Findings that are listed; of more, the number is told.
pub const MAX_FINDINGS: usize = 20;

/// Why a file is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Refused {
    /// The first findings.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: usize,
}

impl Refused {
    /// Adds a finding, or counts it when the list is full.
    pub fn add(&mut self, finding: Finding) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// Itself as an error, when something was found.
    ///
    /// # Errors
    /// Itself.
    pub fn done(self) -> Result<(), Self> {
        if self.findings.is_empty() {
            Ok(())
        } else {
            Err(self)
        }
    }
}

impl From<Finding> for Refused {
    fn from(finding: Finding) -> Self {
        Self {
            findings: vec![finding],
            more: 0,
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, finding) in self.findings.iter().enumerate() {
            let between = if place == 0 { "" } else { "\n" };
            write!(f, "{between}{finding}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more of the kind", self.more)?;
        }
        Ok(())
    }
}

impl core::error::Error for Refused {}

/// One row of values, with the line on which it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The line.
    pub line: usize,
    /// One value per column of the schema.
    pub values: Vec<Value>,
}

/// The header of a file, and what follows it.
///
/// # Errors
/// A file without a header, or one whose header is damaged.
pub fn header(bytes: &[u8]) -> Result<(Record, Records<'_>), Finding> {
    let mut all = records(bytes)?;
    let mut header = all.next().ok_or_else(|| {
        Finding::file("the file is empty; a header line with the columns' names would be right")
    })??;
    for cell in &mut header.cells {
        *cell = cell.trim().to_owned();
    }
    for (place, cell) in header.cells.iter().enumerate() {
        if header.cells.iter().take(place).any(|other| other == cell) {
            return Err(Finding::cell(
                header.line,
                cell,
                "the column is named twice",
            ));
        }
    }
    Ok((header, all))
}

/// Calls `each` for every record behind the header, which has as many cells as the header.
///
/// # Errors
/// What the reader refuses; short and long lines; a last line without an end; too many rows.
pub fn each_record(
    header: &Record,
    rest: Records<'_>,
    refused: &mut Refused,
    mut each: impl FnMut(&Record, &mut Refused),
) -> Result<(), Refused> {
    let (mut number, mut whole) = (0_usize, true);
    for record in rest {
        let record = record?;
        number += 1;
        if number > MAX_ROWS {
            return Err(Finding::line(
                record.line,
                format!("more than {MAX_ROWS} rows; give the file in parts"),
            )
            .into());
        }
        let (found, wanted) = (record.cells.len(), header.cells.len());
        if found == wanted {
            each(&record, refused);
        } else {
            let cut = if record.ended {
                ""
            } else {
                "; the file may have been cut here"
            };
            refused.add(Finding::line(
                record.line,
                format!("{found} cells, the header has {wanted}{cut}"),
            ));
        }
        whole = record.ended;
        if !whole && found == wanted {
            refused.add(Finding::line(record.line, "the last line has no line end, so its last cell may have been cut; add one if the file is whole"));
        }
    }
    if number == 0 && whole {
        return Err(Finding::file("the file has a header and no rows").into());
    }
    Ok(())
}

/// The rows of a file whose header names the schema's columns, in any order.
///
/// # Errors
/// Every cell that is wrong, up to [`MAX_FINDINGS`] in words.
pub fn rows(bytes: &[u8], schema: &Schema) -> Result<Vec<Row>, Refused> {
    let (header, rest) = header(bytes)?;
    let places = places(&header, schema)?;
    let (mut refused, mut rows) = (Refused::default(), Vec::new());
    let each = |record: &Record, refused: &mut Refused| {
        if let Some(values) = values(record, schema, &places, refused) {
            rows.push(Row {
                line: record.line,
                values,
            });
        }
    };
    each_record(&header, rest, &mut refused, each)?;
    refused.done()?;
    Ok(rows)
}

/// Where in a record each column of the schema stands.
fn places(header: &Record, schema: &Schema) -> Result<Vec<Option<usize>>, Refused> {
    let mut refused = Refused::default();
    let names: Vec<&str> = schema.columns.iter().map(|c| c.name.as_str()).collect();
    for cell in header
        .cells
        .iter()
        .filter(|cell| !names.contains(&cell.as_str()))
    {
        refused.add(Finding::cell(
            header.line,
            cell,
            format!("unknown column; the data set has {}", names.join(", ")),
        ));
    }
    let place = |name: &str| header.cells.iter().position(|cell| cell == name);
    for column in schema
        .columns
        .iter()
        .filter(|c| !c.optional && place(&c.name).is_none())
    {
        refused.add(Finding::cell(
            header.line,
            &column.name,
            "the column is missing",
        ));
    }
    refused.done()?;
    Ok(names.into_iter().map(place).collect())
}

fn values(
    record: &Record,
    schema: &Schema,
    places: &[Option<usize>],
    refused: &mut Refused,
) -> Option<Vec<Value>> {
    let mut found = Vec::with_capacity(schema.columns.len());
    for (column, place) in schema.columns.iter().zip(places) {
        let cell = place
            .and_then(|place| record.cells.get(place))
            .map_or("", String::as_str);
        let value = match (cell, column.optional) {
            ("", true) => Ok(Value::Missing),
            ("", false) => Err("the cell is empty, and the column is not optional".to_owned()),
            (cell, _) => column.kind.read(cell),
        };
        match value {
            Ok(value) => found.push(value),
            Err(what) => refused.add(Finding::cell(record.line, &column.name, what)),
        }
    }
    (found.len() == schema.columns.len()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let schema = Schema::parse("id: integer\nnote: text optional\nseen: timestamp\n").unwrap();
        rows(text.as_bytes(), &schema).unwrap_err().to_string()
    }

    #[test]
    fn columns_may_stand_in_any_order_and_optional_ones_may_lack() {
        let schema = Schema::parse("id: integer\nnote: text optional\n").unwrap();
        let found = rows(b"note,id\n,1\nx,2\n", &schema).unwrap();
        assert_eq!(found.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(found[0].values, [Value::Integer(1), Value::Missing]);
        assert_eq!(
            rows(b"id\n7\n", &schema).unwrap()[0].values,
            [Value::Integer(7), Value::Missing]
        );
    }

    #[test]
    fn every_wrong_cell_is_named_with_line_and_column() {
        assert_eq!(
            refused("id,seen\nx,2026-11-29T08:00Z\n1,\n2,yesterday\n3\n"),
            "line 2, column `id`: `x` is no integer such as 1250\n\
             line 3, column `seen`: the cell is empty, and the column is not optional\n\
             line 4, column `seen`: `yesterday` is no timestamp such as 2026-11-29T08:00Z or 2026-11-29T08:00:00-05:00\n\
             line 5: 1 cells, the header has 2"
        );
        let many = format!("id,seen\n{}", "x,2026-11-29T08:00Z\n".repeat(30));
        assert!(refused(&many).ends_with("\nand 10 more of the kind"));
    }

    #[test]
    fn cut_files_are_noticed() {
        assert_eq!(
            refused("id,seen\n1,2026-11-29T08:00Z\n2,20"),
            "line 3, column `seen`: `20` is no timestamp such as 2026-11-29T08:00Z or 2026-11-29T08:00:00-05:00\nline 3: the last line has no line end, so its last cell may have been cut; add one if the file is whole"
        );
        assert_eq!(
            refused("id,seen\n1,2026-11-29T08:00Z\n2"),
            "line 3: 1 cells, the header has 2; the file may have been cut here"
        );
        assert_eq!(
            refused(""),
            "the file is empty; a header line with the columns' names would be right"
        );
        assert_eq!(refused("id,seen\n"), "the file has a header and no rows");
    }

    #[test]
    fn headers_are_checked() {
        assert_eq!(
            refused("id,sen\n1,2\n"),
            "line 1, column `sen`: unknown column; the data set has id, note, seen\nline 1, column `seen`: the column is missing"
        );
        assert_eq!(
            refused("id,id\n"),
            "line 1, column `id`: the column is named twice"
        );
    }
}
