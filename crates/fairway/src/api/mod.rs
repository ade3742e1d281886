//! The API behind every page, the pages themselves, and who may do what.
//!
//! One listener for people (this module) beside the one for operation (`node/operator.rs`). A handler that asks or tells the utility's
//! machine must hold a `Signed` value, which only the sign-in makes; every failure leaves as a problem (RFC 9457).
//! Tested by `tests/it/api*.rs` against the real program, and beside the code.

mod asked;
mod books;
mod by_hand;
mod counted;
mod deeds;
mod described;
mod docs;
pub(crate) mod events;
mod extract;
mod forwarded;
mod kinds;
mod listener;
mod metered;
mod once;
mod openapi;
mod page;
mod pages;
mod plain;
mod problem;
mod reader;
mod records;
mod reference;
mod stated;
mod steps;
mod strict;
mod what;
mod who;
mod wire;

pub(crate) use by_hand::ChangeByHand;
pub use openapi::{roles as openapi_roles, text as openapi_text};
pub use who::Role;

use self::asked::{Known, asked};
use self::counted::counted;
use self::events::News;
use self::forwarded::forwarded;
use self::metered::metered;
use self::once::Once;
use self::problem::Problem;
use self::reader::Reader;
use self::records::Records;
use self::who::authorized::Signed;
use self::who::limits::Limits;
use self::who::password::Hasher;
use self::who::people::{NewAccount, People};
use crate::config::{Network, Web};
use crate::environment::Clock;
use crate::node::core::Job;
use crate::node::operator::Desk;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use fairway_model::registry::{Member, MemberKind};
use fairway_model::{Refusal, RefusalCode};
use fairway_utility::command::{Command, Reply};
use fairway_utility::desk::{DeskAnswer, DeskQuestion};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Largest body of a request, in bytes.
pub(crate) const MAX_BODY: usize = 256 * 1024;
/// Time for one question or command.
const ANSWER: Duration = Duration::from_secs(10);

/// What the API is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Machine, ledger node, health.
    pub(crate) desk: Desk,
    /// The member.
    pub(crate) member: Member,
    /// The utility's clock.
    pub(crate) clock: Clock,
    /// The chain's name.
    pub(crate) chain: String,
    /// Founders that validate.
    pub(crate) founders: Vec<Member>,
    /// The configuration's part about pages.
    pub(crate) web: Web,
    /// Folder of pages, instead of those in the program.
    pub(crate) pages: Option<PathBuf>,
    /// Proxies that are believed whose request it is.
    pub(crate) proxies: Vec<Network>,
    /// Whether the listener speaks TLS.
    pub(crate) secure: bool,
    /// What happens, for the pages.
    pub(crate) news: News,
}

#[derive(Debug)]
struct Inner {
    parts: Parts,
    records: Records,
    people: People,
    limits: Limits,
    hasher: Hasher,
    once: Once,
    reader: Reader,
}

/// The API's state; clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Api(Arc<Inner>);

impl Api {
    /// An API over an open database.
    ///
    /// # Errors
    /// When accounts cannot be read.
    pub(crate) async fn open(parts: Parts, store: crate::store::Store) -> Result<Self, String> {
        let records = Records::new(store);
        let people = People::load(&records)
            .await
            .map_err(|p| p.body("", "").detail)?;
        Ok(Self(Arc::new(Inner {
            parts,
            records,
            people,
            limits: Limits::default(),
            hasher: Hasher::default(),
            once: Once::default(),
            reader: Reader::default(),
        })))
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0.parts
    }

    pub(crate) fn people(&self) -> &People {
        &self.0.people
    }

    pub(crate) fn records(&self) -> &Records {
        &self.0.records
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub(crate) fn hasher(&self) -> &Hasher {
        &self.0.hasher
    }

    pub(crate) fn once(&self) -> &Once {
        &self.0.once
    }

    /// What was read of the whole chain.
    pub(crate) fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// Whether the member serves drivers and stations.
    pub(crate) fn is_utility(&self) -> bool {
        self.parts().member.kind == MemberKind::Utility
    }

    /// Gives the machine a command in somebody's name.
    ///
    /// # Errors
    /// The refusal as a problem.
    pub(crate) async fn tell(
        &self,
        _by: &Signed,
        id: [u8; 16],
        command: Command,
    ) -> Result<Reply, Problem> {
        self.command(id, command).await
    }

    async fn command(&self, id: [u8; 16], command: Command) -> Result<Reply, Problem> {
        let jobs = self
            .parts()
            .desk
            .jobs
            .as_ref()
            .ok_or_else(Problem::witness)?;
        let (reply, answer) = oneshot::channel();
        let job = Job::Command { id, command, reply };
        let stopping = |_| Problem::busy("the utility is stopping");
        jobs.send(job).await.map_err(stopping)?;
        match tokio::time::timeout(ANSWER, answer).await {
            Ok(Ok(result)) => Ok(result?),
            _ => Err(Refusal::new(RefusalCode::Busy, "no answer in time; ask again").into()),
        }
    }

    /// Asks the machine in somebody's name.
    ///
    /// # Errors
    /// The refusal as a problem.
    pub(crate) async fn ask(
        &self,
        _by: &Signed,
        question: DeskQuestion,
    ) -> Result<DeskAnswer, Problem> {
        self.question(question).await
    }

    async fn question(&self, question: DeskQuestion) -> Result<DeskAnswer, Problem> {
        let reply = self
            .command(rand::random(), Command::Desk(question))
            .await?;
        match reply {
            Reply::Desk(answer) => Ok(*answer),
            _ => Err(other_answer()),
        }
    }

    async fn customer_key(&self, cin: &str) -> Result<String, Problem> {
        match self.question(DeskQuestion::KeyOf(cin.to_owned())).await? {
            DeskAnswer::Owner(Some(key)) => Ok(key),
            _ => Err(other_answer()),
        }
    }

    async fn made_by_hand(&self, asked: AccountByHand) -> Result<String, Problem> {
        who::password::check("/password", &asked.password)?;
        let customer = match (&asked.cin, asked.role) {
            (Some(cin), Role::Driver) => Some(self.customer_key(cin).await?),
            (None, Role::Driver) => {
                return Err(Problem::field(
                    "/cin",
                    "a driver's account needs the customer's CIN",
                ));
            }
            (Some(_), _) => return Err(Problem::field("/cin", "is for drivers only")),
            (None, _) => None,
        };
        let new = NewAccount {
            name: asked.name,
            display_name: asked.display_name,
            role: asked.role,
            customer,
            hash: self.hasher().hash(asked.password).await?,
        };
        let account = self.people().add(self.records(), new).await?;
        Ok(account.id)
    }

    /// Makes an account for whoever has the operator's token; gives its id.
    ///
    /// # Errors
    /// Status and sentence of the problem.
    pub(crate) async fn add_by_hand(
        &self,
        asked: AccountByHand,
    ) -> Result<String, (StatusCode, String)> {
        let made = self.made_by_hand(asked).await;
        made.map_err(|problem| (problem.status(), problem.body("", "").detail))
    }
}

/// An account that is made with the operator's token.
pub(crate) struct AccountByHand {
    /// Typed at the sign-in.
    pub(crate) name: String,
    /// Shown.
    pub(crate) display_name: String,
    /// What it may do.
    pub(crate) role: Role,
    /// Its password.
    pub(crate) password: String,
    /// A driver's CIN.
    pub(crate) cin: Option<String>,
}

/// An answer of another kind than the question: our bug, told as such.
pub(crate) fn other_answer() -> Problem {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the machine answered another question",
    )
}

fn router(api: &Api) -> Router {
    let (routes, _) = what::routes().split_for_parts();
    routes
        .route_layer(from_fn_with_state(Known::of_description(), asked))
        .route("/api/docs", axum::routing::get(reference::serve))
        .route("/openapi.json", axum::routing::get(openapi::serve))
        .route("/problems/{code}", axum::routing::get(kinds::serve))
        .route("/docs", axum::routing::get(docs::to_first))
        .route("/docs/", axum::routing::get(docs::to_first))
        .route("/docs/{*path}", axum::routing::get(docs::serve))
        .fallback(pages::serve)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(from_fn_with_state(api.clone(), counted))
        .layer(from_fn(problem::finish))
        .layer(from_fn_with_state(api.clone(), forwarded))
        .layer(from_fn_with_state(api.clone(), metered))
        .with_state(api.clone())
}

/// Serves people until the process ends. Without any account it prints the link for the first one.
///
/// # Errors
/// When the listener fails, or the link cannot be kept.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<rustls::ServerConfig>,
    api: Api,
) -> Result<(), String> {
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let token = api.people().offer_setup(api.records()).await;
    tracing::info!("pages at {scheme}://{address}/");
    if let Some(token) = token.map_err(|p| p.body("", "").detail)? {
        tracing::info!(
            "make the first account at {scheme}://{address}/setup#{token} (once, within 24 hours)"
        );
    }
    let reading = api.clone();
    tokio::spawn(async move {
        let chain = &reading.parts().desk.chain;
        reading.reader().follow(chain).await;
    });
    let doors = listener::Doors::open(listener, tls);
    let service = router(&api).into_make_service_with_connect_info::<listener::Visitor>();
    axum::serve(doors, service).await.map_err(|e| e.to_string())
}
