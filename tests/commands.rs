//! Every command and every exit code of the real program, as a person or a script meets them.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use audience_exporter::{
    clock::Clock,
    config::Config,
    locks::{Lock, Patience},
    simulator::{Simulator, SimulatorOptions, fleet},
};
use chrono::{Days, SubsecRound, TimeDelta};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A project folder beside a simulated service with two cameras.
struct Bench {
    runtime: Runtime,
    simulator: Simulator,
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, SimulatorOptions::default(), Clock::system());
        let simulator = runtime.block_on(simulator).unwrap();
        let bench = Self { runtime, simulator, folder: tempfile::tempdir().unwrap() };
        bench.configure(&bench.simulator.base_url(), &["good", "good"], "day");
        bench
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// Two streams whose secret files hold the right token or another one, and one job of three days.
    fn configure(&self, base_url: &str, secrets: &[&str; 2], partition: &str) {
        let start = Clock::system().now().date_naive() - Days::new(2);
        let mut text = format!(
            "output_dir = \"data\"\nstate_dir = \"state\"\n\
             [angus]\nconsole_url = \"{base_url}\"\ndata_url = \"{base_url}\"\nmax_attempts = 1\n\
             requests_per_second = 1000\n\
             [[jobs]]\nname = \"hourly\"\nformat = \"csv\"\npartition = \"{partition}\"\nstart = \"{start}\"\n"
        );
        for (stream, secret) in fleet(2).iter().zip(secrets) {
            let file = self.path(&format!("{}.secret", stream.name));
            let secret =
                if *secret == "good" { format!("secret-{}", stream.client_id) } else { (*secret).to_owned() };
            fs::write(&file, secret).unwrap();
            text += &format!(
                "[[streams]]\nname = \"{}\"\nusername = \"ops@example.com\"\nclient_id = \"{}\"\n\
                 access_token = {{ file = \"{}.secret\" }}\n",
                stream.name, stream.client_id, stream.name
            );
        }
        fs::write(self.path("exporter.toml"), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        run(self.folder.path(), arguments)
    }

    fn published(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.path("data")];
        while let Some(folder) = folders.pop() {
            for path in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
                let is_manifest = path.ends_with("_manifest.json");
                match path.is_dir() {
                    true => folders.push(path),
                    false if !is_manifest => files.push(path),
                    false => {}
                }
            }
        }
        files
    }
}

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ended {
    fn new(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    #[track_caller]
    fn assert(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "out: {}\nerr: {}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    fn says(&self, expected: &str) -> &Self {
        let found = self.stdout.contains(expected) || self.stderr.contains(expected);
        assert!(found, "no {expected:?}\nout: {}\nerr: {}", self.stdout, self.stderr);
        self
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap()
    }
}

fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
    command.current_dir(folder).env_remove("AUDIENCE_EXPORTER_CONFIG").stdin(Stdio::null());
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Ended {
    Ended::new(&program(folder).args(arguments).output().unwrap())
}

/// An address on which nobody listens.
fn dead_url() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn exit_0_a_pull_exports_what_is_due_and_a_second_one_changes_nothing() {
    let bench = Bench::new();
    bench.run(&["pull"]).assert(0).says("files written");
    let files = bench.published();
    assert!(files.len() >= 4, "{files:?}");
    bench.run(&["pull"]).assert(0);
    assert_eq!(bench.published().len(), files.len());
}

#[test]
fn exit_0_a_backfill_of_what_is_exported_has_nothing_to_do() {
    let bench = Bench::new();
    let day = (Clock::system().now().date_naive() - Days::new(9)).to_string();
    let next = (Clock::system().now().date_naive() - Days::new(8)).to_string();
    let arguments = ["backfill", "--from", &day, "--to", &next];
    bench.run(&arguments).assert(0).says("48 rows in 2 windows; 2 files written");
    let asked = bench.simulator.requests().entities;
    bench.run(&arguments).assert(0).says("nothing to do");
    assert_eq!(bench.simulator.requests().entities, asked);
    bench.run(&[&arguments[..], &["--force"]].concat()).assert(0).says("0 files written, 2 unchanged");
}

#[test]
fn exit_1_nothing_could_be_done() {
    let bench = Bench::new();
    bench.configure(&dead_url(), &["good", "good"], "day");
    bench.run(&["pull"]).assert(1).says("no connection could be made").says("nothing was exported");
    let status = bench.run(&["status", "--json"]).assert(0).json();
    assert_eq!(status["series"][0]["last_error"]["reason"], "unavailable");
    assert_eq!(status["series"][0]["exported_until"], serde_json::Value::Null);
}

#[test]
fn exit_2_usage_and_configuration() {
    let bench = Bench::new();
    bench.run(&["pull", "--strem", "lobby"]).assert(2);
    bench.run(&["pull", "--stream", "loby"]).assert(2).says("did you mean lobby?");
    bench.run(&["pull", "--job", "daily"]).assert(2).says("there is no job daily");
    bench
        .run(&["backfill", "--from", "yesterday", "--to", "2026-01-01"])
        .assert(2)
        .says("--from: expected a date");
    bench.run(&["backfill", "--from", "2026-01-02", "--to", "2026-01-01"]).assert(2).says("must be later");
    bench.run(&["pull", "--config", "nowhere.toml"]).assert(2).says("nowhere.toml");
    assert_eq!(bench.simulator.requests().tokens, 0);
}

#[test]
fn exit_2_a_wrong_configuration_lists_all_its_problems() {
    let bench = Bench::new();
    let text = fs::read_to_string(bench.path("exporter.toml")).unwrap();
    let text = text.replace(
        "partition = \"day\"",
        "partition = \"daily\"\nmetrics = [\"pasing_by\"]\nloockback = \"2h\"",
    );
    fs::write(bench.path("exporter.toml"), text).unwrap();
    bench
        .run(&["pull"])
        .assert(2)
        .says("has 3 problems")
        .says("jobs[0].partition")
        .says("did you mean \"passing_by\"?")
        .says("did you mean \"lookback\"?");
}

#[test]
fn exit_2_a_changed_layout_is_refused_before_anything_is_asked() {
    let bench = Bench::new();
    bench.run(&["pull"]).assert(0);
    let asked = bench.simulator.requests().entities;
    bench.configure(&bench.simulator.base_url(), &["good", "good"], "month");
    bench.run(&["pull"]).assert(2).says("give the job a new name");
    bench.run(&["check", "--offline"]).assert(2).says("give the job a new name");
    bench.run(&["plan"]).assert(2).says("give the job a new name");
    assert_eq!(bench.simulator.requests().entities, asked);
}

#[test]
fn a_new_tag_appears_in_every_file_without_asking_again() {
    let bench = Bench::new();
    bench.run(&["pull"]).assert(0);
    let text = fs::read_to_string(bench.path("exporter.toml")).unwrap();
    let text = text.replacen("[[streams]]", "[[streams]]\ntags = { site = \"paris\" }", 1);
    fs::write(bench.path("exporter.toml"), text).unwrap();
    bench
        .run(&["backfill", "--from", "2020-01-01", "--to", "2020-01-02"])
        .assert(0)
        .says("files written anew");
    for path in bench.published().iter().filter(|path| path.ends_with("data.csv")) {
        let content = fs::read_to_string(path).unwrap();
        let site = if path.to_string_lossy().contains("stream=lobby") { ",paris" } else { "," };
        assert!(content.lines().next().unwrap().ends_with(",tag_site"), "{content}");
        assert!(content.lines().skip(1).all(|line| line.ends_with(site)), "{content}");
    }
    bench.run(&["pull"]).assert(0).says("0 files written");
}

#[test]
fn a_disk_that_is_not_mounted_is_not_taken_for_deleted_files() {
    use std::os::unix::fs::{MetadataExt, symlink};
    let bench = Bench::new();
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else { return eprintln!("skipped: no /dev/shm") };
    if elsewhere.path().metadata().unwrap().dev() == bench.folder.path().metadata().unwrap().dev() {
        return eprintln!("skipped: /dev/shm is no file system of its own");
    }
    fs::create_dir(bench.path("disk")).unwrap();
    symlink(bench.path("disk"), bench.path("data")).unwrap();
    bench.run(&["pull"]).assert(0);
    fs::remove_file(bench.path("data")).unwrap();
    symlink(elsewhere.path(), bench.path("data")).unwrap();
    bench.run(&["pull"]).assert(1).says("is theirs not mounted?");
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    fs::remove_file(bench.path("data")).unwrap();
    symlink(bench.path("disk"), bench.path("data")).unwrap();
    bench.run(&["pull"]).assert(0).says("0 files written");
    // Deleted on the same disk, they are asked for again.
    fs::remove_dir_all(bench.path("disk/hourly")).unwrap();
    bench.run(&["pull"]).assert(0).says("damaged or gone");
    assert!(bench.published().len() >= 4);
}

#[test]
fn exit_3_every_stream_is_refused_after_one_sign_in_each() {
    let bench = Bench::new();
    bench.configure(&bench.simulator.base_url(), &["wrong", "wrong"], "day");
    bench.run(&["pull"]).assert(3).says("credentials refused");
    assert_eq!(bench.simulator.requests().tokens, 2);
    assert!(bench.published().is_empty());
}

#[test]
fn exit_4_one_refused_stream_does_not_stop_the_other() {
    let bench = Bench::new();
    bench.configure(&bench.simulator.base_url(), &["wrong", "good"], "day");
    bench.run(&["pull"]).assert(4).says("run the same pull again to resume");
    assert!(bench.simulator.requests().tokens <= 3);
    assert!(bench.published().iter().all(|path| path.to_string_lossy().contains("stream=back-entrance")));
    assert!(!bench.published().is_empty());
}

#[test]
fn exit_5_another_process_holds_the_lock() {
    let bench = Bench::new();
    bench.run(&["pull"]).assert(0);
    let held = ["lobby", "back-entrance"].map(|stream| {
        Lock::acquire(&bench.path("state"), &format!("publish.hourly.{stream}"), Patience::None).unwrap()
    });
    bench.run(&["pull"]).assert(5).says("publish.hourly.");
    drop(held);
    bench.run(&["pull"]).assert(0);
}

#[test]
fn plan_shows_what_a_pull_then_does_and_asks_for_nothing() {
    let bench = Bench::new();
    let plan = bench.run(&["plan", "--json"]).assert(0).json();
    bench.run(&["plan"]).assert(0).says("new");
    assert_eq!(bench.simulator.requests().tokens, 0);
    assert!(!bench.path("state").exists() && !bench.path("data").exists());
    let windows = plan["windows"].as_array().unwrap();
    assert_eq!(windows.len(), 2);
    bench.run(&["pull"]).assert(0);
    for window in windows {
        assert_eq!(window["reason"], "new");
        for file in window["files"].as_array().unwrap() {
            assert!(bench.path("data").join(file.as_str().unwrap()).exists(), "{file}");
        }
    }
    let again = bench.run(&["plan", "--json"]).assert(0).json();
    assert_eq!(again["windows"][0]["reason"], "lookback");
    let named = ["plan", "--json", "--from", "2026-01-01", "--to", "2026-02-01"];
    let named = bench.run(&named).assert(0).json();
    assert_eq!(
        (&named["windows"][0]["reason"], &named["windows"][0]["buckets"]),
        (&"asked".into(), &744.into())
    );
}

#[test]
fn status_tells_what_is_exported_and_until_when() {
    let bench = Bench::new();
    bench.run(&["status"]).assert(0).says("never run");
    bench.run(&["pull"]).assert(0);
    let status = bench.run(&["status", "--json"]).assert(0).json();
    let series = &status["series"][0];
    let until = series["exported_until"].as_str().unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let lag = Clock::system().now().trunc_subsecs(0) - until;
    assert!(TimeDelta::zero() < lag && lag < TimeDelta::minutes(80), "{lag}");
    assert!(series["rows"].as_u64().unwrap() >= 47 && series["files"].as_u64().unwrap() >= 2);
    assert_eq!((&series["gaps"], &series["last_error"]), (&serde_json::json!([]), &serde_json::Value::Null));
    assert!(series["next_run"].is_string());
    bench.run(&["status"]).assert(0).says("lobby").says("ok");
}

#[test]
fn check_tries_everything_and_names_what_is_wrong() {
    let bench = Bench::new();
    bench.run(&["check"]).assert(0).says("lobby: signed in").says("0 problems");
    bench.configure(&bench.simulator.base_url(), &["wrong", "good"], "day");
    bench.run(&["check"]).assert(4).says("FAIL  lobby: credentials refused").says("back-entrance: signed in");
    fs::remove_file(bench.path("lobby.secret")).unwrap();
    let asked = bench.simulator.requests();
    bench.run(&["check", "--offline"]).assert(4).says("lobby.secret");
    assert_eq!(bench.simulator.requests(), asked);
}

#[test]
fn check_reads_the_addresses_of_alerts_and_sends_nothing_there() {
    let bench = Bench::new();
    let alerts = "[alerts]\nwebhook = { file = \"webhook\" }\nheartbeat = { file = \"heartbeat\" }\n";
    let text = fs::read_to_string(bench.path("exporter.toml")).unwrap() + alerts;
    fs::write(bench.path("exporter.toml"), text).unwrap();
    fs::write(bench.path("webhook"), "http://hooks.example.com/s-e-c-r-e-t").unwrap();
    let offline = bench.run(&["check", "--offline"]);
    offline
        .assert(4)
        .says("FAIL  alerts.webhook: file")
        .says("holds no https:// URL, or http:// to this machine");
    offline.says("FAIL  alerts.heartbeat: file").says("no such file");
    assert!(!format!("{}{}", offline.stdout, offline.stderr).contains("s-e-c-r-e-t"));
    for name in ["webhook", "heartbeat"] {
        fs::write(bench.path(name), format!("{}/s-e-c-r-e-t\n", bench.simulator.base_url())).unwrap();
    }
    let asked = bench.simulator.requests();
    let offline = bench.run(&["check", "--offline"]);
    offline.assert(0).says("ok    alerts.webhook is an address").says("ok    alerts.heartbeat is an address");
    assert_eq!(bench.simulator.requests(), asked);
    bench.run(&["check"]).assert(0).says("alerts.heartbeat is an address, nothing was sent to it");
}

#[test]
fn preview_shows_rows_and_writes_nothing() {
    let bench = Bench::new();
    bench
        .run(&["preview", "--stream", "lobby", "--last", "48h"])
        .assert(0)
        .says("passing by")
        .says("of 49 buckets");
    let rows = bench.run(&["preview", "--stream", "lobby", "--last", "3h", "--json"]).assert(0).json();
    assert_eq!(rows.as_array().unwrap().last().unwrap()["partial"], true);
    bench.run(&["preview", "--stream", "loby"]).assert(2);
    assert!(!bench.path("state").exists() && !bench.path("data").exists());
}

#[test]
fn init_writes_a_configuration_that_is_valid_and_never_overwrites_one() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["init", "new.toml"]).assert(0).says("next:");
    assert!(Config::load(&folder.path().join("new.toml")).is_ok());
    fs::write(folder.path().join("new.toml"), "mine").unwrap();
    run(folder.path(), &["init", "new.toml"]).assert(2).says("is left as it is");
    assert_eq!(fs::read_to_string(folder.path().join("new.toml")).unwrap(), "mine");
}

#[test]
fn demo_needs_nothing_and_leaves_files_configuration_and_state() {
    let folder = tempfile::tempdir().unwrap();
    for format in ["parquet", "csv"] {
        let arguments = ["demo", "--dir", format, "--days", "8", "--format", format];
        let ended = run(folder.path(), &arguments);
        ended.assert(0).says("4 simulated cameras").says("next:");
        let table = ended.stdout.lines().take_while(|line| !line.starts_with("configuration"));
        assert!(table.map(|line| line.chars().count()).all(|width| width <= 80), "{}", ended.stdout);
        // Once more in the same folder: the same files again.
        run(folder.path(), &arguments).assert(0);
        let config = format!("{format}/exporter.toml");
        run(folder.path(), &["status", "--config", &config]).assert(0).says("lobby").says("ok");
    }
    fs::write(folder.path().join("csv/exporter.toml"), "mine").unwrap();
    run(folder.path(), &["demo", "--dir", "csv"]).assert(2).says("is left as it is");
}

#[test]
fn simulate_serves_prints_a_configuration_that_works_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let mut serving = program(folder.path());
    let mut serving =
        serving.args(["simulate", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::new(serving.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let address = first.trim().rsplit("http://").next().unwrap().to_owned();
    let printed = run(folder.path(), &["simulate", "--print-config", "--listen", &address, "--streams", "2"]);
    printed.assert(0);
    fs::write(folder.path().join("exporter.toml"), &printed.stdout).unwrap();
    run(folder.path(), &["check"]).assert(0).says("lobby: signed in");
    run(folder.path(), &["pull"]).assert(0);
    assert!(Command::new("kill").arg(serving.id().to_string()).status().unwrap().success());
    assert_eq!(serving.wait().unwrap().code(), Some(0));
    run(folder.path(), &["simulate", "--print-config", "--listen", "127.0.0.1:0"]).assert(2).says("--listen");
    run(folder.path(), &["simulate", "--replay", "nowhere.csv"]).assert(2).says("nowhere.csv");
}

#[test]
fn every_command_has_help_and_every_shell_has_completions() {
    let folder = tempfile::tempdir().unwrap();
    for command in
        ["demo", "init", "check", "plan", "pull", "backfill", "status", "preview", "simulate", "completions"]
    {
        run(folder.path(), &[command, "--help"]).assert(0).says("Example").says("audience-exporter");
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        run(folder.path(), &["completions", shell]).assert(0).says("backfill");
    }
}

#[test]
fn no_secret_is_shown_or_stored_even_at_trace_level() {
    let bench = Bench::new();
    bench.configure(&bench.simulator.base_url(), &["pl4nted-wr0ng", "good"], "day");
    let ended = bench.run(&["pull", "--log-level", "trace"]);
    ended.assert(4);
    let right = format!("secret-{}", fleet(2)[1].client_id);
    let mut places = vec![ended.stdout.clone(), ended.stderr.clone()];
    for folder in [bench.path("state"), bench.path("data")] {
        for path in
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            places.push(String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned());
        }
    }
    for secret in ["pl4nted-wr0ng", &*right, "Bearer ", "eyJ"] {
        assert!(places.iter().all(|place| !place.contains(secret)), "{secret}");
    }
    bench.runtime.block_on(bench.simulator.stop());
}
