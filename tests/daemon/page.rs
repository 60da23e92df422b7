//! The page for people, and what it asks for.

use std::fs;

use audience_exporter::{clock::Clock, simulator::SimulatorOptions};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::Value;

use crate::{
    bench::{Answer, Daemon, ask, busy, busy_house, get},
    house::House,
};

/// One run is made, of five days, and no more.
fn house_at_rest() -> House {
    let house = busy_house(SimulatorOptions::default());
    house.configure(at_rest);
    house
}

fn at_rest(text: String) -> String {
    let (start, yesterday) = (days_ago(5).to_string(), days_ago(1).to_string());
    busy(text).replace("* * * * * *", "0 0 1 1 *").replace(&yesterday, &start)
}

fn json(answer: &Answer) -> Value {
    assert!(answer.head.contains("content-type: application/json"), "{}", answer.head);
    serde_json::from_str(&answer.body).unwrap()
}

/// So many whole days of UTC ago.
fn days_ago(days: u64) -> NaiveDate {
    Clock::system().now().date_naive() - Days::new(days)
}

/// Who passed by in each hour of the published CSV files that begins in these days.
fn rows(house: &House, from: NaiveDate, to: NaiveDate) -> Vec<i64> {
    let mut rows = Vec::new();
    for (_, bytes) in house.published("data/hourly").iter().filter(|(path, _)| path.ends_with("data.csv")) {
        let mut reader = csv::Reader::from_reader(&**bytes);
        let header = reader.headers().unwrap().clone();
        let column = |name: &str| header.iter().position(|found| found == name).unwrap();
        let (start, people) = (column("bucket_start"), column("passing_by"));
        for row in reader.records().map(Result::unwrap) {
            let start: DateTime<Utc> = row[start].parse().unwrap();
            if (from..to).contains(&start.date_naive()) {
                rows.push(row[people].parse().unwrap());
            }
        }
    }
    rows
}

#[test]
fn the_page_opens_for_everybody_and_its_data_only_with_the_token() {
    let house = house_at_rest();
    fs::write(house.path("token"), "s3cret-of-http\n").unwrap();
    house.configure(|text| {
        at_rest(text).replace("\"127.0.0.1:0\"", "\"127.0.0.1:0\"\ntoken = { file = \"token\" }")
    });
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    let page = get(address, "/");
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html"), "{}", page.head);
    let assets: Vec<&str> = page.body.split('"').filter(|part| part.starts_with("assets/")).collect();
    assert!(assets.len() > 3, "{assets:?}");
    for path in assets {
        let asset = get(address, &format!("/{path}"));
        assert_eq!(asset.status, 200, "{path}");
        for part in
            ["default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
        {
            assert!(asset.head.contains(part) && page.head.contains(part), "{path}: {}", asset.head);
        }
    }
    assert_eq!(get(address, "/assets/secret.js").status, 404);
    for path in ["/api/overview", "/api/runs", "/api/series?job=hourly&from=2026-01-01&to=2026-01-02"] {
        assert_eq!(get(address, path).status, 401, "{path}");
        assert_eq!(
            ask(address, "GET", path, &["Authorization: Bearer s3cret-of-http"]).status,
            200,
            "{path}"
        );
    }
    daemon.stop();
}

#[test]
fn figures_are_those_of_the_published_files() {
    let house = house_at_rest();
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    daemon.wait_to_say("run ended");
    let (from, to) = (days_ago(3), days_ago(1));
    let series = |more: &str| get(address, &format!("/api/series?job=hourly&from={from}&to={to}{more}"));
    let answer = json(&series("&stream=lobby"));
    let stream = &house.config().streams[0];
    let rows = rows(&house, from, to);
    let people: i64 = rows.iter().sum();
    assert!(people > 0);
    assert_eq!(answer["summary"]["passing_by"], people);
    assert_eq!(answer["summary"]["exported"], rows.len());
    assert_eq!((&answer["timezone"], &answer["resolution"]), (&"UTC".into(), &"bucket".into()));
    let points = answer["points"].as_array().unwrap();
    let told = points.iter().filter_map(|point| point["passing_by"].as_i64());
    assert_eq!(told.sum::<i64>(), people);
    let by_day = json(&series("&resolution=day"));
    assert_eq!((by_day["points"].as_array().unwrap().len(), &by_day["summary"]), (2, &answer["summary"]));
    let (key, value) = stream.tags.iter().next().unwrap();
    assert_eq!(json(&series(&format!("&tag={key}:{value}")))["summary"], answer["summary"]);

    for (more, status, says) in [
        ("&stream=nobody", 404, "there is no stream"),
        ("&stream=lobby&tag=a:b", 400, "not both"),
        ("&resolution=hour", 400, "not one of auto, bucket, day, week, month"),
        ("&limit=0", 400, "one point at least"),
        ("&colour=red", 400, "there is no parameter"),
        ("&from=2026-01-01", 400, "more than once"),
    ] {
        let answer = series(more);
        assert_eq!(answer.status, status, "{more}: {}", answer.body);
        assert!(json(&answer)["error"].as_str().unwrap().contains(says), "{}", answer.body);
    }
    let all_time = get(address, "/api/series?job=hourly&from=1971-01-01&to=2199-12-31&stream=lobby");
    assert_eq!(all_time.status, 422, "{}", all_time.body);
    daemon.stop();
}

#[test]
fn the_fleet_its_calendar_and_its_runs_are_what_the_commands_tell() {
    let house = house_at_rest();
    let daemon = Daemon::start(&house);
    let address = daemon.address();
    daemon.wait_to_say("run ended");
    let overview = json(&get(address, "/api/overview"));
    let lobby = &overview["series"][0];
    assert_eq!((&lobby["stream"], &lobby["state"]), (&"lobby".into(), &"ok".into()));
    let status = house.run(&["status", "--json"]).assert(0).json();
    for field in ["exported_until", "rows", "files", "missing_buckets", "last_error"] {
        assert_eq!(lobby[field], status["series"][0][field], "{field}");
    }
    assert_eq!(overview["obstacles"], Value::Array(Vec::new()));
    assert_eq!(overview["streams"][0]["token_state"], "ready");
    assert!(overview["jobs"][0]["next_run"].is_string());

    let path = "/api/calendar?job=hourly&stream=lobby&from=2026-01-01";
    let calendar = json(&get(address, path));
    let coverage = house.run(&["coverage", "--json", "--stream", "lobby"]).assert(0).json();
    assert_eq!(calendar["days"], coverage["series"][0]["days"]);
    assert_eq!(calendar["total"]["exported"], coverage["series"][0]["exported"]);
    assert_eq!(get(address, "/api/calendar?job=hourly&stream=nobody").status, 404);
    assert_eq!(get(address, "/api/calendar?job=hourly").status, 400);

    let runs = json(&get(address, "/api/runs?limit=1"));
    assert_eq!(runs["runs"].as_array().unwrap().len(), 1);
    assert_eq!(runs["runs"][0]["outcome"], "done", "{runs}");
    assert_eq!(get(address, "/api/runs?limit=few").status, 400);
    daemon.stop();
}
