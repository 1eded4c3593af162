package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
)

// components are those of Milvus, with the ports where they serve each other.
var components = []struct {
	name string
	port int
}{
	{"rootCoord", 53100}, {"dataCoord", 13333}, {"queryCoord", 19531}, {"queryNode", 21123},
	{"indexNode", 21121}, {"dataNode", 21124}, {"streamingNode", 22222}, {"proxy", 19529},
}

// What a component does at its port.
const (
	isOn = iota
	isOff
	isMisnamed
	isForeign
	isAbsent
)

// components probes Milvus' internal ports in every state. They are fixed, so nobody else may be there.
func (p *proof) components(home directory) {
	certificates, err := p.internalCertificates(home)
	if !check("certificates for the components are made", err) {
		return
	}
	all := func(state int) []int {
		states := make([]int, len(components))
		for i := range states {
			states[i] = state
		}
		return states
	}
	mixed := []int{isOn, isOff, isMisnamed, isAbsent, isForeign, isOn, isOff, isAbsent}
	for _, group := range []struct {
		words  string
		states []int
		status int
	}{
		{"all have internal TLS", all(isOn), 0},
		{"none has internal TLS", all(isOff), 3},
		{"all have the wrong name", all(isMisnamed), 3},
		{"all are of another CA", all(isForeign), 3},
		{"none is there", all(isAbsent), 1},
		{"each is different", mixed, 3},
	} {
		check("probe --internal, "+group.words, p.internal(home, certificates, group.states, group.status))
	}
	states := all(isOn)
	states[7] = isAbsent
	check("probe --internal, proxy alone is not there", p.internal(home, certificates, states, 0))
	check("probe --internal with the sni that the others have", p.internal(home, map[int]tls.Certificate{
		isOn: certificates[isMisnamed],
	}, all(isOn), 3, "--server-name", "other.example"))
}

// internalCertificates are home's own for those that are on, and what the others serve.
func (p *proof) internalCertificates(home directory) (map[int]tls.Certificate, error) {
	own, err1 := home.identity("server")
	ca, err2 := home.issuer()
	another, err3 := p.directory("other").issuer()
	if err := first(err1, err2, err3); err != nil {
		return nil, err
	}
	wrong, err1 := ca.issue(func(template *x509.Certificate) { template.DNSNames = []string{"other.example"} })
	strange, err2 := another.issue(func(*x509.Certificate) {})
	return map[int]tls.Certificate{isOn: own, isMisnamed: wrong, isForeign: strange}, first(err1, err2)
}

// internal starts the components in these states, and holds what probe says of each to it.
func (p *proof) internal(
	home directory, certificates map[int]tls.Certificate, states []int, status int, arguments ...string,
) error {
	for i, state := range states {
		running, err := startComponent(fmt.Sprintf("127.0.0.1:%d", components[i].port), state, certificates)
		if err != nil {
			return err
		}
		if state != isAbsent {
			defer running.close()
		}
	}
	answer, err := p.ask("", append([]string{"probe", "--internal", "127.0.0.1", "-d", home.path}, arguments...)...)
	if err := first(err, same("exit status", answer.status, status), same("ports", len(answer.Ports), len(states))); err != nil {
		return err
	}
	for i, state := range states {
		port := answer.Ports[i]
		isOther := len(arguments) > 0
		if err := annotate(components[i].name, first(
			same("service", port.Service, components[i].name),
			same("target", port.Target, fmt.Sprintf("127.0.0.1:%d", components[i].port)),
			same("state", port.State, expectedState(state)),
			same("codes", answer.codesAt(port.Target), expectedCodes(state, isOther)),
		)); err != nil {
			return err
		}
	}
	return nil
}

func startComponent(address string, state int, certificates map[int]tls.Certificate) (server, error) {
	switch state {
	case isAbsent:
		return server{}, nil
	case isOff:
		return servePlain(address, serveHTTP2)
	}
	return serveHTTPS(address, serving(certificates[state]), true)
}

func expectedState(state int) string {
	switch state {
	case isAbsent:
		return "closed"
	case isOff:
		return "plaintext"
	}
	return "tls"
}

// expectedCodes are those of a component: one with another certificate than the directory's own is told
// to be so, whatever else is wrong.
func expectedCodes(state int, isOther bool) string {
	switch state {
	case isOff:
		return "internal-tls-off"
	case isMisnamed:
		return "name-not-covered not-the-directorys"
	case isForeign:
		return "not-issued-by-ca not-the-directorys"
	case isOn:
		if isOther {
			return "not-the-directorys"
		}
	}
	return ""
}

// codesAt are those of the findings about one port.
func (s said) codesAt(target string) string {
	about := s
	about.Findings = nil
	for _, finding := range s.Findings {
		if finding.File == target || strings.HasPrefix(finding.File, target+" (") {
			about.Findings = append(about.Findings, finding)
		}
	}
	return about.codes()
}
