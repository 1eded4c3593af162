"""One line for each sentence, and at the end their number."""

import sys
from collections.abc import Collection

passed = failed = 0


def holds(sentence: str, problems: Collection[str]) -> None:
    global passed, failed
    if not problems:
        passed += 1
        print(f"ok   - {sentence}", flush=True)
        return
    failed += 1
    print(f"FAIL - {sentence}:", flush=True)
    for problem in sorted(problems)[:8]:
        print(f"    | {problem}", flush=True)


def end() -> None:
    print(f"{passed} passed, {failed} failed, 0 skipped")
    sys.exit(failed > 0)
