//! Whatever people and machines do one after the other, with accidents in between.

use std::io::ErrorKind;

use proptest::prelude::*;

use crate::base::error::Error;
use crate::base::error::ErrorKind as Kind;
use crate::crash_tests::interference::{Interference, is_blocked};
use crate::crash_tests::is_thorough;
use crate::crash_tests::run::{Accident, NAMES, Run};
use crate::crash_tests::world::World;

/// Something that happens to a directory.
#[derive(Clone, Copy, Debug)]
enum Event {
    Run(Run, Option<Accident>),
    Interference(Interference),
    DropKey(usize),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        12 => (run(), proptest::option::weighted(0.6, accident())).prop_map(|(run, accident)| Event::Run(run, accident)),
        3 => interference().prop_map(Event::Interference),
        1 => (0..NAMES.len()).prop_map(Event::DropKey),
    ]
}

/// A backup is restored only from just before a run, which is for the other test.
fn interference() -> impl Strategy<Value = Interference> {
    prop_oneof![
        2 => (0..NAMES.len()).prop_map(Interference::Withdraw),
        1 => (0..2_usize).prop_map(Interference::Remove),
        1 => Just(Interference::Move),
        1 => Just(Interference::Copy),
        1 => Just(Interference::Chown),
        2 => Just(Interference::OpensslSigns),
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
    let message = error.to_string();
    let is_there = message.contains(": was issued already") || message.contains(": is another key than");
    is_there || [Kind::NotIssued, Kind::OutOfTurn].contains(&error.kind())
}

fn go_through(events: &[Event]) {
    let mut world = World::after(&[Run::Gen]);
    // As the interrupted run left it, before anything else changed it.
    let mut untouched = None;
    for (number, event) in events.iter().enumerate() {
        let context = format!("event {number} of {events:?}");
        match *event {
            Event::Run(run, accident) => try_run(&mut world, &mut untouched, run, accident, &context),
            Event::Interference(change) => {
                keep_untouched(&world, &mut untouched);
                change.act(&mut world);
            }
            Event::DropKey(name) => {
                keep_untouched(&world, &mut untouched);
                world.drop_key(NAMES[name]);
            }
        }
    }
    let context = format!("renew --all after {events:?}");
    try_run(&mut world, &mut untouched, Run::RenewAll, None, &context);
    assert!(!world.is_interrupted(), "{events:?}");
}

/// Before anything changes a directory whose last run was interrupted.
fn keep_untouched(world: &World, untouched: &mut Option<World>) {
    if world.is_interrupted() && untouched.is_none() {
        *untouched = Some(world.copy());
    }
}

/// Runs a command. Where a change blocks it, the change is taken back, and the command runs again.
fn try_run(
    world: &mut World,
    untouched: &mut Option<World>,
    run: Run,
    accident: Option<Accident>,
    context: &str,
) {
    let (result, struck) = world.try_run(run, accident, context);
    match result {
        Some(Err(error)) if is_blocked(&error) => {
            let before = untouched.take().unwrap_or_else(|| panic!("{context}: {error}"));
            *world = before;
            try_run(world, untouched, run, accident, context);
        }
        Some(Err(error)) if !struck => assert!(is_refusal(&error), "{context}: {error}"),
        // It is still interrupted, or was again.
        _ if world.is_interrupted() => {}
        _ => *untouched = None,
    }
}

#[test]
fn no_key_is_lost_and_no_serial_number_used_twice_in_any_order_of_events() {
    let cases = if is_thorough() { 1_000 } else { 60 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(events in proptest::collection::vec(event(), 3..=8))| go_through(&events));
}

/// A key that is handed over after its renewal was interrupted is nowhere: nobody can complete or undo that run.
#[test]
fn a_key_that_is_handed_over_after_an_interruption_blocks_the_next_run() {
    let issue = Run::Issue { first: 0, count: 2, force: false };
    for step in 0..120 {
        go_through(&[
            Event::Run(issue, None),
            Event::Run(Run::RenewName(0), Some(Accident::Halt(step))),
            Event::DropKey(0),
        ]);
    }
}
