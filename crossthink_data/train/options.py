"""Our own options beside TRL's: the corpus, the reward, the prompt's style, the order of the rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from crossthink_data.errors import CrossthinkError

Style = Literal["chat", "plain"]
Curriculum = Literal["blend", "hard_first", "uniform"]


@dataclass
class CorpusArguments:
    """Which published blend to train on, and how its rows become prompts."""

    dataset: str = field(metadata={"help": "Id on the Hub, or folder, of a published corpus."})
    blend: str | None = field(default=None, metadata={"help": "Its config; the default one where not given."})
    revision: str | None = field(default=None, metadata={"help": "Its commit, branch or tag."})
    split: str = field(default="train", metadata={"help": "Its split."})
    prompt_style: Style | None = field(
        default=None,
        metadata={
            "help": "chat: through the tokenizer's chat template; plain: the text alone, as evaluation sends it. Not "
            "given: chat where the tokenizer has a template."
        },
    )
    max_prompt_tokens: int = field(default=1000, metadata={"help": "Rows with a longer prompt are left out."})
    curriculum: Curriculum = field(
        default="blend",
        metadata={
            "help": "blend: as the rows lie, so that any stretch has the blend's mix; hard_first: by rising pass_rate, "
            "rows without one last; uniform: shuffled by --seed."
        },
    )

    def __post_init__(self) -> None:
        """Raises CrossthinkError for a bound that no prompt keeps."""
        if self.max_prompt_tokens < 1:
            raise CrossthinkError(f"--max_prompt_tokens {self.max_prompt_tokens} is less than 1: give the most tokens")


@dataclass
class RewardArguments:
    """The reward of a completion, and when there is nothing to learn from."""

    reward: Literal["combined", "separate"] = field(
        default="combined",
        metadata={"help": "combined: 1 where answer and format are both right, as in the paper; separate: their sum."},
    )
    reward_policy: Literal["equivalent", "strict", "label", "text", "label+text", "any"] = field(
        default="equivalent", metadata={"help": "What counts as right; strict is the paper's string match."}
    )
    prompts_per_step: int | None = field(
        default=None,
        metadata={
            "help": "Different prompts in a step over all processes; gradient_accumulation_steps follows from it."
        },
    )
    spread_patience: int = field(
        default=20,
        metadata={"help": "Stop when no group of so many first steps has two different rewards; 0: never."},
    )


@dataclass
class RunArguments:
    """What is done around the training."""

    evaluate: str | None = field(
        default=None,
        metadata={"help": "lm-eval tasks before and after training, such as crossthink_quick or crossthink_corpus."},
    )
    evaluate_options: str | None = field(
        default=None, metadata={"help": "Further options of lm_eval, in one string: '--limit 20 --batch_size 20'."}
    )
    dry_run: bool = field(default=False, metadata={"help": "Show what a step is and what it needs, and stop."})
    json: bool = field(default=False, metadata={"help": "With --dry_run: one JSON object."})
    parameters: float | None = field(
        default=None,
        metadata={"help": "Parameters of the model in 1e9, for --dry_run where its config is not at hand."},
    )
