//! What came back over HTTP.

use http::HeaderMap;
use serde_json::Value;
use tonic::codegen::Bytes;

#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The resource of a call that went well.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.json()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// A detail of a refusal by the end of its type's name.
    pub fn detail(&self, kind: &str) -> Option<Value> {
        let json = self.json();
        let details = json["details"].as_array()?;
        let named = |detail: &&Value| detail["@type"].as_str().is_some_and(|it| it.ends_with(kind));
        details.iter().find(named).cloned()
    }

    /// The stable reason of a refusal.
    pub fn reason(&self) -> String {
        let info = self.detail(".ErrorInfo").unwrap_or_else(|| panic!("{}", self.text()));
        assert_eq!(info["domain"], "meridian");
        info["reason"].as_str().unwrap().to_owned()
    }

    /// A figure of a refusal.
    pub fn metadata(&self, key: &str) -> String {
        let info = self.detail(".ErrorInfo").unwrap();
        info["metadata"][key].as_str().unwrap_or_else(|| panic!("{key}: {info}")).to_owned()
    }

    /// The fields that a refusal names.
    pub fn fields(&self) -> Vec<String> {
        let bad = self.detail(".BadRequest").unwrap_or_default();
        let violations = bad["field_violations"].as_array().cloned().unwrap_or_default();
        violations.iter().map(|it| it["field"].as_str().unwrap().to_owned()).collect()
    }

    /// Checks that it is a refusal with this status and reason, in the shape of every refusal.
    #[track_caller]
    pub fn refused(&self, status: u16, reason: &str) -> &Self {
        assert_eq!((self.status, self.reason().as_str()), (status, reason), "{}", self.text());
        let json = self.json();
        assert!(json["code"].as_i64().is_some_and(|code| code > 0), "{json}");
        assert!(json["status"].as_str().is_some_and(|status| !status.is_empty()), "{json}");
        assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        self
    }

    /// Checks that it is refused because of exactly this field.
    #[track_caller]
    pub fn names(&self, field: &str) -> &Self {
        assert_eq!(self.fields(), [field], "{}", self.text());
        self
    }
}
