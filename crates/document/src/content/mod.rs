//! What stands on a bill, in the reader's language: the total, a summary, every charge in full, and how to check it.

mod charge;
mod proof;
mod reasons;
mod shares;
mod summary;

use crate::block::{Block, Rich};
use crate::clean::{UNKNOWN, clean};
use crate::font::Fonts;
use crate::zone;
use fairway_messages::{Value, Words};
use fairway_model::{Bill, BillLine, MoneyError, Time};
use std::collections::BTreeSet;

/// Most characters that the note on missing ones names.
const MAX_NAMED: usize = 64;

/// Everything on the bill, in order of reading.
pub(crate) fn blocks(bill: &Bill, words: &Words) -> Result<Vec<Block>, MoneyError> {
    let mut out = summary::head(bill, words)?;
    out.extend(summary::by_network(bill, words)?);
    out.extend(summary::by_day(bill, words));
    out.extend(summary::taxes(bill, words)?);
    out.extend(summary::list(bill, words));
    out.extend(summary::credits(bill, words));
    if !bill.lines.is_empty() {
        out.push(Block::heading(2, words.say("bill-details")));
    }
    for (at, line) in bill.lines.iter().enumerate() {
        out.extend(charge::blocks(bill, line, at.saturating_add(1), words)?);
    }
    if !(bill.lines.is_empty() && bill.credits.is_empty()) {
        out.extend(proof::verify(bill, words));
    }
    Ok(out)
}

/// How far the clock at the charging point was ahead of UTC when the charge began.
fn offset(line: &BillLine, at: Time) -> i64 {
    line.place
        .as_ref()
        .and_then(|p| zone::offset(&p.time_zone, at))
        .unwrap_or(0)
}

/// The charge's day where it took place.
fn day(line: &BillLine, words: &Words) -> String {
    words.day(line.start, offset(line, line.start))
}

fn count(n: usize) -> Value<'static> {
    Value::Count(u64::try_from(n).unwrap_or(u64::MAX))
}

/// A note on the characters that none of the fonts has, when there are any.
pub(crate) fn missing(blocks: &[Block], fonts: &Fonts, words: &Words) -> Option<Block> {
    let missing: BTreeSet<char> = blocks
        .iter()
        .flat_map(Block::texts)
        .flat_map(str::chars)
        .filter(|c| !fonts.has(*c))
        .collect();
    if missing.is_empty() {
        return None;
    }
    let mut named: Vec<String> = missing
        .iter()
        .take(MAX_NAMED)
        .map(|c| format!("U+{:04X}", u32::from(*c)))
        .collect();
    if missing.len() > MAX_NAMED {
        named.push("...".to_owned());
    }
    let (sign, list) = (UNKNOWN.to_string(), named.join(", "));
    let text = words.tell(
        "bill-missing",
        &[("sign", (&sign).into()), ("list", (&list).into())],
    );
    Some(Block::Text(Rich::words(text)))
}

/// What stands at the foot of every page.
#[derive(Debug, Clone)]
pub(crate) struct Feet {
    pub(crate) left: String,
    page: String,
}

impl Feet {
    pub(crate) fn of(bill: &Bill, words: &Words) -> Self {
        let month = words.month(bill.year, bill.month);
        let left = words.tell(
            "bill-footer",
            &[
                ("utility", (&bill.utility_name).into()),
                ("month", (&month).into()),
                ("cin", (&bill.cin_grouped()).into()),
            ],
        );
        // Written once with marks in place of the numbers, which are known only at the end.
        let page = words.tell(
            "bill-page",
            &[("page", Value::Text("\0")), ("pages", Value::Text("\u{1}"))],
        );
        Self {
            left: clean(&left),
            page,
        }
    }

    /// The number of a page, counted from 1, among all.
    pub(crate) fn page(&self, page: usize, pages: usize) -> String {
        self.page
            .replace('\0', &page.to_string())
            .replace('\u{1}', &pages.to_string())
    }
}

/// What the file says about itself.
#[derive(Debug, Clone)]
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) author: String,
    pub(crate) language: &'static str,
    /// When its last charge or credit stood on the ledger: the file has the same bytes whenever it is made.
    pub(crate) made: Option<Time>,
    /// Year and month of the bill: the date of one on which nothing stands.
    pub(crate) month: (u16, u8),
}

pub(crate) fn about(bill: &Bill, words: &Words) -> About {
    let settled = bill.lines.iter().map(|l| l.settled.unwrap_or(l.end));
    About {
        title: clean(&title(bill, words)),
        author: clean(&bill.utility_name),
        language: words.language().tag(),
        made: settled.chain(bill.credits.iter().map(|c| c.at)).max(),
        month: (u16::try_from(bill.year).unwrap_or(0), bill.month),
    }
}

fn title(bill: &Bill, words: &Words) -> String {
    let month = words.month(bill.year, bill.month);
    words.tell("bill-title", &[("month", (&month).into())])
}
