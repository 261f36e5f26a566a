//! What waits, for what and since when.

use crate::Failure;
use domain::id::StoreId;
use ports::{Page, PageRequest, TaskKind, TaskOrigin, Tasks, WaitingTask};
use std::sync::Arc;

#[derive(Clone)]
pub struct Waiting {
    tasks: Arc<dyn Tasks>,
}

impl Waiting {
    pub const fn new(tasks: Arc<dyn Tasks>) -> Self {
        Self { tasks }
    }

    /// # Errors
    ///
    /// [`Failure::Store`] alone.
    pub async fn list(
        &self,
        store_id: &StoreId,
        kinds: &[TaskKind],
        page: PageRequest<TaskOrigin>,
    ) -> Result<Page<WaitingTask, TaskOrigin>, Failure> {
        Ok(self.tasks.waiting(store_id, kinds, page).await?)
    }
}
