//! `cargo xtask layers`: who may depend on whom.
//!
//! The table below is the architecture. An edge that it does not name fails the check, so a new edge
//! is a decision that somebody makes here, in the open.

use crate::manifest::{self, Dependency, Kind};
use crate::workspace::{self, Tree};

/// The prefix of our packages' names; the rest is the folder under `crates/`.
const OURS: &str = "fairway-";

/// One crate's row.
struct Row {
    name: &'static str,
    /// What the crate itself may use, among ours.
    uses: &'static [&'static str],
    /// What its tests may use besides.
    tests_use: &'static [&'static str],
    /// A core crate: no I/O, no clock, no randomness.
    core: bool,
}

const fn core(
    name: &'static str,
    uses: &'static [&'static str],
    tests_use: &'static [&'static str],
) -> Row {
    Row {
        name,
        uses,
        tests_use,
        core: true,
    }
}

/// The crates in the order a charge flows through them.
const ROWS: &[Row] = &[
    core("model", &[], &[]),
    core("messages", &["model"], &[]),
    core("protocol", &["model"], &[]),
    core("station", &["model"], &["protocol"]),
    core("gateway", &["model"], &[]),
    core("aaa", &["model"], &[]),
    core("pricing", &["model"], &["protocol"]),
    core("forecast", &["model"], &[]),
    core("training", &["model", "forecast"], &["pricing"]),
    core("ledger", &["model", "pricing", "forecast"], &[]),
    // The second opinion on the contracts: never `pricing`, whose mistakes it must not share.
    core("reference", &["model", "forecast", "ledger"], &[]),
    Row {
        name: "chain",
        uses: &["model"],
        tests_use: &[],
        core: false,
    },
    Row {
        name: "chain-sim",
        uses: &["chain"],
        tests_use: &["model", "pricing", "forecast", "ledger"],
        core: false,
    },
    core(
        "utility",
        &[
            "model", "protocol", "station", "gateway", "aaa", "pricing", "forecast", "ledger",
        ],
        // A package as it is trained goes through the contract.
        &["training"],
    ),
    core(
        "sim",
        &[
            "model", "protocol", "station", "pricing", "ledger", "utility",
        ],
        &["gateway", "aaa"],
    ),
    core("document", &["model", "messages"], &[]),
    Row {
        name: "verify",
        uses: &[],
        tests_use: &["chain"],
        core: false,
    },
    // What roaming is worth, in floats: nothing that the ledger or a utility computes may depend on it.
    Row {
        name: "economics",
        uses: &[],
        tests_use: &[],
        core: false,
    },
    // The paper's evaluation from the running composition: floats for its statistics, and nothing depends on it but the command.
    Row {
        name: "evaluation",
        uses: &[
            "model",
            "pricing",
            "forecast",
            "training",
            "sim",
            "economics",
        ],
        tests_use: &[],
        core: false,
    },
    Row {
        name: "fairway",
        uses: &[
            "model",
            "messages",
            "document",
            "protocol",
            "station",
            "gateway",
            "aaa",
            "pricing",
            "forecast",
            "training",
            "ledger",
            "chain",
            "utility",
            "sim",
            "economics",
            "evaluation",
        ],
        tests_use: &["verify"],
        core: false,
    },
];

/// Crates of others that do I/O, read a clock or draw randomness: never in a core crate.
/// An ending `*` matches every name that begins so.
const NOT_IN_CORE: &[&str] = &[
    "tokio*",
    "async-std",
    "smol",
    "mio",
    "hyper*",
    "axum*",
    "reqwest",
    "sqlx*",
    "rusqlite",
    "rand",
    "rand_core",
    "rand_chacha",
    "getrandom",
    "fastrand",
    "uuid",
    "rustls*",
    "rcgen",
    "chrono",
    "time",
    "tracing*",
    "log",
    "tempfile",
    "num_cpus",
    "rayon",
    "crossbeam*",
    "dashmap",
    "hashbrown",
    "ahash",
    "ordered-float",
    "commonware-*",
];

/// Crates that belong to one or two of ours only, with the reason.
const RESERVED: &[(&str, &[&str], &str)] = &[
    (
        "serde*",
        &["protocol", "fairway"],
        "only `protocol` and the shell know wire formats",
    ),
    (
        "rust_decimal",
        &["protocol"],
        "money is whole numbers; decimals are a matter of wire formats",
    ),
    ("ocpp-types", &["protocol"], "wire types stay in `protocol`"),
    ("ocmf", &["protocol"], "wire types stay in `protocol`"),
    (
        "commonware-*",
        &["chain", "chain-sim"],
        "no type of the consensus engine leaves `chain` and its simulator",
    ),
    (
        "hpke",
        &["utility"],
        "messages between members are encrypted in one place",
    ),
    (
        "wasmi",
        &["pricing"],
        "custom rules run in one place, so that everybody gets the same price",
    ),
    (
        "wasmparser",
        &["pricing"],
        "custom rules are checked in one place",
    ),
    (
        "fluent*",
        &["messages"],
        "texts for people come from one place",
    ),
    ("krilla", &["document"], "documents are drawn in one place"),
    ("sqlx*", &["fairway"], "only the shell stores"),
    ("axum*", &["fairway"], "only the shell listens"),
    ("utoipa*", &["fairway"], "only the shell describes an API"),
    ("argon2", &["fairway"], "only the shell signs people in"),
];

/// Checks the tree on the disk, and says what was checked.
pub(crate) fn report() -> Result<String, String> {
    let root = workspace::root();
    let mut problems = check(&Tree::load(&root)?);
    problems.extend(crate::one_build::check(&root)?);
    if problems.is_empty() {
        return Ok(format!(
            "layers: {} crates, every edge is in the table",
            ROWS.len()
        ));
    }
    Err(format!(
        "{}\nlayers: {} problems",
        problems.join("\n"),
        problems.len()
    ))
}

/// Every violation in the manifests of a tree, one line each.
pub(crate) fn check(tree: &Tree) -> Vec<String> {
    let mut problems = Vec::new();
    for file in &tree.files {
        let Some(name) = crate_of(&file.path) else {
            continue;
        };
        let Some(row) = ROWS.iter().find(|row| row.name == name) else {
            problems.push(format!(
                "{}: crate `{name}` has no row in xtask/src/layers.rs",
                file.path
            ));
            continue;
        };
        if !manifest::takes_workspace_lints(&file.text) {
            problems.push(format!(
                "{}: add `[lints]` with `workspace = true`",
                file.path
            ));
        }
        for dependency in manifest::dependencies(&file.text) {
            if let Some(problem) = judge(row, &dependency) {
                problems.push(format!("{}:{}: {problem}", file.path, dependency.line));
            }
        }
    }
    problems
}

fn crate_of(path: &str) -> Option<&str> {
    path.strip_prefix("crates/")?
        .strip_suffix("/Cargo.toml")
        .filter(|name| !name.contains('/'))
}

fn judge(row: &Row, dependency: &Dependency) -> Option<String> {
    let package = dependency.package.as_str();
    let dev = dependency.kind == Kind::Dev;
    if let Some(ours) = package.strip_prefix(OURS) {
        let allowed = row.uses.contains(&ours) || (dev && row.tests_use.contains(&ours));
        let what = if dev { "the tests of " } else { "" };
        return (!allowed).then(|| {
            format!(
                "{what}`{}` may not use `{ours}`; it may use: {}",
                row.name,
                listed(row.uses)
            )
        });
    }
    if row.core && NOT_IN_CORE.iter().any(|pattern| matches(pattern, package)) {
        return Some(format!(
            "core crate `{}` may not use `{package}`: it does I/O, or depends on clock, chance or hash order",
            row.name
        ));
    }
    if dev {
        return None;
    }
    RESERVED
        .iter()
        .find(|(pattern, owners, _)| matches(pattern, package) && !owners.contains(&row.name))
        .map(|(_, owners, reason)| {
            format!(
                "`{}` may not use `{package}`: {reason} ({})",
                row.name,
                listed(owners)
            )
        })
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() {
        "nothing of ours".to_owned()
    } else {
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINTS: &str = "[lints]\nworkspace = true\n";

    fn problems(path: &str, manifest: &str) -> Vec<String> {
        check(&Tree::planted(&[(path, &format!("{LINTS}{manifest}"))]))
    }

    #[test]
    fn an_allowed_edge_passes() {
        let found = problems(
            "crates/ledger/Cargo.toml",
            "[dependencies]\nfairway-pricing.workspace = true\n",
        );
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_planted_edge_is_found_with_its_line() {
        let found = problems(
            "crates/ledger/Cargo.toml",
            "[dependencies]\nfairway-chain.workspace = true\n",
        );
        assert_eq!(
            found,
            [
                "crates/ledger/Cargo.toml:4: `ledger` may not use `chain`; it may use: model, pricing, forecast"
            ]
        );
    }

    #[test]
    fn tests_have_a_list_of_their_own() {
        let edge = "[dev-dependencies]\nfairway-protocol.workspace = true\n";
        assert_eq!(problems("crates/pricing/Cargo.toml", edge).len(), 0);
        assert_eq!(problems("crates/model/Cargo.toml", edge).len(), 1);
        let normal = "[dependencies]\nfairway-protocol.workspace = true\n";
        assert_eq!(problems("crates/pricing/Cargo.toml", normal).len(), 1);
    }

    #[test]
    fn a_core_crate_may_not_do_io_even_in_tests() {
        for section in ["dependencies", "dev-dependencies"] {
            let found = problems(
                "crates/gateway/Cargo.toml",
                &format!("[{section}]\ntokio = \"1\"\n"),
            );
            assert_eq!(found.len(), 1, "{section}");
        }
    }

    #[test]
    fn wire_formats_and_the_engine_stay_where_they_belong() {
        assert_eq!(
            problems(
                "crates/station/Cargo.toml",
                "[dependencies]\nserde_json = \"1\"\n"
            )
            .len(),
            1
        );
        assert_eq!(
            problems(
                "crates/pricing/Cargo.toml",
                "[dev-dependencies]\nserde_json = \"1\"\n"
            )
            .len(),
            0
        );
        assert_eq!(
            problems(
                "crates/fairway/Cargo.toml",
                "[dependencies]\ncommonware-p2p = \"1\"\n"
            )
            .len(),
            1
        );
    }

    #[test]
    fn an_unknown_crate_and_missing_lints_are_named() {
        let found = check(&Tree::planted(&[
            ("crates/extra/Cargo.toml", ""),
            ("crates/model/Cargo.toml", ""),
        ]));
        assert_eq!(found.len(), 2);
    }
}
