//! `meridian events tail`.

use crate::{
    cli::Tail,
    desk::{Called, Desk},
    tokens::said,
};
use domain::id::StoreId;
use meridian::settings::Settings;
use std::{
    error::Error,
    io::{self, ErrorKind, Write as _},
    time::Duration,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use wire::{
    events::v1::{
        Event, ListEventsRequest, WatchEventsRequest, event_service_client::EventServiceClient,
    },
    stores::v1::GetStoreRequest,
};

/// Events that are asked for at a time.
const PAGE: i32 = 1_000;
/// Before the feed is asked again that could not be read.
const PAUSE: Duration = Duration::from_secs(1);

pub async fn run(settings: Settings, tail: Tail) -> Result<(), Box<dyn Error>> {
    // From here on a signal ends it gently, however far it is.
    let (mut interrupt, mut terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let read = async {
        let desk = Desk::open(&settings).await?;
        let stop = CancellationToken::new();
        let following = tokio::spawn(desk.composed.follow_feed(stop.clone()));
        let outcome = read(&desk, tail).await;
        stop.cancel();
        following.await?;
        outcome
    };
    tokio::select! {
        outcome = read => match outcome {
            // Whoever read it has enough.
            Err(error) if is_gone(&*error) => Ok(()),
            outcome => outcome,
        },
        _ = interrupt.recv() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

fn is_gone(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|it| it.kind() == ErrorKind::BrokenPipe)
}

async fn read(desk: &Desk, tail: Tail) -> Result<(), Box<dyn Error>> {
    let store: StoreId = tail.store.parse().map_err(|error| format!("--store {error}"))?;
    // The platform may ask for events of any store, also for those of one that is not there.
    let asked = GetStoreRequest { store_id: store.to_string() };
    desk.stores().get_store(asked).await.map_err(said)?;
    let after = match tail.from {
        None => After::Position(desk.composed.end_of_feed(&store).await?),
        Some(from) => match from.parse() {
            Ok(position) => After::Position(position),
            Err(_) => After::Event(from),
        },
    };
    let mut reader =
        Reader { events: desk.events(), store: store.to_string(), types: tail.types, after };
    loop {
        let outcome = if tail.until_end { reader.list().await } else { reader.watch().await };
        match outcome {
            Ok(()) => return Ok(()),
            Err(Stop::Print(error)) => return Err(error.into()),
            Err(Stop::Call(status)) if may_pass(&status) => {
                tracing::warn!(
                    error = status.message(),
                    "the feed cannot be read, and is asked again"
                );
                tokio::time::sleep(PAUSE).await;
            }
            Err(Stop::Call(status)) => return Err(said(status)),
        }
    }
}

/// Where to go on.
#[derive(Clone)]
enum After {
    Event(String),
    Position(i64),
}

enum Stop {
    Call(Status),
    Print(io::Error),
}

struct Reader {
    events: EventServiceClient<Called>,
    store: String,
    types: Vec<String>,
    after: After,
}

impl Reader {
    /// Page by page, to where the feed ends.
    async fn list(&mut self) -> Result<(), Stop> {
        loop {
            let (after, after_position) = self.cursor();
            let request = ListEventsRequest {
                store_id: self.store.clone(),
                types: self.types.clone(),
                page_size: PAGE,
                after,
                after_position,
                ..ListEventsRequest::default()
            };
            let page = self.events.list_events(request).await.map_err(Stop::Call)?.into_inner();
            page.events.iter().try_for_each(print)?;
            self.after = After::Position(page.last_position);
            if page.next_page_token.is_empty() {
                return Ok(());
            }
        }
    }

    /// Until the stream breaks off.
    async fn watch(&mut self) -> Result<(), Stop> {
        let (after, after_position) = self.cursor();
        let request = WatchEventsRequest {
            store_id: self.store.clone(),
            types: self.types.clone(),
            after,
            after_position,
            ..WatchEventsRequest::default()
        };
        let opened = self.events.watch_events(request).await.map_err(Stop::Call)?;
        let mut stream = opened.into_inner();
        while let Some(message) = stream.message().await.map_err(Stop::Call)? {
            let Some(event) = message.event else { continue };
            print(&event)?;
            self.after = After::Event(event.event_id);
        }
        Err(Stop::Call(Status::unavailable("the stream has ended")))
    }

    fn cursor(&self) -> (String, Option<i64>) {
        match &self.after {
            After::Event(event) => (event.clone(), None),
            After::Position(position) => (String::new(), Some(*position)),
        }
    }
}

fn print(event: &Event) -> Result<(), Stop> {
    let line = serde_json::to_string(event).map_err(|error| Stop::Print(error.into()))?;
    writeln!(io::stdout().lock(), "{line}").map_err(Stop::Print)
}

/// Whether the same may go well in a moment.
fn may_pass(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Aborted
    )
}
