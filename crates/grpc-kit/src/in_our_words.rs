//! What tonic answers by itself, in the words of every refusal: the canonical code, a reason.

use crate::refusal;
use http::Response;
use tonic::{Code, Status, body::Body};

/// Services say a reason with every refusal, so that a status without one is tonic's own. Of those
/// that it answers before a service is called, INTERNAL says that the message could not be read,
/// and `OUT_OF_RANGE` that it is over the size limit.
pub(crate) fn in_our_words(response: Response<Body>) -> Response<Body> {
    let status = Status::from_header_map(response.headers());
    let own = status.filter(|status| status.code() != Code::Ok && status.details().is_empty());
    let Some(status) = own else { return response };
    tracing::debug!(code = ?status.code(), text = status.message(), "a call was refused by tonic");
    let status = match status.code() {
        Code::OutOfRange if status.message().contains("message length too large") => {
            refusal::message_too_large()
        }
        Code::Internal => refusal::message_unreadable(),
        code => refusal::without_reason(code, status.message()),
    };
    status.into_http()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::StatusExt as _;

    fn answered(status: Status) -> (Code, String) {
        let response = in_our_words(status.into_http());
        let status = Status::from_header_map(response.headers()).unwrap();
        let reason = status.get_error_details().error_info().unwrap().reason.clone();
        assert!(status.message().starts_with(&format!("{reason}: ")), "{status:?}");
        (status.code(), reason)
    }

    #[test]
    fn a_message_that_cannot_be_read_is_the_callers_fault() {
        let unread = Status::internal("failed to decode Protobuf message: invalid wire type");
        assert_eq!(answered(unread), (Code::InvalidArgument, "INVALID_FIELDS".to_owned()));
        let long = Status::out_of_range("Error, decoded message length too large: found 5 bytes");
        assert_eq!(answered(long), (Code::ResourceExhausted, "MESSAGE_TOO_LARGE".to_owned()));
    }

    #[test]
    fn every_other_status_gets_a_reason_and_keeps_its_code() {
        let unknown = answered(Status::unimplemented(""));
        assert_eq!(unknown, (Code::Unimplemented, "UNIMPLEMENTED".to_owned()));
        let ours = refusal::internal();
        assert_eq!(answered(ours), (Code::Internal, "INTERNAL".to_owned()));
    }
}
