module milvus-certs-clients

go 1.19
