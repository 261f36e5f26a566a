//! Events to a real broker.

mod let_in;
mod lost;
mod pace;
mod proxy;
mod stored;

use async_nats::jetstream::{self, message::StreamMessage, stream::Stream};
use domain::id::{EventId, StoreId};
use ports::{Chain, PublishError, Published, Publisher as _};
use publishers::{NatsJetStream, NatsSettings};
use std::{ops::Range, time::Duration};
use testkit::nats::Server;
use uuid::Uuid;

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn settings(address: &str) -> NatsSettings {
    NatsSettings::of(format!("nats://{address}"))
}

fn publisher(settings: NatsSettings) -> NatsJetStream {
    NatsJetStream::new(settings).unwrap()
}

fn id(number: u128) -> EventId {
    EventId::from_uuid(Uuid::from_u128(number))
}

/// Events by their numbers, of one store.
struct Batch {
    store_id: StoreId,
    bodies: Vec<(u128, String)>,
}

impl Batch {
    fn of(numbers: Range<u128>) -> Self {
        let bodies = numbers.map(|number| (number, format!(r#"{{"sequence":{number}}}"#)));
        Self { store_id: "demo".parse().unwrap(), bodies: bodies.collect() }
    }

    fn events(&self) -> Vec<Published<'_>> {
        self.bodies
            .iter()
            .map(|(number, body)| Published {
                event_id: id(*number),
                store_id: &self.store_id,
                kind: if number % 2 == 0 { "refund.created" } else { "refund.succeeded" },
                body: body.as_bytes(),
                trace: (number % 2 == 0).then_some(TRACE),
            })
            .collect()
    }

    async fn by(&self, publisher: &NatsJetStream) -> Result<(), PublishError> {
        publisher.publish(&self.events()).await
    }
}

async fn context(server: &Server) -> jetstream::Context {
    jetstream::new(async_nats::connect(server.address()).await.unwrap())
}

async fn stream(server: &Server) -> Stream {
    context(server).await.get_stream("MERIDIAN").await.unwrap()
}

/// All that the stream keeps, in its order.
async fn messages(server: &Server) -> Vec<StreamMessage> {
    let stream = stream(server).await;
    let mut messages = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        messages.push(stream.get_raw_message(sequence).await.unwrap());
    }
    messages
}

/// The numbers of the events that the stream keeps, in its order.
async fn numbers(server: &Server) -> Vec<u128> {
    let messages = messages(server).await;
    let id = |message: &StreamMessage| -> EventId {
        message.headers.get("Nats-Msg-Id").unwrap().as_str().parse().unwrap()
    };
    messages.iter().map(|message| id(message).as_uuid().as_u128()).collect()
}

/// In a hurry, for a server that does not answer.
fn hurried(settings: NatsSettings) -> NatsSettings {
    let (connect_timeout, timeout) = (Duration::from_millis(500), Duration::from_secs(1));
    NatsSettings { connect_timeout, timeout, ..settings }
}

fn chain(error: &PublishError) -> String {
    Chain(error).to_string()
}
