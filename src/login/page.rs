//! The pages that a browser shows at the end of a sign-in: nothing in them comes from elsewhere.

use axum::{
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// Nothing may be loaded, kept, framed or told to others.
const HEADERS: [(header::HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONNECTION, "close"),
];

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;min-height:100vh;display:grid;place-items:center;font:18px/1.5 system-ui,sans-serif;\
background:light-dark(#f4f5f7,#16181c);color:light-dark(#1b1f24,#e6e8eb)}\
main{max-width:30rem;margin:1rem;padding:2.5rem;border-radius:1rem;background:light-dark(#fff,#22262c);\
box-shadow:0 1px 4px #0003;text-align:center}\
.mark{font-size:3rem;line-height:1;margin:0 0 1rem}\
h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:.5rem 0 0}\
.good{color:light-dark(#15703a,#5fd08c)}.bad{color:light-dark(#b3261e,#ff8a80)}";

/// A page with one message.
pub(super) struct Page {
    status: StatusCode,
    is_good: bool,
    title: &'static str,
    text: String,
}

impl Page {
    /// It worked.
    pub(super) fn signed_in() -> Self {
        let text = "audience-exporter can list your cameras now. You can close this window.".to_owned();
        Self { status: StatusCode::OK, is_good: true, title: "Signed in", text }
    }

    /// It did not, and why.
    pub(super) fn refused(status: StatusCode, title: &'static str, text: impl Into<String>) -> Self {
        Self { status, is_good: false, title, text: text.into() }
    }

    fn html(&self) -> String {
        let (mark, class) = if self.is_good { ("✓", "good") } else { ("✕", "bad") };
        let (title, text) = (self.title, escaped(&self.text));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <title>{title} – audience-exporter</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
             <p class=\"mark {class}\" aria-hidden=\"true\">{mark}</p>\n<h1>{title}</h1>\n<p>{text}</p>\n\
             </main>\n</body>\n</html>\n"
        )
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        (self.status, HEADERS, Html(self.html())).into_response()
    }
}

/// The service's words are text, whatever they look like.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_service_are_text() {
        let page = Page::refused(StatusCode::OK, "Not signed in", "<script>alert(1)</script> & \"more\"");
        assert!(page.html().contains("<p>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;</p>"));
    }
}
