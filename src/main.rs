//! `milvus-certs`: TLS certificates for Milvus that work the first time.

use std::alloc::System;
use std::process::ExitCode;

use zeroizing_alloc::ZeroAlloc;

/// Wipes what is freed: of a private key the crates that read, test and write it leave copies behind.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    milvus_certs::cli::main()
}
