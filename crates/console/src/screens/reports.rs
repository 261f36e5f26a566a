//! What a month's refunds were for, as a chart, a table, and CSV.

mod sums;

use super::export;
use crate::{
    frame::{Frame, Page as _, pages},
    visit::{Shown, Visit},
    zone::Zone,
};
use askama::Template;
use axum::response::IntoResponse as _;
use gateway::Services;
use http::header;
use pbjson_types::Timestamp;
use sums::{Report, Sums};
use time::{Date, Duration, Month};
use tonic::Status;
use wire::refunds::v1::{ExportRefundComponentsRequest, RefundState};

#[derive(Template)]
#[template(path = "reports.html")]
struct ReportsPage {
    frame: Frame,
    /// Such as 2026-01.
    month: String,
    reports: Vec<Report>,
}

pages!(ReportsPage);

pub async fn show<S: Services>(visit: Visit<S>) -> Shown {
    let today = visit.zone.day_of(visit.now);
    let (month, reports, refused) = match month_of(visit.query.text("month"), today) {
        Ok(month) => (month, sums(&visit, month).await?.reports(), None),
        Err(status) => (first_of(today), Vec::new(), Some(status)),
    };
    ReportsPage {
        frame: visit.frame("Reports", "reports").with(refused.as_ref()),
        month: written(month),
        reports,
    }
    .shown()
}

/// `GET /console/{store_id}/reports.csv`
pub async fn csv<S: Services>(visit: Visit<S>) -> Shown {
    let month = month_of(visit.query.text("month"), visit.zone.day_of(visit.now))?;
    let reports = sums(&visit, month).await?.reports();
    let names = ["month", "currency", "reason", "component", "amount"];
    let mut text = export::line(names.map(str::to_owned))?;
    for report in reports {
        for row in &report.rows {
            for cell in &row.cells {
                let cells = [
                    written(month),
                    report.currency.clone(),
                    row.reason.clone(),
                    cell.component.clone(),
                    cell.amount.to_string(),
                ];
                text.extend(export::line(cells)?);
            }
        }
    }
    let file = format!("attachment; filename=\"refunds-{}.csv\"", written(month));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, file),
    ];
    Ok((headers, text).into_response())
}

/// Every refund of the month that holds its amounts.
async fn sums<S: Services>(visit: &Visit<S>, month: Date) -> Result<Sums, Status> {
    let (created_after, created_before) = bounds(month, &visit.zone);
    let request = visit.calls.ask_at_length(ExportRefundComponentsRequest {
        store_id: visit.store_id(),
        created_after,
        created_before,
        states: [RefundState::Pending, RefundState::Held, RefundState::Succeeded]
            .map(i32::from)
            .into(),
    });
    let mut rows = visit.calls.refunds().export_refund_components(request).await?.into_inner();
    let mut sums = Sums::default();
    while let Some(row) = rows.message().await? {
        sums.add(row.row.unwrap_or_default())?;
    }
    Ok(sums)
}

/// The first day of a month; of this one if none is named.
fn month_of(text: &str, today: Date) -> Result<Date, Status> {
    if text.is_empty() {
        return Ok(first_of(today));
    }
    let parsed = || {
        let (year, month) = text.split_once('-')?;
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        let year = year.parse::<u16>().ok().filter(|year| (1970..=9998).contains(year))?;
        Date::from_calendar_date(year.into(), month, 1).ok()
    };
    parsed().ok_or_else(|| Status::invalid_argument("a month is written such as 2026-01"))
}

fn first_of(day: Date) -> Date {
    day.replace_day(1).unwrap_or(day)
}

/// The first day of the month after.
fn next(month: Date) -> Date {
    first_of(month.saturating_add(Duration::days(31)))
}

/// Where a month begins and where it has ended, as the store has it.
fn bounds(month: Date, zone: &Zone) -> (Option<Timestamp>, Option<Timestamp>) {
    (zone.begins(month), zone.begins(next(month)))
}

fn written(month: Date) -> String {
    format!("{:04}-{:02}", month.year(), u8::from(month.month()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::{
        OffsetDateTime,
        macros::{date, datetime},
    };

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let today = date!(2026 - 12 - 31);
        assert_eq!(month_of("", today).unwrap(), date!(2026 - 12 - 01));
        assert_eq!(next(date!(2026 - 12 - 01)), date!(2027 - 01 - 01));
        assert_eq!(next(date!(2028 - 02 - 01)), date!(2028 - 03 - 01));
        assert_eq!(written(month_of("2026-01", today).unwrap()), "2026-01");
        for wrong in ["2026", "2026-13", "2026-1-1", "x-1", "9999-12", "2026-00"] {
            assert!(month_of(wrong, today).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_month_is_the_stores_own() {
        let at = |at: Option<Timestamp>| {
            OffsetDateTime::from_unix_timestamp(at.unwrap().seconds).unwrap()
        };
        let (auckland, honolulu) =
            (Zone::named("Pacific/Auckland"), Zone::named("Pacific/Honolulu"));
        let (first, end) = bounds(date!(2026 - 04 - 01), &auckland);
        assert_eq!(at(first), datetime!(2026-03-31 11:00 UTC));
        // Summer time ended meanwhile.
        assert_eq!(at(end), datetime!(2026-04-30 12:00 UTC));
        let (first, end) = bounds(date!(2026 - 12 - 01), &honolulu);
        assert_eq!(at(first), datetime!(2026-12-01 10:00 UTC));
        assert_eq!(at(end), datetime!(2027-01-01 10:00 UTC));
        let now = datetime!(2026-12-31 11:00 UTC);
        assert_eq!(written(month_of("", auckland.day_of(now)).unwrap()), "2027-01");
        assert_eq!(written(month_of("", honolulu.day_of(now)).unwrap()), "2026-12");
    }
}
