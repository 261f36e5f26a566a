use crate::{
    SqlStore,
    column::{micros, name, time},
    error::{from_orm, unreadable},
    reader::to_page,
};
use async_trait::async_trait;
use domain::id::StoreId;
use ports::{
    ClaimedTask, Lease, OrderKey, Page, PageRequest, StoreError, Task, TaskKind, TaskOrigin, Tasks,
    WaitingTask, Wanted,
};
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement, Value};
use time::{Duration, OffsetDateTime};

/// Whether there is anything to claim, so that an idle worker writes nothing. Every time is later
/// than the first one here, which opens the index by time.
const ANY_DUE: &str = "SELECT 1 FROM tasks WHERE kind = $1 AND due_at <= $2 \
    AND due_at > -9000000000000000000 AND (lease_until IS NULL OR lease_until <= $2){except} \
    LIMIT 1";
/// Which ones is settled once and apart: a plan that asks for it again with every row would not
/// find the rows that it has just taken, and go on past the limit.
const CLAIM: &str = "WITH due AS MATERIALIZED \
    (SELECT store_id, order_id, kind, subject FROM tasks WHERE kind = $1 AND due_at <= $2 \
    AND due_at > -9000000000000000000 AND (lease_until IS NULL OR lease_until <= $2){except} \
    ORDER BY due_at LIMIT $5{lock}) \
    UPDATE tasks SET lease_owner = $3, lease_until = $4 FROM due \
    WHERE tasks.store_id = due.store_id AND tasks.order_id = due.order_id \
    AND tasks.kind = due.kind AND tasks.subject = due.subject \
    RETURNING tasks.store_id, tasks.order_id, tasks.subject, tasks.due_at, tasks.attempts, \
    tasks.trace, tasks.why";
const RENEW: &str = "UPDATE tasks SET lease_until = $6 WHERE store_id = $1 AND order_id = $2 \
    AND kind = $3 AND subject = $4 AND lease_owner = $5";
const RELEASE: &str = "UPDATE tasks SET lease_owner = NULL, lease_until = NULL, \
    since = COALESCE(since, due_at), due_at = $6, attempts = $7, why = $8 \
    WHERE store_id = $1 AND order_id = $2 AND kind = $3 AND subject = $4 AND lease_owner = $5";
const FINISH: &str = "DELETE FROM tasks WHERE store_id = $1 AND order_id = $2 \
    AND kind = $3 AND subject = $4 AND lease_owner = $5";
const WAITING: &str = "SELECT store_id, order_id, subject, due_at, attempts, trace, why, kind, \
    COALESCE(since, due_at), lease_until FROM tasks WHERE store_id = $1 \
    AND (order_id, kind, subject) > ($2, $3, $4){kinds} ORDER BY order_id, kind, subject LIMIT $5";

#[async_trait]
impl Tasks for SqlStore {
    async fn claim(
        &self,
        wanted: Wanted<'_>,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        self.in_time(self.claim_due(wanted, lease, now)).await
    }

    async fn renew(&self, task: &Task, lease: &Lease) -> Result<bool, StoreError> {
        let values = held_by(task, &lease.owner).into_iter().chain([micros(lease.until).into()]);
        Ok(self.in_time(self.change(RENEW, values.collect())).await? > 0)
    }

    async fn release(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        let Task { due_at, attempts, why, .. } = task;
        let released = [micros(*due_at).into(), i64::from(*attempts).into(), why.clone().into()];
        let values = held_by(task, owner).into_iter().chain(released);
        self.in_time(self.change(RELEASE, values.collect())).await?;
        Ok(())
    }

    async fn finish(&self, task: &Task, owner: &str) -> Result<(), StoreError> {
        let values = held_by(task, owner);
        self.in_time(self.change(FINISH, values.into())).await?;
        Ok(())
    }

    async fn waiting(
        &self,
        store: &StoreId,
        kinds: &[TaskKind],
        page: PageRequest<TaskOrigin>,
    ) -> Result<Page<WaitingTask, TaskOrigin>, StoreError> {
        let (order_id, kind, subject) = match &page.after {
            // Nothing is named by no text at all, so everything comes after it.
            None => ("", "", ""),
            Some(TaskOrigin { order_id, kind, subject }) => {
                (order_id.as_str(), kind.name(), subject.as_str())
            }
        };
        let from = [store.as_str().into(), order_id.into(), kind.into(), subject.into()];
        let values = from.into_iter().chain([(i64::from(page.size) + 1).into()]);
        let backend = self.read().get_database_backend();
        let waiting =
            Statement::from_sql_and_values(backend, WAITING.replace("{kinds}", &of(kinds)), values);
        let rows = self.read().query_all_raw(waiting).await.map_err(from_orm)?;
        let found = rows.iter().map(to_waiting).collect::<Result<_, _>>()?;
        Ok(to_page(found, page.size, WaitingTask::origin))
    }

    async fn wait(&self, kind: TaskKind, at_most: Duration) {
        self.inner.bells.wait(kind, at_most).await;
    }
}

impl SqlStore {
    async fn claim_due(
        &self,
        Wanted { kind, limit, except }: Wanted<'_>,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Vec<ClaimedTask>, StoreError> {
        let (read, write) = (self.read(), self.write());
        let backend = write.get_database_backend();
        let due = [kind.name().into(), micros(now).into()];
        let stores: serde_json::Value = except.iter().map(StoreId::as_str).collect();
        let any = except.is_empty();
        let excepted = (!any).then(|| stores.to_string());
        let not_of = |place| if any { String::new() } else { not_of(backend, place) };
        let sql = ANY_DUE.replace("{except}", &not_of("$3"));
        let values = due.iter().cloned().chain(excepted.clone().map(Value::from));
        let any_due = Statement::from_sql_and_values(backend, sql, values);
        if read.query_one_raw(any_due).await.map_err(from_orm)?.is_none() {
            return Ok(Vec::new());
        }
        let held = [lease.owner.as_str().into(), micros(lease.until).into()];
        let values = due.into_iter().chain(held).chain([i64::from(limit).into()]);
        let values = values.chain(excepted.map(Value::from));
        let sql = CLAIM.replace("{lock}", skip_locked(backend)).replace("{except}", &not_of("$6"));
        let claim = Statement::from_sql_and_values(backend, sql, values);
        let rows = write.query_all_raw(claim).await.map_err(from_orm)?;
        let mut claimed: Vec<ClaimedTask> =
            rows.iter().map(|row| to_claimed(row, kind, lease)).collect::<Result<_, _>>()?;
        claimed.sort_by_key(|claimed| claimed.task.due_at);
        Ok(claimed)
    }
}

/// Rows of none of the stores in the JSON array at `place`.
fn not_of(backend: DbBackend, place: &str) -> String {
    let stores = match backend {
        DbBackend::Postgres => format!("SELECT json_array_elements_text({place}::json)"),
        _ => format!("SELECT value FROM json_each({place})"),
    };
    format!(" AND store_id NOT IN ({stores})")
}

/// Rows of these kinds, or of all. Their names are our own, so they may stand in the statement.
fn of(kinds: &[TaskKind]) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    let names: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.name())).collect();
    format!(" AND kind IN ({})", names.join(", "))
}

/// What others are at is theirs. On SQLite only one can be at it anyway.
pub(crate) const fn skip_locked(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Postgres => " FOR UPDATE SKIP LOCKED",
        _ => "",
    }
}

fn held_by(task: &Task, owner: &str) -> [Value; 5] {
    [
        task.key.store_id.as_str().into(),
        task.key.order_id.as_str().into(),
        task.kind.name().into(),
        task.subject.as_str().into(),
        owner.into(),
    ]
}

fn to_waiting(row: &QueryResult) -> Result<WaitingTask, StoreError> {
    let kind: String = row.try_get_by_index(7).map_err(from_orm)?;
    let known = TaskKind::ALL.into_iter().find(|known| known.name() == kind);
    let kind = known.ok_or_else(|| unreadable("tasks.kind", kind.clone()))?;
    let since: i64 = row.try_get_by_index(8).map_err(from_orm)?;
    let held_until: Option<i64> = row.try_get_by_index(9).map_err(from_orm)?;
    Ok(WaitingTask {
        task: to_task(row, kind)?,
        since: time("tasks.since", since)?,
        held_until: held_until.map(|until| time("tasks.lease_until", until)).transpose()?,
    })
}

fn to_claimed(row: &QueryResult, kind: TaskKind, lease: &Lease) -> Result<ClaimedTask, StoreError> {
    Ok(ClaimedTask {
        task: to_task(row, kind)?,
        lease: lease.clone(),
        trace: row.try_get_by_index(5).map_err(from_orm)?,
    })
}

fn to_task(row: &QueryResult, kind: TaskKind) -> Result<Task, StoreError> {
    let text = |index| row.try_get_by_index::<String>(index).map_err(from_orm);
    let number = |index| row.try_get_by_index::<i64>(index).map_err(from_orm);
    let store_id = name("tasks.store_id", &text(0)?)?;
    let order_id = name("tasks.order_id", &text(1)?)?;
    Ok(Task {
        key: OrderKey { store_id, order_id },
        kind,
        subject: text(2)?,
        due_at: time("tasks.due_at", number(3)?)?,
        attempts: u32::try_from(number(4)?).unwrap_or(u32::MAX),
        why: row.try_get_by_index(6).map_err(from_orm)?,
    })
}
