//! The command line.

mod account;
mod agreement;
mod audit;
mod card;
pub mod client;
mod concat;
mod configuration;
mod council;
mod dispute;
mod energy;
mod evaluate;
mod evidence;
mod forecast;
mod format;
mod found;
mod health;
mod join;
mod key;
mod ledger;
pub(crate) mod ledger_forecast;
pub mod log;
mod model;
mod money;
mod operate;
mod partner;
mod program;
mod rate;
mod register;
mod rule;
mod rules;
mod station;
pub(crate) mod submit;
mod terms;
mod verify;

pub(crate) use agreement::{check_terms, parse_id as agreement_id};
pub use ledger::write_export;
pub(crate) use verify::proof_report;
pub use verify::verify as verify_proof;

/// Example terms, for tests of other modules.
#[cfg(test)]
pub(crate) fn example_terms() -> fairway_model::Agreement {
    terms::tests::example()
}

use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Fairway: charge anywhere, one bill.
#[derive(Debug, Parser)]
#[command(name = "fairway", version, about, arg_required_else_help = true)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

impl Arguments {
    /// What is logged when nothing else is asked for: a server tells its course, a tool only what is wrong.
    pub fn log_level(&self) -> &'static str {
        if matches!(self.command, Command::Serve { .. }) {
            "info"
        } else {
            "warn"
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Three utilities, a regulator, stations and drivers on this machine: the whole scenario, from nothing.
    Demo(crate::demo::Options),
    /// Run a member: gateway, AAA node, charging rules, profiles and ledger validator.
    Serve {
        /// The member's configuration file.
        #[arg(long, default_value = "fairway.toml")]
        config: PathBuf,
    },
    /// Check or show the configuration file, or print its JSON Schema.
    #[command(subcommand)]
    Config(configuration::ConfigCommand),
    /// Ask whether a member serves: exit code 0 when it does, 3 when not.
    Healthcheck(health::Options),
    /// Print the program's version.
    Version(program::VersionOptions),
    /// Print the completions for a shell.
    Completions(program::CompletionsOptions),
    /// Print the manual's first page, or write all of them.
    Man(program::ManOptions),
    /// Make, list, disable and enable accounts for the pages of a running member, or set a forgotten password anew.
    #[command(subcommand)]
    Account(account::AccountCommand),
    /// Print the description of the API (OpenAPI 3.1).
    Openapi {
        /// Print which operation is for which role instead, as the table of docs/api.md.
        #[arg(long)]
        roles: bool,
    },
    /// Make a member's keys and print its entry for the genesis file.
    Format(format::Options),
    /// Found a consortium: join the members' entries to a genesis file.
    #[command(subcommand)]
    Genesis(found::GenesisCommand),
    /// Govern the consortium: propose, vote, list, show, leave.
    #[command(subcommand)]
    Council(council::CouncilCommand),
    /// Replace this member's signing key, encryption key or TLS certificate while it runs.
    #[command(subcommand)]
    Key(key::KeyCommand),
    /// Invite a utility: write what it needs to join.
    Invite(join::InviteOptions),
    /// Join a consortium by invitation: make keys and configuration, follow the ledger, wait for the vote, claim a CIN prefix.
    Join(join::Options),
    /// Claim CIN prefixes on the ledger.
    #[command(subcommand)]
    Prefix(register::PrefixCommand),
    /// Register charging points on the ledger.
    #[command(subcommand)]
    Evse(register::EvseCommand),
    /// Let stations connect to this member's gateway.
    #[command(subcommand)]
    Gate(register::GateCommand),
    /// Check, word, propose, counter, countersign, suspend, resume, terminate and list roaming agreements.
    #[command(subcommand)]
    Agreement(agreement::AgreementCommand),
    /// Look at partners and their records, and post offers on the ledger's board.
    #[command(subcommand)]
    Partner(partner::PartnerCommand),
    /// Check, build and try custom rules, and put them on the ledger.
    #[command(subcommand)]
    Rule(rule::RuleCommand),
    /// Set the present load of a grid area, or hand hourly loads to the ledger's forecast.
    #[command(subcommand)]
    Load(rules::LoadCommand),
    /// Put charging rules and policy in force.
    #[command(subcommand)]
    Policy(rules::PolicyCommand),
    /// Run a charging station on this terminal.
    Station(station::Options),
    /// Credit settled charges.
    #[command(subcommand)]
    Charge(dispute::ChargeCommand),
    /// Object to settled charges, answer, judge.
    #[command(subcommand)]
    Dispute(dispute::DisputeCommand),
    /// State, trade and show the energy that is sold, by grid area and hour.
    #[command(subcommand)]
    Energy(energy::EnergySubcommand),
    /// Show a driver's bill of one month.
    Bill(operate::BillOptions),
    /// List charges, or show the whole trace of one, hop by hop.
    #[command(subcommand)]
    Session(operate::SessionCommand),
    /// Add, block, unblock, export and erase customers.
    #[command(subcommand)]
    Customer(operate::CustomerCommand),
    /// Make charging cards: the number in groups, QR code, chip data, a sheet to print.
    Card(card::Options),
    /// Show what a utility has open, connected and registered.
    Status(client::Target),
    /// Show a utility's own books.
    Books(client::Target),
    /// Show netting cycles, and statements per partner.
    #[command(subcommand)]
    Netting(money::NettingCommand),
    /// List, pay and confirm obligations.
    #[command(subcommand)]
    Obligation(money::ObligationCommand),
    /// Issue, accept, move and redeem settlement tokens.
    #[command(subcommand)]
    Token(money::TokenCommand),
    /// Set tokens aside as collateral, give it back, or take it.
    #[command(subcommand)]
    Collateral(money::CollateralCommand),
    /// State rates of exchange, and convert debts from one currency into another.
    #[command(subcommand)]
    Rate(rate::RateCommand),
    /// Look at the ledger: status, proofs, and their verification offline.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Draw the flow chart of a charge, as SVG, from the table that the program works by.
    FlowChart,
    /// Check an export of the ledger with nothing but the genesis file: every hash, signature and result.
    Audit(audit::Options),
    /// Back up a stopped member: database, ledger folder and configuration in one file, without private keys.
    Backup {
        /// The file; it must not exist.
        #[arg(long)]
        out: PathBuf,
        /// The member's configuration file.
        #[arg(long, default_value = "fairway.toml")]
        config: PathBuf,
    },
    /// Restore a backup into a new folder; every byte is checked by its hash first.
    Restore {
        /// The backup.
        file: PathBuf,
        /// The folder; it must not exist. Put the member's keys there before it is started.
        #[arg(long)]
        to: PathBuf,
    },
    /// Forecast the load: keep data sets, search for a model, compare, predict. Works offline on a folder; `serve` offers the same over HTTP.
    #[command(subcommand)]
    Forecast(Box<forecast::ForecastCommand>),
    /// Reconstruct the paper's revenue equations and Figure 5: curves, claims and their conditions.
    Model(Box<model::Options>),
    /// Re-create the paper's evaluation: drawn drivers under four ways of roaming, a sample through the running composition, a back-test of money.
    Evaluate(Box<evaluate::Options>),
    /// Measure on this machine.
    Bench(crate::bench::Options),
    /// Kill members at random under load, and count what comes out.
    #[command(hide = true)]
    Chaos(crate::chaos::Options),
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The sentence to show.
    pub text: String,
    /// The program's exit code: 1, or one of the numbers that docs/commands.md lists.
    pub code: u8,
}

impl From<String> for Failure {
    fn from(text: String) -> Self {
        Self { text, code: 1 }
    }
}

/// Carries out a command line.
///
/// # Errors
/// The sentence to show, and the exit code.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Audit(options) => audit::run(options).await,
        Command::Ledger(ledger::LedgerCommand::Concat(options)) => concat::run(options).await,
        Command::Healthcheck(options) => health::run(&options).await,
        other => Box::pin(carry_out(other)).await.map_err(Failure::from),
    }
}

async fn carry_out(command: Command) -> Result<(), String> {
    match command {
        Command::Audit(_) | Command::Healthcheck(_) => Ok(()),
        Command::Backup { out, config } => back_up(&out, &config),
        Command::Restore { file, to } => restore(&file, &to),
        Command::Demo(options) => crate::demo::run(options).await,
        Command::Serve { config } => crate::node::run(&config).await,
        Command::Account(command) => account::run(command).await,
        Command::Config(command) => configuration::run(command),
        Command::Version(options) => {
            program::version(&options);
            Ok(())
        }
        Command::Completions(options) => {
            program::completions(&options);
            Ok(())
        }
        Command::Man(options) => program::man(&options),
        Command::Openapi { roles } => {
            let text = if roles {
                crate::api::openapi_roles()
            } else {
                crate::api::openapi_text()
            };
            say(text.trim_end());
            Ok(())
        }
        Command::Format(options) => format::run(&options),
        Command::Genesis(command) => found::run(command),
        Command::Council(command) => council::run(command).await,
        Command::Invite(options) => join::invite(&options),
        Command::Join(options) => join::run(options).await,
        Command::Prefix(command) => register::prefix(command).await,
        Command::Evse(command) => register::evse(command).await,
        Command::Gate(command) => register::gate(command).await,
        Command::Key(command) => key::run(command).await,
        Command::Agreement(command) => agreement::run(command).await,
        Command::Partner(command) => partner::run(command).await,
        Command::Rule(command) => rule::run(command).await,
        Command::Load(command) => rules::load(command).await,
        Command::Policy(command) => rules::policy(command).await,
        Command::Station(options) => station::run(options).await,
        Command::Charge(command) => dispute::charge(command).await,
        Command::Dispute(command) => dispute::dispute(command).await,
        Command::Energy(command) => energy::run(command).await,
        Command::Bill(options) => operate::bill(options).await,
        Command::Session(command) => operate::session(command).await,
        Command::Customer(command) => operate::customer(command).await,
        Command::Card(options) => card::run(&options),
        Command::Status(target) => operate::status(target).await,
        Command::Books(target) => operate::books(target).await,
        Command::Netting(command) => money::netting(command).await,
        Command::Obligation(command) => money::obligations(command).await,
        Command::Token(command) => money::tokens(command).await,
        Command::Collateral(command) => money::collateral(command).await,
        Command::Rate(command) => rate::run(command).await,
        Command::Ledger(command) => ledger::run(command).await,
        Command::FlowChart => {
            say(fairway_gateway::flow_chart().trim_end());
            Ok(())
        }
        Command::Forecast(command) => forecast::run(*command),
        Command::Model(options) => model::run(&options),
        Command::Evaluate(options) => evaluate::run(&options),
        Command::Bench(options) => crate::bench::run(options).await,
        Command::Chaos(options) => crate::chaos::command(options).await,
    }
}

fn back_up(out: &Path, config_file: &Path) -> Result<(), String> {
    let config = crate::config::Config::read(config_file).map_err(|e| e.to_string())?;
    let made = crate::backup::backup(&config, config_file, out)?;
    say(&format!(
        "{} files of {} bytes backed up to {}, SHA-256 {}
private keys ({}) are not in it: keep them apart",
        made.files,
        made.bytes,
        out.display(),
        hex::encode(made.hash),
        config.keys.display()
    ));
    Ok(())
}

fn restore(file: &Path, to: &Path) -> Result<(), String> {
    let found = crate::backup::restore(file, to)?;
    say(&format!(
        "{} files of {} bytes restored to {} and checked, SHA-256 {}
put the member's keys and the genesis file in their places before `fairway serve`, and never run two nodes with the same keys",
        found.files,
        found.bytes,
        to.display(),
        hex::encode(found.hash)
    ));
    Ok(())
}

/// Prints one line (or several) of an answer.
pub fn say(text: &str) {
    // A closed pipe (`| head`) is no error of ours.
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// Prints why a command failed.
pub fn fail(text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "fairway: {text}");
    ExitCode::FAILURE
}
