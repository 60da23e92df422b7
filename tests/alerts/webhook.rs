//! Messages, and webhooks that are slow, deaf or gone.

use chrono::TimeDelta;

use crate::{
    bench::{Bench, SECRET, assert_discreet, log, texts},
    double::{Answer, Behaviour, Double, Gate},
};

const LINE: &str = "credentials refused (401); check username, client_id and access_token";

fn ok() -> Behaviour {
    Behaviour::text(200, "ok")
}

async fn listener() -> Double {
    Double::handler(|_| Some(ok())).await
}

#[tokio::test]
async fn trouble_is_told_once_when_it_begins_and_once_when_it_is_over() {
    let double = listener().await;
    let mut bench = Bench::new(&double);
    bench.look_for(TimeDelta::minutes(5)).await;
    bench.ends(0, Some("credentials"));
    bench.look_for(TimeDelta::hours(1)).await;
    let begun =
        format!("Trouble: stream entrance-001: not exported until somebody acts, since 13:05 CET\n{LINE}");
    assert_eq!(double.requests().len(), 1);
    bench.ends(0, None);
    bench.look_for(TimeDelta::hours(1)).await;
    let over = "Over: stream entrance-001: exported again after 1 hour".to_owned();
    assert_eq!(texts(&double.requests()), [begun, over]);
    assert!(bench.book().alerts.is_empty());
    assert_discreet();
}

#[tokio::test]
async fn an_outage_of_two_hundred_streams_is_two_messages_over_any_number_of_restarts() {
    let double = listener().await;
    let mut bench = Bench::of_streams(&double, 200);
    bench.all_end(Some("configuration"));
    for _ in 0..6 {
        bench.look_for(TimeDelta::minutes(10)).await;
        bench = bench.restarted();
    }
    bench.all_end(None);
    for _ in 0..12 {
        bench.look_for(TimeDelta::minutes(1)).await;
        bench = bench.restarted();
    }
    let texts = texts(&double.requests());
    assert_eq!(texts.len(), 2, "{texts:?}");
    let names = "job hourly: entrance-001, entrance-002, entrance-003 and 197 more";
    let begun = format!(
        "Trouble: 200 of 200 streams: not exported until somebody acts, since 13:00 CET\n{names}\n{LINE}"
    );
    assert_eq!(texts[0], begun);
    assert_eq!(texts[1], format!("Over: 200 of 200 streams: exported again after 1 hour\n{names}"));
    assert!(texts.iter().flat_map(|text| text.lines()).all(|line| line.len() <= 80));
}

#[tokio::test]
async fn what_is_over_before_the_webhook_takes_it_is_never_told() {
    let double = Double::handler(|_| Some(Behaviour::text(503, "busy"))).await;
    let mut bench = Bench::new(&double);
    bench.ends(0, Some("refused"));
    bench.look_for(TimeDelta::hours(1)).await;
    // Tried after 60 seconds, and then with pauses that double up to five minutes.
    let tried = double.requests().len();
    assert!((14..=18).contains(&tried), "{tried}");
    bench.ends(0, None);
    double.change_to(|_| Some(ok()));
    bench.look_for(TimeDelta::hours(1)).await;
    assert_eq!(double.requests().len(), tried);
    assert!(bench.book().alerts.is_empty());
}

#[tokio::test]
async fn a_message_counts_as_told_only_when_it_was_taken() {
    for refusal in [
        Behaviour::text(500, ""),
        Behaviour::text(404, "no_service"),
        Answer::new(302, "text/plain", "").with("Location", "/elsewhere").into(),
        Behaviour::Close,
        Behaviour::Reset,
        Behaviour::Stall,
    ] {
        let double = Double::handler(move |_| Some(refusal.clone())).await;
        let mut bench = Bench::new(&double);
        bench.ends(0, Some("refused"));
        bench.look_for(TimeDelta::seconds(90)).await;
        assert_eq!(double.requests().len(), 1, "one attempt, and no redirect is followed");
        assert!(bench.book().alerts.values().all(|record| record.told_at.is_none()));
        double.change_to(|_| Some(ok()));
        let mut bench = bench.restarted();
        bench.look_for(TimeDelta::minutes(2)).await;
        bench.ends(0, None);
        bench.look_for(TimeDelta::minutes(20)).await;
        let texts = texts(&double.requests());
        assert_eq!(texts.len(), 3, "{texts:?}");
        assert_eq!(texts[0], texts[1]);
        assert!(texts[2].starts_with("Over: "));
        assert_discreet();
    }
}

#[tokio::test]
async fn the_end_of_what_may_have_been_read_is_told() {
    let double = Double::handler(|_| Some(Behaviour::Close)).await;
    let mut bench = Bench::new(&double);
    bench.ends(0, Some("refused"));
    bench.look_for(TimeDelta::seconds(90)).await;
    bench.ends(0, None);
    double.change_to(|_| Some(ok()));
    let bench = bench.restarted();
    bench.look_for(TimeDelta::hours(1)).await;
    let texts = texts(&double.requests());
    assert_eq!(texts.iter().map(|text| text.starts_with("Over: ")).collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_webhook_that_is_slow_takes_its_message_once() {
    let gate = Gate::closed();
    let held = gate.clone();
    let double =
        Double::handler(move |_| Some(Behaviour::Held(held.clone(), Answer::new(200, "text/plain", "ok"))))
            .await;
    let mut bench = Bench::new(&double);
    bench.ends(0, Some("refused"));
    bench.check().await;
    bench.pass(TimeDelta::seconds(60));
    let opens = async {
        double.received(1).await;
        gate.open();
    };
    // A second look waits for the first one, and has nothing to tell.
    tokio::join!(bench.check(), bench.check(), opens);
    bench.look_for(TimeDelta::minutes(20)).await;
    assert_eq!(double.requests().len(), 1);
}

#[tokio::test]
async fn a_webhook_is_left_alone_for_as_long_as_it_asks() {
    let double = Double::handler(|_| {
        Some(Answer::new(429, "text/plain", "slow down").with("Retry-After", "600").into())
    })
    .await;
    let mut bench = Bench::new(&double);
    bench.ends(0, Some("refused"));
    bench.look_for(TimeDelta::minutes(11)).await;
    assert_eq!(double.requests().len(), 1);
    bench.look_for(TimeDelta::minutes(1)).await;
    assert_eq!(double.requests().len(), 2);
}

#[tokio::test]
async fn an_address_is_read_when_it_is_used_and_never_shown() {
    let double = listener().await;
    let mut bench = Bench::new(&double);
    let right = format!("{}/webhook/{SECRET}?key={SECRET}", double.base_url());
    bench.write_webhook(&format!("http://hooks.example.com/{SECRET}"));
    bench.ends(0, Some("refused"));
    bench.look_for(TimeDelta::minutes(5)).await;
    assert!(
        log().contains("holds no https:// URL, or http:// to this machine; put the secret alone into it")
    );
    assert_eq!(double.requests().len(), 0);
    bench.write_webhook(&right);
    bench.look_for(TimeDelta::minutes(5)).await;
    assert_eq!(texts(&double.requests()).len(), 1);
    assert_discreet();
}

#[tokio::test]
async fn a_full_ledger_keeps_nobody_from_being_told() {
    let double = listener().await;
    let mut bench = Bench::new(&double);
    bench.check().await;
    let path = bench.archive.ledger.path().to_owned();
    let other = rusqlite::Connection::open(path).unwrap();
    other.execute_batch("DROP TABLE alerts").unwrap();
    bench.ends(0, Some("refused"));
    bench.look_for(TimeDelta::hours(1)).await;
    bench.ends(0, None);
    bench.look_for(TimeDelta::hours(1)).await;
    assert_eq!(texts(&double.requests()).len(), 2);
}
