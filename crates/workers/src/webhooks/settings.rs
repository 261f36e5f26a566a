use std::time::Duration;

/// How endpoints are told of events.
#[derive(Debug, Clone, Copy)]
pub struct DispatcherSettings {
    /// Endpoints that this process serves at the same time; at least 1.
    pub couriers: usize,
    /// Messages that one endpoint is sent at the same time; at least 1.
    pub concurrency: usize,
    /// Messages that this process has on their way at the same time beside one for each endpoint,
    /// so that no endpoint has to wait for the answers of others.
    pub messages: usize,
    /// How long an endpoint is its courier's, unless renewed; it is renewed at every third of it.
    pub lease: Duration,
    /// How often the store is asked for what no signal announced.
    pub poll: Duration,
    /// How long a courier that has nothing to do waits for more, unless its place is needed.
    pub linger: Duration,
    /// After how long a courier makes room, if its place is needed.
    pub turn: Duration,
    /// How long messages that are on their way may take after the dispatcher was told to stop.
    pub grace: Duration,
    /// Events after an endpoint's cursor that may be begun; at least 1.
    pub ahead: usize,
    /// Deliveries of an endpoint that wait to be tried again before nothing new is begun.
    pub backlog: usize,
    /// How long what was delivered is kept to be looked at.
    pub keep: Duration,
}

impl Default for DispatcherSettings {
    fn default() -> Self {
        Self {
            couriers: 1_024,
            concurrency: 16,
            messages: 1_024,
            lease: Duration::from_secs(15),
            poll: Duration::from_millis(250),
            linger: Duration::from_millis(500),
            turn: Duration::from_secs(10),
            grace: Duration::from_secs(5),
            ahead: 1_000,
            backlog: 10_000,
            keep: Duration::from_hours(30 * 24),
        }
    }
}
