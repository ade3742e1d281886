//! What stands in a document, without where: headings, paragraphs, tables, lists, one chart.

use crate::clean::clean;

/// How heavy the letters are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Words,
    /// An id, a hash or a command: to be copied, not read.
    Code,
}

/// A text of one kind and one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rich {
    pub(crate) text: String,
    pub(crate) weight: Weight,
    pub(crate) kind: Kind,
    /// The language's tag, where it is not the document's.
    pub(crate) language: Option<&'static str>,
}

impl Rich {
    pub(crate) fn words(text: impl AsRef<str>) -> Self {
        Self {
            text: clean(text.as_ref()),
            weight: Weight::Regular,
            kind: Kind::Words,
            language: None,
        }
    }

    pub(crate) fn code(text: impl AsRef<str>) -> Self {
        Self {
            kind: Kind::Code,
            ..Self::words(text)
        }
    }

    pub(crate) fn bold(text: impl AsRef<str>) -> Self {
        Self {
            weight: Weight::Bold,
            ..Self::words(text)
        }
    }

    pub(crate) fn english(text: impl AsRef<str>) -> Self {
        Self {
            language: Some("en"),
            ..Self::words(text)
        }
    }
}

/// At which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) head: String,
    pub(crate) align: Align,
    /// Its part of the width, relative to the other columns'.
    pub(crate) width: i64,
}

/// A cell over one column or more; never empty, because readers skip empty cells and then count wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: Rich,
    pub(crate) span: usize,
}

/// A row; the first cell is its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) cells: Vec<Cell>,
    /// A sum: set apart.
    pub(crate) sum: bool,
}

impl Row {
    pub(crate) fn of<const N: usize>(cells: [String; N]) -> Self {
        Self {
            cells: cells.into_iter().map(|text| cell(text, 1)).collect(),
            sum: false,
        }
    }

    /// A label over all columns but the last, and an amount.
    pub(crate) fn label(label: impl AsRef<str>, columns: usize, amount: impl AsRef<str>) -> Self {
        Self {
            cells: vec![cell(label, columns.saturating_sub(1)), cell(amount, 1)],
            sum: false,
        }
    }

    pub(crate) fn summed(mut self) -> Self {
        self.sum = true;
        for cell in &mut self.cells {
            cell.text.weight = Weight::Bold;
        }
        self
    }
}

fn cell(text: impl AsRef<str>, span: usize) -> Cell {
    Cell {
        text: Rich::words(text),
        span,
    }
}

/// A table with a header row that is repeated on every page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// What it is about, for those who do not see it.
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

/// A label with what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    pub(crate) label: String,
    pub(crate) text: Rich,
}

impl Fact {
    pub(crate) fn new(label: String, text: Rich) -> Self {
        Self { label, text }
    }
}

/// A bar chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Chart {
    /// The same in words.
    pub(crate) words: String,
    /// Heights, from left to right.
    pub(crate) bars: Vec<u64>,
    /// Under the first and the last bar, and what the highest stands for.
    pub(crate) first: String,
    pub(crate) last: String,
    pub(crate) highest: String,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Heading {
        /// 1 for the document's title, then without gaps.
        level: u8,
        text: String,
    },
    Text(Rich),
    /// The one figure that is looked for first.
    Total {
        label: String,
        amount: String,
        note: String,
    },
    Facts {
        name: String,
        facts: Vec<Fact>,
    },
    Table(Table),
    List {
        numbered: bool,
        items: Vec<Vec<Rich>>,
    },
    Chart(Chart),
}

impl Block {
    pub(crate) fn heading(level: u8, text: impl AsRef<str>) -> Self {
        Self::Heading {
            level,
            text: clean(text.as_ref()),
        }
    }

    /// Everything that is written in it.
    pub(crate) fn texts(&self) -> Vec<&str> {
        match self {
            Self::Heading { text, .. } => vec![text],
            Self::Text(rich) => vec![&rich.text],
            Self::Total {
                label,
                amount,
                note,
            } => vec![label, amount, note],
            Self::Facts { facts, .. } => facts
                .iter()
                .flat_map(|f| [f.label.as_str(), f.text.text.as_str()])
                .collect(),
            Self::Table(table) => table
                .rows
                .iter()
                .flat_map(|r| r.cells.iter().map(|c| c.text.text.as_str()))
                .chain(table.columns.iter().map(|c| c.head.as_str()))
                .collect(),
            Self::List { items, .. } => items.iter().flatten().map(|r| r.text.as_str()).collect(),
            Self::Chart(chart) => vec![&chart.first, &chart.last, &chart.highest],
        }
    }
}
