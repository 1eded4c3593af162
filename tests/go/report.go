package main

import (
	"fmt"
	"os"
	"strings"
)

// report counts and prints what was checked.
type report struct {
	passed, failed int
}

// check prints whether the sentence holds; the error is the evidence against it.
func (r *report) check(sentence string, evidence error) bool {
	if evidence == nil {
		r.passed++
		fmt.Println("ok  - " + sentence)
		return true
	}
	r.failed++
	fmt.Printf("FAIL - %s: %s\n", sentence, strings.ReplaceAll(evidence.Error(), "\n", "\n    | "))
	return false
}

// end prints the sum and exits.
func (r *report) end() {
	fmt.Printf("%d passed, %d failed, 0 skipped\n", r.passed, r.failed)
	if r.failed > 0 {
		os.Exit(1)
	}
	os.Exit(0)
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
