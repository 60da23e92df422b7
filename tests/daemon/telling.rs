//! Whom it tells of trouble.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
    thread,
};

use audience_exporter::simulator::SimulatorOptions;

use crate::{
    bench::{Daemon, busy, busy_house},
    house::wait_until,
};

/// Takes every request, and writes down `METHOD PATH BODY`. Its thread ends with the test.
struct Listener {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heard) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<String>>>::default());
        let hearing = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut reader = BufReader::new(stream);
                let mut first = String::new();
                reader.read_line(&mut first).unwrap();
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    reader.read_line(&mut line).unwrap();
                    if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().unwrap();
                    }
                    if line.trim().is_empty() {
                        break;
                    }
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).unwrap();
                let request = first.trim().trim_end_matches(" HTTP/1.1");
                let told = format!("{request} {}", String::from_utf8(body).unwrap());
                hearing.lock().unwrap().push(told.trim().to_owned());
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                reader.into_inner().write_all(answer).unwrap();
            }
        });
        Self { address, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

#[test]
fn trouble_is_told_once_when_it_begins_and_once_when_it_is_over_and_runs_are_told_to_the_switch() {
    let (chat, switch) = (Listener::new(), Listener::new());
    let house = busy_house(SimulatorOptions::default());
    let telling = |text: String| {
        format!(
            "{}[alerts]\nwebhook = \"http://{}/s3cret-hook\"\nheartbeat = \"http://{}/s3cret-switch\"\n\
             group_wait = \"0s\"\ngroup_interval = \"2s\"\ndisk_free_percent = 1\n",
            busy(text),
            chat.address,
            switch.address
        )
    };
    house.configure(|text| telling(text).replace("access_token = \"", "access_token = \"wrong-"));
    let daemon = Daemon::start(&house);
    let told = |beginning: &str| chat.heard().iter().filter(|told| told.contains(beginning)).count();
    wait_until(|| told("Trouble: stream lobby") == 1);
    assert!(chat.heard()[0].starts_with("POST /s3cret-hook {\"text\":"), "{:?}", chat.heard());
    daemon.wait_to_say_times("run ended", 4);
    house.configure(telling);
    daemon.signal("HUP");
    daemon.wait_to_say("configuration applied");
    wait_until(|| told("Over: stream lobby") == 1);
    assert_eq!(told("Trouble:"), 1, "{:?}", chat.heard());
    wait_until(|| switch.heard().contains(&"GET /s3cret-switch".to_owned()));
    let said = daemon.stop();
    assert!(!said.contains("s3cret"), "{said}");

    let pings = switch.heard();
    assert_eq!(pings[0], "GET /s3cret-switch/start");
    assert!(pings[1].starts_with("POST /s3cret-switch/fail hourly: 1 of 1 streams failed: "), "{pings:?}");
}
