// Judges what milvus-certs makes with crypto/x509 and crypto/tls, as Milvus does.
//
// Usage, in an empty folder: verify certificates PATH_TO_MILVUS_CERTS PATH_TO_GEN_SH
//
//	verify probe PATH_TO_MILVUS_CERTS
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// The reasons in the words of crypto/x509 and crypto/tls.
const (
	wrongUsage       = "x509: certificate specifies an incompatible key usage"
	wrongName        = "x509: certificate is valid for "
	unknownAuthority = "x509: certificate signed by unknown authority"
	noCertificate    = "tls: client didn't provide a certificate"
)

var keyTypes = []string{"rsa2048", "rsa3072", "rsa4096", "p256", "p384"}

// proof is a run of all checks.
type proof struct {
	program, genSh, folder string
	// A directory of another CA.
	other directory
}

func main() {
	folder, err := os.Getwd()
	switch arguments := os.Args[1:]; {
	case err == nil && len(arguments) == 3 && arguments[0] == "certificates":
		certificates(proof{program: arguments[1], genSh: arguments[2], folder: folder})
	case err == nil && len(arguments) == 2 && arguments[0] == "probe":
		servers(proof{program: arguments[1], folder: folder})
	default:
		fmt.Fprintln(os.Stderr, "usage: verify certificates PATH_TO_MILVUS_CERTS PATH_TO_GEN_SH\n"+
			"       verify probe PATH_TO_MILVUS_CERTS")
		os.Exit(2)
	}
}

// certificates judges what gen and renew make.
func certificates(p proof) {
	p.other = p.directory("other")
	if p.run("gen", "-d", p.other.path, "--key-type", "p256") {
		for _, keyType := range keyTypes {
			p.everyKeyType(keyType)
		}
		for i, ca := range opensslCAs {
			p.existingCA(fmt.Sprintf("ca-%d", i), ca)
		}
		p.directoryOfGenSh()
	}
}

func (p *proof) directory(name string) directory {
	return directory{filepath.Join(p.folder, name)}
}

// run runs milvus-certs. On failure it says so, and the caller leaves out what depends on it.
func (p *proof) run(arguments ...string) bool {
	err := command(exec.Command(p.program, append(arguments, "--quiet")...))
	if err != nil {
		check(fmt.Sprintf("milvus-certs %s succeeds", arguments[0]), err)
	}
	return err == nil
}

func openssl(arguments ...string) error {
	return command(exec.Command("openssl", arguments...))
}

func command(command *exec.Cmd) error {
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", command.Args, err, bytes.TrimSpace(output))
	}
	return nil
}

func (p *proof) everyKeyType(keyType string) {
	d := p.directory(keyType)
	if p.run("gen", "-d", d.path, "--key-type", keyType) {
		check("gen with "+keyType+": CA, server and client have such a key", d.allKeysAre(keyType))
		p.isFitForItsPurpose("gen with "+keyType, d)
	}
	if p.run("renew", "-d", d.path) {
		check("renew with "+keyType+": CA, server and client have such a key", d.allKeysAre(keyType))
		p.isFitForItsPurpose("renew with "+keyType, d)
	}
}

// isFitForItsPurpose makes all the checks that a directory for localhost must pass.
func (p *proof) isFitForItsPurpose(words string, d directory) {
	p.chains(words, d)
	p.wrongUses(words, d)
	check(words+": tls.LoadX509KeyPair loads server.pem with server.key, and client.pem with client.key",
		loads(d))
	p.oneWay(words, d)
	p.mutual(words, d)
}

func (p *proof) chains(words string, d directory) {
	for _, name := range []string{"localhost", "127.0.0.1", "::1"} {
		check(fmt.Sprintf("%s: ca.pem verifies server.pem for serverAuth as %s", words, name),
			d.verify("server.pem", d, x509.ExtKeyUsageServerAuth, name))
	}
	check(words+": ca.pem verifies client.pem for clientAuth",
		d.verify("client.pem", d, x509.ExtKeyUsageClientAuth, ""))
}

func (p *proof) wrongUses(words string, d directory) {
	check(words+": server.pem is refused for clientAuth, and client.pem for serverAuth", first(
		refused(d.verify("server.pem", d, x509.ExtKeyUsageClientAuth, ""), wrongUsage),
		refused(d.verify("client.pem", d, x509.ExtKeyUsageServerAuth, ""), wrongUsage)))
	check(words+": server.pem is refused as another host", first(
		refused(d.verify("server.pem", d, x509.ExtKeyUsageServerAuth, "other.example"), wrongName),
		refused(d.verify("server.pem", d, x509.ExtKeyUsageServerAuth, "127.0.0.2"), wrongName)))
	check(words+": another CA's ca.pem verifies neither", first(
		refused(d.verify("server.pem", p.other, x509.ExtKeyUsageServerAuth, ""), unknownAuthority),
		refused(d.verify("client.pem", p.other, x509.ExtKeyUsageClientAuth, ""), unknownAuthority)))
}

func loads(d directory) error {
	_, server := d.identity("server")
	_, client := d.identity("client")
	return first(server, client)
}

func (p *proof) oneWay(words string, d directory) {
	check(words+": one-way TLS 1.2 works for a client with ca.pem", oneWayWorks(d, tls.VersionTLS12))
	check(words+": one-way TLS 1.3 works for a client with ca.pem", oneWayWorks(d, tls.VersionTLS13))

	outcome, err := connect(d, false, p.other, tls.VersionTLS13)
	check(words+": a client with another CA's ca.pem refuses the server",
		first(err, outcome.refusedByClient(unknownAuthority)))
}

func oneWayWorks(d directory, version uint16) error {
	outcome, err := connect(d, false, d, version)
	return first(err, outcome.works(version))
}

func (p *proof) mutual(words string, d directory) {
	check(words+": mutual TLS 1.3 works with client.pem", mutualWorks(d))

	outcome, err := connect(d, true, d, tls.VersionTLS13)
	check(words+": mutual TLS refuses a client without certificate",
		first(err, outcome.refusedByServer(noCertificate)))

	check(words+": mutual TLS refuses a client with another CA's client.pem",
		mutualRefuses(d, p.other, "client", unknownAuthority))
	check(words+": mutual TLS refuses a client with server.pem", mutualRefuses(d, d, "server", wrongUsage))
}

func mutualWorks(d directory) error {
	client, err := d.identity("client")
	if err != nil {
		return err
	}
	outcome, err := connect(d, true, d, tls.VersionTLS13, client)
	return first(err, outcome.works(tls.VersionTLS13))
}

// mutualRefuses lets a client present the identity of this name from another directory.
func mutualRefuses(d, owner directory, name, reason string) error {
	client, err := owner.identity(name)
	if err != nil {
		return err
	}
	outcome, err := connect(d, true, d, tls.VersionTLS13, client)
	return first(err, outcome.refusedByServer(reason))
}

func (p *proof) existingCA(name string, a opensslCA) {
	certificate, key, err := a.make(filepath.Join(p.folder, name+"-made-by-openssl"))
	if !check("OpenSSL makes "+a.words, err) {
		return
	}
	d := p.directory(name)
	if p.run("gen", "-d", d.path, "--ca-cert", certificate, "--ca-key", key, "--key-type", "p256") {
		check(a.words+": its root is in ca.pem, unchanged", a.isRootOf(d, certificate))
		p.isIssuedBy("gen from "+a.words, d)
	}
	if p.run("renew", "-d", d.path) {
		p.isIssuedBy("renew from "+a.words, d)
	}
}

// isIssuedBy makes the checks that depend on the CA.
func (p *proof) isIssuedBy(words string, d directory) {
	check(words+": ca.pem verifies server.pem and client.pem", first(
		d.verify("server.pem", d, x509.ExtKeyUsageServerAuth, "localhost"),
		d.verify("client.pem", d, x509.ExtKeyUsageClientAuth, "")))
	check(words+": every issuer is the next subject, byte for byte", first(
		d.issuedByteForByte("server.pem"), d.issuedByteForByte("client.pem")))
	check(words+": mutual TLS 1.3 works", mutualWorks(d))
}

// directoryOfGenSh has a client certificate that no Milvus takes, until it is renewed.
func (p *proof) directoryOfGenSh() {
	d := p.directory("gen-sh")
	script := exec.Command(p.genSh)
	script.Dir = d.path
	err := first(os.Mkdir(d.path, 0o700), command(script), os.Remove(d.file("openssl.cnf")))
	if !check("gen.sh makes a directory", err) {
		return
	}
	check("files from gen.sh: mutual TLS refuses client.pem: "+wrongUsage,
		mutualRefuses(d, d, "client", wrongUsage))
	if p.run("renew", "-d", d.path) {
		check("renew of files from gen.sh: ca.pem verifies server.pem for serverAuth as localhost",
			d.verify("server.pem", d, x509.ExtKeyUsageServerAuth, "localhost"))
		check("renew of files from gen.sh: one-way TLS 1.2 and 1.3 work", first(
			oneWayWorks(d, tls.VersionTLS12), oneWayWorks(d, tls.VersionTLS13)))
		check("renew of files from gen.sh: mutual TLS accepts client.pem", mutualWorks(d))
	}
}
