// Lists the collections of a Milvus that serves TLS.
//
// Fits github.com/milvus-io/milvus/client/v2 from 2.5 on. For client/v3 write v3 in the import. For its
// predecessor, github.com/milvus-io/milvus-sdk-go/v2, import
//
//	milvusclient "github.com/milvus-io/milvus-sdk-go/v2/client"
//
// and write milvusclient.NewClient(ctx, milvusclient.Config{...}), client.ListCollections(ctx), which returns
// collections and not names, and client.Close().
//
// Run, in the folder that the paths below start from:
//
//	go mod init example && go mod tidy && go run main.go

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/milvus-io/milvus/client/v2/milvusclient"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
)

func main() {
	// ca.pem, not server.pem, which changes with every renewal.
	caFile := "certs/ca.pem"
	caPEM, err := os.ReadFile(caFile)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(caPEM) {
		log.Fatal(caFile + " holds no certificate")
	}
	tlsConfig := &tls.Config{
		RootCAs:    roots,
		ServerName: "localhost", // a name in the server's certificate
		MinVersion: tls.VersionTLS13,
	}

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	// These options take the place of the client's own, so those are added again. The newest
	// clients have WithTLSConfig for the same; this way works with all of them. With the last
	// option the error says what is wrong, and not only that the time is up.
	options := append([]grpc.DialOption{}, milvusclient.DefaultGrpcOpts...)
	options = append(options,
		grpc.WithTransportCredentials(credentials.NewTLS(tlsConfig)),
		grpc.WithReturnConnectionError(),
	)
	client, err := milvusclient.New(ctx, &milvusclient.ClientConfig{
		Address:     "https://localhost:19530",
		DialOptions: options,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close(ctx)

	names, err := client.ListCollections(ctx, milvusclient.NewListCollectionOption())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(names)
}
