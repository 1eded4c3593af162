//! A run that ends while it takes back what it did, and a recovery that ends in its middle.

use crate::crash_tests::run::{Accident, Run};
use crate::crash_tests::world::World;
use crate::crash_tests::{has_time, is_thorough};

const FIRST: Run = Run::Issue { first: 0, count: 1, force: false };
const CASES: [(&[Run], Run); 4] = [
    (&[], Run::GenForce),
    (&[FIRST], Run::Issue { first: 0, count: 2, force: true }),
    (&[FIRST], Run::RenewAll),
    (&[FIRST, Run::Begin], Run::RotateIssue),
];

/// Every step, or some of them where there is little time.
fn stride() -> usize {
    match (is_thorough(), has_time()) {
        (true, _) => 1,
        (_, true) => 6,
        _ => 9,
    }
}

fn go_on(world: &mut World, context: &str) {
    world.run(Run::RenewAll, None, context).unwrap_or_else(|error| panic!("{context}: {error}"));
    assert!(!world.is_interrupted(), "{context}: it is still interrupted");
}

#[test]
fn a_run_that_is_interrupted_while_it_rolls_back_is_completed_or_undone() {
    let mut ended = 0;
    for (before, run) in CASES {
        let template = World::after(&[&[Run::Gen], before].concat());
        for steps in (0..100).step_by(stride()) {
            for later in (0..30).step_by(stride()) {
                let mut world = template.copy();
                let context = format!("{run:?} after {before:?}, fails at {steps}, ends {later} later");
                let (_, struck) = world.try_run(run, Some(Accident::FailureThenHalt(steps, later)), &context);
                if !struck {
                    break;
                }
                ended += 1;
                go_on(&mut world, &context);
            }
        }
    }
    assert!(ended > 50, "{ended} ended");
}

#[test]
fn a_recovery_that_is_interrupted_at_any_step_is_repeated() {
    let (mut completed, mut undone) = (0, 0);
    for (before, run) in CASES {
        let template = World::after(&[&[Run::Gen], before].concat());
        for steps in (3..100).step_by(2 * stride()) {
            let mut crashed = template.copy();
            let context = format!("{run:?} after {before:?}, ended at {steps}");
            let (_, struck) = crashed.try_run(run, Some(Accident::Halt(steps)), &context);
            if !struck || !crashed.is_interrupted() {
                continue;
            }
            // A backup that was copied over it is what makes the recovery undo a run that had decided.
            let mut restored = crashed.copy();
            restored.restore(&template);
            for (world, count) in [(&crashed, &mut completed), (&restored, &mut undone)] {
                for later in (0..40).step_by(stride()) {
                    let mut world = world.copy();
                    let context = format!("{context}, whose recovery ends at {later}");
                    world.try_run(Run::RenewAll, Some(Accident::Halt(later)), &context);
                    *count += 1;
                    go_on(&mut world, &context);
                }
            }
        }
    }
    assert!(completed > 50 && undone > 50, "{completed} and {undone}");
}
