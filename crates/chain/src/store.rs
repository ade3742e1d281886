//! Configuration of what is stored: the archives of blocks and certificates, and the state.

use std::num::{NonZeroU16, NonZeroU64, NonZeroUsize};

use commonware_codec::RangeCfg;
use commonware_parallel::Sequential;
use commonware_runtime::buffer::paged::CacheRef;
use commonware_storage::{
    archive::{immutable, prunable},
    journal::contiguous::variable::Config as LogConfig,
    mmr::full::Config as MerkleConfig,
    qmdb::any::VariableConfig,
    translator::EightCap,
};
use commonware_utils::{NZU16, NZU64, NZUsize};

use crate::state::value_range;

/// Prefix of all stored partitions.
pub(crate) const PREFIX: &str = "chain";
/// Size of a page of the page cache, fixed for the life of the stored files.
pub(crate) const PAGE_SIZE: NonZeroU16 = NZU16!(4_096);
/// Pages that the cache holds (16 MiB).
pub(crate) const PAGES: NonZeroUsize = NZUsize!(4_096);
/// Buffers of the stores, in bytes.
pub(crate) const IO_BUFFER: NonZeroUsize = NZUsize!(65_536);
/// Blocks of one section of the archives.
const SECTION_BLOCKS: NonZeroU64 = NZU64!(4_096);
/// First size of the archives' tables, in entries; they grow by themselves.
const TABLE_ENTRIES: u32 = 16_384;
/// Entries added to one place of a table before the table grows.
const TABLE_GROW_AFTER: u8 = 4;
/// Entries that move at a time while a table grows.
const TABLE_GROW_STEP: u32 = 4_096;
/// Size after which the archives begin a new file of values, in bytes.
const VALUES_FILE: u64 = 64 * 1024 * 1024;
/// Operations of the state in one file.
const STATE_FILE_OPERATIONS: NonZeroU64 = NZU64!(65_536);
/// Nodes of the state's tree in one file.
const STATE_FILE_NODES: NonZeroU64 = NZU64!(262_144);

/// An archive that is never pruned.
pub(crate) fn archive<C>(name: &str, pages: &CacheRef, codec_config: C) -> immutable::Config<C> {
    let partition = |part: &str| format!("{PREFIX}-{name}-{part}");
    immutable::Config {
        metadata_partition: partition("metadata"),
        freezer_table_partition: partition("table"),
        freezer_table_initial_size: TABLE_ENTRIES,
        freezer_table_resize_frequency: TABLE_GROW_AFTER,
        freezer_table_resize_chunk_size: TABLE_GROW_STEP,
        freezer_key_partition: partition("key"),
        freezer_key_page_cache: pages.clone(),
        freezer_value_partition: partition("value"),
        freezer_value_target_size: VALUES_FILE,
        freezer_value_compression: None,
        ordinal_partition: partition("ordinal"),
        items_per_section: SECTION_BLOCKS,
        codec_config,
        freezer_key_write_buffer: IO_BUFFER,
        freezer_value_write_buffer: IO_BUFFER,
        ordinal_write_buffer: IO_BUFFER,
        replay_buffer: IO_BUFFER,
    }
}

/// An archive that is cut at its beginning, by sections of so many blocks; they are fixed for the life of the stored files.
pub(crate) fn cut<C>(
    name: &str,
    pages: &CacheRef,
    codec_config: C,
    section: NonZeroU64,
) -> prunable::Config<EightCap, C> {
    let partition = |part: &str| format!("{PREFIX}-{name}-{part}");
    prunable::Config {
        translator: EightCap,
        metadata_partition: partition("metadata"),
        key_partition: partition("key"),
        key_page_cache: pages.clone(),
        value_partition: partition("value"),
        compression: None,
        codec_config,
        items_per_section: section,
        key_write_buffer: IO_BUFFER,
        value_write_buffer: IO_BUFFER,
        replay_buffer: IO_BUFFER,
    }
}

/// The state's log of operations and the tree over it.
pub(crate) fn state(
    pages: &CacheRef,
) -> VariableConfig<EightCap, ((), RangeCfg<usize>), Sequential> {
    VariableConfig {
        merkle_config: MerkleConfig {
            journal_partition: format!("{PREFIX}-state-tree-journal"),
            metadata_partition: format!("{PREFIX}-state-tree-info"),
            items_per_blob: STATE_FILE_NODES,
            write_buffer: IO_BUFFER,
            replay_buffer: IO_BUFFER,
            strategy: Sequential,
            page_cache: pages.clone(),
        },
        journal_config: LogConfig {
            partition: format!("{PREFIX}-state-log"),
            items_per_section: STATE_FILE_OPERATIONS,
            compression: None,
            codec_config: ((), value_range()),
            page_cache: pages.clone(),
            write_buffer: IO_BUFFER,
            replay_buffer: IO_BUFFER,
        },
        translator: EightCap,
        init_cache: Some(NZUsize!(65_536)),
        init_buffer: NZUsize!(1 << 20),
        init_concurrency: (),
    }
}
