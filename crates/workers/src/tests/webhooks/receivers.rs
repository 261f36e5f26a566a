//! Endpoints that answer as a test wants them to.

use crate::tests::world::seconds;
use async_trait::async_trait;
use ports::{Clock, Outgoing, Reception, Sent, WebhookSender};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use time::OffsetDateTime;

/// How an endpoint answers, and after how long.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<Duration>,
    pub after: Duration,
}

pub fn takes() -> Answer {
    Answer { status: 204, retry_after: None, after: Duration::from_millis(10) }
}

pub fn fails() -> Answer {
    Answer { status: 500, ..takes() }
}

/// Answers nothing until the sender gives up.
pub fn hangs() -> Answer {
    Answer { status: 0, after: seconds(15), ..takes() }
}

/// A message as it came to an endpoint.
#[derive(Debug, Clone)]
pub struct Got {
    pub at: OffsetDateTime,
    pub id: String,
    pub body: serde_json::Value,
    pub bytes: Vec<u8>,
    pub secrets: Vec<String>,
    pub taken: bool,
}

impl Got {
    pub fn order(&self) -> &str {
        self.body["data"]["order_id"].as_str().unwrap_or_default()
    }

    pub fn position(&self) -> i64 {
        self.body["data"]["position"].as_i64().unwrap_or_default()
    }

    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }
}

type Script = Box<dyn FnMut(&Got) -> Answer + Send>;

/// The endpoints of everybody, by their URL. An endpoint has a message as soon as it comes, also if
/// nobody waits for the answer any more.
pub struct Receivers {
    clock: Arc<dyn Clock>,
    scripts: Mutex<HashMap<String, Script>>,
    got: Mutex<HashMap<String, Vec<Got>>>,
    under_way: Mutex<HashMap<String, (usize, usize)>>,
    all_under_way: Mutex<(usize, usize)>,
}

#[async_trait]
impl WebhookSender for Receivers {
    fn check(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    async fn send(&self, message: Outgoing<'_>) -> Sent {
        let url = message.url.to_owned();
        let mut got = Got {
            at: self.clock.now(),
            id: message.message_id.to_owned(),
            body: serde_json::from_slice(message.body).unwrap(),
            bytes: message.body.to_vec(),
            secrets: message.secrets.to_vec(),
            taken: false,
        };
        assert_eq!(got.at, message.at);
        let answer = self.scripts.lock().unwrap().get_mut(&url).map_or_else(takes, |it| it(&got));
        got.taken = answer.status == 204;
        self.got.lock().unwrap().entry(url.clone()).or_default().push(got);
        let _counted = Counted::new(self, url);
        tokio::time::sleep(answer.after).await;
        let why = format!("it answered {}", answer.status);
        let (status, reception) = match answer.status {
            204 => (Some(204), Reception::Accepted),
            410 => (Some(410), Reception::Gone),
            0 => {
                let why = "it did not answer".to_owned();
                (None, Reception::Failed { why, retry_after: None })
            }
            status => {
                let retry_after = answer.retry_after;
                (Some(status), Reception::Failed { why, retry_after })
            }
        };
        Sent { status, reception }
    }
}

/// Counts what is on its way, and the most that ever was.
struct Counted<'c>(&'c Receivers, String);

impl<'c> Counted<'c> {
    fn new(receivers: &'c Receivers, url: String) -> Self {
        let mut under_way = receivers.under_way.lock().unwrap();
        let of_all = &mut *receivers.all_under_way.lock().unwrap();
        for (now, most) in [under_way.entry(url.clone()).or_default(), of_all] {
            *now += 1;
            *most = (*most).max(*now);
        }
        Self(receivers, url)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if let Some((now, _)) = self.0.under_way.lock().unwrap().get_mut(&self.1) {
            *now -= 1;
        }
        self.0.all_under_way.lock().unwrap().0 -= 1;
    }
}

impl Receivers {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            scripts: Mutex::default(),
            got: Mutex::default(),
            under_way: Mutex::default(),
            all_under_way: Mutex::default(),
        }
    }

    /// From now on messages to this URL are answered so.
    pub fn script(&self, url: String, script: impl FnMut(&Got) -> Answer + Send + 'static) {
        self.scripts.lock().unwrap().insert(url, Box::new(script));
    }

    pub fn got(&self, url: &str) -> Vec<Got> {
        self.got.lock().unwrap().get(url).cloned().unwrap_or_default()
    }

    /// The most messages that were on their way at the same time, wherever to.
    pub fn most_of_all(&self) -> usize {
        self.all_under_way.lock().unwrap().1
    }

    /// The most messages that were on their way to this URL at the same time.
    pub fn most_at_once(&self, url: &str) -> usize {
        self.under_way.lock().unwrap().get(url).map_or(0, |(_, most)| *most)
    }
}
