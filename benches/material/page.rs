//! What the service says of an hour in benchmarks: as the text of a page, and as the row that must come out of it.

use std::{collections::HashMap, fmt::Write};

use audience_exporter::{
    metric::MetricSet,
    row::{Count, Mean, Row},
    simulator::{Believable, Figures, SimulatorOptions, Source},
    time::{TimeRange, parse_label, to_wire},
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

/// The most buckets on a page.
pub(crate) const PAGE_SIZE: usize = 50;

/// The path of figures.
pub(crate) const ENTITIES_PATH: &str = "/api/1/entities";

/// About how long one bucket with all metrics is.
const BUCKET_BYTES: usize = 340;

/// The code and the words of a refusal.
pub(crate) type Refusal = (&'static str, String);

/// The figures of every stream and hour, always the same.
pub(crate) struct Audience(SimulatorOptions);

impl Audience {
    /// People as the simulator invents them, in cameras that never fail: every hour has a bucket.
    pub(crate) fn new() -> Self {
        let source = Believable { zone: Tz::UTC, outage: None, quiet: None, closed: None };
        Self(SimulatorOptions { source: Source::Believable(source), ..SimulatorOptions::default() })
    }

    fn hour(&self, client_id: &str, start: DateTime<Utc>) -> Figures {
        self.0.hour(client_id, start).expect("every hour since 2000 was measured")
    }

    /// The row that an export must hold.
    pub(crate) fn row(&self, client_id: &str, start: DateTime<Utc>) -> Row {
        let figures = self.hour(client_id, start);
        let mut row = Row::new(start, start + TimeDelta::hours(1));
        for (count, people) in counts(&figures) {
            row.set_count(count, Some(people.cast_signed()));
        }
        row.set_mean(Mean::StopTime, figures.stop_time());
        row.set_mean(Mean::AttentionTime, figures.attention_time());
        row.satisfaction = satisfaction(&figures).map(String::into_boxed_str);
        row
    }

    /// The page that `query` asks for.
    pub(crate) fn page(&self, client_id: &str, query: &str, is_unsorted: bool) -> Result<String, Refusal> {
        let (window, page) = read(query)?;
        let total = hours(window);
        let pages = total.div_ceil(PAGE_SIZE);
        if !(1..=pages).contains(&page) {
            return Err(("page_not_existing", format!("there are {pages} pages")));
        }
        let first = (page - 1) * PAGE_SIZE;
        let mut indices: Vec<usize> = (first..total.min(first + PAGE_SIZE)).collect();
        if is_unsorted {
            // Neighbours apart, as in a table of hashes.
            indices.sort_by_key(|index| index * 29 % 53);
        }
        let mut json = String::with_capacity(PAGE_SIZE * BUCKET_BYTES + 512);
        json.push_str("{\"entities\":{");
        for (place, index) in indices.into_iter().enumerate() {
            json.push_str(if place == 0 { "" } else { "," });
            let start = window.start() + TimeDelta::hours(index.try_into().expect("few hours"));
            push_bucket(&mut json, start, &self.hour(client_id, start));
        }
        push_envelope(&mut json, window, page, pages);
        Ok(json)
    }
}

/// Hours of a range of whole hours.
pub(crate) fn hours(range: TimeRange) -> usize {
    usize::try_from(range.duration().num_hours()).expect("a range runs forward")
}

/// The query of the first page of a window, letter for letter as the exporter asks for it.
fn query(window: TimeRange) -> String {
    let encoded = |instant| to_wire(instant).replace(':', "%3A").replace('+', "%2B");
    let (from, to) = (encoded(window.start()), encoded(window.end()));
    format!("metrics={}&from_date={from}&to_date={to}&time=by_hour", MetricSet::all().to_parameter())
}

/// The query of a page of a window.
pub(crate) fn query_of_page(window: TimeRange, page: usize) -> String {
    let query = query(window);
    if page > 1 { format!("{query}&page={page}") } else { query }
}

/// The window and the page that a query asks for.
fn read(query: &str) -> Result<(TimeRange, usize), Refusal> {
    let query: HashMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    let text = |name: &str| query.get(name).map_or("", |value| &**value);
    let malformed = |name: &str| ("malformed_param", format!("{name} is malformed"));
    if text("metrics") != MetricSet::all().to_parameter() {
        return Err(("unexisting_metric", "this server tells all metrics or none".to_owned()));
    }
    if text("time") != "by_hour" {
        return Err(("unexisting_time", "this server tells hours only".to_owned()));
    }
    let instant = |name| parse_label(text(name)).map_err(|_| malformed(name));
    let window =
        TimeRange::new(instant("from_date")?, instant("to_date")?).ok_or_else(|| malformed("to_date"))?;
    let page = query.get("page").map_or(Ok(1), |page| page.parse());
    Ok((window, page.map_err(|_| malformed("page"))?))
}

fn push_bucket(json: &mut String, start: DateTime<Utc>, figures: &Figures) {
    let mean = |mean: Option<f64>| mean.map_or_else(|| "null".to_owned(), |seconds| format!("{seconds:?}"));
    // Writing to a string cannot fail, here and below.
    _ = write!(
        json,
        "\"{}\":{{\"passing_by\":{{\"value\":{}}},\"interested\":{{\"value\":{}}},\"stop_time\":{{\"value\":{}}},\
         \"attention_time\":{{\"value\":{}}},\"category\":{{\"senior_female\":{},\"senior_male\":{},\
         \"young_female\":{},\"young_male\":{}}},\"gender\":{{\"?\":{},\"female\":{},\"male\":{}}}",
        to_wire(start),
        figures.passing_by,
        figures.interested,
        mean(figures.stop_time()),
        mean(figures.attention_time()),
        figures.senior_female,
        figures.senior_male,
        figures.young_female,
        figures.young_male,
        figures.unknown,
        figures.female,
        figures.male,
    );
    if let Some(satisfaction) = satisfaction(figures) {
        _ = write!(json, ",\"satisfaction\":{satisfaction}");
    }
    json.push('}');
}

fn push_envelope(json: &mut String, window: TimeRange, page: usize, pages: usize) {
    let (from, to, total) = (to_wire(window.start()), to_wire(window.end()), hours(window));
    let next_page = if page < pages {
        format!("{ENTITIES_PATH}?{}", query_of_page(window, page + 1))
    } else {
        String::new()
    };
    _ = write!(
        json,
        "}},\"from_date\":\"{from}\",\"to_date\":\"{to}\",\"time\":\"by_hour\",\"total_results\":{total},\
         \"nb_of_pages\":{pages},\"page\":{page},\"next_page\":\"{next_page}\"}}"
    );
}

fn counts(figures: &Figures) -> [(Count, u64); 9] {
    [
        (Count::PassingBy, figures.passing_by),
        (Count::Interested, figures.interested),
        (Count::CategorySeniorFemale, figures.senior_female),
        (Count::CategorySeniorMale, figures.senior_male),
        (Count::CategoryYoungFemale, figures.young_female),
        (Count::CategoryYoungMale, figures.young_male),
        (Count::GenderFemale, figures.female),
        (Count::GenderMale, figures.male),
        (Count::GenderUnknown, figures.unknown),
    ]
}

/// The JSON of the metric; none where nobody was there to be satisfied.
fn satisfaction(figures: &Figures) -> Option<String> {
    figures.satisfaction().map(|hundredths| format!("{{\"value\":{:?}}}", hundredths as f64 / 100.0))
}
