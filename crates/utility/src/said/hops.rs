//! What the hops of a charge say.

use super::{Cause, Kwh, Number, Share, Sum, Word};
use crate::sentences;
use fairway_model::station::{InputMethod, StopReason};
use fairway_model::{ConsentMethod, CustomerClass, MemberId, SessionId, Tier};

sentences! {
    /// What a hop says, without personal data.
    pub(crate) enum Says {
        Presented { method: Word<InputMethod> } = "presented", "credential presented by {method}";
        Decoded { home: MemberId, session: SessionId } = "decoded", "decoded: home utility {home}, charge {session}";
        ProfileFound = "profile-found", "visiting profile found here; home is not asked";
        EligibilityAsked = "eligibility-asked", "eligibility asked";
        Customer { class: Word<CustomerClass>, tier: Word<Tier>, home: MemberId } = "customer", "{class} {tier} customer of {home}";
        Allowed = "allowed", "allowed, with a guarantee";
        AllowedByHome = "allowed-by-home", "allowed, statement with a guarantee signed";
        Refused { why: Cause } = "refused", "refused: {why}";
        HomeRefuses { why: Cause } = "home-refuses", "home refuses: {why}";
        StandingAcceptance = "standing-acceptance", "the visiting profile accepts every offer inside the agreement";
        OfferProposed { round: u8, load: Share } = "offer-proposed", "round {round}: offer proposed, energy at {load} of the tariff's prices";
        OfferAccepted { round: u8 } = "offer-accepted", "round {round}: accepted";
        OfferCountered { round: u8, most: Share } = "offer-countered", "round {round}: countered, at most energy at {most} of the tariff's prices";
        OfferRefused { round: u8 } = "offer-refused", "round {round}: refused";
        OfferAgreed = "offer-agreed", "offer agreed; shown before consent";
        ConsentGiven { method: Word<ConsentMethod> } = "consent-given", "consent given: {method}";
        ConsentReported = "consent-reported", "consent reported";
        ConsentNoted = "consent-noted", "consent noted, amount held on the customer's account";
        HomeNotedConsent = "home-noted-consent", "home noted the consent";
        HoldSubmitted = "hold-submitted", "hold submitted";
        HoldPlaced = "hold-placed", "hold placed";
        HoldRefused { why: Cause } = "hold-refused", "hold refused: {why}";
        HoldGivenBack = "hold-given-back", "hold given back";
        HoldReleased = "hold-released", "hold released";
        Void { why: Cause } = "void", "void, nothing is held: {why}";
        NothingHeard = "nothing-heard", "nothing more was heard of this charge from the visited utility";
        StartSent { command: Number } = "start-sent", "start, command {command}";
        NotStarted { why: Cause } = "not-started", "not started: {why}";
        Began { transaction: String } = "began", "transaction {transaction} began";
        RecordsArrive { register: Kwh } = "records-arrive", "signed meter records arrive, first register {register}";
        RecordRefused { why: Cause } = "record-refused", "meter record refused: {why}";
        StopUnproven = "stop-unproven", "stop: no signed meter record of this charge was proven, so nothing of it can be billed";
        StopAtLimit = "stop-at-limit", "the energy that is paid for is delivered: stop";
        StopByCard = "stop-by-card", "the same credential again: stop";
        StopWished = "stop-wished", "the driver wants to stop";
        StopAskedByHome = "stop-asked-by-home", "home asks for its driver: stop";
        StopByOperator = "stop-by-operator", "the station's operator wants it to stop";
        Ended { reason: Word<StopReason>, energy: Kwh } = "ended", "ended: {reason}, {energy}";
        EndedWithBattery { reason: Word<StopReason>, energy: Kwh, battery: u8 } = "ended-with-battery", "ended: {reason}, {energy}, battery {battery} %";
        NothingDelivered = "nothing-delivered", "nothing delivered, nothing billed";
        Rated { total: Sum, energy: Kwh } = "rated", "rated: {total} for {energy}";
        ChargeProposed = "charge-proposed", "charge proposed with its evidence";
        ComputedEqual { total: Sum } = "computed-equal", "computed here from the same records: {total}, equal; signed";
        ComputedRefused { why: Cause } = "computed-refused", "computed here from the same records: {why}";
        HomeAgrees = "home-agrees", "home agrees and signed";
        NotAgreed { why: Cause } = "not-agreed", "not agreed: {why}";
        Disputed { why: Cause } = "disputed", "disputed: {why}";
        BillAgreed = "bill-agreed", "bill shown, equal to home's amount";
        BillUnanswered = "bill-unanswered", "bill shown with our amount; home has not answered yet";
        SettlementSubmitted = "settlement-submitted", "settlement submitted";
        Settled { block: Number } = "settled", "settled in block {block}";
        Billed { block: Number } = "billed", "settled in block {block}; on the driver's bill";
        // Any refusal fits it: the last.
        GivenUp { why: Cause } = "given-up", "{why}";
    }
}
