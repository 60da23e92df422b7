//! What it answers.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
};

use audience_exporter::simulator::SimulatorOptions;
use serde_json::Value;

use crate::{
    bench::{Daemon, ask, busy, busy_house, get, metric},
    house::wait_until,
};

#[test]
fn every_path_answers_those_who_may_ask() {
    let house = busy_house(SimulatorOptions::default());
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    daemon.wait_to_say("run ended");
    let health = get(address, "/healthz");
    assert_eq!((health.status, health.body.as_str()), (200, "ok\n"));
    wait_until(|| get(address, "/readyz").status == 200);
    let metrics = get(address, "/metrics");
    assert!(metrics.head.contains("content-type: text/plain; version=0.0.4"), "{}", metrics.head);
    assert!(metrics.body.contains("# TYPE audience_exporter_runs_total counter\n"), "{}", metrics.body);
    let newer =
        ask(address, "GET", "/metrics", &["Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1"]);
    assert!(newer.head.contains("content-type: application/openmetrics-text"), "{}", newer.head);
    assert!(newer.body.ends_with("# EOF\n"), "{}", newer.body);
    let lobby = "{job=\"hourly\",stream=\"lobby\"}";
    assert!(metric(address, &format!("audience_exporter_rows_exported_total{lobby}")).unwrap() > 0.0);
    assert!(
        metric(address, &format!("audience_exporter_data_until_timestamp_seconds{lobby}")).unwrap() > 1.7e9
    );
    let asked = "audience_exporter_requests_total{endpoint=\"angus_entities\",code=\"200\"}";
    assert!(metric(address, asked).unwrap() > 0.0);

    let status: Value = serde_json::from_str(&get(address, "/api/status").body).unwrap();
    let told = house.run(&["status", "--json"]).assert(0).json();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&status), keys(&told));
    assert_eq!(status["series"][0]["rows"], told["series"][0]["rows"]);

    let head = ask(address, "HEAD", "/metrics", &[]);
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_eq!(get(address, "/nothing").status, 404);
    assert_eq!(ask(address, "POST", "/healthz", &["Content-Length: 0"]).status, 405);
    assert!(head.head.contains("cache-control: no-store") && head.head.contains("nosniff"), "{}", head.head);
    daemon.stop();
}

#[test]
fn where_there_is_a_token_nobody_is_answered_without_it() {
    let house = busy_house(SimulatorOptions::default());
    fs::write(house.path("token"), "s3cret-of-http\n").unwrap();
    let with_token =
        |text: String| busy(text).replace("\"127.0.0.1:0\"", "\"0.0.0.0:0\"\ntoken = { file = \"token\" }");
    house.configure(with_token);
    let daemon = Daemon::start(&house);
    let port = daemon.address().port();
    let address = ([127, 0, 0, 1], port).into();
    for path in ["/healthz", "/readyz", "/metrics", "/api/status", "/nothing"] {
        for headers in [&[][..], &["Authorization: Bearer s3cret"], &["Authorization: Basic s3cret-of-http"]]
        {
            let answer = ask(address, "GET", path, headers);
            assert_eq!(answer.status, 401, "{path} {headers:?}");
            assert!(answer.head.contains("www-authenticate: bearer"), "{}", answer.head);
        }
        let answer = ask(address, "GET", path, &["Authorization: Bearer s3cret-of-http"]);
        assert_ne!(answer.status, 401, "{path}");
    }
    let said = daemon.stop();
    assert!(!said.contains("s3cret-of-http"), "{said}");

    fs::remove_file(house.path("token")).unwrap();
    let (code, said) = Daemon::start_with(&house, |_| {}).wait();
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("http.token") && said.contains("token cannot be read"), "{said}");
}

#[test]
fn it_is_not_ready_where_its_ledger_cannot_be_written() {
    let house = busy_house(SimulatorOptions::default());
    house.configure(|text| busy(text).replace("* * * * * *", "0 0 1 1 *"));
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    daemon.wait_to_say("run ended");
    assert_eq!(get(address, "/readyz").status, 200);
    // Whoever holds the ledger for long is in its way.
    let ledger = rusqlite::Connection::open(house.path("state/ledger.sqlite")).unwrap();
    ledger.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = get(address, "/readyz");
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.contains("not ready: the ledger was not free"), "{}", answer.body);
    assert_eq!(get(address, "/healthz").status, 200);
    drop(ledger);
    wait_until(|| get(address, "/readyz").status == 200);
    daemon.stop();
}

#[test]
fn whoever_says_nothing_is_let_go_so_that_others_are_answered() {
    let house = busy_house(SimulatorOptions::default());
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    // More than are served at a time: silent ones, and one that asked once.
    let mut once = TcpStream::connect(address).unwrap();
    once.write_all(format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).unwrap();
    let mut silent: Vec<TcpStream> = (0..80).map(|_| TcpStream::connect(address).unwrap()).collect();
    assert_eq!(get(address, "/healthz").status, 200);
    let mut said = String::new();
    once.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert_eq!(silent[0].read(&mut [0; 9]).unwrap(), 0, "closed");
    daemon.stop();
}
