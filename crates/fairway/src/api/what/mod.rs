//! What can be asked and done, by subject.

mod accounts;
mod agreements;
mod bills;
mod checks;
mod contracts;
mod customers;
mod disputes;
mod effect;
mod explorer;
pub(crate) use explorer::Names;
mod forecasts;
mod me;
mod my;
mod network;
mod overview;
mod policy;
mod proofs;
mod results;
pub(crate) mod sessions;
mod settlement;
pub(crate) mod stations;
mod story;
mod tariffs;
mod terms;
mod trace;

use super::Api;
use super::events;
use super::openapi::Base;
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Every address with its handlers.
pub(super) fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(Base::openapi())
        .merge(people())
        .merge(operations())
        .merge(partners())
        .merge(drivers())
        .merge(ledger())
        .routes(routes!(events::events))
}

fn people() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(me::version))
        .routes(routes!(me::setup_state, me::set_up))
        .routes(routes!(me::login))
        .routes(routes!(me::logout))
        .routes(routes!(me::me))
        .routes(routes!(me::change_password))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::change))
}

fn operations() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(overview::overview))
        .routes(routes!(stations::list))
        .routes(routes!(stations::one))
        .routes(routes!(sessions::list))
        .routes(routes!(story::one))
        .routes(routes!(story::end))
        .routes(routes!(trace::of_session))
        .routes(routes!(sessions::flow_chart))
        .routes(routes!(customers::list, customers::create))
        .routes(routes!(customers::one, customers::change))
        .routes(routes!(customers::block))
        .routes(routes!(customers::top_up))
        .routes(routes!(bills::of_customer))
        .routes(routes!(bills::paper_of_customer))
        .routes(routes!(customers::visitors))
        .routes(routes!(policy::read, policy::replace))
        .routes(routes!(policy::set_load))
        .routes(routes!(disputes::list))
        .routes(routes!(disputes::open))
        .routes(routes!(disputes::close))
}

fn partners() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(agreements::list, agreements::propose))
        .routes(routes!(agreements::check))
        .routes(routes!(agreements::one))
        .routes(routes!(agreements::diff))
        .routes(routes!(effect::of_agreements))
        .routes(routes!(effect::of_terms))
        .routes(routes!(tariffs::list))
        .routes(routes!(tariffs::of_terms))
        .routes(routes!(tariffs::of_agreement))
        .routes(routes!(agreements::counter))
        .routes(routes!(agreements::countersign))
        .routes(routes!(agreements::suspend))
        .routes(routes!(agreements::resume))
        .routes(routes!(agreements::terminate))
        .routes(routes!(network::partners))
        .routes(routes!(network::network))
        .routes(routes!(forecasts::list))
        .routes(routes!(forecasts::one))
        .routes(routes!(results::results))
        .routes(routes!(settlement::cycles))
        .routes(routes!(settlement::open))
        .routes(routes!(settlement::statement))
        .routes(routes!(settlement::books))
}

fn drivers() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(my::home))
        .routes(routes!(my::sessions))
        .routes(routes!(my::session))
        .routes(routes!(my::stop))
        .routes(routes!(my::freeze))
        .routes(routes!(my::profiles))
        .routes(routes!(my::bills))
        .routes(routes!(my::bill))
        .routes(routes!(my::bill_paper))
        .routes(routes!(my::disputes, my::dispute))
}

fn ledger() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(explorer::blocks))
        .routes(routes!(explorer::block))
        .routes(routes!(explorer::transaction))
        .routes(routes!(explorer::accounts))
        .routes(routes!(contracts::list))
        .routes(routes!(explorer::search))
        .routes(routes!(proofs::proof))
        .routes(routes!(proofs::verify))
        .routes(routes!(proofs::validators))
}
