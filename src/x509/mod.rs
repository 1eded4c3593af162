//! X.509 for Milvus: subjects, names, serial numbers, keys, authorities and end entities.
//!
//! Nothing here touches a file, prints, or reads the clock; the names are those of RFC 5280.

mod algorithm;
mod ca;
mod certificate;
mod chain;
mod email;
mod encoding;
mod error;
mod extensions;
mod generate;
mod items;
pub(crate) mod json;
mod key;
mod key_defect;
mod key_material;
mod kind;
mod name;
mod name_pattern;
mod pem_block;
mod request;
mod serial;
mod signatures;
mod signed;
mod subject;
mod validity;
mod verify;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use ca::{CertificateAuthority, check_may_issue};
pub use certificate::Certificate;
pub(crate) use certificate::{check_length, hex_with_colons};
pub use chain::{ChainDefect, judge_chain};
pub use encoding::{
    Passphrase, certificates_from_pem, certificates_to_pem, encrypt_key_to_pem, holds_private_key,
    is_encrypted_key, key_from_pem, key_to_pem,
};
pub use error::Error;
pub use generate::generate_keys;
pub use items::{Item, items};
pub use key::{KeyType, PrivateKey, PublicKey};
pub use key_defect::KeyDefect;
pub use key_material::{KeyForm, KeyMaterial};
pub use kind::EndEntityKind;
pub use name::{DnsName, GeneralName};
pub(crate) use name::{add_names, name_to_ask_for, texts};
pub use name_pattern::NamePattern;
pub use request::{CertificateRequest, request_from};
pub use serial::{SerialCounter, SerialNumber};
#[cfg(feature = "probe")]
pub(crate) use signatures::ECDSA_P521_SHA512;
pub use subject::{Attribute, AttributeType, Subject};
pub use validity::{Days, Validity, moment};
pub(crate) use validity::{day_count, timestamp};
pub use verify::{covers, verify_chain};
