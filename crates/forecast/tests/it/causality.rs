//! No row sees what is not known at issue.

use crate::world::{calendar, first, inputs, spec};
use fairway_forecast::backtest::Issue;
use fairway_forecast::hour::Hour;
use fairway_forecast::number::MISSING;
use fairway_forecast::series::Series;
use fairway_forecast::view::{Inputs, NoRow, View};

/// The same data, with loads after `last` and posted forecasts after the local day set to something else.
fn other_future(inputs: &Inputs, last: Hour, day_end: Hour) -> Inputs {
    let mut chance = fairway_forecast::number::Sequence::new(3);
    let mut changed = |series: &Series, known: Hour| {
        let values = series.iter().map(|(hour, value)| {
            if hour <= known {
                value
            } else {
                Some(i64::try_from(chance.below(30_000_000)).unwrap()).filter(|v| v % 5 != 0)
            }
        });
        Series::new(series.start(), values.collect())
    };
    Inputs {
        load: changed(&inputs.load, last),
        forecast: inputs.forecast.as_ref().map(|f| changed(f, day_end)),
        temperature: inputs.temperature.clone(),
        neighbours: inputs.neighbours.iter().map(|n| changed(n, last)).collect(),
    }
}

#[test]
fn no_row_sees_the_future() {
    let (calendar, data) = (calendar(), inputs(400));
    for issue in [Issue::MIDNIGHT, Issue::TEN_THE_DAY_BEFORE] {
        for forecast in [true, false] {
            let spec = spec(issue, forecast);
            let honest = View::new(&data, &calendar, &spec).unwrap();
            // Around both changes of the clocks, and on plain days.
            for day in [60, 68, 69, 70, 71, 150, 306, 307, 308, 309, 310, 390] {
                let day = first().plus(day);
                let last = issue.last(&calendar, day);
                let end = calendar.begin(day.plus(1)).plus(-1);
                let changed = other_future(&data, last, end);
                let other = View::new(&changed, &calendar, &spec).unwrap();
                for hour in calendar.hours(day) {
                    let row = honest.row(last, hour).unwrap();
                    assert_eq!(Ok(row), other.row(last, hour), "{day:?} {hour:?}");
                }
            }
        }
    }
}

#[test]
fn every_hour_of_every_day_is_inside_the_horizon() {
    let calendar = calendar();
    for issue in [Issue::MIDNIGHT, Issue::TEN_THE_DAY_BEFORE] {
        let mut furthest = 0;
        for day in (0..730).map(|n| first().plus(n)) {
            let last = issue.last(&calendar, day);
            for hour in calendar.hours(day) {
                let ahead = hour.since(last);
                assert!((1..=i64::from(issue.horizon())).contains(&ahead));
                furthest = furthest.max(ahead);
            }
        }
        assert_eq!(furthest, i64::from(issue.horizon()), "{issue:?}");
    }
}

#[test]
fn what_is_missing_is_said_and_never_guessed() {
    let (calendar, mut data) = (calendar(), inputs(100));
    let spec = spec(Issue::MIDNIGHT, true);
    let day = first().plus(90);
    let last = Issue::MIDNIGHT.last(&calendar, day);
    let row = |data: &Inputs, last: Hour, hour: Hour| {
        View::new(data, &calendar, &spec).unwrap().row(last, hour)
    };
    assert!(matches!(
        row(&data, last, last),
        Err(NoRow::OutOfHorizon { ahead: 0, .. })
    ));
    assert!(matches!(
        row(&data, last, last.plus(26)),
        Err(NoRow::OutOfHorizon {
            ahead: 26,
            horizon: 25
        })
    ));
    assert_eq!(row(&data, Hour(10), Hour(11)), Err(NoRow::NoCalendar));
    let early = data.load.start().plus(10);
    assert_eq!(row(&data, early, early.plus(1)), Err(NoRow::NoScale));
    let full = row(&data, last, last.plus(3)).unwrap();
    data.forecast = None;
    assert_eq!(row(&data, last, last.plus(3)), Err(NoRow::NoForecast));
    let mut gap = inputs(100);
    let values = gap
        .load
        .iter()
        .map(|(hour, v)| v.filter(|_| hour != last.plus(3 - 24)));
    gap.load = Series::new(gap.load.start(), values.collect());
    let with_gap = row(&gap, last, last.plus(3)).unwrap();
    assert!(with_gap.values.contains(&MISSING));
    assert!(
        full.values.iter().filter(|v| **v == MISSING).count()
            < with_gap.values.iter().filter(|v| **v == MISSING).count()
    );
}

#[test]
fn a_view_needs_a_calendar_that_the_specification_names() {
    let data = inputs(10);
    let central = fairway_forecast::calendar::Calendar::us_central().unwrap();
    let spec = spec(Issue::MIDNIGHT, true);
    assert!(matches!(
        View::new(&data, &central, &spec),
        Err(NoRow::OtherCalendar)
    ));
}
