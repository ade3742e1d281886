//! `cargo xtask conformance`: the hashes of all signed and stored bytes, in a debug or a release build. Both compare with the
//! same committed files, so both together show that no byte depends on how the program was built.

use crate::run;
use crate::workspace;

/// The crates whose tests compare bytes with `fixtures/conformance`, and how many such tests each has at least.
const CRATES: &[(&str, u64)] = &[("fairway-ledger", 1), ("fairway-chain", 1)];

/// Runs the tests named `conformance` of every crate that has such bytes.
pub(crate) fn main(arguments: &[String]) -> Result<(), String> {
    let release = match arguments {
        [] => false,
        [flag] if flag == "--release" => true,
        _ => return Err("usage: cargo xtask conformance [--release]".to_owned()),
    };
    let root = workspace::root();
    for (name, least) in CRATES {
        let mut cargo = run::cargo(&root);
        cargo.args(["test", "--locked", "--quiet", "--package", name]);
        if release {
            cargo.arg("--release");
        }
        let output = cargo
            .args(["conformance", "--", "--test-threads=1"])
            .output()
            .map_err(|e| format!("cargo: {e}"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let passed = passed(&text);
        if !output.status.success() || passed < *least {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "{text}{errors}\n{name}: {passed} conformance tests passed, at least {least} expected"
            ));
        }
        let build = if release { "release" } else { "debug" };
        println!("{name}: {passed} conformance tests hold in a {build} build");
    }
    Ok(())
}

/// How many tests passed, over all binaries of one run.
fn passed(text: &str) -> u64 {
    text.lines()
        .filter_map(|line| line.strip_prefix("test result: ok. "))
        .filter_map(|rest| rest.split(' ').next()?.parse::<u64>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_counted_over_all_binaries_and_none_is_none() {
        let text = "running 2 tests\n..\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out\n\nrunning 1 test\n.\ntest result: ok. 1 passed; 0 failed\n";
        assert_eq!(passed(text), 3);
        assert_eq!(
            passed("running 0 tests\ntest result: ok. 0 passed; 0 failed"),
            0
        );
        assert_eq!(passed("test result: FAILED. 1 passed; 1 failed"), 0);
    }
}
