module milvus-certs-csr

go 1.19
