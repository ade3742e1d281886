//! Joins exports of one chain that follow each other, or overlap, into one. Nothing of a piece is believed: each is checked like any export, but
//! for the execution, which whoever audits the whole does.
//!
//! Invariant: what is written is the chain without a gap, and all of it stands under validators' signatures.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{AuditRules, Finding, Passed, Watcher, audit, beginning, config_of};
use crate::{
    Exporter, FinalBlock, Machine, StateKey,
    export::{END, END_BYTES, MAGIC},
    tree::Hash,
};

/// What was joined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Joined {
    /// First block.
    pub first: u64,
    /// Last block; it has a certificate of its own.
    pub last: u64,
    /// Digest of the last header.
    pub digest: [u8; 32],
    /// Root of the state after the last block, as the validators signed it.
    pub state_root: [u8; 32],
    /// Blocks that were in more than one piece, each counted as often as it was left out.
    pub repeated: u64,
}

/// Why pieces cannot be joined.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// There is nothing to join.
    #[error("no piece is given")]
    NoPiece,
    /// A piece cannot be read.
    #[error("{}: {what}", .file.display())]
    File {
        /// The piece.
        file: PathBuf,
        /// What the system answered.
        what: String,
    },
    /// A piece is of another chain, cut, changed, or damaged.
    #[error("{}: NOT RIGHT: {finding}", .file.display())]
    Piece {
        /// The piece.
        file: PathBuf,
        /// What is wrong with it, and where.
        finding: Box<Finding>,
    },
    /// Blocks are in no piece.
    #[error("blocks {first} to {last} are in no piece: {} ends before them, {} begins after them", .before.display(), .after.display())]
    Gap {
        /// The piece before them.
        before: PathBuf,
        /// The piece after them.
        after: PathBuf,
        /// First missing block.
        first: u64,
        /// Last missing block.
        last: u64,
    },
    /// Two pieces hold different blocks although the validators signed both.
    #[error("{}: offset {offset}, block {height}: another block than {} leads to, and the validators signed both", .file.display(), .other.display())]
    Differs {
        /// The piece with the other block.
        file: PathBuf,
        /// The piece before.
        other: PathBuf,
        /// Height of the block.
        height: u64,
        /// Where it begins.
        offset: u64,
    },
    /// The whole cannot be written.
    #[error("the joined export: {0}")]
    Write(String),
}

/// A piece and what it says of itself.
struct Piece {
    file: PathBuf,
    first: u64,
    last: u64,
}

impl Piece {
    /// Reads head and end. What they say is compared with the blocks later; a head that is none names itself in the check.
    fn skim(file: &Path) -> Result<Self, JoinError> {
        let told = |error: io::Error| JoinError::File {
            file: file.to_owned(),
            what: error.to_string(),
        };
        let mut open = File::open(file).map_err(told)?;
        let mut head = Vec::new();
        let most = MAGIC.len() + 2 + usize::from(u8::MAX) + 32 + 8;
        let taken = u64::try_from(most).unwrap_or(u64::MAX);
        Read::by_ref(&mut open)
            .take(taken)
            .read_to_end(&mut head)
            .map_err(told)?;
        let length = head.get(MAGIC.len() + 1).copied().map_or(0, usize::from);
        let at = MAGIC.len() + 2 + length + 32;
        let first = number(head.get(at..));
        let size = open.metadata().map_err(told)?.len();
        let end = size.saturating_sub(END_BYTES as u64);
        let mut tail = Vec::new();
        open.seek(SeekFrom::Start(end)).map_err(told)?;
        open.read_to_end(&mut tail).map_err(told)?;
        let ended = tail.first() == Some(&END);
        Ok(Self {
            file: file.to_owned(),
            first,
            last: if ended { number(tail.get(1..)) } else { 0 },
        })
    }
}

fn number(bytes: Option<&[u8]>) -> u64 {
    let raw = bytes.and_then(|bytes| bytes.first_chunk::<8>());
    raw.map_or(0, |raw| u64::from_be_bytes(*raw))
}

/// Where two pieces part.
struct Parting {
    height: u64,
    offset: u64,
}

/// Takes the blocks of one piece after the other.
struct Joining<W: Write> {
    exporter: Exporter<W>,
    /// Digests that a piece to come will be compared with, by height: of the last blocks of all pieces.
    marks: BTreeMap<u64, Option<Hash>>,
    last: Hash,
    next: u64,
    first: u64,
    repeated: u64,
    parting: Option<Parting>,
    refused: Option<String>,
}

impl<W: Write> Joining<W> {
    fn part(&mut self, block: &Passed<'_>) -> Result<(), String> {
        self.parting = Some(Parting {
            height: block.height,
            offset: block.offset,
        });
        Err("it differs".to_owned())
    }
}

impl<W: Write + Send> Watcher for Joining<W> {
    fn block(&mut self, _: &FinalBlock) -> Result<(), String> {
        Ok(())
    }

    fn wants(&self) -> Vec<StateKey> {
        Vec::new()
    }

    fn passed(&mut self, block: &Passed<'_>) -> Result<(), String> {
        if block.height < self.next {
            self.repeated = self.repeated.saturating_add(1);
            let before = block.height.saturating_add(1) == self.next;
            let known = self.marks.get(&block.height).copied().flatten();
            let known = if before { Some(self.last) } else { known };
            return match known {
                Some(digest) if digest != block.digest => self.part(block),
                _ => Ok(()),
            };
        }
        if self.next > self.first && block.parent != self.last {
            return self.part(block);
        }
        if let Err(error) = self.exporter.put(block.bytes) {
            self.refused = Some(error.to_string());
            return Err("it is not written".to_owned());
        }
        if let Some(mark) = self.marks.get_mut(&block.height) {
            *mark = Some(block.digest);
        }
        (self.last, self.next) = (block.digest, block.height.saturating_add(1));
        Ok(())
    }
}

/// Joins exports into one, in whatever order they are named. Every piece is checked as [`audit`] does without execution; blocks that
/// several pieces hold are written once. The folder must be empty and is the caller's to remove.
///
/// # Errors
/// The first piece that is not right, with the place in it; what is missing between two; where two contradict each other.
pub fn join_exports(
    pieces: &[PathBuf],
    rules: &AuditRules,
    machine: &Arc<dyn Machine>,
    folder: &Path,
    out: &mut (dyn Write + Send),
) -> Result<Joined, JoinError> {
    let mut skimmed = Vec::new();
    for file in pieces {
        skimmed.push(Piece::skim(file)?);
    }
    skimmed.sort_by_key(|piece| (piece.first, std::cmp::Reverse(piece.last)));
    let first = skimmed.first().ok_or(JoinError::NoPiece)?.first;
    let setup = |finding: Finding| JoinError::Write(finding.to_string());
    let (_, genesis) = beginning(rules, &config_of(rules, folder), &**machine).map_err(setup)?;
    let exporter = Exporter::new(out, &rules.chain_id, &genesis.digest, first);
    let mut joining = Joining {
        exporter: exporter.map_err(|error| JoinError::Write(error.to_string()))?,
        marks: skimmed.iter().map(|piece| (piece.last, None)).collect(),
        last: genesis.digest,
        next: first,
        first,
        repeated: 0,
        parting: None,
        refused: None,
    };
    let mut rules = AuditRules {
        execute: false,
        ..rules.clone()
    };
    let (mut state_root, mut before) = ([0; 32], None);
    for (number, piece) in skimmed.iter().enumerate() {
        check_gap(&joining, before, piece)?;
        let extends = piece.last >= joining.next;
        let place = folder.join(number.to_string());
        let root = take(piece, before, &mut rules, machine, &place, &mut joining)?;
        if extends {
            (state_root, before) = (root, Some(piece.file.as_path()));
        }
    }
    let Joining {
        exporter,
        last,
        repeated,
        ..
    } = joining;
    let ended = exporter
        .finish()
        .map_err(|error| JoinError::Write(error.to_string()))?;
    Ok(Joined {
        first,
        last: ended.unwrap_or(0),
        digest: last,
        state_root,
        repeated,
    })
}

fn check_gap<W: Write>(
    joining: &Joining<W>,
    before: Option<&Path>,
    piece: &Piece,
) -> Result<(), JoinError> {
    match before {
        Some(before) if piece.first > joining.next => Err(JoinError::Gap {
            before: before.to_owned(),
            after: piece.file.clone(),
            first: joining.next,
            last: piece.first - 1,
        }),
        _ => Ok(()),
    }
}

/// Checks one piece and takes its blocks; gives the root of the state at its end.
fn take<W: Write + Send>(
    piece: &Piece,
    before: Option<&Path>,
    rules: &mut AuditRules,
    machine: &Arc<dyn Machine>,
    place: &Path,
    joining: &mut Joining<W>,
) -> Result<Hash, JoinError> {
    let told = |what: String| JoinError::File {
        file: piece.file.clone(),
        what,
    };
    std::fs::create_dir_all(place).map_err(|error| told(error.to_string()))?;
    let file = File::open(&piece.file).map_err(|error| told(error.to_string()))?;
    let mut input = BufReader::new(file);
    match audit(&mut input, rules, Arc::clone(machine), place, joining) {
        Ok(audited) => {
            rules.history = Some(audited.history);
            Ok(audited.state_root)
        }
        Err(finding) => Err(match (joining.refused.take(), joining.parting.take()) {
            (Some(what), _) => JoinError::Write(what),
            (None, Some(parting)) => JoinError::Differs {
                file: piece.file.clone(),
                other: before.unwrap_or(&piece.file).to_owned(),
                height: parting.height,
                offset: parting.offset,
            },
            (None, None) => JoinError::Piece {
                file: piece.file.clone(),
                finding: Box::new(finding),
            },
        }),
    }
}
