use crate::{MemoryStore, micros, reader::paged, tables::task_key};
use async_trait::async_trait;
use domain::id::StoreId;
use ports::{
    ClaimedTask, Lease, Page, PageRequest, StoreError, Task, TaskKind, TaskOrigin, Tasks,
    WaitingTask, Wanted,
};
use time::{Duration, OffsetDateTime};

#[async_trait]
impl Tasks for MemoryStore {
    async fn claim(
        &self,
        wanted: Wanted<'_>,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        let mut tables = self.lock();
        let mut due: Vec<_> = tables
            .tasks
            .values_mut()
            .filter(|row| row.task.kind == wanted.kind)
            .filter(|row| micros(row.task.due_at) <= micros(now) && !row.is_leased(now))
            .filter(|row| !wanted.except.contains(&row.task.key.store_id))
            .collect();
        due.sort_by_key(|row| row.task.due_at);
        let claimed = due.into_iter().take(usize::try_from(wanted.limit).unwrap_or(usize::MAX));
        Ok(claimed
            .map(|row| {
                row.lease = Some(lease.clone());
                let trace = row.trace.clone();
                ClaimedTask { task: row.task.clone(), lease: lease.clone(), trace }
            })
            .collect())
    }

    async fn renew(&self, task: &Task, lease: &Lease) -> Result<bool, StoreError> {
        let mut tables = self.lock();
        let row = tables.tasks.get_mut(&task_key(task));
        let held = row.and_then(|row| row.lease.as_mut()).filter(|held| held.owner == lease.owner);
        Ok(held.map(|held| held.until = lease.until).is_some())
    }

    async fn release(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        let mut tables = self.lock();
        let row = tables.tasks.get_mut(&task_key(task));
        let is_owners = |lease: &Lease| lease.owner == owner;
        if let Some(row) = row.filter(|row| row.lease.as_ref().is_some_and(is_owners)) {
            row.lease = None;
            row.task = task.clone();
        }
        Ok(())
    }

    async fn finish(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        let mut tables = self.lock();
        let key = task_key(task);
        let is_owners = |lease: &Lease| lease.owner == owner;
        if tables.tasks.get(&key).is_some_and(|row| row.lease.as_ref().is_some_and(is_owners)) {
            tables.tasks.remove(&key);
        }
        Ok(())
    }

    async fn waiting(
        &self,
        store: &StoreId,
        kinds: &[TaskKind],
        page: PageRequest<TaskOrigin>,
    ) -> Result<Page<WaitingTask, TaskOrigin>, StoreError> {
        let tables = self.lock();
        let mut rows: Vec<WaitingTask> = tables
            .tasks
            .values()
            .filter(|row| row.task.key.store_id == *store)
            .filter(|row| kinds.is_empty() || kinds.contains(&row.task.kind))
            .map(|row| WaitingTask {
                task: row.task.clone(),
                since: row.since,
                held_until: row.lease.as_ref().map(|lease| lease.until),
            })
            .filter(|row| {
                page.after.as_ref().is_none_or(|after| place(&row.origin()) > place(after))
            })
            .collect();
        rows.sort_by_key(|row| place(&row.origin()));
        Ok(paged(rows, page.size, Clone::clone, WaitingTask::origin))
    }

    async fn wait(&self, kind: TaskKind, at_most: Duration) {
        self.bells.wait(kind, at_most).await;
    }
}

fn place(origin: &TaskOrigin) -> (String, &'static str, String) {
    (origin.order_id.to_string(), origin.kind.name(), origin.subject.clone())
}
