//! Motions and votes of the members, and who validates according to their roll.

use std::collections::BTreeMap;

use fairway_chain::{Peer, Peers, StateKey};
use fairway_ledger::{
    Candidate, Choice, CouncilOperation, Motion, Operation, ProposalId, Role, RollState,
    Transaction, key_for_roll,
};
use fairway_model::{
    Hash, PublicKey,
    canonical::Canonical as _,
    registry::{Member, MemberKind},
    time::DAY,
};

use crate::world::{CHAIN, T0, World, key, member};

/// The seed of a member's validator key.
pub(crate) fn validator_seed(name: &str) -> [u8; 32] {
    Hash::plain(format!("{name} validator").as_bytes()).0
}

/// Who takes part according to the roll, as the program that ships reads it.
pub(crate) fn peers(state: &BTreeMap<StateKey, Vec<u8>>) -> Option<Peers> {
    let roll = RollState::from_bytes(state.get(&key_for_roll())?).ok()?;
    let mut peers = Peers::default();
    for entry in roll.entries {
        let Some(PublicKey(public_key)) = entry.validator else {
            continue;
        };
        let peer = Peer {
            public_key,
            address: entry.ledger.parse().ok(),
        };
        match entry.role {
            Role::Validator => peers.validators.push(peer),
            Role::FullNode => peers.followers.push(peer),
        }
    }
    Some(peers)
}

/// Admits a utility with a validator.
pub(crate) fn admit(name: &str) -> Motion {
    let validator = key(&format!("{name} validator"));
    let entry = Member {
        id: member(name),
        name: format!("{name} (demonstration)"),
        kind: MemberKind::Utility,
        key: key(name).public(),
        validator: Some(validator.public()),
        endpoint: "https://127.0.0.1:1".to_owned(),
        tls_fingerprint: Hash::plain(name.as_bytes()),
        encryption: None,
    };
    let ledger = "127.0.0.1:99".to_owned();
    let candidate = Candidate::sign(CHAIN, entry, ledger, &key(name), Some(&validator));
    Motion::Admit {
        candidate: Box::new(candidate),
        role: Role::Validator,
    }
}

/// Makes a validator a full node.
pub(crate) fn leave(name: &str) -> Motion {
    Motion::ChangeValidators {
        join: Vec::new(),
        leave: vec![member(name)],
    }
}

/// A proposal, and the votes that decide it.
pub(crate) fn decide(world: &mut World, voters: &[&str], motion: &Motion) -> Vec<Vec<u8>> {
    let propose = CouncilOperation::Propose {
        motion: Box::new(motion.clone()),
        expires_at: T0.plus(DAY),
        not_before: 0,
    };
    let propose = world.sign(voters[0], Operation::Council(propose));
    let nonce = Transaction::read(&propose).unwrap().nonce;
    let proposal = ProposalId::of(member(voters[0]), nonce, motion);
    let mut all = vec![propose];
    for voter in voters {
        let vote = CouncilOperation::Vote {
            proposal,
            motion: Box::new(motion.clone()),
            choice: Choice::Yes,
        };
        all.push(world.sign(voter, Operation::Council(vote)));
    }
    all
}
