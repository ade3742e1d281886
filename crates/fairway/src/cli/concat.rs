//! `fairway ledger concat`: pieces of a chain joined into one export.

use super::{Failure, say};
use crate::audit::concat_files;
use clap::Args;
use std::path::PathBuf;

/// Which pieces, and where the whole goes.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// The pieces, in any order.
    #[arg(required = true)]
    pieces: Vec<PathBuf>,
    /// The file; it must not exist.
    #[arg(long, default_value = "ledger.export")]
    out: PathBuf,
    /// The consortium's genesis file.
    #[arg(long, default_value = "genesis.toml")]
    genesis: PathBuf,
    /// A proof file of this chain, which tells who validated when; needed when the first piece does not begin with block 1.
    #[arg(long)]
    proof: Option<PathBuf>,
}

/// Every piece is checked before its blocks are written.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let (count, file) = (options.pieces.len(), options.out.display().to_string());
    let work = move || {
        let Options {
            pieces,
            out,
            genesis,
            proof,
        } = options;
        concat_files(&pieces, &genesis, proof.as_deref(), &out)
    };
    let done = tokio::task::spawn_blocking(work).await;
    let joined = done.map_err(|e| Failure::from(e.to_string()))?;
    let joined = joined.map_err(|(text, code)| Failure { text, code })?;
    let repeated = match joined.repeated {
        0 => String::new(),
        n => format!("; {n} blocks were in more than one piece, and are the same there"),
    };
    say(&format!(
        "blocks {} to {} of {count} pieces written to {file}{repeated}\n  last header {}\n  state root  {}\ncheck with `fairway audit {file} --genesis genesis.toml`",
        joined.first,
        joined.last,
        hex::encode(joined.digest),
        hex::encode(joined.state_root),
    ));
    Ok(())
}

/// As [`run`], where the exit code does not count.
pub(super) async fn told(options: Options) -> Result<(), String> {
    run(options).await.map_err(|failure| failure.text)
}
