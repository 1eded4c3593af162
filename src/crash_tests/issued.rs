//! `issue`, `renew --all` and `rotate-ca`, interrupted at their steps: at every one where there is time.

use std::io::ErrorKind;
use std::sync::Mutex;

use crate::base::error::Error;
use crate::crash_tests::run::{Accident, Run};
use crate::crash_tests::world::World;
use crate::crash_tests::{has_time, is_thorough};

/// More changes than any of these runs makes.
const MANY: usize = 400;

const NEW: Run = Run::Issue { first: 0, count: 2, force: false };
const SERVER: Run = Run::Issue { first: 2, count: 1, force: false };
const AGAIN: Run = Run::Issue { first: 0, count: 2, force: true };
const MORE: Run = Run::Issue { first: 1, count: 1, force: false };
const FIRST: Run = Run::Issue { first: 0, count: 1, force: false };
const CSR: Run = Run::Csr { force: false };

/// What was run before, and what is interrupted.
const CASES: [(&[Run], Run); 9] = [
    (&[], NEW),
    (&[FIRST], AGAIN),
    (&[FIRST, SERVER], Run::Fleet),
    (&[CSR], Run::Csr { force: true }),
    (&[FIRST, SERVER, CSR], Run::RenewAll),
    (&[FIRST, SERVER, CSR], Run::Begin),
    (&[FIRST, SERVER, CSR, Run::Begin], Run::RotateIssue),
    (&[FIRST, CSR, Run::Begin, Run::RotateIssue], Run::Finish),
    (&[FIRST, CSR], Run::SameKey),
];

/// The same where less is there.
const MORE_CASES: [(&[Run], Run); 8] = [
    (&[FIRST], MORE),
    (&[], CSR),
    (&[FIRST, SERVER], Run::RenewName(0)),
    (&[], Run::Begin),
    (&[Run::Begin], Run::RotateIssue),
    (&[Run::Begin, Run::RotateIssue], Run::Finish),
    (&[], Run::SameKey),
    (&[], Run::Fleet),
];

/// Does something with every case, on all cores.
fn for_each_case(judge: impl Fn(&World, Run, &str) + Sync) {
    let more = if has_time() { &MORE_CASES[..] } else { &[] };
    let cases = Mutex::new(CASES.iter().chain(more));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = cases.lock().unwrap().next();
                    let Some((before, run)) = next else { break };
                    let world = World::after(&[&[Run::Gen], *before].concat());
                    judge(&world, *run, &format!("{run:?} after {before:?}"));
                }
            });
        }
    });
}

/// What comes next: the same again, or something else.
fn next_runs(run: Run, number: usize) -> Vec<Run> {
    match is_thorough() {
        true => vec![run, Run::RenewAll, Run::Fleet],
        false => vec![[run, Run::RenewAll][number / stride() % 2]],
    }
}

/// The next command finds everything in order, or brings it into order.
fn go_on(world: &World, run: Run, number: usize, context: &str) {
    for next in next_runs(run, number) {
        let mut world = world.copy();
        let context = format!("{context}, then {next:?}");
        match world.run(next, None, &context) {
            Ok(_) => {}
            Err(error) if is_done(&error) => {}
            Err(error) => panic!("{context}: {error}"),
        }
        assert!(!world.is_interrupted(), "{context}: it is still interrupted");
    }
}

/// Every step, or every other where there is little time.
fn stride() -> usize {
    if has_time() { 1 } else { 2 }
}

/// Where a process ends at a step: really at every tenth.
fn ends(steps: usize) -> Vec<Accident> {
    let kill = (is_thorough() || steps % 10 == 4).then_some(Accident::Kill(steps));
    std::iter::once(Accident::Halt(steps)).chain(kill).collect()
}

/// That the interrupted run had been completed.
fn is_done(error: &Error) -> bool {
    error.to_string().contains(": was issued already")
}

#[test]
fn issue_and_rotation_recover_from_a_kill_at_any_step() {
    for_each_case(|world, run, context| {
        let mut killed = 0;
        for steps in (0..MANY).step_by(stride()) {
            let mut struck = false;
            for accident in ends(steps) {
                let mut world = world.copy();
                let context = format!("{context}, {accident:?}");
                struck = world.try_run(run, Some(accident), &context).1;
                go_on(&world, run, steps, &context);
            }
            if !struck {
                break;
            }
            killed += 1;
        }
        assert!(killed > 8 && killed < MANY, "{context}: killed at {killed} steps");
    });
}

#[test]
fn issue_and_rotation_that_fail_at_any_step_change_only_what_they_report() {
    const KINDS: [ErrorKind; 2] = [ErrorKind::StorageFull, ErrorKind::PermissionDenied];
    for_each_case(|world, run, context| {
        let mut failed = 0;
        for steps in (0..MANY).step_by(stride()) {
            let mut struck = false;
            for (number, kind) in KINDS.into_iter().enumerate() {
                if !is_thorough() && steps / stride() % 2 != number {
                    continue;
                }
                let mut world = world.copy();
                let context = format!("{context}, {kind:?} at step {steps}");
                struck = world.try_run(run, Some(Accident::Failure(steps, kind)), &context).1;
                if is_thorough() || steps % 5 == 0 {
                    go_on(&world, run, steps, &context);
                }
            }
            if !struck {
                break;
            }
            failed += 1;
        }
        assert!(failed > 8 && failed < MANY, "{context}: failed at {failed} steps");
    });
}
