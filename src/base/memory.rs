//! What a computation with a private key leaves behind in the memory of its thread.

use std::hint::black_box;

use zeroize::zeroize_stack;

/// Deeper than the arithmetic of any key goes, in octets.
const STACK: usize = 128 * 1024;

/// Overwrites what functions that have returned left on the stack of this thread, and in the registers
/// through which memory is copied.
///
/// The values of this library that hold a private key wipe themselves. This is for what arithmetic spills:
/// call it where the function that had the key has returned. It reaches 128 KiB deep.
pub(crate) fn wipe_stack() {
    zeroize_stack::<STACK>();
    copy_zeros();
}

/// A copy leaves its last octets in vector registers. How many of these it uses depends on its length and on
/// the processor; these lengths use all.
#[inline(never)]
fn copy_zeros() {
    let source = [0_u8; 2048];
    let mut target = [0_u8; 2048];
    for length in [256, 512, 2048] {
        let length = black_box(length);
        black_box(&mut target)[..length].copy_from_slice(&black_box(&source)[..length]);
    }
}
