use std::time::Duration;

use audience_exporter::simulator::{AccountOptions, Endpoint, System, credentials::REDIRECT_URI};
use chrono::TimeDelta;
use reqwest::{Method, Url};

use super::bench::{Answer, Bench, tokens_of};

const TOKEN: &str = "/angelcam/oauth/token/";
const REVOKE: &str = "/angelcam/oauth/token-revoke/";
const ENCODED_URI: &str = "http%3A%2F%2F127.0.0.1%3A8400%2Fcallback";
const PASSWORD: &str = "grant_type=password&client_id=simulated-client&username=simulated%40example.com\
    &password=secret-angelcam";

/// The question of vector 3 of the contract, with `more` behind it.
fn question(more: &str) -> String {
    format!(
        "/angelcam/oauth/authorize/?response_type=code&client_id=simulated-client\
         &redirect_uri={ENCODED_URI}&scope=user_access%20camera_access&state=S1{more}"
    )
}

async fn ask(bench: &Bench, question: &str) -> Answer {
    Bench::send(bench.request(Method::GET, question)).await
}

/// What the browser is led back with.
fn led_back(answer: &Answer) -> Vec<(String, String)> {
    assert_eq!(answer.status, 302, "{}", answer.body);
    let target = Url::parse(answer.header("location")).unwrap();
    assert_eq!(target.as_str().split('?').next(), Some(REDIRECT_URI));
    target.query_pairs().into_owned().collect()
}

async fn code(bench: &Bench) -> String {
    let answer = led_back(&ask(bench, &question("&decision=allow")).await);
    assert_eq!(answer[0], ("state".to_owned(), "S1".to_owned()));
    assert_eq!(answer[1].0, "code");
    answer[1].1.clone()
}

fn exchange(code: &str) -> String {
    format!(
        "grant_type=authorization_code&client_id=simulated-client&client_secret=simulated-secret\
         &code={code}&redirect_uri={ENCODED_URI}"
    )
}

fn refused(error: &str) -> (u16, String) {
    (400, error.to_owned())
}

#[tokio::test]
async fn the_page_asks_a_person_and_both_links_lead_back() {
    let bench = Bench::usual().await;
    let page = ask(&bench, &question("")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.body.contains("Simulated Angelcam: allow simulated-client to read your cameras?"));
    assert!(!page.body.contains("<script") && !page.body.contains("://"), "it needs nothing from elsewhere");
    let link = |decision: &str| {
        let end = page.body.find(&format!("&amp;decision={decision}\"")).unwrap();
        let start = page.body[..end].rfind("href=\"").unwrap() + "href=\"".len();
        let query = page.body[start..end].replace("&amp;", "&");
        format!("/angelcam/oauth/authorize/{query}&decision={decision}")
    };
    assert_eq!(led_back(&ask(&bench, &link("allow")).await)[1].0, "code");
    let declined = led_back(&ask(&bench, &link("deny")).await);
    let expected = [("state", "S1"), ("error", "access_denied")];
    assert_eq!(declined, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn a_foreign_redirect_uri_or_client_is_told_to_the_person_and_led_nowhere() {
    let strict = Bench::with(AccountOptions { any_redirect_uri: false, ..AccountOptions::default() }).await;
    let usual = Bench::usual().await;
    let with_uri = |uri: &str| question("&decision=allow").replace(ENCODED_URI, uri);
    for (uri, bench, allowed) in [
        ("https%3A%2F%2Fapp.example.com%2Fcb", &usual, false),
        ("http%3A%2F%2F127.0.0.1%3A9%2Fcb", &usual, true),
        ("http%3A%2F%2F127.0.0.1%3A9%2Fcb", &strict, false),
        (ENCODED_URI, &strict, true),
        ("", &usual, false),
    ] {
        let answer = ask(bench, &with_uri(uri)).await;
        if allowed {
            assert_eq!(answer.status, 302, "{uri}");
        } else {
            assert_eq!((answer.status, answer.body.as_str()), (400, "Mismatching redirect URI"), "{uri}");
        }
    }
    assert_eq!(ask(&usual, &question("").replace("simulated-client", "CID")).await.status, 400);
    assert_eq!(ask(&usual, &question("&decision=maybe")).await.status, 400);
}

#[tokio::test]
async fn a_bad_question_is_led_back_with_an_error() {
    let bench = Bench::usual().await;
    for (asked, error) in [
        (question("").replace("=code", "=token"), "unsupported_response_type"),
        (question("").replace("camera_access", "everything"), "invalid_scope"),
        (question("&code_challenge=x"), "invalid_request"),
    ] {
        let answer = led_back(&ask(&bench, &asked).await);
        assert_eq!(answer[1], ("error".to_owned(), error.to_owned()), "{asked}");
    }
}

#[tokio::test]
async fn a_code_is_exchanged_once_as_form_or_multipart() {
    let bench = Bench::usual().await;
    let first = code(&bench).await;
    assert!(first.ends_with('.'), "clients must not trim it");
    let answer = bench.post(TOKEN, &exchange(&first)).await;
    let json = answer.json();
    assert_eq!((json["token_type"].as_str(), json["expires_in"].as_i64()), (Some("Bearer"), Some(36_000)));
    assert_eq!(json["scope"], "user_access camera_access");
    assert_eq!(bench.me(&tokens_of(&answer).0).await, 200);
    assert_eq!(bench.post(TOKEN, &exchange(&first)).await.error(), refused("invalid_grant"));

    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "simulated-client"),
        ("client_secret", "simulated-secret"),
        ("code", &code(&bench).await),
        ("redirect_uri", REDIRECT_URI),
    ];
    let part = |(name, value): (&str, &str)| {
        format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let body = fields.map(part).concat() + "--edge--\r\n";
    let multipart = |body: &str| {
        let request = bench.request(Method::POST, TOKEN).body(body.to_owned());
        Bench::send(request.header("content-type", "multipart/form-data; boundary=edge"))
    };
    tokens_of(&multipart(&body).await);
    let password = body.replace("authorization_code", "password");
    assert_eq!(multipart(&password).await.error(), refused("invalid_request"), "for codes only");
}

#[tokio::test]
async fn a_code_lives_ten_minutes_and_is_bound_to_its_redirect_uri() {
    let bench = Bench::usual().await;
    let in_time = code(&bench).await;
    let too_late = code(&bench).await;
    let elsewhere = code(&bench).await;
    let moved = exchange(&elsewhere).replace("callback", "callback2");
    assert_eq!(bench.post(TOKEN, &moved).await.error(), refused("invalid_grant"));
    bench.pass_time(TimeDelta::seconds(599));
    tokens_of(&bench.post(TOKEN, &exchange(&in_time)).await);
    bench.pass_time(TimeDelta::seconds(1));
    assert_eq!(bench.post(TOKEN, &exchange(&too_late)).await.error(), refused("invalid_grant"));
    assert_eq!(bench.post(TOKEN, &exchange("made-up")).await.error(), refused("invalid_grant"));
}

#[tokio::test]
async fn the_password_grant_answers_a_scope_of_its_own() {
    let bench = Bench::with(AccountOptions {
        angelcam_token_life: Duration::from_mins(1),
        ..AccountOptions::default()
    })
    .await;
    let answer = bench.post(TOKEN, &format!("{PASSWORD}&scope=user_access")).await;
    assert_eq!(
        (answer.text("scope").as_str(), answer.json()["expires_in"].as_i64()),
        ("read write", Some(60))
    );
    let (access, _) = tokens_of(&answer);
    assert_eq!(bench.me(&access).await, 200);
    let cameras = Bench::send(bench.get("/angelcam/v1/cameras/", &format!("Bearer {access}"))).await;
    assert_eq!((cameras.status, cameras.text("title").as_str()), (403, "permission_denied"));
    bench.pass_time(TimeDelta::seconds(60));
    assert_eq!(bench.me(&access).await, 401);
    tokens_of(&bench.post(TOKEN, PASSWORD).await);
}

#[tokio::test]
async fn clients_and_their_secrets_are_checked() {
    let bench = Bench::usual().await;
    let secretless = |code: &str| exchange(code).replace("&client_secret=simulated-secret", "");
    for (fields, error) in [
        (format!("{PASSWORD}&client_secret=wrong"), "invalid_client"),
        (PASSWORD.replace("simulated-client", "CID"), "invalid_client"),
        (secretless(&code(&bench).await), "invalid_client"),
        (PASSWORD.replace("secret-angelcam", "secret-partner"), "invalid_grant"),
        (PASSWORD.replace("=password", "=implicit"), "unsupported_grant_type"),
        (PASSWORD.replace("&username=simulated%40example.com", ""), "invalid_request"),
        (format!("{PASSWORD}&code_verifier=x"), "invalid_request"),
        (String::new(), "invalid_request"),
    ] {
        assert_eq!(bench.post(TOKEN, &fields).await.error(), refused(error), "{fields}");
    }
    tokens_of(&bench.post(TOKEN, &format!("{PASSWORD}&client_secret=simulated-secret")).await);
    let json = bench.request(Method::POST, TOKEN).header("content-type", "application/json").body("{}");
    assert_eq!(Bench::send(json).await.error(), refused("invalid_request"));
}

#[tokio::test]
async fn a_refresh_makes_every_earlier_token_invalid() {
    let bench = Bench::usual().await;
    let (first, refresh) = bench.angelcam_password().await;
    let (second, next) = tokens_of(&bench.angelcam_refresh(&refresh).await);
    assert_eq!((bench.me(&first).await, bench.me(&second).await), (401, 200));
    tokens_of(&bench.angelcam_refresh(&next).await);
    assert_eq!(bench.accounts.count(Endpoint::AngelcamToken), 3);
}

#[tokio::test]
async fn a_reused_refresh_token_kills_its_chain() {
    let bench = Bench::usual().await;
    let (other, _) = bench.angelcam_password().await;
    let (_, refresh) = bench.angelcam_password().await;
    let (second, next) = tokens_of(&bench.angelcam_refresh(&refresh).await);
    assert_eq!(bench.angelcam_refresh(&refresh).await.error(), refused("invalid_grant"));
    assert!(bench.accounts.chain_is_dead(System::Angelcam));
    assert_eq!(bench.angelcam_refresh(&next).await.error(), refused("invalid_grant"));
    assert_eq!((bench.me(&second).await, bench.me(&other).await), (401, 200));
}

#[tokio::test]
async fn a_refresh_token_lives_thirty_days() {
    let bench = Bench::usual().await;
    let (_, refresh) = bench.angelcam_password().await;
    bench.pass_time(TimeDelta::days(30) - TimeDelta::seconds(1));
    let (_, next) = tokens_of(&bench.angelcam_refresh(&refresh).await);
    bench.pass_time(TimeDelta::days(30));
    assert_eq!(bench.angelcam_refresh(&next).await.error(), refused("invalid_grant"));
}

#[tokio::test]
async fn any_token_revokes_its_chain_and_an_unknown_one_is_as_good_as_revoked() {
    let bench = Bench::usual().await;
    let revoke =
        async |token: &str| bench.post(REVOKE, &format!("token={token}&client_id=simulated-client")).await;
    for part in 0..2 {
        let (access, refresh) = bench.angelcam_password().await;
        let answer = revoke([&access, &refresh][part]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""));
        assert_eq!(bench.me(&access).await, 401);
        assert_eq!(bench.angelcam_refresh(&refresh).await.error(), refused("invalid_grant"));
        assert!(bench.accounts.chain_is_dead(System::Angelcam));
    }
    let (access, _) = bench.angelcam_password().await;
    assert_eq!(revoke("unknown").await.status, 200);
    let foreign = bench.post(REVOKE, &format!("token={access}&client_id=CID")).await;
    assert_eq!(foreign.error(), refused("invalid_client"));
    assert_eq!(bench.me(&access).await, 200);
}
