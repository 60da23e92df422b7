//! `auth login`: in a browser, or with a name and a password that are kept nowhere.

use std::{
    io::{IsTerminal, Read},
    process::{Command, Stdio},
};

use reqwest::Url;
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::zeroize::Zeroizing;

use super::{CommandError, Session, account, accounts, exit_code};
use crate::{
    auth::{AccountSession, AngelcamAuth, AuthError, Grant, NoGrant, Outcome},
    cli::Login,
    commands::output::{self, local},
    config::{AccountSystem, AngelcamAccount, AngelcamSignIn, Config},
    environment,
    login::{Address, CallbackServer, Ending, Pending, STATE_LIFE},
    secret::Secret,
};

/// No password is longer.
const LONGEST_PASSWORD: u64 = 4096;

pub(super) async fn run(session: &Session, args: &Login) -> Result<u8, CommandError> {
    let config = session.config_to_act_on()?;
    let accounts = accounts(session, &config)?;
    let account = account(&config, &accounts, &args.account)?;
    session.stop_on_signals();
    let outcome = match (account.sign_in(), &args.username) {
        (Some(service), Some(username)) => {
            let password = read_password()?;
            keep(&account, service.sign_in(username, &password).await).await
        }
        (Some(service), None) => match in_browser(session, &account, &service).await? {
            Some(outcome) => outcome,
            None => return Ok(1),
        },
        (None, username) => by_configuration(&account, username.is_some()).await?,
    };
    accounts.finish().await;
    match outcome {
        Ok(()) => {
            output::print(&signed_in(session, &config, &account))?;
            Ok(0)
        }
        Err(error) => {
            eprintln!("audience-exporter: not signed in to {}: {error}", args.account);
            Ok(exit_code(error.kind()))
        }
    }
}

fn signed_in(session: &Session, config: &Config, account: &AccountSession) -> String {
    let view = account.view(session.clock.now());
    let until = view.expires_at.map(|end| format!("; the token lasts until {}", local(end, config.timezone)));
    format!("signed in to {}{}, and is renewed by itself", view.name, until.unwrap_or_default())
}

async fn keep(account: &AccountSession, outcome: Outcome) -> Result<(), AuthError> {
    let grant: Grant = outcome.map_err(|refusal| match refusal {
        NoGrant::Refused { message } => {
            AuthError::Refused { message: format!("{message}; nothing was kept") }
        }
        other => other.into(),
    })?;
    match account.tokens() {
        Some(tokens) => tokens.adopt(grant).await,
        None => Ok(()),
    }
}

/// An account whose credentials stand in the configuration: a person wants them tried again.
async fn by_configuration(
    account: &AccountSession,
    has_username: bool,
) -> Result<Result<(), AuthError>, CommandError> {
    let name = &account.account().name;
    let usage = |text: &str| Err(CommandError::Usage(format!("account {name} {text}")));
    let Some(tokens) = account.tokens() else {
        return usage("uses a personal access token: there is nothing to sign in to");
    };
    if has_username {
        return usage("signs in with the username and password in the configuration; leave --username out");
    }
    if let Err(error) = tokens.clear_refusal().await {
        return Ok(Err(error));
    }
    Ok(tokens.token(None).await.map(|_| ()))
}

fn read_password() -> Result<Secret, CommandError> {
    let usage = |text: &str| CommandError::Usage(format!("--password-stdin: {text}"));
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(usage(
            "a password that is typed here would be seen; pipe it in, for example: \
             read -rs P; printf %s \"$P\" | audience-exporter auth login ...",
        ));
    }
    let mut text = Zeroizing::new(String::with_capacity(4200));
    let read = stdin.lock().take(LONGEST_PASSWORD + 1).read_to_string(&mut text);
    read.map_err(|error| usage(&format!("cannot be read: {error}")))?;
    let password = text.strip_suffix('\n').unwrap_or(&text);
    let password = password.strip_suffix('\r').unwrap_or(password);
    match password.len() as u64 {
        0 => Err(usage("there is no password on standard input")),
        length if length > LONGEST_PASSWORD => Err(usage("no password is longer than 4096 bytes")),
        _ => Ok(Secret::new(password.to_owned())),
    }
}

/// `None` where the person, or time, ended it; that is told already.
async fn in_browser(
    session: &Session,
    account: &AccountSession,
    service: &AngelcamAuth,
) -> Result<Option<Result<(), AuthError>>, CommandError> {
    let name = &account.account().name;
    let redirect_uri = redirect_uri(account).ok_or_else(|| {
        CommandError::Usage(format!(
            "account {name} has no redirect_uri, so no browser can come back; set the one that is registered for the \
             client, or sign in with --username and --password-stdin"
        ))
    })?;
    let address = Address::of(redirect_uri).map_err(|error| CommandError::Usage(error.to_string()))?;
    let fill = |bytes: &mut [u8]| SystemRandom::new().fill(bytes).is_ok();
    let pending = Pending::begin(session.clock.now(), fill)
        .ok_or_else(|| CommandError::Failed("the system has no randomness".to_owned()))?;
    let url = service.authorize_url(redirect_uri, pending.state());
    let server = CallbackServer::start(&address, pending, session.clock.clone()).await;
    let mut server = server.map_err(|error| CommandError::Failed(error.to_string()))?;
    let opened = open_in_browser(&url);
    output::print(&invitation(name, &url, redirect_uri, address.port(), opened))?;
    let limit = STATE_LIFE.to_std().unwrap_or_default();
    let ending = tokio::select! {
        ending = server.ending() => ending,
        () = tokio::time::sleep(limit) => {
            eprintln!("audience-exporter: nobody signed in within 10 minutes; start it again");
            None
        }
        () = session.shutdown.requested() => None,
    };
    let outcome = match ending {
        Some(Ending::Code(code, told)) => {
            let outcome = keep(account, service.exchange(&code, redirect_uri).await).await;
            let shown = outcome.as_ref().copied().map_err(ToString::to_string);
            // A browser that went away needs no answer.
            _ = told.send(shown);
            Some(outcome)
        }
        Some(Ending::Declined(reason)) => {
            eprintln!("audience-exporter: not signed in to {name}: {reason}");
            None
        }
        None => None,
    };
    server.finish().await;
    Ok(outcome)
}

fn redirect_uri(account: &AccountSession) -> Option<&Url> {
    match &account.account().system {
        AccountSystem::Angelcam(AngelcamAccount { sign_in: AngelcamSignIn::OAuth(client), .. }) => {
            client.redirect_uri.as_ref()
        }
        _ => None,
    }
}

fn invitation(name: &str, url: &Url, redirect_uri: &Url, port: u16, opened: bool) -> String {
    let how = if opened {
        "A browser was opened to sign in. If it was not, open this address:"
    } else {
        "Open this address in a browser on this machine to sign in:"
    };
    format!(
        "{how}\n\n{url}\n\nWaiting for 10 minutes at {redirect_uri} (account {name}).\n\
         With the browser on another machine, first run there:\n  ssh -L {port}:127.0.0.1:{port} <this machine>"
    )
}

/// Opens the page where a person sits before a screen. Says whether a browser was started.
fn open_in_browser(url: &Url) -> bool {
    let has_screen = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| environment::variable(name).is_some());
    let opener = match (cfg!(target_os = "macos"), has_screen) {
        (true, _) => "open",
        (false, true) => "xdg-open",
        (false, false) => return false,
    };
    if !std::io::stdout().is_terminal() {
        return false;
    }
    let null = Stdio::null;
    Command::new(opener).arg(url.as_str()).stdin(null()).stdout(null()).stderr(null()).spawn().is_ok()
}
