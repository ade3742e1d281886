//! The next bytes of a stream, as many as one block may have.

use std::io::{ErrorKind, Read};

use super::Finding;

/// Bytes that are read at a time.
const CHUNK: usize = 64 * 1024;

/// A stream of which the next bytes can be looked at before they are taken.
pub(super) struct Window<R> {
    input: R,
    /// What was read, from `start` on not taken yet.
    bytes: Vec<u8>,
    start: usize,
    /// Offset of the next byte in the stream.
    pub(super) offset: u64,
    ended: bool,
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            bytes: Vec::new(),
            start: 0,
            offset: 0,
            ended: false,
        }
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// The next bytes: `count` of them, or fewer where the stream ends.
    pub(super) fn peek(&mut self, count: usize) -> Result<&[u8], Finding> {
        while !self.ended && self.rest().len() < count {
            if self.start > self.bytes.len() / 2 {
                self.bytes.drain(..self.start);
                self.start = 0;
            }
            let have = self.bytes.len();
            self.bytes.resize(have + CHUNK, 0);
            let room = self.bytes.get_mut(have..).unwrap_or_default();
            let read = match self.input.read(room) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {
                    self.bytes.truncate(have);
                    continue;
                }
                read => read.map_err(|error| {
                    Finding::setup(&format!("the export cannot be read: {error}"))
                })?,
            };
            self.bytes.truncate(have + read);
            self.ended = read == 0;
        }
        let rest = self.rest();
        Ok(rest.get(..count).unwrap_or(rest))
    }

    /// Takes bytes that were looked at.
    pub(super) fn take(&mut self, count: usize) -> Vec<u8> {
        let taken = self.rest().get(..count).unwrap_or(self.rest()).to_vec();
        self.start += taken.len();
        self.offset += taken.len() as u64;
        taken
    }
}
