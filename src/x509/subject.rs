use std::borrow::Cow;
use std::fmt;

use der::asn1::{Any, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Decode, Encode};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{RdnSequence, RelativeDistinguishedName};
use x509_parser::asn1_rs::Tag;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue as ParsedAttribute, X509Name};

use crate::base::text::printable;
use crate::x509::directory_name::DirectoryConstraints;
use crate::x509::error::Error;
use crate::x509::name::DnsName;

/// The attributes that gen.sh sets, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttributeType {
    Country,
    State,
    /// localityName (L).
    Locality,
    Organization,
    OrganizationalUnit,
    CommonName,
}

impl AttributeType {
    const ALL: [Self; 6] = [
        Self::Country,
        Self::State,
        Self::Locality,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::CommonName,
    ];

    /// The object identifier, X.520.
    const fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            Self::Country => "2.5.4.6",
            Self::State => "2.5.4.8",
            Self::Locality => "2.5.4.7",
            Self::Organization => "2.5.4.10",
            Self::OrganizationalUnit => "2.5.4.11",
            Self::CommonName => "2.5.4.3",
        })
    }

    /// The upper bound in characters: X.520 annex C, repeated in RFC 5280 appendix A.1 (`ub-…`).
    const fn limit(self) -> usize {
        match self {
            Self::Country => 2,
            Self::State | Self::Locality => 128,
            Self::Organization | Self::OrganizationalUnit | Self::CommonName => 64,
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Country => "Country",
            Self::State => "State",
            Self::Locality => "Location",
            Self::Organization => "Organization",
            Self::OrganizationalUnit => "OrganizationUnit",
            Self::CommonName => "CommonName",
        })
    }
}

/// One attribute of a subject, checked against X.520. An empty value means: leave it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    kind: AttributeType,
    value: Cow<'static, str>,
}

impl Attribute {
    /// A value that the program itself gives.
    ///
    /// # Panics
    /// Where [`Attribute::new`] is an error, or would change it; in a constant, when it is compiled.
    pub(crate) const fn constant(kind: AttributeType, value: &'static str) -> Self {
        let country_ends = matches!(kind, AttributeType::Country) as usize * 2;
        let mut index = 0;
        while index < value.len() {
            let octet = value.as_bytes()[index];
            assert!(octet.is_ascii_graphic() || octet == b' ');
            assert!(index >= country_ends || octet.is_ascii_uppercase());
            index += 1;
        }
        assert!(index > 0 && index >= country_ends && index <= kind.limit());
        Self { kind, value: Cow::Borrowed(value) }
    }

    /// A CommonName that is an internationalised DNS name is converted to its A-label, because
    /// that is what clients compare.
    ///
    /// # Errors
    /// A value over X.520's limit, with control characters, a country that is not two letters, or
    /// an empty CommonName.
    pub fn new(kind: AttributeType, value: &str) -> Result<Self, Error> {
        let value = match kind {
            AttributeType::Country => value.to_ascii_uppercase(),
            AttributeType::CommonName if !value.is_ascii() => match value.parse::<DnsName>() {
                Ok(name) => name.to_string(),
                Err(_) => value.to_owned(),
            },
            _ => value.to_owned(),
        };
        let length = value.chars().count();
        if kind == AttributeType::CommonName && value.trim().is_empty() {
            return Err(Error::common_name_empty());
        }
        if value.chars().any(char::is_control) {
            return Err(Error::new(format!("{kind} has a control character: {value:?}")).with_hint(SHORTEN));
        }
        let is_code = length == 2 && value.bytes().all(|byte| byte.is_ascii_alphabetic());
        if kind == AttributeType::Country && !value.is_empty() && !is_code {
            return Err(Error::new(format!("{kind} is not two letters: {value:?}"))
                .with_hint("give an ISO 3166 code such as US, DE or CN"));
        }
        if length > kind.limit() {
            let limit = kind.limit();
            return Err(Error::new(format!(
                "{kind} has {length} characters, X.520 allows {limit}: {value:?}"
            ))
            .with_hint(match kind {
                AttributeType::CommonName => "choose a short --common-name and give the long name with --san",
                _ => SHORTEN,
            }));
        }
        Ok(Self { kind, value: value.into() })
    }

    pub fn kind(&self) -> AttributeType {
        self.kind
    }

    /// The value, empty when the attribute is to be left out.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// countryName must be a PrintableString (RFC 5280 appendix A.1); gen.sh's other names are UTF8String.
    fn encode(&self) -> Result<AttributeTypeAndValue, Error> {
        let value = match self.kind {
            AttributeType::Country => PrintableStringRef::new(self.value()).map(Any::from),
            _ => Utf8StringRef::new(self.value()).map(Any::from),
        };
        Ok(AttributeTypeAndValue { oid: self.kind.oid(), value: value.map_err(Error::signing)? })
    }
}

const SHORTEN: &str = "shorten it, or leave the attribute out with an empty value";

impl Error {
    /// A subject without CommonName: Milvus clients are told the server's name by it.
    pub(crate) fn common_name_empty() -> Self {
        Self::new("the CommonName is empty")
            .with_hint("give --common-name the name that clients connect to, such as localhost")
    }
}

/// A distinguished name, as DER: the bytes are kept as they stand in a certificate, because a
/// leaf's issuer must equal its CA's subject byte for byte.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    der: Vec<u8>,
}

impl Subject {
    /// A subject with these attributes, one RDN each, in this order.
    ///
    /// # Errors
    /// Only where the encoder fails.
    pub fn new<'a>(attributes: impl IntoIterator<Item = &'a Attribute>) -> Result<Self, Error> {
        let mut subject = Self::encode(&RdnSequence::default())?;
        for attribute in attributes {
            subject = subject.with(attribute)?;
        }
        Ok(subject)
    }

    /// A subject as it stands in a certificate.
    pub(crate) fn from_der(der: &[u8]) -> Self {
        Self { der: der.to_vec() }
    }

    /// The subject that is displayed so, unless it has other attributes than gen.sh's, or in another order, or
    /// could be read in two ways.
    pub(crate) fn from_shown(shown: &str) -> Result<Self, Error> {
        const LABELS: [&str; 6] = ["C", "ST", "L", "O", "OU", "CN"];
        let unclear = || {
            Error::new(format!("the subject {shown:?} cannot be taken over from the inventory")).with_hint(
                "restore the certificate from a backup, or give --common-name and the other subject options",
            )
        };
        let mut attributes: Vec<(AttributeType, String)> = Vec::new();
        for part in shown.split(", ") {
            let (label, value) = part.split_once('=').unwrap_or(("", part));
            match (LABELS.iter().position(|known| *known == label), attributes.last_mut()) {
                (Some(index), _) => attributes.push((AttributeType::ALL[index], value.to_owned())),
                // A comma belongs to the value before it.
                (None, Some((_, before))) => before.push_str(&format!(", {part}")),
                (None, None) => return Err(unclear()),
            }
        }
        let attributes = attributes.iter().map(|(kind, value)| Attribute::new(*kind, value));
        let attributes = attributes.collect::<Result<Vec<_>, _>>().map_err(|_| unclear())?;
        let subject = Self::new(&attributes)?;
        if subject.to_string() == shown && !shown.contains(" + ") { Ok(subject) } else { Err(unclear()) }
    }

    /// This subject with one attribute set, or left out if its value is empty.
    ///
    /// Where the type occurs already, the first is replaced and the others go; otherwise it takes
    /// its place in gen.sh's order.
    ///
    /// # Errors
    /// If the subject is not DER (its bytes came from a certificate made elsewhere).
    pub fn with(&self, attribute: &Attribute) -> Result<Self, Error> {
        let names = RdnSequence::from_der(&self.der).map_err(|_| {
            Error::new("the subject of the certificate cannot be edited: it is not DER")
                .with_hint("give --common-name and the other subject options to start from a new subject")
        })?;
        let oid = attribute.kind.oid();
        let mut new = (!attribute.value.is_empty()).then(|| attribute.encode()).transpose()?;
        let replaces = names.iter().flat_map(RelativeDistinguishedName::iter).any(|entry| entry.oid == oid);

        let mut rdns = Vec::new();
        for rdn in names.iter() {
            if !replaces && rank(rdn) > Some(attribute.kind) {
                rdns.extend(new.take().map(|entry| vec![entry]));
            }
            let mut entries = Vec::new();
            for entry in rdn.iter() {
                if entry.oid != oid {
                    entries.push(entry.clone());
                } else {
                    entries.extend(new.take());
                }
            }
            rdns.push(entries);
        }
        rdns.extend(new.map(|entry| vec![entry]));

        let rdns = rdns.into_iter().filter(|entries| !entries.is_empty());
        let rdns: Result<Vec<_>, _> =
            rdns.map(|entries| SetOfVec::try_from(entries).map(RelativeDistinguishedName::from)).collect();
        Self::encode(&RdnSequence::from(rdns.map_err(Error::signing)?))
    }

    fn encode(names: &RdnSequence) -> Result<Self, Error> {
        Ok(Self { der: names.to_der().map_err(Error::signing)? })
    }

    /// The DER encoding of the Name.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    fn parsed(&self) -> Option<X509Name<'_>> {
        X509Name::from_der(&self.der).ok().map(|(_, name)| name)
    }

    /// Whether it has no attributes at all.
    pub fn is_empty(&self) -> bool {
        self.der == [0x30, 0x00]
    }

    /// The last CommonName, as text.
    pub fn common_name(&self) -> Option<String> {
        self.parsed()?.iter_common_name().last().map(text)
    }

    /// Its emailAddress attributes (RFC 2985 5.2.1), as text.
    pub(crate) fn email_addresses(&self) -> Vec<String> {
        self.parsed().iter().flat_map(X509Name::iter_email).map(text).collect()
    }

    /// Whether nameConstraints permit it.
    pub(crate) fn is_permitted(&self, constraints: &DirectoryConstraints) -> bool {
        self.parsed().is_none_or(|name| constraints.allow(&name))
    }

    /// The attributes beside that CommonName, as they are displayed: `C=US, O=zilliz`.
    pub fn beside_common_name(&self) -> String {
        let Some(name) = self.parsed() else { return UNREADABLE.to_owned() };
        // Compared by where it stands: another attribute may say the same.
        let last = name.iter_common_name().last().map(std::ptr::from_ref);
        displayed(&name, |attribute| Some(std::ptr::from_ref(attribute)) != last)
    }

    /// The name of the CA that follows one of this name: `localhost CA`, `localhost CA 2`,
    /// `localhost CA 3`. Without a CommonName it gets one, `CA 2`.
    ///
    /// A number of more than three digits is a part of the name, such as a year.
    ///
    /// # Errors
    /// If the subject cannot be edited.
    pub fn next_generation(&self) -> Result<Self, Error> {
        let name = self.common_name().filter(|name| !name.trim().is_empty());
        let name = name.unwrap_or_else(|| "CA".to_owned());
        let (text, generation) = split_generation(&name).unwrap_or((&name, 1));
        let number = format!(" {}", generation + 1);
        let room = AttributeType::CommonName.limit() - number.len();
        let text: String = text.chars().take(room).collect();
        self.with(&Attribute::new(AttributeType::CommonName, &format!("{}{number}", text.trim_end()))?)
    }
}

/// `localhost CA` and 2 of `localhost CA 2`.
fn split_generation(name: &str) -> Option<(&str, u32)> {
    let (text, digits) = name.rsplit_once(' ')?;
    let is_number = matches!(digits.len(), 1..=3) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && !digits.starts_with('0')).then(|| Some((text, digits.parse().ok()?)))?
}

const UNREADABLE: &str = "(unreadable name)";

/// The first attribute of an RDN, if it is one of gen.sh's.
fn rank(rdn: &RelativeDistinguishedName) -> Option<AttributeType> {
    let first = rdn.iter().next()?;
    AttributeType::ALL.into_iter().find(|attribute| attribute.oid() == first.oid)
}

/// As OpenSSL prints it, in the order of the certificate; characters that could deceive are escaped,
/// since a foreign certificate may try to write to the terminal.
impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parsed() {
            Some(name) => f.write_str(&displayed(&name, |_| true)),
            None => f.write_str(UNREADABLE),
        }
    }
}

fn displayed(name: &X509Name<'_>, is_shown: impl Fn(&ParsedAttribute<'_>) -> bool) -> String {
    let mut shown = String::new();
    for rdn in name.iter_rdn() {
        for (position, attribute) in rdn.iter().filter(|attribute| is_shown(attribute)).enumerate() {
            shown.push_str(match position {
                _ if shown.is_empty() => "",
                0 => ", ",
                _ => " + ",
            });
            let oid = attribute.attr_type();
            let label = oid2abbrev(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned);
            shown.push_str(&format!("{label}={}", printable(&text(attribute))));
        }
    }
    shown
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subject({self})")
    }
}

/// The text of an attribute in any of X.520's string types.
fn text(attribute: &ParsedAttribute<'_>) -> String {
    let value = attribute.attr_value();
    match value.tag() {
        Tag::BmpString => {
            let units = value.data.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        // TeletexString is read as Latin-1, as OpenSSL does.
        Tag::T61String => value.data.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(value.data).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(attributes: &[(AttributeType, &str)]) -> Subject {
        let attributes: Vec<_> =
            attributes.iter().map(|(kind, value)| Attribute::new(*kind, value).unwrap()).collect();
        Subject::new(&attributes).unwrap()
    }

    #[test]
    fn the_attributes_stand_in_the_order_of_gen_sh_however_they_are_given() {
        let subject = subject(&[
            (AttributeType::CommonName, "localhost"),
            (AttributeType::OrganizationalUnit, "devops"),
            (AttributeType::Country, "us"),
            (AttributeType::Locality, "Redwood City"),
            (AttributeType::Organization, "zilliz"),
            (AttributeType::State, "CA"),
        ]);
        assert_eq!(subject.to_string(), "C=US, ST=CA, L=Redwood City, O=zilliz, OU=devops, CN=localhost");
    }

    #[test]
    fn an_empty_value_leaves_the_attribute_out() {
        let both = subject(&[(AttributeType::Organization, "zilliz"), (AttributeType::CommonName, "a")]);
        let without = both.with(&Attribute::new(AttributeType::Organization, "").unwrap()).unwrap();
        assert_eq!(without.to_string(), "CN=a");
    }

    #[test]
    fn setting_an_attribute_replaces_it_where_it_stands() {
        let before = subject(&[(AttributeType::Country, "US"), (AttributeType::CommonName, "old")]);
        let after = before.with(&Attribute::new(AttributeType::CommonName, "new").unwrap()).unwrap();
        assert_eq!(after.to_string(), "C=US, CN=new");
        assert_eq!(after.common_name().as_deref(), Some("new"));
    }

    #[test]
    fn what_stands_beside_the_common_name_is_told_without_it() {
        let all = subject(&[
            (AttributeType::Country, "US"),
            (AttributeType::Organization, "search"),
            (AttributeType::CommonName, "search"),
        ]);
        assert_eq!(all.beside_common_name(), "C=US, O=search");
        assert_eq!(subject(&[(AttributeType::CommonName, "a")]).beside_common_name(), "");
        assert_eq!(Subject::from_der(b"damaged").beside_common_name(), UNREADABLE);
    }

    #[test]
    fn the_next_ca_is_called_by_the_next_number() {
        let (wide, long) = ("ü".repeat(63), "a".repeat(64));
        let cut = |text: &str, length: usize, number: &str| {
            format!("{}{number}", text.chars().take(length).collect::<String>())
        };
        for (name, next) in [
            ("localhost CA", "localhost CA 2".to_owned()),
            ("localhost CA 2", "localhost CA 3".into()),
            ("localhost CA 9", "localhost CA 10".into()),
            ("localhost CA 999", "localhost CA 1000".into()),
            ("Acme Root 2019", "Acme Root 2019 2".into()),
            ("CA 0", "CA 0 2".into()),
            ("CA 02", "CA 02 2".into()),
            ("CA2", "CA2 2".into()),
            ("2", "2 2".into()),
            ("10.0.0.5", "10.0.0.5 2".into()),
            (&wide, cut(&wide, 62, " 2")),
            (&long, cut(&long, 62, " 2")),
            (&cut(&long, 62, " 9"), cut(&long, 61, " 10")),
            (&cut(&long, 60, " bcd"), cut(&long, 60, " b 2")),
            (&cut(&long, 61, " bc"), cut(&long, 61, " 2")),
        ] {
            let after = subject(&[(AttributeType::Country, "US"), (AttributeType::CommonName, name)])
                .next_generation()
                .unwrap();
            assert_eq!(after.to_string(), format!("C=US, CN={next}"));
        }
    }

    #[test]
    fn a_ca_without_a_common_name_gets_one_with_its_number() {
        let second = subject(&[(AttributeType::Organization, "zilliz")]).next_generation().unwrap();
        assert_eq!(second.to_string(), "O=zilliz, CN=CA 2");
        assert_eq!(second.next_generation().unwrap().to_string(), "O=zilliz, CN=CA 3");
        assert_eq!(Subject::new(&[]).unwrap().next_generation().unwrap().to_string(), "CN=CA 2");
    }

    #[test]
    fn what_is_displayed_is_read_back_or_refused() {
        let all = "C=US, ST=CA, L=Redwood City, O=zilliz, OU=devops, CN=milvus.example.com";
        for shown in [all, "CN=search", "O=a/b, c, CN=x"] {
            assert_eq!(Subject::from_shown(shown).unwrap().to_string(), shown);
        }
        for shown in ["", "search", "CN=a, CN=b", "CN=a, O=b", "DC=example, CN=a", "O=a + CN=b", "C=USA"] {
            let error = Subject::from_shown(shown).unwrap_err().to_string();
            assert_eq!(error, format!("the subject {shown:?} cannot be taken over from the inventory"));
        }
    }

    #[test]
    fn a_slash_or_a_comma_belongs_to_the_value() {
        let subject = subject(&[(AttributeType::Organization, "a/b, c"), (AttributeType::CommonName, "x")]);
        assert_eq!(subject.to_string(), "O=a/b, c, CN=x");
    }

    #[test]
    fn limits_count_characters_not_bytes() {
        let wide = "ü".repeat(64);
        assert!(Attribute::new(AttributeType::Organization, &wide).is_ok());
        let refused = refusal(AttributeType::Organization, &(wide + "ü"));
        assert!(refused.starts_with("Organization has 65 characters, X.520 allows 64: "), "{refused}");
    }

    #[test]
    fn bad_values_are_refused() {
        for country in ["U", "USA", "U1", "ÜX", "  "] {
            let refused = refusal(AttributeType::Country, country);
            assert!(refused.starts_with("Country is not two letters: "), "{refused}");
        }
        assert_eq!(refusal(AttributeType::State, "a\nb"), r#"State has a control character: "a\nb""#);
        assert_eq!(refusal(AttributeType::CommonName, " "), "the CommonName is empty");
    }

    fn refusal(kind: AttributeType, value: &str) -> String {
        Attribute::new(kind, value).unwrap_err().to_string()
    }

    #[test]
    fn an_internationalised_common_name_becomes_its_a_label() {
        assert_eq!(
            Attribute::new(AttributeType::CommonName, "Bücher.example").unwrap().value(),
            "xn--bcher-kva.example"
        );
    }
}
