//! Whether a message comes from Stripe: <https://docs.stripe.com/webhooks/signature>.

use hmac_sha256::HMAC;
use ports::NoticeError;
use std::time::Duration;
use time::OffsetDateTime;

/// How far from now a message may have been signed. Stripe's own libraries take as much.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// Signatures that are looked at. While a secret is being replaced there are two.
const MAX_SIGNATURES: usize = 8;

/// The header's `t=…,v1=…`: what was signed is the time, a point and the body, and one of the `v1`
/// has to be right. Other schemes are not looked at, `v0` for one, which anybody can make.
pub(super) fn verify(
    header: Option<&str>,
    body: &[u8],
    secret: &str,
    now: OffsetDateTime,
) -> Result<(), NoticeError> {
    let header = header.ok_or(NoticeError::Unsigned("there is none"))?;
    // Whoever has no secret has one that everybody knows.
    if secret.is_empty() {
        return Err(NoticeError::Unsigned("there is no secret to hold it against"));
    }
    let mut time = None;
    let mut signatures = Vec::new();
    for (name, value) in header.split(',').filter_map(|part| part.trim().split_once('=')) {
        match name {
            "t" if time.is_some_and(|earlier| earlier != value) => {
                return Err(NoticeError::Unsigned("it has two times"));
            }
            "t" => time = Some(value),
            "v1" if signatures.len() < MAX_SIGNATURES => signatures.extend(bytes(value)),
            _ => {}
        }
    }
    let time = time.ok_or(NoticeError::Unsigned("it has no time"))?;
    let signed_at: i64 = time.parse().map_err(|_| NoticeError::Unsigned("its time is none"))?;
    let is_ours = |signature: &[u8; 32]| {
        let mut mac = HMAC::new(secret);
        mac.update(time);
        mac.update(".");
        mac.update(body);
        // In a time that says nothing of how much of it is right.
        mac.finalize_verify(signature)
    };
    if !signatures.iter().any(is_ours) {
        return Err(NoticeError::Unsigned("it is not one of ours"));
    }
    let age = now.unix_timestamp().abs_diff(signed_at);
    if age > TOLERANCE.as_secs() { Err(NoticeError::Untimely) } else { Ok(()) }
}

fn bytes(hex: &str) -> Option<[u8; 32]> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        // A sign would be read as a part of the number.
        if !pair.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_of_the_tests";
    const BODY: &[u8] = br#"{"id": "evt_1"}"#;

    fn at(seconds: i64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(1_740_830_400 + seconds).unwrap()
    }

    fn sign(secret: &str, time: &str, body: &[u8]) -> String {
        let mac = HMAC::mac([time.as_bytes(), b".", body].concat(), secret);
        mac.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
    }

    fn signed(seconds: i64) -> String {
        let time = at(seconds).unix_timestamp().to_string();
        format!("t={time},v1={}", sign(SECRET, &time, BODY))
    }

    fn check(header: &str) -> Result<(), NoticeError> {
        verify(Some(header), BODY, SECRET, at(0))
    }

    #[test]
    fn what_stripe_signed_is_taken() {
        assert_eq!(check(&signed(0)), Ok(()));
        assert_eq!(check(&signed(0).replace(',', ", ")), Ok(()));
        assert_eq!(check(&format!("{},v0={}", signed(0), "6".repeat(64))), Ok(()));
    }

    #[test]
    fn a_known_message_of_another_library_is_taken() {
        // From Python: hmac.new(b"whsec_of_the_tests", b'1740830400.{"id": "evt_1"}', "sha256").
        let mac = "b73f58fa378caa7d88bc4714f947804aeb02346925f065cf7d9baff5c0d28533";
        assert_eq!(check(&format!("t=1740830400,v1={mac}")), Ok(()));
    }

    #[test]
    fn one_right_signature_of_several_is_enough() {
        let (wrong, right) = ("0".repeat(64), signed(0));
        let (time, right) = right.split_once(',').unwrap();
        assert_eq!(check(&format!("{time},v1={wrong},{right}")), Ok(()));
        assert_eq!(check(&format!("{time},{right},v1={wrong},v1=zz")), Ok(()));
        let many = format!("{time}{},{right}", format!(",v1={wrong}").repeat(8));
        assert!(check(&many).is_err(), "no more than so many are looked at");
    }

    #[test]
    fn a_message_of_another_time_is_not() {
        for seconds in [-300, -1, 1, 300] {
            assert_eq!(check(&signed(seconds)), Ok(()), "{seconds}");
        }
        for seconds in [-301, 301, -86_400] {
            assert_eq!(check(&signed(seconds)), Err(NoticeError::Untimely), "{seconds}");
        }
    }

    #[test]
    fn what_somebody_else_signed_or_changed_is_not() {
        let time = at(0).unix_timestamp().to_string();
        let (ours, theirs) = (sign(SECRET, &time, BODY), sign("whsec_other", &time, BODY));
        let later = at(1).unix_timestamp();
        let cut = &ours[..62];
        for header in [
            String::new(),
            "t".to_owned(),
            format!("v1={ours}"),
            format!("t={time}"),
            format!("t={time},v1={theirs}"),
            format!("t={time},v0={ours}"),
            format!("t={later},v1={ours}"),
            format!("t={time},t={later},v1={ours}"),
            format!("t={time},v1={cut}"),
            format!("t={time},v1=+0{}", &ours[2..]),
            format!("t=0x{time},v1={ours}"),
            format!("t=,v1={ours}"),
            format!("t=99999999999999999999,v1={ours}"),
        ] {
            assert!(matches!(check(&header), Err(NoticeError::Unsigned(_))), "{header}");
        }
        let changed = br#"{"id": "evt_2"}"#;
        let header = signed(0);
        assert!(verify(Some(&header), changed, SECRET, at(0)).is_err());
        assert!(verify(None, BODY, SECRET, at(0)).is_err());
        // Anybody could sign with nothing.
        let nothing = format!("t={time},v1={}", sign("", &time, BODY));
        assert!(verify(Some(&nothing), BODY, "", at(0)).is_err());
    }
}
