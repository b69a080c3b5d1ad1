"""How much memory training takes, by counting the bytes of a parameter; activations come on top."""

from __future__ import annotations

from dataclasses import dataclass

GIB = 1 << 30
_MOMENTS = 2  # of Adam, each as wide as the weights: torch keeps no copy in 32 bits of weights in 16


@dataclass(frozen=True)
class Memory:
    """GiB of all processes together, and of one where everything is sharded evenly (FSDP, ZeRO-3)."""

    weights_gib: float
    gradients_gib: float
    optimizer_gib: float
    reference_gib: float
    total_gib: float
    sharded_gib: float


def memory(parameters: float, *, half: bool, reference: bool, processes: int, adapter: bool = False) -> Memory:
    """An estimate for training with Adam a model of so many parameters.

    `half`: weights are stored in 16 bits, and so is what belongs to them (DeepSpeed keeps copies in 32: 8 bytes a
    parameter more); `reference`: a frozen copy for the KL term;
    `adapter`: the weights are frozen and what is trained beside them (LoRA) is too small to count. What vLLM takes in
    the same process is its own share; logits are never held, TRL scores the completions in tiles.
    """
    bytes_each = 2 if half else 4
    weights = parameters * bytes_each
    gradients = 0.0 if adapter else weights
    optimizer = gradients * _MOMENTS
    kept = weights if reference else 0.0
    total = weights + gradients + optimizer + kept
    sizes = (weights, gradients, optimizer, kept, total, total / processes)
    return Memory(*(round(size / GIB, 2) for size in sizes))
