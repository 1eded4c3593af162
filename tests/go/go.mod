module milvus-certs-verify

go 1.19
