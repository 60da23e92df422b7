//! Streams: `[[streams]]`, and `streams_file` through [`fleet`].

use std::{collections::BTreeMap, io, path::Path, sync::Arc};

use chrono_tz::Tz;

use super::{
    SecretSource, Stream, fleet,
    names::Names,
    reference,
    report::{Mismatch, NOTHING, Reported},
    rules,
    section::Section,
};

/// Gives the text of a file.
pub(super) type ReadSheet<'a> = dyn Fn(&Path) -> io::Result<String> + 'a;

/// What streams take from the rest of the configuration.
pub(super) struct Context<'a> {
    /// Where relative paths start.
    pub(super) base: &'a Path,
    /// The default zone.
    pub(super) timezone: Tz,
    /// Reads the spreadsheet.
    pub(super) read_sheet: &'a ReadSheet<'a>,
}

/// Reads every stream, in the order of the configuration, spreadsheet last. There must be one.
pub(super) fn read(root: &mut Section<'_>, context: &Context<'_>, names: &mut Names) -> Vec<Arc<Stream>> {
    let problems_before = root.report().problem_count();
    let mut streams = root.sections("streams", names, |section, names| stream(section, context, names));
    streams.extend(fleet::read(root, context, names));
    if streams.is_empty() && root.report().problem_count() == problems_before {
        root.reject(
            "streams",
            Mismatch::new("at least one stream, under [[streams]] or in a streams_file", NOTHING),
        );
    }
    warn_about_literals(&streams, root);
    streams.into_iter().map(Arc::new).collect()
}

fn stream(section: &mut Section<'_>, context: &Context<'_>, names: &mut Names) -> Result<Stream, Reported> {
    let name = names.read(section);
    let username = section.text("username", rules::filled);
    let client_id = section.text("client_id", rules::filled);
    let access_token = reference::read(section, "access_token", context.base);
    let timezone = section.text_or("timezone", context.timezone.name(), rules::zone);
    let tags = section.section("tags", tags);
    Ok(Stream {
        name: name?,
        username: username?,
        client_id: client_id?,
        access_token: access_token?,
        timezone: timezone?,
        tags: tags?.unwrap_or_default(),
    })
}

/// An empty text is no tag, as in a spreadsheet.
fn tags(section: &mut Section<'_>) -> Result<BTreeMap<String, String>, Reported> {
    let tags = section.entries(|key, text| Ok((rules::tag_key(key)?, text.to_owned())))?;
    Ok(tags.into_iter().filter(|(_, text)| !text.is_empty()).collect())
}

/// One sentence, however many streams: a fleet would drown everything else.
fn warn_about_literals(streams: &[Stream], root: &mut Section<'_>) {
    let literal = streams.iter().filter(|stream| matches!(stream.access_token, SecretSource::Literal(_)));
    let names: Vec<&str> = literal.map(|stream| &*stream.name).collect();
    let Some(first) = names.first() else { return };
    let whose = match names.len() {
        1 => format!("stream \"{first}\": its access_token stands"),
        count => format!("{count} streams (\"{first}\" and others): their access_token stands"),
    };
    let warning = reference::literal_warning(&whose, "access_token", first);
    root.report().warn(warning);
}
