//! `auth status`: every account and stream, how it is, and until when.

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;

use super::{CommandError, Session, accounts, vault};
use crate::{
    angus::AngusClient,
    auth::AccountView,
    cli::AuthStatus,
    commands::output::{self, rough, shortened},
    config::Config,
    exporter::SetupError,
    status::AccountJson,
    time::to_display,
    wire::Timing,
};

#[derive(Serialize)]
struct StatusJson {
    now: String,
    accounts: Vec<AccountJson>,
    streams: Vec<AccountJson>,
}

pub(super) fn run(session: &Session, args: &AuthStatus) -> Result<u8, CommandError> {
    let config = session.config()?;
    let now = session.clock.now().trunc_subsecs(0);
    let accounts = accounts(session, &config)?.views(now);
    let streams = stream_views(session, &config, now)?;
    if args.json {
        let describe = |views: &[AccountView]| views.iter().map(|view| AccountJson::new(view, now)).collect();
        let (accounts, streams) = (describe(&accounts), describe(&streams));
        output::print_json(&StatusJson { now: to_display(now), accounts, streams })?;
    } else {
        output::print(&shown(&accounts, &streams, now))?;
    }
    Ok(0)
}

/// How every stream's token is, by the order of the configuration.
pub(in crate::commands) fn stream_views(
    session: &Session,
    config: &Config,
    now: DateTime<Utc>,
) -> Result<Vec<AccountView>, CommandError> {
    let client =
        AngusClient::new(&config.angus, Timing::real(session.clock.clone())).map_err(SetupError::from)?;
    let vault = vault(config);
    Ok(config.streams.iter().map(|stream| client.session(stream, Some(&vault)).tokens().view(now)).collect())
}

fn shown(accounts: &[AccountView], streams: &[AccountView], now: DateTime<Utc>) -> String {
    let all = || accounts.iter().chain(streams);
    let header = ["account", "kind", "state", "token ends in", "refresh token"];
    let table = output::table(&header, &[], all().map(|view| row(view, now)));
    let messages = all().filter_map(|view| Some(format!("\n{}: {}", view.name, view.message.as_ref()?)));
    let messages: String = messages.collect();
    if messages.is_empty() { table } else { format!("{table}\n{messages}") }
}

fn row(view: &AccountView, now: DateTime<Utc>) -> Vec<String> {
    let ends = match view.expires_at {
        Some(end) if now < end => rough(end - now),
        Some(_) => "ended".to_owned(),
        None => "-".to_owned(),
    };
    let refresh = view
        .refresh_issued_at
        .map_or_else(|| "-".to_owned(), |issued| format!("{} old", rough(now - issued)));
    vec![shortened(&view.name, 24), view.kind.to_owned(), view.state.as_str().to_owned(), ends, refresh]
}
