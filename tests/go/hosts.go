package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"time"
)

// Milvus' own ports, and a name that has both of these addresses here.
const (
	grpcPort   = 19530
	restPort   = 8080
	here       = "127.0.0.1"
	there      = "127.0.0.2"
	bothOfThem = "milvus.example"
)

// host is what is at the two ports of an address.
type host struct {
	address    string
	grpc, rest func(address string) (server, error)
}

func overTLS(certificate tls.Certificate, h2 bool) func(string) (server, error) {
	return func(address string) (server, error) { return serveHTTPS(address, serving(certificate), h2) }
}

func inPlaintext(serve func(net.Conn)) func(string) (server, error) {
	return func(address string) (server, error) { return servePlain(address, serve) }
}

func (h host) start() ([]server, error) {
	var running []server
	for port, start := range map[int]func(string) (server, error){grpcPort: h.grpc, restPort: h.rest} {
		if start == nil {
			continue
		}
		started, err := start(fmt.Sprintf("%s:%d", h.address, port))
		if err != nil {
			return running, err
		}
		running = append(running, started)
	}
	return running, nil
}

// hosts probes the two ports of hosts together.
func (p *proof) hosts(home directory) {
	own, err1 := home.identity("server")
	ca, err2 := home.issuer()
	if err := first(err1, err2); err != nil {
		check("the hosts' certificates are made", err)
		return
	}
	grpc, rest := overTLS(own, true), overTLS(own, false)
	empty, renewed := p.directory("empty"), p.directory("renewed")
	named := func(age time.Duration) tls.Certificate {
		certificate, err := ca.issue(func(template *x509.Certificate) {
			template.DNSNames = []string{bothOfThem}
			template.NotBefore = time.Now().Add(-age)
		})
		err2 = first(err2, err)
		return certificate
	}
	fresh, old := named(time.Hour), named(2*time.Hour)
	both, err := home.with(p.directory("both").path, fresh)
	if !check("the hosts' directories are made", first(err2, err, os.Mkdir(empty.path, 0o700),
		command(exec.Command("cp", "-r", home.path, renewed.path)))) || !p.run("renew", "-d", renewed.path) {
		return
	}

	healthy := host{here, grpc, rest}
	for _, test := range []struct {
		words     string
		hosts     []host
		directory directory
		arguments []string
		ports     int
		mode      string
		codes     string
		status    int
	}{
		{"both ports", []host{healthy}, home, []string{here}, 2, "1", "", 0},
		{"a URL", []host{healthy}, home, []string{"https://" + here + ":19530/"}, 1, "1", "", 0},
		{"gRPC alone", []host{{here, grpc, nil}}, home, []string{here}, 2, "1", "rest-not-reached", 3},
		{"REST alone", []host{{here, nil, rest}}, home, []string{here}, 2, "1", "port-closed", 3},
		{"gRPC in plaintext, REST over TLS", []host{{here, inPlaintext(serveHTTP2), rest}}, home, []string{here},
			2, "none", "plaintext rest-and-grpc-differ", 3},
		{"gRPC over TLS, REST in plaintext", []host{{here, grpc, inPlaintext(answerHTTP1)}}, home, []string{here},
			2, "none", "plaintext rest-and-grpc-differ", 3},
		{"two hosts, and nobody at the second", []host{healthy}, home, []string{here, there}, 4, "1", "port-closed", 3},
		{"nobody at either", nil, home, []string{here, there}, 4, "none", "", 1},
		{"a name that has no address", nil, home, []string{"nowhere.example"}, 2, "none", "", 1},
		{"a renewed directory", []host{healthy}, renewed, []string{here}, 2, "1", "renewed-not-restarted", 3},
		{"a name with two addresses", []host{
			{here, overTLS(fresh, true), overTLS(fresh, false)},
			{there, overTLS(fresh, true), overTLS(fresh, false)},
		}, both, []string{bothOfThem}, 4, "1", "", 0},
		{"a name with two addresses, and the second was not restarted", []host{
			{here, overTLS(fresh, true), overTLS(fresh, false)},
			{there, overTLS(old, true), overTLS(old, false)},
		}, both, []string{bothOfThem}, 4, "1", "renewed-not-restarted", 3},
	} {
		var running []server
		var err error
		for _, host := range test.hosts {
			started, failure := host.start()
			running, err = append(running, started...), first(err, failure)
		}
		answer, failure := p.ask("", append([]string{"probe", "-d", test.directory.path}, test.arguments...)...)
		for _, server := range running {
			server.close()
		}
		said := orNothing(test.codes)
		if test.status == 1 {
			said = "nothing can be reached"
		}
		check(fmt.Sprintf("probe, %s: %s", test.words, said), first(err, failure,
			same("codes", answer.codes(), test.codes),
			same("exit status", answer.status, test.status),
			same("tlsMode", text(answer.TLSMode), test.mode),
			same("ports", len(answer.Ports), test.ports),
		))
	}

	running, err := healthy.start()
	ended := exec.Command(p.program, "probe", here, "-d", empty.path).Run()
	for _, server := range running {
		server.close()
	}
	if ended == nil {
		err = first(err, errors.New("everything is as it promises"))
	}
	check("probe, a directory in which nothing is: it is not said to be served", err)
}
