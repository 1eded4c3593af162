//! The RSA keys that are made, as `openssl` judges them.

use libtest_mimic::Trial;

use crate::{after, trial};

pub(crate) fn trials() -> Vec<Trial> {
    [2048, 3072, 4096].map(of_length).into()
}

fn of_length(bits: u32) -> Trial {
    trial(format!("RSA keys of {bits} bits pass the check of OpenSSL and have that length"), move || {
        let folder = after(&format!("gen --key-type rsa{bits}"));
        let mut moduli = Vec::new();
        for role in ["ca", "server", "client"] {
            let said = folder.openssl(&format!("rsa -in {role}.key -check -noout -text"));
            assert!(said.contains("RSA key ok"), "{said}");
            assert!(said.contains(&format!("({bits} bit, 2 primes)")), "{said}");
            assert!(said.contains("publicExponent: 65537"), "{said}");
            moduli.push(folder.openssl(&format!("rsa -in {role}.key -noout -modulus")));
        }
        moduli.sort();
        moduli.dedup();
        assert_eq!(moduli.len(), 3, "{moduli:?}");
    })
}
