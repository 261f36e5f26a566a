use domain::id::StoreId;

tokio::task_local! {
    static FENCE: Fence;
}

/// Whose rows may be seen and changed.
///
/// It belongs to the caller: it is set once, where it is known who calls, and goes along with all
/// that is done for the call. It is an argument of nothing, so that it holds as well where whoever
/// should have refused the call, or a query that should have named the store, is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fence {
    /// Of every store, and what belongs to none.
    Whole,
    Store(StoreId),
}

impl Fence {
    /// That of the call which this is done for. There is none around what the program does by
    /// itself, nor in a task that was spawned without [`Fence::kept`].
    pub fn current() -> Option<Self> {
        FENCE.try_with(Self::clone).ok()
    }

    /// Whether a store may be told of here. Asked by whoever keeps at hand what the database would
    /// have to be asked for otherwise.
    pub fn lets_see(store: &StoreId) -> bool {
        FENCE.try_with(|fence| fence.admits(store)).unwrap_or(true)
    }

    pub fn admits(&self, store: &StoreId) -> bool {
        match self {
            Self::Whole => true,
            Self::Store(own) => own == store,
        }
    }

    /// Does all of `work` behind this fence.
    pub fn around<F: Future>(self, work: F) -> impl Future<Output = F::Output> {
        FENCE.scope(self, work)
    }

    /// The same for what is not a future, such as one step of a stream.
    pub fn around_step<T>(&self, step: impl FnOnce() -> T) -> T {
        FENCE.sync_scope(self.clone(), step)
    }

    /// Does `work` behind the fence that is here now, in whichever task it will be.
    pub fn kept<F: Future>(work: F) -> impl Future<Output = F::Output> {
        let fence = Self::current();
        async move {
            match fence {
                Some(fence) => fence.around(work).await,
                None => work.await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(id: &str) -> StoreId {
        id.parse().expect("it is an id of a store")
    }

    #[tokio::test]
    async fn a_fence_is_around_what_is_done_in_it_and_nothing_else() {
        assert_eq!(Fence::current(), None);
        assert!(Fence::lets_see(&store("a")));
        let within = Fence::Store(store("a")).around(async {
            assert!(Fence::lets_see(&store("a")) && !Fence::lets_see(&store("b")));
            let spawned = tokio::spawn(async { Fence::current() });
            assert_eq!(spawned.await.expect("it ends"), None);
            let kept = tokio::spawn(Fence::kept(async { Fence::current() }));
            kept.await.expect("it ends")
        });
        assert_eq!(within.await, Some(Fence::Store(store("a"))));
        assert!(Fence::Whole.around_step(|| Fence::lets_see(&store("b"))));
    }
}
