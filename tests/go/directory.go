package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
)

// directory is a folder with the seven files.
type directory struct {
	path string
}

func (d directory) file(name string) string {
	return filepath.Join(d.path, name)
}

// certificates reads all certificates of a file.
func (d directory) certificates(name string) ([]*x509.Certificate, error) {
	content, err := os.ReadFile(d.file(name))
	if err != nil {
		return nil, err
	}
	var found []*x509.Certificate
	for block, rest := pem.Decode(content); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found = append(found, certificate)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s holds no certificate", name)
	}
	return found, nil
}

// roots is what Milvus and its clients trust: ca.pem.
func (d directory) roots() (*x509.CertPool, error) {
	certificates, err := d.certificates("ca.pem")
	return poolOf(certificates), err
}

func poolOf(certificates []*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, certificate := range certificates {
		pool.AddCert(certificate)
	}
	return pool
}

// verify judges server.pem or client.pem as a peer would that trusts the CA's ca.pem. An
// empty name stands for any.
func (d directory) verify(file string, ca directory, usage x509.ExtKeyUsage, name string) error {
	presented, err := d.certificates(file)
	if err != nil {
		return err
	}
	roots, err := ca.roots()
	if err != nil {
		return err
	}
	_, err = presented[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: poolOf(presented[1:]),
		KeyUsages:     []x509.ExtKeyUsage{usage},
		DNSName:       name,
	})
	return err
}

// issuedByteForByte holds if each certificate of a chain names as its issuer exactly the subject of
// the next one, and the last one that of ca.pem. Verifiers compare these bytes, not what they mean.
func (d directory) issuedByteForByte(file string) error {
	chain, err := d.certificates(file)
	if err != nil {
		return err
	}
	roots, err := d.certificates("ca.pem")
	if err != nil {
		return err
	}
	chain = append(chain, roots...)
	for i, certificate := range chain[:len(chain)-1] {
		if !bytes.Equal(certificate.RawIssuer, chain[i+1].RawSubject) {
			return fmt.Errorf("certificate %d of %s is issued by %x, not by %x",
				i, file, certificate.RawIssuer, chain[i+1].RawSubject)
		}
	}
	return nil
}

// identity loads a key and its certificates as Milvus does, which also compares the two.
func (d directory) identity(name string) (tls.Certificate, error) {
	return tls.LoadX509KeyPair(d.file(name+".pem"), d.file(name+".key"))
}

// allKeysAre holds if the three certificates have a key of this type.
func (d directory) allKeysAre(keyType string) error {
	for _, name := range []string{"ca.pem", "server.pem", "client.pem"} {
		certificates, err := d.certificates(name)
		if err != nil {
			return err
		}
		if found := keyTypeOf(certificates[0]); found != keyType {
			return fmt.Errorf("%s has %s", name, found)
		}
	}
	return nil
}

func keyTypeOf(certificate *x509.Certificate) string {
	switch key := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		return fmt.Sprintf("rsa%d", key.N.BitLen())
	case *ecdsa.PublicKey:
		return fmt.Sprintf("p%d", key.Params().BitSize)
	default:
		return fmt.Sprintf("%T", key)
	}
}
