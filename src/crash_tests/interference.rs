//! What people and other programs change between a crash and the next run: whatever it is, that run completes or
//! undoes what was interrupted, or it says what is in the way and touches nothing.

use crate::base::error::{Error, ErrorKind};
use crate::crash_tests::run::{Accident, NAMES, Run};
use crate::crash_tests::world::World;
use crate::crash_tests::{has_time, is_thorough};

/// A change to a directory by somebody else.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Interference {
    /// `rm -r issued/NAME`
    Withdraw(usize),
    /// `rm FILE`, one of the seven but ca.key and ca.pem.
    Remove(usize),
    /// Another key, such as half a copy leaves. A certificate that cannot be read is refused in any case.
    OverwriteKey,
    /// `mv certs elsewhere`
    Move,
    /// `cp -a certs elsewhere`, and the copy is used.
    Copy,
    /// `openssl x509 -req -CAserial ca.srl`
    OpensslSigns,
    /// `chown -R`, where the tests run as root.
    Chown,
}

impl Interference {
    const ALL: [Self; 8] = [
        Self::Withdraw(0),
        Self::Remove(0),
        Self::Remove(1),
        Self::OverwriteKey,
        Self::Move,
        Self::Copy,
        Self::OpensslSigns,
        Self::Chown,
    ];

    pub(crate) fn act(self, world: &mut World) {
        match self {
            Self::Withdraw(name) => world.withdraw(NAMES[name]),
            Self::Remove(file) => world.remove(FILES[file]),
            Self::OverwriteKey => world.overwrite(FILES[0]),
            Self::Move => world.move_directory(),
            Self::Copy => world.use_a_copy(),
            Self::OpensslSigns => world.let_openssl_sign(),
            Self::Chown => world.chown(),
        }
    }
}

const FILES: [&str; 2] = ["server.key", "client.pem"];

/// That what is in the way is named, with both choices.
pub(crate) fn is_blocked(error: &Error) -> bool {
    let is_named = error.kind() == ErrorKind::Blocked;
    let hint = error.hint().unwrap_or_default();
    is_named && hint.contains("rm -r ") && hint.contains(" or ")
}

/// Runs that are interrupted, and what was run before.
const CASES: [(&[Run], Run); 9] = [
    (&[], Run::GenForce),
    (&[], Run::Renew),
    (&[FIRST], Run::Issue { first: 0, count: 2, force: true }),
    (&[], FIRST),
    (&[FIRST, CSR], Run::RenewAll),
    (&[FIRST], Run::Begin),
    (&[FIRST, Run::Begin], Run::RotateIssue),
    (&[FIRST, Run::Begin, Run::RotateIssue], Run::Finish),
    (&[FIRST], Run::SameKey),
];
const FIRST: Run = Run::Issue { first: 0, count: 1, force: false };
const CSR: Run = Run::Csr { force: false };

/// Whether a run that is half done leaves a CA whose files belong together.
fn keeps_the_ca(run: Run) -> bool {
    !matches!(run, Run::GenForce | Run::RotateIssue)
}

#[test]
fn whatever_is_changed_after_a_crash_the_next_run_recovers_or_refuses() {
    let (mut refused, mut went_on) = (0, 0);
    for (number, (before, run)) in CASES.into_iter().enumerate() {
        let template = World::after(&[&[Run::Gen], before].concat());
        for steps in (number % stride()..400).step_by(stride()) {
            let mut crashed = template.copy();
            let context = format!("{run:?} after {before:?}, ended at {steps}");
            if !crashed.try_run(run, Some(Accident::Halt(steps)), &context).1 {
                break;
            }
            if !crashed.is_interrupted() {
                continue;
            }
            // `cp -a backup/. certs/`, of a backup from just before the interrupted run.
            let mut restored = crashed.copy();
            restored.restore(&template);
            let mut touched = vec![("a backup is restored".to_owned(), restored)];
            for (index, change) in Interference::ALL.into_iter().enumerate() {
                if has_time() || (index + steps / stride()).is_multiple_of(3) {
                    let mut world = crashed.copy();
                    change.act(&mut world);
                    touched.push((format!("{change:?}"), world));
                }
            }
            for (change, mut world) in touched {
                match go_on(&mut world, run, &format!("{context}, then {change}")) {
                    true => refused += 1,
                    false => went_on += 1,
                }
            }
        }
    }
    assert!(refused > 20 && went_on > 100, "{refused} were refused, {went_on} went on");
}

/// Every step, or some of them where there is little time.
fn stride() -> usize {
    match (is_thorough(), has_time()) {
        (true, _) => 1,
        (_, true) => 6,
        _ => 11,
    }
}

/// Lets the next command find it. Returns whether it refused.
fn go_on(world: &mut World, run: Run, context: &str) -> bool {
    let Some(Err(error)) = world.try_run(Run::RenewAll, None, context).0 else {
        assert!(!world.is_interrupted(), "{context}: it is still interrupted");
        return false;
    };
    assert!(is_blocked(&error), "{context}: {error}");
    if keeps_the_ca(run) {
        // The first of the two choices. What the run had kept of the old files stays.
        world.set_journals_aside();
        let outcome = world.try_run(Run::RenewAll, None, &format!("{context}, set aside")).0;
        outcome.unwrap().unwrap_or_else(|error| panic!("{context}, set aside: {error}"));
    }
    true
}
