//! Accounts as whoever has the operator's token keeps them: the way in when nobody can sign in, or a password is forgotten.

use super::Api;
use super::problem::Problem;
use super::who::password;
use super::who::people::Account;
use axum::http::StatusCode;
use fairway_model::Time;
use serde_json::{Value, json};

/// Most accounts in one answer.
const PAGE: usize = 200;

/// What shall be different about an account. Nothing of it is shown anywhere.
pub(crate) enum ChangeByHand {
    /// It may sign in, or not; then its sign-ins end.
    Disabled(bool),
    /// Another password; its sign-ins end.
    Password(String),
}

fn line(account: &Account) -> Value {
    json!({
        "account": account.id, "name": account.name, "display_name": account.display_name, "role": account.role.word(),
        "disabled": account.disabled, "created_at": Time(account.created_ms).rfc3339(),
        "last_login_at": account.last_login_ms.map(|at| Time(at).rfc3339()),
    })
}

impl Api {
    /// The accounts behind a name, in order of name.
    pub(crate) fn accounts_by_hand(&self, after: Option<&str>) -> Value {
        let (found, more) = self.people().list(after, PAGE);
        let data: Vec<Value> = found.iter().map(line).collect();
        json!({ "data": data, "has_more": more })
    }

    /// Changes the account with a name for whoever has the operator's token; gives it as it is then.
    ///
    /// # Errors
    /// Status and sentence of the problem.
    pub(crate) async fn change_by_hand(
        &self,
        name: &str,
        change: ChangeByHand,
    ) -> Result<Value, (StatusCode, String)> {
        let changed = self.changed(name, change).await;
        changed.map_err(|problem| (problem.status(), problem.body("", "").detail))
    }

    async fn changed(&self, name: &str, change: ChangeByHand) -> Result<Value, Problem> {
        let nobody = || Problem::not_found(format!("no account is named {name:?}"));
        let (account, _) = self.people().named(name).ok_or_else(nobody)?;
        let (people, records) = (self.people(), self.records());
        match change {
            ChangeByHand::Disabled(disabled) => {
                people.set_disabled(records, &account.id, disabled).await?;
                tracing::info!(account = account.id, disabled, "changed by hand");
            }
            ChangeByHand::Password(text) => {
                password::check("/password", &text)?;
                let hash = self.hasher().hash(text).await?;
                people
                    .set_password(records, &account.id, hash, None)
                    .await?;
                // Who forgot the old one has tried it too often.
                self.limits().succeeded(&account.name);
                tracing::info!(account = account.id, "a password was set by hand");
            }
        }
        let (after, _) = people.named(name).ok_or_else(nobody)?;
        Ok(line(&after))
    }
}
