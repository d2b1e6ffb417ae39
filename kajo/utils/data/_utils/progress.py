"""How far a pass over a DataLoader has come: what its `state_dict` holds.

The order of a pass is not stored. What is stored are the random streams at its start and how many
batches were drawn, so that the sampler can be run again up to the same point. Batches that workers
read ahead were drawn but not given out; they are dealt again to the same workers.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from kajo.utils.data._utils.randomness import (
    own_streams,
    program_streams,
    set_states,
    states_of,
)

VERSION = 1


@dataclass
class Place:
    """Where one worker is in a pass.

    Attributes:
        batches: how many of its batches were given out.
        before: random streams when the pass began; None: as its seed makes them.
        random: random streams after the last batch that was given out; None: as ``before``.
        dataset: state of an iterable data set that can tell it.
        exhausted: whether its iterable data set has ended.
    """

    batches: int = 0
    before: Any = None
    random: Any = None
    dataset: Any = None
    exhausted: bool = False

    def next_pass(self) -> Place:
        """The place of the same worker when the next pass begins."""
        return Place(before=self.before if self.random is None else self.random)


@dataclass
class Progress:
    """How far a pass has come.

    Attributes:
        streams: states of the program's and the loader's own random streams at its start.
        places: where each worker is; the only entry is this process without workers.
        draws_seed: whether the pass began by drawing the workers' seed.
        base_seed: the seed of the workers.
        drawn: batches drawn from the sampler.
        pending: number of each batch that was drawn and not given out, to its worker and index.
        turn: worker that gets the next batch.
        finished: whether the pass is over.
        fetcher: what reads an iterable data set in this process.
        draw_first: weakly, what draws the first batch of a sampler that has not begun.
    """

    streams: list[Any]
    places: list[Place]
    draws_seed: bool
    base_seed: int = 0
    drawn: int = 0
    pending: dict[int, tuple[int, Any]] = field(default_factory=dict)
    turn: int = 0
    finished: bool = False
    fetcher: Any = None
    draw_first: Callable[[], Callable[[], None] | None] | None = None


def _stateful_sampler(loader: Any) -> Any:
    for sampler in (loader.batch_sampler, loader.sampler):
        if is_stateful(sampler):
            return sampler
    return None


def is_stateful(value: Any) -> bool:
    """Whether an object can tell its state and take it again."""
    return all(callable(getattr(value, name, None)) for name in ("state_dict", "load_state_dict"))


def streams_at_start(loader: Any) -> list[Any]:
    """States of all streams that the order of a pass may depend on."""
    return states_of([*program_streams(), *own_streams(loader)])


def state_of(loader: Any, progress: Progress | None) -> dict[str, Any]:
    """Everything that the next batch depends on, as plain data."""
    state = {
        "version": VERSION,
        "num_workers": loader.num_workers,
        "worker_type": loader.worker_type,
        "streams": states_of(own_streams(loader)),
        "order": _order_of(loader),
        "pass": None,
    }
    if progress is None or progress.finished:
        return state
    if progress.fetcher is not None:
        progress.places[0].dataset = progress.fetcher.state()
    if progress.drawn == 0 and progress.draw_first is not None:
        # Samplers draw their seed late. The saved pass draws it from the streams at the start, and
        # this one has to have drawn it too.
        draw_first = progress.draw_first()
        if draw_first is not None:
            draw_first()
    sampler = _stateful_sampler(loader)
    state["pass"] = {
        "streams": progress.streams,
        "places": [asdict(place) for place in progress.places],
        "draws_seed": progress.draws_seed,
        "base_seed": progress.base_seed,
        "drawn": progress.drawn,
        "pending": [[number, worker] for number, (worker, _) in progress.pending.items()],
        "turn": progress.turn,
        "sampler": None,
    }
    if sampler is not None:
        indices = [index for _, index in progress.pending.values()]
        state["pass"]["sampler"] = {"state": sampler.state_dict(), "indices": indices}
    return copy.deepcopy(state)


def _order_of(loader: Any) -> dict[str, Any]:
    """What the batches of a pass depend on besides random numbers."""
    return {
        "batch_size": getattr(loader.batch_sampler, "batch_size", loader.batch_size),
        "drop_last": getattr(loader.batch_sampler, "drop_last", loader.drop_last),
        "sampler": type(loader._index_sampler).__name__ + ", " + type(loader.sampler).__name__,
        "data set's length": None if loader._is_iterable else _length(loader.dataset),
        "sampler's length": None if loader._is_iterable else _length(loader.sampler),
    }


def _length(value: Any) -> int | None:
    with contextlib.suppress(TypeError, NotImplementedError):
        return len(value)
    return None


def check_state(loader: Any, state: Any) -> None:
    """Refuse a state that this loader cannot continue from.

    Raises:
        ValueError: naming what does not fit.
    """
    if not isinstance(state, dict) or "version" not in state or "pass" not in state:
        raise ValueError("DataLoader.load_state_dict: expected what DataLoader.state_dict() gave")
    if state["version"] != VERSION:
        raise ValueError(f"DataLoader.load_state_dict: unknown version {state['version']!r}")
    if len(state["streams"]) != len(own_streams(loader)):
        raise ValueError(
            f"DataLoader.load_state_dict: the state has {len(state['streams'])} generators, this "
            f"loader and its samplers have {len(own_streams(loader))}; build it as it was"
        )
    if state["pass"] is not None:
        ours = _order_of(loader)
        for name, theirs in state.get("order", {}).items():
            if ours[name] != theirs:
                raise ValueError(
                    f"DataLoader.load_state_dict: the state was saved in the middle of a pass with "
                    f"{name} {theirs!r}, this loader has {ours[name]!r}, so that its batches are "
                    f"others than those already seen; build it as it was, or start a new pass"
                )
    differs = state["num_workers"] != loader.num_workers
    if state["pass"] is not None and differs and loader._is_iterable:
        raise ValueError(
            f"DataLoader.load_state_dict: the state is of {state['num_workers']} workers, each with "
            f"its own place in the iterable data set; this loader has {loader.num_workers}"
        )


def _places_for(loader: Any, state: dict[str, Any]) -> list[Place]:
    places = [Place(**place) for place in state["pass"]["places"]]
    if state["num_workers"] != loader.num_workers:
        return [Place() for _ in range(max(1, loader.num_workers))]
    if state["worker_type"] != loader.worker_type:
        # Threads draw from other generators than processes, so only the number of batches fits.
        return [Place(batches=p.batches, dataset=p.dataset, exhausted=p.exhausted) for p in places]
    return places


def prepare(loader: Any, state: dict[str, Any]) -> Progress:
    """Set the random streams to the start of a saved pass, and make its progress."""
    saved = state["pass"]
    set_states([*program_streams(), *own_streams(loader)], saved["streams"])
    sampler = _stateful_sampler(loader)
    if sampler is not None and saved["sampler"] is not None:
        sampler.load_state_dict(saved["sampler"]["state"])
    return Progress(
        streams=saved["streams"],
        places=_places_for(loader, state),
        draws_seed=saved["draws_seed"],
        base_seed=saved["base_seed"],
    )


def draw_again(state: dict[str, Any], progress: Progress, indices: Any, num_workers: int) -> None:
    """Draw from a sampler what the saved pass had drawn, keeping what was not given out.

    Raises:
        RuntimeError: if the sampler ends before that.
    """
    saved = state["pass"]
    owners = {number: worker % max(1, num_workers) for number, worker in saved["pending"]}
    progress.drawn = saved["drawn"]
    if num_workers == state["num_workers"]:
        progress.turn = saved["turn"]
    if saved["sampler"] is not None:
        kept = dict(zip(owners, saved["sampler"]["indices"], strict=True))
    else:
        kept = {}
        for number in range(saved["drawn"]):
            try:
                index = next(indices)
            except StopIteration:
                raise RuntimeError(
                    f"DataLoader.load_state_dict: the saved pass had drawn {saved['drawn']} batches, "
                    f"but the sampler has only {number}; the data set or the sampler has changed"
                ) from None
            if number in owners:
                kept[number] = index
    progress.pending = {number: (owners[number], kept[number]) for number in owners}
