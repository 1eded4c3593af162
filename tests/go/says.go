package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"sort"
	"strings"
)

// said is what probe or explain report in JSON, as far as it matters here.
type said struct {
	TLSMode  *int `json:"tls_mode"`
	Ports    []port
	Findings []struct{ Code, File, Fix string }

	status int
}

type port struct {
	Target, Service, State string
	Detail                 *string
	TLSMode                *int     `json:"tls_mode"`
	TLSVersions            []string `json:"tls_versions"`
	ALPN                   *string
	Certificates           []struct{ Names []string }
	IsTheDirectorys        *bool     `json:"is_the_directorys"`
	AcceptedAuthorities    *[]string `json:"accepted_authorities"`
	Without                *client   `json:"without_client_certificate"`
	With                   *client   `json:"with_client_certificate"`
}

type client struct {
	LetIn  bool `json:"let_in"`
	Reason *string
}

// ask runs the program, with this on its standard input.
func (p *proof) ask(input string, arguments ...string) (said, error) {
	command := exec.Command(p.program, append(arguments, "--json")...)
	command.Stdin = strings.NewReader(input)
	output, err := command.Output()
	var answer said
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		answer.status = ended.ExitCode()
		err = nil
	}
	if err != nil {
		return answer, err
	}
	if err := json.Unmarshal(output, &answer); err != nil {
		return answer, fmt.Errorf("%v: status %d: %w", arguments, answer.status, err)
	}
	return answer, nil
}

// codes are those of all findings, each once.
func (s said) codes() string {
	seen := map[string]bool{}
	var codes []string
	for _, finding := range s.Findings {
		if !seen[finding.Code] {
			seen[finding.Code] = true
			codes = append(codes, finding.Code)
		}
	}
	sort.Strings(codes)
	return strings.Join(codes, " ")
}

// same compares what is said with what is expected.
func same(what string, found, expected any) error {
	if fmt.Sprint(found) != fmt.Sprint(expected) {
		return fmt.Errorf("%s: %v, expected: %v", what, found, expected)
	}
	return nil
}

// text shows what may be missing.
func text[T any](value *T) string {
	if value == nil {
		return "none"
	}
	return fmt.Sprint(*value)
}

// described is what becomes of a client.
func (c *client) described() string {
	switch {
	case c == nil:
		return "not tried"
	case c.LetIn:
		return "let in"
	}
	return text(c.Reason)
}

// explains holds if the program knows these words, as this code alone; with a `!` before it, as others.
func (p *proof) explains(words, code string) error {
	if words == "" {
		return errors.New("nothing was said")
	}
	answer, err := p.ask(words, "explain")
	if unwanted := strings.TrimPrefix(code, "!"); unwanted != code {
		if strings.Contains(answer.codes(), unwanted) {
			err = first(err, fmt.Errorf("codes: %s", answer.codes()))
		}
		return annotate(strings.TrimSpace(words), err)
	}
	return annotate(strings.TrimSpace(words), first(err, same("codes", answer.codes(), code)))
}
