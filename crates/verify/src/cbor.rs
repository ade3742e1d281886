//! The little of CBOR (RFC 8949) that proofs use, in its shortest form only: numbers, bytes, text, lists.

use crate::tree::Hash;
use crate::{NotProven, refuse};

/// Reads one value after the other.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], NotProven> {
        let Some((head, tail)) = self.rest.split_at_checked(count) else {
            return refuse("the file ends in the middle of a value");
        };
        self.rest = tail;
        Ok(head)
    }

    /// Kind and argument of the next value.
    fn head(&mut self, kind: u8, name: &str) -> Result<u64, NotProven> {
        let first = self.take(1)?.first().copied().unwrap_or_default();
        if first >> 5 != kind {
            return refuse(format!("{name} expected, found {first:#04x}"));
        }
        let low = first & 31;
        let width = match low {
            0..24 => return Ok(u64::from(low)),
            24 => 1,
            25 => 2,
            26 => 4,
            27 => 8,
            _ => return refuse(format!("{name} of unknown length")),
        };
        let raw = self.take(width)?;
        let value = raw
            .iter()
            .fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let least = match width {
            1 => 24,
            2 => 1 << 8,
            4 => 1 << 16,
            _ => 1 << 32,
        };
        if value < least {
            return refuse(format!("{name} is not in its shortest form"));
        }
        Ok(value)
    }

    pub(crate) fn number(&mut self) -> Result<u64, NotProven> {
        self.head(0, "a number")
    }

    fn string(&mut self, kind: u8, name: &str) -> Result<&'a [u8], NotProven> {
        let length = self.head(kind, name)?;
        self.take(usize::try_from(length).unwrap_or(usize::MAX))
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], NotProven> {
        self.string(2, "bytes")
    }

    pub(crate) fn text(&mut self) -> Result<&'a [u8], NotProven> {
        self.string(3, "text")
    }

    pub(crate) fn hash(&mut self) -> Result<Hash, NotProven> {
        let bytes = self.bytes()?;
        Hash::try_from(bytes).map_or_else(|_| refuse("32 bytes expected"), Ok)
    }

    /// Length of a list, at most `most`.
    pub(crate) fn array(&mut self, most: usize) -> Result<usize, NotProven> {
        let length = self.head(4, "a list")?;
        match usize::try_from(length) {
            Ok(length) if length <= most => Ok(length),
            _ => refuse(format!("a list of {length}, at most {most}")),
        }
    }

    /// A list of exactly this length.
    pub(crate) fn list(&mut self, length: usize) -> Result<(), NotProven> {
        match self.array(length)? {
            found if found == length => Ok(()),
            found => refuse(format!("a list of {found}, expected {length}")),
        }
    }

    /// A list of hashes, at most `most`.
    pub(crate) fn hashes(&mut self, most: usize) -> Result<Vec<Hash>, NotProven> {
        let length = self.array(most)?;
        (0..length).map(|_| self.hash()).collect()
    }

    pub(crate) fn end(&self) -> Result<(), NotProven> {
        if self.rest.is_empty() {
            return Ok(());
        }
        refuse(format!("{} bytes too many", self.rest.len()))
    }
}
