//! Work for all cores.

use std::error::Error;
use std::sync::LazyLock;

use rayon::ThreadPoolBuilder;

use crate::base::memory::wipe_stack;

/// Whether rayon has threads. They cannot be started where a limit on processes is reached.
static HAS_THREADS: LazyLock<bool> = LazyLock::new(|| match ThreadPoolBuilder::new().build_global() {
    Ok(()) => true,
    // What has no cause is that somebody else has started them already.
    Err(error) => error.source().is_none(),
});

/// Does what rayon shares among all cores; on this thread alone where no others can be started.
///
/// What the work leaves on the stacks of the threads is wiped: it may have had private keys.
pub(crate) fn share<T>(work: impl FnOnce() -> T) -> T {
    // A thread that belongs to a pool shares with that.
    if rayon::current_thread_index().is_some() {
        return work();
    }
    if !*HAS_THREADS {
        // This thread becomes the only one of a pool, and remains that: the pool is never taken down.
        std::mem::forget(ThreadPoolBuilder::new().num_threads(1).use_current_thread().build());
        return work();
    }
    let done = work();
    rayon::broadcast(|_| wipe_stack());
    done
}
