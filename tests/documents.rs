//! What packages, images and probes call: `man` and `health` of the real program.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Command, Output, Stdio},
    sync::mpsc,
    thread,
};

use audience_exporter::cli::EXIT_CODES;
use tempfile::TempDir;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-exporter"));
    command.current_dir(folder).env_remove("AUDIENCE_EXPORTER_CONFIG").stdin(Stdio::null());
    // Whoever asks this machine itself is not led astray.
    command.env("HTTP_PROXY", "http://127.0.0.1:1").args(arguments);
    command.output().unwrap()
}

#[track_caller]
fn assert_ended(output: &Output, code: i32, said: &str) {
    let text = [&output.stdout[..], &output.stderr[..]].concat();
    let text = String::from_utf8(text).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(said), "no {said:?} in {text}");
}

fn pages(folder: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<(String, String)> = entries
        .map(|path| {
            (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap())
        })
        .collect();
    pages.sort();
    pages
}

#[test]
fn the_manual_is_the_same_every_time_and_the_main_page_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["one", "other/of/new/folders", "one"] {
        assert_ended(&run(folder.path(), &["man", name]), 0, "pages to");
    }
    let (one, other) =
        (pages(&folder.path().join("one")), pages(&folder.path().join("other/of/new/folders")));
    assert_eq!(one, other);
    let printed = String::from_utf8(run(folder.path(), &["man"]).stdout).unwrap();
    let main = one.iter().find(|(name, _)| name == "audience-exporter.1").unwrap();
    assert_eq!(printed.trim_end(), main.1.trim_end());
    for (name, text) in &one {
        assert!(text.contains(".SH EXAMPLES\n.nf\naudience"), "{name}");
        assert!(!text.contains("EXTRA"), "{name}");
    }
}

#[test]
fn every_command_of_the_main_page_has_a_page() {
    let folder = tempfile::tempdir().unwrap();
    assert_ended(&run(folder.path(), &["man", "pages"]), 0, "pages to");
    let pages = pages(&folder.path().join("pages"));
    let mut named = 0;
    for (_, text) in &pages {
        for line in text.lines().filter_map(|line| line.strip_suffix("(1)")) {
            let name = format!("{}.1", line.replace("\\-", "-"));
            assert!(pages.iter().any(|(page, _)| *page == name), "{name}");
            named += 1;
        }
    }
    assert!(named > 15, "{named}");
}

#[test]
fn manual_and_readme_agree_on_exit_codes() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    for (code, meaning) in EXIT_CODES {
        assert!(readme.contains(&format!("| {code} | {meaning} |")), "{code}");
    }
}

/// A daemon that answers one request, in the folder of its configuration.
struct Daemon {
    folder: TempDir,
    asked: mpsc::Receiver<Vec<String>>,
}

impl Daemon {
    fn answering(status: &str, body: &'static str, token: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let (tell, asked) = mpsc::channel();
        let answer =
            format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        let daemon = Self { folder, asked };
        daemon.configure(listener.local_addr().unwrap(), token);
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(&stream).lines().map(Result::unwrap);
            let request: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            stream.write_all(answer.as_bytes()).unwrap();
            tell.send(request).unwrap();
        });
        daemon
    }

    /// The rest of the file is none that a daemon would start with: the one that runs goes on with the one before.
    fn configure(&self, listen: SocketAddr, token: &str) {
        let text = format!("output_folder = 1\n[http]\nlisten = \"{listen}\"\n{token}\n[[jobs]]\nname = 7\n");
        fs::write(self.folder.path().join("exporter.toml"), text).unwrap();
    }

    fn health(&self, arguments: &[&str]) -> Output {
        run(self.folder.path(), &[&["health"], arguments].concat())
    }
}

#[test]
fn a_daemon_that_is_well_is_0_with_its_answer() {
    let daemon = Daemon::answering("200 OK", "ready\n", "");
    assert_ended(&daemon.health(&[]), 0, "ready\n");
    let asked = daemon.asked.recv().unwrap();
    assert_eq!(asked[0], "GET /readyz HTTP/1.1");
    assert!(!asked.iter().any(|line| line.to_lowercase().starts_with("authorization")), "{asked:?}");
}

#[test]
fn whether_it_lives_is_another_question() {
    let daemon = Daemon::answering("200 OK", "alive\n", "");
    assert_ended(&daemon.health(&["--live"]), 0, "alive\n");
    assert_eq!(daemon.asked.recv().unwrap()[0], "GET /healthz HTTP/1.1");
}

#[test]
fn a_daemon_that_is_not_well_is_1_with_what_it_says() {
    let daemon =
        Daemon::answering("503 Service Unavailable", "the ledger cannot be written\nno schedule\n", "");
    let expected = "/readyz answers 503: the ledger cannot be written; no schedule";
    assert_ended(&daemon.health(&[]), 1, expected);
}

#[test]
fn the_token_is_sent_and_never_shown() {
    let daemon = Daemon::answering("401 Unauthorized", "", "token = { file = \"token\" }");
    assert_ended(&daemon.health(&[]), 2, "http.token: file");
    fs::write(daemon.folder.path().join("token"), "planted\n").unwrap();
    let output = daemon.health(&["--log-level", "trace"]);
    assert_ended(&output, 1, "/readyz answers 401");
    let asked = daemon.asked.recv().unwrap();
    assert!(asked.iter().any(|line| line.eq_ignore_ascii_case("authorization: bearer planted")), "{asked:?}");
    assert!(!String::from_utf8([output.stdout, output.stderr].concat()).unwrap().contains("planted"));
}

#[test]
fn nobody_who_listens_is_1_and_nowhere_to_listen_is_2() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let daemon = Daemon::answering("200 OK", "", "");
    daemon.configure(address, "");
    assert_ended(&daemon.health(&[]), 1, "the daemon does not answer: no connection could be made");
    fs::write(daemon.folder.path().join("exporter.toml"), "[http]\n").unwrap();
    assert_ended(&daemon.health(&[]), 2, "there is nobody to ask");
    fs::write(daemon.folder.path().join("exporter.toml"), "[http]\nlisten = \"9464\"\n").unwrap();
    assert_ended(&daemon.health(&[]), 2, "http.listen: expected an address and a port");
    fs::remove_file(daemon.folder.path().join("exporter.toml")).unwrap();
    assert_ended(&daemon.health(&[]), 2, "exporter.toml");
}
