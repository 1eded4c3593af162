//! Whatever people and machines do one after the other, with accidents in between.

use std::io::ErrorKind;

use proptest::prelude::*;

use super::is_thorough;
use super::run::{Accident, NAMES, Run};
use super::world::World;
use crate::actions::Error;

/// Something that happens to a directory.
#[derive(Clone, Copy, Debug)]
enum Event {
    Run(Run, Option<Accident>),
    Withdraw(usize),
    DropKey(usize),
    OpensslSigns,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (run(), proptest::option::weighted(0.6, accident())).prop_map(|(run, accident)| Event::Run(run, accident)),
        1 => (0..NAMES.len()).prop_map(Event::Withdraw),
        1 => (0..NAMES.len()).prop_map(Event::DropKey),
        1 => Just(Event::OpensslSigns),
    ]
}

fn run() -> impl Strategy<Value = Run> {
    prop_oneof![
        3 => (0..4_usize, any::<bool>()).prop_map(|(first, force)| Run::Issue { first, count: 1, force }),
        1 => any::<bool>().prop_map(|force| Run::Issue { first: 0, count: 2, force }),
        2 => Just(Run::Fleet),
        1 => any::<bool>().prop_map(|force| Run::Csr { force }),
        1 => Just(Run::Renew),
        2 => Just(Run::RenewAll),
        1 => (0..NAMES.len()).prop_map(Run::RenewName),
        3 => Just(Run::Begin),
        3 => Just(Run::RotateIssue),
        2 => Just(Run::Finish),
        1 => Just(Run::SameKey),
    ]
}

fn accident() -> impl Strategy<Value = Accident> {
    prop_oneof![
        3 => (0..120_usize).prop_map(Accident::Halt),
        1 => (0..120_usize).prop_map(Accident::Kill),
        4 => (0..120_usize).prop_map(|steps| Accident::Failure(steps, ErrorKind::StorageFull)),
    ]
}

/// What a command may say where no accident happened.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::AfterRecovery { source, .. } => is_refusal(source),
        Error::AlreadyIssued { .. } | Error::Withdrawn { .. } => true,
        Error::NotIssued { .. } | Error::RotationOutOfTurn { .. } | Error::KeyInTheWay { .. } => true,
        _ => false,
    }
}

fn go_through(events: &[Event]) {
    let mut world = World::after(&[Run::Gen]);
    for (number, event) in events.iter().enumerate() {
        let context = format!("event {number} of {events:?}");
        match *event {
            Event::Run(run, accident) => {
                let (result, struck) = world.try_run(run, accident, &context);
                if let (Some(Err(error)), false) = (result, struck) {
                    assert!(is_refusal(&error), "{context}: {error}");
                }
            }
            Event::Withdraw(name) => world.withdraw(NAMES[name]),
            Event::DropKey(name) => world.drop_key(NAMES[name]),
            Event::OpensslSigns => world.let_openssl_sign(),
        }
    }
    world.run(Run::RenewAll, None, &format!("renew --all after {events:?}")).unwrap();
    assert!(!world.is_interrupted(), "{events:?}");
}

#[test]
fn nothing_is_lost_or_used_twice_whatever_happens_in_whatever_order() {
    let cases = if is_thorough() { 1_000 } else { 60 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(events in proptest::collection::vec(event(), 3..=8))| go_through(&events));
}
