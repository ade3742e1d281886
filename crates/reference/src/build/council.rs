//! Motions, votes, keys and evidence.

use super::{Builder, nonce_of};
use crate::cast::{CHAIN, Missing};
use crate::model::council::signed_words;
use crate::step::{Ballot as Named, CouncilStep, Fault, MotionStep};
use fairway_ledger::{
    Ballot, BallotProposal, Candidate, Choice, CouncilOperation, Evidence, Motion, Operation,
    Parameter, ProposalId, Role, SignedBallot,
};
use fairway_model::canonical::Canonical;
use fairway_model::{Hash, MemberId, Time};

/// Signing domain of a new validator key.
const VALIDATOR_KEY: &str = "fairway.validator-key.v1";

impl Builder<'_> {
    fn motion(&self, step: MotionStep) -> Result<Motion, Missing> {
        let reason = Hash::plain(b"reasons");
        Ok(match step {
            MotionStep::Admit {
                who,
                generation,
                validates,
                with_key,
            } => Motion::Admit {
                candidate: Box::new(self.candidate(who, generation, with_key)?),
                role: if validates {
                    Role::Validator
                } else {
                    Role::FullNode
                },
            },
            MotionStep::Suspend(place) => Motion::Suspend {
                member: self.cast.member(place)?,
                reason,
            },
            MotionStep::Reinstate(place) => Motion::Reinstate {
                member: self.cast.member(place)?,
            },
            MotionStep::Expel(place) => Motion::Expel {
                member: self.cast.member(place)?,
                reason,
            },
            MotionStep::Validators(join, leave) => {
                let list = |place: Option<usize>| -> Result<Vec<MemberId>, Missing> {
                    place.map(|p| self.cast.member(p)).into_iter().collect()
                };
                Motion::ChangeValidators {
                    join: list(join)?,
                    leave: list(leave)?,
                }
            }
            MotionStep::Parameter(place, value, from) => Motion::SetParameter {
                parameter: Parameter::ALL
                    .get(place % Parameter::ALL.len())
                    .copied()
                    .unwrap_or(Parameter::ChargeAge),
                value,
                from,
            },
            MotionStep::Version(version, from) => Motion::ActivateVersion { version, from },
        })
    }

    fn candidate(
        &self,
        who: usize,
        generation: usize,
        with_key: bool,
    ) -> Result<Candidate, Missing> {
        let mut entry = self.cast.entry(who, self.cast.member(who)?);
        let key = self.cast.key(who, generation);
        let validator = self.cast.validator_key(who, generation);
        entry.key = key.public();
        entry.validator = with_key.then(|| validator.public());
        let address = match self.step.fault {
            Fault::Unsound(0) => "no address".to_owned(),
            Fault::Unsound(1) => {
                entry.endpoint.clear();
                "127.0.0.1:7413".to_owned()
            }
            Fault::Unsound(2) => {
                entry.validator = Some(key.public());
                "127.0.0.1:7413".to_owned()
            }
            Fault::Unsound(3) => {
                entry.name = "n".repeat(81);
                "127.0.0.1:7413".to_owned()
            }
            _ => "127.0.0.1:7413".to_owned(),
        };
        let chain = match self.step.fault {
            Fault::OtherChain => "fairway-another",
            _ => CHAIN,
        };
        let signer = self.forger(key);
        let proof = with_key.then_some(&validator);
        Ok(Candidate::sign(chain, entry, address, &signer, proof))
    }

    fn named(&self, ballot: Named) -> Result<(ProposalId, Box<Motion>), Missing> {
        // What is wrong with a vote is not wrong with the motion that was proposed.
        let right = crate::step::Step {
            fault: Fault::None,
            ..self.step.clone()
        };
        let alone = Builder {
            step: &right,
            ..*self
        };
        let motion = alone.motion(ballot.motion)?;
        let by = self.cast.member(ballot.by)?;
        let id = ProposalId::of(by, nonce_of(ballot.nonce), &motion);
        let told = match self.step.fault {
            Fault::Offer => self.motion(MotionStep::Version(9, 9))?,
            _ => motion,
        };
        Ok((id, Box::new(told)))
    }

    pub(super) fn council(&self, step: CouncilStep) -> Result<Operation, Missing> {
        Ok(Operation::Council(match step {
            CouncilStep::Propose(motion, millis, not_before) => CouncilOperation::Propose {
                motion: Box::new(self.motion(motion)?),
                expires_at: Time(match self.step.fault {
                    Fault::Expires(at) => at,
                    _ => self.step.at.saturating_add(millis),
                }),
                not_before,
            },
            CouncilStep::Vote(ballot, yes) => {
                let (proposal, motion) = self.named(ballot)?;
                CouncilOperation::Vote {
                    proposal,
                    motion,
                    choice: if yes { Choice::Yes } else { Choice::No },
                }
            }
            CouncilStep::Enact(ballot) => {
                let (proposal, motion) = self.named(ballot)?;
                CouncilOperation::Enact { proposal, motion }
            }
            CouncilStep::Leave(from) => CouncilOperation::Leave { from: Time(from) },
            CouncilStep::ValidatorKey(generation) => {
                let new = self.cast.validator_key(self.step.by, generation);
                let member = self.cast.member(self.step.by)?;
                let signer = self.forger(new.clone());
                CouncilOperation::RotateValidatorKey {
                    new_key: new.public(),
                    proof: signer.sign(VALIDATOR_KEY, &member.to_bytes()),
                }
            }
            CouncilStep::Report(offender, generation, kind, view) => {
                let evidence = self.evidence(offender, generation, kind, view)?;
                CouncilOperation::Report(Box::new(evidence))
            }
            CouncilStep::Contact(number) => CouncilOperation::ChangeContact {
                endpoint: match number % 4 {
                    0 => String::new(),
                    1 => "e".repeat(201),
                    _ => "https://127.0.0.1:2".to_owned(),
                },
                tls_fingerprint: Hash::plain(&[number]),
                ledger: match number % 3 {
                    0 => None,
                    1 => Some("127.0.0.1:7414".to_owned()),
                    _ => Some("127.0.0.1".to_owned()),
                },
            },
        }))
    }

    /// Two votes that contradict each other, or in one of some ways do not.
    fn evidence(
        &self,
        offender: usize,
        generation: usize,
        kind: u8,
        view: u64,
    ) -> Result<Evidence, Missing> {
        let proposal = |view, block: u8| BallotProposal {
            epoch: 0,
            view,
            parent: view.saturating_sub(1),
            block: Hash::plain(&[block]),
        };
        let (a, b) = (proposal(view, 1), proposal(view, 2));
        let (first, second) = match kind % 7 {
            0 => (Ballot::Notarize(a), Ballot::Notarize(b)),
            1 => (Ballot::Finalize(a), Ballot::Finalize(b)),
            2 => (Ballot::Nullify { epoch: 0, view }, Ballot::Finalize(a)),
            // An honest validator may sign both of these.
            3 => (Ballot::Notarize(a), Ballot::Nullify { epoch: 0, view }),
            4 => (Ballot::Notarize(a), Ballot::Finalize(b)),
            5 => (Ballot::Notarize(a), Ballot::Notarize(a)),
            _ => (
                Ballot::Notarize(a),
                Ballot::Notarize(proposal(view + 1_000, 2)),
            ),
        };
        let chain = match self.step.fault {
            Fault::OtherChain => "fairway-another",
            _ => CHAIN,
        };
        let signer = match self.step.fault {
            Fault::InnerForged(other) => other,
            _ => offender,
        };
        let with_vote = |ballot: Ballot| SignedBallot {
            signature: self
                .cast
                .vote(signer, generation, &signed_words(chain, &ballot)),
            ballot,
        };
        let accused = match self.step.fault {
            Fault::Home(other) => other,
            _ => offender,
        };
        Ok(Evidence {
            offender: self.cast.member(accused)?,
            key: self.cast.validator_key(offender, generation).public(),
            first: with_vote(first),
            second: with_vote(second),
        })
    }
}
