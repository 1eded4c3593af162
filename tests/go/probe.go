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

// testServer is a server, what probe is to say of it, and what its clients say.
type testServer struct {
	words string
	// What it serves; its CA is that of home.
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
	home, other := p.directory("home"), p.directory("other")
	if p.run("gen", "-d", home.path, "--key-type", "p256") &&
		p.run("gen", "-d", other.path, "--key-type", "p256", "--organization", "Another CA") {
		testServers, err := allServers(home, other, p.directory("root"))
		if check("the test servers are made", err) {
			for i, each := range testServers {
				p.judge(home, fmt.Sprintf("server-%d", i), each)
			}
			p.plaintextClient(home)
			p.otherVersions()
		}
		p.hosts(home)
		p.components(home)
	}
}

// healthy is what all testServers have in common that differ in one thing.
func healthy(words string, config *tls.Config) testServer {
	return testServer{words: words, config: config, h2: true,
		state: "tls", versions: bothVersions, alpn: "h2", mode: "1", without: "let in", with: "not tried"}
}

func (t testServer) finds(codes string) testServer {
	t.codes = codes
	return t
}

// failing says which client fails, and how its words and those of the server are to be known.
func (t testServer) failing(client *tls.Config, clientSays, serverSays string) testServer {
	t.client, t.clientSays, t.serverSays = client, clientSays, serverSays
	return t
}

func serving(certificate tls.Certificate) *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{certificate}}
}

func allServers(home, other, deep directory) ([]testServer, error) {
	ca, err1 := home.issuer()
	another, err2 := other.issuer()
	own, err3 := home.identity("server")
	roots, err4 := home.roots()
	othersRoots, err5 := other.roots()
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

	var testServers []testServer
	add := func(t testServer) { testServers = append(testServers, t) }

	add(healthy("a healthy server", serving(own)))
	add(healthy("a server of another CA", serving(issue(another, unchanged))).
		finds("not-issued-by-ca").failing(trusting, "not-issued-by-ca", "!client-refused"))
	add(healthy("a server that a client distrusts", serving(own)).
		failing(&tls.Config{RootCAs: othersRoots, ServerName: "localhost"}, "not-issued-by-ca", "!client-refused"))

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

	add(healthy("expired", serving(issue(ca, func(template *x509.Certificate) {
		template.NotBefore = time.Now().Add(-48 * time.Hour)
		template.NotAfter = time.Now().Add(-24 * time.Hour)
	}))).finds("expired").failing(trusting, "expired", "!client-refused"))
	add(healthy("not yet valid", serving(issue(ca, func(template *x509.Certificate) {
		template.NotBefore = time.Now().Add(24 * time.Hour)
	}))).finds("not-yet-valid").failing(trusting, "not-yet-valid", "!client-refused"))
	add(healthy("the wrong name", serving(issue(ca, func(template *x509.Certificate) {
		template.DNSNames = []string{"other.example"}
	}))).finds("name-not-covered").failing(trusting, "name-not-covered", "!client-refused"))
	add(healthy("no subjectAltName", serving(issue(ca, func(template *x509.Certificate) {
		template.DNSNames = nil
	}))).finds("no-subject-alt-name").failing(trusting, "no-subject-alt-name", "!client-refused"))
	add(healthy("for clients alone", serving(issue(ca, func(template *x509.Certificate) {
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}))).finds("server-without-server-auth").failing(trusting, "server-without-server-auth", "!client-refused"))

	trustingTop := &tls.Config{RootCAs: poolOf([]*x509.Certificate{top.certificate}), ServerName: "localhost"}
	// What it signs with is not the key of what it shows first.
	misplaced := healthy("an intermediate CA before the server's own certificate",
		serving(misordered(issue(lower, unchanged, lower.certificate, upper.certificate)))).
		finds("ca-before-leaf handshake-refused")
	misplaced.alpn, misplaced.mode, misplaced.without = "none", "none", anything
	for _, below := range []testServer{
		healthy("two intermediate CAs",
			serving(issue(lower, unchanged, lower.certificate, upper.certificate))),
		healthy("two intermediate CAs in the wrong order, which nobody minds",
			serving(issue(lower, unchanged, upper.certificate, lower.certificate))),
		misplaced,
		healthy("no intermediate CAs, where they are needed", serving(issue(lower, unchanged))).
			finds("not-issued-by-ca").failing(trustingTop, "not-issued-by-ca", "!client-refused"),
		healthy("one intermediate CA, where two are needed", serving(issue(lower, unchanged, lower.certificate))).
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
		strange, err2 := other.identity("client")
		expired := issue(ca, func(template *x509.Certificate) {
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
		refusing := func(what string, client directory, config *tls.Config, alert, code, serverSays string) testServer {
			with, clientSays := refusal(alert, code)
			return mutual("refuses "+what+" in "+name, own, roots, version, home, client, without, with, "client-refused").
				failing(config, clientSays, serverSays)
		}
		add(refusing("a client certificate for servers", directory{}, show(unfit),
			"bad_certificate", "client-refused", "client-without-client-auth"))
		add(refusing("another CA's client certificate", other, show(strange),
			"unknown_ca", "not-issued-by-ca", "not-issued-by-ca"))
		add(refusing("an expired client certificate", other, show(expired),
			"unknown_ca", "expired", "expired"))
		add(mutual("refuses a client without a certificate in "+name, own, roots, version, home, home,
			without, "let in", "").failing(trusting, noneCode, "client-certificate-missing"))
	}

	plaintext := testServer{words: "HTTP/1 in plaintext", plain: answerHTTP1, state: "plaintext", mode: "0",
		alpn: "none", without: "not tried", with: "not tried", codes: "plaintext", directory: home}
	add(plaintext.failing(trusting, "plaintext", ""))
	plaintext.words, plaintext.plain = "HTTP/2 in plaintext", serveHTTP2
	add(plaintext.failing(trusting, "plaintext", ""))
	silence := testServer{words: "silence", plain: func(net.Conn) { time.Sleep(5 * time.Second) },
		state: "silent", mode: "none", alpn: "none", without: "not tried", with: "not tried", codes: "no-answer",
		directory: home, arguments: []string{"--timeout", "900ms"}}
	add(silence.failing(trusting, "no-answer", ""))
	garbage := testServer{words: "garbage", plain: func(connection net.Conn) { _, _ = connection.Write(make([]byte, 512)) },
		state: "strange", mode: "none", alpn: "none", without: "not tried", with: "not tried", codes: "not-milvus", directory: home}
	add(garbage)
	garbage.words, garbage.plain = "closes every connection", func(net.Conn) {}
	add(garbage)
	return testServers, failed
}

// mutual is a server that takes client certificates from the roots. The client shows what is in a
// directory: its client certificate, or if it has no path, home's server certificate.
func mutual(
	words string, own tls.Certificate, roots *x509.CertPool, version uint16, home, client directory,
	without, with, codes string,
) testServer {
	t := healthy(words, &tls.Config{
		Certificates: []tls.Certificate{own},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    roots,
		MinVersion:   version,
		MaxVersion:   version,
	}).finds(codes)
	t.versions = []string{tlsName(version)}
	t.mode, t.without, t.with, t.directory = "2", without, with, home
	if version == tls.VersionTLS12 && with != "let in" {
		// No handshake is completed, so nothing is agreed on.
		t.alpn = "none"
	}
	name := "client"
	if client.path == "" {
		client, name = home, "server"
	}
	t.arguments = []string{"--cert", client.file(name + ".pem"), "--key", client.file(name + ".key")}
	return t
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

// test probes one server, and asks what its client and it say of each other.
func (p *proof) judge(home directory, name string, t testServer) {
	running, err := t.start()
	if err != nil {
		check(t.words+": the server starts", err)
		return
	}
	defer running.close()
	held, trusted := t.directory, home
	if t.trusted.path != "" {
		trusted = t.trusted
	}
	if held.path == "" {
		if held, err = trusted.with(filepath.Join(p.folder, name), t.config.Certificates[0]); err != nil {
			check(t.words+": its directory is made", err)
			return
		}
	}
	arguments := []string{"probe", running.address(), "-d", held.path, "--server-name", "localhost"}
	for _, argument := range t.arguments {
		arguments = append(arguments, argument)
		if argument == "--rest-port" {
			arguments = append(arguments, running.port())
		}
	}
	answer, err := p.ask("", arguments...)
	check(fmt.Sprintf("%s, to probe: %s", t.words, orNothing(t.codes)), first(err, t.isSaid(answer)))
	if t.clientSays == "" {
		return
	}
	running.forget()
	failure := speaks(running, t.client)
	check(fmt.Sprintf("%s: explain knows the client's words as %s", t.words, t.clientSays),
		p.explains(words(failure), t.clientSays))
	if t.serverSays != "" {
		check(fmt.Sprintf("%s: explain knows the server's words as %s", t.words, readable(t.serverSays)),
			p.explains(running.says(), t.serverSays))
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

func (t testServer) start() (server, error) {
	const address = "127.0.0.1:0"
	if t.plain != nil {
		return servePlain(address, t.plain)
	}
	return serveHTTPS(address, t.config, t.h2)
}

// isSaid holds if everything that probe says is expected.
func (t testServer) isSaid(answer said) error {
	if len(answer.Ports) != 1 {
		return fmt.Errorf("%d ports", len(answer.Ports))
	}
	port := answer.Ports[0]
	status := 0
	if t.codes != "" {
		status = 3
	}
	held := "none"
	if t.state == "tls" {
		held = "true"
	}
	return first(
		same("codes", answer.codes(), t.codes),
		same("exit status", answer.status, status),
		same("state", port.State, t.state),
		same("versions", port.TLSVersions, t.versions),
		same("ALPN", text(port.ALPN), t.alpn),
		same("tlsMode", text(port.TLSMode), t.mode),
		same("is the directory's", text(port.IsTheDirectorys), held),
		unless(t.without == anything, same("without a client certificate", port.Without.described(), t.without)),
		same("with one", port.With.described(), t.with),
	)
}

// plaintextClient is one that speaks to a server with TLS.
func (p *proof) plaintextClient(home directory) {
	own, err := home.identity("server")
	running, err2 := serveHTTPS("127.0.0.1:0", serving(own), true)
	if err := first(err, err2); err != nil {
		check("a server for a client without TLS starts", err)
		return
	}
	defer running.close()
	answer, err := speaksPlaintext(running)
	check("a client without TLS: explain knows what it gets as client-without-tls",
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
		check(fmt.Sprintf("%s: explain knows its words as %s", saying.who, saying.code),
			p.explains(saying.words, saying.code))
	}
}
