//! The whole scenario on one machine: three utilities and a regulator, each a process of its own with its own keys and database,
//! real stations over OCPP, and a ledger of four validators. Names of real companies are demonstration data.

pub mod accounts;
pub(crate) mod books;
pub mod drive;
mod foresight;
mod kiosks;
pub mod members;
mod scenario;
pub mod setup;
mod simulator;
pub mod world;

pub use books::ledger as ledger_books;

use clap::Args;
use std::path::PathBuf;

/// How the demonstration runs.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Run the scenario, check the books and end, instead of staying open afterwards.
    #[arg(long)]
    headless: bool,
    /// Open the stations' screens at once, without the scenario.
    #[arg(long, conflicts_with = "headless")]
    quick: bool,
    /// Batteries and keys follow from it: the same seed gives the same final books.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many seconds pass in one.
    #[arg(long, default_value_t = 60)]
    speed: u32,
    /// Folder of web pages to serve instead of those inside the program.
    #[arg(long, value_name = "FOLDER")]
    pages: Option<PathBuf>,
    /// Folder for keys, databases, ledgers and logs; a temporary one when left out.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Keep the folder at the end.
    #[arg(long)]
    keep: bool,
}

/// Runs the demonstration.
///
/// # Errors
/// What failed, and where its logs are.
pub async fn run(options: Options) -> Result<(), String> {
    crate::node::tls::install_provider();
    if let Some(folder) = options.pages.clone() {
        crate::assets::read_from(folder);
    }
    let begin = crate::environment::instant();
    let folder = options.dir.clone().unwrap_or_else(|| {
        std::env::temp_dir().join(format!("fairway-demo-{}", std::process::id()))
    });
    // Dropping the scenario kills the members.
    let result = tokio::select! {
        end = Box::pin(scenario::play(&options, &folder, begin)) => end,
        () = crate::node::signal() => Ok(()),
    };
    match result {
        Ok(()) if options.keep || options.dir.is_some() => {
            crate::cli::say(&format!("Everything is kept in {}", folder.display()));
        }
        Ok(()) => {
            // What cannot be removed now is removed by the system's own cleaning of temporary folders.
            let _ = std::fs::remove_dir_all(&folder);
        }
        Err(error) => {
            return Err(format!(
                "{error}; logs, keys and databases are in {}",
                folder.display()
            ));
        }
    }
    Ok(())
}
