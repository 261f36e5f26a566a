use crate::{SqlStore, column::from_doc, error::from_orm, reader::to_page};
use async_trait::async_trait;
use domain::{
    id::{StoreId, UserId},
    user::{Session, User},
};
use ports::{Page, PageRequest, People, StoreError};
use sea_orm::{QueryResult, Value};

const USER: &str = "SELECT doc FROM users WHERE store_id = $1 AND user_id = $2";
const FIRST_USERS: &str = "SELECT doc FROM users WHERE store_id = $1 ORDER BY user_id LIMIT $2";
const MORE_USERS: &str = "SELECT doc FROM users WHERE store_id = $1 AND user_id > $3 \
    ORDER BY user_id LIMIT $2";
const COUNT: &str = "SELECT COUNT(*) FROM users WHERE store_id = $1";
const SESSION: &str = "SELECT s.doc, u.doc FROM sessions s JOIN users u \
    ON u.store_id = s.store_id AND u.user_id = s.user_id WHERE s.hash = $1";

#[async_trait]
impl People for SqlStore {
    async fn user(&self, store: &StoreId, user: UserId) -> Result<Option<User>, StoreError> {
        let values = vec![store.as_str().into(), user.as_uuid().into()];
        let rows = self.read_rows(USER, values).await?;
        rows.first().map(|row| user_at(row, 0)).transpose()
    }

    async fn users(
        &self,
        store: &StoreId,
        page: PageRequest<UserId>,
    ) -> Result<Page<User, UserId>, StoreError> {
        let limit = i64::from(page.size) + 1;
        let mut values: Vec<Value> = vec![store.as_str().into(), limit.into()];
        let sql = match page.after {
            Some(after) => {
                values.push(after.as_uuid().into());
                MORE_USERS
            }
            None => FIRST_USERS,
        };
        let rows = self.read_rows(sql, values).await?;
        let users = rows.iter().map(|row| user_at(row, 0)).collect::<Result<_, _>>()?;
        Ok(to_page(users, page.size, |user| user.user_id))
    }

    async fn count_users(&self, store: &StoreId) -> Result<u32, StoreError> {
        self.count(COUNT, vec![store.as_str().into()]).await
    }

    async fn session(&self, hash: &[u8; 32]) -> Result<Option<(Session, User)>, StoreError> {
        let rows = self.read_rows(SESSION, vec![hash.to_vec().into()]).await?;
        let read = |row: &QueryResult| {
            let doc: String = row.try_get_by_index(0).map_err(from_orm)?;
            Ok((from_doc("sessions.doc", &doc)?, user_at(row, 1)?))
        };
        rows.first().map(read).transpose()
    }
}

fn user_at(row: &QueryResult, place: usize) -> Result<User, StoreError> {
    let doc: String = row.try_get_by_index(place).map_err(from_orm)?;
    from_doc("users.doc", &doc)
}
