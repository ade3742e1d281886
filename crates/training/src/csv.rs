//! CSV by RFC 4180, strictly and within bounds.
//!
//! A cell is plain, or quoted with doubled quotes inside. Lines end with LF or CR LF; a byte order mark at the beginning is skipped, and so are
//! blank lines. All else is refused with its line and column, because it is what cut, damaged and hostile files look like: a quote that
//! stays open, a quote inside a plain cell, a NUL, a lone carriage return, a cell without end, bytes that are no UTF-8.

use core::fmt;

/// The longest file, in bytes.
pub const MAX_FILE_BYTES: usize = 256 << 20;
/// The most rows, the header not counted.
pub const MAX_ROWS: usize = 2_000_000;
/// The most columns.
pub const MAX_COLUMNS: usize = 256;
/// The longest cell, in bytes.
pub const MAX_CELL_BYTES: usize = 16 << 10;
/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Something wrong in a file, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The line, counted from 1; 0 where the file as a whole is meant.
    pub line: usize,
    /// The column's name, or its number where the name is not known.
    pub column: Option<String>,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl Finding {
    /// About a cell.
    pub fn cell(line: usize, column: &str, what: impl Into<String>) -> Self {
        Self {
            line,
            column: Some(column.to_owned()),
            what: what.into(),
        }
    }

    /// About a line.
    pub fn line(line: usize, what: impl Into<String>) -> Self {
        Self {
            line,
            column: None,
            what: what.into(),
        }
    }

    /// About the file.
    pub fn file(what: impl Into<String>) -> Self {
        Self::line(0, what)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, &self.column) {
            (0, _) => write!(f, "{}", self.what),
            (line, None) => write!(f, "line {line}: {}", self.what),
            (line, Some(column)) => write!(f, "line {line}, column `{column}`: {}", self.what),
        }
    }
}

/// One line of cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The line on which it begins.
    pub line: usize,
    /// The cells.
    pub cells: Vec<String>,
    /// Whether a line end follows it.
    pub ended: bool,
}

/// The records of a file, one after the other. Ends after the first fault.
#[derive(Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    line: usize,
    broken: bool,
}

/// What follows a cell.
enum End {
    Comma,
    Line,
    File,
}

/// The records of a file.
///
/// # Errors
/// A file longer than [`MAX_FILE_BYTES`].
pub fn records(bytes: &[u8]) -> Result<Records<'_>, Finding> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(Finding::file(format!(
            "the file has {} bytes; at most {MAX_FILE_BYTES} are read, so give it in parts",
            bytes.len()
        )));
    }
    Ok(Records {
        rest: bytes.strip_prefix(BOM).unwrap_or(bytes),
        line: 1,
        broken: false,
    })
}

impl Iterator for Records<'_> {
    type Item = Result<Record, Finding>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.broken && !self.rest.is_empty() {
            let record = self.record();
            self.broken = record.is_err();
            let blank = |record: &Record| record.cells.iter().all(String::is_empty);
            if !matches!(&record, Ok(found) if found.cells.len() == 1 && blank(found)) {
                return Some(record);
            }
        }
        None
    }
}

impl Records<'_> {
    fn record(&mut self) -> Result<Record, Finding> {
        let line = self.line;
        let mut cells = Vec::new();
        loop {
            if cells.len() == MAX_COLUMNS {
                return Err(Finding::line(
                    line,
                    format!("more than {MAX_COLUMNS} cells"),
                ));
            }
            let place = cells.len() + 1;
            let (cell, end) = match self.rest.first() {
                Some(b'"') => self.quoted(place)?,
                _ => self.plain(place)?,
            };
            cells.push(cell);
            let ended = match end {
                End::Comma => continue,
                End::Line => {
                    self.line += 1;
                    true
                }
                End::File => false,
            };
            return Ok(Record { line, cells, ended });
        }
    }

    fn fault(&self, column: usize, what: impl Into<String>) -> Finding {
        Finding::cell(self.line, &column.to_string(), what)
    }

    fn plain(&mut self, column: usize) -> Result<(String, End), Finding> {
        let window = self.rest.iter().take(MAX_CELL_BYTES + 1);
        let stop = window
            .clone()
            .position(|byte| matches!(byte, b',' | b'\n' | b'\r' | b'"' | 0));
        let length = match stop {
            Some(length) => length,
            None if self.rest.len() <= MAX_CELL_BYTES => self.rest.len(),
            None => return Err(self.too_long(column)),
        };
        let (cell, rest) = self.rest.split_at(length);
        self.rest = rest;
        let end = self.end(column)?;
        Ok((self.text(cell, column)?, end))
    }

    fn quoted(&mut self, column: usize) -> Result<(String, End), Finding> {
        let opened = self.line;
        let mut cell = Vec::new();
        let mut bytes = self.rest.iter().enumerate().skip(1).peekable();
        let length = loop {
            match bytes.next() {
                Some((_, b'"')) if matches!(bytes.peek(), Some((_, b'"'))) => {
                    bytes.next();
                    cell.push(b'"');
                }
                Some((place, b'"')) => break place + 1,
                Some((_, 0)) => return Err(self.fault(column, NUL)),
                Some((_, byte)) => {
                    self.line += usize::from(*byte == b'\n');
                    cell.push(*byte);
                }
                None => {
                    self.line = opened;
                    return Err(self.fault(
                        column,
                        "the quote that opens here is never closed; the file may have been cut",
                    ));
                }
            }
            if cell.len() > MAX_CELL_BYTES {
                self.line = opened;
                return Err(self.too_long(column));
            }
        };
        self.rest = self.rest.get(length..).unwrap_or_default();
        let end = self.end(column)?;
        Ok((self.text(&cell, column)?, end))
    }

    /// Takes what stands behind a cell.
    fn end(&mut self, column: usize) -> Result<End, Finding> {
        let (taken, end) = match self.rest {
            [] => (0, End::File),
            [b',', ..] => (1, End::Comma),
            [b'\n', ..] => (1, End::Line),
            [b'\r', b'\n', ..] => (2, End::Line),
            [0, ..] => return Err(self.fault(column, NUL)),
            [b'\r', ..] => {
                return Err(self.fault(
                    column,
                    "a carriage return without a line feed; lines end with LF or CR LF",
                ));
            }
            [b'"', ..] => {
                return Err(self.fault(column, "a quote inside a plain cell; put the whole cell in quotes and double the quotes inside"));
            }
            [byte, ..] => {
                let shown = char::from(*byte).escape_default();
                return Err(self.fault(
                    column,
                    format!(
                        "`{shown}` follows the closing quote; a comma or a line end would be right"
                    ),
                ));
            }
        };
        self.rest = self.rest.get(taken..).unwrap_or_default();
        Ok(end)
    }

    fn too_long(&self, column: usize) -> Finding {
        self.fault(
            column,
            format!("the cell is longer than {MAX_CELL_BYTES} bytes"),
        )
    }

    fn text(&self, cell: &[u8], column: usize) -> Result<String, Finding> {
        core::str::from_utf8(cell)
            .map(str::to_owned)
            .map_err(|error| {
                self.fault(
                    column,
                    format!("byte {} of the cell is no UTF-8", error.valid_up_to() + 1),
                )
            })
    }
}

const NUL: &str = "a NUL byte; a text file has none, so this one is damaged or of another kind";

/// One line of cells, quoted where it has to be, with its line end.
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let mut out = String::new();
    for (place, cell) in cells.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &[u8]) -> Vec<Vec<String>> {
        records(text).unwrap().map(|r| r.unwrap().cells).collect()
    }

    fn refused(text: &[u8]) -> String {
        let last = records(text).unwrap().last().unwrap();
        last.unwrap_err().to_string()
    }

    #[test]
    fn sound_files_are_read_whatever_their_line_ends_and_mark() {
        let wanted = [["a", "b,\"c\"\nd"], ["1", ""]];
        for text in [
            "a,\"b,\"\"c\"\"\nd\"\n1,\n",
            "\u{FEFF}a,\"b,\"\"c\"\"\nd\"\r\n\r\n1,",
            "\na,\"b,\"\"c\"\"\nd\"\n\n1,\n\n",
        ] {
            assert_eq!(cells(text.as_bytes()), wanted, "{text:?}");
        }
        assert_eq!(cells(b""), Vec::<Vec<String>>::new());
    }

    #[test]
    fn lines_are_counted_through_quoted_cells() {
        let lines: Vec<usize> = records(b"a\n\"x\ny\"\nb\n")
            .unwrap()
            .map(|r| r.unwrap().line)
            .collect();
        assert_eq!(lines, [1, 2, 4]);
        assert!(!records(b"a\nb").unwrap().last().unwrap().unwrap().ended);
    }

    #[test]
    fn damaged_and_hostile_files_are_refused_with_their_place() {
        for (text, wanted) in [
            (
                &b"a,b\n1,\"2\n"[..],
                "line 2, column `2`: the quote that opens here is never closed; the file may have been cut",
            ),
            (
                b"a,b\n1,2\"3\n",
                "line 2, column `2`: a quote inside a plain cell; put the whole cell in quotes and double the quotes inside",
            ),
            (
                b"a,b\n\"1\"x,2\n",
                "line 2, column `1`: `x` follows the closing quote; a comma or a line end would be right",
            ),
            (
                b"a,b\n1,\0\n",
                "line 2, column `2`: a NUL byte; a text file has none, so this one is damaged or of another kind",
            ),
            (
                b"a,b\n1,\"\0\"\n",
                "line 2, column `2`: a NUL byte; a text file has none, so this one is damaged or of another kind",
            ),
            (
                b"a\rb\n",
                "line 1, column `1`: a carriage return without a line feed; lines end with LF or CR LF",
            ),
            (
                b"a\nb\xFF\n",
                "line 2, column `1`: byte 2 of the cell is no UTF-8",
            ),
        ] {
            assert_eq!(refused(text), wanted);
        }
    }

    #[test]
    fn cells_and_columns_have_bounds() {
        let long = format!("a,b\n1,{}\n", "x".repeat(1 << 20));
        assert_eq!(
            refused(long.as_bytes()),
            "line 2, column `2`: the cell is longer than 16384 bytes"
        );
        let quoted = format!("a,b\n1,\"{}\"\n", "x\n".repeat(1 << 20));
        assert_eq!(
            refused(quoted.as_bytes()),
            "line 2, column `2`: the cell is longer than 16384 bytes"
        );
        assert_eq!(
            refused(",".repeat(300).as_bytes()),
            "line 1: more than 256 cells"
        );
        let exact = "x".repeat(MAX_CELL_BYTES);
        assert_eq!(cells(exact.as_bytes()), [[exact.as_str()]]);
    }

    #[test]
    fn what_is_written_reads_back() {
        let row = ["a", "b,c", "d\"e", "f\ng", ""];
        assert_eq!(cells(line(row).as_bytes()), [row]);
    }
}
