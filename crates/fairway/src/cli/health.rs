//! `fairway healthcheck`: whether a member serves, as an exit code, for service managers and images without another client.

use super::client::Client;
use super::{Failure, say};
use crate::config::Config;
use clap::Args;
use serde_json::Value;
use std::path::PathBuf;

/// Exit code of a member that is not ready, or not reached.
pub(super) const NOT_READY: u8 = 3;

/// Which member is asked.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The member's configuration file: it tells the address. No key is read.
    #[arg(long, default_value = "fairway.toml")]
    config: PathBuf,
    /// Print the answer as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options) -> Result<(), Failure> {
    let config = Config::read(&options.config).map_err(|e| e.to_string())?;
    let client = Client::new(config.listen.operations, String::new())?;
    let not_ready = |text: String| Failure {
        text,
        code: NOT_READY,
    };
    let (ready, told) = client.ready().await.map_err(not_ready)?;
    if options.json {
        say(&told.to_string());
    }
    if ready {
        if !options.json {
            say("ready");
        }
        return Ok(());
    }
    Err(not_ready(format!("not ready: {}", sentence(&told))))
}

/// What is not in order.
fn sentence(told: &Value) -> String {
    let checks = told.get("checks").and_then(Value::as_array);
    let bad = checks.into_iter().flatten().filter_map(|check| {
        if check.get("ok") == Some(&Value::Bool(true)) {
            return None;
        }
        let text = |key: &str| check.get(key).and_then(Value::as_str).unwrap_or_default();
        Some(format!("{}: {}", text("name"), text("detail")))
    });
    let bad: Vec<String> = bad.collect();
    if bad.is_empty() {
        "it does not say why".to_owned()
    } else {
        bad.join("; ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_wrong_is_said() {
        let told = json!({ "checks": [
            { "name": "database", "ok": true, "detail": "ok" },
            { "name": "ledger", "ok": false, "detail": "starting" },
        ] });
        assert_eq!(sentence(&told), "ledger: starting");
        assert_eq!(sentence(&json!({})), "it does not say why");
    }
}
