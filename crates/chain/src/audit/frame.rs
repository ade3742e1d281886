//! One block of an export, with the place of each part.

use std::ops::Range;

use bytes::Bytes;

use crate::{
    MAX_RECEIPT_BYTES, MAX_TX_BYTES,
    anchor::{Certificate, Round, Signed},
    block::{Limits, Record},
    export::{FRAME_HEAD, HANDOVER_BYTES, ROUND_BYTES, SIGNED_BYTES},
    header::{HEADER_BYTES, HEADER_VERSION, Header},
    tree::sha256,
};

/// Where the number of transactions stands in a header.
pub(super) const TX_COUNT_AT: usize = 1 + 8 * 3 + 32 + 32 + 8 + 8 + 32;

/// A block as it stands in the file. Places count from the first byte of the frame.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) header: Header,
    pub(super) records: Vec<Record>,
    /// Of each record: the transaction, and the receipt.
    pub(super) places: Vec<(Range<usize>, Range<usize>)>,
    pub(super) certificate: Option<Certificate>,
    /// Where the certificate begins, behind the number of its signatures.
    pub(super) certificate_at: usize,
    /// Length of the whole frame as its parts say.
    pub(super) length: usize,
}

/// Why the parts of a frame do not fit, and where.
#[derive(Debug)]
pub(super) struct Unreadable {
    pub(super) at: usize,
    pub(super) field: String,
    pub(super) what: String,
}

/// Numbers that say how long something is: where each stands, and in how many bytes.
pub(super) type Marks = Vec<(usize, usize)>;

struct Parts<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Parts<'_> {
    fn take(&mut self, count: usize, field: &str) -> Result<Range<usize>, Unreadable> {
        let end = self.at.saturating_add(count);
        if end > self.bytes.len() {
            return Err(Unreadable {
                at: self.at,
                field: field.to_owned(),
                what: format!(
                    "{count} bytes expected, the file has {}",
                    self.bytes.len() - self.at
                ),
            });
        }
        let place = self.at..end;
        self.at = end;
        Ok(place)
    }

    fn length(&mut self, most: usize, field: &str, marks: &mut Marks) -> Result<usize, Unreadable> {
        let place = self.take(4, field)?;
        marks.push((place.start, 4));
        let raw = self.bytes.get(place.clone()).unwrap_or_default();
        let length = <[u8; 4]>::try_from(raw).map_or(u32::MAX, u32::from_be_bytes);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > most {
            return Err(Unreadable {
                at: place.start,
                field: field.to_owned(),
                what: format!("{length} is too long, at most {most}"),
            });
        }
        Ok(length)
    }
}

/// Reads a frame from its first byte; `bytes` may go on behind it. `marks` gets the places of the lengths on the way.
pub(super) fn parse(bytes: &[u8], limits: Limits, marks: &mut Marks) -> Result<Frame, Unreadable> {
    let mut parts = Parts {
        bytes,
        at: FRAME_HEAD,
    };
    let place = parts.take(HEADER_BYTES, "header")?;
    marks.push((place.start + TX_COUNT_AT, 4));
    let raw = bytes.get(place).unwrap_or_default();
    let header = Header::from_bytes(raw).map_err(|error| Unreadable {
        at: FRAME_HEAD,
        field: "header, version".into(),
        what: format!("{error}; this program reads version {HEADER_VERSION}"),
    })?;
    let count = usize::try_from(header.tx_count).unwrap_or(usize::MAX);
    // A handover to other validators comes on top of the transactions.
    if count > limits.txs.saturating_add(1) {
        return Err(Unreadable {
            at: FRAME_HEAD + TX_COUNT_AT,
            field: "header, number of transactions".into(),
            what: format!("{count} is too many, at most {}", limits.txs),
        });
    }
    let (mut records, mut places, mut body) = (Vec::new(), Vec::new(), 0usize);
    for index in 0..count {
        let (tx, receipt) = record(&mut parts, index, marks)?;
        body += tx.len() + receipt.len();
        let copy = |place: &Range<usize>| {
            Bytes::copy_from_slice(bytes.get(place.clone()).unwrap_or_default())
        };
        let (bytes_of_tx, bytes_of_receipt) = (copy(&tx), copy(&receipt));
        records.push(Record {
            id: sha256(&[&bytes_of_tx]),
            tx: bytes_of_tx,
            receipt: bytes_of_receipt,
        });
        places.push((tx, receipt));
        if body > limits.bytes + HANDOVER_BYTES {
            return Err(Unreadable {
                at: parts.at,
                field: format!("transaction {index}"),
                what: format!("the block has more than {} bytes", limits.bytes),
            });
        }
    }
    let (certificate, certificate_at) = certificate(&mut parts, marks)?;
    Ok(Frame {
        header,
        records,
        places,
        certificate,
        certificate_at,
        length: parts.at,
    })
}

fn record(
    parts: &mut Parts<'_>,
    index: usize,
    marks: &mut Marks,
) -> Result<(Range<usize>, Range<usize>), Unreadable> {
    let tx = format!("transaction {index}");
    let length = parts.length(MAX_TX_BYTES, &format!("{tx}, length"), marks)?;
    let tx = parts.take(length, &tx)?;
    let receipt = format!("receipt {index}");
    let length = parts.length(MAX_RECEIPT_BYTES, &format!("{receipt}, length"), marks)?;
    let receipt = parts.take(length, &receipt)?;
    Ok((tx, receipt))
}

fn certificate(
    parts: &mut Parts<'_>,
    marks: &mut Marks,
) -> Result<(Option<Certificate>, usize), Unreadable> {
    let place = parts.take(1, "certificate, number of signatures")?;
    marks.push((place.start, 1));
    let count = parts.bytes.get(place.start).copied().unwrap_or_default();
    let (start, mut signatures) = (parts.at, Vec::new());
    if count == 0 {
        return Ok((None, start));
    }
    let place = parts.take(ROUND_BYTES, "certificate, round")?;
    let raw = parts.bytes.get(place).unwrap_or_default();
    let number = |at: usize| {
        let raw = raw.get(at..at + 8).and_then(|raw| raw.try_into().ok());
        raw.map_or(0, u64::from_be_bytes)
    };
    let round = Round {
        view: number(0),
        parent: number(8),
    };
    for _ in 0..count {
        let place = parts.take(SIGNED_BYTES, "certificate")?;
        let raw = parts.bytes.get(place).unwrap_or_default();
        let (validator, signature) = raw.split_at(32);
        signatures.push(Signed {
            validator: <[u8; 32]>::try_from(validator).unwrap_or_default(),
            signature: <[u8; 64]>::try_from(signature).unwrap_or([0; 64]),
        });
    }
    Ok((Some(Certificate { round, signatures }), start))
}

/// Names the field of a header that a byte belongs to.
pub(super) fn header_field(at: usize) -> &'static str {
    const FIELDS: [(usize, &str); 15] = [
        (1, "header, version"),
        (8, "header, epoch"),
        (8, "header, view"),
        (8, "header, view of the parent"),
        (32, "header, parent"),
        (32, "header, root over the earlier headers"),
        (8, "header, height"),
        (8, "header, time"),
        (32, "header, proposer"),
        (4, "header, number of transactions"),
        (32, "header, root over transactions and receipts"),
        (32, "header, state root"),
        (8, "header, first active state operation"),
        (8, "header, number of state operations"),
        (4, "header, version of the rules"),
    ];
    let mut end = 0;
    for (length, name) in FIELDS {
        end += length;
        if at < end {
            return name;
        }
    }
    "header"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_the_header_are_those_of_its_bytes() {
        let raw: Vec<u8> = (0..HEADER_BYTES)
            .map(|at| {
                if at == 0 {
                    HEADER_VERSION
                } else {
                    u8::try_from(at).unwrap()
                }
            })
            .collect();
        let header = Header::from_bytes(&raw).unwrap();
        let at = |place: usize| u8::try_from(place).unwrap();
        assert_eq!(header.tx_count.to_be_bytes()[0], at(TX_COUNT_AT));
        for (first, name) in [
            (header.parent[0], "header, parent"),
            (header.history[0], "header, root over the earlier headers"),
            (header.state_root[31], "header, state root"),
            (
                header.machine_version.to_be_bytes()[3],
                "header, version of the rules",
            ),
        ] {
            assert_eq!(header_field(usize::from(first)), name);
        }
        assert_eq!(
            header_field(HEADER_BYTES - 1),
            "header, version of the rules"
        );
        assert_eq!(header_field(HEADER_BYTES), "header");
    }
}
