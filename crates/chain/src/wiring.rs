//! The inner parts of a validator, for a simulator: it runs the node that ships on a runtime with simulated time, disk
//! and network, and speaks its messages as a dishonest member would.
//!
//! Nothing here is needed to run a validator; that is [`crate::start`]. Nothing generic here is compiled before a
//! simulator uses it.

use std::sync::Arc;

use commonware_runtime::Handle as Task;

use crate::{Config, Handle, Machine, StartError, engine::run, node};
pub use crate::{
    block::{Block, Limits, Record, records_root},
    config::namespace,
    flaws::Flaws,
    header::{Header, HeaderError},
    ingress::MAX_GOSSIP_BYTES,
    network::{
        BACKFILL, BEGIN, BLOCKS, CERTIFICATES, Links, RESOLVER, STATE, TRANSACTIONS, VOTES,
        longest_message,
    },
    runtime::{Channel, Peering, Runtime},
};

/// Runs a validator on the given runtime over the given network. The task ends with the validator, and says why it ended
/// by itself; aborting it is a crash. Neither the data folder nor the listen address of the configuration is used. A validator
/// as it ships has [`Flaws::NONE`].
pub fn launch<E: Runtime, P: Peering>(
    context: E,
    config: Config,
    links: Links<P>,
    machine: Arc<dyn Machine>,
    flaws: Flaws,
) -> Result<(Handle, Task<Option<String>>), StartError> {
    let prepared = node::prepare::<E>(config, machine, flaws)?;
    let handle = prepared.handle.clone();
    let task = context.spawn(move |context| async move {
        let node::Prepared {
            config,
            identity,
            core,
            doors,
            handle,
        } = prepared;
        let error = run(context, config, identity, core, links, doors).await;
        handle.board.end(error.clone());
        error
    });
    Ok((handle, task))
}

/// The block at height 0 of a configuration.
pub fn genesis<E: Runtime>(config: &Config, machine: &dyn Machine) -> Result<Block, StartError> {
    node::genesis_of::<E>(config, machine)
}
