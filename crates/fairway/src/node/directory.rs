//! The members as the ledger names them at present: how they are reached, and by which certificates they are known. A newcomer is in
//! it from the block on that took it in, and a certificate that was replaced counts no more, without anybody starting again.

use super::ledger::state;
use super::outlets::Ways;
use super::own::OwnKeys;
use super::{peers, tls};
use crate::node::core::{Job, Jobs};
use fairway_chain::Handle;
use fairway_ledger::state::MemberState;
use fairway_ledger::{RollState, Standing, key_for_member, key_for_roll};
use fairway_model::registry::{Member, MemberKind};
use fairway_model::{Hash, MemberId};
use fairway_utility::door::Input;
use rustls_pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use tokio::sync::Notify;

/// The directory; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    members: Arc<RwLock<BTreeMap<MemberId, Member>>>,
    /// Addresses of our configuration, which count before those of the ledger.
    ways: Arc<BTreeMap<MemberId, String>>,
    changed: Arc<Notify>,
}

impl Directory {
    /// The founders, before the ledger was asked, and the addresses by which we reach some of them.
    pub fn of(members: Vec<Member>, ways: BTreeMap<MemberId, String>) -> Self {
        let members = members.into_iter().map(|m| (m.id, m)).collect();
        Self {
            members: Arc::new(RwLock::new(members)),
            ways: Arc::new(ways),
            changed: Arc::default(),
        }
    }

    fn read<T>(&self, look: impl FnOnce(&BTreeMap<MemberId, Member>) -> T) -> T {
        look(&self.members.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A member's entry.
    pub fn find(&self, id: MemberId) -> Option<Member> {
        self.read(|all| all.get(&id).cloned())
    }

    /// Where a member takes our messages, such as `https://10.0.0.7:7402`.
    pub fn endpoint(&self, id: MemberId) -> Option<String> {
        let own = self.ways.get(&id).cloned();
        own.or_else(|| self.find(id).map(|member| member.endpoint))
    }

    /// Whose certificate this is.
    pub fn owner(&self, certificate: &CertificateDer<'_>) -> Option<MemberId> {
        let shown = Hash::plain(certificate);
        self.read(|all| {
            let mut all = all.values();
            all.find(|m| m.tls_fingerprint == shown).map(|m| m.id)
        })
    }

    /// The members that operate stations and serve drivers.
    pub fn utilities(&self) -> Vec<MemberId> {
        self.read(|all| {
            let all = all.values().filter(|m| m.kind == MemberKind::Utility);
            all.map(|m| m.id).collect()
        })
    }

    /// Says that a block changed something about members.
    pub fn touch(&self) {
        self.changed.notify_one();
    }

    /// Reads all members from the ledger's state. What cannot be read leaves everything as it was.
    async fn load(&self, chain: &Handle) -> Option<()> {
        let roll: RollState = state(chain, key_for_roll()).await?;
        let mut all = BTreeMap::new();
        for entry in roll.entries {
            if entry.standing != Standing::Invited {
                let found: MemberState = state(chain, key_for_member(entry.member)).await?;
                all.insert(entry.member, found.member);
            }
        }
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        // Before its admission a newcomer knows itself only from its own files.
        members.retain(|id, _| !all.contains_key(id));
        members.append(&mut all);
        Some(())
    }
}

/// What follows from a change of the directory.
pub(super) struct Keeper {
    pub(super) directory: Directory,
    pub(super) chain: Handle,
    pub(super) me: MemberId,
    pub(super) keys: OwnKeys,
    /// The machine; none on a witness.
    pub(super) jobs: Option<Jobs>,
    /// The ways to other members; none on a witness.
    pub(super) ways: Option<Ways>,
}

impl Keeper {
    /// Keeps the directory as the ledger says, until the process ends.
    pub(super) async fn run(self) {
        loop {
            let loaded = self.directory.load(&self.chain).await.is_some();
            self.open_ways();
            if let Some(own) = self.directory.find(self.me).filter(|_| loaded) {
                self.adopt(&own).await;
            }
            self.directory.changed.notified().await;
        }
    }

    /// Envelopes to whoever is new leave from now on.
    fn open_ways(&self) {
        let Some(ways) = &self.ways else {
            return;
        };
        let others = self.directory.utilities();
        for to in others.into_iter().filter(|member| *member != self.me) {
            let Some(queue) = ways.open(to) else {
                continue;
            };
            let directory = self.directory.clone();
            let tls = tls::peer_client(directory.clone(), self.keys.clone(), to);
            match peers::client(tls) {
                Ok(client) => {
                    tokio::spawn(peers::deliver(to, directory, client, queue));
                }
                Err(error) => tracing::error!(%to, "cannot be reached: {error}"),
            }
        }
    }

    /// Our own new keys are used as soon as the ledger names them.
    async fn adopt(&self, own: &Member) {
        match self.keys.adopt_tls(own.tls_fingerprint) {
            Ok(true) => tracing::info!("the new TLS certificate is in use"),
            Ok(false) => {}
            Err(error) => tracing::error!("{error}"),
        }
        match self.keys.adopt_member(own.key) {
            Ok(Some(key)) => {
                tracing::info!(key = %key.public(), "the new member key is in use");
                if let Some(jobs) = &self.jobs {
                    let _ = jobs.send(Job::Input(Input::Key(key))).await;
                }
            }
            Ok(None) => {}
            Err(error) => tracing::error!("{error}"),
        }
    }
}
