//! The log goes to standard error: readable on a terminal, JSON lines elsewhere when asked for.

use tracing_subscriber::EnvFilter;

/// Starts logging. `FAIRWAY_LOG` sets the level (`info`, `fairway=debug`), `FAIRWAY_LOG_FORMAT=json` the form.
pub fn start(usual: &str) {
    let filter = crate::environment::variable("FAIRWAY_LOG")
        .unwrap_or_else(|| format!("{usual},commonware=error"));
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    // Another subscriber may be set already, in tests; then it stays.
    let _ = if crate::environment::variable("FAIRWAY_LOG_FORMAT").as_deref() == Some("json") {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
}
