//! Signing in, staying signed in, and signing out, with the real program and the simulated systems.

#![expect(clippy::disallowed_methods, reason = "the browser is the test, whose requests nobody counts")]

#[path = "sign_in/crashes.rs"]
mod crashes;
mod house;

use std::io::{BufRead, BufReader};

use audience_exporter::simulator::{
    Endpoint, System,
    credentials::{ANGELCAM_PASSWORD, SIMACAN_PASSWORD, USERNAME},
};
use reqwest::{StatusCode, header::LOCATION, redirect::Policy};

use house::{Ended, House};

const BY_PASSWORD: [&str; 6] = ["auth", "login", "angelcam", "--username", USERNAME, "--password-stdin"];

#[test]
fn a_name_and_a_password_are_exchanged_and_kept_nowhere() {
    let house = House::new();
    assert_eq!(house.state_of("angelcam"), "needs_authorization");
    house
        .run_with_input(&BY_PASSWORD, &format!("{ANGELCAM_PASSWORD}\n"))
        .assert(0)
        .says("signed in to angelcam");
    assert_eq!(house.state_of("angelcam"), "ready");
    house.assert_private();
    for (path, bytes) in house.everything() {
        let text = String::from_utf8_lossy(&bytes);
        let is_configuration = path.ends_with("exporter.toml");
        assert!(is_configuration || !text.contains(USERNAME), "{}", path.display());
        assert!(is_configuration || !text.contains(ANGELCAM_PASSWORD), "{}", path.display());
    }
}

#[test]
fn a_refused_password_is_sent_once_and_nothing_is_kept() {
    let house = House::new();
    house
        .run_with_input(&BY_PASSWORD, "wrong\n")
        .assert(3)
        .says("not signed in to angelcam: credentials refused: invalid_grant")
        .says("nothing was kept");
    assert_eq!(house.accounts().count(Endpoint::AngelcamToken), 1);
    assert_eq!(house.state_of("angelcam"), "needs_authorization");
    house.run_with_input(&BY_PASSWORD, "").assert(2).says("there is no password on standard input");
    house.run(&["auth", "login", "angelcm"]).assert(2).says("did you mean angelcam?");
    house.run(&["auth", "login", "angelcam", "--username", USERNAME]).assert(2).says("--password-stdin");
}

/// A browser that follows no redirect by itself.
fn browser() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap()
}

/// Starts a sign-in, hands the printed address to `person`, and waits for the end.
fn sign_in_by_browser(house: &House, person: impl AsyncFnOnce(reqwest::Client, String)) -> Ended {
    let mut child = house.program(&["auth", "login", "angelcam"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let url = lines.by_ref().map(Result::unwrap).find(|line| line.starts_with("http")).unwrap();
    // The rest is read, so that the program is never held up by a full pipe.
    let rest = std::thread::spawn(move || lines.map(Result::unwrap).collect::<Vec<_>>().join("\n"));
    house.runtime.block_on(person(browser(), url));
    let mut ended = Ended::of(&child.wait_with_output().unwrap());
    ended.stdout = rest.join().unwrap();
    ended
}

/// Where the service sends the browser when the person decides.
async fn decide(browser: &reqwest::Client, url: &str, decision: &str) -> String {
    let answer = browser.get(format!("{url}&decision={decision}")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::FOUND);
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

#[test]
fn a_browser_brings_a_code_once_and_only_with_the_state_that_was_sent() {
    let house = House::new();
    let port = house.with_free_redirect_port();
    let accounts = house.accounts();
    let ended = sign_in_by_browser(&house, async |browser, url| {
        let page = browser.get(&url).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Allow"), "{page}");
        for foreign in ["state=S2&code=C", "code=C", ""] {
            let visit = format!("http://127.0.0.1:{port}/callback?{foreign}");
            let answer = browser.get(visit).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        }
        assert_eq!(accounts.count(Endpoint::AngelcamToken), 0);
        let callback = decide(&browser, &url, "allow").await;
        assert!(callback.starts_with(&format!("http://127.0.0.1:{port}/callback?")), "{callback}");
        let answer = browser.get(callback).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let page = answer.text().await.unwrap();
        assert!(page.contains("<h1>Signed in</h1>"), "{page}");
    });
    ended.assert(0).says("signed in to angelcam");
    assert_eq!(house.accounts().count(Endpoint::AngelcamToken), 1);
    assert_eq!(house.state_of("angelcam"), "ready");
}

#[test]
fn a_person_may_decline() {
    let house = House::new();
    house.with_free_redirect_port();
    let ended = sign_in_by_browser(&house, async |browser, url| {
        let callback = decide(&browser, &url, "deny").await;
        let page = browser.get(callback).send().await.unwrap().text().await.unwrap();
        assert!(page.contains("Not signed in"), "{page}");
    });
    ended.assert(1).says("not signed in to angelcam: access was declined");
    assert_eq!(house.accounts().count(Endpoint::AngelcamToken), 0);
}

#[test]
fn what_cannot_come_back_is_refused_before_it_begins() {
    let house = House::new();
    house.configure(|text| text.replace("http://127.0.0.1:8400/callback", "https://app.example.com/cb"));
    house.run(&["auth", "login", "angelcam"]).assert(2).says("does not lead to this machine");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    house.configure(|text| text.replace("127.0.0.1:8400", &format!("127.0.0.1:{port}")));
    house.run(&["auth", "login", "angelcam"]).assert(1).says("cannot listen on");
}

#[test]
fn signing_out_revokes_and_forgets() {
    let house = House::new();
    house.run_with_input(&BY_PASSWORD, ANGELCAM_PASSWORD).assert(0);
    house.run(&["auth", "logout", "angelcam"]).assert(0).says("revoked and forgotten");
    assert_eq!(house.accounts().count(Endpoint::AngelcamRevoke), 1);
    assert!(house.accounts().chain_is_dead(System::Angelcam));
    assert_eq!(house.state_of("angelcam"), "needs_authorization");
    house.run(&["auth", "logout", "angelcam"]).assert(0).says("no tokens any more");
    assert_eq!(house.accounts().count(Endpoint::AngelcamRevoke), 1);
}

#[test]
fn signing_out_forgets_also_where_the_service_does_not_revoke() {
    let house = House::new();
    house.run_with_input(&BY_PASSWORD, ANGELCAM_PASSWORD).assert(0);
    house.accounts().fail_next(Endpoint::AngelcamRevoke, StatusCode::SERVICE_UNAVAILABLE, 1);
    house.run(&["auth", "logout", "angelcam"]).assert(0).says("did not revoke them (status 503)");
    assert_eq!(house.state_of("angelcam"), "needs_authorization");
}

#[test]
fn a_refused_account_is_left_alone_until_its_configuration_changes() {
    let house = House::new();
    let wrong = |text: String| text.replace(SIMACAN_PASSWORD, "wrong");
    house.configure(wrong);
    house.run(&["auth", "login", "partner"]).assert(3).says("sign-in refused");
    assert_eq!(house.state_of("partner"), "rejected");
    // A person who insists is told when the password may be sent again.
    house.run(&["auth", "login", "partner"]).assert(1).says("may not be sent again before");
    assert_eq!(house.accounts().count(Endpoint::SimacanPassword), 1);
    house.configure(|text| text);
    house.run(&["auth", "login", "partner"]).assert(0).says("signed in to partner");
    assert_eq!(house.accounts().count(Endpoint::SimacanPassword), 2);
    house.run(&["auth", "login", "partner", "--username", "x", "--password-stdin"]).assert(2);
    assert_eq!(house.state_of("partner"), "ready");
    let shown = house.run(&["auth", "status"]).assert(0).stdout.clone();
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn three_processes_at_once_sign_in_once() {
    let house = House::new();
    for ended in house.run_at_once(3, &["auth", "login", "partner"]) {
        ended.assert(0);
    }
    assert_eq!(house.accounts().count(Endpoint::SimacanPassword), 1);
    for ended in house.run_at_once(3, &["pull", "--job", "hourly", "-q"]) {
        assert!(matches!(ended.code, Some(0 | 5)), "{ended:?}");
    }
    assert_eq!(house.simulator.requests().tokens, 1);
    house.run(&["pull", "--job", "hourly", "-q"]).assert(0);
    assert_eq!(house.simulator.requests().tokens, 1, "the token is kept over restarts");
    house.assert_private();
}

#[test]
fn stored_tokens_can_be_encrypted_with_a_key_that_lies_elsewhere() {
    let house = House::new();
    house.run(&["auth", "login", "partner"]).assert(0);
    let token_file = house.path("state/tokens/account.partner.json");
    let plain = std::fs::read_to_string(&token_file).unwrap();
    assert!(plain.contains("\"refresh\""), "{plain}");
    std::fs::write(house.path("key"), "0123456789abcdef0123456789abcdef\n").unwrap();
    let keyed = |text: String| format!("token_key = {{ file = \"key\" }}\n{text}");
    house.configure(keyed);
    // What lies there in the clear is encrypted when it is used next.
    house.run(&["auth", "login", "partner"]).assert(0);
    let sealed = std::fs::read_to_string(&token_file).unwrap();
    assert!(sealed.contains("\"sealed\"") && !sealed.contains("\"refresh\""), "{sealed}");
    assert_eq!(house.state_of("partner"), "ready");
    house.configure(|text| text);
    assert_eq!(house.state_of("partner"), "unreadable");
    house.run(&["auth", "login", "partner"]).assert(2).says("is encrypted; set token_key");
    assert_eq!(house.accounts().count(Endpoint::SimacanPassword), 1);
    // Whoever signs out wants it gone, readable or not.
    house.run(&["auth", "logout", "partner"]).assert(0);
    assert!(!token_file.exists());
    std::fs::write(house.path("key"), "short").unwrap();
    house.configure(keyed);
    house.run(&["auth", "status"]).assert(0).says("openssl rand");
    house.run(&["pull"]).assert(2).says("openssl rand");
}
