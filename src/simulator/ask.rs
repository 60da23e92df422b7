//! What a request for entities asks for (Angus contract, section 3).

use chrono::{DateTime, FixedOffset, SecondsFormat, Utc};
use serde::Deserialize;

use super::refusal::Refusal;
use crate::{metric::Metric, time::BucketSize};

/// The parameters of a request, decoded but not yet understood. Others are ignored.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Parameters {
    metrics: Option<String>,
    from_date: Option<String>,
    to_date: Option<String>,
    time: Option<String>,
    page: Option<String>,
}

/// One page of one listing.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Ask {
    /// At least one, each once, as asked.
    pub(super) metrics: Vec<Metric>,
    /// The first instant of the window, with the offset that answers echo.
    pub(super) from: DateTime<FixedOffset>,
    /// The first instant after the window.
    pub(super) to: DateTime<FixedOffset>,
    pub(super) size: BucketSize,
    /// Counted from 1.
    pub(super) page: usize,
}

impl Ask {
    /// Understands `parameters`; a window without an end ends `now`.
    pub(super) fn read(parameters: &Parameters, now: DateTime<Utc>) -> Result<Self, Refusal> {
        let metrics = read_metrics(given(parameters.metrics.as_ref(), "metrics")?)?;
        let from = read_date(given(parameters.from_date.as_ref(), "from_date")?)?;
        let to = match &parameters.to_date {
            Some(text) => read_date(text)?,
            None => now.with_timezone(from.offset()),
        };
        if to <= from {
            return Err(Refusal::malformed(format!("the window from {from} to {to} is empty")));
        }
        let size = parameters.time.as_deref().map_or(Ok(BucketSize::Global), read_size)?;
        let page = parameters.page.as_deref().map_or(Ok(1), read_page)?;
        Ok(Self { metrics, from, to, size, page })
    }
}

/// How answers write an instant: with a colon in the offset.
pub(super) fn echo(instant: DateTime<FixedOffset>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

fn given<'a>(value: Option<&'a String>, parameter: &str) -> Result<&'a str, Refusal> {
    value.map(String::as_str).filter(|text| !text.is_empty()).ok_or_else(|| Refusal::missing(parameter))
}

fn read_metrics(text: &str) -> Result<Vec<Metric>, Refusal> {
    let mut metrics = Vec::with_capacity(Metric::ALL.len());
    for keyword in text.split(',') {
        let metric = Metric::from_keyword(keyword).ok_or_else(|| Refusal::unknown_metric(keyword))?;
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    Ok(metrics)
}

fn read_date(text: &str) -> Result<DateTime<FixedOffset>, Refusal> {
    // The reader below would pass over the space that a raw + becomes.
    if text.contains(' ') {
        return Err(Refusal::malformed(format!("{text:?} is no date; a + must be sent as %2B")));
    }
    DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .map_err(|_| Refusal::malformed(format!("{text:?} is no date with an offset")))
}

fn read_size(text: &str) -> Result<BucketSize, Refusal> {
    let size = BucketSize::ALL.into_iter().find(|size| size.as_str() == text);
    size.ok_or_else(|| Refusal::unknown_time(text))
}

fn read_page(text: &str) -> Result<usize, Refusal> {
    text.parse().map_err(|_| Refusal::malformed(format!("page {text:?} is no number")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_label;

    fn read(query: &str) -> Result<Ask, Refusal> {
        let uri = format!("/?{query}").parse().unwrap();
        let axum::extract::Query(parameters) = axum::extract::Query::try_from_uri(&uri).unwrap();
        Ask::read(&parameters, parse_label("2026-03-02T12:00:00Z").unwrap())
    }

    fn from(date: &str) -> Result<String, &'static str> {
        read(&format!("metrics=gender&from_date={date}"))
            .map(|ask| echo(ask.from))
            .map_err(|refusal| refusal.code())
    }

    #[test]
    fn defaults_are_global_now_and_the_first_page() {
        let ask = read("metrics=interested,passing_by&from_date=2026-03-02T08:00:00%2B0200").unwrap();
        assert_eq!(ask.metrics, [Metric::Interested, Metric::PassingBy]);
        assert_eq!((ask.size, ask.page), (BucketSize::Global, 1));
        assert_eq!(echo(ask.to), "2026-03-02T14:00:00+02:00");
    }

    #[test]
    fn every_form_of_date_in_the_contract_is_read() {
        for (date, echoed) in [
            ("2017-09-03T05:45:00%2B0200", "2017-09-03T05:45:00+02:00"),
            ("2017-09-03T05%3A45%3A00%2B02%3A00", "2017-09-03T05:45:00+02:00"),
            ("2017-09-03T05:45:00-03:30", "2017-09-03T05:45:00-03:30"),
            ("2017-09-03T05:45:00.123456%2B00:00", "2017-09-03T05:45:00.123456+00:00"),
            ("2017-09-03T03:45:00.000Z", "2017-09-03T03:45:00+00:00"),
        ] {
            assert_eq!(from(date), Ok(echoed.to_owned()), "{date}");
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for date in [
            "2017-09-03T05:45:00+0200",
            "2017-09-03T05:45:00+02:00",
            "2017-09-03T05:45:00",
            "2017-09-03",
            "2017-09-03%2005:45:00Z",
            "2017-13-03T05:45:00Z",
            "now",
        ] {
            assert_eq!(from(date), Err("malformed_param"), "{date}");
        }
    }

    #[test]
    fn other_mistakes_have_the_codes_of_the_contract() {
        let date = "from_date=2026-03-02T08:00:00Z";
        for (query, code) in [
            (date.to_owned(), "missing_mandatory_param"),
            (format!("{date}&metrics="), "missing_mandatory_param"),
            ("metrics=gender".to_owned(), "missing_mandatory_param"),
            (format!("{date}&metrics=gender,age"), "unexisting_metric"),
            (format!("{date}&metrics=gender,%20interested"), "unexisting_metric"),
            (format!("{date}&metrics=gender,"), "unexisting_metric"),
            (format!("{date}&metrics=gender&time=by_week"), "unexisting_time"),
            (format!("{date}&metrics=gender&page=two"), "malformed_param"),
            (format!("{date}&metrics=gender&page=-1"), "malformed_param"),
            (format!("{date}&metrics=gender&to_date=2026-03-02T08:00:00Z"), "malformed_param"),
        ] {
            assert_eq!(read(&query).unwrap_err().code(), code, "{query}");
        }
    }
}
