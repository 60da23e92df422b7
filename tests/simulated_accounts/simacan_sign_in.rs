use std::time::Duration;

use audience_exporter::simulator::{AccountOptions, Endpoint, System};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::Value;

use super::bench::{Bench, tokens_of};

const PASSWORD: &str = "/simacan/api/v1/auth/password";
const REFRESH: &str = "/simacan/api/v1/auth/refresh";
const GOOD: &str = "username=simulated%40example.com&password=secret-partner";

#[tokio::test]
async fn a_password_brings_tokens_as_in_the_contract() {
    let bench = Bench::usual().await;
    let answer = bench.post(PASSWORD, GOOD).await;
    let json = answer.json();
    assert_eq!((json["token_type"].as_str(), json["expires_in"].as_i64()), (Some("bearer"), Some(3600)));
    assert_eq!(json.as_object().unwrap().len(), 4);
    for (field, kind, life) in [("access_token", "Bearer", 3600), ("refresh_token", "Refresh", 86_400)] {
        let token = answer.text(field);
        let parts: Vec<&str> = token.split('.').collect();
        let [head, claims]: [Value; 2] =
            [0, 1].map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[part]).unwrap()).unwrap());
        assert_eq!((parts.len(), head["alg"].as_str()), (3, Some("HS256")));
        assert_eq!((claims["typ"].as_str(), claims["azp"].as_str()), (Some(kind), Some("auth-api")));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), life);
    }
}

#[tokio::test]
async fn wrong_credentials_are_401_without_a_body() {
    let bench = Bench::usual().await;
    for fields in [
        GOOD.replace("secret-partner", "secret-angelcam"),
        GOOD.replace("simulated%40", "someone%40"),
        GOOD.replace("secret-partner", ""),
    ] {
        let answer = bench.post(PASSWORD, &fields).await;
        assert_eq!((answer.status, answer.body.as_str()), (401, ""), "{fields}");
    }
}

#[tokio::test]
async fn only_exact_forms_are_read() {
    let bench = Bench::usual().await;
    for extra in ["grant_type=password", "client_id=x", "scope=", "username=simulated%40example.com"] {
        assert_eq!(bench.post(PASSWORD, &format!("{GOOD}&{extra}")).await.status, 400, "{extra}");
    }
    for fields in ["", "username=simulated%40example.com", "username&password", "username=%4"] {
        assert_eq!(bench.post(PASSWORD, fields).await.status, 400, "{fields}");
    }
    let authorized = bench.form(PASSWORD, GOOD).header("authorization", "Basic eDp5");
    assert_eq!(Bench::send(authorized).await.status, 400);
    let (_, refresh) = bench.simacan_password().await;
    let fields = format!("refresh_token={refresh}");
    assert_eq!(bench.post(REFRESH, &format!("{fields}&grant_type=refresh_token")).await.status, 400);
    let bearing = bench.form(REFRESH, &fields).header("authorization", "Bearer x");
    assert_eq!(Bench::send(bearing).await.status, 400);
    assert_eq!(bench.simacan_refresh(&refresh).await.status, 200, "a refused form spends nothing");
}

#[tokio::test]
async fn other_content_types_methods_and_paths_are_refused() {
    let bench = Bench::usual().await;
    for path in [PASSWORD, REFRESH] {
        let json = bench.request(Method::POST, path).header("content-type", "application/json").body("{}");
        assert_eq!(Bench::send(json).await.status, 415);
        assert_eq!(Bench::send(bench.request(Method::POST, path).body(GOOD)).await.status, 415);
        assert_eq!(Bench::send(bench.request(Method::GET, path)).await.status, 405);
        assert_eq!(bench.post(&format!("{path}/"), GOOD).await.status, 404);
    }
    let nowhere = bench.accounts.requests().pop().unwrap();
    assert_eq!((nowhere.endpoint, nowhere.method.as_str()), (None, "POST"));
    assert_eq!(nowhere.path, format!("{REFRESH}/"), "requests that lead nowhere are noted too");
    let charset = bench.request(Method::POST, PASSWORD).body(GOOD);
    let charset = charset.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    assert_eq!(Bench::send(charset).await.status, 200);
}

#[tokio::test]
async fn refresh_tokens_rotate_and_earlier_access_tokens_live_on() {
    let bench = Bench::usual().await;
    let (first, refresh) = bench.simacan_password().await;
    let (second, next) = tokens_of(&bench.simacan_refresh(&refresh).await);
    assert!(first != second && refresh != next);
    assert_eq!((bench.deliver(&first).await, bench.deliver(&second).await), (200, 200));
    tokens_of(&bench.simacan_refresh(&next).await);
    assert_eq!(bench.accounts.count(Endpoint::SimacanRefresh), 2);
    assert!(!bench.accounts.chain_is_dead(System::Simacan));
}

#[tokio::test]
async fn a_reused_refresh_token_kills_everything_of_the_same_password_call() {
    let bench = Bench::usual().await;
    let (_, elsewhere) = bench.simacan_password().await;
    let (first, refresh) = bench.simacan_password().await;
    let (second, next) = tokens_of(&bench.simacan_refresh(&refresh).await);
    assert_eq!(bench.simacan_refresh(&refresh).await.status, 401);
    assert!(bench.accounts.chain_is_dead(System::Simacan));
    assert_eq!(bench.simacan_refresh(&next).await.status, 401);
    for token in [&first, &second] {
        assert_eq!(bench.deliver(token).await, 401);
    }
    tokens_of(&bench.simacan_refresh(&elsewhere).await);
    let (again, _) = bench.simacan_password().await;
    assert_eq!(bench.deliver(&again).await, 200);
    assert!(!bench.accounts.chain_is_dead(System::Simacan));
}

#[tokio::test]
async fn tokens_expire_by_the_clock() {
    let bench = Bench::with(AccountOptions {
        simacan_token_life: Duration::from_mins(10),
        ..AccountOptions::default()
    })
    .await;
    let answer = bench.post(PASSWORD, GOOD).await;
    assert_eq!(answer.json()["expires_in"], 600);
    let (access, refresh) = tokens_of(&answer);
    bench.pass_time(TimeDelta::seconds(599));
    assert_eq!(bench.deliver(&access).await, 200);
    bench.pass_time(TimeDelta::seconds(1));
    assert_eq!(bench.deliver(&access).await, 401);
    bench.pass_time(TimeDelta::days(1) - TimeDelta::seconds(601));
    let (_, next) = tokens_of(&bench.simacan_refresh(&refresh).await);
    bench.pass_time(TimeDelta::days(1));
    assert_eq!(bench.simacan_refresh(&next).await.status, 401);
}

#[tokio::test]
async fn unknown_and_misused_tokens_are_refused() {
    let bench = Bench::usual().await;
    let (access, refresh) = bench.simacan_password().await;
    let (stranger, _) = Bench::usual().await.angelcam_password().await;
    for token in ["x", access.as_str(), &format!("{refresh}x"), &stranger] {
        assert_eq!(bench.simacan_refresh(token).await.status, 401, "{token}");
    }
    for token in ["", "x", refresh.as_str(), &stranger] {
        assert_eq!(bench.deliver(token).await, 401, "{token}");
    }
    bench.accounts.expire_access_tokens(System::Simacan);
    assert_eq!(bench.deliver(&access).await, 401);
    let (renewed, _) = tokens_of(&bench.simacan_refresh(&refresh).await);
    assert_eq!(bench.deliver(&renewed).await, 200);
}
