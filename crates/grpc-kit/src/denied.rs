use crate::Principal;
use application::Denials;
use domain::Denial;
use http::Response;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt as _;

/// Notes it if the caller was refused for who it is. Whatever it named and did not find counts as
/// well: whether that is another store's is not looked at, here no more than in the answer.
pub(crate) fn note(
    denials: &Denials,
    principal: &Principal,
    method: &str,
    answered: &Response<Body>,
) {
    // The platform acts for every store and belongs to none.
    let Some(store_id) = &principal.store_id else { return };
    let Some(status) = Status::from_header_map(answered.headers()) else { return };
    if !matches!(status.code(), Code::PermissionDenied | Code::NotFound) {
        return;
    }
    let Some(mut info) = status.get_details_error_info() else { return };
    let denial = Denial::new(info.reason, method, info.metadata.remove("id"));
    denials.note(store_id, &principal.actor, denial);
}
