//! Accounts and sign-ins. Both are in memory and in the member's database; what changes is stored before it counts.
//!
//! A cookie holds 32 random bytes; the database has their SHA-256 only, so a stolen database signs nobody in.

use super::Role;
use crate::api::problem::Problem;
use crate::api::records::Records;
use crate::environment;
use crate::store::records::Kind;
use axum::http::StatusCode;
use fairway_model::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::watch;

/// Most accounts.
const MAX_ACCOUNTS: usize = 100_000;
/// Most sign-ins at a time; the one that ends first makes room.
const MAX_SESSIONS: usize = 20_000;
/// How long a sign-in lasts, in milliseconds.
pub(crate) const LASTS: i64 = 12 * 3_600_000;
/// How long the link for the first account can be used, in milliseconds.
const SETUP_LASTS: i64 = 24 * 3_600_000;
/// Longest name of an account.
const MAX_NAME: usize = 64;
/// Longest name that is shown, in characters.
const MAX_SHOWN: usize = 100;

/// Who may sign in. Times are of the wall clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// `acc_` and 32 hexadecimal digits.
    pub(crate) id: String,
    /// What is typed at the sign-in.
    pub(crate) name: String,
    /// What is shown.
    pub(crate) display_name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// A driver's customer key.
    pub(crate) customer: Option<String>,
    /// PHC form.
    password: String,
    /// May not sign in.
    pub(crate) disabled: bool,
    /// Milliseconds since 1970.
    pub(crate) created_ms: i64,
    /// Milliseconds since 1970.
    pub(crate) last_login_ms: Option<i64>,
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SignIn {
    /// SHA-256 of the cookie.
    pub(crate) token: String,
    /// Whose.
    pub(crate) account: String,
    /// What changing requests must show.
    pub(crate) csrf: String,
    /// Milliseconds since 1970.
    pub(crate) until_ms: i64,
}

/// The link for the first account.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Setup {
    token: String,
    until_ms: i64,
}

/// What a new account is made of.
#[derive(Debug, Clone)]
pub(crate) struct NewAccount {
    /// Typed at the sign-in.
    pub(crate) name: String,
    /// Shown.
    pub(crate) display_name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// A driver's customer key.
    pub(crate) customer: Option<String>,
    /// PHC form.
    pub(crate) hash: String,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<String, Account>,
    names: BTreeMap<String, String>,
    sessions: BTreeMap<String, SignIn>,
    setup: Option<Setup>,
}

/// Accounts and sign-ins.
#[derive(Debug, Default)]
pub(crate) struct People {
    state: Mutex<State>,
    /// Rings when a sign-in ended before its time.
    ended: watch::Sender<()>,
}

fn fresh(bytes: usize) -> String {
    hex::encode(environment::entropy().get(..bytes).unwrap_or_default())
}

fn digest(token: &str) -> String {
    Hash::plain(token.as_bytes()).hex()
}

/// Whether two texts are equal, in a time that tells nothing about where they differ.
fn equal(a: &str, b: &str) -> bool {
    let differ = a
        .bytes()
        .zip(b.bytes())
        .fold(0u8, |acc, (x, y)| acc | (x ^ y));
    a.len() == b.len() && differ == 0
}

fn name_of(text: &str) -> Result<String, Problem> {
    let name = text.trim().to_lowercase();
    let fits = !name.is_empty()
        && name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'));
    if fits {
        return Ok(name);
    }
    Err(Problem::field(
        "/name",
        format!("a name has 1 to {MAX_NAME} letters, digits and - _ . @"),
    ))
}

/// A name as it is shown.
fn shown_name(text: &str) -> Result<String, Problem> {
    let shown = text.trim();
    let fits = (1..=MAX_SHOWN).contains(&shown.chars().count());
    if fits && !shown.chars().any(char::is_control) {
        return Ok(shown.to_owned());
    }
    Err(Problem::field(
        "/display_name",
        format!("a name to show has 1 to {MAX_SHOWN} characters, without control characters"),
    ))
}

impl People {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads everything back at the start.
    pub(crate) async fn load(records: &Records) -> Result<Self, Problem> {
        let now = environment::wall_ms();
        let mut state = State::default();
        for account in records.all::<Account>(Kind::Account).await? {
            state.names.insert(account.name.clone(), account.id.clone());
            state.accounts.insert(account.id.clone(), account);
        }
        let sessions = records.all::<SignIn>(Kind::Session).await?;
        for session in sessions.into_iter().filter(|s| s.until_ms > now) {
            state.sessions.insert(session.token.clone(), session);
        }
        state.setup = records.all::<Setup>(Kind::Setup).await?.pop();
        Ok(Self {
            state: Mutex::new(state),
            ended: watch::Sender::default(),
        })
    }

    /// A new link's token, while there is no account: the one before counts no more.
    pub(crate) async fn offer_setup(&self, records: &Records) -> Result<Option<String>, Problem> {
        if !self.lock().accounts.is_empty() {
            return Ok(None);
        }
        let token = format!("set_{}", fresh(32));
        let now = environment::wall_ms();
        let setup = Setup {
            token: digest(&token),
            until_ms: now.saturating_add(SETUP_LASTS),
        };
        records.put(Kind::Setup, "first", now, &setup).await?;
        self.lock().setup = Some(setup);
        Ok(Some(token))
    }

    /// Whether the first account is still to be made.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().accounts.is_empty()
    }

    /// Whether a link's token may make the first account.
    pub(crate) fn check_setup(&self, token: &str) -> Result<(), Problem> {
        let state = self.lock();
        let shown = digest(token);
        let fits = state.accounts.is_empty()
            && state.setup.as_ref().is_some_and(|setup| {
                equal(&setup.token, &shown) && setup.until_ms > environment::wall_ms()
            });
        if fits {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "setup-token",
            "the link was used, is too old, or is another one; a member without accounts prints a new link when it starts, and `fairway account add` makes an account at any time",
        ))
    }

    /// Makes an account.
    pub(crate) async fn add(&self, records: &Records, new: NewAccount) -> Result<Account, Problem> {
        let name = name_of(&new.name)?;
        let display_name = shown_name(&new.display_name)?;
        let taken = || {
            Problem::new(
                StatusCode::CONFLICT,
                "name-taken",
                format!("an account named {name} exists"),
            )
        };
        {
            let state = self.lock();
            if state.names.contains_key(&name) {
                return Err(taken());
            }
            if state.accounts.len() >= MAX_ACCOUNTS {
                return Err(Problem::busy(format!(
                    "a member has at most {MAX_ACCOUNTS} accounts"
                )));
            }
        }
        let account = Account {
            id: format!("acc_{}", fresh(16)),
            name: name.clone(),
            display_name,
            role: new.role,
            customer: new.customer,
            password: new.hash,
            disabled: false,
            created_ms: environment::wall_ms(),
            last_login_ms: None,
        };
        self.keep(records, account.clone()).await?;
        records.remove(Kind::Setup, "first").await?;
        self.lock().setup = None;
        Ok(account)
    }

    async fn keep(&self, records: &Records, account: Account) -> Result<(), Problem> {
        records
            .put(Kind::Account, &account.id, account.created_ms, &account)
            .await?;
        let mut state = self.lock();
        state.names.insert(account.name.clone(), account.id.clone());
        state.accounts.insert(account.id.clone(), account);
        Ok(())
    }

    /// The account with a name, and its password's hash.
    pub(crate) fn named(&self, name: &str) -> Option<(Account, String)> {
        let state = self.lock();
        let id = state.names.get(&name.trim().to_lowercase())?;
        let account = state.accounts.get(id)?.clone();
        let hash = account.password.clone();
        Some((account, hash))
    }

    /// The account with an id.
    pub(crate) fn find(&self, id: &str) -> Option<Account> {
        self.lock().accounts.get(id).cloned()
    }

    /// The accounts behind a name, in order of name.
    pub(crate) fn list(&self, after: Option<&str>, limit: usize) -> (Vec<Account>, bool) {
        let state = self.lock();
        let mut rest = state
            .names
            .iter()
            .filter(|(name, _)| after.is_none_or(|after| name.as_str() > after))
            .filter_map(|(_, id)| state.accounts.get(id));
        let page: Vec<Account> = rest.by_ref().take(limit).cloned().collect();
        (page, rest.next().is_some())
    }

    /// Begins a sign-in; gives the cookie's value.
    pub(crate) async fn sign_in(
        &self,
        records: &Records,
        account: &Account,
    ) -> Result<(String, SignIn), Problem> {
        let token = fresh(32);
        let now = environment::wall_ms();
        let session = SignIn {
            token: digest(&token),
            account: account.id.clone(),
            csrf: fresh(32),
            until_ms: now.saturating_add(LASTS),
        };
        records
            .put(Kind::Session, &session.token, session.until_ms, &session)
            .await?;
        records.forget(Kind::Session, now).await?;
        let seen = Account {
            last_login_ms: Some(now),
            ..account.clone()
        };
        self.keep(records, seen).await?;
        let mut state = self.lock();
        state.sessions.retain(|_, s| s.until_ms > now);
        if state.sessions.len() >= MAX_SESSIONS {
            let first = state.sessions.values().min_by_key(|s| s.until_ms);
            let first = first.map(|s| s.token.clone()).unwrap_or_default();
            state.sessions.remove(&first);
        }
        state
            .sessions
            .insert(session.token.clone(), session.clone());
        Ok((token, session))
    }

    /// The sign-in and account behind a cookie's value.
    pub(crate) fn of_cookie(&self, value: &str) -> Option<(SignIn, Account)> {
        self.of_digest(&digest(value))
    }

    /// Whether the sign-in with this SHA-256 of its cookie still counts.
    pub(crate) fn lasts(&self, token: &str) -> bool {
        self.of_digest(token).is_some()
    }

    fn of_digest(&self, token: &str) -> Option<(SignIn, Account)> {
        let state = self.lock();
        let session = state.sessions.get(token)?;
        let account = state.accounts.get(&session.account)?;
        let good = session.until_ms > environment::wall_ms() && !account.disabled;
        good.then(|| (session.clone(), account.clone()))
    }

    /// Whether a sign-in shows its own CSRF token.
    pub(crate) fn shows_csrf(session: &SignIn, shown: &str) -> bool {
        equal(&session.csrf, shown)
    }

    /// Ends a sign-in.
    pub(crate) async fn sign_out(
        &self,
        records: &Records,
        session: &SignIn,
    ) -> Result<(), Problem> {
        records.remove(Kind::Session, &session.token).await?;
        self.lock().sessions.remove(&session.token);
        self.ended.send_replace(());
        Ok(())
    }

    /// Tells when a sign-in ended before its time; whose, must be looked up with [`Self::lasts`].
    pub(crate) fn ended(&self) -> watch::Receiver<()> {
        self.ended.subscribe()
    }

    /// Ends an account's sign-ins but for one.
    async fn sign_others_out(
        &self,
        records: &Records,
        account: &str,
        but: Option<&str>,
    ) -> Result<(), Problem> {
        let others: Vec<SignIn> = {
            let state = self.lock();
            let theirs = state.sessions.values().filter(|s| s.account == account);
            theirs
                .filter(|s| but != Some(s.token.as_str()))
                .cloned()
                .collect()
        };
        for session in others {
            self.sign_out(records, &session).await?;
        }
        Ok(())
    }

    /// Lets an account sign in, or not; then its sign-ins end.
    pub(crate) async fn set_disabled(
        &self,
        records: &Records,
        id: &str,
        disabled: bool,
    ) -> Result<Account, Problem> {
        let found = self.find(id).ok_or_else(|| no_account(id))?;
        let account = Account { disabled, ..found };
        self.keep(records, account.clone()).await?;
        if disabled {
            self.sign_others_out(records, id, None).await?;
        }
        Ok(account)
    }

    /// Gives an account another password; its other sign-ins end.
    pub(crate) async fn set_password(
        &self,
        records: &Records,
        id: &str,
        hash: String,
        but: Option<&str>,
    ) -> Result<(), Problem> {
        let found = self.find(id).ok_or_else(|| no_account(id))?;
        let account = Account {
            password: hash,
            ..found
        };
        self.keep(records, account).await?;
        self.sign_others_out(records, id, but).await
    }
}

/// There is no account with an id.
pub(crate) fn no_account(id: &str) -> Problem {
    Problem::not_found(format!("no account {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_shown_have_a_length() {
        assert_eq!(shown_name("  Ada Lovelace ").unwrap(), "Ada Lovelace");
        assert!(shown_name(&"\u{e9}".repeat(MAX_SHOWN)).is_ok());
        for wrong in ["", "   ", "a\nb", &"x".repeat(MAX_SHOWN + 1)] {
            assert!(shown_name(wrong).is_err(), "{wrong}");
        }
    }
}
