//! `fairway version`, `completions`, `man`: what the program tells of itself.

use super::{Arguments, say};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use serde_json::json;
use std::path::PathBuf;

/// Which form.
#[derive(Debug, Args)]
pub(super) struct VersionOptions {
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Which shell.
#[derive(Debug, Args)]
pub(super) struct CompletionsOptions {
    /// The shell.
    #[arg(value_enum)]
    shell: Shell,
}

/// Which pages.
#[derive(Debug, Args)]
pub(super) struct ManOptions {
    /// Write a page for every command into this folder, which must exist. Without it the first page is printed.
    #[arg(long)]
    out: Option<PathBuf>,
}

pub(super) fn version(options: &VersionOptions) {
    let version = env!("CARGO_PKG_VERSION");
    say(&if options.json {
        json!({ "name": "fairway", "version": version, "api": "v1" }).to_string()
    } else {
        format!("fairway {version}")
    });
}

pub(super) fn completions(options: &CompletionsOptions) {
    let mut text = Vec::new();
    clap_complete::generate(
        options.shell,
        &mut Arguments::command(),
        "fairway",
        &mut text,
    );
    say(String::from_utf8_lossy(&text).trim_end());
}

pub(super) fn man(options: &ManOptions) -> Result<(), String> {
    let command = Arguments::command();
    let Some(folder) = &options.out else {
        let mut text = Vec::new();
        let page = clap_mangen::Man::new(command);
        page.render(&mut text).map_err(|e| e.to_string())?;
        say(String::from_utf8_lossy(&text).trim_end());
        return Ok(());
    };
    clap_mangen::generate_to(command, folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    say(&format!("pages are in {}", folder.display()));
    Ok(())
}
