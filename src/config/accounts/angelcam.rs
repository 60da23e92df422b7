//! Accounts at Angelcam: OAuth 2, or a personal access token instead.

use reqwest::Url;

use super::Secrets;
use crate::config::{
    SecretSource,
    report::{Mismatch, NOTHING, Reported},
    rules,
    section::Section,
    suggest::one_of,
    urls,
};

const PERSONAL_ACCESS_TOKEN: &str = "personal_access_token";

const SCOPE: &str = "user_access camera_access";
const AUTHORIZE_URL: &str = "https://my.angelcam.com/oauth/authorize/";
const TOKEN_URL: &str = "https://my.angelcam.com/oauth/token/";
const REVOKE_URL: &str = "https://my.angelcam.com/oauth/token-revoke/";
const API_URL: &str = "https://api.angelcam.com/v1";
const EXCHANGE_ENCODING: &str = "form";

/// How the exchange of a code is encoded, by its word, and whether that is multipart.
const EXCHANGE_ENCODINGS: [(&str, bool); 2] = [("form", false), ("multipart", true)];

/// An account at Angelcam (Angelcam contract).
pub struct AngelcamAccount {
    /// How requests are authorized.
    pub sign_in: AngelcamSignIn,
    /// Where cameras are listed; the path is joined to it.
    pub api_url: Url,
    /// The space that is asked, visible ASCII for a header; `None` = the default space of the account.
    pub space_id: Option<String>,
}

/// How requests to Angelcam are authorized.
#[expect(clippy::large_enum_variant, reason = "there are few, each behind an Arc")]
pub enum AngelcamSignIn {
    /// With tokens that a person's sign-in starts.
    OAuth(OAuthClient),
    /// With a token that never expires (section 5).
    PersonalToken(SecretSource),
}

/// What Angelcam knows this program by, and where it signs in (sections 2 to 4).
#[derive(Clone)]
pub struct OAuthClient {
    /// From the vendor; not empty.
    pub client_id: String,
    /// From the vendor, where the client has one.
    pub client_secret: Option<SecretSource>,
    /// Where the browser is sent after the sign-in, exactly as it is registered with the vendor.
    pub redirect_uri: Option<Url>,
    /// What is asked to be allowed, separated by spaces.
    pub scope: String,
    /// Where a person signs in, as it is.
    pub authorize_url: Url,
    /// Where tokens are made, as it is.
    pub token_url: Url,
    /// Where tokens are revoked, as it is.
    pub revoke_url: Url,
    /// Whether the exchange of a code is posted as multipart/form-data (section 3, step 5).
    pub multipart_exchange: bool,
}

pub(super) fn read(section: &mut Section<'_>, secrets: &Secrets<'_>) -> Result<AngelcamAccount, Reported> {
    let client = oauth_client(section, secrets);
    let personal_token = secrets.optional(section, PERSONAL_ACCESS_TOKEN);
    let api_url = section.text_or("api_url", API_URL, urls::base);
    let space_id = section.optional_text("space_id", rules::header_value);
    let without_login = refuse_login(section, secrets.account);
    let client = client?;
    without_login?;
    Ok(AngelcamAccount {
        sign_in: personal_token?.map_or(AngelcamSignIn::OAuth(client), AngelcamSignIn::PersonalToken),
        api_url: api_url?,
        space_id: space_id?,
    })
}

fn oauth_client(section: &mut Section<'_>, secrets: &Secrets<'_>) -> Result<OAuthClient, Reported> {
    let client_id = client_id(section);
    let client_secret = secrets.optional(section, "client_secret");
    let redirect_uri = section.optional_text("redirect_uri", urls::verbatim);
    let scope = section.text_or("scope", SCOPE, rules::filled);
    let authorize_url = section.text_or("authorize_url", AUTHORIZE_URL, urls::whole);
    let token_url = section.text_or("token_url", TOKEN_URL, urls::whole);
    let revoke_url = section.text_or("revoke_url", REVOKE_URL, urls::whole);
    let encoding = section.text_or("exchange_encoding", EXCHANGE_ENCODING, |text| {
        one_of(text, &EXCHANGE_ENCODINGS, |(word, _)| word)
    });
    let (_, multipart_exchange) = encoding?;
    Ok(OAuthClient {
        client_id: client_id?,
        client_secret: client_secret?,
        redirect_uri: redirect_uri?,
        scope: scope?,
        authorize_url: authorize_url?,
        token_url: token_url?,
        revoke_url: revoke_url?,
        multipart_exchange,
    })
}

/// Beside a personal access token nobody signs in, so that the client may be left out.
fn client_id(section: &mut Section<'_>) -> Result<String, Reported> {
    match section.optional_text("client_id", rules::filled)? {
        Some(client_id) => Ok(client_id),
        None if section.has(PERSONAL_ACCESS_TOKEN) => Ok(String::new()),
        None => {
            let mismatch = Mismatch::new("a string, or else a personal_access_token", NOTHING);
            Err(section.reject("client_id", mismatch))
        }
    }
}

/// Angelcam contract, section 2: a person's login is never stored, in any form.
fn refuse_login(section: &mut Section<'_>, account: Option<&str>) -> Result<(), Reported> {
    let account = account.unwrap_or("ACCOUNT");
    let mut outcome = Ok(());
    for key in ["username", "password"] {
        if section.has(key) {
            section.skip(key);
            let expected = "no username and no password, since Angelcam forbids to store them";
            let mismatch = Mismatch::new(expected, "one").hint(format!(
                "take it out, and sign in with: audience-exporter auth login {account} --username U --password-stdin"
            ));
            outcome = Err(section.reject(key, mismatch));
        }
    }
    outcome
}
