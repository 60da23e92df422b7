//! What goes wrong on purpose: at rates, and forced once.

use std::time::Duration;

use audience_exporter::simulator::{
    Endpoint, Faults, System, access_token, credentials::PERSONAL_ACCESS_TOKEN,
};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::bench::{Bench, tokens_of};

const CAMERAS: &str = "/angelcam/v1/cameras/";
const KEY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// One fault on every request that bears it, until it was met three times in a row.
fn always(change: fn(&mut Faults)) -> Faults {
    let mut faults = Faults { stall: Duration::ZERO, ..Faults::default() };
    change(&mut faults);
    faults
}

#[tokio::test]
async fn a_lost_delivery_arrived_and_its_repeat_is_not_stored_again() {
    let bench = Bench::usual().await;
    let (token, _) = bench.simacan_password().await;
    let request = || bench.delivery(&token, "application/json", "[{}]").header("idempotency-key", KEY);
    bench.accounts.lose_next(Endpoint::SimacanTrips);
    let lost = Bench::try_send(request()).await.unwrap_err();
    assert!(lost.is_request() && lost.status().is_none(), "{lost:?}");
    assert_eq!(bench.accounts.deliveries()[0].times, 1);
    let repeated = Bench::send(request()).await;
    let kept = bench.accounts.deliveries();
    assert_eq!((kept.len(), kept[0].times), (1, 2));
    assert_eq!(repeated.json(), json!(kept[0].receipt));
}

#[tokio::test]
async fn a_lost_refresh_has_spent_the_token() {
    let bench = Bench::usual().await;
    let (_, simacan) = bench.simacan_password().await;
    bench.accounts.lose_next(Endpoint::SimacanRefresh);
    let refresh = bench.form("/simacan/api/v1/auth/refresh", &format!("refresh_token={simacan}"));
    assert!(Bench::try_send(refresh).await.is_err());
    assert_eq!(bench.simacan_refresh(&simacan).await.status, 401);
    assert!(bench.accounts.chain_is_dead(System::Simacan));
    bench.simacan_password().await;

    let (_, angelcam) = bench.angelcam_password().await;
    bench.accounts.lose_next(Endpoint::AngelcamToken);
    let fields = format!("grant_type=refresh_token&client_id=simulated-client&refresh_token={angelcam}");
    assert!(Bench::try_send(bench.form("/angelcam/oauth/token/", &fields)).await.is_err());
    assert_eq!(bench.angelcam_refresh(&angelcam).await.error(), (400, "invalid_grant".to_owned()));
    assert!(bench.accounts.chain_is_dead(System::Angelcam));
}

#[tokio::test]
async fn a_forced_refusal_carries_nothing_out_and_ends_after_its_times() {
    let bench = Bench::usual().await;
    let (token, refresh) = bench.simacan_password().await;
    bench.accounts.fail_next(Endpoint::SimacanRefresh, StatusCode::SERVICE_UNAVAILABLE, 3);
    for _ in 0..3 {
        assert_eq!(bench.simacan_refresh(&refresh).await.status, 503);
    }
    tokens_of(&bench.simacan_refresh(&refresh).await);
    assert_eq!(bench.accounts.count(Endpoint::SimacanRefresh), 4);

    bench.accounts.fail_next(Endpoint::SimacanTrips, StatusCode::FORBIDDEN, 1);
    assert_eq!((bench.deliver(&token).await, bench.accounts.deliveries().len()), (403, 0));
    bench.accounts.fail_next(Endpoint::SimacanTrips, StatusCode::TOO_MANY_REQUESTS, 1);
    let throttled = Bench::send(bench.delivery(&token, "application/json", "[]")).await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (429, "1"));
    assert_eq!(bench.deliver(&token).await, 200);

    bench.accounts.fail_next(Endpoint::AngelcamCameras, StatusCode::BAD_GATEWAY, 1);
    let personal = format!("PersonalAccessToken {PERSONAL_ACCESS_TOKEN}");
    let cameras = async || Bench::send(bench.get(CAMERAS, &personal)).await;
    let failed = cameras().await;
    assert_eq!((failed.status, failed.text("title").as_str()), (502, "bad_gateway"));
    assert_eq!(cameras().await.status, 200);
}

#[tokio::test]
async fn failures_come_before_a_request_is_carried_out() {
    for (faults, statuses) in [
        (always(|faults| faults.error_rate = 1.0), &[500, 502, 503][..]),
        (always(|faults| faults.throttle_rate = 1.0), &[429]),
    ] {
        let bench = Bench::in_weather(faults).await;
        let password = "username=simulated%40example.com&password=secret-partner";
        for _ in 0..3 {
            let answer = bench.post("/simacan/api/v1/auth/password", password).await;
            assert!(statuses.contains(&answer.status), "{}", answer.status);
            assert_eq!(answer.status == 429, answer.headers.contains_key("retry-after"));
        }
        let (token, _) = bench.simacan_password().await;
        assert_eq!(bench.deliver(&token).await, 200, "a sign-in is no whole answer yet");
        assert!(statuses.contains(&bench.deliver(&token).await), "and now it is");
        assert_eq!(bench.accounts.deliveries().len(), 1);
        assert_eq!(bench.simulator.requests().faults, 4);
    }
}

#[tokio::test]
async fn throttling_at_angelcam_speaks_in_the_envelope_too() {
    let bench = Bench::in_weather(always(|faults| faults.throttle_rate = 1.0)).await;
    let personal = format!("PersonalAccessToken {PERSONAL_ACCESS_TOKEN}");
    let answer = Bench::send(bench.get(CAMERAS, &personal)).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"));
    assert_eq!(answer.text("detail"), "Request was throttled. Expected available in 1 second.");
}

#[tokio::test]
async fn cut_off_and_lost_answers_come_after_a_request_was_carried_out() {
    for faults in [always(|faults| faults.truncate_rate = 1.0), always(|faults| faults.lost_rate = 1.0)] {
        let bench = Bench::in_weather(faults.clone()).await;
        let (token, refresh) = bench.simacan_password().await;
        let request = || bench.delivery(&token, "application/json", "[{}]").header("idempotency-key", KEY);
        for _ in 0..3 {
            assert!(Bench::try_send(request()).await.is_err(), "{faults:?}");
        }
        assert_eq!(Bench::send(request()).await.status, 200);
        let kept = bench.accounts.deliveries();
        assert_eq!((kept.len(), kept[0].times), (1, 4));
        let fields = format!("refresh_token={refresh}");
        assert!(Bench::try_send(bench.form("/simacan/api/v1/auth/refresh", &fields)).await.is_err());
        assert_eq!(bench.simacan_refresh(&refresh).await.status, 401, "the token was spent");

        let (_, refresh) = bench.angelcam_password().await;
        tokens_of(&bench.angelcam_refresh(&refresh).await);
        assert!(!bench.accounts.chain_is_dead(System::Angelcam), "only a person could mend that");
    }
}

#[tokio::test]
async fn access_tokens_that_expire_early_are_renewed_by_a_refresh_and_personal_ones_never_do() {
    let bench = Bench::in_weather(always(|faults| faults.expire_rate = 1.0)).await;
    let (token, refresh) = bench.simacan_password().await;
    assert_eq!((bench.deliver(&token).await, bench.deliver(&token).await), (401, 401));
    let (token, _) = tokens_of(&bench.simacan_refresh(&refresh).await);
    assert_eq!(bench.deliver(&token).await, 200);

    let (token, refresh) = bench.angelcam_password().await;
    assert_eq!((bench.me(&token).await, bench.me(&token).await), (401, 401));
    let (token, _) = tokens_of(&bench.angelcam_refresh(&refresh).await);
    assert_eq!(bench.me(&token).await, 200);
    assert_eq!(bench.me(&token).await, 401);
    let personal = format!("PersonalAccessToken {PERSONAL_ACCESS_TOKEN}");
    for _ in 0..3 {
        assert_eq!(Bench::send(bench.get(CAMERAS, &personal)).await.status, 200);
    }
}

#[tokio::test]
async fn angus_loses_answers_too() {
    let bench = Bench::in_weather(always(|faults| faults.lost_rate = 1.0)).await;
    let client_id = "00000000-0000-4000-8000-000000000000";
    let body = json!({ "username": "u", "client_id": client_id, "access_token": access_token(client_id) });
    let sign_in = || {
        let request = bench.request(Method::POST, "/api-token-authstream/");
        request.header("content-type", "application/json").body(body.to_string())
    };
    for _ in 0..3 {
        assert!(Bench::try_send(sign_in()).await.is_err());
    }
    let token = Bench::send(sign_in()).await.text("token");
    let page = "/api/1/entities?metrics=passing_by&from_date=2026-02-11T08:00:00Z";
    let ask = || bench.get(page, &format!("Bearer {token}"));
    assert_eq!(Bench::send(ask()).await.status, 200);
    assert!(Bench::try_send(ask()).await.is_err(), "after a whole page it happens again");
    assert_eq!(bench.simulator.requests().faults, 4);
}
