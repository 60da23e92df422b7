//! Streams: `[[streams]]`, and `streams_file` through [`fleet`].

use std::{collections::BTreeMap, path::Path, sync::Arc};

use chrono_tz::Tz;

use super::{
    SecretSource, Stream, fleet,
    names::Names,
    reference,
    report::{Mismatch, NOTHING, Reported},
    rules,
    section::Section,
};

/// What streams take from the rest of the configuration.
pub(super) struct Context<'a> {
    /// Where relative paths start.
    pub(super) base: &'a Path,
    /// The default zone.
    pub(super) timezone: Tz,
}

/// Reads every stream, in the order of the configuration, spreadsheet last. There must be one.
pub(super) fn read(root: &mut Section<'_>, context: &Context<'_>, names: &mut Names) -> Vec<Arc<Stream>> {
    let problems_before = root.report().problem_count();
    let mut streams = root.sections("streams", |section| stream(section, context, names));
    streams.extend(fleet::read(root, context, names));
    if streams.is_empty() && root.report().problem_count() == problems_before {
        root.reject(
            "streams",
            Mismatch::new("at least one stream, under [[streams]] or in a streams_file", NOTHING),
        );
    }
    streams.into_iter().map(Arc::new).collect()
}

fn stream(section: &mut Section<'_>, context: &Context<'_>, names: &mut Names) -> Result<Stream, Reported> {
    let name = names.read(section);
    let username = section.text("username", rules::filled);
    let client_id = section.text("client_id", rules::filled);
    let access_token = reference::read(section, "access_token", context.base);
    let timezone = section.text_or("timezone", context.timezone.name(), rules::zone);
    let tags = section.section("tags", tags);
    let stream = Stream {
        name: name?,
        username: username?,
        client_id: client_id?,
        access_token: access_token?,
        timezone: timezone?,
        tags: tags?.unwrap_or_default(),
    };
    warn_about_literal(&stream, section);
    Ok(stream)
}

/// An empty text is no tag, as in a spreadsheet.
fn tags(section: &mut Section<'_>) -> Result<BTreeMap<String, String>, Reported> {
    let tags = section.entries(|key, text| Ok((rules::tag_key(key)?, text.to_owned())))?;
    Ok(tags.into_iter().filter(|(_, text)| !text.is_empty()).collect())
}

fn warn_about_literal(stream: &Stream, section: &mut Section<'_>) {
    if let SecretSource::Literal(_) = stream.access_token {
        section.report().warn(format!(
            "stream \"{name}\": its access_token stands in the configuration; move it into a file and write \
             access_token = {{ file = \"secrets/{name}\" }}",
            name = stream.name
        ));
    }
}
