//! What a change of the configuration does to tokens that are kept.

use audience_exporter::auth::AuthError;

use crate::{
    bench::{assert_form, step},
    double::Double,
    simacan::{PASSWORD, PASSWORD_BODY, REFRESH, bench, cold_start, pair, ready, refusal},
};

#[tokio::test]
async fn another_username_is_another_account() {
    let double = Double::script([cold_start(), step(PASSWORD, pair(2)), step(PASSWORD, pair(3))]).await;
    let mut bench = ready(&double).await;
    bench.restart_with("ops@example.com\"\npassword", "other@example.com\"\npassword");
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
    assert_form(&double.requests()[1], &PASSWORD_BODY.replace("ops", "other"));
    assert!(!bench.kept().contains("R1"), "{}", bench.kept());
    // And back: nothing of the first one is left.
    bench.restart_with("other@example.com", "ops@example.com");
    assert_eq!(bench.token().await.unwrap().text().expose(), "A3");
}

#[tokio::test]
async fn tokens_of_one_environment_are_not_sent_to_the_other() {
    let staging = Double::script([cold_start()]).await;
    let production = Double::script([step(PASSWORD, pair(2))]).await;
    let mut bench = ready(&staging).await;
    bench.restart_with(staging.base_url(), production.base_url());
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
    assert_form(&production.requests()[0], PASSWORD_BODY);
}

#[tokio::test]
async fn a_base_url_may_end_with_a_slash() {
    let double = Double::script([cold_start()]).await;
    let mut bench = bench(&double);
    bench.restart_with("/api/v1\"", "/api/v1/\"");
    bench.token().await.unwrap();
}

#[tokio::test]
async fn a_changed_password_keeps_the_tokens() {
    let double = Double::script([cold_start(), step(REFRESH, pair(2))]).await;
    let mut bench = ready(&double).await;
    bench.change_secret("partner", "another password");
    bench.restart();
    assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
    bench.pass(3600);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
}

#[tokio::test]
async fn a_corrected_password_is_tried_at_once() {
    let double = Double::handler(|request| {
        Some(match &*String::from_utf8_lossy(&request.body) {
            PASSWORD_BODY => refusal(401, "invalid_credentials"),
            _ => pair(1),
        })
    })
    .await;
    let bench = bench(&double);
    assert!(matches!(bench.failure().await, AuthError::Rejected { .. }));
    assert!(matches!(bench.failure().await, AuthError::Rejected { .. }));
    assert_eq!(double.requests().len(), 1);
    // One password in 65536 looks like the one before it, but not all of these.
    for correction in 0..4 {
        bench.change_secret("partner", &format!("corrected{correction}"));
        if bench.token().await.is_ok() {
            assert_form(
                &double.requests()[1],
                &format!("username=ops%40example.com&password=corrected{correction}"),
            );
            return;
        }
    }
    panic!("a corrected password was not tried");
}

#[tokio::test]
async fn tokens_are_sealed_as_soon_as_there_is_a_key() {
    let double = Double::script([cold_start(), step(REFRESH, pair(2)), step(REFRESH, pair(3))]).await;
    let mut bench = ready(&double).await;
    assert!(bench.kept().contains("\"R1\""));
    bench.change_secret("key", "0123456789abcdef0123456789abcdef");
    bench.restart_with("output_dir", "token_key = { file = \"secrets/key\" }\noutput_dir");
    assert_eq!(bench.token().await.unwrap().text().expose(), "A1");
    bench.pass(3600);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
    let sealed = bench.kept();
    assert!(sealed.contains("\"sealed\"") && !sealed.contains("ops@example.com"), "{sealed}");
    bench.restart();
    assert_eq!(bench.token().await.unwrap().text().expose(), "A2");
    // Without the key, nothing is asked and nothing is changed.
    let asked = double.requests().len();
    bench.restart_with("token_key = { file = \"secrets/key\" }\n", "");
    let error = bench.failure().await;
    assert!(error.to_string().contains("is encrypted; set token_key"), "{error}");
    assert_eq!((bench.kept(), double.requests().len()), (sealed, asked));
    bench.restart_with("output_dir", "token_key = { file = \"secrets/key\" }\noutput_dir");
    bench.pass(3600);
    assert_eq!(bench.token().await.unwrap().text().expose(), "A3");
}

#[tokio::test]
async fn a_password_that_cannot_be_read_sends_nothing_and_costs_no_pause() {
    let double = Double::script([cold_start()]).await;
    let bench = bench(&double);
    bench.change_secret("partner", "");
    for _ in 0..3 {
        let error = bench.failure().await;
        assert!(matches!(error, AuthError::Secret(_)), "{error}");
    }
    bench.change_secret("partner", crate::simacan::SECRET);
    bench.token().await.unwrap();
    assert_eq!(double.requests()[0].body, PASSWORD_BODY.as_bytes());
}
