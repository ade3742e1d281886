//! Answers nodes that begin: who validated when, and at which block they can begin.

use bytes::Bytes;
use commonware_consensus::types::Height;
use commonware_cryptography::ed25519::PublicKey;
use commonware_p2p::{Receiver, Recipients, Sender};
use commonware_runtime::IoBuf;

use crate::{
    reads::Reads,
    runtime::Runtime,
    sync::wire::{Floor, Message, OFFER_PAGE, Offer},
};

/// Serves until the network ends.
pub(crate) async fn answer<E: Runtime>(
    reads: Reads<E>,
    mut sender: impl Sender<PublicKey = PublicKey>,
    mut receiver: impl Receiver<PublicKey = PublicKey>,
) {
    while let Ok((peer, bytes)) = receiver.recv().await {
        // An offer is an answer to a question that was asked before this node began; it comes too late.
        let Some(Message::Ask(known)) = Message::from_bytes(&Bytes::from(bytes)) else {
            continue;
        };
        if let Some(offer) = offer(&reads, known).await {
            let bytes = Bytes::from(Message::Offer(offer).to_bytes());
            let _ = sender.send(Recipients::One(peer), IoBuf::from(bytes), false);
        }
    }
    std::future::pending::<()>().await;
}

async fn offer<E: Runtime>(reads: &Reads<E>, after: u32) -> Option<Offer> {
    let all = reads.handovers().await?;
    let known = usize::try_from(after).ok()?;
    let (mut handovers, mut length, mut more) = (Vec::new(), 0, false);
    for proof in all.into_iter().skip(known) {
        if length > OFFER_PAGE {
            more = true;
            break;
        }
        length += proof.to_bytes().len();
        handovers.push(proof);
    }
    let floor = if more { None } else { floor(reads).await? };
    Some(Offer {
        after,
        handovers,
        more,
        floor,
    })
}

/// The newest epoch's last block; nothing at all while its certificate is not here yet.
async fn floor<E: Runtime>(reads: &Reads<E>) -> Option<Option<Floor>> {
    let tip = reads.core.applied.now();
    let sets = &reads.core.sets;
    let Some(ended) = sets.epoch_of(tip.saturating_add(1)).checked_sub(1) else {
        return Some(None);
    };
    let height = sets.last_of(ended);
    let certificate = reads.marshal.get_finalization(Height::new(height)).await?;
    let header = reads.header(height).await?;
    Some(Some(Floor::new(&header, &certificate)))
}
