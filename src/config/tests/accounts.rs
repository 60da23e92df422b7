//! Accounts and the key of stored tokens: their defaults, and what a person is told about them, word for word.

use std::sync::Arc;

use reqwest::Url;

use super::{VALID, problems, valid, with};
use crate::config::{
    Account, AccountSystem, AngelcamAccount, AngelcamSignIn, OAuthClient, SecretSource, SimacanAccount,
};

const SIMACAN: &str = r#"[[accounts]]
name = "partner"
kind = "simacan"
base_url = "https://auth.example.com/api/v1"
username = "exporter@example.com"
password = { file = "secrets/partner" }
"#;

const ANGELCAM: &str = r#"[[accounts]]
name = "angelcam"
kind = "angelcam"
client_id = "CID"
"#;

fn assert_problem(text: &str, expected: &str) {
    assert_eq!(problems(text), [expected], "{text}");
}

/// Both accounts are read below `VALID`, whose last line is 9: their own sections begin in line 10.
fn account(text: &str) -> Arc<Account> {
    valid(&format!("{VALID}{text}")).accounts.remove(0)
}

fn simacan(account: &Account) -> &SimacanAccount {
    match &account.system {
        AccountSystem::Simacan(simacan) => simacan,
        AccountSystem::Angelcam(_) => panic!("an account at Angelcam"),
    }
}

fn angelcam(account: &Account) -> &AngelcamAccount {
    match &account.system {
        AccountSystem::Angelcam(angelcam) => angelcam,
        AccountSystem::Simacan(_) => panic!("an account at Simacan"),
    }
}

fn client(account: &Account) -> &OAuthClient {
    match &angelcam(account).sign_in {
        AngelcamSignIn::OAuth(client) => client,
        AngelcamSignIn::PersonalToken(_) => panic!("a personal access token"),
    }
}

#[test]
fn nothing_of_it_needs_to_be_there() {
    let config = valid(VALID);
    assert!(config.token_key.is_none());
    assert!(config.accounts.is_empty() && config.deliveries.is_empty() && config.inventories.is_empty());
}

#[test]
fn a_simacan_account_allows_the_password_after_an_invalid_grant_only_when_told() {
    let partner = account(SIMACAN);
    assert_eq!((&*partner.name, partner.system.as_str()), ("partner", "simacan"));
    let SimacanAccount { base_url, username, password, password_after_invalid_grant } = simacan(&partner);
    assert_eq!(base_url.as_str(), "https://auth.example.com/api/v1");
    assert_eq!(username, "exporter@example.com");
    assert_eq!(password.describe(), "file secrets/partner");
    assert!(!password_after_invalid_grant);
    let told = account(&format!("{SIMACAN}password_after_invalid_grant = true\n"));
    assert!(simacan(&told).password_after_invalid_grant);
}

#[test]
fn an_angelcam_account_has_the_addresses_of_the_contract() {
    let account = account(ANGELCAM);
    assert_eq!((&*account.name, account.system.as_str()), ("angelcam", "angelcam"));
    let AngelcamAccount { api_url, space_id, .. } = angelcam(&account);
    assert_eq!((api_url.as_str(), space_id), ("https://api.angelcam.com/v1", &None));
    let client = client(&account);
    assert_eq!(client.client_id, "CID");
    assert!(client.client_secret.is_none() && client.redirect_uri.is_none());
    assert_eq!(client.scope, "user_access camera_access");
    assert_eq!(client.authorize_url.as_str(), "https://my.angelcam.com/oauth/authorize/");
    assert_eq!(client.token_url.as_str(), "https://my.angelcam.com/oauth/token/");
    assert_eq!(client.revoke_url.as_str(), "https://my.angelcam.com/oauth/token-revoke/");
    assert!(!client.multipart_exchange);
}

#[test]
fn everything_of_an_angelcam_account_can_be_set() {
    let account = account(&format!(
        "{ANGELCAM}{}",
        r#"client_secret = { env = "SEC" }
redirect_uri = "http://127.0.0.1:8400/callback"
scope = "read"
authorize_url = "https://api.angelcam.com/oauth/authorize"
token_url = "https://api.angelcam.com/oauth/token/?v=1"
revoke_url = "http://[::1]:8400/revoke/"
api_url = "http://localhost:8400/v1/"
space_id = "a~!7"
exchange_encoding = "multipart"
"#
    ));
    let AngelcamAccount { api_url, space_id, .. } = angelcam(&account);
    assert_eq!((api_url.as_str(), space_id.as_deref()), ("http://localhost:8400/v1/", Some("a~!7")));
    let client = client(&account);
    assert_eq!(
        client.client_secret.as_ref().map(SecretSource::describe).as_deref(),
        Some("environment variable SEC")
    );
    assert_eq!(client.redirect_uri.as_ref().map(Url::as_str), Some("http://127.0.0.1:8400/callback"));
    assert_eq!(client.scope, "read");
    assert_eq!(client.authorize_url.as_str(), "https://api.angelcam.com/oauth/authorize");
    assert_eq!(client.token_url.as_str(), "https://api.angelcam.com/oauth/token/?v=1");
    assert_eq!(client.revoke_url.as_str(), "http://[::1]:8400/revoke/");
    assert!(client.multipart_exchange);
}

#[test]
fn a_personal_access_token_is_used_instead_of_a_sign_in_whatever_else_is_there() {
    let token = "personal_access_token = { file = \"secrets/pat\" }\n";
    for text in
        [format!("{ANGELCAM}{token}"), format!("{}{token}", ANGELCAM.replace("client_id = \"CID\"\n", ""))]
    {
        match &angelcam(&account(&text)).sign_in {
            AngelcamSignIn::PersonalToken(source) => assert_eq!(source.describe(), "file secrets/pat"),
            AngelcamSignIn::OAuth(_) => panic!("a sign-in"),
        }
    }
    assert_problem(
        &format!("{VALID}{ANGELCAM}{token}exchange_encoding = \"json\"\n"),
        "line 15: accounts[0].exchange_encoding: expected one of form, multipart; found \"json\"",
    );
    assert_problem(
        &format!("{VALID}{}personal_access_token = {{}}\n", ANGELCAM.replace("client_id = \"CID\"\n", "")),
        "line 13: accounts[0].personal_access_token: expected exactly one of file, env, credential; found none of them",
    );
}

#[test]
fn simacan_accounts_are_judged() {
    for (from, to, problem) in [
        (
            "kind = \"simacan\"",
            "kind = \"simcan\"",
            "line 12: accounts[0].kind: expected one of simacan, angelcam; found \"simcan\"; did you mean \"simacan\"?",
        ),
        (
            "kind = \"simacan\"\n",
            "",
            "line 10: accounts[0].kind: expected one of simacan, angelcam; found nothing",
        ),
        ("\"simacan\"", "7", "line 12: accounts[0].kind: expected a string; found an integer"),
        (
            "\"partner\"",
            "\"Partner\"",
            "line 11: accounts[0].name: expected a name like [a-z0-9][a-z0-9_-]*, at most 64 characters; found \"Partner\"",
        ),
        (
            "https://auth.example.com",
            "http://auth.example.com",
            "line 13: accounts[0].base_url: expected https://, or http:// to this machine only; found \"http://auth.example.com/api/v1\"; write https://",
        ),
        (
            "/api/v1",
            "?key=s3cret",
            "line 13: accounts[0].base_url: expected a URL without query and fragment; found one with them",
        ),
        (
            "base_url = \"https://auth.example.com/api/v1\"\n",
            "",
            "line 10: accounts[0].base_url: expected a string; found nothing",
        ),
        (
            "\"exporter@example.com\"",
            "\" \"",
            "line 14: accounts[0].username: expected a text that is not empty; found an empty one",
        ),
        (
            "password = { file = \"secrets/partner\" }\n",
            "",
            "line 10: accounts[0].password: expected a secret such as { file = \"...\" }; found nothing",
        ),
        (
            "{ file = \"secrets/partner\" }",
            "{ file = \"s3cret\", env = \"s3cret\" }",
            "line 15: accounts[0].password: expected exactly one of file, env, credential; found file and env",
        ),
        (
            "username",
            "password_after_invalid_grant = \"yes\"\nusername",
            "line 14: accounts[0].password_after_invalid_grant: expected true or false; found a string",
        ),
        (
            "username",
            "client_id = \"CID\"\nusername",
            "line 14: accounts[0].client_id: expected one of name, kind, base_url, username, password, password_after_invalid_grant; found an unknown key",
        ),
    ] {
        assert!(SIMACAN.contains(from), "{from}");
        assert_problem(&format!("{VALID}{}", SIMACAN.replacen(from, to, 1)), problem);
    }
}

#[test]
fn angelcam_accounts_are_judged() {
    let keys = "name, kind, client_id, client_secret, redirect_uri, scope, authorize_url, token_url, revoke_url, \
                exchange_encoding, personal_access_token, api_url, space_id";
    let letters = "expected the URL as it is sent, since it is compared letter by letter";
    for (line, problem) in [
        ("client_secret = 5", "client_secret: expected a table; found an integer".to_owned()),
        ("scope = \"\"", "scope: expected a text that is not empty; found an empty one".to_owned()),
        (
            "redirect_uri = \"/callback\"",
            "redirect_uri: expected an https:// URL; found text that is none (relative URL without a base)".to_owned(),
        ),
        (
            "redirect_uri = \"http://app.example.com/cb\"",
            "redirect_uri: expected https://, or http:// to this machine only; found \"http://app.example.com/cb\"; write https://".to_owned(),
        ),
        (
            "redirect_uri = \"https://app.example.com/cb#here\"",
            "redirect_uri: expected a URL without fragment; found one with a fragment".to_owned(),
        ),
        (
            "redirect_uri = \"https://ops@app.example.com/cb\"",
            "redirect_uri: expected a URL without user name and password; found one with them".to_owned(),
        ),
        (
            "redirect_uri = \"http://127.0.0.1:8400\"",
            format!("redirect_uri: {letters}; found \"http://127.0.0.1:8400\"; write \"http://127.0.0.1:8400/\", and register it so"),
        ),
        (
            "token_url = \"http://my.angelcam.com/oauth/token/?key=s3cret\"",
            "token_url: expected https://, or http:// to this machine only; found \"http://my.angelcam.com/oauth/token/\"; write https://".to_owned(),
        ),
        (
            "authorize_url = \"ftp://my.angelcam.com/\"",
            "authorize_url: expected an https:// URL; found \"ftp://my.angelcam.com/\"".to_owned(),
        ),
        (
            "revoke_url = \"https://my.angelcam.com/#\"",
            "revoke_url: expected a URL without fragment; found one with a fragment".to_owned(),
        ),
        (
            "api_url = \"https://api.angelcam.com/v1?limit=1\"",
            "api_url: expected a URL without query and fragment; found one with them".to_owned(),
        ),
        (
            "exchange_encoding = \"multi-part\"",
            "exchange_encoding: expected one of form, multipart; found \"multi-part\"; did you mean \"multipart\"?".to_owned(),
        ),
        (
            "space_id = \"7\\r\\nX-Evil: 1\"",
            "space_id: expected visible ASCII characters, without spaces; found \"7\\r\\nX-Evil: 1\"".to_owned(),
        ),
        (
            "space_id = \"\"",
            "space_id: expected visible ASCII characters, without spaces; found \"\"".to_owned(),
        ),
        ("space_id = 7", "space_id: expected a string; found an integer".to_owned()),
        ("base_url = \"x\"", format!("base_url: expected one of {keys}; found an unknown key")),
    ] {
        assert_problem(&format!("{VALID}{ANGELCAM}{line}\n"), &format!("line 14: accounts[0].{problem}"));
    }
    assert_problem(
        &format!("{VALID}{}", ANGELCAM.replace("client_id = \"CID\"\n", "")),
        "line 10: accounts[0].client_id: expected a string, or else a personal_access_token; found nothing",
    );
    for kept in ["http://127.0.0.1:8400/callback", "http://localhost:8400/", "https://app.example.com/cb?x=1"]
    {
        let account = account(&format!("{ANGELCAM}redirect_uri = \"{kept}\"\n"));
        assert_eq!(client(&account).redirect_uri.as_ref().map(Url::as_str), Some(kept));
    }
}

#[test]
fn a_persons_login_at_angelcam_is_refused_with_the_way_to_sign_in() {
    let told = |line: &str, account: &str| {
        format!(
            "line {line}: expected no username and no password, since Angelcam forbids to store them; found one; \
             take it out, and sign in with: audience-exporter auth login {account} --username U --password-stdin"
        )
    };
    let login = "username = \"s3cret\"\npassword = { file = \"s3cret\" }\n";
    assert_eq!(
        problems(&format!("{VALID}{ANGELCAM}{login}")),
        [told("14: accounts[0].username", "angelcam"), told("15: accounts[0].password", "angelcam")]
    );
    assert_eq!(
        problems(&format!("{VALID}{}password = \"s3cret\"\n", ANGELCAM.replace("name = \"angelcam\"\n", ""))),
        [
            "line 10: accounts[0].name: expected a string; found nothing".to_owned(),
            told("13: accounts[0].password", "ACCOUNT")
        ]
    );
}

#[test]
fn one_login_has_one_account() {
    let twice = format!("{VALID}{SIMACAN}{}", SIMACAN.replace("\"partner\"", "\"other\""));
    let [problem] = &problems(&twice)[..] else { panic!("{:?}", problems(&twice)) };
    let expected = "accounts[1].username: expected a username that no other account at the same base_url has; found one \
                    that another account has";
    assert!(problem.ends_with(expected), "{problem}");
    let [first, second] = [SIMACAN.to_owned(), SIMACAN.replace("username = \"", "username = \"another-")];
    valid(&format!("{VALID}{first}{}", second.replace("\"partner\"", "\"other\"")));
}

#[test]
fn accounts_are_tables_with_names_of_their_own() {
    assert_problem(
        &format!("{VALID}{SIMACAN}{}", ANGELCAM.replace("\"angelcam\"\nkind", "\"partner\"\nkind")),
        "line 17: accounts[1].name: expected a name that no other account has; found \"partner\"",
    );
    assert_problem(
        &format!("{VALID}{}", ANGELCAM.replace("[[accounts]]", "[accounts]")),
        "line 10: accounts: expected tables, each under [[accounts]]; found a table",
    );
    valid(&format!("{VALID}{SIMACAN}{ANGELCAM}").replace("\"partner\"", "\"hourly\""));
}

#[test]
fn the_token_key_is_judged() {
    let token_key = |value: &str| with("", &format!("token_key = {value}"));
    let config = valid(&token_key("{ credential = \"token-key\" }"));
    assert_eq!(
        config.token_key.as_ref().map(SecretSource::describe).as_deref(),
        Some("systemd credential token-key")
    );
    assert_problem(
        &token_key("{}"),
        "line 1: token_key: expected exactly one of file, env, credential; found none of them",
    );
    assert_problem(
        &token_key("{ fil = \"s3cret\", env = \"X\" }"),
        "line 1: token_key.fil: expected one of file, env, credential; found an unknown key; did you mean \"file\"?",
    );
    assert_problem(
        &token_key("\" \""),
        "line 1: token_key: expected a text that is not empty; found an empty one",
    );
    assert_problem(&token_key("5"), "line 1: token_key: expected a table; found an integer");
}

#[test]
fn every_literal_earns_a_warning_of_its_own() {
    let text = with("", "token_key = \"s3cret\"")
        + &SIMACAN.replace("{ file = \"secrets/partner\" }", "\"s3cret\"")
        + ANGELCAM
        + "client_secret = \"s3cret\"\npersonal_access_token = \"s3cret\"\n";
    let moved = "stands in the configuration; move it into a file and write";
    assert_eq!(
        valid(&text).warnings,
        [
            format!("token_key {moved} token_key = {{ file = \"secrets/token_key\" }}"),
            format!(
                "account \"partner\": its password {moved} password = {{ file = \"secrets/partner-password\" }}"
            ),
            format!(
                "account \"angelcam\": its client_secret {moved} client_secret = {{ file = \"secrets/angelcam-client_secret\" }}"
            ),
            format!(
                "account \"angelcam\": its personal_access_token {moved} personal_access_token = {{ file = \"secrets/angelcam-personal_access_token\" }}"
            ),
        ]
    );
    let refused = problems(&text.replace("kind = \"simacan\"", "kind = \"s\""));
    assert!(!refused.is_empty() && refused.iter().all(|problem| !problem.contains("s3cret")), "{refused:?}");
}
