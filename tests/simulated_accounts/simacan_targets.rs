use audience_exporter::simulator::AccountOptions;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::bench::{Answer, Bench};

const TRIPS: &str = "/simacan/trips/insertOrUpdate";
const OTM: &str = "/simacan/otm/api/v5/trips";
const KEY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const ROWS: &str = r#"[{"stream":"lobby","bucket_start":"2026-01-01T00:00:00Z","passing_by":7}]"#;

fn target(bench: &Bench, method: Method, path: &str, token: &str) -> RequestBuilder {
    bench.request(method, path).header("authorization", format!("Bearer {token}"))
}

async fn deliver(bench: &Bench, token: &str, key: &str, body: &str) -> Answer {
    let request = bench.delivery(token, "application/json", body).header("idempotency-key", key);
    Bench::send(request).await
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|digit| digit.is_ascii_hexdigit() || digit == '-')
}

fn receipt(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json().as_str().filter(|text| is_uuid(text)).unwrap().to_owned()
}

#[tokio::test]
async fn every_method_type_and_path_is_taken_and_kept_as_sent() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    let csv = "stream,bucket_start,passing_by\nlobby,2026-01-01T00:00:00Z,7\n";
    let line = ROWS.trim_matches(['[', ']']);
    let mut expected = Vec::new();
    for (method, path) in
        [(Method::POST, TRIPS), (Method::PUT, TRIPS), (Method::POST, OTM), (Method::PUT, OTM)]
    {
        for (content_type, body) in [
            ("text/csv", csv),
            ("application/json", ROWS),
            ("application/x-ndjson", line),
            ("text/xml", "<trips/>"),
        ] {
            let request = target(&bench, method.clone(), path, &token);
            let request = request.header("content-type", content_type).body(body.to_owned());
            let receipt = receipt(&Bench::send(request).await);
            let stream = (content_type != "text/xml").then(|| "lobby".to_owned());
            expected.push((method.to_string(), path, content_type, body, stream, receipt));
        }
    }
    let kept = bench.accounts.deliveries();
    let kept: Vec<_> = kept
        .iter()
        .map(|kept| {
            assert_eq!((kept.times, &kept.idempotency_key), (1, &None));
            assert_eq!(kept.first_bucket.is_some(), kept.stream.is_some());
            let body = std::str::from_utf8(&kept.body).unwrap();
            let (method, receipt) = (kept.method.clone(), kept.receipt.clone());
            (method, kept.path.as_str(), kept.content_type.as_str(), body, kept.stream.clone(), receipt)
        })
        .collect();
    assert_eq!(kept, expected);
}

#[tokio::test]
async fn a_repeat_with_the_same_key_and_body_has_the_same_answer_and_is_kept_once() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    let first = receipt(&deliver(&bench, &token, KEY, ROWS).await);
    assert_eq!(receipt(&deliver(&bench, &token, KEY, ROWS).await), first);
    let kept = bench.accounts.deliveries();
    assert_eq!((kept.len(), kept[0].times, &kept[0].receipt), (1, 2, &first));
    assert_eq!(kept[0].idempotency_key.as_deref(), Some(KEY));

    let other = deliver(&bench, &token, KEY, "[]").await;
    assert_eq!((other.status, other.json()["detail"].is_string()), (422, true));
    assert_eq!(bench.accounts.deliveries(), kept, "a refused delivery changes nothing");

    let other_key = KEY.replace('e', "f");
    assert_ne!(receipt(&deliver(&bench, &token, &other_key, "[]").await), first);
    let elsewhere = target(&bench, Method::PUT, OTM, &token).header("idempotency-key", KEY);
    let elsewhere = elsewhere.header("content-type", "application/json").body("[]");
    assert_ne!(receipt(&Bench::send(elsewhere).await), first, "a key is of one target");
    assert_eq!(bench.accounts.deliveries().len(), 3);
}

#[tokio::test]
async fn a_key_is_a_sha_256() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    for key in ["", "abc", &KEY[1..], &KEY.to_uppercase(), &KEY.replace('e', "g")] {
        assert_eq!(deliver(&bench, &token, key, ROWS).await.status, 400, "{key}");
    }
    assert_eq!(bench.accounts.deliveries(), []);
}

#[tokio::test]
async fn bodies_that_are_not_what_they_say_are_refused_with_a_reason() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    for (content_type, body) in [
        ("text/csv", "a,b\n1\n"),
        ("text/csv", "a,b\n1,\"Main St, 4\"\n"),
        ("text/csv", ROWS),
        ("application/json", "a,b\n1,2\n"),
        ("application/json", "[{}"),
        ("application/x-ndjson", "{}\n{"),
        ("text/xml", "trips"),
    ] {
        let answer = Bench::send(bench.delivery(&token, content_type, body)).await;
        assert_eq!(answer.status, 400, "{content_type}: {body}");
        assert!(!answer.text("detail").is_empty());
    }
    for content_type in ["application/xml", "application/octet-stream", "text/plain", "application/jsonl"] {
        let answer = Bench::send(bench.delivery(&token, content_type, ROWS)).await;
        assert_eq!(answer.status, 415, "{content_type}");
    }
    assert_eq!(bench.accounts.deliveries(), []);
}

#[tokio::test]
async fn the_largest_body_is_64_mib() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    let most = 64 * 1024 * 1024;
    let mut body = "a".repeat(most);
    assert_eq!(Bench::send(bench.delivery(&token, "text/csv", &body)).await.status, 200);
    body.push('a');
    assert_eq!(Bench::send(bench.delivery(&token, "text/csv", &body)).await.status, 413);
    assert_eq!(bench.accounts.deliveries().len(), 1);
}

#[tokio::test]
async fn without_a_good_token_a_target_says_nothing_but_401() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    for authorization in ["", "Bearer x", &format!("bearer {token}"), &format!("Bearer  {token}"), &token] {
        for path in [TRIPS, OTM, "/simacan/api/v4/attempts/x"] {
            let method = if path == TRIPS || path == OTM { Method::POST } else { Method::GET };
            let answer =
                Bench::send(bench.request(method, path).header("authorization", authorization)).await;
            assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{authorization} {path}");
        }
    }
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        assert_eq!(Bench::send(target(&bench, method, TRIPS, &token)).await.status, 405);
    }
}

async fn attempt(bench: &Bench, token: &str, receipt: &str) -> Value {
    let path = format!("/simacan/api/v4/attempts/{receipt}");
    let answer = Bench::send(bench.get(&path, &format!("Bearer {token}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

#[tokio::test]
async fn an_import_runs_when_first_asked_after_and_then_succeeds() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    let first = receipt(&deliver(&bench, &token, KEY, ROWS).await);
    let running = attempt(&bench, &token, &first).await;
    assert_eq!(running.pointer("/importAttempt/status"), Some(&json!("Running")));
    assert_eq!((&running["steps"], &running["items"]), (&json!([]), &json!([])));
    for _ in 0..2 {
        let over = attempt(&bench, &token, &first).await;
        assert_eq!(over.pointer("/importAttempt/status"), Some(&json!("Succeeded")));
        assert_eq!(over.pointer("/importAttempt/tags/mimeType"), Some(&json!("application/json")));
        assert_eq!(over.pointer("/steps/0/errors"), Some(&json!([])));
    }
    let unknown = format!("/simacan/api/v4/attempts/{KEY}");
    assert_eq!(Bench::send(bench.get(&unknown, &format!("Bearer {token}"))).await.status, 404);
}

#[tokio::test]
async fn an_import_can_be_made_to_fail() {
    let failing_import = Some("unknown shipper".to_owned());
    let bench = Bench::with(AccountOptions { failing_import, ..AccountOptions::default() }).await;
    let (token, _) = bench.simacan_password().await;
    let receipt = receipt(&deliver(&bench, &token, KEY, ROWS).await);
    let status = |attempt: &Value| attempt.pointer("/importAttempt/status").cloned();
    assert_eq!(status(&attempt(&bench, &token, &receipt).await), Some(json!("Running")));
    let failed = attempt(&bench, &token, &receipt).await;
    assert_eq!(status(&failed), Some(json!("Failed")));
    assert_eq!(failed.pointer("/steps/0/errors/0/message"), Some(&json!("unknown shipper")));
}
