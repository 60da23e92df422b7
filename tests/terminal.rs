//! What a terminal of 80 columns shows.

mod house;

use audience_exporter::simulator::SimulatorOptions;

use house::House;

/// Names as long as they may be, whatever they are the names of.
fn long_names(text: &str) -> String {
    let (text, _) = text.split_once("[[accounts]]").unwrap();
    let stream = format!("name = \"{}\"", "shopping-centre-entrance-".repeat(2));
    let job = format!("name = \"{}\"", "hourly-figures-of-every-camera");
    text.replace("name = \"lobby\"", &stream).replace("name = \"hourly\"", &job)
}

#[track_caller]
fn assert_narrow(house: &House, arguments: &[&str], says: &str) {
    let ended = house.run(arguments);
    ended.assert(0).says(says);
    for line in ended.stdout.lines() {
        assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        assert!(!line.contains('\u{1b}') && !line.ends_with(' '), "{arguments:?}: {line:?}");
    }
}

#[test]
fn tables_and_lines_of_blocks_fit_whatever_the_names() {
    for names in [|text: &str| text.split_once("[[accounts]]").unwrap().0.to_owned(), long_names] {
        let house = House::of(SimulatorOptions::default());
        house.configure(|text| names(&text));
        assert_narrow(&house, &["status"], "never run");
        house.run(&["pull", "-q"]).assert(0);
        assert_narrow(&house, &["status"], "█");
        let stream = &*house.config().streams[0].name;
        assert_narrow(&house, &["preview", "--stream", stream, "--last", "48h"], "highest");
        assert_narrow(&house, &["preview", "--stream", stream, "--last", "90d"], "highest");
        assert_narrow(&house, &["coverage"], "exported");
    }
}

#[test]
fn what_went_wrong_fits_too_and_commands_are_in_one_piece() {
    let house = House::of(SimulatorOptions::default());
    house.configure(|text| {
        let text = long_names(&text);
        text.replace("access_token = \"secret-", "access_token = \"wrong-")
    });
    house.run(&["pull", "-q"]).assert(3);
    assert_narrow(&house, &["status"], "credentials");
}
