//! Names what was changed. Every verdict "changed byte" rests on a trial: with another byte in that place the part fits
//! the signatures or hashes that the validators vouch for.

use super::{
    Finding, FindingKind,
    frame::{Frame, Marks, TX_COUNT_AT, Unreadable, header_field, parse},
    locate::{Budget, first_difference, single_byte},
    walk::Waiting,
};
use crate::{
    ProofError,
    anchor::{Certificate, Round, check_signatures, signature_holds},
    block::{Limits, Record, records_root},
    export::{BLOCK, END, END_BYTES, FRAME_HEAD, ROUND_BYTES, SIGNED_BYTES},
    header::{HEADER_BYTES, Header},
    proof::hex,
    tree::{Hash, climb, leaf, path, sha256},
};

/// What the auditor brings along.
pub(super) struct Trusted<'a> {
    pub(super) chain: &'a str,
    pub(super) keys: Vec<[u8; 32]>,
}

fn place(offset: u64, at: usize) -> u64 {
    offset + at as u64
}

/// Length that a frame says it has, its head included.
fn declared(bytes: &[u8]) -> Option<usize> {
    let raw = bytes.get(1..FRAME_HEAD)?;
    let length = u32::from_be_bytes(<[u8; 4]>::try_from(raw).ok()?);
    usize::try_from(length).ok()?.checked_add(FRAME_HEAD)
}

/// A frame whose parts fill exactly the length that it says.
pub(super) fn whole_frame(bytes: &[u8], limits: Limits) -> Option<Frame> {
    let frame = parse(bytes, limits, &mut Marks::new()).ok()?;
    (declared(bytes) == Some(frame.length)).then_some(frame)
}

/// The lengths in a frame contradict each other.
pub(super) fn structure(
    bytes: &[u8],
    limits: Limits,
    marks: &Marks,
    read: Result<Frame, Unreadable>,
    offset: u64,
) -> Finding {
    let says = declared(bytes).unwrap_or(0);
    if let Ok(frame) = &read
        && records_root(&frame.records) == frame.header.tx_root
        && length_is_wrong(bytes, frame, says)
    {
        let right = u32::try_from(frame.length - FRAME_HEAD).unwrap_or(u32::MAX);
        let has = bytes.get(1..FRAME_HEAD).unwrap_or_default();
        let at = 1 + first_difference(has, &right.to_be_bytes());
        let what = format!("the block has {right} bytes");
        return Finding::new(
            FindingKind::Changed,
            place(offset, at),
            "length of the block",
            what,
        );
    }
    if says > bytes.len() {
        let what = "the file ends in the middle of a block";
        return Finding::new(FindingKind::Cut, place(offset, bytes.len()), "block", what);
    }
    let mut budget = Budget::new();
    let frame = bytes.get(..says).unwrap_or_default();
    let lengths = marks.iter().flat_map(|(at, width)| *at..*at + *width);
    let places = std::iter::once(FRAME_HEAD).chain(lengths);
    let fits = |trial: &[u8]| {
        whole_frame(trial, limits)
            .is_some_and(|frame| records_root(&frame.records) == frame.header.tx_root)
    };
    if let Some(at) = single_byte(frame, places, says, &mut budget, fits) {
        let field = mark_field(marks, at);
        let what = "with another value here the block's lengths fit again";
        return Finding::new(FindingKind::Changed, place(offset, at), &field, what);
    }
    let unreadable = read.err().unwrap_or_else(|| Unreadable {
        at: 1,
        field: "length of the block".into(),
        what: "the lengths of the parts do not add up to it".into(),
    });
    let at = place(offset, unreadable.at);
    Finding::new(FindingKind::Damaged, at, &unreadable.field, unreadable.what)
}

/// Whether the length that a block says, and not the number of its signatures, is what is wrong: where its parts end, the
/// next part begins, and where its length ends, none does.
fn length_is_wrong(bytes: &[u8], frame: &Frame, says: usize) -> bool {
    let begins = |at: usize| matches!(bytes.get(at), Some(&(BLOCK | END)));
    let whole = says
        .checked_sub(frame.certificate_at)
        .is_some_and(|rest| rest == 0 || rest % SIGNED_BYTES == ROUND_BYTES);
    says > bytes.len() || (begins(frame.length) && !(begins(says) && whole))
}

fn mark_field(marks: &Marks, at: usize) -> String {
    if at == FRAME_HEAD {
        return "header, version".to_owned();
    }
    let index = marks
        .iter()
        .position(|(start, width)| (*start..*start + *width).contains(&at))
        .unwrap_or(0);
    match marks.get(index) {
        Some((start, _)) if *start == FRAME_HEAD + TX_COUNT_AT => {
            "header, number of transactions".to_owned()
        }
        Some((_, 1)) => "certificate, number of signatures".to_owned(),
        _ if index % 2 == 1 => format!("transaction {}, length", index / 2),
        _ => format!("receipt {}, length", index.saturating_sub(1) / 2),
    }
}

/// The round that a certificate's first bytes tell.
fn round_of(bytes: &[u8]) -> Option<Round> {
    let (view, parent) = bytes.split_first_chunk::<8>()?;
    Some(Round {
        view: u64::from_be_bytes(*view),
        parent: u64::from_be_bytes(<[u8; 8]>::try_from(parent).ok()?),
    })
}

fn header_bytes(block: &Waiting) -> &[u8] {
    block
        .bytes
        .get(FRAME_HEAD..FRAME_HEAD + HEADER_BYTES)
        .unwrap_or_default()
}

fn header_changed(block: &Waiting, at: usize) -> Finding {
    let offset = place(block.offset, FRAME_HEAD + at);
    let what = "with another value here the header is the one that the validators signed";
    Finding::new(FindingKind::Changed, offset, header_field(at), what)
}

/// The byte of a header with which it hashes to a trusted digest.
fn by_digest(block: &Waiting, digest: &Hash) -> Option<Finding> {
    let raw = header_bytes(block);
    let fits = |trial: &[u8]| sha256(&[trial]) == *digest;
    let found = single_byte(raw, 0..raw.len(), raw.len(), &mut Budget::new(), fits);
    found.map(|at| header_changed(block, at))
}

/// A block without a certificate, `group[index]`, is not the parent that its certified child names. `first` is the height
/// that belongs at the group's begin.
pub(super) fn uncertified(group: &[Waiting], index: usize, first: u64) -> Option<Finding> {
    let (block, child) = (group.get(index)?, &group.get(index + 1)?.frame.header);
    let height = child.height.saturating_sub(1);
    if let Some(found) = by_digest(block, &child.parent) {
        return Some(found.at(height));
    }
    Some(out_of_place(group, first).unwrap_or_else(|| {
        let what = format!("it is not the parent that block {} names", child.height);
        let offset = place(block.offset, FRAME_HEAD);
        Finding::new(FindingKind::Damaged, offset, "header", what).at(height)
    }))
}

/// The first block of a group whose height is not the one that belongs in its place.
pub(super) fn out_of_place(group: &[Waiting], first: u64) -> Option<Finding> {
    let mut places = group.iter().zip(first..);
    let (block, belongs) = places.find(|(block, right)| block.frame.header.height != *right)?;
    let has = block.frame.header.height;
    let what = format!("block {has} stands where block {belongs} belongs");
    Some(Finding::new(FindingKind::Order, block.offset, "block", what).at(belongs))
}

impl Trusted<'_> {
    /// Checks a block's certificate. `hint` is the digest that the next block names as its parent.
    pub(super) fn check_certificate(
        &self,
        block: &Waiting,
        hint: Option<Hash>,
    ) -> Result<(), Finding> {
        let Some(certificate) = &block.frame.certificate else {
            return Ok(());
        };
        let (header, signatures) = (&block.frame.header, &certificate.signatures);
        let (chain, keys) = (self.chain, &self.keys);
        let Err(error) = check_signatures(header, certificate, chain, keys) else {
            return Ok(());
        };
        let height = header.height;
        let holds = |signed| signature_holds(header, certificate.round, signed, chain);
        let found = if signatures.iter().any(holds) {
            self.signature(block, certificate, &error)
        } else if signatures.iter().all(|s| !keys.contains(&s.validator)) {
            let at = place(block.offset, block.frame.certificate_at);
            let kind = FindingKind::OtherChain;
            Finding::new(kind, at, "certificate", error.to_string())
        } else {
            hint.and_then(|digest| by_digest(block, &digest))
                .or_else(|| self.by_round(block, certificate))
                .or_else(|| self.by_signature(block, certificate))
                .unwrap_or_else(|| {
                    let offset = place(block.offset, FRAME_HEAD);
                    let what = "no signature of the certificate holds over this header";
                    Finding::new(FindingKind::Damaged, offset, "header or certificate", what)
                })
        };
        Err(found.at(height))
    }

    /// The byte of the certificate's round with which the first signature holds.
    fn by_round(&self, block: &Waiting, certificate: &Certificate) -> Option<Finding> {
        let signed = certificate.signatures.first()?;
        let start = block.frame.certificate_at;
        let raw = block.bytes.get(start..start + ROUND_BYTES)?;
        let (header, chain) = (&block.frame.header, self.chain);
        let fits = |trial: &[u8]| {
            round_of(trial).is_some_and(|round| signature_holds(header, round, signed, chain))
        };
        let found = single_byte(raw, 0..raw.len(), 1, &mut Budget::new(), fits)?;
        let what = "with another value here the signatures hold";
        let offset = place(block.offset, start + found);
        let field = "certificate, round";
        Some(Finding::new(FindingKind::Changed, offset, field, what))
    }

    /// The byte of a header with which the first signature holds.
    fn by_signature(&self, block: &Waiting, certificate: &Certificate) -> Option<Finding> {
        let signed = certificate.signatures.first()?;
        let round = certificate.round;
        let raw = header_bytes(block);
        let fits = |trial: &[u8]| {
            Header::from_bytes(trial)
                .is_ok_and(|header| signature_holds(&header, round, signed, self.chain))
        };
        let found = single_byte(raw, 0..raw.len(), 1, &mut Budget::new(), fits);
        found.map(|at| header_changed(block, at))
    }

    /// Some signatures hold, so the header is right and a signature or a signer is not.
    fn signature(&self, block: &Waiting, certificate: &Certificate, error: &ProofError) -> Finding {
        let (header, chain) = (&block.frame.header, self.chain);
        let round = certificate.round;
        let bad = certificate.signatures.iter().enumerate().find(|(_, s)| {
            let known = self.keys.contains(&s.validator);
            !known || !signature_holds(header, round, s, chain)
        });
        let start = place(block.offset, block.frame.certificate_at + ROUND_BYTES);
        let Some((index, signed)) = bad else {
            return Finding::new(
                FindingKind::Damaged,
                start,
                "certificate",
                error.to_string(),
            );
        };
        let start = place(start, index * SIGNED_BYTES);
        let near = self.keys.iter().find(|key| {
            let pairs = key.iter().zip(&signed.validator);
            pairs.filter(|(a, b)| a != b).count() == 1
        });
        if let Some(key) = near {
            let at = first_difference(&signed.validator, key);
            let what = format!("the signer is {}", hex(key));
            let field = "certificate, signer";
            return Finding::new(FindingKind::Changed, place(start, at), field, what);
        }
        let fits = |trial: &[u8]| {
            let mut other = signed.clone();
            other.signature = <[u8; 64]>::try_from(trial).unwrap_or([0; 64]);
            signature_holds(header, round, &other, chain)
        };
        let field = format!("certificate, signature {index}");
        match single_byte(&signed.signature, 0..64, 1, &mut Budget::new(), fits) {
            Some(at) => {
                let what = "with another value here the signature holds";
                Finding::new(FindingKind::Changed, place(start, 32 + at), &field, what)
            }
            None => Finding::new(FindingKind::Damaged, start, &field, error.to_string()),
        }
    }
}

/// The byte of a body with which it has the root that the certified header names: in the transactions that are not
/// admitted, or else in any; or the first transaction that is not admitted.
pub(super) fn body(block: &Waiting, verdicts: &[Result<(), String>]) -> Option<Finding> {
    let leaves: Vec<Hash> = block.frame.records.iter().map(Record::leaf).collect();
    let mut budget = Budget::new();
    let refused = |index: &usize| verdicts.get(*index).is_some_and(Result::is_err);
    let (mut order, others): (Vec<usize>, Vec<usize>) = (0..leaves.len()).partition(refused);
    order.extend(others);
    for index in &order {
        if let Some(found) = record(block, *index, &leaves, &mut budget) {
            return Some(found);
        }
    }
    let index = order.first().copied().filter(refused)?;
    let (tx, _) = block.frame.places.get(index)?;
    let reason = verdicts.get(index)?.as_ref().err()?;
    let offset = place(block.offset, tx.start);
    let what = format!("the transaction is not what its member signed: {reason}");
    Some(Finding::new(
        FindingKind::Damaged,
        offset,
        &format!("transaction {index}"),
        what,
    ))
}

fn record(block: &Waiting, index: usize, leaves: &[Hash], budget: &mut Budget) -> Option<Finding> {
    let (record, (tx, receipt)) = (
        block.frame.records.get(index)?,
        block.frame.places.get(index)?,
    );
    let steps = path(leaves, index)?;
    let (at, count) = (index as u64, leaves.len() as u64);
    let root = block.frame.header.tx_root;
    let receipt_hash = sha256(&[&record.receipt]);
    let of_tx = |trial: &[u8]| {
        let leaf = leaf(&sha256(&[trial]), &receipt_hash);
        climb(leaf, at, count, &steps) == Some(root)
    };
    let of_receipt = |trial: &[u8]| {
        let leaf = leaf(&record.id, &sha256(&[trial]));
        climb(leaf, at, count, &steps) == Some(root)
    };
    let what = "with another value here the block has the root that the validators signed";
    let extra = 64 * (steps.len() + 2);
    let (bytes, cost) = (&record.tx, record.tx.len() + extra);
    if let Some(found) = single_byte(bytes, 0..bytes.len(), cost, budget, of_tx) {
        let (offset, field) = (
            place(block.offset, tx.start + found),
            format!("transaction {index}"),
        );
        return Some(Finding::new(FindingKind::Changed, offset, &field, what));
    }
    let (bytes, cost) = (&record.receipt, record.receipt.len() + extra);
    let found = single_byte(bytes, 0..bytes.len(), cost, budget, of_receipt)?;
    let (offset, field) = (
        place(block.offset, receipt.start + found),
        format!("receipt {index}"),
    );
    Some(Finding::new(FindingKind::Changed, offset, &field, what))
}

/// The body is not the signed one. `own` are the records that executing its transactions gives, if those are the signed.
pub(super) fn receipts(block: &Waiting, own: Option<&[Record]>) -> Finding {
    let pairs = own.unwrap_or_default().iter().zip(&block.frame.records);
    let differs = pairs
        .enumerate()
        .find(|(_, (own, has))| own.receipt != has.receipt);
    if let Some((index, (own, has))) = differs
        && let Some((_, receipt)) = block.frame.places.get(index)
    {
        let at = receipt.start + first_difference(&has.receipt, &own.receipt);
        let what = "executing the transaction gives another receipt, the one that was signed";
        let field = format!("receipt {index}");
        return Finding::new(FindingKind::Changed, place(block.offset, at), &field, what);
    }
    let offset = place(block.offset, FRAME_HEAD + HEADER_BYTES);
    let what = "they are not those of the header that the validators signed";
    Finding::new(
        FindingKind::Damaged,
        offset,
        "transactions or receipts",
        what,
    )
}

/// Compares the end with what it should be.
pub(super) fn end(has: &[u8], right: &[u8], offset: u64) -> Result<(), Finding> {
    let differences = has.iter().zip(right).filter(|(a, b)| a != b).count();
    if differences == 0 && has.len() == right.len() {
        return Ok(());
    }
    let at = first_difference(has, right);
    let field = match at {
        0 => "kind of part",
        1..9 => "end, last height",
        9..41 => "end, last digest",
        _ => "end, hash over the file",
    };
    let (kind, what) = if differences == 1 {
        (
            FindingKind::Changed,
            "with another value here the end fits the blocks before it",
        )
    } else if at < END_BYTES - 32 {
        (
            FindingKind::Cut,
            "the end is of another block than the last one before it",
        )
    } else {
        (FindingKind::Damaged, "the hash over the file is another")
    };
    Err(Finding::new(kind, place(offset, at), field, what))
}
