//! X.509 for Milvus: subjects, names, serial numbers, keys, CAs, server and client certificates.
//!
//! Nothing here touches a file, prints, or reads the clock; the names are those of RFC 5280. Each file
//! imports only from those before it:
//!
//! error; algorithm, kind, name, name_pattern, serial, subject, validity, key_defect, asn1, pem_block;
//! public_key, private_key, generate, encryption, signature, email, directory_name, extensions; certificate, request, key_file; ca, pem;
//! verify, chain.

mod algorithm;
mod asn1;
mod ca;
mod certificate;
mod chain;
mod directory_name;
mod email;
mod encryption;
mod error;
mod extensions;
mod generate;
pub(crate) mod json;
mod key_defect;
mod key_file;
mod kind;
mod name;
mod name_pattern;
mod pem;
mod pem_block;
mod private_key;
mod public_key;
mod request;
mod serial;
mod signature;
mod subject;
mod validity;
mod verify;

pub(crate) use algorithm::KeyAlgorithm;
pub use algorithm::KeyType;
pub(crate) use ca::{Ca, check_may_issue};
pub(crate) use certificate::{Certificate, check_length, hex_with_colons};
pub(crate) use chain::{ChainDefect, judge_chain};
pub use encryption::Passphrase;
pub(crate) use error::{Error, Problem};
pub(crate) use extensions::name_of as extension_name;
pub(crate) use generate::generate_keys;
pub(crate) use key_defect::KeyDefect;
pub(crate) use key_file::{KeyForm, KeyMaterial};
pub use kind::EndEntityKind;
pub use name::{DnsName, GeneralName};
pub(crate) use name::{add_names, name_to_ask_for, texts};
pub use name_pattern::NamePattern;
pub(crate) use pem::{
    Item, certificates_from_pem, certificates_to_pem, encrypt_key_to_pem, holds_private_key,
    is_encrypted_key, items, key_from_pem, key_to_pem, request_from,
};
pub(crate) use private_key::PrivateKey;
pub(crate) use public_key::PublicKey;
pub(crate) use request::CertificateRequest;
pub(crate) use serial::SerialCounter;
pub use serial::SerialNumber;
#[cfg(feature = "probe")]
pub(crate) use signature::ECDSA_P521_SHA512;
pub use subject::{Attribute, AttributeType, Subject};
pub use validity::{Days, Validity};
pub(crate) use validity::{day_count, moment};
pub(crate) use verify::{covers, forbidden_name, verify_chain};

crate::base::text::serialize_as_displayed!(EndEntityKind, GeneralName, SerialNumber, Subject);
