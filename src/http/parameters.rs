//! What stands after the question mark of an address.

use std::str::FromStr;

use super::problem::Problem;

/// Named values, each of which is taken once. What nobody took is a mistake of the asker, who should know of it.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Those of a query (<https://url.spec.whatwg.org/#urlencoded-parsing>).
    pub(super) fn parse(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    /// Every value of `name`.
    pub(super) fn all(&mut self, name: &str) -> Vec<String> {
        let taken = self.0.extract_if(.., |(known, _)| known == name);
        taken.map(|(_, value)| value).collect()
    }

    /// The value of `name`.
    pub(super) fn one(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = self.all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            _ => Err(Problem::wrong(format!("{name} is given more than once"))),
        }
    }

    /// The value of `name`, which has to be there.
    pub(super) fn required(&mut self, name: &str) -> Result<String, Problem> {
        self.one(name)?.ok_or_else(|| Problem::wrong(format!("{name} is missing")))
    }

    /// The value of `name` as something else; `what` says as what.
    pub(super) fn parsed<T: FromStr>(&mut self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        let value = self.one(name)?;
        let parsed = value
            .map(|text| text.parse().map_err(|_| Problem::wrong(format!("{name}: {text:?} is not {what}"))));
        parsed.transpose()
    }

    /// Nothing is left.
    pub(super) fn finish(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Problem::wrong(format!("there is no parameter {name:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_or_stands_twice_is_told() {
        let parameters = || Parameters::parse(Some("stream=a%20b&stream=c&limit=5&x="));
        assert_eq!(parameters().all("stream"), ["a b", "c"]);
        assert_eq!(parameters().one("stream"), Err(Problem::wrong("stream is given more than once")));
        assert_eq!(parameters().one("tag"), Ok(None));
        assert_eq!(parameters().parsed("limit", "a number"), Ok(Some(5)));
        let wrong = Problem::wrong("stream is given more than once");
        assert_eq!(parameters().parsed::<u32>("stream", "a number"), Err(wrong));
        assert_eq!(
            Parameters::parse(Some("limit=many")).parsed::<u32>("limit", "a number"),
            Err(Problem::wrong("limit: \"many\" is not a number"))
        );
        let mut asked = parameters();
        asked.all("stream");
        asked.one("limit").unwrap();
        assert_eq!(asked.finish(), Err(Problem::wrong("there is no parameter \"x\"")));
        assert_eq!(Parameters::parse(None).finish(), Ok(()));
        assert_eq!(Parameters::parse(None).required("job"), Err(Problem::wrong("job is missing")));
    }
}
