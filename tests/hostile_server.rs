//! The real program against services that break every promise: it ends, says why, publishes nothing wrong, and the
//! same command puts everything right once the service is good.

mod double;
#[path = "hostile_server/site.rs"]
mod site;
#[path = "hostile_server/vendor.rs"]
mod vendor;

use std::fmt::Debug;

use double::{Answer, Behaviour, Double, Request};
use serde_json::{Value, json};
use site::Site;
use vendor::{files, good, page, page_number, stream_of, token};

const FROM: &str = "2024-03-04";
const TO: &str = "2024-03-06";
const FROM_START: &str = "2024-03-04T00:00:00Z";
const TO_START: &str = "2024-03-06T00:00:00Z";

/// The pages of a good listing of these two days.
const PAGES: usize = 3;

/// How a backfill must end.
#[derive(Debug, Clone, Copy)]
struct Ending {
    code: i32,
    /// In the ledger.
    reason: &'static str,
    /// On standard error.
    message: &'static str,
    /// Requests for data until it gives up.
    asked: usize,
    /// How long it waits for each answer: shortest where none comes, plenty where one does.
    timeout: &'static str,
}

const FAILED: Ending = Ending { code: 1, reason: "", message: "", asked: 1, timeout: "30s" };
const UNAVAILABLE: Ending =
    Ending { reason: "unavailable", message: "no usable answer after 2 attempts", asked: 2, ..FAILED };
const SILENT: Ending = Ending { message: "the answer did not arrive in time", timeout: "1s", ..UNAVAILABLE };
const RATE_LIMITED: Ending = Ending { reason: "rate_limited", message: "rate limited", ..FAILED };
const REFUSED: Ending = Ending { reason: "refused", message: "refused with status", ..FAILED };
const UNEXPECTED: Ending = Ending { reason: "protocol", message: "unexpected answer", ..FAILED };
const INCOMPLETE: Ending = Ending { reason: "incomplete", message: "incomplete", asked: 2, ..FAILED };
const MISCONFIGURED: Ending =
    Ending { code: 2, reason: "configuration", message: "check console_url and data_url", ..FAILED };
const NOT_SIGNED_IN: Ending =
    Ending { code: 3, reason: "credentials", message: "check the stream in the console", asked: 2, ..FAILED };

/// A backfill of two days meets `hostile`, which answers whatever it wants differently from [`good`].
async fn assert_harmless(
    case: impl Debug,
    ending: Ending,
    hostile: impl Fn(&Request) -> Option<Behaviour> + Send + 'static,
) {
    let double = Double::handler(move |request| hostile(request).or_else(|| good(request))).await;
    let site = Site::with_timeout(&double, &["lobby"], ending.timeout);
    let run = site.backfill(FROM, TO).await;
    assert_eq!(run.code, Some(ending.code), "{case:?}: {run:?}");
    assert!(run.line_about("lobby").contains(ending.message), "{case:?}: {run:?}");
    assert_eq!(double.count("GET"), ending.asked, "{case:?}: {run:?}");
    assert_eq!(site.files(), [].into(), "{case:?}");
    let status = site.status("lobby").await;
    let known =
        [&status["exported_until"], &status["rows"], &status["files"], &status["last_error"]["reason"]];
    assert_eq!(known, [&Value::Null, &json!(0), &json!(0), &json!(ending.reason)], "{case:?}");
    double.change_to(good);
    assert_healed(&site, &format!("{case:?}")).await;
}

/// The same command brings everything, once the service is good.
async fn assert_healed(site: &Site, case: &str) {
    let run = site.backfill(FROM, TO).await;
    assert_eq!(run.code, Some(0), "{case}: {run:?}");
    assert_eq!(site.files(), files("lobby", FROM_START, TO_START), "{case}");
    let status = site.status("lobby").await;
    let known = [&status["exported_until"], &status["rows"], &status["files"], &status["last_error"]];
    assert_eq!(known, [&json!(TO_START), &json!(48), &json!(2), &Value::Null], "{case}");
}

/// As [`assert_harmless`]; every page is `behaviour`.
async fn assert_harmless_pages(ending: Ending, behaviour: impl Into<Behaviour>) {
    let behaviour = behaviour.into();
    let case = format!("{behaviour:.200?}");
    assert_harmless(case, ending, move |request| (request.method == "GET").then(|| behaviour.clone())).await;
}

/// As [`assert_harmless`]; every page is what `edit` makes of a good one.
async fn assert_harmless_edit(ending: Ending, edit: impl Fn(usize, &mut Value) + Send + 'static) {
    assert_harmless(ending, ending, move |request| {
        let mut page = (request.method == "GET").then(|| page(request))?;
        edit(page_number(request), &mut page);
        Some(Behaviour::json(200, &page))
    })
    .await;
}

#[tokio::test]
async fn a_service_that_fails_is_left_for_the_next_run_whatever_it_asks_to_wait() {
    for (status, retry_after) in [(500, None), (502, Some("0")), (503, Some("Mon, 04 Mar 2024 00:00:00 GMT"))]
    {
        let failing = Answer::html(status);
        let failing = retry_after.map_or(failing.clone(), |wait| failing.with("Retry-After", wait));
        assert_harmless_pages(UNAVAILABLE, failing).await;
    }
    for retry_after in ["soon", "-1", "1"] {
        assert_harmless_pages(UNAVAILABLE, Answer::html(429).with("Retry-After", retry_after)).await;
    }
}

#[tokio::test]
async fn an_absurd_wait_is_not_waited_for() {
    for (status, retry_after) in
        [(429, "86400"), (503, "99999999999999999999"), (500, "Fri, 31 Dec 9999 23:59:59 GMT")]
    {
        assert_harmless_pages(RATE_LIMITED, Answer::html(status).with("Retry-After", retry_after)).await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_or_stays_silent_is_harmless() {
    let broken = Ending { message: "the connection broke before the answer was whole", ..UNAVAILABLE };
    assert_harmless_pages(broken, Behaviour::Close).await;
    assert_harmless_pages(broken, Behaviour::Reset).await;
    assert_harmless_pages(broken, Behaviour::Truncated(Answer::json(200, &json!({ "entities": {} })))).await;
    assert_harmless_pages(SILENT, Behaviour::Stall).await;
}

#[tokio::test]
async fn a_listing_that_breaks_off_in_its_middle_publishes_nothing() {
    for (ending, hostile) in [
        (UNAVAILABLE, Behaviour::Reset),
        (UNAVAILABLE, Behaviour::html(500)),
        (UNEXPECTED, Behaviour::json(200, &json!({}))),
        (INCOMPLETE, Behaviour::json(400, &json!({ "code": "page_not_existing", "message": "x" }))),
        (NOT_SIGNED_IN, Behaviour::json(401, &json!({ "code": "expired_jwt", "message": "x" }))),
    ] {
        let asked = if ending.reason == "incomplete" { 2 * PAGES } else { PAGES - 1 + ending.asked };
        assert_harmless(hostile.clone(), Ending { asked, ..ending }, move |request| {
            (request.method == "GET" && page_number(request) == PAGES).then(|| hostile.clone())
        })
        .await;
    }
}

#[tokio::test]
async fn what_is_not_json_is_asked_again_and_then_left() {
    let not_json = Ending { message: "the answer is not JSON, or was cut short", ..UNAVAILABLE };
    for body in ["<html>welcome</html>", "", "{\"entities\":{", "{\"entities\":{},}", "NaN"] {
        assert_harmless_pages(not_json, Answer::new(200, "text/html", body)).await;
    }
}

#[tokio::test]
async fn json_of_another_shape_is_refused() {
    let depth = 200_000;
    let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let label = "2024-03-04T00:00:00+00:00";
    for body in [
        "{}",
        "[]",
        "{\"entities\":[1,2],\"time\":\"by_hour\"}",
        "{\"entities\":{\"2024-03-04T00:00:00+00:00\":7}}",
        &deep,
        &format!("{{\"entities\":{{\"{label}\":{{\"passing_by\":{deep}}}}}}}"),
        &format!("{{\"entities\":{{\"{label}\":{{\"satisfaction\":{deep}}}}}}}"),
    ] {
        assert_harmless_pages(UNEXPECTED, Answer::new(200, "application/json", body)).await;
    }
}

#[tokio::test]
async fn pages_that_lie_are_refused() {
    let twice = Ending { asked: 2, ..UNEXPECTED };
    let looping = Ending { message: "asked for page 2, the answer is page 1", ..twice };
    assert_harmless_edit(looping, |_, page| page["page"] = json!(1)).await;
    let circling = Ending { message: "brings nothing new", ..twice };
    assert_harmless_edit(circling, |number, page| {
        page["nb_of_pages"] = json!(9_999);
        if number == 2 {
            page["entities"] = json!({});
        }
    })
    .await;
    let contradicting = Ending { message: "came twice with different figures", ..twice };
    assert_harmless_edit(contradicting, |number, page| {
        let label = "2024-03-04T00:00:00+00:00";
        page["entities"][label] = json!({ "passing_by": { "value": number } });
    })
    .await;
    assert_harmless_edit(UNEXPECTED, |_, page| page["time"] = json!("by_day")).await;
    assert_harmless_edit(UNEXPECTED, |_, page| page["to_date"] = json!("2024-03-05T00:00:00Z")).await;
}

#[tokio::test]
async fn totals_that_shrink_or_do_not_add_up_are_asked_twice_and_then_left() {
    assert_harmless_edit(Ending { asked: 4, ..INCOMPLETE }, |number, page| {
        page["total_results"] = json!(49 - number);
    })
    .await;
    assert_harmless_edit(Ending { asked: 2 * PAGES, ..INCOMPLETE }, |_, page| {
        page["entities"].as_object_mut().unwrap().remove("2024-03-04T07:00:00+00:00");
    })
    .await;
}

#[tokio::test]
async fn bodies_without_end_are_not_read() {
    let too_large = Ending { message: "the answer is larger than 16 MiB", ..UNEXPECTED };
    let mebibyte = Answer::new(200, "application/json", vec![b' '; 1 << 20]);
    assert_harmless_pages(too_large, Behaviour::Endless(mebibyte.clone(), Some(2 << 30))).await;
    assert_harmless_pages(too_large, Behaviour::Endless(mebibyte, None)).await;
    assert_harmless_pages(too_large, Answer::gzip_bomb(256 << 20)).await;
}

#[tokio::test]
async fn what_is_refused_for_good_is_asked_once() {
    let unknown = json!({ "code": "unexisting_metric", "message": "no such metric" });
    let told = Ending { message: "status 400: unexisting_metric: no such metric", ..REFUSED };
    assert_harmless_pages(told, Behaviour::json(400, &unknown)).await;
    let bug = json!({ "code": "authorization_header_missing", "message": "x" });
    assert_harmless_pages(REFUSED, Behaviour::json(401, &bug)).await;
}

#[tokio::test]
async fn tokens_that_are_refused_for_ever_end_the_run() {
    let expired = json!({ "code": "expired_jwt", "message": token("lobby") });
    assert_harmless_pages(NOT_SIGNED_IN, Behaviour::json(401, &expired)).await;
    assert_harmless_pages(NOT_SIGNED_IN, Behaviour::html(401)).await;
}

#[tokio::test]
async fn a_console_that_is_hostile_lets_nothing_be_asked() {
    let refused = json!({ "non_field_errors": ["Unable to log in"] });
    let endless = Behaviour::Endless(Answer::new(200, "application/json", vec![b' '; 1 << 20]), None);
    let elsewhere = Double::silent().await;
    let redirect = Answer::html(308).with("Location", elsewhere.base_url());
    let message = "check username, client_id and access_token";
    for (ending, behaviour) in [
        (Ending { message, ..NOT_SIGNED_IN }, Behaviour::json(400, &refused)),
        (UNAVAILABLE, Behaviour::html(500)),
        (SILENT, Behaviour::Stall),
        (UNAVAILABLE, Behaviour::html(200)),
        (UNEXPECTED, Behaviour::json(200, &json!({ "token": null }))),
        (UNEXPECTED, endless),
        (RATE_LIMITED, Answer::html(429).with("Retry-After", "86400").into()),
        (MISCONFIGURED, redirect.into()),
    ] {
        let case = format!("{behaviour:.200?}");
        assert_harmless(case, Ending { asked: 0, ..ending }, move |request| {
            (request.method == "POST").then(|| behaviour.clone())
        })
        .await;
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    for status in [301, 302, 307] {
        let elsewhere = Double::silent().await;
        let location = format!("{}/api/1/entities", elsewhere.base_url());
        assert_harmless_pages(MISCONFIGURED, Answer::html(status).with("Location", location)).await;
    }
}

#[tokio::test]
async fn a_next_page_elsewhere_is_not_asked_there() {
    let elsewhere = Double::silent().await;
    let next_page = format!("{}/api/1/entities?page=2", elsewhere.base_url());
    let double = Double::handler(move |request| match &*request.method {
        "GET" => {
            let mut page = page(request);
            page["next_page"] = json!(if page["next_page"] == "" { "" } else { &next_page });
            Some(Behaviour::json(200, &page))
        }
        _ => good(request),
    })
    .await;
    let site = Site::new(&double, &["lobby"]);
    let run = site.run("--log-level warn", &format!("backfill --from {FROM} --to {TO}")).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("points to another host"), "{run:?}");
    assert_healed(&site, "again").await;
    assert_eq!(double.count("GET"), PAGES);
}

#[tokio::test]
async fn one_hostile_stream_of_two_leaves_the_other_alone() {
    let double = Double::handler(|request| match stream_of(request) {
        Some("attic") => Some(Behaviour::html(500)),
        _ => good(request),
    })
    .await;
    let site = Site::new(&double, &["attic", "lobby"]);
    let run = site.backfill(FROM, TO).await;
    assert_eq!(run.code, Some(4), "{run:?}");
    assert!(run.line_about("attic").contains("status 500"), "{run:?}");
    assert!(!run.stderr.contains("lobby of hourly"), "{run:?}");
    assert_eq!(site.files(), files("lobby", FROM_START, TO_START));
    assert_eq!(site.status("attic").await["exported_until"], Value::Null);
    double.change_to(good);
    assert_eq!(site.backfill(FROM, TO).await.code, Some(0));
    let both = ["attic", "lobby"].into_iter().flat_map(|stream| files(stream, FROM_START, TO_START));
    assert_eq!(site.files(), both.collect());
}

#[tokio::test]
async fn one_hostile_window_of_two_leaves_the_other_alone() {
    let double = Double::handler(|request| {
        let is_first = request.target.contains("from_date=2024-01-01");
        if is_first { Some(Behaviour::json(200, &json!({}))) } else { good(request) }
    })
    .await;
    let site = Site::new(&double, &["lobby"]);
    let run = site.backfill("2024-01-01", "2024-02-21").await;
    assert_eq!(run.code, Some(4), "{run:?}");
    assert_eq!(site.files(), files("lobby", "2024-02-01T00:00:00Z", "2024-02-21T00:00:00Z"));
    assert_eq!(site.status("lobby").await["rows"], json!(20 * 24));
    double.change_to(good);
    assert_eq!(site.backfill("2024-01-01", "2024-02-21").await.code, Some(0));
    assert_eq!(site.files(), files("lobby", "2024-01-01T00:00:00Z", "2024-02-21T00:00:00Z"));
}

#[tokio::test]
async fn the_most_talkative_log_tells_no_secret() {
    let double = Double::handler(|request| {
        let echo = format!("{:?} {}", request.headers, String::from_utf8_lossy(&request.body));
        match &*request.method {
            "GET" => Some(Behaviour::json(500, &json!({ "code": "echo", "message": echo }))),
            _ => good(request),
        }
    })
    .await;
    let site = Site::new(&double, &["lobby"]);
    for options in ["--log-level trace", "--log-level trace --log-format json"] {
        let run = site.run(options, &format!("backfill --from {FROM} --to {TO}")).await;
        assert_eq!(run.code, Some(1), "{run:?}");
        assert!(run.stderr.contains("[redacted]"), "{run:?}");
    }
}
