// Verifies certificates with Go's crypto/tls: as a client, and as a server such as Milvus.
//
// Usage: verifier dial PORT NAME CA_PEM [CLIENT_PEM CLIENT_KEY]
//        verifier serve SERVER_PEM SERVER_KEY [CA_PEM]
//        verifier let-in SERVER_PEM SERVER_KEY [CA_PEM CLIENT_PEM CLIENT_KEY]
//
// With CA_PEM a server asks for client certificates, as Milvus does in tlsMode 2 (internal/distributed/proxy/service.go).
// `serve` prints its port, and serves until its standard input ends; `let-in` is a server and its own client, which
// trusts anybody. `dial` and `let-in` print `works`, or why not.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"
)

const timeout = 5 * time.Second

func main() {
	arguments := os.Args[2:]
	var err error
	switch os.Args[1] {
	case "dial":
		err = dial(arguments[0], arguments[1], arguments[2:])
	case "serve":
		err = serve(arguments)
	case "let-in":
		err = letIn(arguments)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("works")
}

func dial(port, name string, files []string) error {
	trusted, err := pool(files[0])
	if err != nil {
		return err
	}
	configuration := &tls.Config{RootCAs: trusted, ServerName: name}
	if len(files) == 3 {
		identity, err := tls.LoadX509KeyPair(files[1], files[2])
		if err != nil {
			return err
		}
		configuration.Certificates = []tls.Certificate{identity}
	}
	return ask("127.0.0.1:"+port, configuration)
}

// ask waits for an answer: in TLS 1.3 the server judges the client's certificate only after the client's handshake.
func ask(address string, configuration *tls.Config) error {
	client := http.Client{Timeout: timeout, Transport: &http.Transport{
		TLSClientConfig: configuration, DisableKeepAlives: true,
		DialTLS: func(string, string) (net.Conn, error) {
			return tls.DialWithDialer(&net.Dialer{Timeout: timeout}, "tcp", address, configuration)
		},
	}}
	answer, err := client.Get("https://" + address)
	if err == nil {
		err = answer.Body.Close()
	}
	return err
}

func serve(files []string) error {
	listener, err := listen(files)
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func letIn(files []string) error {
	listener, err := listen(files)
	if err != nil || len(files) == 2 {
		return err
	}
	identity, err := tls.LoadX509KeyPair(files[3], files[4])
	if err != nil {
		return err
	}
	return ask(listener.Addr().String(), &tls.Config{
		InsecureSkipVerify: true, Certificates: []tls.Certificate{identity},
	})
}

// listen answers HTTP/1.1 and HTTP/2 in the background.
func listen(files []string) (net.Listener, error) {
	identity, err := tls.LoadX509KeyPair(files[0], files[1])
	if err != nil {
		return nil, err
	}
	configuration := &tls.Config{Certificates: []tls.Certificate{identity}, MinVersion: tls.VersionTLS12}
	if len(files) > 2 {
		configuration.ClientCAs, err = pool(files[2])
		if err != nil {
			return nil, err
		}
		configuration.ClientAuth = tls.RequireAndVerifyClientCert
		configuration.MinVersion = tls.VersionTLS13
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := http.Server{TLSConfig: configuration, ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = server.ServeTLS(listener, "", "") }()
	return listener, nil
}

func pool(file string) (*x509.CertPool, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM(content) {
		return nil, errors.New("no certificate of ca.pem is read")
	}
	return trusted, nil
}
