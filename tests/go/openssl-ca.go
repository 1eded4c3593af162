package main

import (
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"os"
	"path/filepath"
)

// opensslCA is one that OpenSSL makes, as companies have them.
type opensslCA struct {
	words   string
	key     []string
	subject string
	// The subject's only string type as OpenSSL's mask, where it is not UTF8String.
	mask string
	// The ASN.1 tag that one of the subject's strings must have.
	tag int
	// Whether an intermediate CA of this one is to issue.
	intermediate bool
}

var (
	rsaKey     = []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"}
	p384Key    = []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"}
	ed25519Key = []string{"-algorithm", "ED25519"}
)

// The masks are B_ASN1_BMPSTRING and B_ASN1_T61STRING of OpenSSL's asn1.h.
var opensslCAs = []opensslCA{
	{words: "an RSA CA with two OUs and three DCs", key: rsaKey,
		subject: "/DC=com/DC=example/DC=ad/OU=Certificates/OU=Security/CN=Example CA", tag: asn1.TagIA5String},
	{words: "an RSA CA with a multi-valued RDN", key: rsaKey,
		subject: "/C=DE/O=Example+OU=Security+L=Köln/CN=Example CA+serialNumber=42", tag: asn1.TagUTF8String},
	{words: "an RSA CA with a BMPString subject", key: rsaKey,
		subject: "/O=Zürich/CN=Example CA", mask: "0x800", tag: asn1.TagBMPString},
	{words: "an RSA CA with a TeletexString subject", key: rsaKey,
		subject: "/O=Zürich/CN=Example CA", mask: "0x4", tag: asn1.TagT61String},
	{words: "an EC P-384 CA", key: p384Key, subject: "/O=Example/CN=Example CA", tag: asn1.TagUTF8String},
	{words: "an Ed25519 CA", key: ed25519Key, subject: "/O=Example/CN=Example CA", tag: asn1.TagUTF8String},
	{words: "an intermediate CA", key: rsaKey, subject: "/O=Example/OU=Root/OU=Security/CN=Example CA",
		tag: asn1.TagUTF8String, intermediate: true},
}

// make writes ca.pem and ca.key into a new folder, and returns their paths.
func (a opensslCA) make(folder string) (certificate, key string, err error) {
	if err = os.Mkdir(folder, 0o700); err != nil {
		return
	}
	path := func(name string) string { return filepath.Join(folder, name) }
	certificate, key = path("ca.pem"), path("ca.key")
	stringMask := "utf8only"
	if a.mask != "" {
		stringMask = "MASK:" + a.mask
	}
	configuration := "[req]\ndistinguished_name = name\nstring_mask = " + stringMask + "\n[name]\n"
	extensions := "basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\n" +
		"subjectKeyIdentifier = hash\n"
	err = first(
		os.WriteFile(path("openssl.cnf"), []byte(configuration), 0o600),
		os.WriteFile(path("extensions.cnf"), []byte(extensions), 0o600),
		openssl(append([]string{"genpkey", "-out", key}, a.key...)...),
		openssl("req", "-new", "-x509", "-config", path("openssl.cnf"), "-utf8", "-sha256", "-days", "3650",
			"-key", key, "-subj", a.subject, "-out", certificate,
			"-addext", "basicConstraints = critical, CA:TRUE",
			"-addext", "keyUsage = critical, keyCertSign, cRLSign"),
	)
	if err != nil || !a.intermediate {
		return
	}
	root, rootKey := certificate, key
	certificate, key = path("bundle.pem"), path("intermediate.key")
	err = first(
		openssl(append([]string{"genpkey", "-out", key}, a.key...)...),
		openssl("req", "-new", "-config", path("openssl.cnf"), "-utf8", "-key", key,
			"-subj", "/O=Example/OU=Issuing/OU=Security/CN=Issuing CA", "-out", path("request.pem")),
		openssl("x509", "-req", "-in", path("request.pem"), "-CA", root, "-CAkey", rootKey, "-CAcreateserial",
			"-days", "1825", "-sha256", "-extfile", path("extensions.cnf"), "-out", path("intermediate.pem")),
		concatenate(certificate, path("intermediate.pem"), root),
	)
	return
}

func concatenate(target string, sources ...string) error {
	var all []byte
	for _, source := range sources {
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		all = append(all, content...)
	}
	return os.WriteFile(target, all, 0o600)
}

// isRootOf holds if ca.pem is the last certificate of the file that was handed in, and that one is
// what this CA is meant to be.
func (a opensslCA) isRootOf(d directory, file string) error {
	handedIn, err := directory{filepath.Dir(file)}.certificates(filepath.Base(file))
	if err != nil {
		return err
	}
	roots, err := d.certificates("ca.pem")
	if err != nil {
		return err
	}
	if len(roots) != 1 || !roots[0].Equal(handedIn[len(handedIn)-1]) {
		return fmt.Errorf("ca.pem holds %d certificates, the first of %s", len(roots), roots[0].Subject)
	}
	return a.hasItsStringType(roots[0])
}

// relativeNameSET is a RelativeDistinguishedName; encoding/asn1 knows a SET OF by this ending.
type relativeNameSET []struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// hasItsStringType guards the proof itself: OpenSSL silently takes another type where a text does
// not fit.
func (a opensslCA) hasItsStringType(root *x509.Certificate) error {
	var name []relativeNameSET
	if _, err := asn1.Unmarshal(root.RawSubject, &name); err != nil {
		return err
	}
	for _, set := range name {
		for _, attribute := range set {
			if attribute.Value.Tag == a.tag {
				return nil
			}
		}
	}
	return fmt.Errorf("no attribute of %x has the tag %d", root.RawSubject, a.tag)
}
