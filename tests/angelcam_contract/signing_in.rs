//! A person signs in, in both ways, and out again (sections 2 to 5).

use audience_exporter::{
    auth::{AuthError, CallError, NoGrant},
    failure::FailureKind,
    wire::Transport,
};
use serde_json::json;

use crate::{
    angelcam::{
        CAMERAS, PASSWORD_BODY, REVOKE, TOKEN, WITH_SECRET, auth, begins, bench, bench_with, cameras,
        exchange, granted, pair, redirect_uri, refuses, secret, sign_in, signed_in,
    },
    bench::{Bench, assert_form, shown, step},
    double::{Behaviour, Double},
};

/// The body of vector 5.
const EXCHANGE_BODY: &str = "grant_type=authorization_code&client_id=CID&client_secret=SEC&code=C1&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb";

async fn adopt(bench: &Bench, outcome: audience_exporter::auth::Outcome) {
    let grant = granted(outcome).ok().unwrap();
    bench.session().tokens().unwrap().adopt(grant).await.unwrap();
}

#[tokio::test]
async fn angelcam_vector_01_a_sign_in_is_kept_and_the_login_is_not() {
    for lines in ["", WITH_SECRET] {
        let double = Double::script([begins()]).await;
        let mut bench = bench_with(&double, lines);
        adopt(&bench, sign_in(&bench).await).await;
        // The secret of the client has no part in this grant.
        assert_form(&double.requests()[0], PASSWORD_BODY);
        let kept = bench.kept();
        for absent in ["ops@example.com", "ops%40", "\"pw\"", "SEC"] {
            assert!(!kept.contains(absent), "{absent} in {kept}");
        }
        assert!(kept.contains("\"A1\"") && kept.contains("\"R1\""));
        bench.restart();
        assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
    }
}

#[tokio::test]
async fn angelcam_vector_02_refused_credentials_are_not_tried_again() {
    for status in [400, 401] {
        let double = Double::script([refuses(status)]).await;
        let bench = bench(&double);
        let error = granted(sign_in(&bench).await).err().unwrap();
        assert_eq!(error.to_string(), "credentials refused: invalid_grant");
        assert_eq!(error.kind(), FailureKind::Credentials);
    }
}

#[tokio::test]
async fn angelcam_vector_03_the_browser_is_sent_to_the_printed_address() {
    let double = Double::silent().await;
    let url = auth(&bench(&double)).authorize_url(&redirect_uri(), "S1");
    assert_eq!(
        url.as_str(),
        "https://my.angelcam.com/oauth/authorize/?response_type=code&client_id=CID&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=user_access%20camera_access&state=S1"
    );
    let elsewhere =
        bench_with(&double, "authorize_url = \"https://api.angelcam.com/o?tenant=7\"\nscope = \"read\"");
    let url = auth(&elsewhere).authorize_url(&redirect_uri(), "a b&c");
    assert_eq!(
        url.as_str(),
        "https://api.angelcam.com/o?tenant=7&response_type=code&client_id=CID&redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb&scope=read&state=a%20b%26c"
    );
}

#[tokio::test]
async fn angelcam_vector_05_a_code_becomes_a_pair() {
    let double = Double::script([begins()]).await;
    let mut bench = bench_with(&double, WITH_SECRET);
    adopt(&bench, exchange(&bench).await).await;
    assert_form(&double.requests()[0], EXCHANGE_BODY);
    bench.restart();
    assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
    assert!(!bench.kept().contains("SEC") && !bench.kept().contains("C1"));
}

#[tokio::test]
async fn angelcam_vector_05_without_a_client_secret_none_is_sent() {
    let double = Double::script([begins()]).await;
    exchange(&bench(&double)).await.ok().unwrap();
    assert_form(&double.requests()[0], &EXCHANGE_BODY.replace("&client_secret=SEC", ""));
}

#[tokio::test]
async fn angelcam_vector_05_the_exchange_can_be_multipart_and_a_refresh_is_not() {
    let double = Double::script([begins(), step(TOKEN, pair(2))]).await;
    let bench = bench_with(&double, &format!("{WITH_SECRET}\nexchange_encoding = \"multipart\""));
    // The code looks like the end of a part, and ends with a dot.
    let code = secret("--audience-exporter-0--\r\n.");
    adopt(&bench, auth(&bench).exchange(&code, &redirect_uri()).await).await;
    let exchange = &double.requests()[0];
    let media_type = exchange.header("content-type").unwrap();
    let boundary = media_type.strip_prefix("multipart/form-data; boundary=").unwrap();
    assert!(!code.expose().contains(boundary), "{boundary}");
    let part = |name: &str, value: &str| {
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let parts = [
        part("grant_type", "authorization_code"),
        part("client_id", "CID"),
        part("client_secret", "SEC"),
        part("code", code.expose()),
        part("redirect_uri", "https://app.example.com/cb"),
    ];
    let expected = format!("{}--{boundary}--\r\n", parts.concat());
    assert_eq!(String::from_utf8_lossy(&exchange.body), expected);
    bench.pass(36_000);
    bench.token().await.unwrap();
    let body = "grant_type=refresh_token&refresh_token=R1&client_id=CID&client_secret=SEC";
    assert_form(&double.requests()[1], body);
}

#[tokio::test]
async fn a_sign_in_whose_answer_is_lost_is_never_repeated() {
    for lost in [Behaviour::Close, Behaviour::Reset, Behaviour::html(503), Behaviour::html(429)] {
        let double = Double::script([step(TOKEN, lost.clone()), step(TOKEN, lost.clone())]).await;
        let bench = bench(&double);
        for outcome in [exchange(&bench).await, sign_in(&bench).await] {
            let Err(NoGrant::Trouble(trouble)) = outcome else { panic!("{lost:?}") };
            let is_lost = trouble.transport().is_some_and(Transport::may_have_arrived);
            assert_eq!(is_lost, matches!(lost, Behaviour::Close | Behaviour::Reset), "{trouble:?}");
        }
        assert_eq!(bench.waits(), []);
    }
}

#[tokio::test]
async fn a_client_secret_that_cannot_be_read_sends_nothing() {
    let double = Double::script([begins()]).await;
    let bench = signed_in(&double, "client_secret = { file = \"secrets/none\" }").await;
    let error = granted(exchange(&bench).await).err().unwrap();
    assert_eq!(error.kind(), FailureKind::Configuration);
    assert!(auth(&bench).revoke(&secret("R1")).await.is_err());
    bench.pass(36_000);
    for _ in 0..3 {
        let error = bench.failure().await;
        assert!(matches!(error, AuthError::Secret(_)), "{error}");
    }
    // It is no reason to leave the service alone once the secret is there.
    double.verify();
    double.change_to(|_| Some(pair(2)));
    bench.change_secret("none", "SEC");
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
}

#[tokio::test]
async fn nobody_has_signed_in_yet() {
    let double = Double::silent().await;
    let bench = bench(&double);
    for error in [bench.failure().await, bench.failure().await] {
        assert!(matches!(error, AuthError::NeedsAuthorization { .. }), "{error}");
        assert!(error.to_string().contains("audience-exporter auth login cameras"), "{error}");
    }
}

#[tokio::test]
async fn a_sign_out_revokes_the_refresh_token_and_forgets_whatever_the_answer() {
    for (lines, secret_field) in [("", ""), (WITH_SECRET, "&client_secret=SEC")] {
        for answer in
            [Behaviour::text(200, ""), Behaviour::text(204, ""), Behaviour::html(500), Behaviour::Close]
        {
            let double = Double::script([begins(), step(REVOKE, answer.clone())]).await;
            let bench = signed_in(&double, lines).await;
            let forgotten = bench.session().tokens().unwrap().forget().await.unwrap();
            let refresh = forgotten.refresh.unwrap();
            let revoked = auth(&bench).revoke(&refresh.token).await;
            let is_success = matches!(answer, Behaviour::Answer(_)) && !format!("{answer:?}").contains("500");
            assert_eq!(revoked.is_ok(), is_success, "{revoked:?}");
            assert_form(&double.requests()[1], &format!("token=R1&client_id=CID{secret_field}"));
            assert!(!bench.kept().contains("R1") && !bench.kept().contains("A1"), "{}", bench.kept());
            assert!(matches!(bench.failure().await, AuthError::NeedsAuthorization { .. }));
        }
    }
}

fn personal(double: &Double) -> Bench {
    let account = format!(
        "[[accounts]]\nname = \"cameras\"\nkind = \"angelcam\"\napi_url = \"{}/v1\"\n\
         personal_access_token = {{ file = \"secrets/pat\" }}\n",
        double.base_url()
    );
    Bench::new(&account, &[("pat", "PERSONAL-ONE\n")])
}

#[tokio::test]
async fn angelcam_vector_15_a_personal_token_is_shown_as_such_and_its_401_is_final() {
    let refusal = json!({ "status": 401, "title": "not_authenticated", "detail": "No PERSONAL-ONE here." });
    let double = Double::script([
        step(CAMERAS, Behaviour::text(200, "{}")),
        step(CAMERAS, Behaviour::json(401, &refusal)),
        step(CAMERAS, Behaviour::text(200, "{}")),
    ])
    .await;
    let bench = personal(&double);
    bench.get(&cameras(&double)).await.ok().unwrap();
    let error = bench.get(&cameras(&double)).await.err().unwrap();
    assert!(matches!(error, CallError::SignIn(AuthError::PersonalTokenRefused { .. })), "{error}");
    let said = format!("{error} {error:?}");
    assert!(said.contains("put it into file ") && said.contains("secrets/pat"), "{said}");
    assert!(!said.contains("PERSONAL"), "{said}");
    bench.change_secret("pat", "PERSONAL-TWO");
    bench.get(&cameras(&double)).await.ok().unwrap();
    let tokens =
        ["PERSONAL-ONE", "PERSONAL-ONE", "PERSONAL-TWO"].map(|token| format!("PersonalAccessToken {token}"));
    assert_eq!(shown(&double.requests()), tokens);
    assert!(bench.session().tokens().is_none());
    assert_eq!(bench.token().await.unwrap().expires_at(), None);
}
