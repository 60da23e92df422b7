//! Whatever happens, in any order: requests, silence, refusals, lost answers, crashes, sick disks, clocks that jump and
//! a second process. The witness complains of each broken law; those that need the whole story stand here.

use std::thread;

use proptest::prelude::*;

use super::{
    super::{
        error::AuthError,
        record::Standing,
        rules::{AskKind, System},
        token::Token,
    },
    disk::Health,
    service::{Call, Mood},
    stage::{ANGUS, Process, SIMACAN, Stage, Use},
};

#[derive(Debug, Clone)]
pub(super) enum Event {
    /// So many requests at once of each of these processes. Late ones saw an older token refused.
    Requests { of: Vec<usize>, count: usize, late: bool, moods: Vec<Mood> },
    /// Time passes, in seconds.
    Pass(i64),
    /// Somebody moves the clock by seconds.
    Shift(i64),
    /// The target takes none of the tokens any more.
    ExpireEarly,
    /// A process is killed and started again.
    Restart(usize),
    /// The disk falls ill, or is healed.
    Turn(Health),
    /// A person signs in, or wants it tried again.
    Person(usize),
}

fn health() -> impl Strategy<Value = Health> {
    prop::sample::select(vec![Health::Sound, Health::Sound, Health::Gone, Health::ReadOnly])
}

fn mood() -> impl Strategy<Value = Mood> {
    prop_oneof![
        8 => Just(Mood::Honest),
        1 => Just(Mood::WithoutRefresh),
        2 => Just(Mood::Unauthorized),
        1 => Just(Mood::InvalidGrant),
        2 => Just(Mood::Unavailable),
        1 => prop::sample::select(vec![1, 300, 3600]).prop_map(Mood::Busy),
        1 => Just(Mood::Garbage),
        1 => Just(Mood::Unreachable),
        2 => Just(Mood::LostBefore),
        2 => Just(Mood::LostAfter),
        2 => any::<bool>().prop_map(|acts| Mood::Silent { acts }),
        2 => health().prop_map(Mood::Fatal),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let of = prop::sample::select(vec![vec![0], vec![1], vec![0, 1]]);
    let count = prop::sample::select(vec![1, 2, 20]);
    let requests = (of, count, prop::bool::weighted(0.2), prop::collection::vec(mood(), 0..4));
    let jump = prop::sample::select(vec![-900, 900, -3, 3, -7200, 7200]);
    prop_oneof![
        8 => requests.prop_map(|(of, count, late, moods)| Event::Requests { of, count, late, moods }),
        3 => prop::sample::select(vec![1, 59, 200, 299, 300, 3500, 3600, 90_000]).prop_map(Event::Pass),
        1 => jump.prop_map(Event::Shift),
        2 => Just(Event::ExpireEarly),
        1 => (0_usize..2).prop_map(Event::Restart),
        1 => health().prop_map(Event::Turn),
        1 => (0_usize..2).prop_map(Event::Person),
    ]
}

struct World {
    stage: Stage,
    processes: Vec<Process>,
    /// The latest token that each process has used.
    held: [Option<Token>; 2],
    is_clock_honest: bool,
    /// Whether the second process has two threads: then what happens first is left to the machine.
    has_threads: bool,
}

impl World {
    fn new(system: System, has_threads: bool) -> Self {
        let stage = Stage::new(system);
        let processes = (0..2).map(|process| start(&stage, process, has_threads)).collect();
        Self { stage, processes, held: [None, None], is_clock_honest: true, has_threads }
    }

    fn perform(&mut self, event: &Event) {
        match event {
            Event::Requests { of, count, late, moods } => self.requests(of, *count, *late, moods),
            Event::Pass(seconds) => self.stage.watch.pass(*seconds),
            Event::Shift(seconds) => {
                self.stage.watch.shift(*seconds);
                self.is_clock_honest = false;
            }
            Event::ExpireEarly => self.stage.service.expire_early(),
            Event::Restart(process) => self.restart(*process),
            Event::Turn(health) => {
                self.stage.disk.turn(*health);
            }
            Event::Person(process) => self.person(*process),
        }
        assert_eq!(self.stage.complaints(), Vec::<String>::new());
    }

    fn restart(&mut self, process: usize) {
        // The one before it is killed here, wherever it is.
        self.processes[process] = start(&self.stage, process, self.has_threads);
        self.held[process] = None;
    }

    fn person(&mut self, process: usize) {
        let process = &self.processes[process];
        let acted = match self.stage.service.system {
            System::Angelcam => process.sign_in(),
            System::Simacan { .. } => process.clear_refusal(),
            System::Angus { .. } => Ok(()),
        };
        assert!(acted.is_ok() || self.stage.disk.health() != Health::Sound, "{:?}", acted.err());
    }

    fn requests(&mut self, of: &[usize], count: usize, late: bool, moods: &[Mood]) {
        self.stage.service.expect(moods.iter().copied());
        let before = self.stage.service.calls().len();
        let was_sound = self.stage.disk.health() == Health::Sound;
        let held = self.held.clone();
        let uses = self.at_once(of, |process| {
            let refused = held[process].as_ref().filter(|_| late);
            (count, refused.cloned())
        });
        let calls = self.stage.service.calls().split_off(before);
        let granted = calls.iter().filter(|call| call.is_granted).count();
        // Streams share their tokens through the disk, and do without where there is none.
        let fell_ill = |call: &Call| matches!(call.mood, Mood::Fatal(health) if health != Health::Sound);
        let is_sound = was_sound && !calls.iter().any(fell_ill);
        let is_apart = self.stage.service.system == ANGUS && !is_sound;
        let most = if is_apart { of.len() } else { 1 };
        assert!(granted <= most, "{granted} renewals of one storm: {calls:?}");
        for (process, uses) in of.iter().zip(uses) {
            match uses {
                Some(uses) => self.judge(*process, late, &uses),
                None => self.restart(*process),
            }
        }
    }

    /// Each of these processes in a thread of its own. One that is stuck is killed at once, so that the other can go on.
    fn at_once(
        &mut self,
        of: &[usize],
        what: impl Fn(usize) -> (usize, Option<Token>) + Sync,
    ) -> Vec<Option<Vec<Use>>> {
        let what = &what;
        let taken: Vec<(usize, Process)> =
            of.iter().rev().map(|process| (*process, self.processes.remove(*process))).collect();
        let finished: Vec<_> = thread::scope(|scope| {
            let running: Vec<_> = taken
                .into_iter()
                .map(|(number, process)| {
                    scope.spawn(move || {
                        let (count, refused) = what(number);
                        let uses = process.requests(count, refused.as_ref());
                        let process = uses.is_some().then_some(process);
                        (number, process, uses)
                    })
                })
                .collect();
            running.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let mut outcomes = Vec::new();
        for (number, process, uses) in finished.into_iter().rev() {
            self.processes.insert(number, process.unwrap_or_else(|| self.stage.start()));
            outcomes.push(uses);
        }
        outcomes
    }

    fn judge(&mut self, process: usize, late: bool, uses: &[Use]) {
        let record = self.stage.record();
        let needs_person = matches!(record.standing, Standing::NeedsAuthorization { .. });
        let now = self.stage.watch.now();
        let lives = |token: &Token| token.expires_at().is_some_and(|end| now < end);
        if self.is_clock_honest && !late && !needs_person && self.held[process].as_ref().is_some_and(lives) {
            assert!(uses.iter().all(|used| used.first.is_some()), "a token that lives did not survive");
        }
        for used in uses {
            let error = used.error.as_ref();
            assert!(!matches!(error, Some(AuthError::Busy { .. })), "{error:?}");
            let repeat = used.repeat.as_ref().map(|(token, _)| token);
            let newest = repeat.or(used.first.as_ref().map(|(token, _)| token));
            let is_later = |held: &Token, token: &Token| token.generation() >= held.generation();
            if let Some(token) = newest
                && self.held[process].as_ref().is_none_or(|held| is_later(held, token))
            {
                self.held[process] = Some(token.clone());
            }
        }
    }

    /// Whatever happened: on a disk that is sound, with an honest service, and after a while, there is a token, unless a
    /// person is needed; and when the person has acted, there is one as well.
    fn assert_heals(&mut self) {
        self.stage.disk.turn(Health::Sound);
        // A clock that was turned back is noticed when somebody looks, and what lives by it ends when it has caught up.
        self.taken(0);
        self.stage.watch.pass(300_000);
        let system = self.stage.service.system;
        if self.taken(0) {
            assert!(self.taken(1), "one process has a token, and the other has none");
            return;
        }
        let standing = self.stage.record().standing;
        match system {
            System::Simacan { .. } => {
                assert!(matches!(standing, Standing::Rejected { .. }), "{standing:?}");
                let is_refused_password =
                    |call: &super::service::Call| call.ask == AskKind::SignIn && call.is_refused;
                assert!(self.stage.service.calls().iter().any(is_refused_password));
            }
            System::Angelcam => assert!(self.stage.record().refresh.is_none(), "{standing:?}"),
            System::Angus { .. } => panic!("a stream can always sign in again"),
        }
        let asked = self.stage.service.calls().len();
        assert!(!self.taken(0) && !self.taken(1), "a person was needed");
        assert_eq!(self.stage.service.calls().len(), asked, "nobody may be asked before a person acts");
        self.person(0);
        self.stage.watch.pass(300);
        assert!(self.taken(0) && self.taken(1), "a person has acted");
    }

    /// Whether a request of this process is taken by the target.
    fn taken(&self, process: usize) -> bool {
        self.stage.service.expect([]);
        let uses = self.processes[process].requests(1, None).unwrap();
        uses[0].taken().is_some()
    }
}

fn start(stage: &Stage, process: usize, has_threads: bool) -> Process {
    if process > 0 && has_threads { stage.start_with_two_threads() } else { stage.start() }
}

fn story(system: System, events: &[Event]) {
    live(World::new(system, true), events);
}

/// The same with one thread a process, one of them at a time: the same events are the same story then.
pub(super) fn story_without_threads(system: System, events: &[Event]) {
    live(World::new(system, false), events);
}

fn live(mut world: World, events: &[Event]) {
    let system = world.stage.service.system;
    if system == System::Angelcam {
        world.person(0);
    }
    for event in events {
        world.perform(event);
    }
    world.assert_heals();
    assert_eq!(world.stage.complaints(), Vec::<String>::new());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_story_of_a_simacan_account_breaks_a_law(events in prop::collection::vec(event(), 1..25)) {
        story(SIMACAN, &events);
    }

    #[test]
    fn no_story_of_an_angelcam_account_breaks_a_law(events in prop::collection::vec(event(), 1..25)) {
        story(System::Angelcam, &events);
    }

    #[test]
    fn no_story_of_a_stream_breaks_a_law(events in prop::collection::vec(event(), 1..25)) {
        story(ANGUS, &events);
    }
}

#[test]
fn a_disk_that_falls_ill_in_the_midst_of_a_storm_parts_the_processes_of_a_stream() {
    let at_once =
        |moods: [Mood; 2]| Event::Requests { of: vec![0, 1], count: 1, late: false, moods: moods.into() };
    let cold_start = || Event::Requests { of: vec![0], count: 1, late: false, moods: Vec::new() };
    let healed_by_a_crash = [Mood::Honest, Mood::Fatal(Health::Sound)];
    story(
        ANGUS,
        &[cold_start(), Event::Pass(3600), Event::Turn(Health::ReadOnly), at_once(healed_by_a_crash)],
    );
    let ill_and_healed = [Mood::Fatal(Health::ReadOnly), Mood::Fatal(Health::Sound)];
    story(ANGUS, &[cold_start(), Event::ExpireEarly, at_once(ill_and_healed)]);
}
