//! What a transaction is and did, in sentences that every language has.

use super::wire::said::Said;
use fairway_ledger::Receipt;
use fairway_model::{AgreementId, SessionId, Time};
use fairway_utility::said::{Cause, Kwh, Named, Number, Sentence, Sum};
use fairway_utility::sentences;

sentences! {
    /// A transaction, beginning with who asked for it; messages `deed-said-` in `explorer.ftl`.
    pub(crate) enum Deed {
        SettleOwn { member: Named, session: SessionId, home: Named, evse: String, energy: Kwh, total: Sum } = "settle-own", "{member} settles {session}: a driver of {home} at its own station {evse} took {energy} and pays {total}";
        Settle { member: Named, session: SessionId, home: Named, visited: Named, evse: String, energy: Kwh, total: Sum } = "settle", "{member} settles {session}: a driver of {home} at a station of {visited} {evse} took {energy} and pays {total}";
        PlaceHold { member: Named, amount: Sum, session: SessionId, home: Named } = "place-hold", "{member} sets {amount} aside for {session} on a guarantee of {home}";
        VoidHold { member: Named, session: SessionId } = "void-hold", "{member} frees what was set aside for {session}";
        ConfirmPayment { member: Named, debtor: Named, amount: Sum } = "confirm-payment", "{member} confirms that {debtor} paid {amount}";
        RegisterPrefix { member: Named, prefix: String } = "register-prefix", "{member} claims the CIN prefix {prefix}";
        RegisterEvse { member: Named, evse: String, station: String } = "register-evse", "{member} registers the charging point {evse} of station {station}";
        RetireEvse { member: Named, evse: String, from: Time } = "retire-evse", "{member} takes the charging point {evse} out of use from {from}";
        RotateMeterKey { member: Named, evse: String } = "rotate-meter-key", "{member} replaces the meter key of {evse}";
        RotateMemberKey { member: Named } = "rotate-member-key", "{member} replaces its signing key";
        RotateEncryptionKey { member: Named } = "rotate-encryption-key", "{member} replaces the key that messages to it are encrypted to";
        ProposeAgreement { member: Named, version: Number, home: Named, visited: Named, agreement: AgreementId } = "propose-agreement", "{member} proposes version {version} of the agreement for drivers of {home} at stations of {visited}: {agreement}";
        CountersignAgreement { member: Named, agreement: AgreementId } = "countersign-agreement", "{member} signs {agreement}, which is in force from then on";
        CounterAgreement { member: Named, supersedes: AgreementId, agreement: AgreementId } = "counter-agreement", "{member} answers {supersedes} with other terms: {agreement}";
        TerminateAgreement { member: Named, agreement: AgreementId, from: Time } = "terminate-agreement", "{member} ends {agreement} from {from}";
        ResumeAgreement { member: Named, agreement: AgreementId } = "resume-agreement", "{member} lets charges begin again under {agreement}";
        CloseServiceCycle { member: Named, cycle: Number, agreement: AgreementId } = "close-service-cycle", "{member} counts service cycle {cycle} of {agreement}";
        CloseNettingCycle { member: Named, cycle: String, currency: String } = "close-netting-cycle", "{member} closes the netting cycle that ended at {cycle} in {currency}";
        StoreRule { member: Named } = "store-rule", "{member} stores the module of a custom rule";
        Batch { member: Named, items: u64, charges: u64, holds: u64, releases: u64 } = "batch", "{member} hands in {items} items together: {charges} charges, {holds} holds, {releases} releases";
    }
}

sentences! {
    /// What came of a transaction; messages `deed-said-` as well.
    pub(crate) enum Came {
        Shares { home: Named, home_share: Sum, visited: Named, visited_share: Sum, tax: Sum, owner: String, owner_share: Sum } = "shares", "Of it {home} keeps {home_share}, {visited} gets {visited_share} and remits {tax} tax, {owner} gets {owner_share}.";
        ComputedThrice = "computed-thrice", "Both utilities computed it from the same signed meter records and signed the result; the contract computed it a third time.";
        Taken { block: Number, at: Time } = "taken", "The contracts took it in block {block} at {at}.";
        Refused { block: Number, why: Cause } = "not-taken", "The contracts refused it in block {block}: {why}. Nothing changed.";
    }
}

/// An English sentence, and the same by its code where it has one.
#[derive(Debug)]
pub(crate) struct Plain {
    pub(crate) english: String,
    pub(crate) said: Option<Said>,
}

impl From<Deed> for Plain {
    fn from(deed: Deed) -> Self {
        Self::of(&deed)
    }
}

impl From<Came> for Plain {
    fn from(came: Came) -> Self {
        Self::of(&came)
    }
}

impl Plain {
    /// A sentence of a kind with codes.
    fn of(sentence: &impl Sentence) -> Self {
        Self {
            english: sentence.to_string(),
            said: Some(sentence.told().into()),
        }
    }

    /// A sentence that only English has.
    pub(crate) fn english(english: String) -> Self {
        Self {
            english,
            said: None,
        }
    }
}

/// Whether the contracts took it.
pub(crate) fn outcome(receipt: &Receipt) -> Came {
    let block = Number(receipt.height);
    match receipt.refusal() {
        None => Came::Taken {
            block,
            at: receipt.time,
        },
        Some(refusal) => Came::Refused {
            block,
            why: refusal.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// Sentences of transactions in a language's messages: the variables of each by its code.
    fn messages(language: &str) -> BTreeMap<String, BTreeSet<String>> {
        let path = format!(
            "{}/../../messages/{language}/explorer.ftl",
            env!("CARGO_MANIFEST_DIR")
        );
        let file = std::fs::read_to_string(path).unwrap();
        let said = file.lines().filter_map(|l| l.strip_prefix("deed-said-"));
        let of = |text: &str| {
            let names = text
                .split("{ $")
                .skip(1)
                .filter_map(|t| t.split(' ').next());
            names.map(str::to_owned).collect()
        };
        said.filter_map(|line| line.split_once(" = "))
            .map(|(code, text)| (code.to_owned(), of(text)))
            .collect()
    }

    #[test]
    fn every_deed_has_its_message_in_every_language() {
        let forms = Deed::FORMS.iter().chain(Came::FORMS);
        let wanted: BTreeMap<_, BTreeSet<_>> = forms
            .map(|form| {
                let names = form.values.iter().map(|(name, _)| (*name).to_owned());
                (form.code.to_owned(), names.collect())
            })
            .collect();
        assert_eq!(wanted.len(), Deed::FORMS.len() + Came::FORMS.len());
        for language in ["en", "de", "es"] {
            assert_eq!(messages(language), wanted, "{language}");
        }
    }
}
