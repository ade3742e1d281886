//! Merkle trees as in RFC 9162: section 2.1.3.2 verifies inclusion, section 2.1.4.2 consistency.

use crate::sha256;

/// 32 bytes.
pub(crate) type Hash = [u8; 32];

fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// Root that a leaf and its path lead to in a tree of `size` leaves.
pub(crate) fn audit(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut from, mut last, mut root) = (index, size - 1, leaf);
    for step in path {
        if last == 0 {
            return None;
        }
        if from & 1 == 1 || from == last {
            root = node(step, &root);
            while from & 1 == 0 && from != 0 {
                from >>= 1;
                last >>= 1;
            }
        } else {
            root = node(&root, step);
        }
        from >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether a tree is the beginning of another; each by its number of leaves and its root.
pub(crate) fn continues(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> bool {
    if old.0 == 0 {
        return path.is_empty() && old.1 == sha256(&[]);
    }
    let mut path = path.iter();
    let begin = if old.0.is_power_of_two() {
        Some(old.1)
    } else {
        path.next().copied()
    };
    let Some(begin) = begin else { return false };
    let (mut from, mut last) = (old.0 - 1, new.0 - 1);
    while from & 1 == 1 {
        from >>= 1;
        last >>= 1;
    }
    let (mut first, mut second) = (begin, begin);
    for step in path {
        if last == 0 {
            return false;
        }
        if from & 1 == 1 || from == last {
            first = node(step, &first);
            second = node(step, &second);
            while from & 1 == 0 && from != 0 {
                from >>= 1;
                last >>= 1;
            }
        } else {
            second = node(&second, step);
        }
        from >>= 1;
        last >>= 1;
    }
    last == 0 && first == old.1 && second == new.1
}
