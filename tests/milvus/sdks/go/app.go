// Lists the collections of the Milvus at the address that it is given. It is told nothing else.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/milvus-io/milvus/client/v2/milvusclient"
)

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	client, err := milvusclient.New(ctx, &milvusclient.ClientConfig{Address: os.Args[1]})
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
