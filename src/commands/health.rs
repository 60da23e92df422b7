//! `health`: asks the running daemon, for probes that have neither shell nor curl.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use reqwest::{RequestBuilder, Response, Url, header::AUTHORIZATION};

use super::{CommandError, output, session::Session};
use crate::{
    cli::Health,
    config::{Config, HttpSettings},
    wire::{Http, Scheme, Traffic, authorization, read_at_most, transport_trouble},
};

/// An answer that takes longer is none. Below what images and probes wait by themselves.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Of the answer, more than this is not read.
const MAX_ANSWER_BYTES: u64 = 16 << 10;

#[expect(clippy::disallowed_methods, reason = "it asks this program's own daemon, where nobody counts")]
pub(super) async fn run(session: &Session, args: &Health) -> Result<u8, CommandError> {
    let path = Config::find(session.global.config.clone());
    let Some(settings) = HttpSettings::load(&path)? else {
        return Err(CommandError::Usage(format!(
            "there is nobody to ask: {} says no listen under [http]; add listen = \"127.0.0.1:9464\"",
            path.display()
        )));
    };
    let url = address(settings.listen, args.live)?;
    let request = request(&settings, url.clone())?;
    let answer = request.send().await.map_err(|error| {
        let said = transport_trouble(&error).message;
        CommandError::Failed(format!("the daemon does not answer: {said}; is it running?"))
    })?;
    judge(&url, answer).await
}

/// Where a daemon that listens there can be asked from this machine.
fn address(listen: SocketAddr, is_only_alive: bool) -> Result<Url, CommandError> {
    let host = match listen.ip() {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        one => one,
    };
    let path = if is_only_alive { "healthz" } else { "readyz" };
    let text = format!("http://{}/{path}", SocketAddr::new(host, listen.port()));
    text.parse().map_err(|error| CommandError::Failed(format!("cannot ask {text}: {error}")))
}

fn request(settings: &HttpSettings, url: Url) -> Result<RequestBuilder, CommandError> {
    let http =
        Http::new(TIMEOUT, &Traffic::default()).map_err(|error| CommandError::Failed(error.to_string()))?;
    let request = http.get_here(url);
    let Some(source) = &settings.token else { return Ok(request) };
    let token = source.resolve().map_err(|error| CommandError::Usage(format!("http.token: {error}")))?;
    let header = authorization(Scheme::Bearer, &token).map_err(|_| {
        CommandError::Usage(format!("http.token: {} holds what no header can carry", source.describe()))
    })?;
    Ok(request.header(AUTHORIZATION, header))
}

async fn judge(url: &Url, answer: Response) -> Result<u8, CommandError> {
    let status = answer.status();
    let body = read_at_most(answer, MAX_ANSWER_BYTES).await.unwrap_or_default();
    let body = String::from_utf8_lossy(&body);
    if status.is_success() {
        output::print(body.trim_end())?;
        return Ok(0);
    }
    let said = body.trim().lines().map(str::trim).collect::<Vec<_>>().join("; ");
    let colon = if said.is_empty() { "" } else { ": " };
    Err(CommandError::Failed(format!("{url} answers {}{colon}{said}", status.as_u16())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemon_that_listens_everywhere_is_asked_on_loopback() {
        for (listen, asked) in [
            ("127.0.0.1:9464", "http://127.0.0.1:9464/readyz"),
            ("0.0.0.0:9464", "http://127.0.0.1:9464/readyz"),
            ("[::]:80", "http://[::1]/readyz"),
            ("192.0.2.7:9464", "http://192.0.2.7:9464/readyz"),
        ] {
            assert_eq!(address(listen.parse().unwrap(), false).unwrap().as_str(), asked);
        }
        let live = address("127.0.0.1:9464".parse().unwrap(), true).unwrap();
        assert_eq!(live.as_str(), "http://127.0.0.1:9464/healthz");
    }
}
