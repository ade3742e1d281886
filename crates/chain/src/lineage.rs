//! The tree over all headers, built as in RFC 6962 section 2.1: leaf `i` is the digest of the header at height `i`, and the
//! header at height `h` holds the root over the first `h` leaves. So one finalized header proves every older one in a few
//! hashes, and a longer chain is provably the same as a shorter one.
//!
//! Invariant: the right edge of the tree stands in the authenticated state, so each block extends what its own parent had,
//! on whatever fork, and a crash needs no repair. Tested against the recursive definition, and against vectors that a
//! program in another language computed (`fixtures/proofs/tree.json`).

use crate::tree::{Hash, node, sha256};

/// Longest path: the chain has at most 2^63 blocks.
pub(crate) const MAX_HISTORY_PATH: usize = 64;

/// Complete subtrees from this height on are stored; smaller ones are hashed anew from at most this many headers.
pub(crate) const STORED_LEVEL: u32 = 4;

/// A complete subtree: it has 2^`level` leaves and begins at leaf `index` * 2^`level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) level: u32,
    pub(crate) index: u64,
}

impl Place {
    /// First leaf and the one after the last.
    pub(crate) fn leaves(self) -> (u64, u64) {
        let size = 1u64 << self.level;
        (self.index * size, (self.index + 1) * size)
    }
}

/// The leaf of a header's digest.
pub(crate) fn history_leaf(digest: &Hash) -> Hash {
    sha256(&[&[0], digest])
}

/// The right edge: the roots of the complete subtrees that the first `size` leaves consist of, the largest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Edge {
    size: u64,
    peaks: Vec<Hash>,
}

impl Edge {
    /// Adds a leaf; gives the complete subtrees that it finished and that are stored.
    pub(crate) fn push(&mut self, digest: &Hash) -> Vec<(Place, Hash)> {
        let (mut hash, mut level, mut index) = (history_leaf(digest), 0u32, self.size);
        let mut done = Vec::new();
        while index % 2 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node(&left, &hash);
            (level, index) = (level + 1, index / 2);
            if level >= STORED_LEVEL {
                done.push((Place { level, index }, hash));
            }
        }
        self.peaks.push(hash);
        self.size += 1;
        done
    }

    /// Root of one of the complete subtrees that it consists of.
    pub(crate) fn peak(&self, place: Place) -> Option<Hash> {
        let places = cover(0, self.size);
        let mut pairs = places.iter().zip(&self.peaks);
        pairs.find(|(at, _)| **at == place).map(|(_, hash)| *hash)
    }

    /// Number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Root over the leaves.
    pub(crate) fn root(&self) -> Hash {
        fold(&self.peaks)
    }

    /// Size, then the peaks.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = self.size.to_be_bytes().to_vec();
        out.extend(self.peaks.iter().flatten());
        out
    }

    /// Reads what [`Edge::to_bytes`] wrote.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, rest) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let (peaks, left) = rest.as_chunks::<32>();
        let want = usize::try_from(size.count_ones()).ok()?;
        (left.is_empty() && peaks.len() == want).then(|| Self {
            size,
            peaks: peaks.to_vec(),
        })
    }
}

/// Root of a complete subtree from the leaves that begin at number `first`, and from the edge before them.
pub(crate) fn subtree_root(place: Place, edge: &Edge, first: u64, leaves: &[Hash]) -> Option<Hash> {
    if let Some(hash) = edge.peak(place) {
        return Some(hash);
    }
    let Some(level) = place.level.checked_sub(1) else {
        let at = usize::try_from(place.index.checked_sub(first)?).ok()?;
        return leaves.get(at).copied();
    };
    let child = |side: u64| Place {
        level,
        index: place.index * 2 + side,
    };
    let left = subtree_root(child(0), edge, first, leaves)?;
    let right = subtree_root(child(1), edge, first, leaves)?;
    Some(node(&left, &right))
}

/// Joins roots of neighbours, the largest first, into one root; of none it is the hash of nothing.
pub(crate) fn fold(peaks: &[Hash]) -> Hash {
    let mut from_right = peaks.iter().rev();
    let Some(last) = from_right.next() else {
        return sha256(&[]);
    };
    from_right.fold(*last, |right, left| node(left, &right))
}

/// The complete subtrees, the largest first, that the leaves from `from` up to `to` consist of. `from` is a multiple of
/// the smallest power of two that is not below their number, as in every subtree of an RFC 6962 tree.
pub(crate) fn cover(from: u64, to: u64) -> Vec<Place> {
    let (mut at, mut out) = (from, Vec::new());
    while let Some(level) = to.checked_sub(at).and_then(u64::checked_ilog2) {
        let size = 1u64 << level;
        let index = at / size;
        out.push(Place { level, index });
        at += size;
    }
    out
}

/// Left part of a tree of `count` leaves: the largest power of two below it.
fn split(count: u64) -> u64 {
    1u64 << (count - 1).ilog2()
}

/// Ranges of leaves whose roots are the audit path of one leaf in a tree of `size` leaves, from the leaf upwards.
pub(crate) fn audit_ranges(leaf: u64, size: u64) -> Vec<(u64, u64)> {
    let (mut low, mut high, mut out) = (0, size, Vec::new());
    if leaf >= size {
        return out;
    }
    while high - low > 1 {
        let middle = low + split(high - low);
        if leaf < middle {
            out.push((middle, high));
            high = middle;
        } else {
            out.push((low, middle));
            low = middle;
        }
    }
    out.reverse();
    out
}

/// Ranges of leaves whose roots prove that the tree of `old` leaves is the beginning of the tree of `new` leaves
/// (RFC 6962 section 2.1.2).
pub(crate) fn consistency_ranges(old: u64, new: u64) -> Vec<(u64, u64)> {
    let (mut low, mut high, mut whole, mut out) = (0, new, true, Vec::new());
    if old == 0 || old >= new {
        return out;
    }
    while old != high {
        let middle = low + split(high - low);
        if old <= middle {
            out.push((middle, high));
            high = middle;
        } else {
            out.push((low, middle));
            (low, whole) = (middle, false);
        }
    }
    if !whole {
        out.push((low, high));
    }
    out.reverse();
    out
}

/// Whether `path` proves that a tree of `old` leaves with `old_root` is the beginning of one of `new` leaves with
/// `new_root` (RFC 9162 section 2.1.4.2).
pub(crate) fn consistent(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> bool {
    if old == 0 || old >= new {
        let empty = old == 0 && *old_root == sha256(&[]);
        let same = old == new && old_root == new_root;
        return path.is_empty() && ((empty && old < new) || same);
    }
    let mut steps = path.iter();
    let first = if old.is_power_of_two() {
        Some(*old_root)
    } else {
        steps.next().copied()
    };
    let Some(first) = first else { return false };
    let (mut at, mut last) = (old - 1, new - 1);
    while at % 2 == 1 {
        (at, last) = (at / 2, last / 2);
    }
    let (mut small, mut large) = (first, first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at % 2 == 1 || at == last {
            (small, large) = (node(step, &small), node(step, &large));
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            large = node(&large, step);
        }
        (at, last) = (at / 2, last / 2);
    }
    last == 0 && small == *old_root && large == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{climb, root};

    fn digests(count: u64) -> Vec<Hash> {
        (0..count).map(|i| sha256(&[&i.to_be_bytes()])).collect()
    }

    fn range_root(leaves: &[Hash], (from, to): (u64, u64)) -> Hash {
        let leaf = |at: u64| leaves[usize::try_from(at).unwrap()];
        let peaks: Vec<Hash> = cover(from, to)
            .into_iter()
            .map(|place| {
                let (first, end) = place.leaves();
                root(&(first..end).map(leaf).collect::<Vec<_>>())
            })
            .collect();
        let whole = root(&(from..to).map(leaf).collect::<Vec<_>>());
        assert_eq!(fold(&peaks), whole, "the cover of {from}..{to}");
        whole
    }

    #[test]
    fn the_edge_gives_every_root_and_survives_its_bytes() {
        let (all, mut edge) = (digests(150), Edge::default());
        let mut stored = 0;
        for (count, digest) in all.iter().enumerate() {
            let leaves: Vec<Hash> = all[..count].iter().map(history_leaf).collect();
            assert_eq!(edge.root(), root(&leaves));
            assert_eq!(Edge::from_bytes(&edge.to_bytes()), Some(edge.clone()));
            for (place, hash) in edge.push(digest) {
                let leaves: Vec<Hash> = all[..=count].iter().map(history_leaf).collect();
                assert_eq!(range_root(&leaves, place.leaves()), hash);
                stored += 1;
            }
        }
        assert_eq!(stored, 9 + 4 + 2 + 1, "16, 32, 64 and 128 leaves");
        let mut bytes = edge.to_bytes();
        bytes.pop();
        assert_eq!(Edge::from_bytes(&bytes), None);
        assert_eq!(Edge::from_bytes(&[0; 40]), None);
    }

    #[test]
    fn subtrees_are_joined_from_an_edge_and_the_leaves_behind_it() {
        let all: Vec<Hash> = digests(64);
        let leaves: Vec<Hash> = all.iter().map(history_leaf).collect();
        let mut edge = Edge::default();
        for first in 0..48u64 {
            for level in 0..=STORED_LEVEL {
                for index in 0..(64 >> level) {
                    let place = Place { level, index };
                    let (from, to) = place.leaves();
                    let low = usize::try_from(first).unwrap();
                    let high = usize::try_from(to).unwrap().max(low);
                    let behind = &leaves[low..high];
                    let found = subtree_root(place, &edge, first, behind);
                    let expected = range_root(&leaves, (from, to));
                    // What lies inside a peak cannot be told apart any more.
                    if to > first || edge.peak(place).is_some() {
                        assert_eq!(found, Some(expected), "{place:?} behind {first}");
                    } else {
                        assert_eq!(found, None, "{place:?} behind {first}");
                    }
                }
            }
            edge.push(&all[usize::try_from(first).unwrap()]);
        }
    }

    #[test]
    fn every_path_of_every_small_tree_holds_and_no_other() {
        for size in 0..34u64 {
            let leaves: Vec<Hash> = digests(size).iter().map(history_leaf).collect();
            let whole = root(&leaves);
            let path = |ranges: Vec<(u64, u64)>| -> Vec<Hash> {
                ranges.into_iter().map(|r| range_root(&leaves, r)).collect()
            };
            for old in 0..=size {
                if let Some(leaf) = leaves.get(usize::try_from(old).unwrap()) {
                    let steps = path(audit_ranges(old, size));
                    assert_eq!(climb(*leaf, old, size, &steps), Some(whole));
                }
                let begin = root(&leaves[..usize::try_from(old).unwrap()]);
                let steps = path(consistency_ranges(old, size));
                let holds = |old_root: &Hash, new_root: &Hash, steps: &[Hash]| {
                    consistent((old, old_root), (size, new_root), steps)
                };
                assert!(holds(&begin, &whole, &steps), "{old} of {size}");
                assert!(!holds(&[7; 32], &whole, &steps), "{old} of {size}");
                assert!(old == 0 || !holds(&begin, &[7; 32], &steps));
                let longer = [steps.as_slice(), &[[7; 32]]].concat();
                assert!(!holds(&begin, &whole, &longer));
                if let Some(shorter) = steps.get(1..) {
                    assert!(!holds(&begin, &whole, shorter));
                }
                for at in 0..steps.len() {
                    let mut changed = steps.clone();
                    changed[at][5] ^= 1;
                    assert!(!holds(&begin, &whole, &changed), "{old} of {size}: {at}");
                }
            }
        }
        assert!(audit_ranges(5, 5).is_empty());
        assert!(consistency_ranges(6, 5).is_empty());
        assert!(!consistent((6, &[0; 32]), (5, &[0; 32]), &[]));
    }

    /// Every line of the file that a program in another language computed from the recursive definitions.
    #[test]
    fn the_vectors_of_another_program_hold() {
        let mut lines = 0;
        for line in include_str!("../../../fixtures/proofs/tree.txt").lines() {
            let mut words = line.split(' ');
            let kind = words.next().unwrap();
            let mut number = || words.next().unwrap().parse::<u64>().unwrap();
            let (first, size) = match kind {
                "root" => (0, number()),
                _ => (number(), number()),
            };
            let hashes: Vec<String> = words.map(str::to_owned).collect();
            let leaves: Vec<Hash> = digests(size).iter().map(history_leaf).collect();
            let ranges = match kind {
                "root" => vec![(0, size)],
                "audit" => audit_ranges(first, size),
                "consistency" => consistency_ranges(first, size),
                other => panic!("{other}"),
            };
            let own = ranges.into_iter().map(|range| range_root(&leaves, range));
            let own: Vec<String> = own.map(|hash| crate::proof::hex(&hash)).collect();
            assert_eq!(own, hashes, "{kind} {first} {size}");
            lines += 1;
        }
        assert_eq!(lines, 151);
    }
}
