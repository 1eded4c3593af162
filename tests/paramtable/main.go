// Tells what Milvus' own code reads from configuration folders, each with a milvus.yaml and perhaps a user.yaml.
//
// Usage: settings OUT FOLDER...: writes into OUT, as JSON, by folder and by the name of the variable: [KEY, VALUE].
package main

import (
	"encoding/json"
	"log"
	"os"
	"reflect"

	"github.com/milvus-io/milvus/pkg/v2/util/paramtable"
)

type settings map[string][2]string

func main() {
	found := map[string]settings{}
	for _, folder := range os.Args[2:] {
		found[folder] = read(folder)
	}
	text, err := json.Marshal(found)
	if err == nil {
		err = os.WriteFile(os.Args[1], text, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// read does as Milvus does when it starts, except that it does not ask etcd.
func read(folder string) settings {
	if err := os.Setenv("MILVUSCONF", folder); err != nil {
		log.Fatal(err)
	}
	var all paramtable.ComponentParam
	all.Init(paramtable.NewBaseTable(paramtable.SkipRemote(true), paramtable.Interval(0)))
	found := settings{}
	collect(reflect.ValueOf(&all).Elem(), "", found)
	return found
}

// collect finds all parameters in a struct and in the structs that it has.
func collect(value reflect.Value, name string, into settings) {
	for i := range value.NumField() {
		field, inner := value.Type().Field(i), value.Field(i)
		path := name + field.Name
		switch {
		case inner.Kind() != reflect.Struct || !field.IsExported() && !field.Anonymous:
		case field.Type == reflect.TypeFor[paramtable.ParamItem]():
			if item := inner.Addr().Interface().(*paramtable.ParamItem); item.Key != "" {
				into[path] = [2]string{item.Key, item.GetValue()}
			}
		default:
			collect(inner, path+".", into)
		}
	}
}
