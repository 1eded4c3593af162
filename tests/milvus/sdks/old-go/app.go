// Lists the collections of the Milvus at the address that it is given. It is told nothing else.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	milvusclient "github.com/milvus-io/milvus-sdk-go/v2/client"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := milvusclient.NewClient(ctx, milvusclient.Config{Address: os.Args[1]})
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()
	collections, err := client.ListCollections(ctx)
	if err != nil {
		log.Fatal(err)
	}
	names := []string{}
	for _, collection := range collections {
		names = append(names, collection.Name)
	}
	fmt.Println(names)
}
