//! The kinds of problems: for each code what happened, and what to do. `type` of a problem leads to its page, `/problems/CODE`.
//!
//! A code of the utility or of the contracts stands in the list of the model; the others are the API's own. Tested below: every code of
//! the model and every code that docs/api.md names has its page, and no page is without a code.

use super::docs;
use super::extract::Path;
use super::pages::answer;
use super::problem::Problem;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use std::borrow::Cow;

/// A code, what happened, and what to do.
type Kind = (&'static str, &'static str, &'static str);

/// Codes of the API itself.
const OWN: &[Kind] = &[
    (
        "not-signed-in",
        "There is no sign-in, or it has ended: a sign-in lasts 12 hours, and ends with a sign-out, another password, or when the account is disabled.",
        "Sign in again (`POST /api/v1/login`) and repeat the request with the new cookie.",
    ),
    (
        "credentials",
        "No account has this name and password.",
        "Check the name and type the password again. After five wrong passwords the name has to wait.",
    ),
    (
        "locked",
        "Too many wrong passwords were tried for this name.",
        "Wait as long as `Retry-After` says. Nothing is lost.",
    ),
    (
        "setup-token",
        "The link for the first account was used, is older than 24 hours, or is another one.",
        "Start the member again: without accounts it prints a new link. `fairway account add` makes an account at any time.",
    ),
    (
        "csrf",
        "A request that changes something did not show the token of its sign-in.",
        "Send `X-Fairway-Csrf` with the value `csrf` of `GET /api/v1/me`.",
    ),
    (
        "role",
        "The account does not have a role for this.",
        "`detail` names the roles that may. Ask somebody who has one of them.",
    ),
    (
        "not-found",
        "Nothing is there, or nothing that this account may see.",
        "Check the address and the id. `/openapi.json` lists every address.",
    ),
    (
        "path",
        "A part of the address is no value of its kind.",
        "`detail` names the part and what it must be.",
    ),
    (
        "query",
        "A parameter of the query is unknown at this address, or its value cannot be.",
        "`detail` names the parameter, and what the address takes.",
    ),
    (
        "json",
        "The body is no JSON, or something follows it.",
        "Send one JSON object and nothing else.",
    ),
    (
        "fields",
        "The body is JSON of another form, or a field says something that cannot be.",
        "`errors` points at each place and says what would be right.",
    ),
    (
        "body",
        "The body could not be read: the line broke, or it was not as long as it said.",
        "Send the request again.",
    ),
    (
        "media-type",
        "The body is not declared as JSON.",
        "Send `Content-Type: application/json`.",
    ),
    (
        "body-too-large",
        "The body has more bytes than the address takes.",
        "Send less at a time; `detail` says how much is taken.",
    ),
    (
        "method",
        "The address does not take this method.",
        "`Allow` lists the methods that it takes.",
    ),
    (
        "request",
        "The request could not be served.",
        "`title` names the status. Check the request against `/openapi.json`.",
    ),
    (
        "document",
        "The bill could not be set as a document.",
        "Tell an engineer of the utility, with `trace_id`: the log says more. The bill itself is unharmed.",
    ),
    (
        "idempotency-key",
        "An operation that binds the utility was asked for without a key of its own, under the key of another request, or while the same request still runs.",
        "Send `Idempotency-Key` with 1 to 255 visible characters: a new one for a new request, the same one to repeat a request whose answer was lost.",
    ),
    (
        "etag",
        "The change does not say which version it is a change of, or somebody else was faster.",
        "Read the thing again, look at what differs, and send `If-Match` with its `ETag`.",
    ),
    (
        "rate",
        "More requests came within a minute than are taken from one sign-in or address.",
        "Wait as long as `Retry-After` says. `RateLimit-Remaining` of each answer tells what is left.",
    ),
    (
        "witness",
        "This member is a witness: it validates the ledger, and has no stations, customers or agreements.",
        "Ask a member that is a utility.",
    ),
    (
        "password",
        "The password may not be chosen.",
        "Choose one with 12 characters or more, and at most 256 bytes.",
    ),
    (
        "name-taken",
        "An account with this name exists.",
        "Choose another name.",
    ),
    (
        "own-account",
        "An account was to disable itself.",
        "Let another account do it: somebody must be able to undo it.",
    ),
    (
        "proof",
        "The proof does not prove what it should, or none can be made at present.",
        "`detail` says which. A proof that was changed on the way never becomes good: ask for a new one.",
    ),
    (
        "blocks-missing",
        "This member does not hold the blocks that were asked for.",
        "Ask a member that followed from the beginning, or join its exports with `fairway ledger concat`.",
    ),
    (
        "too-far",
        "The state after that block lies too far back to be computed for one request.",
        "Ask for a later block, or replay an export with `fairway audit`.",
    ),
    (
        "no-forecast",
        "There is no forecast for that agreement and day.",
        "`GET /api/v1/forecasts` lists the days that have one.",
    ),
    (
        "internal",
        "Something went wrong here that is no fault of the request.",
        "Tell an engineer of the utility, with `trace_id`: the log says more.",
    ),
];

/// Codes of the utility and of the contracts.
const REFUSALS: &[Kind] = &[
    (
        "cin-mistyped",
        "The check digit or the form of the number is wrong.",
        "Type the number again, as it stands on the card.",
    ),
    (
        "cin-unknown-network",
        "No member of the network has numbers that begin so.",
        "Check the first digits. A new member's prefix must be on the ledger first.",
    ),
    (
        "cin-unknown",
        "The home utility does not know this number.",
        "Check the number, or add the customer.",
    ),
    (
        "cin-blocked",
        "The home utility has blocked this number.",
        "The driver asks the home utility; an operator there unblocks it.",
    ),
    (
        "cin-frozen",
        "The driver has frozen his cards and numbers.",
        "He unfreezes them on his pages at the home utility; nobody else does.",
    ),
    (
        "credential-foreign",
        "What was shown is no number, card or contract id of a known form.",
        "Use the number, or a card that is registered for it.",
    ),
    (
        "pin-wrong",
        "The PIN is missing or wrong.",
        "Type it again; too many attempts make the number wait.",
    ),
    (
        "too-many-attempts",
        "Too many attempts failed.",
        "Wait a minute and try again.",
    ),
    (
        "no-agreement",
        "No agreement is in force between the two utilities.",
        "Propose one, or charge at a station of the own utility.",
    ),
    (
        "service-not-allowed",
        "The contract does not include this service here.",
        "The driver asks the home utility for it.",
    ),
    (
        "credit-exhausted",
        "Credit limit or prepaid balance does not cover the charge.",
        "Pay in, or raise the limit.",
    ),
    (
        "home-silent",
        "The home utility does not answer, and nothing known here allows the charge.",
        "Try again in a moment; if it lasts, the home utility's operators must look.",
    ),
    (
        "no-offer",
        "The rules found no price inside of the agreement.",
        "Compare rules and present load with the corridor of the agreement.",
    ),
    (
        "offer-expired",
        "The offer ran out before the driver agreed.",
        "Identify again: there is a new offer.",
    ),
    (
        "consent-declined",
        "The driver declined the offer.",
        "Nothing; no charge began.",
    ),
    (
        "consent-timeout",
        "Nobody answered the question for consent.",
        "Identify again and answer in time.",
    ),
    (
        "evse-unavailable",
        "The charging point is unknown, faulted or occupied.",
        "Take another one, or look at its state.",
    ),
    (
        "session-unknown",
        "The charge is not known here.",
        "Check the id; a charge is known to its home and its visited utility.",
    ),
    (
        "out-of-order",
        "A message does not fit the state of its charge.",
        "Look at the charge's story; nothing was changed.",
    ),
    (
        "meter-backwards",
        "The register of the meter ran backwards.",
        "Have the meter checked; the charge is rated from what is proven.",
    ),
    (
        "meter-signature",
        "The signature of a meter record does not verify.",
        "Have the meter and its registered key checked.",
    ),
    (
        "meter-key",
        "A meter record is signed by a key that is not registered for its charging point.",
        "Register the meter's key, or find out whose meter it is.",
    ),
    (
        "malformed",
        "The bytes or the text cannot be read.",
        "`detail` says where. Send it in the described form.",
    ),
    (
        "too-large",
        "It is larger than a named bound.",
        "`detail` says the bound. Send less.",
    ),
    (
        "bad-signature",
        "A signature does not verify.",
        "Sign with the key that is registered for the signer.",
    ),
    (
        "not-authorized",
        "It is addressed to another member, or comes from one that may not send it.",
        "Send it from the member that may.",
    ),
    (
        "duplicate",
        "It was seen before; nothing changed.",
        "Nothing, if it was a repetition. Otherwise send it under a new id.",
    ),
    (
        "member-unknown",
        "No such member.",
        "Check the member id; `GET /api/v1/network` lists the members.",
    ),
    (
        "prefix-taken",
        "The prefix overlaps a registered one.",
        "Choose a prefix that is free.",
    ),
    (
        "evse-taken",
        "The charging point or station id is registered already.",
        "Choose another id.",
    ),
    (
        "terms-invalid",
        "The terms contradict each other or leave a bound.",
        "`errors` or `detail` says where; mend the terms and check them again (`POST /api/v1/agreements/check`).",
    ),
    (
        "agreement-unknown",
        "The agreement is unknown, or not countersigned.",
        "Check the id; `GET /api/v1/agreements` lists them.",
    ),
    (
        "agreement-not-in-force",
        "The agreement was not in force at that time.",
        "Look at its dates; propose a newer version.",
    ),
    (
        "price-wrong",
        "The total is not what the rule of the agreement gives.",
        "Rate the charge again from its signed records; the contract never takes another total.",
    ),
    (
        "shares-wrong",
        "The shares are not what the split of the agreement gives.",
        "Compute them again with the split of the agreement.",
    ),
    (
        "adjustment-outside",
        "An adjustment lies outside of the agreement.",
        "Keep loads and discounts inside of the agreed corridor.",
    ),
    (
        "energy-over-cap",
        "The energy is over the agreement's limit for one charge.",
        "End the charge before the limit, or agree on a higher one.",
    ),
    (
        "amount-over-cap",
        "The amount is over the agreement's limit for one charge.",
        "End the charge before the limit, or agree on a higher one.",
    ),
    (
        "exposure-over-cap",
        "What is open between the two would pass the agreement's limit.",
        "Settle what is open, or agree on a higher limit.",
    ),
    (
        "guarantee-exceeded",
        "The guarantee of the home utility does not cover it.",
        "Ask the home utility for a new guarantee.",
    ),
    (
        "hold-unknown",
        "No such hold.",
        "Look at the charge's story: the hold may never have been placed.",
    ),
    (
        "hold-closed",
        "The hold is posted, void or expired.",
        "Nothing; a hold is used once.",
    ),
    (
        "already-settled",
        "The charge was settled before.",
        "Nothing; a charge settles once. A mistake is mended by a dispute or a credit.",
    ),
    (
        "energy-mismatch",
        "The difference of the register and the energy of the periods disagree.",
        "Rate the charge again from its signed records.",
    ),
    (
        "time-invalid",
        "Times lie in the future, out of order, or too far apart.",
        "Check the clock of the machine and the times that were sent.",
    ),
    (
        "busy",
        "Something that should answer does not at present, or too much waits for it.",
        "Repeat the request after `Retry-After`, under the same key: twice is once.",
    ),
    (
        "ledger-stalled",
        "The ledger has no quorum at present.",
        "Wait until enough validators run again; charging goes on meanwhile.",
    ),
    (
        "ratings-differ",
        "The two utilities priced the charge differently.",
        "Compare both ratings in the charge's story; a case decides what stays unclear.",
    ),
    (
        "id-conflict",
        "Something exists with the same id and other content: for instance a request that failed, and another one under its key.",
        "Send the new request under a new id or key.",
    ),
    (
        "nothing-delivered",
        "No energy was delivered.",
        "Nothing; there is nothing to pay.",
    ),
    (
        "customer-invalid",
        "The data of the customer are contradictory or incomplete.",
        "`detail` says which field, and what would be right.",
    ),
    (
        "station-unknown",
        "The station is not registered with this utility.",
        "Check the name; `GET /api/v1/stations` lists the stations.",
    ),
    (
        "agreement-suspended",
        "The agreement is suspended: no new charge begins.",
        "Resume it, or wait until the partner does.",
    ),
    (
        "sessions-over-cap",
        "The agreement's limit of charges at a time or a day is reached.",
        "Wait, or agree on a higher one.",
    ),
    (
        "notice-too-short",
        "The end lies before the agreed notice.",
        "Choose a later day.",
    ),
    (
        "rounds-exhausted",
        "The proposals of this negotiation are used up.",
        "Begin a new negotiation.",
    ),
    (
        "claim-invalid",
        "The claim that a driver was refused, or its answer, does not fit.",
        "`detail` says why.",
    ),
    (
        "offer-unknown",
        "Nothing is posted there.",
        "Check the member and what it posted.",
    ),
    (
        "not-due",
        "It is not time for it yet, or no more.",
        "`detail` says when it is.",
    ),
    (
        "case-unknown",
        "There is no such case, or the charge has none.",
        "Check the id; `GET /api/v1/disputes` lists the cases.",
    ),
    (
        "case-closed",
        "The case is decided, or does not wait for this.",
        "Look at its state; a decided case stays decided.",
    ),
    (
        "credit-exceeds",
        "More would be credited than is left of the charge.",
        "Credit at most what is left.",
    ),
    (
        "energy-not-owned",
        "More energy is sold or offered than the member has in that area and hour.",
        "State or buy the energy first.",
    ),
    (
        "rate-unknown",
        "There is no stated rate of exchange, or it is too old.",
        "Have a member state the rate on the ledger.",
    ),
    (
        "cycle-open",
        "The netting cycle is not over yet.",
        "Wait until it ends.",
    ),
    (
        "cycle-closed",
        "The netting cycle is closed already.",
        "Nothing; a cycle closes once.",
    ),
    (
        "members-incomplete",
        "The list of members to net is not the roll of members.",
        "Name every member of the roll.",
    ),
    (
        "nothing-due",
        "There is nothing to net, to charge or to pay.",
        "Nothing.",
    ),
    (
        "obligation-unknown",
        "No such obligation.",
        "Check the id; `GET /api/v1/settlement/open` lists what is open.",
    ),
    (
        "interest-charged",
        "Interest for this day is charged already.",
        "Nothing.",
    ),
    (
        "issuer-unknown",
        "The member issues no tokens in this currency.",
        "Name a member that does.",
    ),
    (
        "tokens-missing",
        "Fewer tokens are there than are asked for.",
        "Ask for fewer, or get more first.",
    ),
    (
        "tokens-not-accepted",
        "The receiver does not accept these tokens, or not so many.",
        "Pay in another way, or ask the receiver to accept them.",
    ),
    (
        "redemption-unknown",
        "No such request to be paid out.",
        "Check the id.",
    ),
    (
        "collateral-needed",
        "The collateral secures what is open.",
        "Settle what is open first.",
    ),
    (
        "member-suspended",
        "The member is suspended.",
        "The council lifts the suspension.",
    ),
    (
        "member-gone",
        "The member left or was expelled.",
        "Nothing; it can join anew.",
    ),
    (
        "proposal-unknown",
        "No such proposal of the council.",
        "Check the number; `fairway council list` lists them.",
    ),
    (
        "proposal-closed",
        "The proposal is decided or expired.",
        "Make a new one.",
    ),
    (
        "no-vote",
        "Only active members that validate have a vote.",
        "Nothing.",
    ),
    (
        "out-of-bounds",
        "A parameter lies outside of its bounds.",
        "`detail` says the bounds.",
    ),
    (
        "validator-set",
        "The set of validators would be too small or too large, or cannot change so.",
        "`detail` says why; change fewer at a time.",
    ),
    ("key-taken", "The key is or was in use.", "Make a new key."),
    (
        "evidence-empty",
        "The evidence proves nothing.",
        "Show two statements that contradict each other, with their signatures.",
    ),
    (
        "threshold-not-met",
        "There are not enough votes.",
        "Wait for more votes.",
    ),
    (
        "version-unknown",
        "The version of the contracts that is in force is not part of this program.",
        "Update the program.",
    ),
    (
        "rule-invalid",
        "The module is no custom rule.",
        "`detail` names the violation; `fairway rule check` finds it beforehand.",
    ),
    (
        "rule-unknown",
        "The custom rule is not on the ledger.",
        "Put it there first (`fairway rule`).",
    ),
    (
        "meter-overlap",
        "Another charge took a part of the same stretch of the meter's register.",
        "Find out which of the two charges the energy belongs to.",
    ),
    (
        "not-sealed",
        "A message between members is not encrypted.",
        "Encrypt it for the addressee.",
    ),
    (
        "seal-broken",
        "An encrypted message does not open: it was changed on the way, or made for somebody else.",
        "Send it again with the addressee's present key.",
    ),
    (
        "encryption-key-unknown",
        "No such encryption key, or no private half of it here.",
        "Use the key that is on the ledger.",
    ),
    (
        "encryption-key-retired",
        "The encryption key was replaced, and its time of grace is over.",
        "Use the present key.",
    ),
    (
        "replayed",
        "The message was opened before; nothing changed.",
        "Nothing.",
    ),
    (
        "reading-refused",
        "A reading of the load is not taken.",
        "`detail` says why.",
    ),
    (
        "forecast-refused",
        "A member's own forecast is not taken.",
        "`detail` says why.",
    ),
    (
        "model-invalid",
        "The model or package of models is not sound.",
        "`detail` names the fault; train or export it anew.",
    ),
    (
        "model-unknown",
        "The model, package or load book is not on the ledger.",
        "Put it there first.",
    ),
];

fn find(code: &str) -> Option<&'static Kind> {
    OWN.iter()
        .chain(REFUSALS)
        .find(|(known, _, _)| *known == code)
}

/// A page as Markdown.
fn text((code, happened, todo): &Kind) -> String {
    format!(
        "# Problem `{code}`\n\n## What happened\n\n{happened}\n\n## What to do\n\n{todo}\n\nThe answer itself says more: `detail` tells what was wrong and \
         what would be right, `errors` where in the request, and `trace_id` names the request in the log. [The API](../docs/api.md) tells the manners.\n"
    )
}

/// The page about a kind of problem.
pub(super) async fn serve(Path(code): Path<String>, headers: HeaderMap) -> Response {
    let Some(kind) = find(&code) else {
        return Problem::not_found("no problem has this code; docs/api.md lists the codes")
            .into_response();
    };
    let page = docs::page("problems/kind.md", &text(kind));
    answer(&headers, "page.html", Cow::Owned(page.into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use fairway_model::RefusalCode;
    use std::collections::BTreeSet;

    #[test]
    fn every_code_has_a_page_of_its_own() {
        let mut texts = BTreeSet::new();
        for kind in OWN.iter().chain(REFUSALS) {
            assert!(texts.insert(kind.0), "{} is there twice", kind.0);
            assert!(kind.1.ends_with('.') && kind.2.ends_with('.'), "{}", kind.0);
        }
        let of_model: BTreeSet<&str> = RefusalCode::ALL.iter().map(|code| code.as_str()).collect();
        let here: BTreeSet<&str> = REFUSALS.iter().map(|kind| kind.0).collect();
        let differ: Vec<_> = of_model.symmetric_difference(&here).collect();
        assert!(differ.is_empty(), "{differ:?}");
        let document = include_str!("../../../../docs/api.md");
        let list = document.split("## Codes of the API itself").nth(1).unwrap();
        let list = list.split("Every other code").next().unwrap();
        let told: BTreeSet<&str> = list.split('`').skip(1).step_by(2).collect();
        let own: BTreeSet<&str> = OWN.iter().map(|kind| kind.0).collect();
        let differ: Vec<_> = told.symmetric_difference(&own).collect();
        assert!(
            differ.is_empty(),
            "docs/api.md and the pages differ: {differ:?}"
        );
    }

    #[test]
    fn a_page_has_a_title_a_language_and_the_way_out() {
        let page = docs::page("problems/kind.md", &text(find("etag").unwrap()));
        for part in [
            "<html lang=\"en\">",
            "<title>Problem etag - Fairway</title>",
            "somebody else was faster",
            "href=\"/docs/api.md\"",
        ] {
            assert!(page.contains(part), "{part}: {page}");
        }
        assert!(find("asdfasdf").is_none());
    }
}
