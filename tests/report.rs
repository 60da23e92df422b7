//! Reports as the real program writes them.

mod house;

use std::fs;

use audience_exporter::{clock::Clock, simulator::SimulatorOptions};
use chrono::{Days, NaiveDate};
use serde_json::Value;

use house::House;

fn days_ago(days: u64) -> NaiveDate {
    Clock::system().now().date_naive() - Days::new(days)
}

/// Five days of a stream, exported.
fn exported() -> House {
    let house = House::of(SimulatorOptions::default());
    house.configure(|text| {
        let (text, _) = text.split_once("[[accounts]]").unwrap();
        text.replace(&days_ago(1).to_string(), &days_ago(5).to_string())
    });
    house.run(&["pull", "-q"]).assert(0);
    house
}

/// The data that a report carries.
fn data(html: &str) -> Value {
    let (_, rest) = html.split_once("id=\"report-data\">").unwrap();
    serde_json::from_str(rest.split_once("</script>").unwrap().0).unwrap()
}

#[test]
fn a_report_is_one_file_that_carries_what_it_shows() {
    let house = exported();
    let (from, to) = (days_ago(3).to_string(), days_ago(1).to_string());
    let arguments = ["report", "--stream", "lobby", "--from", &from, "--to", &to, "--out", "lobby.html"];
    let last = days_ago(2);
    let said = format!("lobby.html: 1 stream, {from} to {last}, 48 of 48 hours there");
    house.run(&arguments).assert(0).says(&said);
    let html = fs::read_to_string(house.path("lobby.html")).unwrap();
    for outside in ["src=", "href=\"http", "url(http", "@import", "assets/"] {
        assert!(!html.contains(outside), "{outside}");
    }
    assert!(html.contains(&format!("<title>Audience of lobby, {from} to {last}</title>")));
    let told = data(&html);
    assert_eq!(told["series"]["points"].as_array().unwrap().len(), 48);
    assert_eq!(told["series"]["before"]["points"].as_array().unwrap().len(), 48);
    let calendar = house.run(&["coverage", "--json", "--to", &to]).assert(0).json();
    assert_eq!(told["calendars"][0]["days"], calendar["series"][0]["days"]);
    assert_eq!(told["calendars_left_out"], 0);

    // The same question has the same answer, but for the moment at which it is asked.
    house.run(&arguments).assert(0);
    let mut again = data(&fs::read_to_string(house.path("lobby.html")).unwrap());
    let mut first = told;
    for report in [&mut first, &mut again] {
        report["generated_at"].take();
        report["series"]["now"].take();
    }
    assert_eq!(first, again);
    let left = fs::read_dir(house.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().contains("tmp")), "something half-written");
}

#[test]
fn what_cannot_be_reported_is_told_with_the_next_step() {
    let house = House::of(SimulatorOptions::default());
    house.run(&["report", "--out", "all.html"]).assert(1).says("nothing is exported yet; run pull first");
    let house = exported();
    house
        .run(&["report", "--stream", "nobody", "--out", "x.html"])
        .assert(2)
        .says("there is no stream \"nobody\"");
    house.run(&["report", "--tag", "site", "--out", "x.html"]).assert(2).says("is not KEY:VALUE");
    house.run(&["report", "--job", "weekly", "--out", "x.html"]).assert(2).says("there is no job \"weekly\"");
    house
        .run(&["report", "--from", "2026-02-02", "--to", "2026-02-01", "--out", "x.html"])
        .assert(2)
        .says("later than");
    house.run(&["report"]).assert(2).says("--out");
    assert!(!house.path("x.html").exists());
    fs::create_dir(house.path("folder")).unwrap();
    house.run(&["report", "--out", "folder"]).assert(2).says("folder is no file");
    fs::remove_dir_all(house.path("data/hourly")).unwrap();
    let said = house.run(&["report", "--out", "lacking.html"]);
    said.assert(0).says("0 of ");
}
