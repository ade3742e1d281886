//! `fairway forecast` as a program: a file, a search that is killed and goes on, models that travel, words for what is wrong.

use crate::stage::{folder, program};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Small enough for a test, large enough that a search takes seconds.
const SEARCH: [&str; 6] = ["--effort", "tiny", "--folds", "3", "--fold-days", "20"];

fn forecast(dir: &Path, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program());
    command
        .arg("forecast")
        .args(arguments)
        .arg("--dir")
        .arg(dir);
    let output = command.output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    (output.status.success(), text)
}

fn done(dir: &Path, arguments: &[&str]) -> String {
    let (ok, text) = forecast(dir, arguments);
    assert!(ok, "{arguments:?}: {text}");
    text
}

fn refused(dir: &Path, arguments: &[&str]) -> String {
    let (ok, text) = forecast(dir, arguments);
    assert!(!ok, "{arguments:?}: {text}");
    text
}

/// A made-up load of some days; the last hours have a forecast and no load.
fn file(path: &Path, days: &str, silent: usize) {
    let mut command = Command::new(program());
    command.args(["forecast", "sample", "--days", days, "--out"]);
    assert!(command.arg(path).output().unwrap().status.success());
    let whole = std::fs::read_to_string(path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let mut text = String::new();
    for (place, line) in lines.iter().enumerate() {
        let mut cells: Vec<&str> = line.split(',').collect();
        if place + silent >= lines.len() {
            cells[1] = "";
        }
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    std::fs::write(path, text).unwrap();
}

fn trained(dir: &Path) -> Vec<PathBuf> {
    let Ok(files) = std::fs::read_dir(dir.join("syn/jobs")) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = files
        .map(|f| f.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "model"))
        .collect();
    files.sort();
    files
}

#[test]
fn a_killed_search_goes_on_and_ends_with_the_same_bytes() {
    let home = folder("forecast");
    let (whole, cut) = (home.join("whole"), home.join("cut"));
    let csv = home.join("syn.csv");
    file(&csv, "200", 48);
    let csv = csv.to_str().unwrap();
    let start = [&["start", "syn", csv][..], &SEARCH].concat();
    let text = done(&whole, &start);
    assert!(
        text.contains("naive-168")
            && text.contains("trees-own-forecast")
            && text.contains("is the champion"),
        "{text}"
    );
    done(&cut, &["dataset", "create", "syn"]);
    done(&cut, &["dataset", "import", "syn", csv]);
    let train = [&["train", "syn"][..], &SEARCH].concat();
    let mut child = Command::new(program())
        .arg("forecast")
        .args(&train)
        .arg("--dir")
        .arg(&cut)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while trained(&cut).len() < 3 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let busy = refused(&cut, &["shadow", "syn"]);
    assert!(
        busy.contains("is being changed by another process") || busy.contains("has no model yet"),
        "{busy}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    let before = trained(&cut).len();
    let text = done(&cut, &train);
    let found: usize = text
        .lines()
        .find_map(|l| {
            l.split(" models trained, ")
                .nth(1)?
                .split(' ')
                .next()?
                .parse()
                .ok()
        })
        .unwrap();
    assert!(found >= before && found > 0, "{before} were there: {text}");
    let (a, b) = (home.join("a.model"), home.join("b.model"));
    let export = |dir: &Path, out: &Path| {
        done(
            dir,
            &["model", "export", "syn", "--out", out.to_str().unwrap()],
        )
    };
    export(&whole, &a);
    export(&cut, &b);
    assert_eq!(std::fs::read(&a).unwrap(), std::fs::read(&b).unwrap());
    lives_on(&whole, &a);
    std::fs::remove_dir_all(home).unwrap();
}

/// Board, card, prediction, a model that comes back as a challenger, rows, shadow, and the way out.
fn lives_on(dir: &Path, model: &Path) {
    let board = done(dir, &["board", "syn", "--json"]);
    let board: serde_json::Value = serde_json::from_str(&board).unwrap();
    assert_eq!(board["standings"].as_array().unwrap().len(), 7, "{board}");
    assert!(
        board["standings"][0]["mape_ppm"].as_i64().unwrap()
            < board["standings"][6]["mape_ppm"].as_i64().unwrap()
    );
    let card = done(dir, &["card", "syn"]);
    assert!(
        card.contains("by season") && card.contains("What the trees ask for"),
        "{card}"
    );
    let said = done(dir, &["predict", "syn", "--csv"]);
    assert_eq!(said.lines().count(), 25, "{said}");
    assert!(
        said.lines()
            .skip(1)
            .all(|line| line.split(',').all(|cell| !cell.is_empty())),
        "{said}"
    );
    let (model, strange) = (model.to_str().unwrap(), dir.join("strange"));
    let text = done(
        dir,
        &["model", "import", "syn", model, "--until", "2019-05-31"],
    );
    assert!(text.contains("is a challenger"), "{text}");
    assert_eq!(done(dir, &["model", "list", "syn"]).lines().count(), 2);
    let early = refused(dir, &["shadow", "syn"]);
    assert!(
        early.contains("the data end there; import newer loads first"),
        "{early}"
    );
    strange_models_are_refused(dir, &strange);
    let rows = dir.join("rows.csv");
    let text = done(
        dir,
        &[
            "model",
            "rows",
            "syn",
            "--forecast",
            "--out",
            rows.to_str().unwrap(),
        ],
    );
    assert!(text.contains("rows written to"), "{text}");
    assert!(refused(dir, &["dataset", "delete", "syn"]).contains("say --yes"));
    done(dir, &["dataset", "delete", "syn", "--yes"]);
    assert!(refused(dir, &["board", "syn"]).contains("no data set `syn`"));
}

fn strange_models_are_refused(dir: &Path, strange: &Path) {
    let import = || {
        let file = strange.to_str().unwrap();
        refused(
            dir,
            &["model", "import", "syn", file, "--until", "2019-05-31"],
        )
    };
    std::fs::write(strange, b"fairway model 1\n\xFF\xFF\xFF\xFF").unwrap();
    let words = import();
    assert!(
        words.contains("byte 16: a part of 4294967295 bytes; at most 1048576 are allowed"),
        "{words}"
    );
    std::fs::File::create(strange)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let words = import();
    assert!(
        words.contains("a file of 1073741824 bytes is no model"),
        "{words}"
    );
}

#[test]
fn files_are_taken_whole_or_not_at_all_and_data_sets_come_out_again() {
    let home = folder("forecast-files");
    let csv = home.join("syn.csv");
    file(&csv, "40", 0);
    done(&home, &["dataset", "create", "syn"]);
    let text = done(&home, &["dataset", "import", "syn", csv.to_str().unwrap()]);
    assert!(text.contains("960 rows added"), "{text}");
    let before = std::fs::read(home.join("syn/data.txt")).unwrap();
    let bad = home.join("bad.csv");
    let whole = std::fs::read_to_string(&csv).unwrap();
    std::fs::write(&bad, whole.replace(",0\n2019-01-03T", ",9\n2019-01-03T")).unwrap();
    let words = refused(&home, &["dataset", "import", "syn", bad.to_str().unwrap()]);
    assert!(
        words.contains("nothing was taken over:\nline 43, column `SYNTHETIC_flag`: `9` is no flag"),
        "{words}"
    );
    assert_eq!(std::fs::read(home.join("syn/data.txt")).unwrap(), before);
    let again = done(&home, &["dataset", "import", "syn", csv.to_str().unwrap()]);
    assert!(
        again.contains("was imported before; nothing was changed"),
        "{again}"
    );
    let described = done(&home, &["dataset", "describe", "syn"]);
    assert!(
        described.contains("own forecast over") && described.contains("mean day on the clock"),
        "{described}"
    );
    let out = home.join("out.csv");
    done(
        &home,
        &["dataset", "export", "syn", "--out", out.to_str().unwrap()],
    );
    done(&home, &["dataset", "create", "copy"]);
    done(&home, &["dataset", "import", "copy", out.to_str().unwrap()]);
    assert_eq!(
        done(&home, &["dataset", "export", "copy"]),
        done(&home, &["dataset", "export", "syn"])
    );
    assert_eq!(done(&home, &["dataset", "list"]), "copy\nsyn\n");
    let words = refused(&home, &["train", "syn", "--issue", "noon"]);
    assert!(
        words.contains("`midnight`, `ten`, or DAYS:HOUR such as 1:0 would be right"),
        "{words}"
    );
    std::fs::remove_dir_all(home).unwrap();
}
