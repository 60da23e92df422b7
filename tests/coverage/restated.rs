//! A value that the service changes after it was published.

use std::sync::{Arc, atomic::AtomicI64, atomic::Ordering};

use serde_json::{Value, json};

use crate::{
    double::{Behaviour, Double},
    site::Site,
    vendor::{good, page},
};

const HOUR: &str = "2024-03-04T05:00:00+00:00";

/// Asks for all of it again.
const AGAIN: &str = "backfill --from 2024-03-04 --to 2024-03-06 --force";

/// A service that says so many people passed by in one hour, and a good one otherwise.
async fn service(people: &Arc<AtomicI64>) -> Double {
    let people = Arc::clone(people);
    Double::handler(move |request| {
        if request.method != "GET" {
            return good(request);
        }
        let mut page = page(request);
        if let Some(hour) = page["entities"].get_mut(HOUR) {
            hour["passing_by"]["value"] = json!(people.load(Ordering::Relaxed));
        }
        Some(Behaviour::json(200, &page))
    })
    .await
}

async fn changes(site: &Site, arguments: &str) -> Vec<Value> {
    let run = site.run("-q", &format!("changes --json {arguments}")).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let found: Value = serde_json::from_str(&run.stdout).unwrap();
    found["changes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_changed_value_is_listed_once_and_stands_in_the_journal() {
    let people = Arc::new(AtomicI64::new(40));
    let double = service(&people).await;
    let site = Site::new(&double, &["attic", "lobby"]);
    assert_eq!(changes(&site, "").await, [] as [Value; 0]);
    assert_eq!(site.run("-q", AGAIN).await.code, Some(0));
    let run = site.run("-q", "changes").await;
    assert_eq!((run.code, &*run.stdout), (Some(0), "no published value was changed\n"));

    people.store(1234, Ordering::Relaxed);
    assert_eq!(site.run("-q", AGAIN).await.code, Some(0));
    let [attic, lobby] = &changes(&site, "").await[..] else { panic!("not one of each stream") };
    assert_eq!([&attic["stream"], &lobby["stream"]], ["attic", "lobby"]);
    let (seen, run) = (lobby["seen_at"].as_str().unwrap(), lobby["run"].as_i64().unwrap());
    let expected = json!({
        "job": "hourly", "stream": "lobby", "bucket_start": "2024-03-04T05:00:00Z",
        "bucket_end": "2024-03-04T06:00:00Z", "local_start": "2024-03-04T05:00:00", "column": "passing_by",
        "old": 40, "new": 1234, "seen_at": seen, "run": run,
    });
    assert_eq!(*lobby, expected);

    // Seen once, it is listed once, however often it is asked.
    assert_eq!(site.run("-q", AGAIN).await.code, Some(0));
    assert_eq!(changes(&site, "--stream lobby").await, std::slice::from_ref(&expected));
    assert_eq!(changes(&site, "--since 2199-01-01").await.len(), 0);
    assert_eq!(changes(&site, &format!("--stream lobby --since {seen}")).await, [expected]);

    let row = format!(
        "lobby,2024-03-04T05:00:00Z,2024-03-04T06:00:00Z,2024-03-04T05:00:00,passing_by,40,1234,{seen},{run}\n"
    );
    let header = "stream,bucket_start,bucket_end,local_start,column,old_value,new_value,seen_at,run\n";
    let file = format!("data/hourly/_changes/stream=lobby/month={}/data.csv", &seen[..7]);
    assert_eq!(std::fs::read_to_string(site.path(&file)).unwrap(), format!("{header}{row}"));
    let csv = site.run("-q", "changes --csv --stream lobby").await;
    assert_eq!(csv.stdout, format!("{header}{row}"));

    let told = site.run("-q", "changes").await.stdout;
    let line = told.lines().find(|line| line.starts_with("lobby")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words, ["lobby", "2024-03-04", "05:00", "passing_by", "40", "→", "1234"]);
    assert!(told.contains(&format!(" by run {run}\n")), "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
}
