//! Blocks as plain text, for a terminal.

use crate::block::{Align, Block, Fact, Rich, Table};

/// Between two columns.
const GAP: &str = "  ";
/// How far what belongs to a charge stands in.
const INDENT: &str = "  ";

/// A line without what a terminal does not keep apart.
fn line(out: &mut String, text: &str) {
    out.push_str(text.replace('\u{a0}', " ").trim_end());
    out.push('\n');
}

pub(crate) fn write(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Heading { level, text } => heading(&mut out, *level, text),
            Block::Text(rich) => line(&mut out, &rich.text),
            Block::Total {
                label,
                amount,
                note,
            } => line(&mut out, &format!("{label} {amount} ({note})")),
            Block::Facts { facts, .. } => facts.iter().for_each(|f| fact(&mut out, f)),
            Block::Table(table) => rows(&mut out, table),
            Block::List { numbered, items } => list(&mut out, *numbered, items),
            Block::Chart(chart) => line(&mut out, &chart.words),
        }
    }
    out
}

fn heading(out: &mut String, level: u8, text: &str) {
    if level < 4 && !out.is_empty() {
        out.push('\n');
    }
    line(out, text);
    let under = match level {
        1 => "=",
        2 => "-",
        _ => return,
    };
    line(out, &under.repeat(text.chars().count()));
}

fn fact(out: &mut String, fact: &Fact) {
    line(
        out,
        &format!("{INDENT}{:<24}{}", fact.label, fact.text.text),
    );
}

fn list(out: &mut String, numbered: bool, items: &[Vec<Rich>]) {
    for (at, item) in items.iter().enumerate() {
        let mark = if numbered {
            format!("{}.", at.saturating_add(1))
        } else {
            "-".to_owned()
        };
        for (part, rich) in item.iter().enumerate() {
            let mark = if part == 0 { mark.as_str() } else { "" };
            line(out, &format!("{INDENT}{mark:<3}{}", rich.text));
        }
    }
}

/// Widths of the columns: those of their longest text that stands in one column.
fn widths(table: &Table) -> Vec<usize> {
    let mut widths: Vec<usize> = table
        .columns
        .iter()
        .map(|c| c.head.chars().count())
        .collect();
    for row in &table.rows {
        let mut at = 0usize;
        for cell in &row.cells {
            if let Some(width) = widths.get_mut(at).filter(|_| cell.span == 1) {
                *width = (*width).max(cell.text.text.chars().count());
            }
            at = at.saturating_add(cell.span);
        }
    }
    widths
}

fn rows(out: &mut String, table: &Table) {
    let widths = widths(table);
    let head: Vec<(&str, usize)> = table.columns.iter().map(|c| (c.head.as_str(), 1)).collect();
    row(out, table, &widths, &head);
    for r in &table.rows {
        let cells: Vec<(&str, usize)> = r
            .cells
            .iter()
            .map(|c| (c.text.text.as_str(), c.span))
            .collect();
        row(out, table, &widths, &cells);
    }
}

fn row(out: &mut String, table: &Table, widths: &[usize], cells: &[(&str, usize)]) {
    let mut text = String::from(INDENT);
    let mut at = 0usize;
    for (content, span) in cells {
        let inner: usize = widths.iter().skip(at).take(*span).sum();
        let width = inner.saturating_add(GAP.len().saturating_mul(span.saturating_sub(1)));
        let right = table
            .columns
            .get(at)
            .is_some_and(|c| c.align == Align::Right);
        if at > 0 {
            text.push_str(GAP);
        }
        let padded = if right {
            format!("{content:>width$}")
        } else {
            format!("{content:<width$}")
        };
        text.push_str(&padded);
        at = at.saturating_add(*span);
    }
    line(out, &text);
}
