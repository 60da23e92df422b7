//! A machine whose clock is wrong.

use std::sync::Arc;

use audience_exporter::{
    clock::Clock,
    config::Config,
    exporter::{ProgressListener, Work},
    failure::FailureKind,
    series::Series,
    shutdown::Shutdown,
    simulator::{Simulator, SimulatorOptions, fleet},
    wire::Timing,
    workplace::Workplace,
};
use chrono::TimeDelta;

/// Pulls with a clock that is so much ahead of the service's; tells the failure and the published rows.
fn pull(ahead: TimeDelta) -> (Option<FailureKind>, u64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let system = Clock::system();
    let clock = Clock::from_fn(move || system.now() + ahead);
    let start = (Clock::system().now() - TimeDelta::days(2)).date_naive();
    runtime.block_on(async {
        let listen = "127.0.0.1:0".parse().unwrap();
        let simulator = Simulator::start(listen, SimulatorOptions::default(), Clock::system()).await.unwrap();
        let (url, camera) = (simulator.base_url(), &fleet(1)[0]);
        let text = format!(
            "output_dir = \"data\"\nstate_dir = \"state\"\n\
             [angus]\nconsole_url = \"{url}\"\ndata_url = \"{url}\"\nrequests_per_second = 1000\n\
             [[streams]]\nname = \"lobby\"\nusername = \"u\"\nclient_id = \"{id}\"\naccess_token = \"secret-{id}\"\n\
             [[jobs]]\nname = \"hourly\"\nstart = \"{start}\"\n",
            id = camera.client_id
        );
        let config = Config::parse(&text, &folder.path().join("exporter.toml")).ok().unwrap();
        let workplace = Workplace::open(&config, Timing::real(clock), Shutdown::default()).ok().unwrap();
        let exporter = workplace.exporter(&config).ok().unwrap();
        let (series, nobody): (_, ProgressListener) = (Series::all(&config, None, None), Arc::new(|_| {}));
        let report = exporter.run("pull", series, &Work::Due, &nobody).await.unwrap();
        let failure = report.series[0].failure.as_ref().map(|failure| failure.kind);
        (failure, report.rows())
    })
}

#[test]
fn hours_that_are_not_over_by_the_services_clock_are_not_exported() {
    assert_eq!(pull(TimeDelta::days(3)), (Some(FailureKind::Configuration), 0));
}

#[test]
fn a_clock_that_is_a_little_off_does_no_harm() {
    for seconds in [-120, 0, 120] {
        let (failure, rows) = pull(TimeDelta::seconds(seconds));
        assert_eq!(failure, None, "{seconds} s");
        assert!(rows >= 40, "{seconds} s: {rows} rows");
    }
}
