"""Waiting for a condition, with a deadline."""

import time

DEADLINE_SECONDS = 60.0
PAUSE_SECONDS = 0.1


def eventually(what, condition, deadline=DEADLINE_SECONDS, pause=PAUSE_SECONDS):
    """Returns the first truthy answer of `condition`; fails with the last answer once the deadline has passed."""
    end = time.monotonic() + deadline
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < end, f"{what}: not within {deadline:.0f} s, the last answer was {answer!r}"
        time.sleep(pause)
