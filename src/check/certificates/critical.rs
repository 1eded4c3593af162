//! Critical extensions, which whoever does not know them has to refuse (RFC 5280 4.2). Who knows which was measured
//! with a root and with a server's certificate that has it (tests/verifiers).

use crate::check::certificates::BundleJudge;
use crate::check::clients::{
    ALL, Clients, GO, GO_1_23, GO_1_24, GO_OLD, JAVA, NOBODY, OPENSSL, PYMILVUS, Stopped,
};
use crate::check::codes::Code;
use crate::store::FileRole;
use crate::x509::{Certificate, EndEntityKind, extension_name};

/// All but programs built with Go up to 1.22.
const ALL_SINCE_1_23: Clients = ALL.without(GO_OLD).and(GO_1_23.and(GO_1_24).of_milvus());

const SUBJECT_ALT_NAME: &str = "2.5.29.17";

/// Extensions, and whom they stop in a root, and in what it signed.
const NOT_KNOWN_TO_ALL: &[(&str, Clients, Clients)] = &[
    // nsCertType of Netscape.
    ("2.16.840.1.113730.1.1", GO, PYMILVUS.and(JAVA).and(GO)),
    // policyConstraints and inhibitAnyPolicy: Go knows them since 1.24.
    ("2.5.29.36", GO_OLD.and(GO_1_23), NOBODY),
    ("2.5.29.54", GO_OLD.and(GO_1_23), NOBODY),
    // subjectKeyIdentifier and authorityInfoAccess: Go refuses to read them since 1.23 (RFC 5280 4.2.1.2, 4.2.2.1).
    ("2.5.29.14", OPENSSL.and(GO_1_23).and(GO_1_24), ALL_SINCE_1_23),
    ("1.3.6.1.5.5.7.1.1", OPENSSL.and(GO_1_23).and(GO_1_24), ALL_SINCE_1_23),
];

/// keyUsage, basicConstraints, nameConstraints, cRLDistributionPoints, certificatePolicies, extendedKeyUsage.
const KNOWN_TO_ALL: [&str; 6] =
    ["2.5.29.15", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.32", "2.5.29.37"];

impl BundleJudge<'_> {
    /// What a root has. gRPC's C core and Java do not look at it.
    pub(crate) fn critical_in_root(&mut self, certificate: &Certificate, whose: &str) {
        for oid in &certificate.extensions.critical {
            let row = NOT_KNOWN_TO_ALL.iter().find(|(known, ..)| known == oid).map(|(_, root, _)| *root);
            let stopped = match oid.as_str() {
                SUBJECT_ALT_NAME if certificate.names().is_empty() => GO,
                SUBJECT_ALT_NAME => NOBODY,
                oid if KNOWN_TO_ALL.contains(&oid) => NOBODY,
                _ => row.unwrap_or(OPENSSL.and(GO)),
            };
            if !stopped.is_empty() {
                let name = extension_name(oid);
                let evidence =
                    format!("{whose}its extension {name} is critical, and not every verifier knows it");
                self.report(Code::UnknownCriticalExtension, FileRole::CaCertificate, evidence)
                    .stops(Stopped { one_way: stopped, mutual: stopped.and(stopped.of_milvus()) });
            }
        }
    }

    /// What is shown to a verifier, where webpki knows the extension.
    pub(crate) fn critical_in_leaf(
        &mut self,
        role: FileRole,
        kind: EndEntityKind,
        certificate: &Certificate,
    ) {
        for oid in &certificate.extensions.critical {
            let Some((_, _, stopped)) = NOT_KNOWN_TO_ALL.iter().find(|(known, ..)| known == oid) else {
                continue;
            };
            let name = extension_name(oid);
            // Of a client it is Milvus that judges.
            let stopped = match kind {
                EndEntityKind::Server => Stopped::both(*stopped),
                EndEntityKind::Client => Stopped { one_way: NOBODY, mutual: stopped.of_milvus() },
            };
            if stopped != Stopped::both(NOBODY) {
                let evidence = format!("its extension {name} is critical, and not every verifier knows it");
                self.report(Code::UnknownCriticalExtension, role, evidence).stops(stopped);
            }
        }
    }
}
