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
    logits_gib: float


def memory(
    parameters: float, *, half: bool, reference: bool, processes: int, tokens: int, vocabulary: int, per_device: int
) -> Memory:
    """An estimate for full training with Adam of a model with so many parameters.

    `half`: weights are stored in 16 bits beside a master copy in 32; `reference`: a frozen copy for the KL term;
    `tokens`: of a sequence; logits are those of `per_device` sequences at once, in 32 bits, in one process. What
    vLLM takes in the same process is its own share.
    """
    bytes_each = 2 if half else 4
    weights = parameters * bytes_each
    optimizer = parameters * (_ADAM + (_MASTER if half else 0))
    kept = weights if reference else 0.0
    total = 2 * weights + optimizer + kept
    logits = per_device * tokens * vocabulary * 4
    sizes = (weights, weights, optimizer, kept, total, total / processes, float(logits))
    return Memory(*(round(size / GIB, 2) for size in sizes))


def memory_json(estimate: Memory) -> dict[str, float]:
    """The estimate as plain numbers."""
    return asdict(estimate)
