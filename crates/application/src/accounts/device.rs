use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use domain::user::User;
use hmac_sha256::HMAC;

const ID: usize = 16;

/// What a device that somebody logged in from keeps, and shows the next time: an id, and a proof
/// that it was given for this user. It opens nothing.
pub(super) fn given(user: &User, id: [u8; ID]) -> String {
    let proof = HMAC::mac(proved(user, id), user.device_key);
    BASE64_URL_SAFE_NO_PAD.encode([&id[..], &proof[..]].concat())
}

/// The id of a device that was given to this user.
pub(super) fn known(user: &User, shown: &str) -> Option<[u8; ID]> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(shown).ok()?;
    let (id, proof) = bytes.split_at_checked(ID)?;
    let id: [u8; ID] = id.try_into().ok()?;
    HMAC::verify(proved(user, id), user.device_key, proof.try_into().ok()?).then_some(id)
}

/// With what ended all sessions, no device is known any more either.
fn proved(user: &User, id: [u8; ID]) -> [u8; ID + 8] {
    let mut proved = [0; ID + 8];
    proved[..ID].copy_from_slice(&id);
    proved[ID..].copy_from_slice(&user.era.to_be_bytes());
    proved
}
