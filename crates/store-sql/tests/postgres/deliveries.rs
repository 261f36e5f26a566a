//! What only a database with many writers lets happen.

use super::fresh;
use conformance::build::*;
use domain::id::EventId;
use ports::{
    Commit, Deliveries as _, Delivery, DeliveryState, EndpointChange, EndpointKey, Lease, Outlook,
    Progress, PutIn, Store as _,
};
use std::{thread, time::Duration};
use uuid::Uuid;

/// As [`ports::Deliveries::send_again`] does it, and it ends once somebody waits for it.
const ASK: &str = "DO $$ BEGIN
    UPDATE webhook_deliveries SET state = 'PENDING', begun = begun + 1, asked = TRUE;
    LOOP
        PERFORM pg_stat_clear_snapshot();
        EXIT WHEN EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
            AND wait_event_type = 'Lock' AND query LIKE '%DELETE FROM webhook_deliveries%');
        PERFORM pg_sleep(0.01);
    END LOOP;
END $$";
const ASKING: &str = "SELECT count(*) FROM pg_locks WHERE mode = 'RowExclusiveLock' AND granted
    AND relation = 'webhook_deliveries'::regclass";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_while_old_deliveries_are_dropped_is_not_dropped() {
    let (store, database) = fresh().await;
    let endpoint = conformance::deliveries::endpoint(1);
    let key = EndpointKey { store_id: shop(), endpoint_id: endpoint.endpoint_id };
    let put = EndpointChange::Put(Box::new(endpoint));
    store.commit(Commit { endpoints: vec![put], ..commit() }).await.unwrap();
    let id = EventId::from_uuid(Uuid::from_u128(7));
    assert_eq!(store.send_test(&key, id, NOON).await.unwrap(), PutIn::Done(1));
    let lease = Lease { owner: "me".into(), until: minutes(9) };
    assert_eq!(store.claim_endpoints(1, &lease, NOON).await.unwrap().len(), 1);
    let taken =
        Delivery { state: DeliveryState::Delivered, due_at: None, ..Delivery::test(id, NOON) };
    let outlook = Outlook { due_at: None, full: false, quiet_until: None };
    let deliveries = vec![taken];
    let kept = Progress { deliveries, unwanted: vec![], cursor: 0, outlook, touched: 1 };
    store.keep(&key, "me", &kept).await.unwrap().unwrap();

    thread::scope(|scope| {
        let asking = scope.spawn(|| database.query(ASK));
        while database.query(ASKING) == "0" {
            assert!(!asking.is_finished());
            thread::sleep(Duration::from_millis(10));
        }
        let dropped = tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(store.drop_delivered(minutes(60), 100))
        });
        asking.join().unwrap();
        assert_eq!(dropped.unwrap(), 0);
    });
    assert_eq!(store.backlog(&key).await.unwrap().pending.len(), 1);
}
