//! Text inside SQL, Python, YAML, CSV and Markdown. Names are restricted by the configuration; folders and tags are not.

use std::fmt::Write as _;

/// A literal of SQL.
pub(super) fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An identifier of SQL: a name may be a word of the language, and may hold a hyphen.
pub(super) fn sql_name(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A folder as the beginning of a pattern of file names, in which nothing but itself matches.
pub(super) fn glob(folder: &str) -> String {
    let escaped = folder.chars().map(|character| match character {
        '*' | '?' | '[' => format!("[{character}]"),
        _ => character.to_string(),
    });
    escaped.collect()
}

/// A literal of Python, and a scalar of YAML: both read the escapes of a text in double quotes alike.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => literal.extend(['\\', character]),
            // What is no visible ASCII is named, since YAML allows not all of it.
            ' '..='~' => literal.push(character),
            _ if u32::from(character) <= 0xFFFF => drop(write!(literal, "\\u{:04x}", u32::from(character))),
            _ => drop(write!(literal, "\\U{:08x}", u32::from(character))),
        }
    }
    literal.push('"');
    literal
}

/// A literal in an expression of Jinja, as dbt reads it.
pub(super) fn jinja_text(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A field of CSV.
pub(super) fn csv(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// A cell of a table in Markdown, as it is.
pub(super) fn markdown(cell: &str) -> String {
    cell.chars().fold(String::new(), |mut escaped, character| {
        match character {
            '|' | '\\' | '`' | '*' | '_' | '<' | '[' => escaped.extend(['\\', character]),
            '\n' | '\r' => escaped.push(' '),
            _ => escaped.push(character),
        }
        escaped
    })
}

/// Text in the code of Markdown, on one line.
pub(super) fn code(text: &str) -> String {
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{}{space}{fence}", text.replace(['\n', '\r'], " "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_has_a_meaning_loses_it() {
        assert_eq!(sql_text("/srv/o'brien"), "'/srv/o''brien'");
        assert_eq!(sql_name("back-\"door\""), "\"back-\"\"door\"\"\"");
        assert_eq!(glob("/srv/a[1]*?"), "/srv/a[[]1][*][?]");
        assert_eq!(quoted("a\"b\\c\n\u{e9}\u{1F600}"), r#""a\"b\\c\u000a\u00e9\U0001f600""#);
        assert_eq!(jinja_text(r"a'b\"), r"'a\'b\\'");
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(markdown("a|b_c\nd"), "a\\|b\\_c d");
        assert_eq!(code("plain"), "`plain`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a"), "`` `a ``");
    }

    proptest! {
        /// Whatever the text, no part of it ends the literal.
        #[test]
        fn literals_are_one_token(text in "\\PC{0,8}['\"\\\\`\n]{0,4}\\PC{0,4}") {
            let inside = |literal: &str| literal[1..literal.len() - 1].to_owned();
            prop_assert!(!inside(&sql_text(&text)).replace("''", "").contains('\''));
            prop_assert!(!inside(&sql_name(&text)).replace("\"\"", "").contains('"'));
            let without_escapes = |literal: &str, quote: char| {
                let plain = inside(literal).replace("\\\\", "").replace(&format!("\\{quote}"), "");
                !plain.contains(quote) && !plain.ends_with('\\')
            };
            prop_assert!(without_escapes(&quoted(&text), '"'));
            prop_assert!(without_escapes(&jinja_text(&text), '\''));
            prop_assert!(quoted(&text).bytes().all(|byte| matches!(byte, b' '..=b'~')));
        }

        #[test]
        fn csv_is_read_back(text in "[a-z,\"\n\r]{0,8}") {
            let line = format!("{},x\n", csv(&text));
            let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            prop_assert_eq!(&reader.records().next().unwrap().unwrap()[0], &text);
        }
    }
}
