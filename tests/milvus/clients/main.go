// Connects to Milvus' gRPC port over TLS as the Go SDK does, which forces TLS 1.3.
//
// Usage: go-client PORT NAME CA_PEM [CLIENT_PEM CLIENT_KEY]
//
// Exit status: 0 the server spoke HTTP/2; 3 there is no connection, with the reason; 2 wrong usage.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

const refused = 3

// The client's preface with an empty SETTINGS frame: RFC 9113 3.4 and 6.5.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

// A frame's type is its fourth byte.
const settings = 0x04

func main() {
	if len(os.Args) != 4 && len(os.Args) != 6 {
		fmt.Fprintln(os.Stderr, "usage: go-client PORT NAME CA_PEM [CLIENT_PEM CLIENT_KEY]")
		os.Exit(2)
	}
	if err := connect(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Println(err)
		os.Exit(refused)
	}
}

func connect(port, name string, files []string) error {
	configuration, err := configure(name, files)
	if err != nil {
		return err
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	connection, err := tls.DialWithDialer(dialer, "tcp", "localhost:"+port, configuration)
	if err != nil {
		return err
	}
	defer connection.Close()
	return speak(connection)
}

func configure(name string, files []string) (*tls.Config, error) {
	pem, err := os.ReadFile(files[0])
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate in " + files[0])
	}
	configuration := &tls.Config{
		RootCAs: roots, ServerName: name, MinVersion: tls.VersionTLS13, NextProtos: []string{"h2"},
	}
	if len(files) == 3 {
		identity, err := tls.LoadX509KeyPair(files[1], files[2])
		if err != nil {
			return nil, err
		}
		configuration.Certificates = []tls.Certificate{identity}
	}
	return configuration, nil
}

// speak reads what the server answers: in TLS 1.3 it judges the client's certificate only after the
// client's handshake is over.
func speak(connection *tls.Conn) error {
	if err := connection.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(connection, preface); err != nil {
		return err
	}
	frame := make([]byte, 9)
	if _, err := io.ReadFull(connection, frame); err != nil {
		return err
	}
	if frame[3] != settings {
		return fmt.Errorf("the server began with % x", frame)
	}
	return nil
}
