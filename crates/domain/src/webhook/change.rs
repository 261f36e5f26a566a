//! What becomes of an endpoint. Nothing here judges who may.

use super::{Disabled, Endpoint, Format, Secret};
use crate::{
    Reason, Rejection,
    id::{EndpointId, StoreId},
};
use std::time::Duration;
use time::OffsetDateTime;

/// An endpoint as somebody wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEndpoint {
    pub url: String,
    /// None named is all that the format has.
    pub types: Vec<String>,
    pub format: Format,
}

/// What of an endpoint is to change; the rest stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndpointPatch {
    pub url: Option<String>,
    /// None named is all that the format has.
    pub types: Option<Vec<String>>,
    pub enabled: Option<bool>,
}

impl NewEndpoint {
    /// # Errors
    ///
    /// [`Reason::InvalidFields`] if the format does not have one of the types.
    pub fn make(
        self,
        store_id: StoreId,
        endpoint_id: EndpointId,
        secret: String,
        now: OffsetDateTime,
    ) -> Result<Endpoint, Rejection> {
        self.format.must_have(&self.types)?;
        Ok(Endpoint {
            store_id,
            endpoint_id,
            url: self.url,
            types: self.types,
            format: self.format,
            secrets: vec![Secret { secret, until: None }],
            disabled: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }
}

impl Endpoint {
    /// Secrets that a message is signed with at most.
    pub const MAX_SECRETS: usize = 2;
    /// For how long the secret before a new one goes on signing, if nobody says.
    pub const OVERLAP: Duration = Duration::from_hours(24);
    /// For how long it may.
    pub const MAX_OVERLAP: Duration = Duration::from_hours(7 * 24);

    /// The endpoint with a change, or as it is if there is nothing to change.
    ///
    /// # Errors
    ///
    /// [`Reason::InvalidFields`] if its format does not have one of the types.
    pub fn patched(&self, patch: EndpointPatch, now: OffsetDateTime) -> Result<Self, Rejection> {
        let mut after = self.clone();
        after.url = patch.url.unwrap_or(after.url);
        if let Some(types) = patch.types {
            self.format.must_have(&types)?;
            after.types = types;
        }
        match patch.enabled {
            Some(true) => after.disabled = None,
            // Why it did not take what it was sent is not written over.
            Some(false) if after.disabled.is_none() => {
                let why = "a person disabled it".to_owned();
                after.disabled = Some(Disabled { why, at: now, by_person: true });
            }
            Some(false) | None => {}
        }
        Ok(if after == *self { after } else { after.changed(now) })
    }

    /// The endpoint with a new secret. The one before goes on signing for as long as the two
    /// overlap; one that is older still ends at once.
    #[must_use]
    pub fn rotated(&self, secret: String, overlap: Duration, now: OffsetDateTime) -> Self {
        let mut after = self.clone();
        after.secrets.truncate(Self::MAX_SECRETS - 1);
        if let Some(before) = after.secrets.first_mut() {
            before.until = Some(now + overlap);
        }
        after.secrets.insert(0, Secret { secret, until: None });
        after.changed(now)
    }

    /// The endpoint that did not take what it was sent as of a version; none if it is disabled
    /// already, or was changed since: whoever has a new URL is not judged by the old one.
    pub fn given_up(&self, version: i64, why: &str, now: OffsetDateTime) -> Option<Self> {
        if self.disabled.is_some() || self.version != version {
            return None;
        }
        let mut after = self.clone();
        after.disabled = Some(Disabled { why: why.to_owned(), at: now, by_person: false });
        Some(after.changed(now))
    }

    /// # Errors
    ///
    /// [`Reason::EndpointDisabled`], with why and since when.
    pub fn must_be_enabled(&self) -> Result<(), Rejection> {
        let Some(disabled) = &self.disabled else { return Ok(()) };
        let text = format!("nothing is sent to endpoint {}: {}", self.endpoint_id, disabled.why);
        Err(Rejection::new(Reason::EndpointDisabled, text)
            .with("endpoint", self.endpoint_id)
            .with("why", &disabled.why)
            .with("version", self.version))
    }

    /// Secrets that ended are not kept.
    fn changed(mut self, now: OffsetDateTime) -> Self {
        self.secrets.retain(|secret| secret.is_live(now));
        self.version += 1;
        self.updated_at = now;
        self
    }
}

impl Format {
    /// Whether endpoints of this format are told of events of this type.
    pub fn has(self, kind: &str) -> bool {
        match self {
            Self::Standard => true,
            Self::Globale => kind == Endpoint::GLOBALE,
        }
    }

    fn must_have(self, types: &[String]) -> Result<(), Rejection> {
        let Some(other) = types.iter().find(|kind| !self.has(kind)) else { return Ok(()) };
        let text = format!("must not be {other} for an endpoint of the format {}", self.name());
        Err(Rejection::new(Reason::InvalidFields, text).at("types"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    const NOON: OffsetDateTime = datetime!(2025-03-01 12:00 UTC);
    const HOUR: Duration = Duration::from_hours(1);

    fn endpoint() -> Endpoint {
        made(Format::Standard, &[]).unwrap()
    }

    fn made(format: Format, types: &[&str]) -> Result<Endpoint, Rejection> {
        let types = types.iter().map(|kind| (*kind).to_owned()).collect();
        let new = NewEndpoint { url: "https://shop.example/".to_owned(), types, format };
        let id = "ep_0190b2c40000700080000000000000aa".parse().unwrap();
        new.make("s1".parse().unwrap(), id, "whsec_1".to_owned(), NOON)
    }

    #[test]
    fn a_change_that_changes_nothing_leaves_the_version() {
        let before = endpoint();
        for patch in [
            EndpointPatch::default(),
            EndpointPatch { enabled: Some(true), ..EndpointPatch::default() },
            EndpointPatch { url: Some(before.url.clone()), ..EndpointPatch::default() },
        ] {
            assert_eq!(before.patched(patch, NOON + HOUR).unwrap(), before);
        }
    }

    #[test]
    fn what_is_not_named_stays() {
        let patch = EndpointPatch { types: Some(vec!["order.ready".to_owned()]), ..none() };
        let after = endpoint().patched(patch, NOON + HOUR).unwrap();
        assert_eq!((after.version, after.updated_at), (2, NOON + HOUR));
        assert!(after.wants("order.ready") && !after.wants("order.received"));
        let after = after.patched(EndpointPatch { types: Some(vec![]), ..none() }, NOON).unwrap();
        assert!(after.wants("order.received"));
        assert_eq!((after.url, after.secrets), (endpoint().url, endpoint().secrets));
    }

    fn none() -> EndpointPatch {
        EndpointPatch::default()
    }

    #[test]
    fn the_compatible_format_has_one_type() {
        assert!(made(Format::Globale, &[]).is_ok());
        let globale = made(Format::Globale, &["refund.created"]).unwrap();
        assert!(globale.wants("refund.created") && !globale.wants("refund.failed"));
        let refused = made(Format::Globale, &["refund.created", "order.ready"]).unwrap_err();
        assert_eq!(refused.reason, Reason::InvalidFields);
        assert_eq!(refused.violations[0].field, "types");
        let patch = EndpointPatch { types: Some(vec!["order.ready".to_owned()]), ..none() };
        assert_eq!(globale.patched(patch, NOON).unwrap_err().reason, Reason::InvalidFields);
    }

    #[test]
    fn two_secrets_sign_while_they_overlap_and_never_three() {
        let once = endpoint().rotated("whsec_2".to_owned(), HOUR, NOON);
        assert_eq!(once.secrets_at(NOON), ["whsec_2", "whsec_1"]);
        assert_eq!(once.secrets_at(NOON + HOUR), ["whsec_2"]);
        let twice = once.rotated("whsec_3".to_owned(), HOUR, NOON);
        assert_eq!(twice.secrets_at(NOON), ["whsec_3", "whsec_2"]);
        assert_eq!(twice.version, 3);
        let at_once = twice.rotated("whsec_4".to_owned(), Duration::ZERO, NOON);
        assert_eq!(at_once.secrets_at(NOON), ["whsec_4"]);
        assert_eq!(at_once.secrets.len(), 1, "an ended secret is not kept");
    }

    #[test]
    fn what_is_written_down_for_ever_holds_no_secret() {
        let moved = EndpointPatch { url: Some("https://a.example/p4th?k=s3cret".into()), ..none() };
        let written = endpoint().patched(moved, NOON).unwrap().without_secrets();
        assert_eq!((written.url.as_str(), written.secrets), ("https://a.example", vec![]));
    }

    #[test]
    fn whoever_disabled_it_is_remembered() {
        let off = EndpointPatch { enabled: Some(false), ..none() };
        let by_person = endpoint().patched(off.clone(), NOON).unwrap();
        assert!(by_person.disabled.as_ref().is_some_and(|it| it.by_person && it.at == NOON));
        assert_eq!(by_person.given_up(2, "no answer", NOON), None);
        let given_up = endpoint().given_up(1, "no answer", NOON).unwrap();
        assert_eq!(given_up.patched(off, NOON + HOUR).unwrap(), given_up);
        let refused = given_up.must_be_enabled().unwrap_err();
        assert_eq!(refused.reason, Reason::EndpointDisabled);
        assert_eq!(refused.value("why"), Some("no answer"));
        let moved = EndpointPatch { url: Some("https://new.example/".to_owned()), ..none() };
        let moved = endpoint().patched(moved, NOON).unwrap();
        assert_eq!(moved.given_up(1, "no answer", NOON), None, "the new URL did nothing");
        let on = EndpointPatch { enabled: Some(true), ..none() };
        let again = given_up.patched(on, NOON + HOUR).unwrap();
        assert_eq!((again.disabled.clone(), again.version), (None, 3));
        assert!(again.must_be_enabled().is_ok());
    }
}
