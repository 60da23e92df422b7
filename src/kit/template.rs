//! Templates of files: text with places such as `@folder@`.

/// `template` with the text for each place. What is put in is not looked at again, so that it may hold anything. A place
/// without a text stays as it is, which a test of all templates would find.
pub(super) fn filled(template: &str, places: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('@') {
        text.push_str(before);
        let place = behind.split_once('@').and_then(|(name, after)| {
            places.iter().find(|(place, _)| *place == name).map(|(_, value)| (*value, after))
        });
        if let Some((value, after)) = place {
            text.push_str(value);
            rest = after;
        } else {
            text.push('@');
            rest = behind;
        }
    }
    text + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_filled_once() {
        let places = [("a", "@b@"), ("b", "2")];
        assert_eq!(filled("@a@ and @b@, me@b.example and @c@", &places), "@b@ and 2, me@b.example and @c@");
        assert_eq!(filled("", &places), "");
        assert_eq!(filled("@@b@@", &places), "@2@");
    }
}
