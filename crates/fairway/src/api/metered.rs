//! Counts the API's answers, for the operator's metrics.

use super::Api;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

/// Counts by class of status; files of the pages are not counted.
pub(super) async fn metered(State(api): State<Api>, request: Request, next: Next) -> Response {
    let of_api = request.uri().path().starts_with("/api/");
    let response = next.run(request).await;
    if of_api {
        let status = response.status().as_u16();
        api.parts().desk.meters.answered(status);
    }
    response
}
