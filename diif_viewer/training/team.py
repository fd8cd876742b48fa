"""The processes that train together, one per device, on one machine or several: as torchrun starts them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from diif_viewer.errors import TrainingError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Team:
    """One process's place among them. rank: 0 leads: it reports, validates and writes. local_rank: on its machine."""

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def leads(self) -> bool:
        """True for the one process that reports and writes."""
        return self.rank == 0

    def joined(self, network: nn.Module) -> nn.Module:
        """The network with gradients averaged over all processes."""
        return network if self.size == 1 else DistributedDataParallel(network)

    def mean(self, values: Tensor) -> Tensor:
        """The mean over all processes."""
        if self.size > 1:
            distributed.all_reduce(values)
            values = values / self.size
        return values

    def of_leader(self, value: float, device: str) -> float:
        """The leader's number, for all."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, dtype=torch.float64, device=device)
        distributed.broadcast(shared, 0)
        return float(shared)

    def by_leader(self, work: Callable[[], T]) -> T:
        """Let the leader work; its result, or its TrainingError, for all."""
        result = self._in_turn(work, self.leads)
        if self.size > 1:
            answer = [result]
            distributed.broadcast_object_list(answer, 0)
            (result,) = answer
        return result  # type: ignore[return-value]

    def in_turns(self, work: Callable[[], T]) -> T:
        """Work whose result lies on a disk: the leader first, then one process of each machine, then the others.

        Each later one finds it done, on a disk of its own machine or on one that all share.
        """
        own = 0 if self.leads else 1 if self.local_rank == 0 else 2
        results = [self._in_turn(work, turn == own) for turn in range(3)]
        return results[own]  # type: ignore[return-value]

    def _in_turn(self, work: Callable[[], T], is_my_turn: bool) -> T | None:
        """Work if it is my turn, while the others wait; a TrainingError of any is raised by all."""
        result, failures = None, [None] * self.size
        mine: TrainingError | None = None
        try:
            result = work() if is_my_turn else None
        except TrainingError as error:
            if self.size == 1:
                raise
            mine = error
        if self.size > 1:
            distributed.all_gather_object(failures, mine)
        for failure in failures:
            if failure is not None:
                raise failure
        return result


@contextmanager
def assembled(device: str) -> Iterator[tuple[Team, str]]:
    """This process's team and device: alone on `device`, or as torchrun says. device: "cpu", "cuda" or "mps"."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield Team(), device
        return
    local_rank = int(os.environ["LOCAL_RANK"])
    cuda = device.startswith("cuda")
    if cuda:
        device = f"cuda:{local_rank}"
        torch.cuda.set_device(local_rank)
    distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Team(int(os.environ["RANK"]), size, local_rank), device
        distributed.barrier()  # all leave together: nobody's connection ends while another still works
    except RuntimeError as error:
        if isinstance(error, distributed.DistError) or "gloo" in str(error):
            raise TrainingError("Another process of this run has ended; its own message says why.") from error
        raise
    finally:
        distributed.destroy_process_group()
