//! The load book: opened with a calendar, filled with readings.

use super::bounds::{HISTORY_HOURS, HISTORY_OPEN_HOURS, READING_RULES};
use super::op::{ForecastEffect, ReadingFault, ReadingVerdict};
use super::reads::posted_pages;
use super::state::{
    LoadBook, LoadPage, LoadRecord, Reading, key_for_load_book, key_for_load_page,
    key_for_load_record,
};
use super::{book, calendar};
use crate::context::{Context, Done, refuse};
use crate::receipt::Effect;
use fairway_forecast::hour::Hour;
use fairway_forecast::readings::{ReadingRefused, ReadingRules, Readings, Taken, Unit};
use fairway_model::ids::MemberId;
use fairway_model::refusal::{Refusal, RefusalCode};

/// Opens the book, or gives it another calendar: new holidays, another clock. The time from which history is counted stays.
pub(super) fn open(ctx: &mut Context<'_, '_>, bytes: &[u8]) -> Result<Done, Refusal> {
    let me = ctx.member();
    ctx.utility(me)?;
    let key = key_for_load_book(me);
    let found: Option<LoadBook> = ctx.view.get(&key)?;
    if found.as_ref().is_some_and(|found| found.calendar == bytes) {
        return refuse(
            RefusalCode::Duplicate,
            "the load book has this calendar already",
        );
    }
    let opened = found.map_or_else(|| Hour::of(ctx.now()), |found| found.opened);
    let book = LoadBook {
        calendar: bytes.to_vec(),
        opened,
    };
    let calendar = calendar(&book)?.hash();
    ctx.view.put(key, &book);
    Ok(Effect::Forecast(ForecastEffect::Opened { calendar }).into())
}

/// Takes readings one by one. It is refused as a whole only where none of them changed anything.
pub(super) fn post(ctx: &mut Context<'_, '_>, readings: &[Reading]) -> Result<Done, Refusal> {
    let me = ctx.member();
    let opened = book(ctx, me)?.opened;
    let hours = readings.iter().map(|r| r.hour);
    let first = hours.clone().min().unwrap_or_default();
    let last = hours.max().unwrap_or_default();
    let mut pages = pages(ctx, me, posted_pages(first, last))?;
    let now = Hour::of(ctx.now());
    let rules = rules(now, opened, (first, last));
    let oldest = opened.plus(-HISTORY_HOURS);
    let known = pages.iter().flat_map(LoadPage::known);
    let held = pages
        .iter()
        .flat_map(|p| &p.suspects)
        .map(|r| (r.hour, r.kw));
    let mut kept = Readings::restore(rules, oldest, known, held);
    let mut verdicts = Vec::with_capacity(readings.len());
    let mut fault = None;
    for reading in readings {
        let verdict = match kept.post(now, reading.hour, reading.kw) {
            Ok(taken) => taken_verdict(taken),
            Err(error) => {
                let verdict = refused_verdict(error);
                fault.get_or_insert(error);
                verdict
            }
        };
        verdicts.push(verdict);
    }
    if !verdicts.iter().any(|v| changes(*v)) {
        return refuse_all(fault);
    }
    write(ctx, me, &mut pages, readings, &verdicts, &kept);
    count(ctx, me, &verdicts)?;
    Ok(Effect::Forecast(ForecastEffect::Posted { verdicts }).into())
}

/// Hours before the book was opened are taken for a month, however old; others within the rule's hours.
fn rules(now: Hour, opened: Hour, (first, last): (Hour, Hour)) -> ReadingRules {
    let history = last < opened && now.since(opened) < HISTORY_OPEN_HOURS;
    let open_hours = if history {
        now.since(first)
    } else {
        READING_RULES.open_hours
    };
    ReadingRules {
        open_hours,
        ..READING_RULES
    }
}

/// A member's pages of readings. A place in the ring that holds an older page is a page without readings; one that holds a newer page says
/// that the wanted one is gone.
pub(super) fn pages(
    ctx: &Context<'_, '_>,
    member: MemberId,
    wanted: core::ops::RangeInclusive<i64>,
) -> Result<Vec<LoadPage>, Refusal> {
    let mut pages = Vec::new();
    for number in wanted {
        let found: Option<LoadPage> = ctx.view.get(&key_for_load_page(member, number))?;
        match found {
            Some(page) if page.page == number => pages.push(page),
            Some(page) if page.page > number => {}
            _ => pages.push(LoadPage::empty(number)),
        }
    }
    Ok(pages)
}

fn taken_verdict(taken: Taken) -> ReadingVerdict {
    match taken {
        Taken::New => ReadingVerdict::New,
        Taken::Repeated => ReadingVerdict::Repeated,
        Taken::Corrected { before } => ReadingVerdict::Corrected { before },
    }
}

fn refused_verdict(error: ReadingRefused) -> ReadingVerdict {
    let fault = match error {
        ReadingRefused::Suspect { usual, .. } => return ReadingVerdict::Held { usual },
        ReadingRefused::FromTheFuture { .. } => ReadingFault::Future,
        ReadingRefused::TooLate { .. } => ReadingFault::Late,
        ReadingRefused::OutOfRange { .. } => ReadingFault::Range,
        ReadingRefused::NoLoad { .. } => ReadingFault::NoLoad,
        ReadingRefused::Unit {
            seems: Unit::Watts, ..
        } => ReadingFault::Watts,
        ReadingRefused::Unit {
            seems: Unit::Megawatts,
            ..
        } => ReadingFault::Megawatts,
    };
    ReadingVerdict::Refused(fault)
}

fn changes(verdict: ReadingVerdict) -> bool {
    !matches!(
        verdict,
        ReadingVerdict::Repeated | ReadingVerdict::Refused(_)
    )
}

fn refuse_all(fault: Option<ReadingRefused>) -> Result<Done, Refusal> {
    match fault {
        Some(error) => refuse(RefusalCode::ReadingRefused, error.to_string()),
        None => refuse(
            RefusalCode::Duplicate,
            "all of these readings are there already",
        ),
    }
}

fn write(
    ctx: &mut Context<'_, '_>,
    me: MemberId,
    pages: &mut [LoadPage],
    readings: &[Reading],
    verdicts: &[ReadingVerdict],
    kept: &Readings,
) {
    for page in pages {
        let number = page.page;
        let here = |hour: Hour| LoadPage::of(hour) == number;
        let touched = readings.iter().zip(verdicts);
        let mut changed = false;
        for (reading, verdict) in touched.filter(|(r, v)| here(r.hour) && changes(**v)) {
            changed = true;
            if !matches!(verdict, ReadingVerdict::Held { .. }) {
                page.set(reading.hour, reading.kw);
            }
        }
        if changed {
            let held = kept.suspects().filter(|(hour, _)| here(*hour));
            page.suspects = held.map(|(hour, kw)| Reading { hour, kw }).collect();
            ctx.view.put(key_for_load_page(me, number), page);
        }
    }
}

fn count(
    ctx: &mut Context<'_, '_>,
    me: MemberId,
    verdicts: &[ReadingVerdict],
) -> Result<(), Refusal> {
    let key = key_for_load_record(me);
    let mut record: LoadRecord = ctx.view.get(&key)?.unwrap_or_default();
    for verdict in verdicts {
        let place = match verdict {
            ReadingVerdict::New => &mut record.hours,
            ReadingVerdict::Corrected { .. } => &mut record.corrected,
            ReadingVerdict::Held { .. } => &mut record.held,
            ReadingVerdict::Repeated | ReadingVerdict::Refused(_) => continue,
        };
        *place = place.saturating_add(1);
    }
    ctx.view.put(key, &record);
    Ok(())
}
