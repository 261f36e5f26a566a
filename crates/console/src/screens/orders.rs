//! The list of orders: found by whatever leads to them, narrowed, and sorted.

use crate::{
    fields::Fields,
    frame::{Frame, Page as _, pages},
    parts,
    visit::{Shown, Visit},
    words::{self, Choice},
};
use askama::Template;
use gateway::Services;
use tonic::{Code, Status};
use wire::{
    cancellations::v1::CancellationState,
    orders::v1::{
        HandoverState, ListOrdersRequest, ListOrdersResponse, Order, OrderSort, OrderState,
        ScreeningState,
    },
    refunds::v1::RefundState,
};

/// Orders on a page.
const PAGE: i32 = 50;
/// Calls that one page makes, as long as what they find is less than a page.
const MOST_CALLS: u32 = 10;

#[derive(Template)]
#[template(path = "orders.html")]
struct OrdersPage {
    frame: Frame,
    fields: Fields,
    filters: Vec<Filter>,
    chosen: Vec<Chosen>,
    orders: Vec<Order>,
    next: String,
    /// There may be more than was looked through.
    goes_on: bool,
    csv: String,
}

pages!(OrdersPage);

/// States that an order may be narrowed to, by the name of their field.
struct Filter {
    name: &'static str,
    title: &'static str,
    choices: Vec<Choice>,
}

/// Something that narrows the list, and the list without it.
struct Chosen {
    text: String,
    without: String,
}

pub async fn list<S: Services>(visit: Visit<S>) -> Shown {
    let fields = visit.query.clone();
    let mut refused = None;
    let found = match asked(&visit, &fields) {
        Ok(asked) => full_page(&visit, asked).await,
        Err(status) => Err(status),
    };
    let found = match found {
        Ok(found) => found,
        Err(status) if status.code() == Code::InvalidArgument => {
            refused = Some(status);
            ListOrdersResponse::default()
        }
        Err(status) => return Err(status.into()),
    };
    let next = found.next_page_token;
    let next = if next.is_empty() { next } else { fields.query_with("page", &next) };
    let filters = filters();
    OrdersPage {
        frame: visit.frame("Orders", "orders").with(refused.as_ref()),
        chosen: chosen(&fields, &filters),
        filters,
        goes_on: !next.is_empty() && i32::try_from(found.orders.len()).is_ok_and(|it| it < PAGE),
        orders: found.orders,
        next,
        csv: fields.query_with("page", ""),
        fields,
    }
    .shown()
}

fn filters() -> Vec<Filter> {
    [
        ("state", "Status", words::order_states()),
        ("screening", "Screening", words::screening_states()),
        ("handover", "Hand-over", words::handover_states()),
        ("cancellation", "Cancellation", words::cancellation_states()),
        ("refund", "Refund", words::refund_states()),
    ]
    .map(|(name, title, choices)| Filter { name, title, choices })
    .into()
}

fn chosen(fields: &Fields, filters: &[Filter]) -> Vec<Chosen> {
    let mut chosen = Vec::new();
    let mut add = |name: &str, title: &str, value: &str, shown: &str| {
        let text = format!("{title}: {shown}");
        chosen.push(Chosen { text, without: fields.query_without(name, value) });
    };
    let searched = fields.text("q");
    if !searched.is_empty() {
        add("q", "Search", searched, searched);
    }
    for Filter { name, title, choices } in filters {
        for value in fields.all(name) {
            let known = choices.iter().find(|choice| choice.value == value);
            add(name, title, value, known.map_or(value, |choice| &choice.text));
        }
    }
    for (name, title) in [("from", "Created from"), ("to", "Created to")] {
        let day = fields.text(name);
        if !day.is_empty() {
            add(name, title, day, day);
        }
    }
    chosen
}

/// What the filters ask for. Several that are searched for stand with semicolons between them.
pub fn asked<S: Services>(visit: &Visit<S>, fields: &Fields) -> Result<ListOrdersRequest, Status> {
    let mut read = fields.read();
    let (created_after, created_before) =
        (read.day("from", &visit.zone), read.through("to", &visit.zone));
    let terms = fields.text("q").split(';').map(str::trim).filter(|term| !term.is_empty());
    let oldest_first = fields.text("sort") == "oldest";
    let order_by =
        if oldest_first { OrderSort::CreateTimeAsc } else { OrderSort::CreateTimeDesc }.into();
    let asked = ListOrdersRequest {
        store_id: visit.store_id(),
        page_size: PAGE,
        page_token: fields.text("page").to_owned(),
        states: read.numbers::<OrderState>("state"),
        screening_states: read.numbers::<ScreeningState>("screening"),
        handover_states: read.numbers::<HandoverState>("handover"),
        // The list's own words for these two are the same, by name and number.
        cancellation_states: read.numbers::<CancellationState>("cancellation"),
        refund_states: read.numbers::<RefundState>("refund"),
        search: terms.map(str::to_owned).collect(),
        created_after,
        created_before,
        order_by,
        ..ListOrdersRequest::default()
    };
    read.finish()?;
    Ok(asked)
}

/// The services look through so much for each page; people look at full pages.
async fn full_page<S: Services>(
    visit: &Visit<S>,
    mut asked: ListOrdersRequest,
) -> Result<ListOrdersResponse, Status> {
    let mut found = page(visit, asked.clone()).await?;
    for _ in 1..MOST_CALLS {
        let missing = asked.page_size - i32::try_from(found.orders.len()).unwrap_or(PAGE);
        if found.next_page_token.is_empty() || missing <= 0 {
            break;
        }
        asked.page_token = found.next_page_token;
        let further = ListOrdersRequest { page_size: missing, ..asked.clone() };
        let further = page(visit, further).await?;
        found.orders.extend(further.orders);
        found.next_page_token = further.next_page_token;
    }
    Ok(found)
}

/// One page as the services give it.
pub async fn page<S: Services>(
    visit: &Visit<S>,
    asked: ListOrdersRequest,
) -> Result<ListOrdersResponse, Status> {
    let answer = visit.calls.orders().list_orders(visit.calls.ask(asked)).await?;
    Ok(answer.into_inner())
}
