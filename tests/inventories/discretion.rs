//! What cameras keep secret, and what concerns only the person behind an account, is nowhere: not on disk, not in a log,
//! not in what a message shows.

use std::{
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use crate::{
    bench::{Bench, CAMERAS, ME, asks, camera, page, refuses, tells_owner},
    double::{Behaviour, Double},
};

/// Whatever must not be seen holds this, and nothing else does.
const PLANTED: &str = "planted7f3a";

/// Everything that this test program logs, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// For all threads, and so for all tests.
    fn start() -> &'static Self {
        static LOG: OnceLock<Log> = OnceLock::new();
        LOG.get_or_init(|| {
            let log = Self::default();
            let writer = log.clone();
            tracing_subscriber::fmt()
                .with_max_level(LevelFilter::TRACE)
                .with_ansi(false)
                .with_writer(move || writer.clone())
                .init();
            log
        })
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn person() -> Value {
    json!({
        "id": 42, "email": format!("{PLANTED}@example.com"), "first_name": PLANTED, "last_name": PLANTED,
        "phone": PLANTED, "root_site": 3, "total_cameras_count": 1, "require_qualification": false,
    })
}

fn secretive(id: i64) -> Value {
    let url = format!("https://m1.example.com/{PLANTED}/index.m3u8?token={PLANTED}");
    let mut camera = camera(id, "Hall");
    camera["live_snapshot"] = json!(url);
    camera["snapshot"] = json!({ "url": url, "created_at": "2026-03-02T08:00:00.000Z" });
    camera["streams"] =
        json!([{ "url": url, "format": "hls" }, { "url": url, "format": "mjpeg", "refresh_rate": 1 }]);
    camera["event_api_hash"] = json!(PLANTED);
    camera["applications"] = json!([PLANTED, { "code": PLANTED }]);
    camera
}

fn bytes_below(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.flat_map(|path| {
        if path.is_dir() {
            bytes_below(&path)
        } else {
            vec![(path.display().to_string(), fs::read(&path).unwrap())]
        }
    });
    files.collect()
}

fn assert_nothing_planted(what: &str, bytes: &[u8]) {
    let found = bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes());
    assert!(!found, "a secret stands in {what}");
}

fn assert_nothing_on_disk(bench: &Bench) {
    let files = bytes_below(bench.folder());
    assert!(files.iter().any(|(path, _)| path.ends_with("ledger.sqlite-wal")), "the walk misses the ledger");
    for (path, bytes) in files {
        assert_nothing_planted(&path, &bytes);
    }
}

#[tokio::test]
async fn secrets_of_cameras_and_the_person_behind_the_account_are_nowhere() {
    let log = Log::start();
    let mut nameless = secretive(1);
    nameless.as_object_mut().unwrap().remove("id");
    let cameras = [secretive(7), nameless];
    // That it is asked twice brings the warnings too.
    let listing = || asks(CAMERAS, page(3, Some(&format!("https://{PLANTED}.example.com/")), &cameras));
    let last = || asks(format!("{CAMERAS}&offset=2"), page(3, None, &[]));
    let me = || asks(ME, Behaviour::json(200, &person()));
    let double = Double::script([
        me(),
        listing(),
        last(),
        listing(),
        last(),
        me(),
        listing(),
        last(),
        listing(),
        last(),
    ])
    .await;
    let bench = Bench::new(&double).await;
    let report = bench.taken().await;
    assert_eq!((report.cameras, report.skipped), (1, 1));
    assert_eq!(bench.lines(), ["7,Hall,h264,online,shop"]);
    let seen = bench.inventories.look(bench.inventory()).await.unwrap();
    assert_nothing_planted("Debug", format!("{seen:?} {report:?}").as_bytes());
    assert_nothing_on_disk(&bench);
    let events = log.text();
    for told in ["asking", "inventory taken", "next ignored", "does not add up", "passed over"] {
        assert!(events.contains(told), "{told:?} was not logged");
    }
    assert_nothing_planted("the log", events.as_bytes());
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_not_quoted() {
    let log = Log::start();
    for body in [
        json!(PLANTED),
        json!({ "count": PLANTED, "results": [] }),
        json!({ "count": 1, "results": PLANTED }),
        json!({ "count": 1, "next": [PLANTED], "results": [] }),
        json!({ PLANTED: PLANTED }),
    ] {
        let double = Double::script([tells_owner(), asks(CAMERAS, Behaviour::json(200, &body))]).await;
        let bench = Bench::new(&double).await;
        let failure = bench.failure().await;
        assert_nothing_planted("a message", failure.message.as_bytes());
        assert_nothing_on_disk(&bench);
    }
    let cut = Behaviour::text(200, &format!("{{\"count\":1,\"results\":[{{\"event_api_hash\":\"{PLANTED}"));
    let double = Double::script((0..5).map(|_| asks(ME, cut.clone()))).await;
    let failure = Bench::new(&double).await.failure().await;
    assert_nothing_planted("a message", failure.message.as_bytes());
    assert_nothing_planted("the log", log.text().as_bytes());
}

#[tokio::test]
async fn a_token_that_the_service_itself_says_is_not_shown() {
    for status in [400, 403, 404, 418] {
        let refusal = refuses(status, "invalid", json!([{ "token": ["Bearer A1", "A1"] }]));
        let double = Double::script([asks(ME, refusal)]).await;
        let failure = Bench::new(&double).await.failure().await;
        assert!(failure.message.contains("[redacted]") && !failure.message.contains("A1"), "{failure:?}");
    }
}
