//! What a token request asks for (Angelcam contract, sections 2 to 4).

use axum::http::HeaderMap;

use crate::simulator::{
    accounts::form::{Form, NoForm},
    credentials::{ANGELCAM_PASSWORD, CLIENT_ID, CLIENT_SECRET, USERNAME},
};

/// A code of RFC 6749, section 5.2.
pub(super) type Error = &'static str;

/// What proves that tokens may be given out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Grant {
    /// A password that was right, for this scope.
    Password {
        scope: String,
    },
    Code {
        code: String,
        redirect_uri: String,
    },
    RefreshToken(String),
}

impl Grant {
    /// Reads a token request. Multipart is for codes only.
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Result<Self, Error> {
        match Form::from_body(headers, body) {
            Ok(form) => Self::of_form(&form),
            Err(NoForm::Malformed) => Err("invalid_request"),
            Err(NoForm::OtherType) => {
                let form = Form::from_multipart(headers, body).map_err(|_| "invalid_request")?;
                let is_code = form.get("grant_type") == Some("authorization_code");
                if is_code { Self::of_form(&form) } else { Err("invalid_request") }
            }
        }
    }

    fn of_form(form: &Form) -> Result<Self, Error> {
        match form.get("grant_type").ok_or("invalid_request")? {
            "password" => Self::of_password(form),
            "authorization_code" => Self::of_code(form),
            "refresh_token" => Self::of_refresh_token(form),
            _ => Err("unsupported_grant_type"),
        }
    }

    fn of_password(form: &Form) -> Result<Self, Error> {
        check_client(form, false)?;
        let required = ["grant_type", "client_id", "username", "password"];
        check(form.holds(&required, &["scope", "client_secret"]), "invalid_request")?;
        let right = form.get("username") == Some(USERNAME) && form.get("password") == Some(ANGELCAM_PASSWORD);
        check(right, "invalid_grant")?;
        // The oldest vendor sample has no scope.
        Ok(Self::Password { scope: form.get("scope").unwrap_or("read").to_owned() })
    }

    fn of_code(form: &Form) -> Result<Self, Error> {
        check_client(form, true)?;
        let required = ["grant_type", "client_id", "client_secret", "code", "redirect_uri"];
        check(form.holds(&required, &[]), "invalid_request")?;
        let [code, redirect_uri] =
            ["code", "redirect_uri"].map(|name| form.get(name).unwrap_or_default().to_owned());
        Ok(Self::Code { code, redirect_uri })
    }

    fn of_refresh_token(form: &Form) -> Result<Self, Error> {
        check_client(form, false)?;
        let required = ["grant_type", "client_id", "refresh_token"];
        check(form.holds(&required, &["client_secret"]), "invalid_request")?;
        Ok(Self::RefreshToken(form.get("refresh_token").unwrap_or_default().to_owned()))
    }
}

/// The token that is to be revoked.
pub(super) fn read_revocation(headers: &HeaderMap, body: &[u8]) -> Result<String, Error> {
    let form = Form::from_body(headers, body).map_err(|_| "invalid_request")?;
    check_client(&form, false)?;
    check(form.holds(&["token", "client_id"], &["client_secret"]), "invalid_request")?;
    Ok(form.get("token").unwrap_or_default().to_owned())
}

/// The secret must be right where there is one, and must be there where it is needed.
fn check_client(form: &Form, needs_secret: bool) -> Result<(), Error> {
    let right = match form.get("client_secret") {
        None => !needs_secret,
        Some(secret) => secret == CLIENT_SECRET,
    };
    check(right && form.get("client_id") == Some(CLIENT_ID), "invalid_client")
}

fn check(good: bool, error: Error) -> Result<(), Error> {
    if good { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    const PASSWORD: &str = "grant_type=password&client_id=simulated-client&username=simulated%40example.com\
        &password=secret-angelcam";
    const CODE: &str = "grant_type=authorization_code&client_id=simulated-client\
        &client_secret=simulated-secret&code=c.&redirect_uri=http%3A%2F%2Flocalhost%2F";
    const REFRESH: &str = "grant_type=refresh_token&client_id=simulated-client&refresh_token=r";

    fn read(body: &str) -> Result<Grant, Error> {
        let form = "application/x-www-form-urlencoded".parse().unwrap();
        Grant::read(&HeaderMap::from_iter([(CONTENT_TYPE, form)]), body.as_bytes())
    }

    #[test]
    fn every_grant_of_the_contract_is_understood() {
        let password = |scope: &str| Ok(Grant::Password { scope: scope.to_owned() });
        assert_eq!(read(PASSWORD), password("read"));
        assert_eq!(read(&format!("{PASSWORD}&scope=user_access")), password("user_access"));
        let code = Grant::Code { code: "c.".into(), redirect_uri: "http://localhost/".into() };
        assert_eq!(read(CODE), Ok(code));
        assert_eq!(read(REFRESH), Ok(Grant::RefreshToken("r".into())));
        assert_eq!(
            read(&format!("{REFRESH}&client_secret=simulated-secret")),
            Ok(Grant::RefreshToken("r".into()))
        );
    }

    #[test]
    fn everything_else_has_the_error_of_rfc_6749() {
        for (body, error) in [
            (String::new(), "invalid_request"),
            ("grant_type=client_credentials".to_owned(), "unsupported_grant_type"),
            (PASSWORD.replace("secret-angelcam", "guess"), "invalid_grant"),
            (PASSWORD.replace("simulated-client", "other"), "invalid_client"),
            (format!("{PASSWORD}&client_secret=wrong"), "invalid_client"),
            (PASSWORD.replace("&password=", "&passwd="), "invalid_request"),
            (CODE.replace("&client_secret=simulated-secret", ""), "invalid_client"),
            (CODE.replace("=simulated-secret", "=wrong"), "invalid_client"),
            (CODE.replace("&redirect_uri=", "&uri="), "invalid_request"),
            (format!("{CODE}&code_verifier=x"), "invalid_request"),
            (format!("{REFRESH}&scope=read"), "invalid_request"),
            (format!("{REFRESH}&refresh_token=r"), "invalid_request"),
        ] {
            assert_eq!(read(&body), Err(error), "{body}");
        }
    }
}
