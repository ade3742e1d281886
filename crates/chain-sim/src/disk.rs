//! One validator's disk: it loses what was not synced, keeps torn parts of it, refuses, and stops at a chosen write.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use commonware_runtime::{
    Blob, BlobVersion, Error, Handle, IoBufs, IoBufsMut, ReadOptions, Storage, WriteOptions,
    deterministic,
};

use crate::Chance;

/// What becomes, in a crash, of writes that were not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Torn {
    /// All are lost.
    Lost,
    /// Of each a beginning is kept.
    Beginning,
    /// Of each some bytes are kept and some are not.
    Bytes,
}

/// Name of a blob: its partition, and its name there.
type Name = (String, Vec<u8>);

#[derive(Debug, Default)]
struct Inner {
    writes: u64,
    stop_at: Option<u64>,
    stopped: bool,
    refused: bool,
    refuse_from: Option<u64>,
    unsynced: BTreeMap<Name, Vec<(u64, Vec<u8>)>>,
    names: BTreeSet<Name>,
}

/// The faults of one validator's disk. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Inner>>);

impl Disk {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes of the disk so far: writes, resizes, syncs, removals.
    pub fn changes(&self) -> u64 {
        self.lock().writes
    }

    /// The machine loses power right before the change of this number.
    pub fn stop_at(&self, change: u64) {
        self.lock().stop_at = Some(change);
    }

    /// From the change of this number on the disk is full, or broken: every change is refused.
    pub fn refuse_from(&self, change: u64) {
        self.lock().refuse_from = Some(change);
    }

    /// Whether the power went.
    pub fn stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Whether a change was refused.
    pub fn refused(&self) -> bool {
        self.lock().refused
    }

    /// Power is back, and the disk is whole again.
    pub fn repair(&self) {
        let mut inner = self.lock();
        inner.stop_at = None;
        inner.refuse_from = None;
        inner.stopped = false;
        inner.refused = false;
    }

    /// One change is about to be made.
    async fn change(&self) -> Result<(), Error> {
        let (stopped, refused) = {
            let mut inner = self.lock();
            inner.writes = inner.writes.saturating_add(1);
            let at = inner.writes;
            if inner.stop_at.is_some_and(|stop| at >= stop) {
                inner.stopped = true;
            }
            let refused = inner.refuse_from.is_some_and(|from| at >= from);
            inner.refused |= refused;
            (inner.stopped, refused)
        };
        if stopped {
            std::future::pending::<()>().await;
        }
        if refused {
            let full = io::Error::new(io::ErrorKind::StorageFull, "simulated disk is full");
            return Err(Error::Io(Arc::new(full)));
        }
        Ok(())
    }

    /// Takes what was written and not synced, as the crash leaves it.
    pub(crate) fn leftovers(&self, torn: Torn, chance: &mut Chance) -> Vec<(Name, u64, Vec<u8>)> {
        let unsynced = std::mem::take(&mut self.lock().unsynced);
        let mut kept = Vec::new();
        for (name, writes) in unsynced {
            for (offset, bytes) in writes {
                match torn {
                    Torn::Lost => {}
                    Torn::Beginning => {
                        let len = chance.place(bytes.len().saturating_add(1));
                        if let Some(part) = bytes.get(..len).filter(|part| !part.is_empty()) {
                            kept.push((name.clone(), offset, part.to_vec()));
                        }
                    }
                    Torn::Bytes => {
                        for (at, piece) in (0u64..).zip(bytes.chunks(64)) {
                            if chance.per_mille(500) {
                                let offset = offset.saturating_add(at.saturating_mul(64));
                                kept.push((name.clone(), offset, piece.to_vec()));
                            }
                        }
                    }
                }
            }
        }
        kept
    }

    /// Names of all blobs that were ever opened and not removed.
    pub(crate) fn names(&self) -> Vec<Name> {
        self.lock().names.iter().cloned().collect()
    }

    pub(crate) async fn open(
        &self,
        storage: &deterministic::Context,
        partition: &str,
        name: &[u8],
        versions: std::ops::RangeInclusive<BlobVersion>,
    ) -> Result<(DiskBlob, u64, BlobVersion), Error> {
        self.change().await?;
        let (blob, size, version) = storage.open_versioned(partition, name, versions).await?;
        let name = (partition.to_string(), name.to_vec());
        let mut inner = self.lock();
        inner.unsynced.remove(&name);
        inner.names.insert(name.clone());
        drop(inner);
        let disk = self.clone();
        Ok((DiskBlob { blob, disk, name }, size, version))
    }

    fn forget(&self, partition: &str, name: Option<&[u8]>) {
        let gone = |key: &Name| key.0 == partition && name.is_none_or(|name| key.1 == name);
        let mut inner = self.lock();
        inner.unsynced.retain(|key, _| !gone(key));
        inner.names.retain(|key| !gone(key));
    }

    pub(crate) async fn remove(
        &self,
        storage: &deterministic::Context,
        partition: &str,
        name: Option<&[u8]>,
    ) -> Result<(), Error> {
        self.change().await?;
        self.forget(partition, name);
        storage.remove(partition, name).await
    }
}

/// A blob on a [`Disk`].
pub struct DiskBlob {
    blob: deterministic::Blob,
    disk: Disk,
    name: Name,
}

impl std::fmt::Debug for DiskBlob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskBlob")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl DiskBlob {
    fn forget(&self, count: usize) {
        if let Some(writes) = self.disk.lock().unsynced.get_mut(&self.name) {
            writes.drain(..count.min(writes.len()));
        }
    }

    fn unsynced(&self) -> usize {
        self.disk
            .lock()
            .unsynced
            .get(&self.name)
            .map_or(0, Vec::len)
    }
}

impl Blob for DiskBlob {
    async fn read_at_buf(
        &self,
        offset: u64,
        len: usize,
        bufs: impl Into<IoBufsMut> + Send,
        options: ReadOptions,
    ) -> Result<IoBufsMut, Error> {
        self.blob.read_at_buf(offset, len, bufs, options).await
    }

    async fn read_at(
        &self,
        offset: u64,
        len: usize,
        options: ReadOptions,
    ) -> Result<IoBufsMut, Error> {
        self.blob.read_at(offset, len, options).await
    }

    async fn write_at(
        &self,
        offset: u64,
        bufs: impl Into<IoBufs> + Send,
        options: WriteOptions,
    ) -> Result<(), Error> {
        let bufs: IoBufs = bufs.into();
        self.disk.change().await?;
        let bytes = bufs.coalesce();
        let (from, until) = (offset, offset.saturating_add(bytes.len() as u64));
        {
            let mut inner = self.disk.lock();
            let writes = inner.unsynced.entry(self.name.clone()).or_default();
            if options.contains(WriteOptions::SYNC) {
                // What a durable write covers must not come back from an older one.
                writes.retain(|(at, old)| {
                    until <= *at || at.saturating_add(old.len() as u64) <= from
                });
            } else {
                writes.push((offset, bytes.as_ref().to_vec()));
            }
        }
        self.blob.write_at(offset, bytes, options).await
    }

    async fn resize(&self, len: u64) -> Result<(), Error> {
        self.disk.change().await?;
        self.forget(usize::MAX);
        self.blob.resize(len).await
    }

    async fn sync(&self) -> Result<(), Error> {
        self.disk.change().await?;
        let count = self.unsynced();
        self.blob.sync().await?;
        self.forget(count);
        Ok(())
    }

    async fn start_sync(&self) -> Handle<()> {
        if let Err(error) = self.disk.change().await {
            return Handle::ready(Err(error));
        }
        let count = self.unsynced();
        let handle = self.blob.start_sync().await;
        self.forget(count);
        handle
    }
}
