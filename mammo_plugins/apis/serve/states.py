"""The states of a job, and what may follow what.

A job is the prediction of one set of images of a study, from its first image to the confirmed results.
"""

from __future__ import annotations

from enum import Enum


class State(str, Enum):
    """Where a job stands."""

    COLLECTING = 'collecting'  # images come in
    READY = 'ready'  # the set of images is fixed; waits for the model
    PREDICTING = 'predicting'
    WRITTEN = 'written'  # results, or the report of a failure, are on disk
    SENDING = 'sending'
    CONFIRMING = 'confirming'  # every destination took them; some are still to confirm it
    DONE = 'done'
    FAILED = 'failed'  # could not be predicted; the report of that was delivered, where there could be one
    DEAD_LETTER = 'dead_letter'  # a destination did not take the results, however often it was tried


FOLLOWING: dict[State, tuple[State, ...]] = {
    State.COLLECTING: (State.READY,),
    # A late image; the model; the same work was done before.
    State.READY: (State.COLLECTING, State.PREDICTING, State.DONE),
    # Another try after an error, a time limit or a crash; results or a report of the failure; not even a report.
    State.PREDICTING: (State.READY, State.WRITTEN, State.FAILED),
    State.WRITTEN: (State.SENDING,),
    State.SENDING: (State.CONFIRMING, State.DEAD_LETTER),
    # Not found at a destination: sent again; confirmed, by the outcome; given up.
    State.CONFIRMING: (State.SENDING, State.DONE, State.FAILED, State.DEAD_LETTER),
    State.DONE: (),
    # Asked for by somebody (mammo serve --retry).
    State.FAILED: (State.READY,),
    State.DEAD_LETTER: (State.SENDING,),
}
"""What may follow each state."""

OPEN = (State.COLLECTING, State.READY, State.PREDICTING, State.WRITTEN, State.SENDING, State.CONFIRMING)
"""States of which the service does something by itself."""


class TransitionError(RuntimeError):
    """A job was to go where it cannot from where it stands."""


def require_transition(before: State, after: State) -> None:
    """Lets pass what :data:`FOLLOWING` allows.

    Raises:
        TransitionError: it does not.
    """
    if after not in FOLLOWING[before]:
        raise TransitionError(f'a job that is {before.value} cannot become {after.value}')
