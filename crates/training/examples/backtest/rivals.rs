//! What a model has to beat: forecasts that need no training, and what programs of others answered. Their quantiles are those of their own errors.

use crate::options::{Options, code, name};
use crate::study::{Ground, title};
use fairway_forecast::backtest::{Issue, Mark, Published};
use fairway_forecast::baseline::seasonal;
use fairway_forecast::hour::Hour;
use fairway_forecast::series::Series;
use fairway_training::simple::quantiles_beside;
use std::collections::BTreeMap;
use std::path::Path;

/// Days before the first that counts, so that there are errors.
const WARM_UP: i64 = 40;

/// A method's name and what it would have published.
pub(crate) type Method = (String, Vec<Published>);

/// The load of the day and the week before; with the published forecast, that as it is and with its bias corrected.
pub(crate) fn simple_ones(options: &Options, ground: &Ground<'_>, forecast: bool) -> Vec<Method> {
    let inputs = &ground.member.inputs;
    let naive = |period: i64| move |m: &Mark| seasonal(&inputs.load, m.last, m.hour, period);
    let mut found = vec![
        method("naive-24", options, ground, naive(24)),
        method("naive-168", options, ground, naive(168)),
    ];
    if let (true, Some(posted)) = (forecast, &inputs.forecast) {
        found.push(method("utility", options, ground, |m| posted.get(m.hour)));
        found.push(method("utility-corrected", options, ground, |m| {
            Some(m.anchor)
        }));
    }
    found
}

/// A method out of its points.
fn method(
    name: &str,
    options: &Options,
    ground: &Ground<'_>,
    point: impl Fn(&Mark) -> Option<i64>,
) -> Method {
    let days = options.first.plus(-WARM_UP)..=options.last;
    let marks = ground.rows.marks.iter().filter(|m| days.contains(&m.day));
    let points: Vec<(Mark, i64)> = marks.filter_map(|m| Some((*m, point(m)?))).collect();
    let start = points.first().map_or(Hour(0), |(mark, _)| mark.hour);
    let end = points.last().map_or(start, |(mark, _)| mark.hour);
    let mut errors = vec![None; usize::try_from(end.since(start) + 1).unwrap_or(0)];
    for (mark, point) in &points {
        let place = usize::try_from(mark.hour.since(start)).ok();
        if let Some(slot) = place.and_then(|place| errors.get_mut(place)) {
            *slot = Some(mark.load - point);
        }
    }
    let errors = Series::new(start, errors);
    let counted = points.iter().filter(|(mark, _)| mark.day >= options.first);
    let published = counted.map(|(mark, point)| Published {
        mark: *mark,
        quantiles: quantiles_beside(*point, &errors, mark.last, mark.hour),
    });
    (name.to_owned(), published.collect())
}

/// The answers that lie in the folder; those that do not are told.
pub(crate) fn answers(
    folder: &Path,
    options: &Options,
    ground: &Ground<'_>,
    issue: Issue,
    forecast: bool,
) -> Result<Vec<Method>, String> {
    let mut found = Vec::new();
    let trees = folder.join(format!("{}.said", title(ground.member, issue, forecast)));
    match lines(&trees)? {
        Some(lines) => {
            let mut points = [BTreeMap::new(), BTreeMap::new(), BTreeMap::new()];
            for line in lines {
                let [place, own, pooled] = line.as_slice() else {
                    return Err(format!("{}: a line has three numbers", trees.display()));
                };
                let row = usize::try_from(*place).map_err(|error| error.to_string())?;
                let mark = ground
                    .rows
                    .marks
                    .get(row)
                    .ok_or("an answer without a row")?;
                let said = [*own, *pooled, (own + pooled) / 2];
                for (points, output) in points.iter_mut().zip(said) {
                    points.insert(mark.hour, mark.said(output));
                }
            }
            let names = ["lightgbm-own", "lightgbm-pooled", "lightgbm"];
            for (name, points) in names.iter().zip(&points) {
                let point = |mark: &Mark| points.get(&mark.hour).copied();
                found.push(method(name, options, ground, point));
            }
        }
        None => eprintln!("{} is not there: LightGBM is left out", trees.display()),
    }
    let smooth = folder.join(format!("{}-{}.said", code(ground.member), name(issue)));
    match lines(&smooth)? {
        Some(lines) => {
            let pair = |line: Vec<i64>| match line.as_slice() {
                [hour, load] => Ok((Hour(*hour), *load)),
                _ => Err(format!("{}: a line has two numbers", smooth.display())),
            };
            let points = lines.into_iter().map(pair);
            let points = points.collect::<Result<BTreeMap<_, _>, _>>()?;
            let point = |mark: &Mark| points.get(&mark.hour).copied();
            found.push(method("mstl", options, ground, point));
        }
        None => eprintln!("{} is not there: MSTL is left out", smooth.display()),
    }
    Ok(found)
}

fn lines(path: &Path) -> Result<Option<Vec<Vec<i64>>>, String> {
    let Ok(text) = std::fs::read_to_string(path) else {
        return Ok(None);
    };
    let number = |word: &str| {
        let whole = word.split('.').next().unwrap_or(word);
        whole
            .parse::<i64>()
            .map_err(|error| format!("{}: `{word}`: {error}", path.display()))
    };
    let line = |line: &str| line.split_whitespace().map(number).collect();
    text.lines().map(line).collect::<Result<_, _>>().map(Some)
}
