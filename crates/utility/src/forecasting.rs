//! This utility's part in forecasts, by itself: posts readings, commits to its own forecast and reveals it, asks for schedules and for scores.
//!
//! Every step may be repeated at will, because the contract takes each once; a step in flight has an entry of the outbox, so a restart goes on with
//! the same bytes. Nothing here believes a forecast: what a step did is read from the blocks, and a step that comes too late is noted with its reason
//! while the agreed table prices the day.
//!
//! Both parties of an agreement ask for its schedules and scores, the visited utility first, so that one of them suffices.

use crate::command_forecast::{AreaReport, ForecastView, LineView, OwnView};
use crate::door::{Level, Table};
use crate::loads::{DAY, Fed, LoadBook, Loads, MAX_FED, MAX_SOURCE, Standing, Touched, standing};
use crate::machine::Utility;
use crate::out::Out;
use crate::own::{OWN, OwnBook, OwnStep};
use crate::schedules::Book;
use fairway_forecast::calendar::Calendar;
use fairway_forecast::hour::{Day, Hour};
use fairway_ledger::forecast::op::{
    Asked, ForecastEffect, ForecastOperation, Parties, ReadingVerdict,
};
use fairway_ledger::forecast::{closes, published_by, revealed_by, scored_from};
use fairway_ledger::{Effect, Operation, Receipt, Transaction};
use fairway_model::canonical::Canonical;
use fairway_model::time::{MINUTE, SECOND};
use fairway_model::{
    Agreement, AgreementId, DecodeError, Hash, MemberId, Refusal, RefusalCode, Time,
};
use std::collections::{BTreeMap, BTreeSet};

/// How long after a step may be taken it is taken, in milliseconds: clocks differ, and a block before the time would refuse it.
pub const AFTER: i64 = 2 * SECOND;
/// How much later than the visited utility home asks for schedules and scores, in milliseconds.
pub const HOME_ASKS_AFTER: i64 = 5 * MINUTE;
/// Pause after a refused request for a schedule or a score, in milliseconds.
const PAUSE: i64 = MINUTE;
/// Most requests for one schedule, and for one score.
const MAX_TRIES: u8 = 5;
/// How often readings that were refused together are handed in again.
const MAX_POSTS: u32 = 3;
/// How long a step that came too early for a block is repeated after its time is over, in milliseconds.
const LATE: i64 = MINUTE;
/// Most readings in a view that need a person.
const MAX_ODD: usize = 100;
/// Most agreements in a view.
const MAX_LINES: usize = 1_000;
/// Most days in a view.
const MAX_SHOWN_DAYS: usize = 8;
/// Most looks at what is due in one input: a step may make another one due.
const MAX_LOOKS: usize = 4;
/// Beginning of the outbox keys of what is done here.
pub(crate) const AUTO: &str = "forecast/";

/// Tries of a request for a schedule or a score, since the start of the program.
#[derive(Debug, Clone, Copy, Default)]
struct Tries {
    number: u8,
    /// Not before.
    again: Time,
}

/// What is kept for it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Forecasting {
    pub(crate) loads: LoadBook,
    pub(crate) own: OwnBook,
    /// Where the loads come from, as it was last said.
    source: String,
    tries: BTreeMap<(AgreementId, Day, bool), Tries>,
    /// The book could not be opened; somebody has been told.
    closed: bool,
    /// Days of agreements that went without a schedule; somebody has been told.
    told: BTreeSet<(AgreementId, Day)>,
    /// Something has changed since the last look.
    stale: bool,
    /// When to look again.
    due: Option<Time>,
}

impl Forecasting {
    pub(crate) fn new() -> Self {
        Self {
            stale: true,
            ..Self::default()
        }
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Time> {
        self.due
    }

    /// Something has changed.
    pub(crate) fn touch(&mut self) {
        self.stale = true;
    }

    /// Takes back a stored row of [`Table::Loads`].
    pub(crate) fn restore(&mut self, row: &crate::door::Row) -> Result<(), DecodeError> {
        if row.key.starts_with(DAY) {
            self.loads.restore(row)
        } else if row.key.starts_with(OWN) {
            self.own.restore(row)
        } else {
            Err(DecodeError::Malformed("a load of unknown kind".to_owned()))
        }
    }

    fn soon(&mut self, at: Time) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }
}

/// An agreement whose schedules we ask for.
struct Line {
    id: AgreementId,
    agreement: Agreement,
    calendar: Calendar,
    /// How much later than possible we ask, in milliseconds.
    wait: i64,
}

impl Line {
    fn parties(&self) -> Parties {
        Parties {
            agreement: self.id,
            home: self.agreement.home,
            visited: self.agreement.visited,
        }
    }
}

fn after(hour: Hour) -> Time {
    hour.start().plus(AFTER)
}

impl Utility {
    /// Looks at what is due, if anything changed or a time has come.
    pub(crate) fn run_forecasts(&mut self, out: &mut Out) {
        for _ in 0..MAX_LOOKS {
            let due = self.forecasts.due.is_some_and(|at| at <= out.now);
            if !due && !self.forecasts.stale {
                return;
            }
            self.forecasts.stale = false;
            self.forecasts.due = None;
            self.report(out);
            self.ask_for_schedules(out);
            self.ask_for_scores(out);
        }
    }

    fn keep_touched(out: &mut Out, touched: Touched) {
        for row in touched.rows {
            out.put(row);
        }
        for key in touched.gone {
            out.delete(Table::Loads, key);
        }
    }

    /// Takes loads over that the shell has read.
    pub(crate) fn take_loads(&mut self, out: &mut Out, loads: &Loads) -> Result<Fed, Refusal> {
        if self.me.report.is_none() {
            return Err(Refusal::new(
                RefusalCode::NotAuthorized,
                "the configuration names no area whose load this utility reports; [load] with area and calendar does",
            ));
        }
        let number = loads.loads.len().saturating_add(loads.forecasts.len());
        if number > MAX_FED || loads.source.len() > MAX_SOURCE {
            return Err(Refusal::new(
                RefusalCode::TooLarge,
                format!(
                    "{number} values of a source with a name of {} bytes; at most {MAX_FED} and {MAX_SOURCE} are taken at once",
                    loads.source.len()
                ),
            ));
        }
        let (fed, touched) = self.forecasts.loads.feed(loads, out.now);
        Self::keep_touched(out, touched);
        self.forecasts.source.clone_from(&loads.source);
        self.forecasts.touch();
        Ok(fed)
    }

    /// Whether an entry of the outbox begins so: the step is in flight.
    fn in_flight(&self, step: &str) -> bool {
        self.outbox.has_prefix(&format!("{AUTO}{step}/"))
    }

    fn hand_over(&mut self, out: &mut Out, step: &str, operation: ForecastOperation) {
        // The same operation may be right twice (a reading that is confirmed); the chain takes the same bytes only once.
        let [a, b, c, d, ..] = out.draw();
        let key = format!("{AUTO}{step}/{}", hex_of([a, b, c, d]));
        self.submit(out, key, Operation::Forecast(Box::new(operation)), None, 0);
    }

    /// Our own readings and forecasts.
    fn report(&mut self, out: &mut Out) {
        let Some(calendar) = self
            .me
            .report
            .as_ref()
            .map(|report| report.calendar.clone())
        else {
            return;
        };
        let me = self.me.id;
        let book = self.registry.schedules.book(me).cloned();
        let Some(book) = book.filter(|book| book.calendar == calendar) else {
            return self.open_book(out, &calendar);
        };
        self.post_readings(out, &book);
        self.commit_and_reveal(out, &calendar);
    }

    fn open_book(&mut self, out: &mut Out, calendar: &Calendar) {
        if self.forecasts.closed || self.in_flight("open") {
            return;
        }
        let calendar = calendar.to_bytes();
        self.hand_over(out, "open", ForecastOperation::Open { calendar });
    }

    fn post_readings(&mut self, out: &mut Out, book: &Book) {
        if self.in_flight("post") {
            return;
        }
        let now = out.now.plus(AFTER.saturating_neg());
        let (readings, late, touched) = self.forecasts.loads.due(now, book.opened);
        Self::keep_touched(out, touched);
        if late > 0 {
            let text = format!(
                "{late} readings were fed after their hours were closed; the ledger goes without them"
            );
            out.log(Level::Warn, None, text);
        }
        if readings.is_empty() {
            if let Some(at) = self.forecasts.loads.next_due() {
                self.forecasts.soon(at.plus(AFTER));
            }
            return;
        }
        self.hand_over(out, "post", ForecastOperation::Post { readings });
    }

    fn commit_and_reveal(&mut self, out: &mut Out, calendar: &Calendar) {
        let tomorrow = calendar.local(Hour::of(out.now)).day.plus(1);
        // The day whose reveal is next, or whose reveal was last.
        self.reveal(out, calendar, tomorrow);
        let open = |day: Day| out.now < closes(calendar, day).start();
        let next = if open(tomorrow) {
            tomorrow
        } else {
            tomorrow.plus(1)
        };
        self.commit(out, calendar, next);
        self.forecasts.soon(after(closes(calendar, next)));
    }

    fn commit(&mut self, out: &mut Out, calendar: &Calendar, day: Day) {
        let Some(values) = self.forecasts.loads.own(calendar, day) else {
            return;
        };
        let salt = Hash(out.draw()).short();
        let me = self.me.id;
        let planned = self.forecasts.own.plan(me, (day, values), salt, out.now);
        if let Some((commitment, row)) = planned {
            out.put(row);
            let step = format!("commit/{}", day.0);
            self.hand_over(out, &step, ForecastOperation::Commit { day, commitment });
        }
    }

    fn reveal(&mut self, out: &mut Out, calendar: &Calendar, day: Day) {
        let (from, until) = (
            after(closes(calendar, day)),
            revealed_by(calendar, day).start(),
        );
        if out.now < from {
            return;
        }
        let plan = self.forecasts.own.get(day).cloned();
        match plan.as_ref().map(|plan| &plan.step) {
            None => {
                let why = format!(
                    "no forecast of every hour of the day was fed until {}",
                    closes(calendar, day).start()
                );
                self.own_missed(out, day, why);
            }
            Some(OwnStep::Committed) if out.now < until => {
                if let Some(plan) = plan {
                    self.own_step(out, day, OwnStep::Revealing);
                    let step = format!("reveal/{}", day.0);
                    self.hand_over(out, &step, ForecastOperation::Reveal(plan.reveal));
                }
            }
            Some(OwnStep::Committing) if out.now >= until => {
                let why = "the commitment was not on the ledger in time".to_owned();
                self.own_missed(out, day, why);
            }
            Some(OwnStep::Committed) => {
                let why = format!(
                    "the program did not run between 10 and 11 o'clock; reveals were open until {until}"
                );
                self.own_missed(out, day, why);
            }
            _ => {}
        }
        if out.now < until {
            self.forecasts.soon(until);
        }
    }

    fn own_step(&mut self, out: &mut Out, day: Day, step: OwnStep) {
        if let Some(row) = self.forecasts.own.step(day, step, out.now) {
            out.put(row);
        }
        self.forecasts.touch();
    }

    fn own_missed(&mut self, out: &mut Out, day: Day, why: String) {
        let text = format!(
            "own forecast of {}: {why}; the spare package or the agreed table prices the day",
            date(day)
        );
        out.log(Level::Warn, None, text);
        self.own_step(out, day, OwnStep::Missed(why));
    }

    /// Agreements that follow the forecast and have us as a party.
    fn lines(&self, wanted: impl Fn(&Utility, &Line) -> bool) -> Vec<Line> {
        let me = self.me.id;
        let all = self.registry.agreements.iter();
        let ours = all.filter(|(_, record)| {
            let agreement = &record.agreement;
            let party = agreement.home == me || agreement.visited == me;
            party && agreement.forecast.is_some() && record.countersigned.is_some()
        });
        let line = ours.filter_map(|(id, record)| {
            let agreement = record.agreement.clone();
            let book = self.registry.schedules.book(agreement.visited)?;
            let wait = if agreement.visited == me {
                AFTER
            } else {
                HOME_ASKS_AFTER
            };
            Some(Line {
                id: *id,
                agreement,
                calendar: book.calendar.clone(),
                wait,
            })
        });
        line.filter(|line| wanted(self, line)).collect()
    }

    /// Lines that price charges when a day begins.
    fn priced_lines(&self, now: Time) -> Vec<(Line, Day)> {
        let tomorrow = |line: &Line| line.calendar.local(Hour::of(now)).day.plus(1);
        let lines = self.lines(|utility, line| {
            let (home, visited) = (line.agreement.home, line.agreement.visited);
            let begin = line.calendar.begin(tomorrow(line)).start();
            let newest = utility.registry.in_force(home, visited, begin);
            newest.is_some_and(|(id, _)| id == line.id)
        });
        lines
            .into_iter()
            .map(|line| {
                let day = tomorrow(&line);
                (line, day)
            })
            .collect()
    }

    fn ask_for_schedules(&mut self, out: &mut Out) {
        for (line, day) in self.priced_lines(out.now) {
            self.ask_for_schedule(out, &line, day);
        }
    }

    fn ask_for_schedule(&mut self, out: &mut Out, line: &Line, day: Day) {
        let Some(terms) = &line.agreement.forecast else {
            return;
        };
        let from = revealed_by(&line.calendar, day).start().plus(line.wait);
        let until = published_by(terms, &line.calendar, day);
        let known = self.registry.schedules.prices(line.id, day).is_some();
        let next = revealed_by(&line.calendar, day.plus(1)).start();
        if out.now < from {
            return self.forecasts.soon(from);
        }
        self.forecasts.soon(next.plus(line.wait));
        if known {
            return;
        }
        if out.now >= until {
            return self.tell_no_schedule(out, line, day);
        }
        self.forecasts.soon(until);
        let step = format!("publish/{}/{}", line.id, day.0);
        if self.in_flight(&step) || !self.may_try(out.now, (line.id, day, true)) {
            return;
        }
        let height = self.marks.height.saturating_add(1);
        let package = self
            .registry
            .lines
            .claim(line.id, &line.agreement, (day, height));
        let asked = Asked {
            parties: line.parties(),
            day,
            package,
        };
        self.hand_over(out, &step, ForecastOperation::Publish(asked));
    }

    fn tell_no_schedule(&mut self, out: &mut Out, line: &Line, day: Day) {
        let (told, oldest) = (&mut self.forecasts.told, day.plus(-2));
        told.retain(|(_, day)| *day >= oldest);
        if told.insert((line.id, day)) {
            let text = format!(
                "{}: no schedule of {} was made in time; the agreed table prices the day",
                line.id,
                date(day)
            );
            out.log(Level::Warn, None, text);
        }
    }

    fn ask_for_scores(&mut self, out: &mut Out) {
        for line in self.lines(|_, _| true) {
            self.ask_for_score(out, &line);
        }
    }

    /// The first day that is not scored yet; days are scored in their order.
    fn ask_for_score(&mut self, out: &mut Out, line: &Line) {
        let Some(day) = self.day_to_score(line.id) else {
            return;
        };
        let from = scored_from(&line.calendar, day).plus(line.wait);
        if out.now < from {
            return self.forecasts.soon(from);
        }
        let step = format!("score/{}", line.id);
        if self.in_flight(&step) || !self.may_try(out.now, (line.id, day, false)) {
            return;
        }
        let stake = line
            .agreement
            .forecast
            .as_ref()
            .and_then(|terms| terms.stake);
        let operation = ForecastOperation::Score {
            parties: line.parties(),
            day,
            currency: stake.map(|_| line.agreement.currency),
        };
        self.hand_over(out, &step, operation);
    }

    /// The first day that was forecast and is not scored. One that was given up does not hold the later ones back.
    fn day_to_score(&self, id: AgreementId) -> Option<Day> {
        let last = self.registry.lines.scored(id).map(|scored| scored.day);
        let days = self.registry.schedules.days(id).into_iter();
        let forecast = days.filter(|prices| !prices.bps.is_empty()).map(|p| p.day);
        let given_up = |day: Day| {
            let tries = self.forecasts.tries.get(&(id, day, false));
            tries.is_some_and(|tries| tries.number >= MAX_TRIES)
        };
        let mut open = forecast.filter(|day| last.is_none_or(|last| *day > last));
        open.find(|day| !given_up(*day))
    }

    /// Counts a try of a request; false while it has to wait, or was tried often enough.
    fn may_try(&mut self, now: Time, of: (AgreementId, Day, bool)) -> bool {
        let oldest = of.1.plus(-32);
        self.forecasts.tries.retain(|(_, day, _), _| *day >= oldest);
        let tries = self.forecasts.tries.entry(of).or_default();
        if tries.number >= MAX_TRIES {
            return false;
        }
        if now < tries.again {
            let again = tries.again;
            self.forecasts.soon(again);
            return false;
        }
        tries.number = tries.number.saturating_add(1);
        tries.again = now.plus(PAUSE);
        true
    }

    /// What the ledger took of forecasts, whoever handed it in.
    pub(crate) fn on_forecast(&mut self, out: &mut Out, tx: &Transaction, receipt: &Receipt) {
        self.forecasts.touch();
        let (Operation::Forecast(operation), Some(Effect::Forecast(effect))) =
            (&tx.operation, receipt.effect())
        else {
            return;
        };
        if let ForecastEffect::Published { agreement, .. } = effect {
            self.tell_published(out, *agreement, effect);
        }
        if tx.member != self.me.id || self.me.report.is_none() {
            return;
        }
        match (&**operation, effect) {
            (ForecastOperation::Post { readings }, ForecastEffect::Posted { verdicts }) => {
                let of = |place: usize| {
                    verdicts
                        .get(place)
                        .map_or(Standing::Waits, |v| standing(*v))
                };
                let touched = self.forecasts.loads.judged(readings, of, out.now);
                Self::keep_touched(out, touched);
                Self::tell_held(out, verdicts);
            }
            (ForecastOperation::Commit { day, commitment }, ForecastEffect::Committed { .. }) => {
                self.on_committed(out, *day, commitment);
            }
            (_, ForecastEffect::Revealed { day }) => self.own_step(out, *day, OwnStep::Revealed),
            _ => {}
        }
    }

    fn tell_published(&mut self, out: &mut Out, agreement: AgreementId, effect: &ForecastEffect) {
        let ours = self
            .registry
            .agreement(agreement)
            .is_some_and(|terms| [terms.home, terms.visited].contains(&self.me.id));
        let (true, ForecastEffect::Published { prices, .. }) = (ours, effect) else {
            return;
        };
        let day = date(prices.day);
        let (level, text) = match prices.reason {
            None => (
                Level::Info,
                format!("{agreement}: the forecast prices {day}"),
            ),
            Some(why) => (
                Level::Warn,
                format!(
                    "{agreement}: the agreed table prices {day}: {}",
                    why.words()
                ),
            ),
        };
        out.log(level, None, text);
    }

    fn tell_held(out: &mut Out, verdicts: &[ReadingVerdict]) {
        let odd = verdicts.iter().map(|verdict| standing(*verdict));
        let number = odd
            .filter(|s| matches!(s, Standing::Held { .. } | Standing::Refused(_)))
            .count();
        if number > 0 {
            let text = format!(
                "the ledger held or refused {number} readings; `fairway ledger forecast show` names them, and `fairway load post --confirm` posts held ones again"
            );
            out.log(Level::Warn, None, text);
        }
    }

    fn on_committed(&mut self, out: &mut Out, day: Day, commitment: &Hash) {
        let me = self.me.id;
        let Some(plan) = self.forecasts.own.get(day) else {
            return;
        };
        if plan.reveal.values.is_empty() {
            return;
        }
        if plan.reveal.commitment(me) == *commitment {
            return self.own_step(out, day, OwnStep::Committed);
        }
        let why = "another commitment was handed in beside this program, which opens it".to_owned();
        self.own_missed(out, day, why);
    }

    /// The contract refused a step of ours. What is to be tried again stays in the outbox.
    pub(crate) fn on_forecast_refused(
        &mut self,
        out: &mut Out,
        key: &str,
        operation: &ForecastOperation,
        refusal: &Refusal,
    ) {
        self.forecasts.touch();
        if matches!(
            refusal.code,
            RefusalCode::Busy | RefusalCode::LedgerStalled | RefusalCode::TimeInvalid
        ) {
            let text = format!("the ledger refused for now: {refusal}");
            return out.log(Level::Warn, None, text);
        }
        if refusal.code == RefusalCode::NotDue && !self.step_is_over(out.now, operation) {
            return out.log(Level::Info, None, format!("not yet: {refusal}"));
        }
        if refusal.code == RefusalCode::ReadingRefused && self.outbox.refusals(key) < MAX_POSTS {
            return out.log(Level::Info, None, format!("readings: {refusal}"));
        }
        self.answered(out, key);
        self.step_refused(out, operation, refusal);
    }

    /// Whether the time of a step has passed by our own clock, so that the ledger's "not now" is final.
    fn step_is_over(&self, now: Time, operation: &ForecastOperation) -> bool {
        let own = self.me.report.as_ref().map(|report| &report.calendar);
        let visited = |id: MemberId| self.registry.schedules.book(id).map(|book| &book.calendar);
        let until = match operation {
            ForecastOperation::Commit { day, .. } => own.map(|c| closes(c, *day).start()),
            ForecastOperation::Reveal(reveal) => own.map(|c| revealed_by(c, reveal.day).start()),
            ForecastOperation::Publish(asked) => {
                let terms = self.registry.agreement(asked.parties.agreement);
                let calendar = visited(asked.parties.visited);
                terms
                    .and_then(|terms| terms.forecast.as_ref())
                    .zip(calendar)
                    .map(|(terms, c)| published_by(terms, c, asked.day))
            }
            ForecastOperation::Score { parties, day, .. } => visited(parties.visited)
                .map(|c| scored_from(c, *day).plus(HOME_ASKS_AFTER).plus(LATE)),
            _ => None,
        };
        until.is_none_or(|until| now >= until)
    }

    fn step_refused(&mut self, out: &mut Out, operation: &ForecastOperation, refusal: &Refusal) {
        let done = refusal.code == RefusalCode::Duplicate;
        if done {
            out.log(Level::Info, None, format!("done already: {refusal}"));
        } else {
            out.log(Level::Error, None, format!("forecast: {refusal}"));
        }
        match operation {
            ForecastOperation::Open { .. } => self.forecasts.closed = true,
            ForecastOperation::Post { readings } => {
                let end = if done {
                    Standing::Taken
                } else {
                    Standing::Refused(None)
                };
                let touched = self.forecasts.loads.judged(readings, |_| end, out.now);
                Self::keep_touched(out, touched);
            }
            ForecastOperation::Commit { day, .. } if done => {
                self.own_step(out, *day, OwnStep::Committed);
            }
            ForecastOperation::Reveal(reveal) if done => {
                self.own_step(out, reveal.day, OwnStep::Revealed);
            }
            ForecastOperation::Commit { day, .. } => {
                self.own_missed(out, *day, refusal.text.clone());
            }
            ForecastOperation::Reveal(reveal) => {
                self.own_missed(out, reveal.day, refusal.text.clone());
            }
            _ => {}
        }
    }

    /// How this utility's part in forecasts stands.
    pub(crate) fn forecast_view(&self, now: Time) -> ForecastView {
        let report = self.me.report.as_ref().map(|report| {
            let (readings, odd) = self.forecasts.loads.counts(MAX_ODD);
            let me = self.me.id;
            AreaReport {
                area: report.area.clone(),
                region: report.calendar.region().to_owned(),
                synthetic: report.synthetic,
                source: self.forecasts.source.clone(),
                open: self.registry.schedules.book(me).is_some(),
                readings,
                odd,
                own: self.own_views(),
            }
        });
        let lines = self.priced_lines(now).into_iter().take(MAX_LINES);
        ForecastView {
            report,
            lines: lines
                .map(|(line, day)| self.line_view(&line, day, now))
                .collect(),
        }
    }

    fn own_views(&self) -> Vec<OwnView> {
        let all = self.forecasts.own.iter();
        all.map(|plan| OwnView {
            day: plan.reveal.day,
            step: plan.step.clone(),
            at: plan.at,
        })
        .collect()
    }

    fn line_view(&self, line: &Line, tomorrow: Day, now: Time) -> LineView {
        let height = self.marks.height;
        let pack = self.registry.lines.pack(line.id, &line.agreement, height);
        let scored = self.registry.lines.scored(line.id);
        let terms = line.agreement.forecast.as_ref();
        let until = terms.map(|terms| published_by(terms, &line.calendar, tomorrow));
        let mut days: Vec<_> = self.registry.schedules.days(line.id);
        let skip = days.len().saturating_sub(MAX_SHOWN_DAYS);
        LineView {
            agreement: line.id,
            home: line.agreement.home,
            visited: line.agreement.visited,
            pack,
            tomorrow,
            from: revealed_by(&line.calendar, tomorrow).start(),
            until: until.unwrap_or(now),
            days: days.drain(..).skip(skip).cloned().collect(),
            scored: scored.map(|scored| scored.day),
            skill: scored.and_then(|scored| scored.skill),
            claim: self.registry.lines.claim(
                line.id,
                &line.agreement,
                (tomorrow, height.saturating_add(1)),
            ),
        }
    }
}

fn hex_of(bytes: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(bytes))
}

/// A day as a date.
fn date(day: Day) -> String {
    let (year, month, day) = fairway_forecast::hour::date_of(day);
    format!("{year:04}-{month:02}-{day:02}")
}
