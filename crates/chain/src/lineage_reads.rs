//! Paths in the tree over all headers, from the stored subtrees and the headers that are kept of all blocks.

use minicbor::bytes::ByteVec;

use crate::{
    CONSISTENCY_VERSION, Consistency,
    anchor::Anchor,
    consistency::KIND,
    lineage::{
        Edge, Place, STORED_LEVEL, audit_ranges, consistency_ranges, cover, fold, history_leaf,
        subtree_root,
    },
    reads::Reads,
    runtime::Runtime,
    state::subtree_key,
    tree::Hash,
};

/// Most blocks after a given one among which a certificate is looked for: a block is final with its first final
/// descendant, and only that one may have a certificate of its own.
pub(crate) const MAX_UNSIGNED: u64 = 64;

/// Last height at which a certificate over a block may be looked for.
fn nearest(height: u64, tip: u64) -> u64 {
    height.saturating_add(MAX_UNSIGNED).min(tip)
}

/// Hashes as the proofs hold them.
pub(crate) fn steps(path: Vec<Hash>) -> Vec<ByteVec> {
    path.into_iter().map(|step| step.to_vec().into()).collect()
}

impl<E: Runtime> Reads<E> {
    /// Digest of the header at a height; genesis is known without a store.
    async fn digest(&self, height: u64) -> Option<Hash> {
        if height == 0 {
            return Some(self.core.genesis.digest);
        }
        self.header(height).await.map(|header| header.digest())
    }

    /// Root of a complete subtree: stored, or hashed from its few leaves.
    async fn subtree(&self, place: Place) -> Option<Hash> {
        if place.level >= STORED_LEVEL {
            let found = self.value(&subtree_key(place)).await?;
            return Hash::try_from(found.as_ref()).ok();
        }
        let (from, to) = place.leaves();
        // A node that began with a state has the headers from there on; the edge stands for those before.
        let none = Edge::default();
        let edge = self.core.edge.get().unwrap_or(&none);
        let first = from.max(edge.size());
        let mut leaves = Vec::new();
        for height in first..to {
            leaves.push(history_leaf(&self.digest(height).await?));
        }
        subtree_root(place, edge, first, &leaves)
    }

    /// Roots of ranges of leaves.
    async fn roots(&self, ranges: Vec<(u64, u64)>) -> Option<Vec<Hash>> {
        let mut out = Vec::new();
        for (from, to) in ranges {
            let mut peaks = Vec::new();
            for place in cover(from, to) {
                peaks.push(self.subtree(place).await?);
            }
            out.push(fold(&peaks));
        }
        Some(out)
    }

    /// A block under the first certificate among these heights, none of which is below the block's or above the applied
    /// one.
    pub(crate) async fn anchor(
        &self,
        height: u64,
        heights: impl Iterator<Item = u64>,
    ) -> Option<Anchor> {
        for at in heights {
            let Some(certificate) = self.certificate(at).await else {
                continue;
            };
            let signed = self.header(at).await?;
            let path = self.roots(audit_ranges(height, at)).await?;
            return Some(Anchor {
                header: signed.to_bytes().into(),
                path: steps(path),
                round: certificate.round_beside(&signed),
                signatures: certificate.signatures,
            });
        }
        None
    }

    /// That the block at `older` is an ancestor of the one at `newer`.
    pub(crate) async fn consistency(&self, older: u64, newer: u64) -> Option<Consistency> {
        let tip = self.core.applied.now();
        if older >= newer || newer > tip {
            return None;
        }
        let old = match older {
            0 => self.core.genesis.header.clone(),
            _ => self.header(older).await?,
        };
        let new = self.header(newer).await?;
        let included = self.roots(audit_ranges(older, newer)).await?;
        let continued = self.roots(consistency_ranges(older, newer)).await?;
        let anchor = self.anchor(newer, newer..=nearest(newer, tip)).await?;
        Some(Consistency {
            version: CONSISTENCY_VERSION,
            kind: KIND.to_owned(),
            older: old.to_bytes().into(),
            newer: new.to_bytes().into(),
            included: steps(included),
            continued: steps(continued),
            anchor,
        })
    }
}
