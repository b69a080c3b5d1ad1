"""What the grader is measured on: completions with golds, mixed calls without end, and bombs."""

from __future__ import annotations

from itertools import chain, cycle, islice
from typing import NamedTuple

from crossthink_data.kinds import LABELS
from crossthink_data.verify import Gold, Item, infer_type
from tests.graded_to_jsonl import graded_rows
from tests.verify.golds import GRADED, OUR_GOLDS
from tests.verify.near_misses import near_misses

SIZE = 800
CHOICES = 10
CHOICE_FILE = GRADED / "mmlu_pro_gemini-1.5-flash-002.jsonl.gz"
MATH_FILE = GRADED / "math_boxed_800.jsonl.gz"
SYMBOLIC_EVERY = 5_000  # mixed calls

_REASONING = "First we write down what is given. Then we solve for what is asked, one step after the other.\n\n"


class Pair(NamedTuple):
    """A completion and the gold to compare its answer with."""

    completion: str
    gold: Gold


def real_math() -> list[Pair]:
    """Real completions with a boxed answer, right ones and wrong ones; none without the graded files."""
    if not MATH_FILE.exists():
        return []
    return [Pair(row["completion"], Gold(row["gold"], infer_type(row["gold"]))) for row in graded_rows(MATH_FILE)]


def own_math() -> list[Pair]:
    """Our golds in turn: boxed as they stand, then each near miss of theirs."""
    golds = [Gold(text, infer_type(text)) for text in OUR_GOLDS]
    right = [Pair(_boxed(gold.answer), gold) for gold in golds]
    wrong = [Pair(_boxed(answer), gold) for gold in golds for _, answer in near_misses(gold.answer)]
    half = SIZE // 2
    return [*islice(cycle(right), half), *wrong[:: len(wrong) // half][:half]]


def own_choices() -> list[Pair]:
    """Short boxed answers to made-up questions: a label, label and text, or text, every third one wrong."""
    return [_own_choice(number) for number in range(SIZE)]


def real_choices() -> list[Pair]:
    """Real completions to MMLU-Pro with the label that they name in a box; none without the graded files."""
    if not CHOICE_FILE.exists():
        return []
    rows = [row for row in graded_rows(CHOICE_FILE) if row["official_pred"]][: 4 * SIZE]
    return [
        Pair(f"{row['completion']} \\boxed{{{row['official_pred']}}}", _choice_gold(row["options"], row["answer"]))
        for row in rows
    ]


def _boxed(answer: str) -> str:
    return f"{_REASONING}The answer is $\\boxed{{{answer}}}$."


def _own_choice(number: int) -> Pair:
    options = [f"the {word} case of rule {number}" for word in ("first", "second", "third", "fourth", "fifth")]
    right, said = number % 5, (number + (number % 3 == 0)) % 5
    label, text = LABELS[said], options[said]
    answer = (label, f"({label})", f"\\text{{{label}}}", f"{label}. {text}", text)[number // 5 % 5]
    return Pair(f"So it is \\boxed{{{answer}}}.", _choice_gold(options, LABELS[right]))


def _choice_gold(options: list[str], label: str) -> Gold:
    return Gold(options[LABELS.index(label)], "choice", tuple(options), label)


def mixed(start: int, count: int, pairs: list[Pair]) -> list[Item]:
    """Items of a stream: the pairs in turn, and between them answers that never came before."""
    return [Item(*_mixed(at, pairs)) for at in range(start, start + count)]


def _mixed(at: int, pairs: list[Pair]) -> Pair:
    if at % SYMBOLIC_EVERY == 0:
        return Pair(rf"\boxed{{\int_0^{{{at + 2}}} 2x \, dx}}", Gold(f"{at + 2}^2", "math"))
    if at % 2:
        return pairs[at // 2 % len(pairs)]
    fresh = (
        (f"{at}", f"{at + at % 3}", "number"),
        (rf"\frac{{{at}}}{{7}}", f"{at}/7", "math"),
        (f"{at}x + 1", f"1 + {at} x", "math"),
        (rf"\text{{Station {at}}}", f"station {at}", "text"),
    )
    gold, answer, kind = fresh[at // 2 % len(fresh)]
    return Pair(_boxed(answer), Gold(gold, kind))  # type: ignore[arg-type] # the kinds above


# Each is cheap to write and dear to evaluate, to walk or to hold. Only the last two look harmless to the bounded tiers.
BOMBS = (
    r"10^{10^{10}}",
    r"9^{9^{9^9}}",
    r"100000000!",
    r"2^{99999999}",
    r"7^{7^{7^7}} \bmod 10",
    r"\binom{10^8}{5 \cdot 10^7}",
    "(" * 30 + "1" + ")" * 30,
    "{" * 10_000 + "1" + "}" * 10_000,
    "9" * 1_000_000,
    r"\sqrt{" * 500 + "2" + "}" * 500,
    r"\begin{pmatrix}" + r" \\ ".join([" & ".join("1" * 60)] * 60) + r"\end{pmatrix}",
    r"\cup".join(f"({at},{at + 2})" for at in range(3_000)),
    "(x+y+z+w)^{500}",
    r"\pm ".join("1" * 40),
    r"\int_0^1 9^{9^{9^9}} dx",
    r"\sum_{k=1}^{10^9} \frac{1}{k^k}",
)


def bombs() -> list[Item]:
    """Each of them as a completion, beside an ordinary gold."""
    return [Item(f"\\boxed{{{bomb}}}", Gold("42", "math")) for bomb in BOMBS]


def with_bombs(items: list[Item]) -> list[Item]:
    """The items with the bombs evenly spread among them."""
    gap = len(items) // len(BOMBS)
    spread = [[bomb, *items[at * gap : (at + 1) * gap]] for at, bomb in enumerate(bombs())]
    return [*chain.from_iterable(spread), *items[len(BOMBS) * gap :]]
