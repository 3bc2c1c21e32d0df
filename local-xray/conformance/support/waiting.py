"""Waiting for a condition, with a deadline."""

import time

DEADLINE_SECONDS = 30.0
PAUSE_SECONDS = 0.05


def eventually(what, condition, deadline=DEADLINE_SECONDS):
    """Returns the first truthy answer of `condition`; fails with the last answer once the deadline has passed."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {deadline:.0f} s, the last answer was {answer!r}")
        time.sleep(PAUSE_SECONDS)
