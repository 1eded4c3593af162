#!/bin/bash
# Stands for Milvus' script of this name, which is another project's: what `config standalone` and its page count on in it.

make_files() {
    printf 'listen-client-urls: http://0.0.0.0:2379\n' >embedEtcd.yaml
    printf '# Extra config to override default milvus.yaml\n' >user.yaml
}

make_container() {
    make_files
    docker run -d \
        --name milvus-standalone \
        -v "$PWD/volumes/milvus:/var/lib/milvus" \
        -v "$PWD/embedEtcd.yaml:/milvus/configs/embedEtcd.yaml" \
        -v "$PWD/user.yaml:/milvus/configs/user.yaml" \
        -p 19530:19530 \
        -p 9091:9091 \
        milvusdb/milvus:v2.6.0 \
        milvus run standalone
}

start() {
    if docker ps -a | grep -q milvus-standalone; then
        docker start milvus-standalone
    else
        make_container
    fi
    until docker ps | grep milvus-standalone | grep -q '(healthy)'; do
        sleep 0.2
    done
}

case $1 in
    start) start ;;
    restart) docker stop milvus-standalone && start ;;
    *) exit 1 ;;
esac
