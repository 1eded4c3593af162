package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"go/build"
	"net"
	"path/filepath"
	"strings"
	"time"
)

// animal is a server, what probe is to say of it, and what its clients say.
type animal struct {
	words string
	// What it serves; its authority is that of home.
	config *tls.Config
	// Without it, HTTP/1 is all that it speaks, and no protocol is agreed on.
	h2 bool
	// Instead of TLS.
	plain func(net.Conn)

	// The directory that it is held to; without a path, one with the certificate that it serves and
	// the ca.pem of the directory trusted, which is home unless it says otherwise.
	directory, trusted directory
	// Further arguments of probe.
	arguments []string

	codes    string
	state    string
	versions []string
	alpn     string
	mode     string
	without  string
	with     string

	// The client that fails, the code of what it says, and of what the server logs.
	client     *tls.Config
	clientSays string
	serverSays string
}

// anything is not compared.
const anything = "anything"

// refusal is the alert by which a server refuses a client certificate, or none, and the code of the words that
// the client has for it. Until Go 1.20 a server does not say why.
func refusal(alert, code string) (string, string) {
	for _, release := range build.Default.ReleaseTags {
		if release == "go1.21" {
			return "alert " + alert, code
		}
	}
	return "alert bad_certificate", "client-refused"
}

var bothVersions = []string{"TLS 1.2", "TLS 1.3"}

// servers probes one server after the other.
func servers(p proof) {
	home, stranger := p.directory("home"), p.directory("stranger")
	if p.run("gen", "-d", home.path, "--key-type", "p256") &&
		p.run("gen", "-d", stranger.path, "--key-type", "p256", "--organization", "Another CA") {
		animals, err := zooOf(home, stranger, p.directory("root"))
		if p.check("the servers of the zoo are made", err) {
			for i, animal := range animals {
				p.visit(home, fmt.Sprintf("animal-%d", i), animal)
			}
			p.plaintextClient(home)
			p.otherVersions()
		}
		p.hosts(home)
		p.components(home)
	}
	p.end()
}

// healthy is what all animals have in common that differ in one thing.
func healthy(words string, config *tls.Config) animal {
	return animal{words: words, config: config, h2: true,
		state: "tls", versions: bothVersions, alpn: "h2", mode: "1", without: "let in", with: "not tried"}
}

func (a animal) finds(codes string) animal {
	a.codes = codes
	return a
}

// failing says which client fails, and how its words and those of the server are to be known.
func (a animal) failing(client *tls.Config, clientSays, serverSays string) animal {
	a.client, a.clientSays, a.serverSays = client, clientSays, serverSays
	return a
}

func serving(certificate tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

func zooOf(home, stranger, deep directory) ([]animal, error) {
	authority, err1 := home.issuer()
	another, err2 := stranger.issuer()
	own, err3 := home.identity("server")
	roots, err4 := home.roots()
	strangers, err5 := stranger.roots()
	if err := first(err1, err2, err3, err4, err5); err != nil {
		return nil, err
	}
	var failed error
	issue := func(by issuer, change func(*x509.Certificate), chain ...*x509.Certificate) tls.Certificate {
		certificate, err := by.issue(change, chain...)
		failed = first(failed, err)
		return certificate
	}
	unchanged := func(*x509.Certificate) {}
	top, err := root(deep)
	if err != nil {
		return nil, err
	}
	upper, err := top.intermediate("Upper CA")
	if err != nil {
		return nil, err
	}
	lower, err := upper.intermediate("Lower CA")
	if failed = first(failed, err); failed != nil {
		return nil, failed
	}
	trusting := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	atMost12, atLeast13 := trusting.Clone(), trusting.Clone()
	atMost12.MaxVersion = tls.VersionTLS12
	atLeast13.MinVersion = tls.VersionTLS13

	var animals []animal
	add := func(animal animal) { animals = append(animals, animal) }

	add(healthy("a healthy server", serving(own)))
	add(healthy("a server of another authority", serving(issue(another, unchanged))).
		finds("not-issued-by-ca").failing(trusting, "not-issued-by-ca", "!client-refused"))
	add(healthy("a server that a client distrusts", serving(own)).
		failing(&tls.Config{RootCAs: strangers, ServerName: "localhost"}, "not-issued-by-ca", "!client-refused"))

	old := healthy("TLS 1.2 alone", &tls.Config{Certificates: []tls.Certificate{own}, MaxVersion: tls.VersionTLS12}).
		failing(atLeast13, "tls-version", "tls-version")
	old.versions = []string{"TLS 1.2"}
	add(old)
	modern := healthy("TLS 1.3 alone", &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS13}).
		failing(atMost12, "tls-version", "tls-version")
	modern.versions = []string{"TLS 1.3"}
	add(modern)

	noALPN := healthy("no ALPN, on the gRPC port", serving(own)).finds("no-alpn no-answer")
	noALPN.h2, noALPN.alpn, noALPN.without = false, "none", anything
	add(noALPN)
	rest := healthy("no ALPN, on the REST port", serving(own))
	rest.h2, rest.alpn, rest.arguments = false, "none", []string{"--rest-port"}
	add(rest)

	add(healthy("expired", serving(issue(authority, func(template *x509.Certificate) {
		template.NotBefore = time.Now().Add(-48 * time.Hour)
		template.NotAfter = time.Now().Add(-24 * time.Hour)
	}))).finds("expired").failing(trusting, "expired", "!client-refused"))
	add(healthy("not yet valid", serving(issue(authority, func(template *x509.Certificate) {
		template.NotBefore = time.Now().Add(24 * time.Hour)
	}))).finds("not-yet-valid").failing(trusting, "not-yet-valid", "!client-refused"))
	add(healthy("the wrong name", serving(issue(authority, func(template *x509.Certificate) {
		template.DNSNames = []string{"other.example"}
	}))).finds("name-not-covered").failing(trusting, "name-not-covered", "!client-refused"))
	add(healthy("no subjectAltName", serving(issue(authority, func(template *x509.Certificate) {
		template.DNSNames = nil
	}))).finds("no-subject-alt-name").failing(trusting, "no-subject-alt-name", "!client-refused"))
	add(healthy("for clients alone", serving(issue(authority, func(template *x509.Certificate) {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}))).finds("server-without-server-auth").failing(trusting, "server-without-server-auth", "!client-refused"))

	trustingTop := &tls.Config{RootCAs: poolOf([]*x509.Certificate{top.certificate}), ServerName: "localhost"}
	// What it signs with is not the key of what it shows first.
	misplaced := healthy("an intermediate authority before the server's own certificate",
		serving(misordered(issue(lower, unchanged, lower.certificate, upper.certificate)))).
		finds("ca-before-leaf handshake-refused")
	misplaced.alpn, misplaced.mode, misplaced.without = "none", "none", anything
	for _, below := range []animal{
		healthy("two intermediate authorities",
			serving(issue(lower, unchanged, lower.certificate, upper.certificate))),
		healthy("two intermediate authorities in the wrong order, which nobody minds",
			serving(issue(lower, unchanged, upper.certificate, lower.certificate))),
		misplaced,
		healthy("no intermediate authorities, where they are needed", serving(issue(lower, unchanged))).
			finds("not-issued-by-ca").failing(trustingTop, "not-issued-by-ca", "!client-refused"),
		healthy("one intermediate authority, where two are needed", serving(issue(lower, unchanged, lower.certificate))).
			finds("not-issued-by-ca").failing(trustingTop, "not-issued-by-ca", "!client-refused"),
	} {
		below.trusted = deep
		add(below)
	}

	without, _ := refusal("certificate_required", "")
	add(mutual("mutual TLS 1.3", own, roots, tls.VersionTLS13, home, home, without, "let in", ""))
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		name := tlsName(version) + ", after the handshake"
		if version == tls.VersionTLS12 {
			name = tlsName(version) + ", in the handshake"
		}
		show := func(client tls.Certificate) *tls.Config {
			config := trusting.Clone()
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &client, nil }
			return config
		}
		unfit, err := home.identity("server")
		strange, err2 := stranger.identity("client")
		expired := issue(authority, func(template *x509.Certificate) {
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
			template.NotBefore = time.Now().Add(-48 * time.Hour)
			template.NotAfter = time.Now().Add(-24 * time.Hour)
		})
		if failed = first(failed, err, err2); failed != nil {
			return nil, failed
		}
		// In TLS 1.2 there is no alert for it.
		missing := map[uint16][2]string{
			tls.VersionTLS12: {"handshake_failure", "handshake-refused"},
			tls.VersionTLS13: {"certificate_required", "client-certificate-missing"},
		}[version]
		without, noneCode := refusal(missing[0], missing[1])
		refusing := func(what string, client directory, config *tls.Config, alert, code, serverSays string) animal {
			with, clientSays := refusal(alert, code)
			return mutual("refuses "+what+" in "+name, own, roots, version, home, client, without, with, "client-refused").
				failing(config, clientSays, serverSays)
		}
		add(refusing("a client certificate for servers", directory{}, show(unfit),
			"bad_certificate", "client-refused", "client-without-client-auth"))
		add(refusing("another authority's client certificate", stranger, show(strange),
			"unknown_ca", "not-issued-by-ca", "not-issued-by-ca"))
		add(refusing("an expired client certificate", stranger, show(expired),
			"unknown_ca", "expired", "expired"))
		add(mutual("refuses a client without a certificate in "+name, own, roots, version, home, home,
			without, "let in", "").failing(trusting, noneCode, "client-certificate-missing"))
	}

	plaintext := animal{words: "HTTP/1 in plaintext", plain: answerHTTP1, state: "plaintext", mode: "0",
		alpn: "none", without: "not tried", with: "not tried", codes: "plaintext", directory: home}
	add(plaintext.failing(trusting, "plaintext", ""))
	plaintext.words, plaintext.plain = "HTTP/2 in plaintext", serveHTTP2
	add(plaintext.failing(trusting, "plaintext", ""))
	silence := animal{words: "silence", plain: func(net.Conn) { time.Sleep(5 * time.Second) },
		state: "silent", mode: "none", alpn: "none", without: "not tried", with: "not tried", codes: "no-answer",
		directory: home, arguments: []string{"--timeout", "900ms"}}
	add(silence.failing(trusting, "no-answer", ""))
	garbage := animal{words: "garbage", plain: func(connection net.Conn) { _, _ = connection.Write(make([]byte, 512)) },
		state: "strange", mode: "none", alpn: "none", without: "not tried", with: "not tried", codes: "not-milvus", directory: home}
	add(garbage)
	garbage.words, garbage.plain = "closes every connection", func(net.Conn) {}
	add(garbage)
	return animals, failed
}

// mutual is a server that takes client certificates from the roots. The client shows what is in a
// directory: its client certificate, or if it has no path, home's server certificate.
func mutual(
	words string, own tls.Certificate, roots *x509.CertPool, version uint16, home, client directory,
	without, with, codes string,
) animal {
	a := healthy(words, &tls.Config{
		Certificates: []tls.Certificate{own},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    roots,
		MinVersion:   version,
		MaxVersion:   version,
	}).finds(codes)
	a.versions = []string{tlsName(version)}
	a.mode, a.without, a.with, a.directory = "2", without, with, home
	if version == tls.VersionTLS12 && with != "let in" {
		// No handshake is completed, so nothing is agreed on.
		a.alpn = "none"
	}
	name := "client"
	if client.path == "" {
		client, name = home, "server"
	}
	a.arguments = []string{"--cert", client.file(name + ".pem"), "--key", client.file(name + ".key")}
	return a
}

// misordered exchanges the first two certificates.
func misordered(certificate tls.Certificate) tls.Certificate {
	chain := certificate.Certificate
	chain[0], chain[1] = chain[1], chain[0]
	return certificate
}

func tlsName(version uint16) string {
	if version == tls.VersionTLS12 {
		return "TLS 1.2"
	}
	return "TLS 1.3"
}

func answerHTTP1(connection net.Conn) {
	_, _ = connection.Read(make([]byte, 4096))
	_, _ = connection.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
}

// visit probes one server, and asks what its client and it say of each other.
func (p *proof) visit(home directory, name string, a animal) {
	running, err := a.start()
	if err != nil {
		p.check(a.words+": the server starts", err)
		return
	}
	defer running.close()
	held, trusted := a.directory, home
	if a.trusted.path != "" {
		trusted = a.trusted
	}
	if held.path == "" {
		if held, err = trusted.with(filepath.Join(p.folder, name), a.config.Certificates[0]); err != nil {
			p.check(a.words+": its directory is made", err)
			return
		}
	}
	arguments := []string{"probe", running.address(), "-d", held.path, "--server-name", "localhost"}
	for _, argument := range a.arguments {
		arguments = append(arguments, argument)
		if argument == "--rest-port" {
			arguments = append(arguments, running.port())
		}
	}
	answer, err := p.ask("", arguments...)
	p.check(fmt.Sprintf("%s, to probe: %s", a.words, orNothing(a.codes)), first(err, a.isSaid(answer)))
	if a.clientSays == "" {
		return
	}
	running.forget()
	failure := speaks(running, a.client)
	p.check(fmt.Sprintf("%s: explain knows the client's words as %s", a.words, a.clientSays),
		p.explains(words(failure), a.clientSays))
	if a.serverSays != "" {
		p.check(fmt.Sprintf("%s: explain knows the server's words as %s", a.words, readable(a.serverSays)),
			p.explains(running.says(), a.serverSays))
	}
}

// readable says that a code is not to come.
func readable(code string) string {
	if strings.HasPrefix(code, "!") {
		return "anything but " + code[1:]
	}
	return code
}

func unless(condition bool, err error) error {
	if condition {
		return nil
	}
	return err
}

func orNothing(codes string) string {
	if codes == "" {
		return "all is well"
	}
	return codes
}

func (a animal) start() (server, error) {
	const address = "127.0.0.1:0"
	if a.plain != nil {
		return servePlain(address, a.plain)
	}
	return serveHTTPS(address, a.config, a.h2)
}

// isSaid holds if everything that probe says is expected.
func (a animal) isSaid(answer said) error {
	if len(answer.Ports) != 1 {
		return fmt.Errorf("%d ports", len(answer.Ports))
	}
	port := answer.Ports[0]
	status := 0
	if a.codes != "" {
		status = 3
	}
	held := "none"
	if a.state == "tls" {
		held = "true"
	}
	return first(
		same("codes", answer.codes(), a.codes),
		same("exit status", answer.status, status),
		same("state", port.State, a.state),
		same("versions", port.TLSVersions, a.versions),
		same("ALPN", text(port.ALPN), a.alpn),
		same("tlsMode", text(port.TLSMode), a.mode),
		same("is the directory's", text(port.IsTheDirectorys), held),
		unless(a.without == anything, same("without a client certificate", port.Without.described(), a.without)),
		same("with one", port.With.described(), a.with),
	)
}

// plaintextClient is one that speaks to a server with TLS.
func (p *proof) plaintextClient(home directory) {
	own, err := home.identity("server")
	running, err2 := serveHTTPS("127.0.0.1:0", serving(own), true)
	if err := first(err, err2); err != nil {
		p.check("a server for a client without TLS starts", err)
		return
	}
	defer running.close()
	answer, err := speaksPlaintext(running)
	p.check("a client without TLS: explain knows what it gets as client-without-tls",
		first(err, p.explains(answer, "client-without-tls")))
}

// otherVersions are the words of what does not run here. An alert is always about the certificate of who
// receives it.
func (p *proof) otherVersions() {
	for _, saying := range []struct{ who, words, code string }{
		{"curl at a server of a later Go", "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.19: " +
			"error:0A000418:SSL routines::tlsv1 alert unknown ca, errno 0", "not-issued-by-ca"},
		{"curl at a server of a later Go", "curl: (56) OpenSSL SSL_read: OpenSSL/3.0.19: " +
			"error:0A000415:SSL routines::sslv3 alert certificate expired, errno 0", "expired"},
		{"a server of Go, when OpenSSL distrusts it", "http: TLS handshake error from 127.0.0.1:50000: " +
			"remote error: tls: unknown certificate authority", "not-issued-by-ca"},
		{"a server of grpc-go, when a client does not use TLS", `ServerHandshake("127.0.0.1:50000") failed: ` +
			"tls: first record does not look like a TLS handshake", "client-without-tls"},
		{"a client of grpc-go, when a server does not use TLS", "transport: authentication handshake failed: " +
			"tls: first record does not look like a TLS handshake", "plaintext"},
	} {
		p.check(fmt.Sprintf("%s: explain knows its words as %s", saying.who, saying.code),
			p.explains(saying.words, saying.code))
	}
}
