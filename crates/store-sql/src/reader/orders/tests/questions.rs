//! What is asked for: common, rare and impossible values of each condition, one or ten of them.

use super::orders::{World, created_at, email, order_id, product, skewed, unique};
use conformance::build::NOON;
use domain::{
    cancellation::CancellationState,
    id::{CancellationId, RefundId},
    order::{HandoverState, OrderState},
    refund::RefundState,
    screening::CheckState,
};
use ports::{OrderFilter, OrderOrigin, OrderSort, PageRequest};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use time::Duration;
use uuid::Uuid;

/// Conditions there are.
pub(super) const KINDS: usize = 10;

#[derive(Debug)]
pub(super) struct Question {
    pub filter: OrderFilter,
    pub sort: OrderSort,
    pub page: PageRequest<OrderOrigin>,
}

pub(super) struct Questions {
    orders: usize,
    random: StdRng,
}

impl Questions {
    pub fn of(world: &World) -> Self {
        Self { orders: world.size(), random: StdRng::seed_from_u64(11) }
    }

    pub fn about(&mut self, kinds: &[usize]) -> Vec<Question> {
        let mut filter = OrderFilter::default();
        for kind in kinds {
            self.add(&mut filter, *kind);
        }
        assert_eq!(filter.count(), kinds.len());
        let sorts = [OrderSort::NewestFirst, OrderSort::OldestFirst];
        let number = self.random.random_range(0..self.orders);
        let behind =
            OrderOrigin { created_at: created_at(number, self.orders), order_id: order_id(number) };
        let pages = [None, Some(behind)];
        let each = sorts.into_iter().flat_map(|sort| pages.clone().map(|after| (sort, after)));
        let question = |(sort, after)| Question {
            filter: filter.clone(),
            sort,
            page: PageRequest { size: 50, after },
        };
        each.map(question).collect()
    }

    fn add(&mut self, filter: &mut OrderFilter, kind: usize) {
        match kind {
            0 => filter.states = self.some_of(&OrderState::ALL),
            1 => filter.screening = self.some_of(&CheckState::ALL),
            2 => filter.handover = self.some_of(&HandoverState::ALL),
            3 => filter.cancellations = self.some_of(&CancellationState::ALL),
            4 => filter.refunds = self.some_of(&RefundState::ALL),
            5 => filter.search = self.terms(),
            6 => {
                let id = order_id(self.random.random_range(0..self.orders * 2));
                filter.external_order_id = Some(format!("E-{id}"));
            }
            7 => filter.buyer_email = Some(self.email()),
            8 => filter.product_code = Some(self.product()),
            _ => {
                let days = self.random.random_range(-100..800);
                let long = [1, 30, 300][self.random.random_range(0..3)];
                let from = NOON + Duration::days(days);
                filter.created_from = Some(from);
                filter.created_before =
                    self.random.random_bool(0.5).then(|| from + Duration::days(long));
            }
        }
    }

    /// Most often one.
    fn some_of<S: Clone>(&mut self, all: &[S]) -> Vec<S> {
        let count = if self.random.random_bool(0.7) { 1 } else { 2 };
        all.choose_multiple(&mut self.random, count).cloned().collect()
    }

    fn terms(&mut self) -> Vec<String> {
        let count = if self.random.random_bool(0.3) { OrderFilter::MAX_VALUES } else { 1 };
        (0..count).map(|_| self.term()).collect()
    }

    fn term(&mut self) -> String {
        let number = self.random.random_range(0..self.orders);
        match self.random.random_range(0..12) {
            0 => order_id(number).to_string(),
            1 => format!("E-{}", order_id(number)),
            2 => format!("C-{number}"),
            3 => format!("ch_{number}"),
            4 => number.to_string(),
            5 => RefundId::from_uuid(Uuid::from_u128(unique(number, 0))).to_string(),
            6 => CancellationId::from_uuid(Uuid::from_u128(unique(number, 0))).to_string(),
            7 => self.email(),
            8 => self.product(),
            9 => "kim".to_owned(),
            10 => format!("first{}", skewed(2_000, &mut self.random)),
            _ => {
                let (first, last) =
                    (skewed(2_000, &mut self.random), skewed(20_000, &mut self.random));
                format!("Last{last}, First{first}")
            }
        }
    }

    fn email(&mut self) -> String {
        match self.random.random_range(0..3) {
            0 => email(0),
            1 => email(skewed(self.orders, &mut self.random)),
            _ => "nobody@example.com".to_owned(),
        }
    }

    fn product(&mut self) -> String {
        match self.random.random_range(0..6) {
            0 => "GIFT".to_owned(),
            1 => "PREORDER".to_owned(),
            2 => "nothing".to_owned(),
            3 => product(0),
            _ => product(skewed(20_000, &mut self.random)),
        }
    }
}
