module verifiers

go 1.19
