package main

import (
	"fmt"
	"strings"
)

// check prints whether the sentence holds; the error is the evidence against it.
func check(sentence string, evidence error) bool {
	if evidence == nil {
		fmt.Println("ok   - " + sentence)
		return true
	}
	fmt.Printf("FAIL - %s\n    | %s\n", sentence, strings.ReplaceAll(evidence.Error(), "\n", "\n    | "))
	return false
}

// first returns the first error there is.
func first(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

// refused turns an expected refusal into success, if it is refused for the expected reason.
func refused(err error, reason string) error {
	switch {
	case err == nil:
		return fmt.Errorf("it is accepted")
	case !strings.Contains(err.Error(), reason):
		return fmt.Errorf("it is refused for another reason: %w", err)
	}
	return nil
}
