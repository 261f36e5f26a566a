//! The console: pages on which a merchant's staff works off orders, refunds and cancellations.
//!
//! It is a client of the services like any other and holds nothing: each page is made of what they
//! answer to the bearer secret of whoever looks at it, which stands in a cookie. So what somebody
//! may see and do is decided there and nowhere else; what a page offers by role is a courtesy.
//!
//! Pages are made here and work without JavaScript. With it, the figures of a refund or a
//! cancellation follow its form by themselves (`assets/console.js`).

mod assets;
mod faults;
mod fields;
mod frame;
mod guard;
mod parts;
mod refused;
mod screens;
mod session;
mod visit;
mod words;
mod zone;

use axum::{middleware::from_fn, response::IntoResponse as _};
use gateway::{Pages, Services};
use refused::Stop;
use time::OffsetDateTime;

/// What the pages are made with.
#[derive(Clone)]
struct Site<S> {
    services: S,
    now: fn() -> OffsetDateTime,
}

/// `/console` and everything below it, over `services`. `now` is what time it is.
pub fn pages<S: Services>(services: S, now: fn() -> OffsetDateTime) -> Pages {
    let site = Site { services, now };
    let router = screens::router::<S>().with_state(site).merge(assets::router());
    Pages {
        router: router.layer(from_fn(guard::headers)),
        at: "/console",
        not_found: || guard::guarded(Stop::not_found().into_response()),
    }
}
