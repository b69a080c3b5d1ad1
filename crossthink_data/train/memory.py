"""How much memory training takes, by counting the bytes of a parameter; activations come on top."""

from __future__ import annotations

from dataclasses import asdict, dataclass

GIB = 1 << 30
_ADAM = 8  # bytes of a parameter: two moments in 32 bits
_MASTER = 4  # bytes of a parameter: the copy in 32 bits that mixed precision keeps


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

    `half`: weights are stored in 16 bits beside a master copy in 32; `reference`: a frozen copy for the KL term;
    `adapter`: the weights are frozen and what is trained beside them (LoRA) is too small to count. What vLLM takes in
    the same process is its own share; logits are never held, TRL scores the completions in tiles.
    """
    bytes_each = 2 if half else 4
    weights = parameters * bytes_each
    gradients = 0.0 if adapter else weights
    optimizer = 0.0 if adapter else parameters * (_ADAM + (_MASTER if half else 0))
    kept = weights if reference else 0.0
    total = weights + gradients + optimizer + kept
    sizes = (weights, gradients, optimizer, kept, total, total / processes)
    return Memory(*(round(size / GIB, 2) for size in sizes))


def memory_json(estimate: Memory) -> dict[str, float]:
    """The estimate as plain numbers."""
    return asdict(estimate)
