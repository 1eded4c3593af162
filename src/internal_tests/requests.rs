//! Certificate signing requests that `openssl req` makes: which of them are answered, and what is read
//! of what they ask for.

use crate::engine::leaf::Leaf;
use crate::x509::{
    Attribute, AttributeType, Ca, CertificateRequest, Days, EndEntityKind, Error, KeyType, PrivateKey,
    SerialNumber, Subject, Validity, certificates_to_pem, request_from,
};
use time::OffsetDateTime;

use crate::internal_tests::folder::{Folder, P256_KEY, RSA_KEY, openssl_is_there};

const P384_KEY: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384";
const ED25519_KEY: &str = "genpkey -algorithm ED25519";
const PSS: &str = "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen";

fn rsa(bits: u32) -> String {
    format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits}")
}

fn rsa_with_exponent(exponent: u64) -> String {
    format!("{RSA_KEY} -pkeyopt rsa_keygen_pubexp:{exponent}")
}

fn curve(name: &str) -> String {
    format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{name}")
}

#[test]
fn a_request_with_a_supported_key_and_signature_is_answered_for_its_key() {
    if !openssl_is_there() {
        return;
    }
    for (key, options) in [
        (RSA_KEY, ""),
        (&rsa(2056), ""),
        (&rsa(3072), "-sha384"),
        (&rsa(3072), "-sha512"),
        // As TLS has it.
        (RSA_KEY, &format!("{PSS}:32")),
        (P256_KEY, ""),
        (P256_KEY, "-sha384"),
        (P384_KEY, "-sha384"),
        (P384_KEY, "-sha256"),
        (ED25519_KEY, ""),
        // The largest exponent that Go reads.
        (&rsa_with_exponent(2_147_483_647), ""),
    ] {
        println!("{key} {options}");
        let folder = with_request(key, options);
        assert!(verifies(&folder));
        assert_answered(&folder);
    }
}

#[test]
fn a_request_with_another_key_or_signature_is_refused_although_openssl_verifies_it() {
    if !openssl_is_there() {
        return;
    }
    for (key, options, error) in [
        (&*rsa(1024), "", "an RSA key of 1024 bits, and at least 2048"),
        (&rsa(2040), "", "an RSA key of 2040 bits"),
        (&rsa_with_exponent(3), "", "with the public exponent 3,"),
        (&rsa_with_exponent(65_535), "", "with the public exponent 65535,"),
        (&rsa_with_exponent(2_147_483_649), "", "has more than 31 bits"),
        (&curve("P-521"), "", "P-521"),
        (&curve("P-224"), "", "P-224"),
        (&curve("secp256k1"), "", "secp256k1"),
        (&format!("{P256_KEY} -pkeyopt ec_param_enc:explicit"), "", "explicit parameters"),
        ("genpkey -algorithm ED448", "", "Ed448"),
        ("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "", "RSA-PSS"),
        (RSA_KEY, "-sha1", "RSA with SHA-1, which can be forged"),
        (RSA_KEY, "-md5", "RSA with MD5, which can be forged"),
        (P256_KEY, "-sha1", "ECDSA with SHA-1, which can be forged"),
        (RSA_KEY, "-sha224", "RSA with SHA-224, in a form"),
        (P256_KEY, "-sha512", "ECDSA with SHA-512, in a form"),
        // A salt of another length.
        (RSA_KEY, &format!("{PSS}:20"), "RSA-PSS, in a form"),
    ] {
        println!("{key} {options}");
        let folder = with_request(key, options);
        assert!(verifies(&folder));
        assert_says(&request(&folder).verify().unwrap_err(), error);
    }
}

#[test]
fn a_request_that_was_changed_is_refused_by_openssl_too() {
    if !openssl_is_there() {
        return;
    }
    let flip_signature = |der: &mut Vec<u8>| *der.last_mut().unwrap() ^= 1;
    let change_subject = |der: &mut Vec<u8>| replace(der, b"search", b"seerch");
    let change_name = |der: &mut Vec<u8>| replace(der, b"own.example", b"bad.example");
    for (key, change) in [
        (RSA_KEY, flip_signature as fn(&mut Vec<u8>)),
        (P256_KEY, flip_signature),
        (ED25519_KEY, flip_signature),
        (RSA_KEY, change_subject),
        (P256_KEY, change_subject),
        (P256_KEY, change_name),
    ] {
        let folder = with_request(key, "-outform DER");
        let mut der = folder.read("my.csr");
        change(&mut der);
        folder.write("my.csr", &der);
        assert!(!verifies(&folder));
        assert_says(&request(&folder).verify().unwrap_err(), "is not signed with its own key");
    }
}

#[test]
fn a_request_for_another_key_is_refused_by_openssl_too() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_request(P256_KEY, "-outform DER");
    let own = folder.read("my.csr");
    folder.openssl(&format!("{P256_KEY} -out theirs.key"));
    folder.openssl("pkey -in theirs.key -pubout -outform DER -out theirs.der");
    folder.openssl("pkey -in my.key -pubout -outform DER -out my.der");
    let (theirs, mine) = (folder.read("theirs.der"), folder.read("my.der"));
    let mut forged = own;
    replace(&mut forged, &mine, &theirs);
    folder.write("my.csr", &forged);
    assert!(!verifies(&folder));
    assert_says(&request(&folder).verify().unwrap_err(), "is not signed with its own key");
}

#[test]
fn a_modulus_with_a_small_factor_is_refused_before_the_signature_is_verified() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_request(RSA_KEY, "-outform DER");
    let mut der = folder.read("my.csr");
    folder.openssl("rsa -in my.key -noout -modulus -out modulus");
    let modulus = folder.text("modulus");
    let digits = modulus.trim().strip_prefix("Modulus=").unwrap();
    let octet = |start| u8::from_str_radix(&digits[start..start + 2], 16).unwrap();
    let octets: Vec<u8> = (0..digits.len()).step_by(2).map(octet).collect();
    let mut even = octets.clone();
    *even.last_mut().unwrap() ^= 1;
    replace(&mut der, &octets, &even);
    folder.write("my.csr", &der);
    let error = request(&folder).verify().unwrap_err();
    assert_says(&error, "whose modulus is even");
}

#[test]
fn a_compressed_point_is_the_same_key_as_the_point() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_request(P256_KEY, "");
    let key = request(&folder).verify().unwrap();
    folder.openssl("ec -in my.key -conv_form compressed -out compressed.key");
    folder.openssl("req -new -key compressed.key -subj /CN=search -outform DER -out my.csr");
    assert!(verifies(&folder));
    assert_eq!(request(&folder).verify().unwrap(), key);
}

#[test]
fn an_ed25519_key_is_for_clients_only_and_other_keys_are_for_both() {
    if !openssl_is_there() {
        return;
    }
    for (key, serves) in [(ED25519_KEY, false), (P256_KEY, true), (RSA_KEY, true)] {
        let key = request(&with_request(key, "")).verify().unwrap();
        assert!(key.check_for(EndEntityKind::Client).is_ok());
        assert_eq!(key.check_for(EndEntityKind::Server).is_ok(), serves, "{key}");
    }
}

#[test]
fn a_request_tells_everything_that_it_asks_for() {
    if !openssl_is_there() {
        return;
    }
    let folder = configured(
        "basicConstraints = critical, CA:TRUE, pathlen:3\nkeyUsage = keyCertSign, digitalSignature\n\
         extendedKeyUsage = serverAuth, codeSigning\nsubjectKeyIdentifier = hash\n\
         subjectAltName = DNS:own.example, DNS:*.own.example, IP:10.0.0.7, DNS:1.2.3.4, \
         email:a@own.example, URI:spiffe://own/a, RID:1.2.3, DNS:not a name\n\
         nameConstraints = permitted;DNS:example\ntlsfeature = status_request\n\
         1.2.3.4 = critical, ASN1:NULL\n",
        "challengePassword = secret\nunstructuredName = name\n",
    );
    assert!(verifies(&folder));
    let request = request(&folder);
    request.verify().unwrap();
    let names: Vec<_> = request.extensions.names.iter().map(ToString::to_string).collect();
    let expected = ["own.example", "*.own.example", "10.0.0.7", "1.2.3.4", "a@own.example"];
    assert_eq!(names[..5], expected);
    assert_eq!(names[5..], ["spiffe://own/a"]);
    assert_eq!(request.extensions.unusable_names.len(), 2, "{:?}", request.extensions.unusable_names);
    assert_eq!(request.extensions.key_usage.as_deref(), Some(&["digitalSignature", "keyCertSign"][..]));
    assert_eq!(request.extensions.extended_key_usage.unwrap(), ["serverAuth", "codeSigning"]);
    assert_eq!(
        request.extensions.others,
        ["basicConstraints CA:TRUE", "nameConstraints", "1.3.6.1.5.5.7.1.24", "1.2.3.4"]
    );
    assert_eq!(request.other_attributes, ["unstructuredName", "challengePassword"]);
    assert_eq!(request.subject.common_name().as_deref(), Some("search"));
    assert_eq!(request.subject.beside_common_name(), "C=US, O=Acme");
}

#[test]
fn a_request_for_nothing_unusual_shows_nothing_unusual() {
    if !openssl_is_there() {
        return;
    }
    let folder = configured(
        "basicConstraints = CA:FALSE\nkeyUsage = digitalSignature\nextendedKeyUsage = clientAuth\n\
         subjectKeyIdentifier = hash\nsubjectAltName = DNS:own.example\n",
        "",
    );
    let request = request(&folder);
    assert!(request.extensions.others.is_empty() && request.other_attributes.is_empty());
    assert!(request.extensions.unusable_names.is_empty());
    assert_eq!(request.extensions.extended_key_usage.unwrap(), ["clientAuth"]);
}

#[test]
fn a_request_without_extensions_asks_for_no_purpose() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_request(P256_KEY, "");
    folder.openssl("req -new -key my.key -subj /CN=search -out my.csr");
    assert_eq!(request(&folder).extensions.extended_key_usage, None);
    let any = request(&configured("extendedKeyUsage = anyExtendedKeyUsage\n", ""));
    assert_eq!(any.extensions.extended_key_usage.unwrap(), ["anyExtendedKeyUsage"]);
}

#[test]
fn a_damaged_extension_is_named() {
    if !openssl_is_there() {
        return;
    }
    let folder = configured("2.5.29.17 = ASN1:UTF8String:damaged\n", "");
    let request = request(&folder);
    assert!(request.extensions.names.is_empty());
    assert_eq!(request.extensions.others, ["subjectAltName, which is damaged"]);
}

#[test]
fn an_empty_subject_has_no_common_name() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_request(P256_KEY, "");
    folder.openssl("req -new -key my.key -subj / -out my.csr");
    assert!(verifies(&folder));
    let request = request(&folder);
    request.verify().unwrap();
    assert!(request.subject.is_empty() && request.subject.common_name().is_none());
    assert_eq!(request.subject.beside_common_name(), "");
}

#[test]
fn a_subject_in_utf_8_is_read_and_its_a_label_can_be_certified() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_request(P256_KEY, "");
    folder.openssl(
        "req -new -utf8 -key my.key -subj '/O=ü 日本/CN=bücher.example' \
         -addext subjectAltName=DNS:xn--bcher-kva.example -out my.csr",
    );
    let request = request(&folder);
    request.verify().unwrap();
    let common_name = request.subject.common_name().unwrap();
    assert_eq!(common_name, "bücher.example");
    assert_eq!(request.subject.beside_common_name(), "O=ü 日本");
    let attribute = Attribute::new(AttributeType::CommonName, &common_name).unwrap();
    assert_eq!(attribute.value(), "xn--bcher-kva.example");
    assert_eq!(request.extensions.names, ["bücher.example".parse().unwrap()]);
}

#[test]
fn a_request_is_read_from_der_with_the_label_of_keytool_and_beside_text_or_its_key() {
    if !openssl_is_there() {
        return;
    }
    let folder = with_request(P256_KEY, "");
    let own = request(&folder);
    for options in ["-outform DER", "-newhdr", "-text"] {
        folder.openssl(&format!("req -in my.csr {options} -out again.csr"));
        assert_eq!(request_from(&folder.read("again.csr")).unwrap(), own, "{options}");
    }
    assert!(folder.text("my.csr").starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    folder.openssl("req -in my.csr -newhdr -out again.csr");
    assert!(folder.text("again.csr").starts_with("-----BEGIN NEW CERTIFICATE REQUEST-----"));
    folder.join(&["my.key", "my.csr"], "both");
    assert_eq!(request_from(&folder.read("both")).unwrap(), own);
    folder.write("crlf", folder.text("my.csr").replace('\n', "\r\n"));
    assert_eq!(request_from(&folder.read("crlf")).unwrap(), own);
}

#[test]
fn a_file_that_is_no_single_request_is_refused() {
    if !openssl_is_there() {
        return;
    }
    let refused = |error: &str, damage: &dyn Fn(&Folder)| {
        let folder = with_request(P256_KEY, "");
        damage(&folder);
        assert_says(&request_from(&folder.read("my.csr")).unwrap_err(), error);
    };
    refused("holds 2 certificate signing requests", &|folder| {
        folder.openssl("req -in my.csr -newhdr -out again.csr");
        folder.join(&["my.csr", "again.csr"], "my.csr");
    });
    refused("no certificate signing request, but CERTIFICATE", &|folder| {
        folder.openssl("req -x509 -key my.key -subj /CN=search -out my.csr");
    });
    refused("is not a certificate signing request", &|folder| {
        folder.openssl("req -x509 -key my.key -subj /CN=search -outform DER -out my.csr");
    });
    refused("but PRIVATE KEY", &|folder| folder.join(&["my.key"], "my.csr"));
    refused("is empty", &|folder| folder.write("my.csr", ""));
    refused("has no certificate signing request", &|folder| folder.write("my.csr", "text\n"));
    refused("PEM", &|folder| {
        let content = folder.read("my.csr");
        folder.write("my.csr", &content[..content.len() / 2]);
    });
    refused("cut off", &|folder| {
        folder.openssl("req -in my.csr -outform DER -out my.der");
        let content = folder.read("my.der");
        folder.write("my.csr", &content[..content.len() - 1]);
    });
    refused("1 octets follow it", &|folder| {
        folder.openssl("req -in my.csr -outform DER -out my.der");
        folder.write("my.csr", [&folder.read("my.der")[..], b"\n"].concat());
    });
}

/// A folder with my.key, and my.csr for it.
fn with_request(key: &str, options: &str) -> Folder {
    let folder = Folder::new();
    folder.openssl(&format!("{key} -out my.key"));
    folder.openssl(&format!(
        "req -new -key my.key -subj /C=US/O=Acme/CN=search -addext subjectAltName=DNS:own.example {options} \
         -out my.csr"
    ));
    folder
}

/// The same, with these extensions and attributes instead.
fn configured(extensions: &str, attributes: &str) -> Folder {
    let folder = with_request(P256_KEY, "");
    folder.write(
        "req.cnf",
        format!(
            "[req]\nprompt = no\ndistinguished_name = dn\nreq_extensions = asked\nattributes = more\n\
             [dn]\nC = US\nO = Acme\nCN = search\n[asked]\n{extensions}[more]\n{attributes}"
        ),
    );
    folder.openssl("req -new -config req.cnf -key my.key -out my.csr");
    folder
}

fn request(folder: &Folder) -> CertificateRequest {
    request_from(&folder.read("my.csr")).unwrap()
}

/// Whether OpenSSL verifies the signature of my.csr.
fn verifies(folder: &Folder) -> bool {
    let form = if folder.read("my.csr").starts_with(b"-") { "PEM" } else { "DER" };
    let said = folder.openssl_says(&format!("req -in my.csr -inform {form} -noout -verify"));
    let (ok, failure) = (said.contains("verify OK"), said.contains("verify failure"));
    assert!(ok != failure, "{said}");
    ok
}

/// A certificate that is made for the request's key and subject verifies, and belongs to my.key.
fn assert_answered(folder: &Folder) {
    let request = request(folder);
    let validity = Validity::starting(OffsetDateTime::now_utc(), Days::new(10).unwrap()).unwrap();
    let subject = Subject::new(&[Attribute::new(AttributeType::CommonName, "CA").unwrap()]).unwrap();
    let key = PrivateKey::generate(KeyType::P256).unwrap();
    let ca = Ca::create(subject, validity, key).unwrap();
    let leaf = Leaf {
        kind: EndEntityKind::Client,
        subject: request.subject.clone(),
        names: request.extensions.names.to_vec(),
        validity,
    };
    let serial = SerialNumber::random().unwrap();
    let certificate = ca.issue(&leaf, &serial, &request.verify().unwrap()).unwrap();
    folder.write("ca.pem", certificates_to_pem([ca.root()]));
    folder.write("my.pem", certificates_to_pem([&certificate]));
    folder.openssl("verify -x509_strict -purpose sslclient -CAfile ca.pem my.pem");
    let of_key = folder.openssl("pkey -in my.key -pubout");
    assert_eq!(folder.openssl("x509 -in my.pem -noout -pubkey"), of_key);
}

fn assert_says(error: &Error, expected: &str) {
    let said = error.to_string();
    assert!(said.contains(expected), "{said:?} does not say {expected:?}");
    assert!(error.hint("my.csr").is_some_and(|hint| !hint.is_empty()));
}

fn replace(content: &mut [u8], old: &[u8], new: &[u8]) {
    let start = content.windows(old.len()).position(|window| window == old).unwrap();
    content[start..start + old.len()].copy_from_slice(new);
}
