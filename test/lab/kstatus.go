// What Flux and other users of kstatus take objects for: JSON objects come in, `STATUS: message` goes out, a line each.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

func main() {
	for objects := json.NewDecoder(os.Stdin); ; {
		var raw json.RawMessage
		err := objects.Decode(&raw)
		if err == io.EOF {
			return
		}
		object := &unstructured.Unstructured{}
		if err == nil {
			err = object.UnmarshalJSON(raw)
		}
		var result *status.Result
		if err == nil {
			result, err = status.Compute(object)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Printf("%s: %s\n", result.Status, result.Message)
	}
}
