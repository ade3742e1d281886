//! `fairway account`: accounts for the pages, made with the operator's token.

use super::client::{Client, Target};
use super::say;
use crate::api::Role;
use crate::node::accounts::AccountRequest;
use clap::Subcommand;
use std::path::PathBuf;

/// What is wanted of accounts.
#[derive(Debug, Subcommand)]
pub(super) enum AccountCommand {
    /// Make an account. The password is the first line of the file, or of the standard input.
    Add {
        /// Typed at the sign-in.
        name: String,
        /// What it may do.
        #[arg(long, value_enum)]
        role: Role,
        /// Shown on the pages; the name when left out.
        #[arg(long)]
        display_name: Option<String>,
        /// A driver's CIN.
        #[arg(long)]
        cin: Option<String>,
        /// File whose first line is the password.
        #[arg(long)]
        password_file: Option<PathBuf>,
        #[command(flatten)]
        target: Target,
    },
}

fn password(file: Option<&PathBuf>) -> Result<String, String> {
    let mut text = String::new();
    if let Some(path) = file {
        text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    } else {
        std::io::stdin()
            .read_line(&mut text)
            .map_err(|e| format!("the password cannot be read: {e}"))?;
    }
    let first = text.lines().next().unwrap_or_default();
    if first.is_empty() {
        return Err("the password is empty: write it on the first line".to_owned());
    }
    Ok(first.to_owned())
}

pub(super) async fn run(command: AccountCommand) -> Result<(), String> {
    let AccountCommand::Add {
        name,
        role,
        display_name,
        cin,
        password_file,
        target,
    } = command;
    let account = AccountRequest {
        display_name: display_name.unwrap_or_else(|| name.clone()),
        password: password(password_file.as_ref())?,
        name,
        role,
        cin,
    };
    Client::of(&target)?.add_account(&account).await?;
    say(&format!(
        "account {} ({}) is made",
        account.name,
        role.word()
    ));
    Ok(())
}
