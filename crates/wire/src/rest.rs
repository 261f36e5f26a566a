//! The REST edge as data: which HTTP request is which call, and what a request is made of.

use prost::Message as _;
use serde::{Serialize, de::DeserializeOwned};
use std::error::Error;

/// What goes wrong in here is a text for the log or the caller.
pub type Fault = Box<dyn Error + Send + Sync>;

/// One HTTP request and the gRPC call that answers it, with one message or with a stream of them.
#[derive(Debug)]
pub struct Route {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The path as the contract writes it, `/v1/stores/{store_id}/orders/{order_id}:accept`.
    pub template: &'static str,
    /// What stands between the slashes.
    pub segments: &'static [Segment],
    /// The custom verb after the colon, `accept`.
    pub action: Option<&'static str>,
    /// `/meridian.orders.v1.OrderService/AcceptOrder`.
    pub grpc_path: &'static str,
    /// Whether the request is in the body; if not, what the path does not bind is in the query.
    pub has_body: bool,
    /// What the request is made of.
    pub request: &'static Message,
    /// Turns a request in JSON into its protobuf bytes.
    pub encode: fn(serde_json::Value) -> Result<Vec<u8>, serde_json::Error>,
    /// Turns an answer's protobuf bytes into the JSON of the resource; of a stream, those of each
    /// message.
    pub decode: fn(&[u8]) -> Result<Vec<u8>, Fault>,
    /// Turns a message of a server stream into an event. None for a call with one answer.
    pub event: Option<ToEvent>,
}

/// Reads a message of a server stream.
pub type ToEvent = fn(&[u8]) -> Result<Event, Fault>;

/// A message of a server stream, with what it calls itself.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// Its text field `event_id`; empty if it has none.
    pub id: String,
    /// Its text field `type`; empty if it has none.
    pub name: String,
    /// The JSON of the resource.
    pub data: Vec<u8>,
}

/// A method of the contract.
#[derive(Debug, Clone, Copy)]
pub struct Method {
    /// `/meridian.orders.v1.OrderService/AcceptOrder`.
    pub path: &'static str,
    /// `AcceptOrder`; no two methods have the same.
    pub name: &'static str,
    /// Whether it answers a stream.
    pub streams: bool,
}

impl Method {
    /// Whether that is its name, also where it is asked while something is compiled.
    pub const fn is_named(&self, name: &str) -> bool {
        let (own, name) = (self.name.as_bytes(), name.as_bytes());
        let mut at = 0;
        while at < own.len() && at < name.len() && own[at] == name[at] {
            at += 1;
        }
        at == own.len() && at == name.len()
    }
}

/// A part of a path.
#[derive(Debug)]
pub enum Segment {
    /// Stands there as it is.
    Literal(&'static str),
    /// Binds this text field of the request.
    Field(&'static str),
}

/// What a message is made of.
#[derive(Debug)]
pub struct Message {
    /// In the order of the contract.
    pub fields: &'static [Field],
}

/// A field of a message.
#[derive(Debug)]
pub struct Field {
    /// The name in the contract, `order_id`.
    pub name: &'static str,
    /// The other form that is taken, `orderId`.
    pub json_name: &'static str,
    /// Whether it is a list.
    pub repeated: bool,
    /// What it holds.
    pub kind: Kind,
}

/// What a field holds.
#[derive(Debug)]
pub enum Kind {
    /// A JSON string; decimals too.
    Text,
    /// true or false.
    Bool,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits, in JSON a string or a number.
    Int64,
    /// RFC 3339.
    Timestamp,
    /// One of these names; the position is the number.
    Enum(&'static [&'static str]),
    /// An object.
    Message(&'static Message),
}

impl Message {
    /// Looks a field up by either form of its name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name || field.json_name == name)
    }
}

/// Whether a text is a time as the contract writes it, RFC 3339.
pub fn is_timestamp(text: &str) -> bool {
    serde_json::from_value::<pbjson_types::Timestamp>(text.into()).is_ok()
}

fn encode<T: DeserializeOwned + prost::Message>(
    value: serde_json::Value,
) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::from_value::<T>(value).map(|message| message.encode_to_vec())
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, Fault> {
    Ok(serde_json::to_vec(value)?)
}

include!(concat!(env!("OUT_DIR"), "/rest.rs"));
