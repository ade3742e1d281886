//! `fairway account`: accounts for the pages, kept with the operator's token.

use super::client::{Client, Target};
use super::say;
use crate::api::Role;
use crate::node::accounts::{AccountChangeRequest, AccountRequest};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
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
    /// List the accounts, in order of name.
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Let an account sign in no more; its sign-ins end at once.
    Disable(Named),
    /// Let a disabled account sign in again.
    Enable(Named),
    /// Set a forgotten password anew; the account's sign-ins end at once. The password is the first line of the file, or of the standard input.
    Password {
        #[command(flatten)]
        named: Named,
        /// File whose first line is the password.
        #[arg(long)]
        password_file: Option<PathBuf>,
    },
}

/// Which account.
#[derive(Debug, Args)]
pub(super) struct Named {
    /// What is typed at the sign-in.
    name: String,
    #[command(flatten)]
    target: Target,
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
    match command {
        AccountCommand::Add {
            name,
            role,
            display_name,
            cin,
            password_file,
            target,
        } => {
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
        AccountCommand::List { target } => list(&target).await,
        AccountCommand::Disable(named) => set_disabled(named, true).await,
        AccountCommand::Enable(named) => set_disabled(named, false).await,
        AccountCommand::Password {
            named,
            password_file,
        } => {
            let change = AccountChangeRequest {
                name: named.name,
                disabled: None,
                password: Some(password(password_file.as_ref())?),
            };
            let what = "has a new password; its sign-ins are over";
            changed(&named.target, &change, what).await
        }
    }
}

async fn set_disabled(named: Named, disabled: bool) -> Result<(), String> {
    let change = AccountChangeRequest {
        name: named.name,
        disabled: Some(disabled),
        password: None,
    };
    let what = if disabled {
        "is disabled; its sign-ins are over"
    } else {
        "may sign in"
    };
    changed(&named.target, &change, what).await
}

async fn changed(target: &Target, change: &AccountChangeRequest, what: &str) -> Result<(), String> {
    let account = Client::of(target)?.change_account(change).await?;
    say(&if target.json {
        account.to_string()
    } else {
        format!("account {} {what}", text(&account, "name"))
    });
    Ok(())
}

async fn list(target: &Target) -> Result<(), String> {
    let client = Client::of(target)?;
    let mut all: Vec<Value> = Vec::new();
    loop {
        let after = all.last().map(|last| text(last, "name").to_owned());
        let page = client.accounts(after.as_deref()).await?;
        let rows = page.get("data").and_then(Value::as_array);
        let before = all.len();
        all.extend(rows.into_iter().flatten().cloned());
        let more = page.get("has_more") == Some(&Value::Bool(true));
        // A page without rows would be asked for for ever.
        if !more || all.len() == before {
            break;
        }
    }
    if target.json {
        say(&json!({ "data": all }).to_string());
        return Ok(());
    }
    for account in &all {
        say(&line(account));
    }
    Ok(())
}

fn text<'a>(account: &'a Value, key: &str) -> &'a str {
    account.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn line(account: &Value) -> String {
    let seen = account.get("last_login_at").and_then(Value::as_str);
    let seen = seen.map_or_else(
        || "never signed in".to_owned(),
        |at| format!("last signed in {at}"),
    );
    let disabled = if account.get("disabled") == Some(&Value::Bool(true)) {
        ", disabled"
    } else {
        ""
    };
    format!(
        "{}  {}  {}; {seen}{disabled}",
        text(account, "name"),
        text(account, "role"),
        text(account, "display_name")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_one_line() {
        let account = json!({ "name": "ada", "role": "operator", "display_name": "Ada", "disabled": true, "last_login_at": null });
        assert_eq!(
            line(&account),
            "ada  operator  Ada; never signed in, disabled"
        );
    }
}
