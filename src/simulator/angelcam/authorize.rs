//! The page in the browser that asks whether a client may read the cameras (Angelcam contract, section 3).

use std::sync::Arc;

use axum::{
    extract::{RawQuery, State},
    http::{StatusCode, header::LOCATION},
    response::{Html, IntoResponse, Response},
};
use reqwest::Url;

use super::{Angelcam, redirect};
use crate::simulator::{accounts::form::Form, accounts::lock, credentials::CLIENT_ID, server::Server};

const REQUIRED: [&str; 4] = ["response_type", "client_id", "redirect_uri", "scope"];
const OPTIONAL: [&str; 2] = ["state", "decision"];

/// The scopes that can be asked for.
const SCOPES: [&str; 5] = ["read", "write", "user_access", "camera_access", "space_access"];

pub(super) async fn ask(State(server): State<Arc<Server>>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let refuse = |text: &'static str| (StatusCode::BAD_REQUEST, text).into_response();
    let Some(form) = Form::decode(&query) else { return refuse("Malformed query") };
    if form.get("client_id") != Some(CLIENT_ID) {
        return refuse("Invalid client_id parameter value.");
    }
    let redirect_uri = form.get("redirect_uri").unwrap_or_default();
    let Some(target) = redirect::registered(redirect_uri, server.angelcam.any_redirect_uri) else {
        return refuse("Mismatching redirect URI");
    };
    match (problem(&form), form.get("decision")) {
        (Some(error), _) => lead_back(target, &form, "error", error),
        (None, Some("allow")) => {
            let code = server.angelcam.make_code(&form, &server);
            lead_back(target, &form, "code", &code)
        }
        (None, Some("deny")) => lead_back(target, &form, "error", "access_denied"),
        (None, Some(_)) => refuse("decision: expected allow or deny"),
        (None, None) => Html(page(&form, &query)).into_response(),
    }
}

impl Angelcam {
    fn make_code(&self, form: &Form, server: &Server) -> String {
        let now = server.now();
        // A vendor sample ends with a dot, too.
        let code = format!("{}.", self.mint.opaque(now));
        let [redirect_uri, scope] = ["redirect_uri", "scope"].map(|name| form.get(name).unwrap_or_default());
        lock(&self.codes).put(&code, redirect_uri, scope, now);
        code
    }
}

/// What is wrong with a question whose asker is known.
fn problem(form: &Form) -> Option<&'static str> {
    let scope = form.get("scope").unwrap_or_default();
    let known = scope.split(' ').all(|name| SCOPES.contains(&name));
    if !known {
        Some("invalid_scope")
    } else if form.get("response_type") != Some("code") {
        Some("unsupported_response_type")
    } else if !form.holds(&REQUIRED, &OPTIONAL) {
        Some("invalid_request")
    } else {
        None
    }
}

fn lead_back(target: Url, form: &Form, name: &str, value: &str) -> Response {
    let target = redirect::answered(target, form.get("state"), name, value);
    (StatusCode::FOUND, [(LOCATION, target.to_string())]).into_response()
}

fn page(form: &Form, query: &str) -> String {
    let scope = escaped(form.get("scope").unwrap_or_default());
    let query = escaped(query);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Simulated Angelcam</title>\n\
         <style>body {{ font: 1.1em sans-serif; max-width: 32em; margin: 4em auto; }}\n\
         a {{ padding: .5em 1.5em; margin-right: 1em; border: 1px solid; border-radius: .3em; }}</style></head>\n\
         <body><h1>Simulated Angelcam: allow {CLIENT_ID} to read your cameras?</h1>\n\
         <p>This page stands in for the real one, for trying things out: nothing behind it is real.</p>\n\
         <p>It asks for: {scope}</p>\n\
         <p><a href=\"?{query}&amp;decision=allow\">Allow</a> <a href=\"?{query}&amp;decision=deny\">Decline</a></p>\n\
         </body></html>\n"
    )
}

/// `text` as HTML, in attributes too.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_runs_nothing_and_repeats_nothing_unescaped() {
        let query = "scope=read&state='\"<script>";
        let form = Form::decode(query).unwrap();
        let page = page(&form, query);
        assert!(page.contains("allow simulated-client to read your cameras?"));
        assert!(!page.contains("<script") && !page.contains("src="));
        assert!(page.contains("href=\"?scope=read&amp;state=&#39;&quot;&lt;script&gt;&amp;decision=allow\""));
    }

    #[test]
    fn a_bad_question_has_the_error_of_rfc_6749() {
        let good = "response_type=code&client_id=c&redirect_uri=r&scope=user_access%20camera_access";
        let problem = |query: &str| problem(&Form::decode(query).unwrap());
        assert_eq!(problem(good), None);
        assert_eq!(problem(&format!("{good}&state=s&decision=allow")), None);
        assert_eq!(problem(&good.replace("=code", "=token")), Some("unsupported_response_type"));
        assert_eq!(problem(&good.replace("user_access", "root")), Some("invalid_scope"));
        assert_eq!(problem(&good.replace("scope", "scopes")), Some("invalid_scope"));
        assert_eq!(problem(&format!("{good}&code_challenge=x")), Some("invalid_request"));
    }
}
