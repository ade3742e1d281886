//! The Merkle tree over a block's transactions and receipts, built as in RFC 6962 section 2.1.

use commonware_cryptography::{Hasher as _, Sha256};

/// A node or leaf hash.
pub(crate) type Hash = [u8; 32];

/// Longest audit path: the tree has at most 2^32 leaves.
pub(crate) const MAX_PATH: usize = 32;

/// SHA-256 over the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    Sha256::hash(parts).0
}

/// The leaf of one transaction: its id, and the hash of its receipt.
pub(crate) fn leaf(tx_id: &Hash, receipt_hash: &Hash) -> Hash {
    sha256(&[&[0], tx_id, receipt_hash])
}

/// The node over two children.
pub(crate) fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// Hashes one level into the next; an odd last node moves up unchanged, which gives RFC 6962's shape.
fn lift(level: &[Hash]) -> Vec<Hash> {
    level
        .chunks(2)
        .map(|pair| match pair {
            [left, right] => node(left, right),
            [single] => *single,
            _ => [0; 32],
        })
        .collect()
}

/// Root over the leaves; of none it is the hash of nothing.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = lift(&level);
    }
    level.first().copied().unwrap_or_else(|| sha256(&[]))
}

/// Audit path of one leaf, from the leaf upwards; `None` when there is no such leaf.
pub(crate) fn path(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut level, mut at, mut path) = (leaves.to_vec(), index, Vec::new());
    while level.len() > 1 {
        if let Some(sibling) = level.get(at ^ 1) {
            path.push(*sibling);
        }
        level = lift(&level);
        at /= 2;
    }
    Some(path)
}

/// Root that a leaf and its path lead to in a tree of `count` leaves; `None` when the path has the wrong length.
pub(crate) fn climb(leaf: Hash, index: u64, count: u64, path: &[Hash]) -> Option<Hash> {
    if index >= count {
        return None;
    }
    let (mut at, mut last, mut hash) = (index, count - 1, leaf);
    let mut path = path.iter();
    while last > 0 {
        if at % 2 == 1 {
            hash = node(path.next()?, &hash);
        } else if at < last {
            hash = node(&hash, path.next()?);
        }
        (at, last) = (at / 2, last / 2);
    }
    path.next().is_none().then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The recursive definition of RFC 6962 section 2.1, to compare with.
    fn reference(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => sha256(&[]),
            [one] => *one,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node(&reference(&leaves[..split]), &reference(&leaves[split..]))
            }
        }
    }

    #[test]
    fn every_path_of_every_small_tree_leads_to_the_reference_root() {
        for count in 0..40u64 {
            let leaves: Vec<Hash> = (0..count).map(|i| sha256(&[&i.to_be_bytes()])).collect();
            let expected = reference(&leaves);
            assert_eq!(root(&leaves), expected);
            for index in 0..count {
                let at = usize::try_from(index).unwrap();
                let steps = path(&leaves, at).unwrap();
                assert_eq!(climb(leaves[at], index, count, &steps), Some(expected));
                let other = climb(leaves[at], index ^ 1, count, &steps);
                assert!(count == 1 || other != Some(expected));
                let mut longer = steps.clone();
                longer.push([7; 32]);
                assert_eq!(climb(leaves[at], index, count, &longer), None);
            }
            assert_eq!(path(&leaves, leaves.len()), None);
        }
    }
}
