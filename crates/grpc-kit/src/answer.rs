//! What a command answered, as the message that it is.

use crate::refusal;
use application::{Answer, Failure};
use prost::Message;
use tonic::Status;

/// The message whose bytes a command answered, now or when it was first asked.
///
/// # Errors
///
/// The refusal of a command that failed, or that of bytes which this build cannot read.
pub fn read_answer<M: Message + Default>(answer: Result<Answer, Failure>) -> Result<M, Status> {
    let answer = answer.map_err(|failure| refusal::of(&failure))?;
    M::decode(answer.bytes.as_slice()).map_err(|_| refusal::unreadable_answer())
}
