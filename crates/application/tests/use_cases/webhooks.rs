//! Webhook endpoints: made, changed, disabled; and what is sent to them once more.

use crate::{
    reason,
    world::{Mishap, World, caller, request},
};
use application::{Answer, Disabling as _, Failure, Made, Missing};
use domain::{
    Reason, event,
    id::{EndpointId, EventId},
    webhook::{Endpoint, EndpointPatch, Format, MAX_ENDPOINTS, NewEndpoint},
};
use ports::{
    Again, Clock as _, Deliveries as _, Delivery, DeliveryFilter, DeliveryState, EndpointKey,
    EventFeed as _, EventFilter, Lease, MAX_PENDING, Outlook, PageRequest, Progress,
};
use std::time::Duration;
use time::OffsetDateTime;

const ON: EndpointPatch = EndpointPatch { url: None, types: None, enabled: Some(true) };
const OFF: EndpointPatch = EndpointPatch { enabled: Some(false), ..ON };

fn new() -> NewEndpoint {
    let url = "https://shop.example/hooks".to_owned();
    NewEndpoint { url, types: vec![], format: Format::Standard }
}

fn render(endpoint: &Endpoint) -> Vec<u8> {
    format!("{} {:?}", endpoint.endpoint_id, endpoint.clone().without_secrets()).into_bytes()
}

/// The endpoint that an answer of [`render`] is about.
fn key(world: &World, answer: &Answer) -> EndpointKey {
    let shown = String::from_utf8(answer.bytes.clone()).unwrap();
    let endpoint_id = shown.split(' ').next().unwrap().parse().unwrap();
    EndpointKey { store_id: world.store_id(), endpoint_id }
}

impl World {
    async fn make(&self, id: &str) -> Result<Made, Failure> {
        let asked = request(id, "CreateEndpoint");
        self.webhooks.create(&caller(), &self.store_id(), &asked, new(), &render).await
    }

    async fn endpoint(&self) -> EndpointKey {
        key(self, &self.make("e").await.unwrap().answer)
    }

    async fn change(
        &self,
        id: &str,
        key: &EndpointKey,
        patch: EndpointPatch,
        version: Option<i64>,
    ) -> Result<Answer, Failure> {
        let asked = request(id, "UpdateEndpoint");
        self.webhooks.update(&caller(), key, &asked, patch, version, &render).await
    }

    async fn again(&self, id: &str, key: &EndpointKey, again: Again) -> Result<Answer, Failure> {
        let asked = request(id, "RedeliverEvent");
        let count = |events: u32| events.to_be_bytes().to_vec();
        self.webhooks.send_again(&caller(), key, &asked, &again, &count).await
    }

    async fn test(&self, id: &str, key: &EndpointKey) -> Result<EventId, Failure> {
        let shown = |delivery: &Delivery| delivery.event_id.to_string().into_bytes();
        let asked = request(id, "SendTestEvent");
        let answer = self.webhooks.send_test(&caller(), key, &asked, &shown).await?;
        Ok(String::from_utf8(answer.bytes).unwrap().parse().unwrap())
    }

    async fn deliveries(&self, key: &EndpointKey) -> Vec<Delivery> {
        let page = PageRequest { size: 100, after: None };
        self.webhooks.deliveries(key, &DeliveryFilter::default(), page).await.unwrap().items
    }

    /// The types of the feed's events, and their ids.
    async fn events(&self) -> Vec<(&'static str, EventId)> {
        let filter = EventFilter::default();
        let feed = self.memory.events(&self.store_id(), &filter, 0, 100).await.unwrap();
        feed.events.iter().map(|event| (event.kind, event.event_id)).collect()
    }

    async fn told_of_disabling(&self) -> usize {
        let events = self.events().await;
        events.iter().filter(|(kind, _)| *kind == "webhook.disabled").count()
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_and_by_no_replay() {
    let world = World::with_order().await;
    let made = world.make("e").await.unwrap();
    let secret = made.secret.unwrap();
    assert!(secret.starts_with("whsec_"));
    let key = key(&world, &made.answer);
    let held = world.webhooks.get(&key).await.unwrap();
    assert_eq!(held.secrets_at(OffsetDateTime::UNIX_EPOCH), [secret]);
    let again = world.make("e").await.unwrap();
    assert_eq!((again.secret, again.answer.replayed), (None, true));
    assert_eq!(again.answer.bytes, made.answer.bytes);

    let rotate = async |id: &str| {
        let (asked, overlap) = (request(id, "RotateSecret"), Duration::from_hours(1));
        world.webhooks.rotate_secret(&caller(), &key, &asked, overlap, &render).await.unwrap()
    };
    let second = rotate("r").await.secret.unwrap();
    assert_eq!(rotate("r").await.secret, None);
    let third = rotate("r2").await.secret.unwrap();
    let held = world.webhooks.get(&key).await.unwrap();
    assert_eq!(held.secrets_at(OffsetDateTime::UNIX_EPOCH), [third, second]);
    assert_eq!(held.version, 3);
}

#[tokio::test(start_paused = true)]
async fn a_store_has_so_many_endpoints_and_no_more() {
    let world = World::with_order().await;
    for place in 1..MAX_ENDPOINTS {
        world.make(&format!("e{place}")).await.unwrap();
    }
    let mut running = tokio::task::JoinSet::new();
    for rival in 0..5 {
        let world = world.clone();
        running.spawn(async move { world.make(&format!("rival{rival}")).await });
    }
    let outcomes = running.join_all().await;
    let made: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().ok()).collect();
    assert_eq!(made.len(), 1);
    let refused = outcomes.iter().find_map(|outcome| outcome.as_ref().err()).unwrap();
    assert_eq!(reason(refused), Some(Reason::TooManyEndpoints));

    let key = key(&world, &made[0].answer);
    let asked = request("d", "DeleteEndpoint");
    world.webhooks.delete(&caller(), &key, &asked, b"gone").await.unwrap();
    let again = world.webhooks.delete(&caller(), &key, &asked, b"gone").await.unwrap();
    assert_eq!((again.bytes.as_slice(), again.replayed), (b"gone".as_slice(), true));
    world.make("another").await.unwrap();
    let all = PageRequest { size: 7, after: None };
    let first = world.webhooks.list(&world.store_id(), all).await.unwrap();
    let rest = PageRequest { size: 100, after: first.next };
    let rest = world.webhooks.list(&world.store_id(), rest).await.unwrap();
    assert_eq!((first.items.len(), rest.items.len(), rest.next), (7, MAX_ENDPOINTS - 7, None));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_made_on_what_is_there_and_for_the_version_it_is_meant_for() {
    let world = World::with_order().await;
    let key = world.endpoint().await;
    let moved = EndpointPatch { url: Some("https://other.example/".to_owned()), ..ON };
    world.store.next_commit(Mishap::SomebodyWasFaster);
    let changed = world.change("u1", &key, moved.clone(), Some(1)).await.unwrap();
    assert!(!changed.replayed);
    let stale = world.change("u2", &key, OFF, Some(1)).await.unwrap_err();
    assert!(matches!(stale, Failure::VersionMismatch { asked: 1, actual: 2 }), "{stale:?}");
    // The first answer, whatever the version is by now.
    assert_eq!(world.change("u1", &key, moved, Some(1)).await.unwrap().bytes, changed.bytes);
    let held = world.webhooks.get(&key).await.unwrap();
    assert_eq!((held.url.as_str(), held.disabled), ("https://other.example/", None));
    // What changes nothing is no change of the store either.
    let before = world.stores.get(&world.store_id()).await.unwrap().version;
    world.change("u3", &key, ON, None).await.unwrap();
    assert_eq!(world.stores.get(&world.store_id()).await.unwrap().version, before);
}

#[tokio::test]
async fn what_is_not_there_and_what_is_another_stores_are_the_same() {
    let world = World::with_order().await;
    let made = world.endpoint().await;
    let others = EndpointKey { store_id: "s2".parse().unwrap(), ..made.clone() };
    let nobodys = EndpointKey {
        endpoint_id: EndpointId::from_uuid(uuid::Uuid::from_u128(99)),
        ..made.clone()
    };
    for key in [others, nobodys] {
        let refused = world.webhooks.get(&key).await.unwrap_err();
        assert!(matches!(refused, Failure::NotFound { what: Missing::Endpoint, .. }));
    }
    let page = PageRequest { size: 1, after: None };
    let other = EndpointKey { store_id: "s2".parse().unwrap(), ..made };
    assert!(world.webhooks.deliveries(&other, &DeliveryFilter::default(), page).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_platform_gives_an_endpoint_up_once_and_its_store_is_told() {
    let world = World::with_order().await;
    let key = world.endpoint().await;
    world.change("off", &key, OFF, None).await.unwrap();
    assert_eq!(world.told_of_disabling().await, 0, "a person knows");
    world.webhooks.disable(&key, 2, "no answer").await.unwrap();
    assert_eq!(world.told_of_disabling().await, 0, "it was disabled already");
    world.change("on", &key, ON, None).await.unwrap();
    world.webhooks.disable(&key, 1, "no answer").await.unwrap();
    assert_eq!(world.webhooks.get(&key).await.unwrap().disabled, None, "somebody changed it");

    world.store.next_commit(Mishap::SomebodyWasFaster);
    world.webhooks.disable(&key, 3, "no answer").await.unwrap();
    world.webhooks.disable(&key, 4, "no answer again").await.unwrap();
    assert_eq!(world.told_of_disabling().await, 1);
    let disabled = world.webhooks.get(&key).await.unwrap().disabled.unwrap();
    assert_eq!((disabled.why.as_str(), disabled.by_person), ("no answer", false));

    let asked = request("d", "DeleteEndpoint");
    world.webhooks.delete(&caller(), &key, &asked, b"").await.unwrap();
    world.webhooks.disable(&key, 4, "no answer").await.unwrap();
    assert_eq!(world.told_of_disabling().await, 1);
}

#[tokio::test]
async fn nothing_more_is_sent_again_while_too_much_waits() {
    let world = World::with_order().await;
    let key = world.endpoint().await;
    let test = world.test("t", &key).await.unwrap();
    let now = world.clock.now();
    let lease = Lease { owner: "me".to_owned(), until: now + time::Duration::minutes(1) };
    assert_eq!(world.memory.claim_endpoints(1, &lease, now).await.unwrap().len(), 1);
    let id = |number| EventId::from_uuid(uuid::Uuid::from_u128(number << 64));
    let many = (1..u128::from(MAX_PENDING)).map(|number| Delivery::test(id(number), now));
    let outlook = Outlook { due_at: None, full: true, quiet_until: None };
    let deliveries = many.collect();
    let kept = Progress { deliveries, unwanted: vec![], cursor: 0, outlook, touched: 1 };
    world.memory.keep(&key, "me", &kept).await.unwrap().unwrap();
    let refused = [
        world.again("a", &key, Again::Event(test)).await.unwrap_err(),
        world.test("t2", &key).await.unwrap_err(),
    ];
    for refused in refused {
        let Failure::Rejected(refused) = refused else { panic!("{refused:?}") };
        assert_eq!(refused.reason, Reason::TooManyPending);
        assert_eq!(
            (refused.value("pending"), refused.value("limit")),
            (Some("20000"), Some("20000"))
        );
    }
    // An earlier wish is answered as it was.
    assert_eq!(world.test("t", &key).await.unwrap(), test);
}

#[tokio::test]
async fn nothing_is_sent_to_an_endpoint_that_is_disabled() {
    let world = World::with_order().await;
    let key = world.endpoint().await;
    world.change("off", &key, OFF, None).await.unwrap();
    let (_, event) = world.events().await[0];
    let refused = world.again("a", &key, Again::Event(event)).await.unwrap_err();
    assert_eq!(reason(&refused), Some(Reason::EndpointDisabled));
    let refused = world.test("t", &key).await.unwrap_err();
    assert_eq!(reason(&refused), Some(Reason::EndpointDisabled));
    assert_eq!(world.deliveries(&key).await, []);
}

#[tokio::test]
async fn an_event_is_sent_again_once_for_each_request() {
    let world = World::with_order().await;
    let key = world.endpoint().await;
    let unknown = Again::Event(EventId::from_uuid(uuid::Uuid::from_u128(99)));
    let refused = world.again("a0", &key, unknown).await.unwrap_err();
    assert!(matches!(refused, Failure::NotFound { what: Missing::Event, .. }), "{refused:?}");

    // What happened before it was made it is told of only if somebody asks.
    let (kind, event) = world.events().await[0];
    assert_eq!(world.deliveries(&key).await, []);
    let first = world.again("a1", &key, Again::Event(event)).await.unwrap();
    assert_eq!(first.bytes, 1_u32.to_be_bytes());
    let [delivery] = world.deliveries(&key).await.try_into().unwrap();
    assert_eq!((delivery.kind, delivery.state), (kind, DeliveryState::Pending));
    world.clock.advance(time::Duration::minutes(1));
    let again = world.again("a1", &key, Again::Event(event)).await.unwrap();
    assert_eq!((again.bytes, again.replayed), (first.bytes, true));
    assert_eq!(world.deliveries(&key).await, [delivery], "it is not put in once more");

    let at = OffsetDateTime::UNIX_EPOCH;
    let range = Again::Range { from: at, before: at + time::Duration::hours(1) };
    let all = world.again("a2", &key, range).await.unwrap();
    assert_eq!(all.bytes, u32::try_from(world.events().await.len()).unwrap().to_be_bytes());
}

#[tokio::test(start_paused = true)]
async fn a_test_is_one_delivery_and_is_waited_for_with_patience() {
    let world = World::with_order().await;
    let key = world.endpoint().await;
    let test = world.test("t", &key).await.unwrap();
    assert_eq!(world.test("t", &key).await.unwrap(), test);
    let [delivery] = world.deliveries(&key).await.try_into().unwrap();
    assert_eq!((delivery.event_id, delivery.kind), (test, event::TEST));
    // Nobody delivers here.
    let patience = Duration::from_secs(10);
    let untried = world.webhooks.once_tried(&key, test, patience).await.unwrap().unwrap();
    assert_eq!((untried.state, untried.attempts.len()), (DeliveryState::Pending, 0));
    let gone = EventId::from_uuid(uuid::Uuid::from_u128(99));
    assert_eq!(world.webhooks.once_tried(&key, gone, patience).await.unwrap(), None);
}
