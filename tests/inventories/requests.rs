//! What is asked, and with which token.

use audience_exporter::failure::FailureKind;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::{
    bench::{
        Bench, CAMERAS, ME, SignIn, TOKEN, asks, authorizations, camera, grants, lists, owner, page, refuses,
        tells_owner, unauthenticated, vendor,
    },
    double::{Answer, Behaviour, Double, Gate},
};

#[tokio::test]
async fn angelcam_vector_06_a_refused_token_is_renewed_once_and_the_request_repeated() {
    let double = Double::script([
        tells_owner(),
        asks(CAMERAS, unauthenticated()),
        asks(TOKEN, grants("A2", "R2")),
        lists(&[camera(7, "Hall")]),
        tells_owner(),
        lists(&[camera(7, "Hall")]),
    ])
    .await;
    let bench = Bench::new(&double).await;
    bench.taken().await;
    bench.beside(&double, "csv").taken().await;
    assert_eq!(authorizations(&double), ["Bearer A1", "Bearer A1", "Bearer A2", "Bearer A2", "Bearer A2"]);
    let refreshes = double.requests().into_iter().filter(|request| request.method == "POST");
    let bodies: Vec<_> = refreshes.map(|request| String::from_utf8(request.body).unwrap()).collect();
    assert_eq!(bodies, ["grant_type=refresh_token&refresh_token=R1&client_id=CID"]);
}

#[tokio::test]
async fn a_second_401_needs_a_person_and_nothing_more_is_asked() {
    let double = Double::script([
        asks(ME, unauthenticated()),
        asks(TOKEN, grants("A2", "R2")),
        asks(ME, unauthenticated()),
    ])
    .await;
    let bench = Bench::new(&double).await;
    for _ in 0..2 {
        let failure = bench.failure().await;
        assert_eq!(failure.kind, FailureKind::Credentials);
        assert!(failure.message.contains("auth login angelcam"), "{}", failure.message);
    }
    assert_eq!(bench.record().unwrap().last_error.unwrap().kind, "credentials");
}

#[tokio::test]
async fn angelcam_vector_08_five_refusals_at_once_are_one_refresh_and_five_repeats() {
    let gate = Gate::closed();
    let held = gate.clone();
    let double = Double::handler(move |request| {
        let refusal = json!({ "title": "not_authenticated", "detail": "no", "status": 401 });
        match (&*request.line(), request.header("authorization")) {
            (ME, Some("Bearer A1")) => Some(Behaviour::Held(held.clone(), Answer::json(401, &refusal))),
            (ME, Some("Bearer A2")) => Some(owner(42)),
            (TOKEN, None) => Some(grants("A2", "R2")),
            _ => None,
        }
    })
    .await;
    let bench = Bench::new(&double).await;
    let opening = async {
        double.received(5).await;
        (0..5).for_each(|_| gate.open());
    };
    let (owners, ()) = tokio::join!(join_all((0..5).map(|_| bench.try_account())), opening);
    assert!(owners.iter().all(|owner| owner.id == 42));
    let used = authorizations(&double);
    let count = |token: &str| used.iter().filter(|used| *used == token).count();
    assert_eq!((count("Bearer A1"), double.count("POST"), count("Bearer A2")), (5, 1, 5));
}

#[tokio::test]
async fn angelcam_vector_11_two_pages_are_asked_at_the_configured_address_wherever_next_points() {
    let elsewhere = Double::silent().await;
    let ours = "https://api.angelcam.com/v1/cameras/?limit=100&offset=100".to_owned();
    let evil = format!("{}/v1/cameras/?limit=100&offset=100", elsewhere.base_url());
    for next in [ours, evil, "http://api.angelcam.com/v1/cameras/".to_owned(), "no address".to_owned()] {
        let first: Vec<Value> = (1..=100).map(|id| camera(id, "Gate")).collect();
        let double = Double::script([
            tells_owner(),
            asks(CAMERAS, page(101, Some(&next), &first)),
            asks(format!("{CAMERAS}&offset=100"), page(101, None, &[camera(101, "Door")])),
        ])
        .await;
        let bench = Bench::new(&double).await;
        assert_eq!(bench.taken().await.cameras, 101);
        assert_eq!(bench.ids(), (1..=101).collect::<Vec<_>>());
    }
    elsewhere.verify();
}

#[tokio::test]
async fn angelcam_vector_12_an_unknown_type_is_kept_and_a_bad_entry_skipped() {
    let hall = json!({
        "id": 7, "name": "Hall", "type": "h266", "status": "asleep", "snapshot": null, "live_snapshot": null,
        "streams": [], "applications": ["LSA", { "code": "CRA" }], "tags": ["shop"], "event_api_hash": "x",
    });
    let double = Double::script([tells_owner(), lists(&[hall, json!({ "name": "no id" })])]).await;
    let bench = Bench::new(&double).await;
    let report = bench.taken().await;
    assert_eq!((report.cameras, report.skipped, report.file_written), (1, 1, true));
    assert_eq!(bench.lines(), ["7,Hall,h266,asleep,shop"]);
}

#[tokio::test]
async fn angelcam_vector_13_every_address_ends_with_a_slash_and_a_404_is_final() {
    let double = Double::handler(vendor((1..=150).map(|id| camera(id, "Gate")).collect())).await;
    Bench::new(&double).await.taken().await;
    let targets: Vec<_> = double.requests().into_iter().map(|request| request.target).collect();
    assert_eq!(targets.len(), 3);
    for target in targets {
        assert!(target.split('?').next().unwrap().ends_with('/'), "{target}");
    }
    let double = Double::script([asks(ME, refuses(404, "not_found", "Not found."))]).await;
    let failure = Bench::new(&double).await.failure().await;
    assert_eq!(failure.kind, FailureKind::Refused);
    let expected =
        "account angelcam: refused with status 404: not_found: Not found; check its api_url and space_id";
    assert_eq!(failure.message, expected);
}

#[tokio::test]
async fn angelcam_vector_14_a_refusal_is_final_and_renews_no_token() {
    let login = "check its scope and space_id, and sign in again: audience-exporter auth login angelcam";
    let address = "check its api_url and space_id";
    for (refusal, words) in [
        (refuses(403, "permission_denied", "no"), format!("403: permission_denied: no; {login}")),
        (
            refuses(400, "invalid", json!([{ "limit": ["bad"] }])),
            format!("400: invalid: limit: bad; {address}"),
        ),
        (refuses(400, "invalid", "bad"), format!("400: invalid: bad; {address}")),
    ] {
        let double = Double::script([tells_owner(), asks(CAMERAS, refusal)]).await;
        let bench = Bench::new(&double).await;
        let failure = bench.failure().await;
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(failure.message, format!("account angelcam: refused with status {words}"));
        assert!(bench.waits().is_empty());
    }
}

#[tokio::test]
async fn angelcam_vector_15_a_personal_token_that_is_refused_ends_it() {
    let double = Double::script([tells_owner(), lists(&[]), asks(ME, unauthenticated())]).await;
    let bench = Bench::with(&double, SignIn::Personal, "csv", "").await;
    bench.taken().await;
    let failure = bench.failure().await;
    assert_eq!(failure.kind, FailureKind::Credentials);
    assert!(
        failure.message.contains("account angelcam: the personal access token is refused"),
        "{failure:?}"
    );
    assert_eq!(authorizations(&double), ["PersonalAccessToken P1"; 3]);
    assert_eq!(double.count("POST"), 0);
}

#[tokio::test]
async fn a_personal_token_without_permission_is_not_sent_to_a_sign_in() {
    let double = Double::script([asks(ME, refuses(403, "permission_denied", "no"))]).await;
    let failure = Bench::with(&double, SignIn::Personal, "csv", "").await.failure().await;
    assert!(failure.message.contains("check what its personal access token may do"), "{failure:?}");
}

#[tokio::test]
async fn a_space_is_named_where_it_is_configured_and_nowhere_else() {
    for (extra, expected) in [("", None), ("space_id = \"S-7\"", Some("S-7"))] {
        let double = Double::script([tells_owner(), lists(&[camera(7, "Hall")])]).await;
        let bench = Bench::with(&double, SignIn::Pair, "csv", extra).await;
        bench.taken().await;
        for request in double.requests() {
            assert_eq!(request.header("x-space-id"), expected, "{request:?}");
            assert_eq!(request.header("accept"), Some("application/json"));
        }
        let source = bench.record().unwrap().source;
        let space = expected.map(|space| format!("space {space}, ")).unwrap_or_default();
        assert_eq!(source, format!("account angelcam, {space}owner 42"));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 307, 308] {
        let elsewhere = Double::silent().await;
        let redirect = Answer::html(status).with("Location", elsewhere.base_url());
        let double = Double::script([asks(ME, redirect)]).await;
        assert_eq!(Bench::new(&double).await.failure().await.kind, FailureKind::Configuration);
    }
}
