//! Talks to a running member's operator page.

use crate::config::Config;
use crate::genesis::Keys;
use crate::node::accounts::{AccountChangeRequest, AccountRequest};
use clap::Args;
use fairway_model::canonical::Canonical;
use fairway_utility::command::{Command, Reply};
use fairway_utility::peer::Answer;
use std::path::PathBuf;
use std::time::Duration;

/// Which member is asked.
#[derive(Debug, Clone, Args)]
pub struct Target {
    /// The member's configuration file: it tells the address and where the operator's token is.
    #[arg(long, default_value = "fairway.toml")]
    pub config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}

/// A connection to one member's operator page.
#[derive(Debug, Clone)]
pub struct Client {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Client {
    /// A client by address and token.
    ///
    /// # Errors
    /// When the HTTP client cannot be built.
    pub fn new(operations: std::net::SocketAddr, token: String) -> Result<Self, String> {
        crate::node::tls::install_provider();
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(15))
            .build()
            .map_err(|e| e.to_string())?;
        Ok(Self {
            base: format!("http://{operations}"),
            token,
            http,
        })
    }

    /// A client by configuration file.
    ///
    /// # Errors
    /// When the file or the keys cannot be read.
    pub fn of(target: &Target) -> Result<Self, String> {
        let config = Config::read(&target.config).map_err(|e| e.to_string())?;
        let keys = Keys::read(&config.path(&config.keys))?;
        Self::new(config.listen.operations, keys.operator_token)
    }

    /// Gives a command under a fresh id and waits for its answer.
    ///
    /// # Errors
    /// The utility's refusal, or why it was not reached.
    pub async fn command(&self, command: &Command) -> Result<Reply, String> {
        let id: [u8; 16] = rand::random();
        self.command_as(id, command).await
    }

    /// Gives a command under a given id: the same id twice has the effect of once.
    ///
    /// # Errors
    /// The utility's refusal, or why it was not reached.
    pub async fn command_as(&self, id: [u8; 16], command: &Command) -> Result<Reply, String> {
        let path = format!("/operator/v1/command/{}", hex::encode(id));
        let bytes = self.post(&path, command.to_bytes()).await?;
        match Answer::<Reply>::from_bytes(&bytes).map_err(|e| format!("the answer: {e}"))? {
            Answer::Yes(reply) => Ok(*reply),
            Answer::No(refusal) => Err(refusal.to_string()),
        }
    }

    /// Hands a signed transaction in at the member's ledger node. Whether it is final is seen in the blocks.
    ///
    /// # Errors
    /// Why the node does not take it, or was not reached.
    pub async fn hand_in(&self, transaction: Vec<u8>) -> Result<(), String> {
        let taken = self.post("/ledger/v1/transaction", transaction).await;
        taken.map(|_| ())
    }

    /// Makes an account for the member's pages.
    ///
    /// # Errors
    /// The page's own words, or why it was not reached.
    pub async fn add_account(&self, account: &AccountRequest) -> Result<(), String> {
        let body = serde_json::to_vec(account).map_err(|e| e.to_string())?;
        let made = self.post("/operator/v1/account", body).await;
        made.map(|_| ())
    }

    /// Changes an account of the member's pages; gives it as it is then.
    ///
    /// # Errors
    /// The page's own words, or why it was not reached.
    pub async fn change_account(
        &self,
        change: &AccountChangeRequest,
    ) -> Result<serde_json::Value, String> {
        let body = serde_json::to_vec(change).map_err(|e| e.to_string())?;
        let bytes = self.post("/operator/v1/account/change", body).await?;
        serde_json::from_slice(&bytes).map_err(|e| format!("the answer: {e}"))
    }

    /// The accounts of the member's pages, in order of name, behind the one that is named.
    ///
    /// # Errors
    /// The page's own words, or why it was not reached.
    pub async fn accounts(&self, after: Option<&str>) -> Result<serde_json::Value, String> {
        // A name has no sign that an address would have to hide.
        let from = after.map_or_else(String::new, |name| format!("?after={name}"));
        let request = self
            .http
            .get(format!("{}/operator/v1/account{from}", self.base))
            .bearer_auth(&self.token);
        let bytes = answered(request.send().await).await?;
        serde_json::from_slice(&bytes).map_err(|e| format!("the answer: {e}"))
    }

    /// Whether the member is ready, and what it says of it.
    ///
    /// # Errors
    /// Why it was not reached, or that its answer is none.
    pub async fn ready(&self) -> Result<(bool, serde_json::Value), String> {
        let url = format!("{}/readyz?verbose", self.base);
        let answer = self.http.get(url).send().await.map_err(|e| unreached(&e))?;
        let ready = answer.status().is_success();
        let bytes = answer.bytes().await.map_err(|e| e.to_string())?;
        let told = serde_json::from_slice(&bytes).map_err(|e| format!("the answer: {e}"))?;
        Ok((ready, told))
    }

    /// Hands something in with the operator's token; gives what was answered.
    async fn post(&self, path: &str, body: Vec<u8>) -> Result<Vec<u8>, String> {
        let request = self.http.post(format!("{}{path}", self.base));
        answered(request.bearer_auth(&self.token).body(body).send().await).await
    }

    /// Gets a page.
    ///
    /// # Errors
    /// The page's own words, or why it was not reached.
    pub async fn get(&self, path: &str) -> Result<Vec<u8>, String> {
        answered(self.http.get(format!("{}{path}", self.base)).send().await).await
    }

    /// Gets a JSON page.
    ///
    /// # Errors
    /// As [`Client::get`], or when it is no JSON.
    pub async fn json(&self, path: &str) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.get(path).await?).map_err(|e| format!("{path}: {e}"))
    }
}

fn unreached(error: &reqwest::Error) -> String {
    format!(
        "the member is not reached ({error}); does `fairway serve` run with this configuration?"
    )
}

async fn answered(response: Result<reqwest::Response, reqwest::Error>) -> Result<Vec<u8>, String> {
    let response = response.map_err(|e| unreached(&e))?;
    let status = response.status();
    let bytes = response.bytes().await.map_err(|e| e.to_string())?;
    if status.is_success() {
        return Ok(bytes.to_vec());
    }
    let problem: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let detail = problem.get("detail").and_then(|d| d.as_str()).map_or_else(
        || String::from_utf8_lossy(&bytes).into_owned(),
        str::to_owned,
    );
    Err(format!("{status}: {detail}"))
}
