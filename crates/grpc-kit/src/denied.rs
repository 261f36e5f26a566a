use crate::Principal;
use application::Denials;
use domain::Denial;
use http::Response;
use tonic::{Code, Status, body::Body};
use tonic_types::StatusExt as _;

/// Refused for who asked, and not for what was asked.
const WHO_ASKED: [&str; 2] = ["FOUR_EYES", "OWN_ACCOUNT"];

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
    let Some(mut info) = status.get_details_error_info() else { return };
    let is_denial = matches!(status.code(), Code::PermissionDenied | Code::NotFound)
        || WHO_ASKED.contains(&&*info.reason);
    if !is_denial {
        return;
    }
    // A merchant's GUID may be a credential, and has no place in a log.
    let named = info.metadata.remove("id").filter(|_| method != "ResolveMerchant");
    let denial = Denial::new(info.reason, method, named);
    denials.note(store_id, &principal.actor, denial);
}
