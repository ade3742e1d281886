//! A utility's own part in forecasts: readings, commitment, reveal, schedule and score go by themselves, once each, through crashes; what is late or withheld
//! leaves the agreed table, at a known moment and with a reason that everybody reads.

use crate::region::*;
use crate::setup::*;
use fairway_forecast::hour::Hour;
use fairway_ledger::forecast::op::ReadingFault;
use fairway_ledger::forecast::state::{
    LoadPage, ScoreState, TableReason, key_for_load_page, key_for_score,
};
use fairway_model::time::{MINUTE, SECOND};
use fairway_utility::command::{Command, Loads, OwnStep, Reply, Standing};
use fairway_utility::{AFTER, HOME_ASKS_AFTER};

fn scores(region: &Region) -> ScoreState {
    let key = key_for_score(region.agreement.id());
    region.world.value(key).unwrap_or_default()
}

/// The last second before which a step that is due at a time must be in a block.
const SOON: i64 = AFTER + 3 * SECOND;

#[test]
fn a_day_goes_by_itself_from_readings_to_the_score() {
    let mut region = Region::new();
    let report = region.report();
    let taken = u32::try_from(HISTORY * 24).unwrap();
    assert!(report.open && report.synthetic);
    assert!(report.readings.taken >= taken, "{:?}", report.readings);
    assert_eq!(report.readings.waiting, 0);
    let day = today().plus(1);
    assert_eq!(region.own_step(day), Some(OwnStep::Committed));
    region.pass_to(today(), 10 * H + MINUTE);
    assert_eq!(region.own_step(day), Some(OwnStep::Revealed));
    assert!(region.prices(day).is_none(), "reveals are open");
    region.pass_to(today(), 11 * H + MINUTE);
    let prices = region.prices(day).unwrap();
    assert_eq!((prices.reason, prices.bps.len()), (None, 24));
    let due = region.time(today(), 11 * H);
    assert!(region.priced_at(day).since(due) <= SOON);
    let charged = region.charge_at(day, 9 * H + 5 * MINUTE);
    assert_eq!(charged.bps, prices.bps[9]);
    assert!(
        charged.says("forecast load of US*DUK"),
        "{:?}",
        charged.bill
    );
    // Scored as soon as its readings are closed, by one of the two.
    region.pass_to(day.plus(4), MINUTE);
    let scored = scores(&region);
    assert_eq!(scored.days.len(), 1);
    assert_eq!((scored.days[0].day, scored.days[0].hours), (day, 24));
    assert!(scored.days[0].loss < scored.days[0].baseline);
    // The owner of the site, who takes no part in forecasts, has a share of the charge.
    let books = &region.world.books()[&duke()];
    let owner = books
        .accounts
        .iter()
        .find(|(name, _)| name == "owner:owner-DUK");
    assert!(owner.is_some_and(|(_, amount)| amount.0 != 0), "{books:?}");
    let line = &region.view(alabama()).lines[0];
    assert_eq!(line.scored, Some(day));
    assert_eq!(line.days.len(), 5, "{line:?}");
    // Nobody else had to ask, and nobody asked twice.
    let refused = |m| {
        region
            .world
            .logs
            .iter()
            .filter(move |(by, l)| *by == m && l.text.contains("done already"))
    };
    assert_eq!(refused(duke()).count() + refused(alabama()).count(), 0);
    assert_eq!(region.world.errors(), Vec::<String>::new());
    assert_clean(&region.world);
}

/// A forecast is withheld for a day. The moment at which this is known is eleven o'clock of the day before and some seconds, thirteen hours before the
/// first price; from then on offers, screens and bills have the agreed table's prices and say why. The day after, the forecast prices again.
#[test]
fn a_withheld_forecast_falls_back_to_the_table_within_the_stated_time() {
    let mut region = Region::new();
    let (good, withheld, back) = (today().plus(1), today().plus(2), today().plus(3));
    region.pass_to(today(), 9 * H);
    region.feeding.forecasts = false;
    region.pass_to(good, 10 * H + MINUTE);
    let Some(OwnStep::Missed(why)) = region.own_step(withheld) else {
        panic!("{:?}", region.report().own)
    };
    assert!(
        why.contains("no forecast of every hour of the day"),
        "{why}"
    );
    region.pass_to(good, 11 * H + MINUTE);
    let table = region.prices(withheld).unwrap();
    assert_eq!(table.reason, Some(TableReason::NoForecast));
    let due = region.time(good, 11 * H);
    let first = region.time(withheld, 0);
    assert!(region.priced_at(withheld).since(due) <= SOON);
    assert!(first.since(region.priced_at(withheld)) > 12 * H);
    let warned = |m| {
        let words = "the agreed table prices";
        let logs = region.world.logs.iter();
        logs.filter(|(by, l)| *by == m && l.text.contains(words))
            .count()
    };
    assert!(warned(duke()) > 0 && warned(alabama()) > 0);
    // The last hour of the day before is still the forecast's; the table begins at midnight.
    let last = region.charge_at(good, 23 * H + 30 * SECOND);
    assert_eq!(last.bps, region.prices(good).unwrap().bps[23]);
    assert!(last.says("forecast load of US*DUK"));
    region.feeding.forecasts = true;
    let charged = region.charge_at(withheld, 5 * MINUTE);
    assert_eq!(charged.bps, terms().weekday_bps[0]);
    assert!(charged.says("By the agreed table"), "{:?}", charged.bill);
    assert!(
        charged.says("revealed no forecast of its own"),
        "{:?}",
        charged.screen
    );
    region.pass_to(withheld, 11 * H + MINUTE);
    assert_eq!(region.prices(back).unwrap().reason, None);
    assert_clean(&region.world);
}

#[test]
fn without_anybody_asking_no_schedule_is_made_and_the_table_prices() {
    let mut region = Region::new();
    let day = today().plus(1);
    region.pass_to(today(), 10 * H + MINUTE);
    region.world.off.extend([duke(), alabama()]);
    region.pass_to(today(), 18 * H + MINUTE);
    region.all_on();
    assert!(region.prices(day).is_none());
    let told = |words: &str| {
        region
            .world
            .logs
            .iter()
            .any(|(_, l)| l.text.contains(words))
    };
    assert!(told("no schedule of 2026-11-25 was made in time"));
    let charged = region.charge_at(day, 9 * H + MINUTE);
    assert_eq!(charged.bps, terms().weekday_bps[9]);
    assert!(
        charged.says("no schedule of this day was made"),
        "{:?}",
        charged.bill
    );
}

#[test]
fn home_asks_when_the_visited_utility_does_not_and_a_missed_reveal_is_shown() {
    let mut region = Region::new();
    let day = today().plus(1);
    region.pass_to(today(), 9 * H);
    assert_eq!(region.own_step(day), Some(OwnStep::Committed));
    region.world.off.insert(duke());
    region.sleep_until(region.time(today(), 11 * H + 10 * MINUTE));
    let prices = region.prices(day).unwrap();
    assert_eq!(prices.reason, Some(TableReason::NoForecast));
    let due = region.time(today(), 11 * H).plus(HOME_ASKS_AFTER);
    assert!(region.priced_at(day).since(due) <= SOON);
    region.all_on();
    let Some(OwnStep::Missed(why)) = region.own_step(day) else {
        panic!("{:?}", region.report().own)
    };
    assert!(why.contains("did not run between 10 and 11"), "{why}");
}

/// kill -9 at positions all over a day, before and after effects leave by turns: prices and scores are those of the calm day, and every step was taken once.
#[test]
fn a_crash_anywhere_in_the_day_changes_nothing() {
    let day = today().plus(1);
    let run = |crash: Option<(u64, bool)>| {
        let mut region = Region::new();
        let first = region.world.inputs;
        region.world.crash_at = crash.map(|(at, leave)| (first + at, leave));
        region.pass_to(day, MINUTE);
        let inputs = region.world.inputs - first;
        assert!(crash.is_none() || region.world.crashed, "{crash:?}");
        let prices = region.prices(day).unwrap();
        let taken = region.report().readings.taken;
        let step = region.own_step(day);
        assert_clean(&region.world);
        (inputs, (prices.bps, prices.reason, taken, step))
    };
    let (inputs, calm) = run(None);
    assert_eq!(calm.3, Some(OwnStep::Revealed));
    let mut crashes = 0;
    for at in (1..inputs.saturating_sub(4)).step_by(13) {
        let leave = at % 2 == 0;
        assert_eq!(run(Some((at, leave))).1, calm, "crash at {at}, {leave}");
        crashes += 1;
    }
    assert!(crashes >= 5, "{crashes} of {inputs}");
}

#[test]
fn odd_readings_are_shown_and_only_a_person_confirms_them() {
    let mut region = Region::new();
    region.pass_to(today(), 3 * H + 5 * MINUTE);
    let hour = Hour::of(region.world.now).plus(-1);
    let right = region.load(hour);
    let value = |region: &Region| {
        let page: LoadPage = region
            .world
            .value(key_for_load_page(duke(), LoadPage::of(hour)))?;
        page.known().find(|(h, _)| *h == hour).map(|(_, kw)| kw)
    };
    let odd = |region: &mut Region, kw: i64, confirm: bool| {
        let Reply::Fed(fed) = region.feed_one(hour, kw, confirm) else {
            panic!("no count")
        };
        region.world.run(5_000);
        (fed, region.report().odd.first().copied())
    };
    let (_, held) = odd(&mut region, right * 4, false);
    let (reading, standing) = held.unwrap();
    assert_eq!((reading.hour, reading.kw), (hour, right * 4));
    assert!(matches!(standing, Standing::Held { .. }), "{standing:?}");
    assert_eq!(value(&region), Some(right), "held is no value");
    let (fed, held) = odd(&mut region, right * 4, false);
    assert_eq!((fed.same, fed.changed), (1, 0));
    assert!(held.is_some(), "the same again by itself confirms nothing");
    let (fed, held) = odd(&mut region, right * 4, true);
    assert_eq!((fed.confirmed, held), (1, None));
    assert_eq!(value(&region), Some(right * 4));
    let (_, held) = odd(&mut region, right, false);
    assert_eq!((held, value(&region)), (None, Some(right)), "corrected");
    // Megawatts alone are refused together, and shown after the tries are over.
    region.feed_one(hour, right / 1_000, false);
    region.world.run(90_000);
    let (_, standing) = region.report().odd[0];
    assert_eq!(standing, Standing::Refused(None));
    assert_eq!(value(&region), Some(right));
    // An hour that is closed is not posted at all.
    let old = Hour::of(region.world.now).plus(-40 * 24);
    region.pass_to(today().plus(1), H);
    region.feed_one(old, right, false);
    region.world.run(2_000);
    let fresh = Standing::Refused(Some(ReadingFault::Late));
    assert!(region.report().odd.iter().all(|(_, s)| *s != fresh));
}

#[test]
fn who_reports_nothing_takes_no_loads() {
    let mut region = Region::new();
    let put = Command::PutLoads(Box::default());
    let refusal = region.world.command(alabama(), put).unwrap_err();
    assert!(refusal.text.contains("names no area"), "{refusal}");
    let long = Loads {
        source: "x".repeat(161),
        ..Loads::default()
    };
    let put = Command::PutLoads(Box::new(long));
    let refusal = region.world.command(duke(), put).unwrap_err();
    assert!(refusal.text.contains("at most 24000 and 160"), "{refusal}");
    assert!(region.view(alabama()).report.is_none());
}

/// The visited utility doubles its readings for three days. Prices stay inside band and step, its own forecast is scored against its author, and
/// when the forecast has no skill any more the table prices, by itself.
#[test]
fn poisoned_readings_are_bounded_and_scored_against_their_author() {
    let mut region = Region::new();
    let day = today().plus(1);
    region.pass_to(day.plus(2), H);
    region.feeding.percent = 220;
    region.pass_to(day.plus(5), H);
    region.feeding.percent = 100;
    region.pass_to(day.plus(14), H);
    let (band, step) = (region.agreement.load_band, terms().step_bps);
    let mut by_forecast = 0;
    for n in 0..14 {
        let prices = region.prices(day.plus(n)).unwrap();
        for bps in &prices.bps {
            assert!((band.min_bps..=band.max_bps).contains(bps), "{prices:?}");
        }
        let pairs = prices.bps.iter().zip(prices.bps.iter().skip(1));
        assert!(pairs.into_iter().all(|(a, b)| a.abs_diff(*b) <= step));
        by_forecast += usize::from(prices.reason.is_none());
    }
    assert!(by_forecast >= 7, "{by_forecast}");
    let scored = scores(&region);
    let lost = |n: i64| {
        let found = scored.days.iter().find(|s| s.day == day.plus(n)).unwrap();
        (found.own.unwrap(), found.loss)
    };
    assert!(lost(3).0 > 5 * lost(0).0, "{:?} {:?}", lost(3), lost(0));
    assert!(scored.days.len() >= 9);
}

/// Drift: a model that leans by a third is agreed on. After seven scored days the agreed table prices by itself, visibly to both.
#[test]
fn a_forecast_without_skill_stops_pricing_by_itself() {
    let (package, models, _) = leaning(330_000);
    let mut region = Region::with(|_| {}, &package, &models);
    let day = today().plus(1);
    region.pass_to(day.plus(12), H);
    let reasons: Vec<_> = (0..13)
        .map(|n| region.prices(day.plus(n)).unwrap().reason)
        .collect();
    assert_eq!(reasons[0], None);
    assert_eq!(reasons[12], Some(TableReason::NoSkill), "{reasons:?}");
    let line = &region.view(alabama()).lines[0];
    assert!(line.skill.unwrap() <= 0);
    assert_eq!(line.days.last().unwrap().reason, Some(TableReason::NoSkill));
}
