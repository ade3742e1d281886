//! What an import takes, and every way in which a file can be wrong.

use crate::world::{Line, NOW, empty, filled, lines, take, take_as, wide};
use fairway_forecast::hour::Hour;
use fairway_training::checks::Allow;
use fairway_training::dataset::{Dataset, File};
use fairway_training::describe::describe;
use fairway_training::schema::Schema;
use std::fmt::Write as _;

/// The words of a refusal; the data set must be as it was.
fn refused(dataset: &mut Dataset, text: &str) -> String {
    let before = dataset.clone();
    let words = take(dataset, text).unwrap_err().to_string();
    assert_eq!(*dataset, before, "a refused file changed something");
    words
}

fn changed(days: u16, change: impl Fn(usize, &mut Line)) -> String {
    let mut lines = lines(1, days);
    for (place, line) in lines.iter_mut().enumerate() {
        change(place, line);
    }
    wide(&lines)
}

#[test]
fn a_file_in_two_parts_gives_what_the_whole_gives() {
    let mut all = lines(1, 90);
    let whole = filled("a", 1, 90);
    let second = all.split_off(1_000);
    let mut parts = empty("a");
    assert_eq!(take(&mut parts, &wide(&all)).unwrap().added, 1_000);
    assert_eq!(
        take(&mut parts, &wide(&second)).unwrap().added,
        second.len()
    );
    assert_eq!(parts.rows(), whole.rows());
    let again = take(&mut parts, &wide(&second)).unwrap();
    assert!(again.again && again.added == 0);
}

#[test]
fn what_is_kept_reads_back_and_damage_is_noticed() {
    let dataset = filled("a", 1, 40);
    let text = dataset.text();
    let read = Dataset::read(&text).unwrap();
    assert_eq!((read.hash(), &read), (dataset.hash(), &dataset));
    let last = text.rfind(",measured").unwrap();
    let mut damaged = text.clone();
    damaged.replace_range(last - 1..last, "x");
    assert!(
        Dataset::read(&damaged)
            .unwrap_err()
            .contains("their hash is another")
    );
    assert!(
        Dataset::read("x\n")
            .unwrap_err()
            .contains("fairway dataset 1")
    );
}

#[test]
fn an_export_can_be_imported() {
    let dataset = filled("a", 1, 40);
    let mut other = empty("b");
    take(&mut other, &dataset.csv()).unwrap();
    assert_eq!(other.rows(), dataset.rows());
}

#[test]
fn every_type_goes_in_and_comes_out() {
    let schema = "id: integer\nkind: class(ac, dc)\nnote: text optional\nseen: timestamp\npowers: list(decimal(1))\nplace: fields(city: text, plugs: list(integer)) optional\n";
    let mut dataset = Dataset::new(
        "stations",
        "region x\nvalid 2020-01-01 2030-12-31\noffset 2019-12-31T00Z 0\n",
        Schema::parse(schema).unwrap(),
    )
    .unwrap();
    let text = "id,kind,note,seen,powers,place\n1,dc,\"a, b\",2026-11-29T08:00:00.000Z,\"[50.0,150.5]\",\"{\"\"city\"\":\"\"Mobile\"\",\"\"plugs\"\":[1,2]}\"\n2,ac,,2026-11-29T09:00:00.000Z,[],\n";
    take(&mut dataset, text).unwrap();
    assert_eq!(dataset.csv(), text);
    assert_eq!(Dataset::read(&dataset.text()).unwrap(), dataset);
    assert!(
        dataset
            .hours()
            .unwrap_err()
            .contains("no column with the role `load`")
    );
    let figures = describe(&dataset);
    assert_eq!((figures.rows, figures.columns[2].1.filled), (2, 1));
    assert_eq!(
        figures.columns[0].1.range,
        Some(("1".to_owned(), "2".to_owned()))
    );
}

#[test]
fn duplicated_hours_are_counted_once_or_refused() {
    let mut text = wide(&lines(1, 40));
    let last = text.lines().last().unwrap().to_owned();
    writeln!(text, "{last}").unwrap();
    let report = take(&mut empty("a"), &text).unwrap();
    assert_eq!((report.added, report.checked.repeated), (960, 1));
    let other = last.replacen(',', ",1", 1);
    writeln!(text, "{other}").unwrap();
    let words = refused(&mut empty("a"), &text);
    assert!(
        words.starts_with("line 963: the hour ")
            && words.ends_with("stands on line 961 already, with other values"),
        "{words}"
    );
}

#[test]
fn hours_that_stand_twice_where_clocks_are_put_back_are_local_ones() {
    let head = "utc_hour_ending,SYN_mw,SYN_flag\n";
    let words = refused(
        &mut empty("a"),
        &format!("{head}2019-11-03T02:00Z,9000,0\n2019-11-03T02:00Z,9100,0\n"),
    );
    assert_eq!(
        words,
        "line 3: the hour 2019-11-03T01:00Z stands on line 2 already, with other values; this is where clocks are put back, so the file's times seem to be local ones and have to be universal"
    );
}

#[test]
fn hours_that_lack_where_clocks_are_put_forward_are_local_ones() {
    // The labels of a local clock: five hours behind in winter, four in summer, and no 2:00 on 10 March.
    let mut lines = lines(1, 120);
    for line in &mut lines {
        let offset = if line.end.0 > 431_167 { -4 } else { -5 };
        line.end = line.end.plus(offset);
    }
    let words = refused(&mut empty("a"), &wide(&lines));
    assert!(
        words.starts_with("hours lack exactly where clocks are put forward"),
        "{words}"
    );
}

#[test]
fn a_correction_has_to_be_said() {
    let mut dataset = filled("a", 1, 40);
    let text = "utc_hour_ending,SYN_mw,SYN_df_mw,SYN_flag\n2019-01-05T00:00Z,9876,9999,0\n";
    let words = refused(&mut dataset, text);
    assert!(
        words.contains("the hour 2019-01-04T23:00Z is known with load ")
            && words.ends_with("; say --correct if the new one is right"),
        "{words}"
    );
    let allow = Allow {
        corrections: true,
        ..Allow::default()
    };
    let report = take_as(&mut dataset, text, allow).unwrap();
    assert_eq!((report.added, report.checked.corrected), (0, 1));
    let hours = dataset.hours().unwrap();
    assert!(hours.points.values().any(|p| p.load == Some(9_876_000)));
}

#[test]
fn readings_from_the_future_are_refused() {
    let mut dataset = empty("a");
    let (now, text) = (lines(1, 40)[100].end, wide(&lines(1, 40)));
    let file = File {
        name: "x",
        bytes: text.as_bytes(),
        authority: None,
    };
    let words = dataset
        .import(&file, now, &[], Allow::default())
        .unwrap_err()
        .to_string();
    assert!(words.starts_with("line 103: a load of 2019-01-05T10:00Z, an hour that has not ended: it is 2019-01-05T10:00:00.000Z now"), "{words}");
    assert!(words.ends_with("and 839 more of the kind"), "{words}");
    let ahead = "hour,load_kw,forecast_kw\n2027-03-01T00:00Z,,100\n";
    let words = dataset
        .import(
            &File {
                name: "x",
                bytes: ahead.as_bytes(),
                authority: None,
            },
            NOW,
            &[],
            Allow::default(),
        )
        .unwrap_err();
    assert_eq!(
        words.to_string(),
        "line 2: 2027-03-01T00:00Z is more than 240 hours ahead"
    );
}

#[test]
fn another_unit_is_noticed() {
    let too_small = changed(40, |_, line| line.load /= 1_000);
    assert_eq!(
        refused(&mut empty("a"), &too_small),
        "the forecast is a thousand times the load throughout; one of the two is in another unit (kW for MW?)"
    );
    let load_in_kw = changed(40, |_, line| line.load *= 1_000);
    assert!(
        refused(&mut empty("a"), &load_in_kw)
            .contains("kW is more than any grid draws; kilowatts given as megawatts?")
    );
    let mut dataset = filled("a", 1, 40);
    let mut later = lines(1, 80).split_off(960);
    for line in &mut later {
        line.load /= 1_000;
        line.forecast /= 1_000;
    }
    let words = refused(&mut dataset, &wide(&later));
    assert!(words.contains("the load is a thousandth of that of the data set throughout; the file is in another unit (kW for MW?)"), "{words}");
    let switched = changed(40, |place, line| {
        line.load /= if place < 700 { 1 } else { 1_000 }
    });
    assert!(
        refused(&mut empty("a"), &switched)
            .contains("another unit? Put it right, or say --spikes-are-gaps")
    );
}

#[test]
fn a_neighbour_in_another_unit_is_noted() {
    let neighbour = filled("b", 2, 40).hours().unwrap().loads();
    let small = changed(40, |_, line| {
        line.load /= 1_000;
        line.forecast /= 1_000;
    });
    let file = File {
        name: "x",
        bytes: small.as_bytes(),
        authority: None,
    };
    let report = empty("a")
        .import(&file, NOW, &[("b".to_owned(), neighbour)], Allow::default())
        .unwrap();
    assert!(
        report
            .checked
            .notes
            .iter()
            .any(|note| note.contains("those of `b` below")),
        "{:?}",
        report.checked.notes
    );
}

#[test]
fn spikes_are_named_or_become_gaps() {
    let spiked = changed(40, |place, line| {
        line.load *= if place == 500 { 100 } else { 1 }
    });
    let words = refused(&mut empty("a"), &spiked);
    assert!(
        words.starts_with("line 502: the load of 2019-01-22T01:00Z")
            && words.contains("around it")
            && words.contains("a spike?"),
        "{words}"
    );
    let mut dataset = empty("a");
    let allow = Allow {
        spikes: true,
        ..Allow::default()
    };
    let report = take_as(&mut dataset, &spiked, allow).unwrap();
    assert_eq!((report.added, report.checked.set_aside), (960, 1));
    assert_eq!(
        dataset
            .hours()
            .unwrap()
            .loads()
            .get(lines(1, 40)[500].end.plus(-1)),
        None
    );
}

#[test]
fn shifts_in_time_are_noticed() {
    let mut shifted = lines(1, 60);
    let loads: Vec<i64> = shifted.iter().map(|line| line.load).collect();
    for (line, load) in shifted.iter_mut().skip(5).zip(loads) {
        line.load = load;
    }
    let words = refused(&mut empty("a"), &wide(&shifted));
    assert_eq!(
        words,
        "the load fits its own forecast best when it is moved by -5 hours; one of the two is shifted (say --clock-is-right if not)"
    );
    let local = changed(60, |_, line| line.end = line.end.plus(-5));
    let words = refused(&mut empty("a"), &local);
    assert!(
        words
            .starts_with("on the clock of region us-eastern the load is lowest in the hour from 2"),
        "{words}"
    );
    let allow = Allow {
        clock: true,
        ..Allow::default()
    };
    take_as(&mut empty("a"), &local, allow).unwrap();
    let mut dataset = filled("a", 1, 60);
    let mut later = lines(1, 120).split_off(60 * 24 + 5);
    for line in &mut later {
        line.end = line.end.plus(-4);
    }
    let words = refused(&mut dataset, &wide(&later));
    assert!(
        words.contains("moved by +4 hours; the file is of another zone")
            || words.contains("hours lack exactly"),
        "{words}"
    );
}

#[test]
fn gaps_are_told_and_stay_gaps() {
    let mut lines = lines(1, 60);
    lines.drain(700..760);
    let mut dataset = empty("a");
    let report = take(&mut dataset, &wide(&lines)).unwrap();
    assert!(
        report.checked.notes[0]
            .starts_with("60 hours have no load, at most 60 in a row (from 2019-01-30T"),
        "{:?}",
        report.checked.notes
    );
    let figures = describe(&dataset).loads.unwrap();
    assert_eq!((figures.gaps.0, figures.hours), (60, (1_380, 1_380)));
    assert!(figures.forecast.mape().unwrap() > 0 && figures.profile.is_some());
}

#[test]
fn days_of_twenty_three_and_twenty_five_hours_are_counted() {
    let figures = describe(&filled("a", 1, 364)).loads.unwrap();
    assert_eq!((figures.odd_days, figures.gaps), ((1, 1), (0, None)));
}

#[test]
fn a_file_that_is_cut_is_refused() {
    let text = wide(&lines(1, 40));
    let cut = text.get(..text.len() - 3).unwrap();
    assert!(
        refused(&mut empty("a"), cut).contains("the last line has no line end")
            || refused(&mut empty("a"), cut).contains("the file may have been cut here")
    );
    assert!(
        refused(&mut empty("a"), text.get(..text.len() - 8).unwrap())
            .contains("the file may have been cut here")
    );
}

#[test]
fn names_are_those_of_folders() {
    for name in ["", "..", "a/b", "Ä", "-a", &"a".repeat(65)] {
        let words = Dataset::new(name, "", Schema::loads()).unwrap_err();
        assert!(words.contains("is no name of a data set"), "{words}");
    }
}

#[test]
fn the_present_hour_is_not_over() {
    let mut dataset = empty("a");
    let text = "utc_hour_ending,SYN_mw,SYN_flag\n2019-01-05T00:00Z,9876,0\n";
    let file = File {
        name: "x",
        bytes: text.as_bytes(),
        authority: None,
    };
    let end = Hour(17_901 * 24);
    assert!(
        dataset
            .import(&file, end.plus(-1), &[], Allow::default())
            .is_err()
    );
    assert!(dataset.import(&file, end, &[], Allow::default()).is_ok());
}
