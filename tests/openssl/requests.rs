//! Certificate signing requests that `openssl req` makes: which are answered, and what is seen of
//! what they ask for.

use libtest_mimic::Trial;
use milvus_certs::x509::{Attribute, AttributeType, CertificateAuthority, CertificateRequest, Days, EndEntityKind, Error, KeyDefect, KeyType, PrivateKey, SerialNumber, Subject, Validity, certificates_to_pem, request_from};
use milvus_certs::engine::ca::{AuthorityTemplate, EndEntity};
use time::OffsetDateTime;

use crate::support::Folder;
use crate::{P256_KEY, RSA_KEY, trial};

const RSA_3072: &str = "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072";
const P384_KEY: &str = "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384";
const PSS: &str = "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen";

pub(crate) fn trials() -> Vec<Trial> {
    let accepted = |what: &str, key: &'static str, options: &'static str| {
        trial(format!("a request {what} is answered, and the certificate is for its key"), move || {
            let folder = with_request(key, options);
            assert!(verifies(&folder));
            assert_answered(&folder);
        })
    };
    let refused = |what: &str, key: &'static str, options: &'static str, error: &'static str| {
        trial(format!("a request {what} is refused, though OpenSSL takes its signature"), move || {
            let folder = with_request(key, options);
            assert!(verifies(&folder));
            assert_says(&request(&folder).verify().unwrap_err(), error);
        })
    };
    let of_bits =
        |bits: u32| format!("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:{bits}").leak() as &str;
    let of_exponent =
        |exponent: u64| format!("{RSA_KEY} -pkeyopt rsa_keygen_pubexp:{exponent}").leak() as &str;
    let of_curve =
        |curve: &str| format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{curve}").leak() as &str;
    let mut trials = vec![
        accepted("for RSA 2048", RSA_KEY, ""),
        accepted("for RSA 2056", of_bits(2056), ""),
        accepted("for RSA 3072 with SHA-384", RSA_3072, "-sha384"),
        accepted("for RSA 3072 with SHA-512", RSA_3072, "-sha512"),
        accepted("with a signature of RSA-PSS as TLS has it", RSA_KEY, format!("{PSS}:32").leak()),
        accepted("for P-256", P256_KEY, ""),
        accepted("for P-256 with SHA-384", P256_KEY, "-sha384"),
        accepted("for P-384", P384_KEY, "-sha384"),
        accepted("for P-384 with SHA-256", P384_KEY, "-sha256"),
        accepted("for Ed25519", "genpkey -algorithm ED25519", ""),
        refused("for RSA 1024", of_bits(1024), "", "an RSA key of 1024 bits, and at least 2048"),
        refused("for RSA 2040", of_bits(2040), "", "an RSA key of 2040 bits"),
        refused("with the exponent 3", of_exponent(3), "", "with the public exponent 3,"),
        refused("with the exponent 65535", of_exponent(65_535), "", "with the public exponent 65535,"),
        accepted("with the largest exponent that Go reads", of_exponent(2_147_483_647), ""),
        refused("with the next exponent", of_exponent(2_147_483_649), "", "has more than 31 bits"),
        refused("for P-521", of_curve("P-521"), "", "P-521"),
        refused("for P-224", of_curve("P-224"), "", "P-224"),
        refused("for secp256k1", of_curve("secp256k1"), "", "secp256k1"),
        refused(
            "for P-256 with explicit parameters",
            format!("{P256_KEY} -pkeyopt ec_param_enc:explicit").leak(),
            "",
            "explicit parameters",
        ),
        refused("for Ed448", "genpkey -algorithm ED448", "", "Ed448"),
        refused(
            "for a key of RSA-PSS",
            "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048",
            "",
            "RSA-PSS",
        ),
        refused("with SHA-1", RSA_KEY, "-sha1", "RSA with SHA-1, which can be forged"),
        refused("with MD5", RSA_KEY, "-md5", "RSA with MD5, which can be forged"),
        refused("of P-256 with SHA-1", P256_KEY, "-sha1", "ECDSA with SHA-1, which can be forged"),
        refused("with SHA-224", RSA_KEY, "-sha224", "RSA with SHA-224, in a form"),
        refused("of P-256 with SHA-512", P256_KEY, "-sha512", "ECDSA with SHA-512, in a form"),
        refused("with a salt of another length", RSA_KEY, format!("{PSS}:20").leak(), "RSA-PSS, in a form"),
    ];
    trials.extend(signatures());
    trials.extend(contents());
    trials.extend(files());
    trials
}

fn signatures() -> Vec<Trial> {
    let tampered = |what: &str, key: &'static str, change: fn(&mut Vec<u8>)| {
        trial(format!("a request {what} is refused, by OpenSSL too"), move || {
            let folder = with_request(key, "-outform DER");
            let mut der = folder.read("my.csr");
            change(&mut der);
            folder.write("my.csr", &der);
            assert!(!verifies(&folder));
            assert!(matches!(request(&folder).verify(), Err(Error::RequestSignatureWrong)));
        })
    };
    let flip_signature = |der: &mut Vec<u8>| *der.last_mut().unwrap() ^= 1;
    let change_subject = |der: &mut Vec<u8>| replace(der, b"search", b"seerch");
    let change_name = |der: &mut Vec<u8>| replace(der, b"own.example", b"bad.example");
    vec![
        tampered("of RSA with another signature", RSA_KEY, flip_signature),
        tampered("of P-256 with another signature", P256_KEY, flip_signature),
        tampered("of Ed25519 with another signature", "genpkey -algorithm ED25519", flip_signature),
        tampered("of RSA with another subject", RSA_KEY, change_subject),
        tampered("of P-256 with another subject", P256_KEY, change_subject),
        tampered("of P-256 with another subjectAltName", P256_KEY, change_name),
        trial("a request for somebody else's key is refused, by OpenSSL too", || {
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
            assert!(matches!(request(&folder).verify(), Err(Error::RequestSignatureWrong)));
        }),
        trial("a modulus with a small factor is refused before its signature is looked at", || {
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
            assert!(matches!(error, Error::RequestKeyRefused(KeyDefect::SmallFactor { factor: 2 })));
            assert_says(&error, "whose modulus is even");
        }),
        trial("a compressed point is the same key as the point", || {
            let folder = with_request(P256_KEY, "");
            let key = request(&folder).verify().unwrap();
            folder.openssl("ec -in my.key -conv_form compressed -out compressed.key");
            folder.openssl("req -new -key compressed.key -subj /CN=search -outform DER -out my.csr");
            assert!(verifies(&folder));
            assert_eq!(request(&folder).verify().unwrap(), key);
        }),
        trial("an Ed25519 key is for clients alone, and other keys are for both", || {
            for (key, serves) in [("genpkey -algorithm ED25519", false), (P256_KEY, true), (RSA_KEY, true)] {
                let key = request(&with_request(key, "")).verify().unwrap();
                assert!(key.check_for(EndEntityKind::Client).is_ok());
                assert_eq!(key.check_for(EndEntityKind::Server).is_ok(), serves, "{key}");
            }
        }),
    ]
}

fn contents() -> Vec<Trial> {
    vec![
        trial("everything that a request asks for can be told", || {
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
            let names: Vec<_> = request.names().iter().map(ToString::to_string).collect();
            let expected = ["own.example", "*.own.example", "10.0.0.7", "1.2.3.4", "a@own.example"];
            assert_eq!(names[..5], expected);
            assert_eq!(names[5..], ["spiffe://own/a"]);
            assert_eq!(request.unusable_names().len(), 2, "{:?}", request.unusable_names());
            assert_eq!(request.key_usage(), Some(&["digitalSignature", "keyCertSign"][..]));
            assert_eq!(request.extended_key_usage().unwrap(), ["serverAuth", "codeSigning"]);
            assert!(request.asks_for(EndEntityKind::Server) && !request.asks_for(EndEntityKind::Client));
            assert_eq!(
                request.other_extensions(),
                ["basicConstraints CA:TRUE", "nameConstraints", "1.3.6.1.5.5.7.1.24", "1.2.3.4"]
            );
            assert_eq!(request.other_attributes(), ["unstructuredName", "challengePassword"]);
            assert_eq!(request.subject().common_name().as_deref(), Some("search"));
            assert_eq!(request.subject().beside_common_name(), "C=US, O=Acme");
        }),
        trial("a request that asks for nothing unusual shows nothing unusual", || {
            let folder = configured(
                "basicConstraints = CA:FALSE\nkeyUsage = digitalSignature\nextendedKeyUsage = clientAuth\n\
                 subjectKeyIdentifier = hash\nsubjectAltName = DNS:own.example\n",
                "",
            );
            let request = request(&folder);
            assert!(request.other_extensions().is_empty() && request.other_attributes().is_empty());
            assert!(request.unusable_names().is_empty());
            assert!(request.asks_for(EndEntityKind::Client) && !request.asks_for(EndEntityKind::Server));
        }),
        trial("a request without extensions asks for no purpose, and one for any asks for both", || {
            let folder = with_request(P256_KEY, "");
            folder.openssl("req -new -key my.key -subj /CN=search -out my.csr");
            assert!(EndEntityKind::ALL.into_iter().all(|kind| !request(&folder).asks_for(kind)));
            let any = request(&configured("extendedKeyUsage = anyExtendedKeyUsage\n", ""));
            assert!(EndEntityKind::ALL.into_iter().all(|kind| any.asks_for(kind)));
        }),
        trial("an extension that is damaged is told", || {
            let folder = configured("2.5.29.17 = ASN1:UTF8String:damaged\n", "");
            let request = request(&folder);
            assert!(request.names().is_empty());
            assert_eq!(request.other_extensions(), ["subjectAltName, which is damaged"]);
        }),
        trial("an empty subject is read, and has no CommonName", || {
            let folder = with_request(P256_KEY, "");
            folder.openssl("req -new -key my.key -subj / -out my.csr");
            assert!(verifies(&folder));
            let request = request(&folder);
            request.verify().unwrap();
            assert!(request.subject().is_empty() && request.subject().common_name().is_none());
            assert_eq!(request.subject().beside_common_name(), "");
        }),
        trial("a subject in UTF-8 is read as such, and its A-label can be certified", || {
            let folder = with_request(P256_KEY, "");
            folder.openssl(
                "req -new -utf8 -key my.key -subj '/O=ü 日本/CN=bücher.example' \
                 -addext subjectAltName=DNS:xn--bcher-kva.example -out my.csr",
            );
            let request = request(&folder);
            request.verify().unwrap();
            let common_name = request.subject().common_name().unwrap();
            assert_eq!(common_name, "bücher.example");
            assert_eq!(request.subject().beside_common_name(), "O=ü 日本");
            let attribute = Attribute::new(AttributeType::CommonName, &common_name).unwrap();
            assert_eq!(attribute.value(), "xn--bcher-kva.example");
            assert_eq!(request.names(), ["bücher.example".parse().unwrap()]);
        }),
    ]
}

fn files() -> Vec<Trial> {
    let refused = |what: &str, error: &'static str, damage: fn(&Folder)| {
        trial(format!("a file that {what} is refused"), move || {
            let folder = with_request(P256_KEY, "");
            damage(&folder);
            assert_says(&request_from(&folder.read("my.csr")).unwrap_err(), error);
        })
    };
    vec![
        trial("a request is read from DER, with keytool's label, and beside text or its key", || {
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
        }),
        refused("holds two requests", "holds 2 certificate signing requests", |folder| {
            folder.openssl("req -in my.csr -newhdr -out again.csr");
            folder.join(&["my.csr", "again.csr"], "my.csr");
        }),
        refused("holds a certificate", "no certificate signing request, but CERTIFICATE", |folder| {
            folder.openssl("req -x509 -key my.key -subj /CN=search -out my.csr");
        }),
        refused("holds a certificate in DER", "is not a certificate signing request", |folder| {
            folder.openssl("req -x509 -key my.key -subj /CN=search -outform DER -out my.csr");
        }),
        refused("holds the key alone", "but PRIVATE KEY", |folder| folder.join(&["my.key"], "my.csr")),
        refused("is empty", "is empty", |folder| folder.write("my.csr", "")),
        refused("is text", "has no certificate signing request", |folder| folder.write("my.csr", "text\n")),
        refused("is cut off", "PEM", |folder| {
            let content = folder.read("my.csr");
            folder.write("my.csr", &content[..content.len() / 2]);
        }),
        refused("is cut off in DER", "cut off", |folder| {
            folder.openssl("req -in my.csr -outform DER -out my.der");
            let content = folder.read("my.der");
            folder.write("my.csr", &content[..content.len() - 1]);
        }),
        refused("goes on after its DER", "1 octets follow it", |folder| {
            folder.openssl("req -in my.csr -outform DER -out my.der");
            folder.write("my.csr", [&folder.read("my.der")[..], b"\n"].concat());
        }),
    ]
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

/// What OpenSSL says about the signature of my.csr.
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
    let template = AuthorityTemplate { subject, validity, serial: SerialNumber::random().unwrap() };
    let key = PrivateKey::generate(KeyType::P256).unwrap();
    let authority = CertificateAuthority::create(&template, key).unwrap();
    let end_entity = EndEntity {
        kind: EndEntityKind::Client,
        subject: request.subject().clone(),
        names: request.names().to_vec(),
        validity,
        serial: SerialNumber::random().unwrap(),
    };
    let certificate = authority.issue(&end_entity, &request.verify().unwrap()).unwrap();
    folder.write("ca.pem", certificates_to_pem([authority.root()]));
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
