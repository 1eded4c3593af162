package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"time"
)

// issuer is a CA that issues what milvus-certs would not.
type issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// issuer is the directory's CA.
func (d directory) issuer() (issuer, error) {
	certificates, err := d.certificates("ca.pem")
	if err != nil {
		return issuer{}, err
	}
	identity, err := d.identity("ca")
	if err != nil {
		return issuer{}, err
	}
	return issuer{certificates[0], identity.PrivateKey.(crypto.Signer)}, nil
}

// issue makes a certificate for localhost that is valid now, as changed, and a key for it. What follows
// it in its chain is given.
func (i issuer) issue(change func(*x509.Certificate), chain ...*x509.Certificate) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: "localhost"},
		DNSNames:              []string{"localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(365 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, i.certificate, key.Public(), i.key)
	if err != nil {
		return tls.Certificate{}, err
	}
	identity := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	for _, certificate := range chain {
		identity.Certificate = append(identity.Certificate, certificate.Raw)
	}
	return identity, nil
}

// intermediate makes a CA below this one.
func (i issuer) intermediate(name string) (issuer, error) {
	identity, err := i.issue(func(template *x509.Certificate) {
		template.Subject.CommonName = name
		template.DNSNames = nil
		template.IsCA = true
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		template.ExtKeyUsage = nil
	})
	if err != nil {
		return issuer{}, err
	}
	certificate, err := x509.ParseCertificate(identity.Certificate[0])
	return issuer{certificate, identity.PrivateKey.(crypto.Signer)}, err
}

// root makes a CA that CAs can be below, in a directory of its own; those that gen makes
// allow none.
func root(d directory) (issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return issuer{}, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "Root CA"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(3650 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return issuer{}, err
	}
	certificate, err := x509.ParseCertificate(der)
	return issuer{certificate, key}, first(err, os.Mkdir(d.path, 0o700), os.WriteFile(d.file("ca.pem"),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
}

// with is a copy of the directory with another server certificate, and no client certificate.
func (d directory) with(path string, server tls.Certificate) (directory, error) {
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		return directory{}, err
	}
	var chain []byte
	for _, der := range server.Certificate {
		chain = append(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	other := directory{path}
	return other, first(
		os.Mkdir(path, 0o700),
		concatenate(other.file("ca.pem"), d.file("ca.pem")),
		os.WriteFile(other.file("server.pem"), chain, 0o600),
		os.WriteFile(other.file("server.key"),
			pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
	)
}
