//! Every hour accounted for, by the real program: `coverage`, and what was changed later: `changes`.

mod double;
#[path = "coverage/footfall.rs"]
mod footfall;
#[path = "coverage/restated.rs"]
mod restated;
#[path = "hostile_server/site.rs"]
mod site;
#[path = "hostile_server/vendor.rs"]
mod vendor;

use audience_exporter::{
    clock::Clock,
    ledger::{Ledger, SeriesKey},
    suspicion::Suspicion,
    time::parse_label,
};
use chrono::{SubsecRound, TimeDelta};
use double::{Behaviour, Double, Request};
use serde_json::{Value, json};
use site::{Run, Site};
use vendor::{good, page, stream_of};

/// The days of most tests, two of them.
const DAYS: &str = "--from 2024-03-04 --to 2024-03-06";

/// What `coverage --json` tells, and how it ends.
async fn coverage(site: &Site, arguments: &str) -> (Option<i32>, Value) {
    let run = site.run("-q", &format!("coverage --json {arguments}")).await;
    (run.code, serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:?}")))
}

/// What is shown to a person, in 80 columns without colours.
async fn shown(site: &Site, arguments: &str) -> Run {
    let run = site.run("-q", &format!("coverage {arguments}")).await;
    let longest = run.stdout.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(80), "{longest:?} columns: {}", run.stdout);
    assert!(!run.stdout.contains('\x1b'), "{run:?}");
    run
}

#[track_caller]
fn assert_figures(found: &Value, expected: &[(&str, u64)]) {
    for (name, expected) in expected {
        assert_eq!(found[name], json!(expected), "{name} of {found:.300}");
    }
}

/// All of a good listing but its sixth hour, which it does not count either.
fn without_an_hour(request: &Request) -> Option<Behaviour> {
    if request.method != "GET" {
        return good(request);
    }
    let mut page = page(request);
    page["total_results"] = json!(page["total_results"].as_u64()? - 1);
    page["entities"].as_object_mut()?.remove("2024-03-04T05:00:00+00:00");
    Some(Behaviour::json(200, &page))
}

#[tokio::test]
async fn what_was_never_asked_is_due() {
    let double = Double::silent().await;
    let site = Site::new(&double, &["lobby"]);
    let (code, found) = coverage(&site, DAYS).await;
    assert_eq!(code, Some(4));
    let series = &found["series"][0];
    assert_figures(series, &[("expected", 48), ("exported", 0), ("due", 48), ("partitions", 0)]);
    assert_eq!([&series["from"], &series["share"]], [&json!("2024-03-04T00:00:00Z"), &json!(0.0)]);
    // Since the start of the job, and nothing before it.
    let (code, found) = coverage(&site, "--to 2024-03-05").await;
    assert_eq!((code, &found["series"][0]["due"]), (Some(4), &json!(24)));
    let (code, found) = coverage(&site, "--from 2020-01-01 --to 2024-03-04").await;
    assert_eq!((code, &found["series"][0]["expected"]), (Some(0), &json!(0)));
    let run = shown(&site, DAYS).await;
    assert!(
        run.stdout.contains("due: 48 hours, 2024-03-04 00:00 to 2024-03-06 00:00: not asked yet"),
        "{run:?}"
    );
}

#[tokio::test]
async fn without_a_start_nothing_is_expected_before_the_first_run() {
    let double = Double::silent().await;
    let site = Site::new(&double, &["lobby"]);
    site.reconfigure(|text| text.replace("start = \"2024-03-04\"\n", ""));
    let (code, found) = coverage(&site, "").await;
    assert_eq!(
        (code, &found["series"][0]["expected"], &found["series"][0]["days"]),
        (Some(0), &json!(0), &json!([]))
    );
    assert!(shown(&site, "").await.stdout.contains("lobby of hourly: nothing is to be expected"));
}

#[tokio::test]
async fn an_hour_that_the_service_lacks_is_missing_and_no_failure() {
    let double = Double::handler(without_an_hour).await;
    let site = Site::new(&double, &["lobby"]);
    assert_eq!(site.backfill("2024-03-04", "2024-03-06").await.code, Some(0));
    let (code, found) = coverage(&site, DAYS).await;
    assert_eq!(code, Some(0), "{found}");
    let series = &found["series"][0];
    assert_figures(series, &[("expected", 48), ("exported", 47), ("final", 47), ("missing", 1), ("due", 0)]);
    assert_figures(series, &[("partitions", 2), ("sealed_partitions", 2), ("reconciled_partitions", 0)]);
    assert_eq!(series["missing_buckets"], json!(["2024-03-04T05:00:00Z"]));
    assert_eq!(series["share"], json!(47.0 / 48.0));
    let states: Vec<&str> =
        series["stretches"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["final", "missing", "final"]);
    assert_figures(&series["days"][0], &[("buckets", 24), ("exported", 23), ("missing", 1)]);
    assert_figures(&found["jobs"][0], &[("expected", 48), ("exported", 47)]);
    let run = shown(&site, DAYS).await;
    let expected = "\
lobby of hourly, 2024-03-04 00:00 to 2024-03-06 00:00 (UTC)
        1       5         10        15        20        25        30    there
2024-03       ▓×█                                                      97.9 %
48 expected, 47 exported: 97.9 %
1 missing, 0 failed, 0 due
2 partitions, 2 sealed

Shades: how much of a day is there (█ all, ▓▒░ some). Beside it the worst of it:
! failed   - due   0 suspect zeros   ? vanished   × missing   ~ provisional
";
    assert_eq!((run.code, &*run.stdout), (Some(0), expected));
}

#[tokio::test]
async fn what_failed_says_since_when_and_why() {
    let double = Double::handler(|request| match stream_of(request) {
        Some("attic") => Some(Behaviour::html(500)),
        _ => good(request),
    })
    .await;
    let site = Site::new(&double, &["attic", "lobby"]);
    let before = Clock::system().now().trunc_subsecs(0);
    assert_eq!(site.backfill("2024-03-04", "2024-03-06").await.code, Some(4));
    let (code, found) = coverage(&site, DAYS).await;
    assert_eq!(code, Some(4));
    let attic = &found["series"][0];
    assert_eq!(attic["stream"], "attic");
    assert_figures(attic, &[("expected", 48), ("exported", 0), ("failed", 48), ("due", 0)]);
    let [stretch] = &attic["stretches"].as_array().unwrap()[..] else { panic!("{attic}") };
    assert_eq!([&stretch["state"], &stretch["reason"]], [&json!("failed"), &json!("unavailable")]);
    assert!(stretch["message"].as_str().unwrap().contains("status 500"), "{stretch}");
    let since = parse_label(stretch["since"].as_str().unwrap()).unwrap();
    assert!(before <= since && since <= Clock::system().now(), "{stretch}");
    assert_figures(&found["jobs"][0], &[("expected", 96), ("exported", 48), ("failed", 48)]);
    let run = shown(&site, DAYS).await;
    assert_eq!(run.code, Some(4));
    let told = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("failed: 48 hours, 2024-03-04 00:00 to 2024-03-06 00:00, since 20"), "{told}");
    assert!(told.contains("status 500"), "{told}");
    assert!(told.contains("all 2 streams of hourly: 96 expected, 48 exported"), "{told}");
    assert_eq!(coverage(&site, &format!("--stream lobby {DAYS}")).await.0, Some(0));
    // A run that fails again does not begin it anew; one that succeeds ends it.
    assert_eq!(site.backfill("2024-03-04", "2024-03-06").await.code, Some(4));
    assert_eq!(coverage(&site, DAYS).await.1["series"][0]["stretches"][0]["since"], stretch["since"]);
    double.change_to(good);
    assert_eq!(site.backfill("2024-03-04", "2024-03-06").await.code, Some(0));
    let (code, found) = coverage(&site, DAYS).await;
    assert_eq!((code, &found["series"][0]["exported"]), (Some(0), &json!(48)));
}

#[tokio::test]
async fn of_many_streams_there_are_totals_and_a_hint() {
    let double = Double::handler(good).await;
    let names: Vec<String> =
        (1..=9).map(|number| format!("a-stream-with-a-rather-long-name-{number}")).collect();
    let names: Vec<&str> = names.iter().map(|name| &**name).collect();
    let site = Site::new(&double, &names);
    assert_eq!(site.backfill("2024-03-04", "2024-03-05").await.code, Some(0));
    let run = shown(&site, DAYS).await;
    assert_eq!(run.code, Some(4));
    let total = run.stdout.lines().find(|line| line.starts_with("all of them")).unwrap();
    let total: Vec<&str> = total.split_whitespace().skip(3).collect();
    assert_eq!(total, ["432", "216", "0", "0", "216", "50.0", "%"]);
    let told = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let due = "due: 24 hours, 2024-03-05 00:00 to 2024-03-06 00:00: not asked yet";
    assert!(told.contains(&format!("{} of hourly and 8 more: {due}", names[0])), "{run:?}");
    assert!(run.stdout.contains("coverage --stream STREAM"), "{run:?}");
    assert!(!run.stdout.contains('█'), "{run:?}");
    let one = shown(&site, &format!("{DAYS} --stream {}", names[0])).await;
    assert!(one.stdout.contains('█'), "{one:?}");
}

#[tokio::test]
async fn suspect_zeros_are_told_in_coverage_and_status() {
    let double = Double::handler(good).await;
    let site = Site::new(&double, &["lobby"]);
    assert_eq!(site.backfill("2024-03-04", "2024-03-06").await.code, Some(0));
    for command in ["coverage --from 2024-03-04 --to 2024-03-06", "status"] {
        let run = site.run("-q", &format!("{command} --json")).await;
        let found: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(found["series"][0]["suspect"], json!([]), "{found}");
    }
    let since = parse_label("2024-03-05T14:00:00Z").unwrap();
    let until = since + TimeDelta::hours(10);
    let suspicion = Suspicion { since, until, usual: 38.2, expected_people: 382.0, is_over: false };
    let ledger = Ledger::open(&site.path("state")).unwrap();
    let key = SeriesKey { job: "hourly".to_owned(), stream: "lobby".to_owned() };
    let series = ledger.find_series(&key).unwrap().unwrap();
    ledger.note_suspicions(series.id, suspicion.range().unwrap(), &[suspicion]).unwrap();
    let sentence = "silent since Tue 2024-03-05 14:00, usually 38 people/h";
    let expected = json!([{
        "since": "2024-03-05T14:00:00Z", "until": "2024-03-06T00:00:00Z", "is_over": false, "usual": 38.2,
        "unit": "people/h", "expected_people": 382.0, "message": sentence,
    }]);
    // It is a suspicion, not a lack.
    let (code, found) = coverage(&site, DAYS).await;
    assert_eq!((code, &found["series"][0]["suspect"]), (Some(0), &expected));
    assert_eq!(site.status("lobby").await["suspect"], expected);
    let told = shown(&site, DAYS).await.stdout;
    assert!(told.contains(sentence) && told.contains("█ █0"), "{told}");
    let status = site.run("-q", "status").await.stdout;
    assert!(
        status.contains(&format!("lobby of hourly: {sentence}")) && status.contains("  suspect\n"),
        "{status}"
    );
}

#[tokio::test]
async fn a_job_that_is_laid_out_anew_is_refused_as_by_a_plan() {
    let double = Double::handler(good).await;
    let site = Site::new(&double, &["lobby"]);
    assert_eq!(site.backfill("2024-03-04", "2024-03-05").await.code, Some(0));
    site.reconfigure(|text| text.replace("\"day\"", "\"month\""));
    let [plan, coverage] = [site.run("-q", "plan").await, site.run("-q", "coverage").await];
    assert_eq!((coverage.code, &*coverage.stderr), (Some(2), &*plan.stderr));
    assert!(coverage.stderr.contains("give the job a new name"), "{coverage:?}");
}

#[tokio::test]
async fn bounds_that_are_none_are_refused() {
    let double = Double::silent().await;
    let site = Site::new(&double, &["lobby"]);
    for (arguments, message) in [
        ("coverage --from yesterday", "--from: expected a date"),
        (
            "coverage --from 2024-03-06 --to 2024-03-04",
            "--to 2024-03-04 must be later than --from 2024-03-06",
        ),
        ("coverage --stream loby", "did you mean lobby?"),
        ("changes --since soon", "--since: expected a date"),
        ("changes --json --csv", "cannot be used with"),
    ] {
        let run = site.run("-q", arguments).await;
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.stderr.contains(message), "{run:?}");
    }
}
