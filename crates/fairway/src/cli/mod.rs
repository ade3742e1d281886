//! The command line.

mod agreement;
mod card;
pub mod client;
mod dispute;
mod energy;
mod format;
mod found;
mod ledger;
pub mod log;
mod operate;
mod partner;
mod register;
mod rule;
mod rules;
mod station;
mod submit;
mod terms;

pub use ledger::verify as verify_proof;

use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::path::PathBuf;
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
    /// Make a member's keys and print its entry for the genesis file.
    Format(format::Options),
    /// Found a consortium: join the members' entries to a genesis file.
    #[command(subcommand)]
    Genesis(found::GenesisCommand),
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
    /// Set the present load of a grid area.
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
    /// Add, block or unblock customers.
    #[command(subcommand)]
    Customer(operate::CustomerCommand),
    /// Make charging cards: the number in groups, QR code, chip data, a sheet to print.
    Card(card::Options),
    /// Show what a utility has open, connected and registered.
    Status(client::Target),
    /// Show a utility's own books.
    Books(client::Target),
    /// Look at the ledger: status, proofs, and their verification offline.
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// Draw the flow chart of a charge, as SVG, from the table that the program works by.
    FlowChart,
    /// Measure on this machine.
    Bench(crate::bench::Options),
    /// Kill members at random under load, and count what comes out.
    #[command(hide = true)]
    Chaos(crate::chaos::Options),
}

/// Carries out a command line.
///
/// # Errors
/// The sentence to show.
pub async fn run(arguments: Arguments) -> Result<(), String> {
    match arguments.command {
        Command::Demo(options) => crate::demo::run(options).await,
        Command::Serve { config } => crate::node::run(&config).await,
        Command::Format(options) => format::run(&options),
        Command::Genesis(command) => found::run(command),
        Command::Prefix(command) => register::prefix(command).await,
        Command::Evse(command) => register::evse(command).await,
        Command::Gate(command) => register::gate(command).await,
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
        Command::Ledger(command) => ledger::run(command).await,
        Command::FlowChart => {
            say(fairway_gateway::flow_chart().trim_end());
            Ok(())
        }
        Command::Bench(options) => crate::bench::run(options).await,
        Command::Chaos(options) => crate::chaos::command(options).await,
    }
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
