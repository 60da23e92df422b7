//! Deliveries and inventories with the real program and the simulated systems.

mod house;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    process::Command,
};

use audience_exporter::{
    hex::hex,
    simulator::{
        AccountOptions, Endpoint, Faults, Received, SimulatorOptions, System,
        credentials::{ANGELCAM_PASSWORD, CLIENT_SECRET, SIMACAN_PASSWORD, USERNAME},
        planted,
    },
};
use reqwest::StatusCode;
use serde_json::Value;
use sha2::{Digest, Sha256};

use house::{Ended, House};

const PULL: [&str; 4] = ["pull", "-q", "--job", "hourly"];

/// The days of one stream from nine days ago on, each a file; that of today comes with its first settled hour.
fn daily_files() -> House {
    let house = House::new();
    let start = (audience_exporter::clock::Clock::system().now() - chrono::TimeDelta::days(9)).date_naive();
    house.configure(|text| from_day(&text, &start.to_string()));
    house
}

fn from_day(text: &str, day: &str) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("start = ") { format!("start = \"{day}\"") } else { line.to_owned() }
    });
    lines.map(|line| line + "\n").collect()
}

/// The published files of the job: their SHA-256 in hexadecimal, by path.
fn published(house: &House) -> BTreeMap<String, String> {
    let hash = |bytes: &[u8]| hex(&Sha256::digest(bytes));
    house
        .published("data/hourly")
        .into_iter()
        .map(|(path, bytes)| (path.display().to_string(), hash(&bytes)))
        .collect()
}

/// Every delivery has one effect, and each published file is among them.
#[track_caller]
fn assert_delivered(house: &House) -> Vec<Received> {
    let deliveries = house.accounts().deliveries();
    let keys: Vec<&str> =
        deliveries.iter().map(|received| received.idempotency_key.as_deref().unwrap()).collect();
    let distinct: BTreeSet<&str> = keys.iter().copied().collect();
    assert_eq!(distinct.len(), keys.len(), "a file had two effects");
    for (path, hash) in published(house) {
        assert!(distinct.contains(&*hash), "{path} was not delivered");
    }
    deliveries
}

fn delivery(house: &House) -> Value {
    house.run(&["status", "--json"]).assert(0).json()["deliveries"][0].clone()
}

#[test]
fn every_file_has_one_effect_through_errors_lost_answers_expiry_and_restatement() {
    let house = daily_files();
    let accounts = house.accounts();
    accounts.fail_next(Endpoint::SimacanTrips, StatusCode::INTERNAL_SERVER_ERROR, 2);
    house.run(&PULL).assert(0);
    let files = published(&house).len();
    assert!(files >= 9, "{files}");
    assert_eq!(assert_delivered(&house).len(), files);
    let first_bucket: Vec<_> =
        accounts.deliveries().iter().map(|received| received.first_bucket.clone()).collect();
    assert!(first_bucket.is_sorted(), "{first_bucket:?}");

    // New tags rewrite every file.
    let start = house.config().jobs[0].start.unwrap().to_string();
    house.configure(|text| from_day(&text, &start).replace("paris-nord", "paris-sud"));
    accounts.lose_next(Endpoint::SimacanTrips);
    house.run(&PULL).assert(0);
    let deliveries = assert_delivered(&house);
    assert_eq!(deliveries.len(), 2 * files);
    assert_eq!(deliveries.iter().filter(|received| received.times > 1).count(), 1, "the lost answer");

    house.configure(|text| from_day(&text, &start).replace("paris-nord", "paris-est"));
    accounts.expire_access_tokens(System::Simacan);
    house.run(&PULL).assert(0);
    assert_eq!(assert_delivered(&house).len(), 3 * files);
    assert_eq!((accounts.count(Endpoint::SimacanPassword), accounts.count(Endpoint::SimacanRefresh)), (1, 1));

    let asked = accounts.requests().len();
    house.run(&PULL).assert(0);
    assert_eq!(accounts.requests().len(), asked, "nothing is sent twice");
    let status = delivery(&house);
    assert_eq!((status["pending"].as_u64(), status["delivered"].as_u64()), (Some(0), Some(files as u64)));
}

#[test]
fn an_answer_that_a_crash_kept_from_the_ledger_is_asked_for_again_with_the_same_key() {
    if !cfg!(debug_assertions) {
        eprintln!("skipped: release builds have no crash points");
        return;
    }
    let house = daily_files();
    for time in 1..=3 {
        let at = format!("delivery-answer:{time}");
        let crashed = house.program(&PULL).env("AUDIENCE_EXPORTER_CRASH_AT", at).output().unwrap();
        assert_eq!(crashed.status.code(), None, "{}", String::from_utf8_lossy(&crashed.stderr));
    }
    house.run(&PULL).assert(0);
    let deliveries = assert_delivered(&house);
    assert_eq!(deliveries.len(), published(&house).len());
    assert_eq!(deliveries.iter().map(|received| received.times).max(), Some(2));
    assert_eq!(house.accounts().count(Endpoint::SimacanPassword), 1);
}

#[test]
fn a_target_that_is_down_holds_up_nothing_and_gets_everything_later() {
    let house = daily_files();
    house.configure(|text| {
        let start = house.config().jobs[0].start.unwrap().to_string();
        from_day(&text, &start).replace("/simacan/trips/insertOrUpdate", "/simacan/nothing/is/here")
    });
    // Parked one by one, and no more when it is plain that the address is wrong.
    house.run(&PULL).assert(4).says("delivery partner-hourly");
    let files = published(&house).len() as u64;
    assert!(files >= 9, "{files}");
    let status = delivery(&house);
    assert_eq!(
        (status["parked"].as_u64(), status["pending"].as_u64()),
        (Some(3), Some(files - 3)),
        "{status}"
    );
    let shown = house.run(&["status"]).assert(0).stdout.clone();
    assert!(shown.contains("audience-exporter deliver --delivery partner-hourly --retry"), "{shown}");

    let start = house.config().jobs[0].start.unwrap().to_string();
    house.configure(|text| from_day(&text, &start));
    house.accounts().fail_next(Endpoint::SimacanTrips, StatusCode::SERVICE_UNAVAILABLE, 4);
    let before = house.accounts().count(Endpoint::SimacanTrips);
    house.run(&["deliver", "-q"]).assert(1);
    let tries = house.accounts().count(Endpoint::SimacanTrips) - before;
    assert_eq!(tries, 4, "tries at a target that is down");
    assert_eq!(delivery(&house)["pending"].as_u64(), Some(files - 3));
    house.run(&["deliver", "--retry"]).assert(0).says(&format!("partner-hourly: {files} files delivered"));
    assert_eq!(assert_delivered(&house).len() as u64, files);
}

#[test]
fn what_is_refused_is_parked_until_a_person_asks_for_it() {
    let house = daily_files();
    house.accounts().fail_next(Endpoint::SimacanTrips, StatusCode::UNPROCESSABLE_ENTITY, 1);
    house.run(&PULL).assert(4).says("1 file was parked");
    let files = published(&house).len();
    assert!(files >= 9, "{files}");
    assert_eq!(house.accounts().deliveries().len(), files - 1);
    house.run(&PULL).assert(0);
    house.run(&["deliver"]).assert(0).says("nothing to deliver");
    assert_eq!(house.accounts().deliveries().len(), files - 1);
    house.run(&["deliver", "--retry"]).assert(0).says("1 file delivered");
    assert_eq!(assert_delivered(&house).len(), files);
    house.run(&["deliver", "--delivery", "partner-daily"]).assert(2).says("did you mean partner-hourly?");
}

fn sign_in(house: &House) -> Ended {
    let arguments = ["auth", "login", "angelcam", "--username", USERNAME, "--password-stdin"];
    house.run_with_input(&arguments, ANGELCAM_PASSWORD)
}

fn cameras(house: &House) -> Vec<String> {
    let table = fs::read_to_string(house.path("data/cameras/data.csv")).unwrap();
    assert!(table.starts_with("camera_id,name,type,status,tags\n"), "{table}");
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    rows.records().map(|record| record.unwrap()[0].to_owned()).collect()
}

#[test]
fn cameras_are_listed_page_by_page_under_throttling() {
    let faults = Faults { throttle_rate: 0.3, ..Faults::default() };
    let house = House::of(SimulatorOptions { faults, seed: 3, ..SimulatorOptions::default() });
    sign_in(&house).assert(0);
    house.run(&["inventory"]).assert(0).says("cameras: 250 cameras; file written");
    let asked = house.accounts().requests();
    let pages = asked.iter().filter(|asked| asked.endpoint == Some(Endpoint::AngelcamCameras)).count();
    assert!(pages > 3, "three pages, and at least one of them throttled: {pages}");
    let expected: Vec<String> = house.accounts().cameras().iter().map(ToString::to_string).collect();
    assert_eq!(cameras(&house), expected);
}

#[test]
fn a_camera_leaves_the_table_when_two_listings_in_a_row_lacked_it() {
    let house = House::with(AccountOptions { cameras: 5, ..AccountOptions::default() });
    sign_in(&house).assert(0);
    house.run(&["pull", "-q"]).assert(0);
    assert_eq!(cameras(&house).len(), 5, "a pull takes an inventory that was never taken");
    let before = fs::metadata(house.path("data/cameras/data.csv")).unwrap().modified().unwrap();
    let gone = house.accounts().cameras()[2];
    house.accounts().remove_camera(gone);
    house.run(&["inventory"]).assert(0).says("5 cameras; file unchanged");
    let after = fs::metadata(house.path("data/cameras/data.csv")).unwrap().modified().unwrap();
    assert_eq!(before, after);
    house.run(&["inventory"]).assert(0).says("4 cameras, 1 no longer there; file written");
    assert!(!cameras(&house).contains(&gone.to_string()));
    let asked = house.accounts().requests().len();
    house.run(&["pull", "-q"]).assert(0);
    assert_eq!(house.accounts().requests().len(), asked, "a pull waits for the schedule");
}

#[test]
fn a_person_is_named_as_the_next_step_everywhere() {
    let house = House::new();
    let next_step = "audience-exporter auth login angelcam";
    house.run(&["inventory"]).assert(3).says(next_step);
    house.run(&["preview", "--inventory", "cameras"]).assert(3).says(next_step);
    house.run(&["check"]).assert(4).says("FAIL  account angelcam").says(next_step);
    house.run(&["auth", "status"]).assert(0).says("needs authorization").says(next_step);
    house.run(&["pull"]).assert(4).says(next_step);
    house.run(&["status"]).assert(0).says("credentials").says(next_step);
    assert_eq!(house.accounts().count(Endpoint::AngelcamToken), 0);
}

/// What must be found nowhere but in the configuration and, as far as tokens go, in the token files.
fn secrets(house: &House) -> Vec<String> {
    let mut secrets: Vec<String> =
        [planted::MARK, SIMACAN_PASSWORD, ANGELCAM_PASSWORD, CLIENT_SECRET, "secret-00000000"]
            .map(str::to_owned)
            .into();
    for (path, bytes) in house.everything() {
        if path.starts_with(house.path("state/tokens")) {
            let document: Value = serde_json::from_slice(&bytes).unwrap();
            for kind in ["access", "refresh"] {
                secrets.extend(document["account"][kind]["token"].as_str().map(str::to_owned));
            }
        }
    }
    secrets
}

#[test]
fn nothing_secret_is_told_or_left_lying_about() {
    for format in ["text", "json"] {
        let house = House::with(AccountOptions { cameras: 20, ..AccountOptions::default() });
        let umask = |arguments: &[&str]| {
            // Whatever the umask, the program's own files are private.
            let mut command = Command::new("sh");
            let program = env!("CARGO_BIN_EXE_audience-exporter");
            command.arg("-c").arg("umask 000; exec \"$0\" \"$@\"").arg(program).args(arguments);
            command.args(["--log-level", "trace", "--log-format", format]).current_dir(house.folder.path());
            Ended::of(&command.env_remove("AUDIENCE_EXPORTER_CONFIG").output().unwrap())
        };
        let mut told = vec![umask(&["pull"])];
        told.push(house.run_with_input(
            &[
                "auth",
                "login",
                "angelcam",
                "--username",
                USERNAME,
                "--password-stdin",
                "--log-level",
                "trace",
            ],
            ANGELCAM_PASSWORD,
        ));
        let mut secrets = secrets(&house);
        house.accounts().expire_access_tokens(System::Simacan);
        house.accounts().expire_access_tokens(System::Angelcam);
        house.accounts().fail_next(Endpoint::SimacanTrips, StatusCode::BAD_REQUEST, 1);
        for arguments in [
            &["pull"][..],
            &["inventory"],
            &["deliver", "--retry"],
            &["check"],
            &["status"],
            &["auth", "status"],
        ] {
            told.push(umask(arguments));
        }
        secrets.extend(self::secrets(&house));
        house.assert_private();
        told.push(umask(&["auth", "logout", "angelcam"]));
        let mut texts: Vec<(String, String)> = told
            .into_iter()
            .map(|ended| (format!("exit {:?}", ended.code), ended.stdout + &ended.stderr))
            .collect();
        for (path, bytes) in house.everything() {
            let is_allowed = path.ends_with("exporter.toml") || path.starts_with(house.path("state/tokens"));
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert!(!text.contains(planted::MARK), "{}", path.display());
            if !is_allowed {
                texts.push((path.display().to_string(), text));
            }
        }
        for (place, text) in &texts {
            for secret in &secrets {
                assert!(!text.contains(&**secret), "{secret} in {place}: {text}");
            }
        }
    }
}
