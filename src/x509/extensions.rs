use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{
    ExtendedKeyUsage as ParsedExtendedKeyUsage, GeneralName as ParsedName, ParsedExtension,
};
use x509_parser::objects::{oid_registry, oid2sn};
use x509_parser::prelude::asn1_rs::Oid;

use crate::base::text::printable;
use crate::x509::directory_name::DirectoryConstraints;
use crate::x509::email::EmailConstraints;
use crate::x509::kind::EndEntityKind;
use crate::x509::name::GeneralName;

/// The extensions that matter here (RFC 5280 4.2.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extensions {
    pub(crate) is_ca: bool,
    /// How many CAs may stand between it and an end entity (4.2.1.9).
    pub(crate) path_length: Option<u32>,
    /// A critical extension that verifiers do not know, and so must refuse (RFC 5280 4.2), by its object identifier.
    pub(crate) unknown_critical: Option<String>,
    /// The object identifiers of those that are critical.
    pub(crate) critical: Vec<String>,
    /// A critical extension that webpki does not know, and so refuses in what is presented to it, by its name.
    pub(crate) critical_beyond_webpki: Option<String>,
    /// The names of its bits, if there is a keyUsage at all.
    pub(crate) key_usage: Option<Vec<&'static str>>,
    /// The names or object identifiers of its purposes, if there is an extendedKeyUsage at all.
    pub(crate) extended_key_usage: Option<Vec<String>>,
    /// There are nameConstraints.
    pub(crate) constrains_names: bool,
    /// nameConstraints have a DNS name, an iPAddress or a URI.
    pub(crate) constrains_hosts: bool,
    /// nameConstraints have an iPAddress.
    pub(crate) constrains_addresses: bool,
    /// nameConstraints speak of names that Go does not know, such as directory names: where the extension is
    /// critical, as RFC 5280 4.2.1.10 asks, it refuses whatever stands below.
    pub(crate) constrains_other_names: bool,
    pub(crate) email_constraints: EmailConstraints,
    pub(crate) directory_constraints: DirectoryConstraints,
    /// There are policyConstraints (4.2.1.11), or there is an inhibitAnyPolicy (4.2.1.14).
    pub(crate) constrains_policies: bool,
    pub(crate) subject_key_identifier: Option<Vec<u8>>,
    pub(crate) authority_key_identifier: Option<Vec<u8>>,
    /// authorityKeyIdentifier has authorityCertSerialNumber.
    pub(crate) names_serial_of_issuer: bool,
    pub(crate) names: Vec<GeneralName>,
    /// Entries of subjectAltName that no client can match, or of kinds that are not kept on renewal, as text.
    pub(crate) unusable_names: Vec<String>,
    /// The extensions of a certificate that none that is made here has, by name or object identifier.
    pub(crate) others: Vec<String>,
}

impl Extensions {
    /// Whether an extension, by its object identifier, is there and critical.
    pub(crate) fn is_critical(&self, oid: &str) -> bool {
        self.critical.iter().any(|own| own == oid)
    }

    /// Those of a certificate, or which of them is damaged.
    pub(crate) fn of(parsed: &X509Certificate<'_>) -> Result<Self, String> {
        let mut extensions = Self::default();
        for extension in parsed.extensions() {
            if !is_made_here(extension.parsed_extension()) {
                extensions.others.push(name(&extension.oid));
            }
            if extension.critical {
                extensions.critical.push(extension.oid.to_id_string());
            }
            if extension.critical && !is_known_to_webpki(extension.parsed_extension()) {
                extensions.critical_beyond_webpki = Some(name(&extension.oid));
            }
            match extension.parsed_extension() {
                ParsedExtension::ParseError { .. } => {
                    return Err(format!("its extension {} is damaged", extension.oid));
                }
                ParsedExtension::UnsupportedExtension { oid } if extension.critical => {
                    extensions.unknown_critical = Some(oid.to_id_string());
                }
                known => extensions.add(known),
            }
        }
        Ok(extensions)
    }

    /// Takes over what one of them says.
    pub(crate) fn add(&mut self, extension: &ParsedExtension<'_>) {
        match extension {
            ParsedExtension::BasicConstraints(constraints) => {
                self.is_ca = constraints.ca;
                self.path_length = constraints.path_len_constraint;
            }
            ParsedExtension::KeyUsage(usage) => self.key_usage = Some(key_usage_names(usage.flags)),
            ParsedExtension::ExtendedKeyUsage(usage) => self.extended_key_usage = Some(purpose_names(usage)),
            ParsedExtension::SubjectKeyIdentifier(identifier) => {
                self.subject_key_identifier = Some(identifier.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(identifier) => {
                self.names_serial_of_issuer = identifier.authority_cert_serial.is_some();
                let identifier = identifier.key_identifier.as_ref();
                self.authority_key_identifier = identifier.map(|identifier| identifier.0.to_vec());
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                for name in &names.general_names {
                    match GeneralName::from_parsed(name) {
                        Some(name) => self.names.push(name),
                        None => self.unusable_names.push(printable(&name.to_string()).into_owned()),
                    }
                }
            }
            ParsedExtension::NameConstraints(constraints) => {
                self.constrains_names = true;
                self.email_constraints = EmailConstraints::of(constraints);
                self.directory_constraints = DirectoryConstraints::of(constraints);
                let subtrees = [&constraints.permitted_subtrees, &constraints.excluded_subtrees];
                let bases = || subtrees.into_iter().flatten().flatten().map(|subtree| &subtree.base);
                self.constrains_addresses = bases().any(|base| matches!(base, ParsedName::IPAddress(_)));
                self.constrains_hosts = bases().any(|base| {
                    matches!(base, ParsedName::DNSName(_) | ParsedName::IPAddress(_) | ParsedName::URI(_))
                });
                self.constrains_other_names = !bases().all(|base| {
                    matches!(
                        base,
                        ParsedName::DNSName(_)
                            | ParsedName::IPAddress(_)
                            | ParsedName::RFC822Name(_)
                            | ParsedName::URI(_)
                    )
                });
            }
            ParsedExtension::PolicyConstraints(_) | ParsedExtension::InhibitAnyPolicy(_) => {
                self.constrains_policies = true;
            }
            _ => {}
        }
    }
}

/// As OpenSSL names it, or the object identifier.
pub(crate) fn name(oid: &Oid<'_>) -> String {
    oid2sn(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned)
}

/// The same of an object identifier in digits.
pub(crate) fn name_of(oid: &str) -> String {
    let numbers: Option<Vec<u64>> = oid.split('.').map(|number| number.parse().ok()).collect();
    let parsed = numbers.and_then(|numbers| Oid::from(&numbers).ok());
    parsed.map_or_else(|| oid.to_owned(), |oid| name(&oid))
}

/// Whether every certificate of a server or client has such an extension.
fn is_made_here(extension: &ParsedExtension<'_>) -> bool {
    matches!(
        extension,
        ParsedExtension::BasicConstraints(_)
            | ParsedExtension::KeyUsage(_)
            | ParsedExtension::ExtendedKeyUsage(_)
            | ParsedExtension::SubjectKeyIdentifier(_)
            | ParsedExtension::AuthorityKeyIdentifier(_)
            | ParsedExtension::SubjectAlternativeName(_)
    )
}

fn is_known_to_webpki(extension: &ParsedExtension<'_>) -> bool {
    matches!(
        extension,
        ParsedExtension::KeyUsage(_)
            | ParsedExtension::SubjectAlternativeName(_)
            | ParsedExtension::BasicConstraints(_)
            | ParsedExtension::NameConstraints(_)
            | ParsedExtension::CRLDistributionPoints(_)
            | ParsedExtension::ExtendedKeyUsage(_)
    )
}

pub(crate) const DIGITAL_SIGNATURE: &str = "digitalSignature";
pub(crate) const KEY_CERT_SIGN: &str = "keyCertSign";
pub(crate) const ANY_PURPOSE: &str = "anyExtendedKeyUsage";

/// The bits of keyUsage in RFC 5280's order.
fn key_usage_names(flags: u16) -> Vec<&'static str> {
    let names = [
        DIGITAL_SIGNATURE,
        "nonRepudiation",
        "keyEncipherment",
        "dataEncipherment",
        "keyAgreement",
        KEY_CERT_SIGN,
        "cRLSign",
        "encipherOnly",
        "decipherOnly",
    ];
    names.into_iter().enumerate().filter(|(bit, _)| flags & (1 << bit) != 0).map(|(_, name)| name).collect()
}

fn purpose_names(usage: &ParsedExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, ANY_PURPOSE),
        (usage.server_auth, EndEntityKind::Server.purpose()),
        (usage.client_auth, EndEntityKind::Client.purpose()),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
    ];
    let known = known.into_iter().filter(|(is_set, _)| *is_set).map(|(_, name)| name.to_owned());
    known.chain(usage.other.iter().map(|oid| oid.to_id_string())).collect()
}
