use std::collections::BTreeSet;

use audience_exporter::simulator::{AccountOptions, System, credentials::PERSONAL_ACCESS_TOKEN, planted};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use super::bench::{Answer, Bench, tokens_of};

const ME: &str = "/angelcam/v1/me/";
const CAMERAS: &str = "/angelcam/v1/cameras/";

fn personal() -> String {
    format!("PersonalAccessToken {PERSONAL_ACCESS_TOKEN}")
}

async fn ask(bench: &Bench, path: &str) -> Answer {
    Bench::send(bench.get(path, &personal())).await
}

/// Status, and the envelope's own.
fn envelope(answer: &Answer) -> (u16, String, u64) {
    let json = answer.json();
    assert!(json["detail"].is_string() || json["detail"].is_array(), "{json}");
    (answer.status, answer.text("title"), json["status"].as_u64().unwrap())
}

/// Every page, following `next`, and every entry.
async fn list(bench: &Bench, first: &str) -> (Vec<Value>, Vec<Value>) {
    let (mut pages, mut path) = (Vec::new(), first.to_owned());
    loop {
        let page = ask(bench, &path).await.json();
        let next = page["next"].as_str().map(str::to_owned);
        pages.push(page);
        match next {
            Some(next) => next.strip_prefix(&bench.simulator.base_url()).unwrap().clone_into(&mut path),
            None => break,
        }
    }
    let entries = pages.iter().flat_map(|page| page["results"].as_array().unwrap().clone()).collect();
    (pages, entries)
}

fn ids(entries: &[Value]) -> Vec<u64> {
    entries.iter().filter_map(|entry| entry["id"].as_u64()).collect()
}

#[tokio::test]
async fn two_hundred_and_fifty_cameras_come_on_three_pages() {
    let bench = Bench::usual().await;
    let (pages, entries) = list(&bench, &format!("{CAMERAS}?limit=100")).await;
    let sizes: Vec<usize> = pages.iter().map(|page| page["results"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [100, 100, 50]);
    assert!(pages.iter().all(|page| page["count"] == 250 && page.as_object().unwrap().len() == 4));
    let base = format!("{}{CAMERAS}?limit=100", bench.simulator.base_url());
    let links: Vec<_> = pages.iter().map(|page| (page["previous"].clone(), page["next"].clone())).collect();
    assert_eq!(links[0], (Value::Null, json!(format!("{base}&offset=100"))));
    assert_eq!(links[1], (json!(base), json!(format!("{base}&offset=200"))));
    assert_eq!(links[2], (json!(format!("{base}&offset=100")), Value::Null));
    let listed = ids(&entries);
    assert!(!listed.is_sorted(), "the order is not that of ids");
    assert_eq!(BTreeSet::from_iter(listed), BTreeSet::from_iter(bench.accounts.cameras()));
    assert_eq!(bench.accounts.cameras().len(), 250);
    let again = Bench::usual().await;
    assert_eq!(list(&again, CAMERAS).await.1, entries, "the same seed has the same cameras");
}

#[tokio::test]
async fn limits_and_offsets_below_one_are_refused_and_large_limits_are_capped() {
    let bench = Bench::usual().await;
    for query in ["limit=100&offset=0", "limit=0", "limit=-1", "offset=x", "limit="] {
        let answer = ask(&bench, &format!("{CAMERAS}?{query}")).await;
        assert_eq!(envelope(&answer), (400, "invalid".to_owned(), 400), "{query}");
        assert!(answer.json()["detail"][0].is_object(), "{query}");
    }
    assert_eq!(ask(&bench, &format!("{CAMERAS}?page=2")).await.status, 400);
    let results = async |query: &str| {
        let page = ask(&bench, &format!("{CAMERAS}?{query}")).await.json();
        page["results"].as_array().unwrap().len()
    };
    assert_eq!(results("limit=1000").await, 100);
    assert_eq!(results("").await, 100);
    assert_eq!(results("limit=7&offset=249").await, 1);
    assert_eq!(results("limit=7&offset=1250").await, 0);
}

#[tokio::test]
async fn nothing_is_found_without_the_slash_at_the_end() {
    let bench = Bench::usual().await;
    for path in ["/angelcam/v1/me", "/angelcam/v1/cameras", "/angelcam/v1/cameras?limit=100", "/angelcam/x/"]
    {
        assert_eq!(envelope(&ask(&bench, path).await), (404, "not_found".to_owned(), 404), "{path}");
    }
    for path in ["/angelcam/oauth/token", "/angelcam/oauth/token-revoke"] {
        assert_eq!(envelope(&bench.post(path, "").await), (404, "not_found".to_owned(), 404), "{path}");
    }
    let wrong = Bench::send(bench.request(Method::POST, ME)).await;
    assert_eq!(envelope(&wrong), (405, "method_not_allowed".to_owned(), 405));
    let asked = bench.accounts.requests();
    assert_eq!(asked[2].path, "/angelcam/v1/cameras");
    assert_eq!((asked[2].endpoint, asked[2].query.as_deref()), (None, Some("limit=100")));
}

#[tokio::test]
async fn without_a_good_token_the_api_refuses_in_its_envelope() {
    let bench = Bench::usual().await;
    let (access, refresh) = bench.angelcam_password().await;
    let bearer = |token: &str| format!("Bearer {token}");
    for path in [ME, CAMERAS] {
        let without = Bench::send(bench.request(Method::GET, path)).await;
        assert_eq!(envelope(&without), (401, "not_authenticated".to_owned(), 401));
        assert_eq!(without.header("www-authenticate"), "Bearer realm=\"api\"");
        for authorization in [
            bearer("x"),
            bearer(&refresh),
            bearer(PERSONAL_ACCESS_TOKEN),
            format!("PersonalAccessToken {access}"),
            format!("Token {access}"),
            access.clone(),
        ] {
            let answer = Bench::send(bench.get(path, &authorization)).await;
            assert_eq!(envelope(&answer), (401, "not_authenticated".to_owned(), 401), "{authorization}");
        }
        for good in [bearer(&access), personal()] {
            assert_eq!(Bench::send(bench.get(path, &good)).await.status, 200);
        }
    }
    bench.accounts.expire_access_tokens(System::Angelcam);
    assert_eq!(bench.me(&access).await, 401);
    assert_eq!(ask(&bench, ME).await.status, 200, "a personal token does not expire");
    let (renewed, _) = tokens_of(&bench.angelcam_refresh(&refresh).await);
    assert_eq!(bench.me(&renewed).await, 200);
}

#[tokio::test]
async fn answers_hold_what_clients_must_drop_and_it_can_be_searched_for() {
    let bench = Bench::usual().await;
    let me = ask(&bench, ME).await;
    for text in [planted::EMAIL, planted::PHONE, planted::FIRST_NAME, planted::LAST_NAME] {
        assert!(me.body.contains(text) && text.starts_with(planted::MARK), "{text}");
    }
    assert_eq!((me.json()["total_cameras_count"].as_u64(), me.json()["id"].is_u64()), (Some(250), true));
    let (pages, entries) = list(&bench, CAMERAS).await;
    let text = json!(pages).to_string();
    for id in bench.accounts.cameras() {
        for secret in [planted::stream_url(id), planted::event_hash(id)] {
            assert!(text.contains(&secret) && secret.starts_with(planted::MARK), "{secret}");
        }
    }
    for field in ["snapshot", "live_snapshot"] {
        assert!(entries.iter().any(|entry| entry[field].is_null()), "{field}");
        assert!(
            entries.iter().any(|entry| entry[field].to_string().contains("planted-secret-snapshot-url-"))
        );
    }
    let applications: Vec<&Value> =
        entries.iter().flat_map(|entry| entry["applications"].as_array().unwrap()).collect();
    assert!(
        applications.iter().any(|code| code.is_string()) && applications.iter().any(|code| code.is_object())
    );
}

#[tokio::test]
async fn cameras_come_and_go_and_one_entry_may_lack_its_id() {
    let options = AccountOptions { cameras: 3, camera_without_id: true, ..AccountOptions::default() };
    let bench = Bench::with(options).await;
    let (pages, entries) = list(&bench, CAMERAS).await;
    assert_eq!((pages[0]["count"].as_u64(), entries.len(), ids(&entries).len()), (Some(4), 4, 3));
    let gone = bench.accounts.cameras()[1];
    bench.accounts.remove_camera(gone);
    assert!(!ids(&list(&bench, CAMERAS).await.1).contains(&gone));
    bench.accounts.set_cameras(vec![9, 7]);
    let (_, entries) = list(&bench, CAMERAS).await;
    assert_eq!(BTreeSet::from_iter(ids(&entries)), BTreeSet::from([7, 9]));
    assert_eq!((bench.accounts.cameras(), entries.len()), (vec![7, 9], 3));
}

#[tokio::test]
async fn too_many_requests_in_a_minute_wait_as_long_as_they_are_told() {
    let options = AccountOptions { throttle_per_minute: 2, ..AccountOptions::default() };
    let bench = Bench::with(options).await;
    let (access, _) = bench.angelcam_password().await;
    assert_eq!(bench.me("unknown").await, 401, "nobody's request is on nobody's account");
    assert_eq!(bench.me(&access).await, 200);
    bench.pass_time(TimeDelta::seconds(30));
    assert_eq!(ask(&bench, CAMERAS).await.status, 200, "all tokens of an account count together");
    bench.pass_time(TimeDelta::seconds(23));
    let throttled = ask(&bench, ME).await;
    assert_eq!(
        throttled.json(),
        json!({
            "title": "throttled",
            "status": 429,
            "detail": "Request was throttled. Expected available in 7 seconds.",
        })
    );
    bench.pass_time(TimeDelta::seconds(6));
    assert!(ask(&bench, ME).await.text("detail").ends_with("in 1 second."));
    bench.pass_time(TimeDelta::seconds(1));
    assert_eq!(ask(&bench, ME).await.status, 200);
    assert_eq!(ask(&bench, ME).await.status, 429);
}
