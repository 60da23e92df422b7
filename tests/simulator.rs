//! The simulated Angus API over real HTTP: what the contract promises, and what the simulator promises on top.

#![expect(clippy::disallowed_methods, reason = "the client is the test, whose requests nobody counts")]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use audience_exporter::{
    clock::Clock,
    simulator::{Believable, Faults, Figures, Replay, Simulator, SimulatorOptions, Source, access_token},
    time::parse_label,
};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use reqwest::{Client, RequestBuilder, StatusCode, redirect::Policy};
use serde_json::{Value, json};

/// A Wednesday in February, in the middle of an hour.
const NOW: &str = "2026-02-11T10:30:00Z";
const LOBBY: &str = "00000000-0000-4000-8000-000000000000";
/// The last stream of the default fleet of six.
const FAILING: &str = "00000000-0000-4000-8000-000000000005";
const ALL: &str = "passing_by,interested,stop_time,attention_time,category,gender,satisfaction";

/// A simulator with a clock that the test sets, and a client of it.
struct Bench {
    simulator: Simulator,
    client: Client,
    seconds: Arc<AtomicI64>,
}

/// An answer whose body arrived whole.
struct Answer {
    status: StatusCode,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.body))
    }

    fn code(&self) -> (u16, String) {
        (self.status.as_u16(), self.json()["code"].as_str().unwrap().to_owned())
    }
}

impl Bench {
    async fn start(options: SimulatorOptions) -> Self {
        // Fails where another test of this process was first, which is just as good.
        _ = rustls::crypto::ring::default_provider().install_default();
        let seconds = Arc::new(AtomicI64::new(instant(NOW).timestamp()));
        let told = Arc::clone(&seconds);
        let clock = Clock::from_fn(move || DateTime::from_timestamp(told.load(Ordering::SeqCst), 0).unwrap());
        let simulator =
            Simulator::start(SocketAddr::from(([127, 0, 0, 1], 0)), options, clock).await.unwrap();
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { simulator, client, seconds }
    }

    fn set_time(&self, now: DateTime<Utc>) {
        self.seconds.store(now.timestamp(), Ordering::SeqCst);
    }

    async fn send(request: RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        Ok(Answer { status: response.status(), body: response.text().await? })
    }

    async fn post_token(&self, body: String) -> reqwest::Result<Answer> {
        let url = format!("{}/api-token-authstream/", self.simulator.base_url());
        Self::send(self.client.post(url).header("content-type", "application/json").body(body)).await
    }

    async fn sign_in(&self, client_id: &str) -> reqwest::Result<Answer> {
        let access_token = access_token(client_id);
        let body =
            json!({ "username": "u@example.com", "client_id": client_id, "access_token": access_token });
        self.post_token(body.to_string()).await
    }

    async fn token(&self, client_id: &str) -> String {
        self.sign_in(client_id).await.unwrap().json()["token"].as_str().unwrap().to_owned()
    }

    async fn get(&self, token: &str, query: &str) -> reqwest::Result<Answer> {
        let url = format!("{}/api/1/entities?{query}", self.simulator.base_url());
        Self::send(self.client.get(url).header("authorization", format!("Bearer {token}"))).await
    }

    /// The first page of what `query` asks for.
    async fn page(&self, client_id: &str, query: &str) -> Value {
        let answer = self.get(&self.token(client_id).await, query).await.unwrap();
        assert_eq!(answer.status, StatusCode::OK, "{query}: {}", answer.body);
        answer.json()
    }

    /// The buckets of all pages, by label.
    async fn list(&self, client_id: &str, query: &str) -> BTreeMap<String, Value> {
        let token = self.token(client_id).await;
        let first = format!("{}/api/1/entities?", self.simulator.base_url());
        let (mut buckets, mut query) = (BTreeMap::new(), query.to_owned());
        loop {
            let page = self.get(&token, &query).await.unwrap().json();
            buckets.extend(page["entities"].as_object().unwrap().clone());
            match page["next_page"].as_str().unwrap() {
                "" => return buckets,
                next => next.strip_prefix(&first).unwrap().clone_into(&mut query),
            }
        }
    }
}

fn instant(text: &str) -> DateTime<Utc> {
    parse_label(text).unwrap()
}

fn window(metrics: &str, from: &str, to: &str, time: &str) -> String {
    format!("metrics={metrics}&from_date={from}&to_date={to}&time={time}")
}

fn with_faults(faults: Faults) -> SimulatorOptions {
    SimulatorOptions { faults, ..SimulatorOptions::default() }
}

fn number(bucket: &Value, path: &str) -> f64 {
    bucket.pointer(path).and_then(Value::as_f64).unwrap_or_else(|| panic!("no {path} in {bucket}"))
}

/// What the contract says a total of buckets must be: counts add up, means are weighted by interested people.
fn total<'a>(buckets: impl IntoIterator<Item = &'a Value>) -> BTreeMap<&'static str, f64> {
    const COUNTS: [&str; 9] = [
        "/passing_by/value",
        "/interested/value",
        "/gender/?",
        "/gender/female",
        "/gender/male",
        "/category/senior_female",
        "/category/senior_male",
        "/category/young_female",
        "/category/young_male",
    ];
    let mut total = BTreeMap::new();
    for bucket in buckets {
        for path in COUNTS {
            *total.entry(path).or_default() += number(bucket, path);
        }
        let interested = number(bucket, "/interested/value");
        for path in ["/stop_time/value", "/attention_time/value"] {
            assert_eq!(bucket.pointer(path).unwrap().is_null(), interested == 0.0, "{bucket}");
            *total.entry(path).or_default() +=
                bucket.pointer(path).unwrap().as_f64().unwrap_or(0.0) * interested;
        }
        let genders: f64 = COUNTS[2..5].iter().map(|path| number(bucket, path)).sum();
        let categories: f64 = COUNTS[5..].iter().map(|path| number(bucket, path)).sum();
        assert!((genders - interested).abs() < 0.5 && categories <= interested, "{bucket}");
        assert!(interested <= number(bucket, "/passing_by/value"), "{bucket}");
    }
    let interested = total["/interested/value"];
    for path in ["/stop_time/value", "/attention_time/value"] {
        total.entry(path).and_modify(|seconds| *seconds /= interested);
    }
    total
}

/// Counts are equal; means are, but for the rounding of this test's own sums.
fn assert_same(one: &BTreeMap<&str, f64>, other: &BTreeMap<&str, f64>) {
    for (path, expected) in other {
        assert!((one[path] - expected).abs() < 1e-9, "{path}: {} and {expected}", one[path]);
    }
}

#[tokio::test]
async fn tokens_expire_by_the_clock_and_forged_ones_are_refused() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let query = window("passing_by", "2026-02-11T08:00:00Z", "2026-02-11T09:00:00Z", "by_hour");
    let token = bench.token(LOBBY).await;
    assert_eq!(token.split('.').count(), 3);
    assert_eq!(bench.get(&token, &query).await.unwrap().status, StatusCode::OK);

    bench.set_time(instant(NOW) + TimeDelta::hours(5) - TimeDelta::seconds(1));
    assert_eq!(bench.get(&token, &query).await.unwrap().status, StatusCode::OK);
    bench.set_time(instant(NOW) + TimeDelta::hours(5));
    assert_eq!(bench.get(&token, &query).await.unwrap().code(), (401, "expired_jwt".to_owned()));
    let renewed = bench.token(LOBBY).await;
    assert_eq!(bench.get(&renewed, &query).await.unwrap().status, StatusCode::OK);

    let other_seed = Bench::start(SimulatorOptions { seed: 1, ..SimulatorOptions::default() }).await;
    for forged in [other_seed.token(LOBBY).await, format!(" {renewed}"), "x".to_owned()] {
        assert_eq!(bench.get(&forged, &query).await.unwrap().code(), (401, "invalid_jwt".to_owned()));
    }
    let url = format!("{}/api/1/entities?{query}", bench.simulator.base_url());
    let without = Bench::send(bench.client.get(url)).await.unwrap();
    assert_eq!(without.code(), (401, "authorization_header_missing".to_owned()));
    let counts = bench.simulator.requests();
    assert_eq!((counts.tokens, counts.entities, counts.faults), (2, 8, 0));
}

#[tokio::test]
async fn bad_credentials_are_refused_field_by_field() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let wrong = format!(r#"{{"username":"u","client_id":"{LOBBY}","access_token":"secret"}}"#);
    let impossible = r#"{"username":"u","client_id":"a b","access_token":"secret-a b"}"#;
    for (body, field) in [
        (wrong.as_str(), "non_field_errors"),
        (impossible, "non_field_errors"),
        (r#"{"username":"u","access_token":"x"}"#, "client_id"),
        (r#"{"username":"","client_id":"x","access_token":"x"}"#, "username"),
        (r#"{"username":"u","client_id":"x","access_token":null}"#, "access_token"),
    ] {
        let answer = bench.post_token(body.to_owned()).await.unwrap();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert!(answer.json()[field][0].is_string(), "{body}: {}", answer.body);
    }
    assert_eq!(bench.post_token("username=u".to_owned()).await.unwrap().status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn only_the_exact_token_request_is_answered() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let base = bench.simulator.base_url();
    let redirect = bench.client.post(format!("{base}/api-token-authstream")).body("{}").send().await.unwrap();
    assert_eq!(redirect.status(), StatusCode::MOVED_PERMANENTLY);
    assert_eq!(redirect.headers()["location"], "/api-token-authstream/");
    let form = bench.client.post(format!("{base}/api-token-authstream/")).body("{}");
    assert_eq!(Bench::send(form).await.unwrap().status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let get = bench.client.get(format!("{base}/api-token-authstream/"));
    assert_eq!(Bench::send(get).await.unwrap().status, StatusCode::METHOD_NOT_ALLOWED);
    let elsewhere = bench.client.get(format!("{base}/api/1/entities/"));
    assert_eq!(Bench::send(elsewhere).await.unwrap().status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn malformed_questions_have_the_codes_of_the_contract() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let token = bench.token(LOBBY).await;
    let good = window("gender", "2026-02-11T08:00:00%2B00:00", "2026-02-11T09:00:00Z", "by_hour");
    for (query, status, code) in [
        ("metrics=gender".to_owned(), 400, "missing_mandatory_param"),
        (good.replace("metrics", "metric"), 400, "missing_mandatory_param"),
        (good.replace("gender", "gender,age"), 400, "unexisting_metric"),
        (good.replace("by_hour", "by_week"), 400, "unexisting_time"),
        (good.replace("%2B", "+"), 400, "malformed_param"),
        (good.replace("%2B00:00", ""), 400, "malformed_param"),
        (format!("{good}&page=x"), 400, "malformed_param"),
        (format!("{good}&time=by_day"), 400, "malformed_param"),
        (format!("{good}&page=0"), 404, "page_not_existing"),
        (format!("{good}&page=2"), 404, "page_not_existing"),
    ] {
        assert_eq!(bench.get(&token, &query).await.unwrap().code(), (status, code.to_owned()), "{query}");
    }
}

#[tokio::test]
async fn commas_and_dates_are_read_in_every_form() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let ask = async |from: &str| {
        bench.page(LOBBY, &window("gender,interested", from, "2026-02-11T09:00:00Z", "by_hour")).await
    };
    let plain = ask("2026-02-11T07:00:00Z").await;
    assert_eq!(plain["from_date"], "2026-02-11T07:00:00+00:00");
    let encoded =
        window("gender%2Cinterested", "2026-02-11T07%3A00%3A00.000Z", "2026-02-11T09:00:00Z", "by_hour");
    assert_eq!(bench.page(LOBBY, &encoded).await, plain);
    for offset in ["%2B0200", "%2B02:00"] {
        let answer = ask(&format!("2026-02-11T09:00:00.000000{offset}")).await;
        assert_eq!(answer["entities"], plain["entities"]);
        assert_eq!(answer["from_date"], "2026-02-11T09:00:00+02:00", "the offset is that of the question");
    }
}

#[tokio::test]
async fn a_listing_defaults_to_one_global_bucket_up_to_now() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let page = bench.page(LOBBY, "metrics=passing_by&from_date=2026-02-11T09:00:00%2B0100").await;
    assert_eq!(page["to_date"], "2026-02-11T11:30:00+01:00");
    assert_eq!(page["time"], "global");
    let counters = ["total_results", "nb_of_pages", "page"].map(|key| page[key].as_u64().unwrap());
    assert_eq!((counters, page["next_page"].as_str()), ([1, 1, 1], Some("")));
    assert_eq!(page["entities"].as_object().unwrap().keys().collect::<Vec<_>>(), ["global"]);
}

#[tokio::test]
async fn pages_follow_each_other_and_hold_every_bucket_once() {
    let bench = Bench::start(SimulatorOptions { page_size: 7, ..SimulatorOptions::default() }).await;
    let query = window("passing_by", "2026-02-09T22:00:00%2B00:00", "2026-02-10T14:00:00Z", "by_hour");
    let token = bench.token(LOBBY).await;
    let first = bench.get(&token, &query).await.unwrap();
    let page = first.json();
    let counters = ["total_results", "nb_of_pages", "page"].map(|key| page[key].as_u64().unwrap());
    assert_eq!(counters, [16, 3, 1]);
    let expected = format!(
        "{}/api/1/entities?metrics=passing_by&from_date=2026-02-09T22%3A00%3A00%2B00%3A00\
         &to_date=2026-02-10T14%3A00%3A00%2B00%3A00&time=by_hour&page=2",
        bench.simulator.base_url()
    );
    assert_eq!(page["next_page"], expected);
    let position = |label: &str| first.body.find(label).unwrap();
    assert!(
        position("2026-02-09T23:00:00+00:00\":") < position("2026-02-09T22:00:00+00:00\":"),
        "not sorted"
    );

    let labels: Vec<String> = bench.list(LOBBY, &query).await.into_keys().collect();
    let expected: Vec<String> = (0..16)
        .map(|hour| instant("2026-02-09T22:00:00Z") + TimeDelta::hours(hour))
        .map(|start| start.format("%Y-%m-%dT%H:00:00+00:00").to_string())
        .collect();
    assert_eq!(labels, expected);
    let last = bench.get(&token, &format!("{query}&page=3")).await.unwrap().json();
    assert_eq!((last["entities"].as_object().unwrap().len(), last["next_page"].as_str()), (2, Some("")));
}

#[tokio::test]
async fn days_and_wholes_are_the_sums_of_hours_and_cut_windows_add_up() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let (from, cut, to) = ("2026-02-02T05:45:00%2B0200", "2026-02-05T11:17:23Z", "2026-02-06T16:08:30.5Z");
    for client_id in [LOBBY, FAILING] {
        let list = async |from: &str, to: &str, time: &str| {
            bench.list(client_id, &window(ALL, from, to, time)).await
        };
        let hours = list(from, to, "by_hour").await;
        let whole = total(hours.values());
        let days = list(from, to, "by_day").await;
        assert_eq!(days.len(), 5);
        for (label, day) in &days {
            let hours_of_day = hours.iter().filter(|(hour, _)| hour[..10] == label[..10]);
            assert_same(&total([day]), &total(hours_of_day.map(|(_, hour)| hour)));
        }
        assert_same(&total(list(from, to, "global").await.values()), &whole);
        for time in ["by_hour", "by_day", "global"] {
            let (before, after) = (list(from, cut, time).await, list(cut, to, time).await);
            assert_same(&total(before.values().chain(after.values())), &whole);
        }
    }
}

#[tokio::test]
async fn hours_after_now_do_not_exist_and_the_current_one_is_cut() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    let query = window("passing_by", "2026-02-11T08:00:00Z", "2026-02-12T00:00:00Z", "by_hour");
    let now = bench.list(LOBBY, &query).await;
    assert_eq!(now.len(), 3);
    bench.set_time(instant("2026-02-11T11:00:00Z"));
    let later = bench.list(LOBBY, &query).await;
    let people = |buckets: &BTreeMap<String, Value>| {
        buckets.values().map(|bucket| number(bucket, "/passing_by/value")).collect::<Vec<_>>()
    };
    let (now, later) = (people(&now), people(&later));
    assert_eq!(now[..2], later[..2]);
    assert!(0.0 < now[2] && now[2] < later[2], "{now:?} {later:?}");
    let future = window("passing_by", "2026-02-12T08:00:00Z", "2026-02-12T09:00:00Z", "by_hour");
    let future = bench.page(LOBBY, &future).await;
    assert_eq!((future["total_results"].as_u64(), future["nb_of_pages"].as_u64()), (Some(0), Some(1)));
    assert_eq!(future["entities"], json!({}));
}

#[tokio::test]
async fn an_outage_is_three_absent_hours_and_six_zeros_each_week() {
    let bench = Bench::start(SimulatorOptions::default()).await;
    // From a Monday, local midnight, to another.
    let query = window("passing_by", "2026-01-11T23:00:00Z", "2026-02-08T23:00:00Z", "by_hour");
    let buckets = bench.list(FAILING, &query).await;
    assert_eq!(buckets.len(), 4 * (168 - 3));
    let (mut outages, mut start) = (0, instant("2026-01-11T23:00:00Z"));
    let bucket = |start: DateTime<Utc>| buckets.get(&start.format("%Y-%m-%dT%H:00:00+00:00").to_string());
    while start < instant("2026-02-08T23:00:00Z") {
        if bucket(start).is_none() {
            let hour = |offset: i64| bucket(start + TimeDelta::hours(offset));
            assert!((0..3).all(|offset| hour(offset).is_none()), "{start}");
            assert!(
                (3..9).all(|offset| number(hour(offset).unwrap(), "/passing_by/value") == 0.0),
                "{start}"
            );
            outages += 1;
            start += TimeDelta::hours(9);
        }
        start += TimeDelta::hours(1);
    }
    assert_eq!(outages, 4);
    assert_eq!(bench.list(LOBBY, &query).await.len(), 4 * 168);
}

#[tokio::test]
async fn equal_options_serve_equal_bytes_and_what_they_foretell() {
    let options = SimulatorOptions {
        source: Source::Believable(Believable::of_fleet(2, Tz::Asia__Tokyo)),
        seed: 42,
        ..SimulatorOptions::default()
    };
    let (one, two) = (Bench::start(options.clone()).await, Bench::start(options.clone()).await);
    let query = window(ALL, "2026-02-01T00:00:00Z", "2026-02-02T00:00:00Z", "by_hour");
    let bodies = [
        one.get(&one.token(LOBBY).await, &query).await.unwrap().body,
        two.get(&two.token(LOBBY).await, &query).await.unwrap().body,
    ];
    assert_eq!(bodies[0], bodies[1]);
    for (label, bucket) in one.list(LOBBY, &query).await {
        let foretold: Figures = options.hour(LOBBY, instant(&label)).unwrap();
        assert_eq!(bucket["passing_by"]["value"].as_u64(), Some(foretold.passing_by), "{label}");
        assert_eq!(bucket["stop_time"]["value"].as_f64(), foretold.stop_time(), "{label}");
        let hundredths = bucket.pointer("/satisfaction/value").map(|value| value.as_f64().unwrap() * 100.0);
        let foretold = foretold.satisfaction().map(|hundredths| hundredths as f64);
        assert_eq!(hundredths.map(f64::round), foretold, "{label}");
    }
}

#[tokio::test]
async fn the_counts_of_melbourne_arrive_row_for_row() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/melbourne-footfall.csv.gz");
    if !file.exists() {
        eprintln!("skipped: {} is not here", file.display());
        return;
    }
    let replay = Replay::from_file(&file).unwrap();
    let source = Source::Replay(replay.clone());
    let bench =
        Bench::start(SimulatorOptions { source, page_size: 5_000, ..SimulatorOptions::default() }).await;
    assert_eq!(bench.sign_in(LOBBY).await.unwrap().status, StatusCode::BAD_REQUEST);
    let (mut hours, mut days, mut whole) = ((0, 0.0), 0.0, 0.0);
    for stream in replay.streams() {
        let range = replay.range(stream).unwrap();
        let ask = async |time: &str| {
            let [from, to] =
                [range.start(), range.end()].map(|end| end.format("%Y-%m-%dT%H:00:00Z").to_string());
            let buckets = bench.list(stream, &window("passing_by", &from, &to, time)).await;
            let people: f64 = buckets.values().map(|bucket| number(bucket, "/passing_by/value")).sum();
            (buckets.len(), people)
        };
        let (count, people) = ask("by_hour").await;
        hours = (hours.0 + count, hours.1 + people);
        days += ask("by_day").await.1;
        whole += ask("global").await.1;
    }
    assert_eq!(hours, (66_037, 45_483_871.0));
    assert_eq!((days, whole), (45_483_871.0, 45_483_871.0));
}

/// Asks for one page as the contract wants it done: at most five tries, and a new token once.
async fn ask_patiently(bench: &Bench, token: &mut String, query: &str) -> Value {
    let mut renewed = false;
    for _ in 0..5 {
        if token.is_empty() {
            let Ok(answer) = bench.sign_in(LOBBY).await else { continue };
            if answer.status != StatusCode::OK {
                continue;
            }
            answer.json()["token"].as_str().unwrap().clone_into(token);
        }
        match bench.get(token, query).await {
            Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => {
                assert!(!std::mem::replace(&mut renewed, true), "a new token was refused");
                token.clear();
            }
            Ok(answer) if answer.status == StatusCode::OK && answer.body.starts_with('{') => {
                return answer.json();
            }
            _ => {}
        }
    }
    panic!("five tries were not enough")
}

#[tokio::test]
async fn whatever_goes_wrong_a_patient_client_ends_with_the_same_data() {
    let calm = Bench::start(SimulatorOptions { page_size: 3, ..SimulatorOptions::default() }).await;
    let query = window(ALL, "2026-02-05T00:00:00Z", "2026-02-09T00:00:00Z", "by_hour");
    let expected = calm.list(LOBBY, &query).await;
    let none = Faults { stall: Duration::ZERO, ..Faults::default() };
    for faults in [
        Faults { error_rate: 0.5, ..none.clone() },
        Faults { throttle_rate: 0.5, ..none.clone() },
        Faults { truncate_rate: 0.5, ..none.clone() },
        Faults { garbage_rate: 0.5, ..none.clone() },
        Faults { expire_rate: 0.5, ..none.clone() },
        Faults { slow_rate: 0.5, ..none.clone() },
        Faults { error_rate: 0.4, truncate_rate: 0.4, expire_rate: 0.4, garbage_rate: 0.4, ..none.clone() },
    ] {
        let bench = Bench::start(SimulatorOptions { page_size: 3, ..with_faults(faults.clone()) }).await;
        let (mut buckets, mut token) = (BTreeMap::new(), String::new());
        for page in 1..=32 {
            let page = ask_patiently(&bench, &mut token, &format!("{query}&page={page}")).await;
            buckets.extend(page["entities"].as_object().unwrap().clone());
        }
        assert_eq!(buckets, expected, "{faults:?}");
        assert!(bench.simulator.requests().faults > 5, "{faults:?}");
    }
}

#[tokio::test]
async fn every_fault_looks_like_the_real_thing() {
    let query = window(ALL, "2026-02-05T00:00:00Z", "2026-02-06T00:00:00Z", "by_hour");
    let meet = async |faults: Faults| {
        let bench = Bench::start(with_faults(Faults { most_in_a_row: u32::MAX, ..faults })).await;
        let calm = Bench::start(SimulatorOptions::default()).await;
        let token = calm.token(LOBBY).await;
        let url = format!("{}/api/1/entities?{query}", bench.simulator.base_url());
        let request = bench.client.get(url).header("authorization", format!("Bearer {token}"));
        request.send().await.unwrap()
    };
    let throttled = meet(Faults { throttle_rate: 1.0, ..Faults::default() }).await;
    assert_eq!(throttled.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(throttled.headers()["retry-after"], "1");
    let garbage = meet(Faults { garbage_rate: 1.0, ..Faults::default() }).await;
    assert_eq!(garbage.status(), StatusCode::OK);
    assert!(garbage.text().await.unwrap().starts_with("<html>"));
    let expired = meet(Faults { expire_rate: 1.0, ..Faults::default() }).await;
    assert_eq!(expired.status(), StatusCode::UNAUTHORIZED);
    assert!(expired.text().await.unwrap().contains("expired_jwt"));
    assert!(meet(Faults { error_rate: 1.0, ..Faults::default() }).await.status().is_server_error());
    let truncated = meet(Faults { truncate_rate: 1.0, ..Faults::default() }).await;
    assert_eq!(truncated.status(), StatusCode::OK);
    assert!(truncated.content_length().unwrap() > 1_000);
    assert!(truncated.text().await.is_err(), "the body ends in the middle");
}

#[tokio::test]
async fn late_people_arrive_within_three_hours() {
    let bench = Bench::start(with_faults(Faults { late_data: true, ..Faults::default() })).await;
    let query = window("passing_by", "2026-02-11T09:00:00Z", "2026-02-11T10:00:00Z", "by_hour");
    let mut people = Vec::new();
    for now in
        ["2026-02-11T10:00:00Z", "2026-02-11T11:30:00Z", "2026-02-11T13:00:00Z", "2026-02-12T13:00:00Z"]
    {
        bench.set_time(instant(now));
        let buckets = bench.list(LOBBY, &query).await;
        people.extend(buckets.values().map(|bucket| number(bucket, "/passing_by/value")));
    }
    assert!(people[0] < people[1] && people[1] < people[2], "{people:?}");
    let whole = SimulatorOptions::default().hour(LOBBY, instant("2026-02-11T09:00:00Z")).unwrap();
    assert_eq!((people[2], people[3]), (whole.passing_by as f64, whole.passing_by as f64));
}

#[tokio::test]
async fn it_stops_when_told_and_frees_its_address() {
    let mut bench = Bench::start(SimulatorOptions::default()).await;
    bench.token(LOBBY).await;
    let address = bench.simulator.address();
    let running = tokio::select! {
        biased;
        () = bench.simulator.finished() => false,
        () = std::future::ready(()) => true,
    };
    assert!(running);
    bench.simulator.stop().await;
    std::net::TcpListener::bind(address).unwrap();
}
