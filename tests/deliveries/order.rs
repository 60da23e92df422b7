//! What is sent when: each series in order, each version once, one upload at a time.

use std::fs;

use audience_exporter::{
    delivery::Urgency,
    locks::{Lock, Patience},
};
use chrono::TimeDelta;

use crate::{
    bench::{
        Arrived, Bench, POST, Setup, TARGET, assert_went_well, counts, empty, keys, pair, signs_in, uploads,
    },
    double::{Answer, Behaviour, Double, Gate},
};

#[tokio::test]
async fn files_are_sent_in_the_order_in_which_they_were_published() {
    let double = Double::script([signs_in()].into_iter().chain((0..4).map(|_| (POST, empty(200))))).await;
    let bench = Bench::new(&double);
    let files = [("mall", 2), ("lobby", 1), ("mall", 1), ("lobby", 2)];
    let files = files.map(|(stream, day)| bench.publish(stream, day, 10).key);
    assert_went_well(&bench.deliver().await, [4, 0, 0, 0]);
    assert_eq!(keys(&double), files);
}

#[tokio::test]
async fn a_restated_file_is_sent_again_and_its_old_version_no_more() {
    let double =
        Double::script([signs_in(), (POST, empty(200)), (POST, empty(200)), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    let first = bench.publish("lobby", 1, 10);
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    // Restated twice before the next run: only the last version is sent, behind what was queued before it.
    bench.publish("lobby", 1, 20);
    let other = bench.publish("lobby", 2, 10);
    let last = bench.publish("lobby", 1, 30);
    assert_went_well(&bench.deliver().await, [2, 0, 0, 0]);
    assert_eq!(keys(&double), [first.key, other.key, last.key]);
    // Published anew with the same bytes, it is no new version.
    bench.publish("lobby", 1, 30);
    assert_went_well(&bench.deliver().await, [0, 0, 0, 0]);
}

#[tokio::test]
async fn a_file_that_is_not_there_holds_up_its_own_series_only() {
    let double =
        Double::script([signs_in(), (POST, empty(200)), (POST, empty(200)), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    let gone = bench.publish("lobby", 1, 10);
    let later = bench.publish("lobby", 2, 10);
    let other = bench.publish("mall", 1, 10);
    fs::remove_file(&gone.path).unwrap();
    assert_went_well(&bench.deliver().await, [1, 0, 2, 0]);
    // Another version than the one that is queued is about to be, or was made by somebody else.
    fs::write(&gone.path, &later.bytes).unwrap();
    assert_went_well(&bench.deliver().await, [0, 0, 2, 0]);
    fs::write(&gone.path, &gone.bytes).unwrap();
    assert_went_well(&bench.deliver().await, [2, 0, 0, 0]);
    assert_eq!(keys(&double), [other.key, gone.key, later.key]);
}

#[tokio::test]
async fn a_version_that_is_published_while_another_file_is_sent_is_sent_by_the_same_run() {
    let gate = Gate::closed();
    let held = Behaviour::Held(gate.clone(), Answer::new(200, "text/plain", ""));
    let double = Double::script([signs_in(), (POST, held), (POST, empty(200)), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    let first = bench.publish("lobby", 1, 10);
    let old = bench.publish("lobby", 2, 10);
    let last = bench.publish("lobby", 3, 10);
    let (report, new) = tokio::join!(bench.deliver(), async {
        double.received(2).await;
        let new = bench.publish("lobby", 2, 20);
        gate.open();
        new
    });
    assert_went_well(&report, [3, 0, 0, 0]);
    assert_eq!(keys(&double), [&*first.key, &*last.key, &*new.key]);
    assert!(!keys(&double).contains(&old.key));
}

#[tokio::test]
async fn a_file_that_is_published_anew_while_it_is_sent_stays_to_be_sent() {
    let gate = Gate::closed();
    let held = Behaviour::Held(gate.clone(), Answer::new(200, "text/plain", ""));
    let double = Double::script([signs_in(), (POST, held), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    let old = bench.publish("lobby", 1, 10);
    let (report, new) = tokio::join!(bench.deliver(), async {
        double.received(2).await;
        let new = bench.publish("lobby", 1, 20);
        gate.open();
        new
    });
    assert_went_well(&report, [2, 0, 0, 0]);
    assert_eq!(keys(&double), [old.key, new.key]);
    assert_eq!(bench.status().delivered, 1);
}

#[tokio::test]
async fn a_restart_in_the_middle_sends_the_rest() {
    let gate = Gate::closed();
    let held = Behaviour::Held(gate.clone(), Answer::new(500, "text/plain", ""));
    let double = Double::script([
        signs_in(),
        (POST, empty(200)),
        (POST, held),
        (POST, empty(200)),
        (POST, empty(200)),
    ])
    .await;
    let bench = Bench::new(&double);
    let files = [1, 2, 3].map(|day| bench.publish("lobby", day, 10).key);
    let (report, ()) = tokio::join!(bench.deliver(), async {
        double.received(3).await;
        bench.shutdown.request();
        gate.open();
    });
    assert_eq!(counts(&report), [1, 0, 2, 0]);
    let bench = bench.restarted();
    assert_went_well(&bench.deliver().await, [2, 0, 0, 0]);
    assert_eq!(keys(&double), [&files[0], &files[1], &files[1], &files[2]].map(String::clone));
}

#[tokio::test]
async fn a_process_that_died_before_it_heard_the_answer_sends_the_same_again_under_the_same_key() {
    let held = Behaviour::Held(Gate::closed(), Answer::new(200, "text/plain", ""));
    let double = Double::script([signs_in(), (POST, held), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    let run = bench.begin(Urgency::WhenDue);
    double.received(2).await;
    run.abort();
    assert!(run.await.unwrap_err().is_cancelled());
    let bench = bench.restarted();
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    assert_eq!(uploads(&double)[0], uploads(&double)[1]);
}

#[tokio::test]
async fn a_long_line_is_sent_to_its_end() {
    let double =
        Double::handler(|request| Some(if request.target.contains("/auth/") { pair(1) } else { empty(200) }))
            .await;
    let bench = Bench::new(&double);
    let days = (1..=60).rev();
    let files: Vec<String> =
        days.flat_map(|day| ["lobby", "mall"].map(|stream| bench.publish(stream, day, 10).key)).collect();
    assert_went_well(&bench.deliver().await, [120, 0, 0, 0]);
    assert_eq!(keys(&double), files);
}

fn two_deliveries(account: &str) -> Setup {
    let more = r#"[[accounts]]
name = "other"
kind = "simacan"
base_url = "BASE/other"
username = "ops@example.com"
password = "x"
[[deliveries]]
name = "second"
job = "hourly"
account = "ACCOUNT"
url = "BASE/second"
"#;
    Setup { more: more.replace("ACCOUNT", account), ..Setup::default() }
}

/// Both deliveries are asked for at once, and nothing is answered before `first_requests` came: where uploads went, in
/// order, and how many of them were ever on their way together.
async fn uploads_side_by_side(account: &str, first_requests: usize) -> (Vec<String>, usize) {
    let gate = Gate::closed();
    let opened = gate.clone();
    let double = Double::handler(move |request| {
        if request.target.contains("/auth/") {
            return Some(pair(1));
        }
        assert!([TARGET, "/second"].contains(&&*request.target));
        Some(Behaviour::Held(gate.clone(), Answer::new(200, "text/plain", "")))
    })
    .await;
    let bench = Bench::with(&double, &two_deliveries(account));
    for day in [1, 2] {
        bench.publish("lobby", day, 10);
    }
    let (reports, ()) = tokio::join!(bench.deliver_all(Urgency::WhenDue), async {
        double.received(first_requests).await;
        double.settle().await;
        (0..4).for_each(|_| opened.open());
    });
    assert_eq!(reports.iter().map(counts).collect::<Vec<_>>(), [[2, 0, 0, 0]; 2]);
    assert_eq!([&*reports[0].delivery, &*reports[1].delivery], ["partner-hourly", "second"]);
    let targets = double.requests().into_iter().filter(|request| !request.target.contains("/auth/"));
    (targets.map(|request| request.target).collect(), double.most_in_flight())
}

#[tokio::test]
async fn deliveries_of_one_account_go_one_after_the_other() {
    let (targets, most_in_flight) = uploads_side_by_side("partner", 2).await;
    assert_eq!(
        (targets, most_in_flight),
        ([TARGET, TARGET, "/second", "/second"].map(str::to_owned).into(), 1)
    );
}

#[tokio::test]
async fn deliveries_of_different_accounts_go_side_by_side() {
    assert_eq!(uploads_side_by_side("other", 4).await.1, 2);
}

#[tokio::test]
async fn what_another_process_sends_is_left_to_it() {
    let double = Double::script([signs_in(), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    bench.publish("lobby", 1, 10);
    for name in ["deliver.partner-hourly", "upload.partner"] {
        let held = Lock::acquire(&bench.config.state_dir, name, Patience::None).unwrap();
        let report = bench.deliver().await;
        assert_eq!((report.is_busy, &report.failure, counts(&report)), (true, &None, [0, 0, 1, 0]), "{name}");
        drop(held);
    }
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_parked_file_holds_nothing_up_and_is_asked_again_only_on_request() {
    let double = Double::script([signs_in(), (POST, empty(422)), (POST, empty(200))]).await;
    let bench = Bench::new(&double);
    let parked = bench.publish("lobby", 1, 10);
    let later = bench.publish("lobby", 2, 10);
    assert_went_well(&bench.deliver().await, [1, 1, 0, 0]);
    bench.pass(TimeDelta::days(1));
    assert_went_well(&bench.deliver_now().await, [0, 0, 0, 0]);
    assert_eq!(bench.retry_parked(), 1);
    // The access token of yesterday is over.
    double.change_to(|request| Some(if request.target.contains("/auth/") { pair(2) } else { empty(200) }));
    assert_went_well(&bench.deliver().await, [1, 0, 0, 0]);
    let arrived: Vec<Arrived> = uploads(&double);
    assert_eq!(
        arrived.iter().map(|upload| &*upload.key).collect::<Vec<_>>(),
        [&*parked.key, &later.key, &parked.key]
    );
}
