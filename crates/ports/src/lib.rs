//! What the application needs of the outside world, in the application's own words.
//!
//! There is one write: [`Store::commit`] takes a [`Commit`], which is everything that one command
//! changes, and applies all of it or none. No transaction is ever held open over business code.

mod audit;
mod bells;
mod chain;
mod circuit;
mod clock;
mod commit;
mod credentials;
mod deliveries;
mod error;
pub mod event_id;
mod feed;
mod fence;
mod inbox;
mod ledger;
mod notice;
mod notice_readers;
mod order_refund;
mod orders;
pub mod own_value;
mod payment;
mod people;
mod providers;
mod publisher;
mod publisher_cursors;
mod reader;
mod screening;
mod store;
mod storefront;
mod tasks;
mod webhook;

pub use audit::{Audit, Audited, Fault, FaultKind};
pub use bells::Bells;
pub use chain::Chain;
pub use circuit::{Circuit, CircuitState, LeftAlone};
pub use clock::{Clock, Ids};
pub use commit::{
    Claim, ClaimChange, ClaimKind, Commit, EndpointChange, OrderChange, Receipt, RequestKey,
    StoreChange, Stored, TaskChange, TokenChange, Version,
};
pub use credentials::{Credentials, TokenUse};
pub use deliveries::{
    Again, Assignment, Attempt, Backlog, Deliveries, Delivery, DeliveryFilter, DeliveryState,
    EndpointKey, MAX_AGAIN, MAX_PENDING, Outlook, Progress, PutIn,
};
pub use error::StoreError;
pub use feed::{
    Entry, Event, EventFeed, EventFilter, Head, NO_ENTRY, Numbering, Place, Sequencer, Stretch,
    chained,
};
pub use fence::Fence;
pub use inbox::{Inbox, KeptNotice, NoticeKey, NoticePlace};
pub use ledger::{Account, Ledger, Posting, Transfer};
pub use notice::{
    DisputeFunds, DisputeState, Money, NoticeAbout, NoticeError, NoticeReader, PaymentNotice,
};
pub use notice_readers::NoticeReaders;
pub use order_refund::OrderRefundBody;
pub use orders::{MAX_NAME_WORDS, OrderFilter, OrderOrigin, OrderSort, name_words, person_words};
pub use payment::{NoAnswer, PaymentOrder, PaymentOutcome, PaymentProvider, PaymentStatus};
pub use people::{People, SessionChange, UserChange};
pub use providers::{Providers, UnknownProvider};
pub use publisher::{PublishError, Published, Publisher};
pub use publisher_cursors::PublisherCursors;
pub use reader::{
    CancellationFilter, CancellationRef, LoggedFact, OrderView, Page, PageRequest, Period, Reader,
    RefundFilter, RefundRef,
};
pub use screening::{Opinion, Screening, ScreeningError, Screenings, Subject};
pub use store::{Loaded, NumberBlock, OrderKey, Quote, Store};
pub use storefront::{Push, PushFailure, StorefrontBackend, Storefronts};
pub use tasks::{ClaimedTask, LOOK, Lease, Task, TaskKind, TaskOrigin, Tasks, WaitingTask, Wanted};
pub use webhook::{Outgoing, Reception, Sent, WebhookSender};
