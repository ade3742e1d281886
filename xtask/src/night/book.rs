//! The file of the counts: figures of each part, this night's and the sum over all nights.

use std::path::Path;

use crate::{figures, run};

/// Name of the file.
const FILE: &str = "night";

/// What a part came to.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) seeds: u64,
    pub(super) violations: u64,
    pub(super) transactions: u64,
    pub(super) simulated_ms: u64,
    pub(super) took_ms: u64,
}

impl Count {
    pub(super) fn add(&mut self, other: Self) {
        self.seeds += other.seeds;
        self.violations += other.violations;
        self.transactions += other.transactions;
        self.simulated_ms += other.simulated_ms;
        self.took_ms += other.took_ms;
    }

    /// The figures, each with its unit.
    fn figures(&self) -> [(&'static str, &'static str, String); 5] {
        let simulated = thousandths(self.simulated_ms / 3_600);
        [
            ("seeds", "seeds", self.seeds.to_string()),
            ("violations", "violations", self.violations.to_string()),
            (
                "transactions",
                "transactions",
                self.transactions.to_string(),
            ),
            ("simulated", "h", simulated),
            ("took", "s", thousandths(self.took_ms)),
        ]
    }
}

/// A number of thousandths as a decimal number.
pub(super) fn thousandths(number: u64) -> String {
    format!("{}.{:03}", number / 1_000, number % 1_000)
}

/// A whole or decimal number in thousandths; digits beyond are dropped.
fn in_thousandths(text: &str) -> Option<u64> {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let rest: String = rest.chars().chain("000".chars()).take(3).collect();
    let (whole, rest): (u64, u64) = (whole.parse().ok()?, rest.parse().ok()?);
    whole.checked_mul(1_000)?.checked_add(rest)
}

/// Whether a line of the figures is the one of this name.
fn is(line: &str, name: &str) -> bool {
    figures::fields(line).is_some_and(|fields| {
        fields
            .iter()
            .any(|(key, value)| key == "name" && value == name)
    })
}

/// The file of the counts, as lines.
pub(super) struct Book {
    lines: Vec<String>,
}

impl Book {
    pub(super) fn open(root: &Path) -> Self {
        let path = root.join(figures::FOLDER).join(format!("{FILE}.json"));
        Self::of(&std::fs::read_to_string(path).unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let lines = text.lines().map(|line| line.trim_end_matches(','));
        let lines = lines.filter(|line| figures::fields(line).is_some());
        Self {
            lines: lines.map(str::to_owned).collect(),
        }
    }

    /// The sums over all nights of a part.
    pub(super) fn known(&self, part: &str) -> Count {
        let total = |figure: &str| self.total(&format!("{part}/{figure}"));
        let whole = |figure: &str| total(figure) / 1_000;
        Count {
            seeds: whole("seeds"),
            violations: whole("violations"),
            transactions: whole("transactions"),
            simulated_ms: total("simulated") * 3_600,
            took_ms: total("took"),
        }
    }

    /// The sum over all nights in the line of this name, in thousandths; 0 when there is none.
    pub(super) fn total(&self, name: &str) -> u64 {
        let line = self.lines.iter().find(|line| is(line, name));
        line.and_then(|line| figures::fields(line))
            .and_then(|fields| fields.into_iter().find(|(key, _)| key == "total"))
            .and_then(|(_, value)| in_thousandths(&value))
            .unwrap_or(0)
    }

    /// Sets a line in the place of the one with its name.
    pub(super) fn put(&mut self, name: &str, line: String) {
        match self.lines.iter_mut().find(|old| is(old, name)) {
            Some(old) => *old = line,
            None => self.lines.push(line),
        }
    }

    /// Sets the figures of a part: what this night came to, and what all did.
    pub(super) fn count(&mut self, part: &str, night: &Count, all: &Count) {
        let stamp = stamp();
        for ((figure, unit, value), (_, _, total)) in night.figures().into_iter().zip(all.figures())
        {
            let name = format!("{part}/{figure}");
            let line = format!(
                "{{\"name\":\"{name}\",\"value\":{value},\"unit\":\"{unit}\",\"total\":{total},{stamp}}}"
            );
            self.put(&name, line);
        }
    }

    pub(super) fn save(&self, root: &Path) -> Result<std::path::PathBuf, String> {
        let lines: Vec<&str> = self.lines.iter().map(String::as_str).collect();
        figures::save(root, FILE, &lines)
    }
}

/// Day and commit, as fields of a line.
pub(super) fn stamp() -> String {
    let commit = run::answer("git", &["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let date = run::answer("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default();
    format!("\"date\":\"{date}\",\"commit\":\"{commit}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nights_add_up_and_parts_that_did_not_run_stay() {
        let one = Count {
            seeds: 5,
            violations: 1,
            transactions: 700,
            simulated_ms: 5_400_000,
            took_ms: 61_250,
        };
        let mut book = Book::of("[\n{\"name\":\"world/seeds\",\"value\":3,\"total\":9}\n]\n");
        book.count("model", &one, &one);
        let mut all = book.known("model");
        assert_eq!(all, one);
        all.add(one);
        book.count("model", &one, &all);
        let text = format!("[\n{}\n]\n", book.lines.join(",\n"));
        let again = Book::of(&text);
        assert_eq!(again.lines, book.lines);
        assert_eq!(again.known("model"), all);
        assert_eq!(again.known("world").seeds, 9);
        assert_eq!(again.known("chain"), Count::default());
        assert_eq!(again.total("model/simulated"), 3_000);
    }
}
