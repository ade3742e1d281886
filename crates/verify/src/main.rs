//! `fairway-verify PROOF VALIDATORS`: exit code 0 proven, 1 not proven, 2 wrong use.

use fairway_verify::{Block, Proven, hex, trusted, verify};
use std::io::Write as _;
use std::process::ExitCode;

const USAGE: &str = "usage: fairway-verify PROOF VALIDATORS\n  PROOF       a file of `fairway ledger proof` or `fairway ledger consistency`\n  VALIDATORS  a text file with one line `chain NAME` and a line `validator HEX` for each founding validator";

fn told(block: &Block) -> String {
    format!(
        "block {} (time {} ms since 1970, header {}, state {})",
        block.height,
        block.time_ms,
        hex(&block.digest),
        hex(&block.state_root)
    )
}

fn signers(keys: &[[u8; 32]]) -> String {
    let lines = keys.iter().map(|key| format!("\n  signed by {}", hex(key)));
    lines.collect()
}

fn sentence(proven: &Proven) -> String {
    match proven {
        Proven::Inclusion {
            id,
            transaction,
            receipt,
            block,
            signers: keys,
        } => format!(
            "PROVEN: transaction {} is in {}\n  transaction {}\n  receipt {}{}",
            hex(id),
            told(block),
            hex(transaction),
            hex(receipt),
            signers(keys)
        ),
        Proven::Consistency {
            older,
            newer,
            signers: keys,
        } => format!(
            "PROVEN: {} is an ancestor of {}, and nothing before it was changed{}",
            told(older),
            told(newer),
            signers(keys)
        ),
    }
}

fn run(proof: &str, validators: &str) -> Result<Proven, (u8, String)> {
    let bytes = std::fs::read(proof).map_err(|e| (2, format!("{proof}: {e}")))?;
    let text =
        std::fs::read_to_string(validators).map_err(|e| (2, format!("{validators}: {e}")))?;
    let (chain, keys) = trusted(&text).map_err(|e| (2, format!("{validators}: {e}")))?;
    verify(&bytes, &chain, &keys).map_err(|e| (1, format!("{proof}: NOT PROVEN: {e}")))
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [proof, validators] = arguments.as_slice() else {
        let _ = writeln!(std::io::stderr(), "{USAGE}");
        return ExitCode::from(2);
    };
    match run(proof, validators) {
        Ok(proven) => {
            let _ = writeln!(std::io::stdout(), "{}", sentence(&proven));
            ExitCode::SUCCESS
        }
        Err((code, text)) => {
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::from(code)
        }
    }
}
