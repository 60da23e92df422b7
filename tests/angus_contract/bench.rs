//! A client whose clock, jitter and waits belong to the test, and what the vendor would send it.

use std::{
    collections::BTreeMap,
    num::{NonZeroU32, NonZeroUsize},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use audience_exporter::{
    angus::{AngusClient, AskingListener, FetchError, Listing, Query, StreamSession},
    auth::Token,
    clock::Clock,
    config::{AngusSettings, SecretSource, Stream},
    metric::{Metric, MetricSet},
    row::{Count, Row},
    secret::Secret,
    time::{BucketGrid, BucketSize, TimeRange, parse_label},
    wire::{Answer, Endpoint, RetryReason, Timing, Traffic},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use reqwest::Url;
use serde_json::{Value, json};

use crate::double::{Behaviour, Double};

/// The token of the contract: issued at [`BEGIN`], ends five hours later.
pub(crate) const T1: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VybmFtZSI6Im9wc0BleGFtcGxlLmNvbSIsIm9yaWdfaWF0IjoxNzAwMDAwMDAwLCJleHAiOjE3MDAwMTgwMDAsImNsaWVudF9pZCI6IjExMTExMTExLTIyMjItMzMzMy00NDQ0LTU1NTU1NTU1NTU1NSIsInVzZXJfaWQiOjEsImVtYWlsIjoib3BzQGV4YW1wbGUuY29tIn0.AAAA";

/// Another one, of which nothing can be read.
pub(crate) const T2: &str = "second.token.x";

pub(crate) const ACCESS_TOKEN: &str = "s3cret";

/// When every test begins, in seconds since 1970.
pub(crate) const BEGIN: i64 = 1_700_000_000;

pub(crate) const POST: &str = "POST /api-token-authstream/";

/// What [`two_hours`] asks for, as vector 8 writes it.
pub(crate) const TWO_HOURS: &str = "/api/1/entities?metrics=passing_by&from_date=2026-03-02T08%3A00%3A00%2B00%3A00&to_date=2026-03-02T10%3A00%3A00%2B00%3A00&time=by_hour";

/// How often the client tries.
pub(crate) const MAX_ATTEMPTS: u32 = 4;

/// The waits before attempts 2, 3 and 4 without jitter.
pub(crate) const BACKOFF: [Duration; 3] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1)];

/// Requests by endpoint and answer, and retries by reason, as the metrics label them.
pub(crate) type Counted = (Vec<(String, u64)>, Vec<(&'static str, u64)>);

/// The client, one stream, and everything that time does to them.
pub(crate) struct Bench {
    pub(crate) client: AngusClient,
    pub(crate) session: StreamSession,
    metrics: MetricSet,
    waits: Arc<Mutex<Vec<Duration>>>,
    millis: Arc<AtomicI64>,
    traffic: Traffic,
}

impl Bench {
    pub(crate) fn new(double: &Double) -> Self {
        Self::at(double.base_url(), Duration::from_secs(30))
    }

    /// One that may have so many requests of a stream in flight.
    pub(crate) fn side_by_side(double: &Double, requests: usize) -> Self {
        let per_stream = NonZeroUsize::new(requests).unwrap();
        Self::with(double.base_url(), Duration::from_secs(30), per_stream)
    }

    /// A wait of the client only moves the clock; `timeout` is real.
    pub(crate) fn at(base_url: &str, timeout: Duration) -> Self {
        Self::with(base_url, timeout, NonZeroUsize::MIN)
    }

    fn with(base_url: &str, timeout: Duration, per_stream_concurrency: NonZeroUsize) -> Self {
        let waits = Arc::new(Mutex::new(Vec::new()));
        let millis = Arc::new(AtomicI64::new(BEGIN * 1000));
        let timing = timing(&waits, &millis);
        let traffic = timing.traffic.clone();
        let base_url = Url::parse(base_url).unwrap();
        let settings = AngusSettings {
            console_url: base_url.clone(),
            data_url: base_url,
            concurrency: NonZeroUsize::new(8).unwrap(),
            per_stream_concurrency,
            requests_per_second: 1_000_000.0,
            timeout,
            max_attempts: NonZeroU32::new(MAX_ATTEMPTS).unwrap(),
        };
        let client = AngusClient::new(&settings, timing).unwrap();
        Self {
            session: client.session(&Arc::new(stream()), None),
            client,
            metrics: MetricSet::new([Metric::PassingBy]).unwrap(),
            waits,
            millis,
            traffic,
        }
    }

    /// Asks for these instead of `passing_by`.
    pub(crate) fn asking(self, metrics: impl IntoIterator<Item = Metric>) -> Self {
        Self { metrics: MetricSet::new(metrics).unwrap(), ..self }
    }

    pub(crate) async fn token(&self) -> Result<Token, FetchError> {
        self.client.token(&self.session).await
    }

    pub(crate) async fn list(&self, query: Query) -> Result<Listing, FetchError> {
        self.list_telling(query, &|| {}).await
    }

    pub(crate) async fn list_telling(
        &self,
        query: Query,
        asking: AskingListener<'_>,
    ) -> Result<Listing, FetchError> {
        self.client.list(&self.session, &self.metrics, query, asking).await
    }

    /// The people passing by in [`two_hours`], by hour.
    pub(crate) async fn passing_by(&self) -> Result<BTreeMap<String, i64>, FetchError> {
        Ok(passing_by(&self.list(two_hours()).await?.rows))
    }

    /// Why [`two_hours`] cannot be listed.
    pub(crate) async fn failure(&self) -> FetchError {
        self.list(two_hours()).await.expect_err("no listing")
    }

    /// How long the client waited between attempts, each time.
    pub(crate) fn waits(&self) -> Vec<Duration> {
        self.waits.lock().unwrap().clone()
    }

    /// What was counted.
    pub(crate) fn counted(&self) -> Counted {
        let request = |((endpoint, answer), count): ((Endpoint, Answer), u64)| {
            (format!("{} {answer}", endpoint.as_str()), count)
        };
        let retry = |(reason, count): (RetryReason, u64)| (reason.as_str(), count);
        let (requests, retries) = (self.traffic.requests(), self.traffic.retries());
        (requests.into_iter().map(request).collect(), retries.into_iter().map(retry).collect())
    }

    pub(crate) fn set_time(&self, seconds: i64) {
        self.millis.store(seconds * 1000, Ordering::SeqCst);
    }
}

fn timing(waits: &Arc<Mutex<Vec<Duration>>>, millis: &Arc<AtomicI64>) -> Timing {
    let (waits, told, moved) = (Arc::clone(waits), Arc::clone(millis), Arc::clone(millis));
    let sleep = move |wait: Duration| {
        waits.lock().unwrap().push(wait);
        moved.fetch_add(i64::try_from(wait.as_millis()).unwrap(), Ordering::SeqCst);
    };
    Timing {
        traffic: Traffic::default(),
        clock: Clock::from_fn(move || DateTime::from_timestamp_millis(told.load(Ordering::SeqCst)).unwrap()),
        jitter: Arc::new(|| 0.0),
        sleep: Arc::new(move |wait| {
            sleep(wait);
            Box::pin(async {})
        }),
    }
}

fn stream() -> Stream {
    Stream {
        name: "lobby".to_owned(),
        username: "ops@example.com".to_owned(),
        client_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        access_token: SecretSource::Literal(Secret::new(ACCESS_TOKEN.to_owned())),
        timezone: Tz::UTC,
        tags: BTreeMap::new(),
    }
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    parse_label(text).unwrap()
}

pub(crate) fn query(size: BucketSize, start: &str, end: &str) -> Query {
    Query { range: TimeRange::new(at(start), at(end)).unwrap(), grid: BucketGrid::new(size, Tz::UTC) }
}

/// The window of vector 8.
pub(crate) fn two_hours() -> Query {
    query(BucketSize::Hour, "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z")
}

/// The same range in one figure.
pub(crate) fn one_figure() -> Query {
    query(BucketSize::Global, "2026-03-02T08:00:00Z", "2026-03-02T10:00:00Z")
}

pub(crate) fn passing_by(rows: &[Row]) -> BTreeMap<String, i64> {
    let hour = |row: &Row| row.start.format("%H").to_string();
    rows.iter().filter_map(|row| Some((hour(row), row.count(Count::PassingBy)?))).collect()
}

pub(crate) fn hours<const N: usize>(figures: [(&str, i64); N]) -> BTreeMap<String, i64> {
    figures.map(|(hour, people)| (hour.to_owned(), people)).into()
}

/// The console makes `token`.
pub(crate) fn signs_in(token: &str) -> (String, Behaviour) {
    (POST.to_owned(), Behaviour::json(200, &json!({ "token": token })))
}

/// A sign-in that ends otherwise.
pub(crate) fn signing_in(behaviour: impl Into<Behaviour>) -> (String, Behaviour) {
    (POST.to_owned(), behaviour.into())
}

/// Page `number` of [`two_hours`] is asked for.
pub(crate) fn asks(number: u64, behaviour: impl Into<Behaviour>) -> (String, Behaviour) {
    let page = if number == 1 { String::new() } else { format!("&page={number}") };
    (format!("GET {TWO_HOURS}{page}"), behaviour.into())
}

/// As [`asks`], and the answer is this page.
pub(crate) fn brings(number: u64, page: &Value) -> (String, Behaviour) {
    asks(number, Behaviour::json(200, page))
}

/// A refusal of the Data API.
pub(crate) fn refuses(status: u16, code: &str) -> Behaviour {
    Behaviour::json(status, &json!({ "code": code, "message": "x" }))
}

/// Page `number` of `pages` of [`two_hours`], with the people passing by in some of its hours.
pub(crate) fn page(number: u64, pages: u64, total: u64, hours: &[(&str, i64)]) -> Value {
    let bucket = |(hour, people): &(&str, i64)| {
        (format!("2026-03-02T{hour}:00:00+00:00"), json!({ "passing_by": { "value": people } }))
    };
    let next_page = if number < pages { format!("{TWO_HOURS}&page={}", number + 1) } else { String::new() };
    json!({
        "entities": hours.iter().map(bucket).collect::<serde_json::Map<_, _>>(),
        "from_date": "2026-03-02T08:00:00+00:00",
        "to_date": "2026-03-02T10:00:00+00:00",
        "time": "by_hour",
        "total_results": total,
        "nb_of_pages": pages,
        "page": number,
        "next_page": next_page,
    })
}

/// The only page of a listing that is as it should be.
pub(crate) fn good_page() -> Value {
    page(1, 1, 2, &[("08", 9), ("09", 2)])
}

/// `page` with another value at `key`.
pub(crate) fn with(mut page: Value, key: &str, value: impl Into<Value>) -> Value {
    page[key] = value.into();
    page
}

/// `page` without `key`.
pub(crate) fn without(mut page: Value, key: &str) -> Value {
    page.as_object_mut().unwrap().remove(key).unwrap();
    page
}

/// A token with these claims.
pub(crate) fn token_with(claims: &Value) -> String {
    format!("head.{}.sign", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The tokens of all requests for data, in order. On the way, checks what every request owes the contract.
pub(crate) fn tokens_used(double: &Double) -> Vec<String> {
    let credentials = json!({
        "username": "ops@example.com",
        "client_id": "11111111-2222-3333-4444-555555555555",
        "access_token": ACCESS_TOKEN,
    });
    let mut tokens = Vec::new();
    for request in double.requests() {
        if request.method == "POST" {
            assert_eq!(request.json(), credentials);
            assert_eq!(request.header("content-type"), Some("application/json"));
            assert_eq!(request.header("authorization"), None);
        } else {
            let token = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
            tokens.push(token.unwrap_or_else(|| panic!("no token: {request:?}")).to_owned());
            assert_eq!(request.body, b"");
        }
    }
    tokens
}
