"""What the tasks share: where their rows come from, and how a document and a completion become scores."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NoReturn

import datasets
import polars as pl
from lm_eval.api.task import ConfigurableTask

from crossthink_data.benchmark_docs import make_docs, read_set
from crossthink_data.corpus_docs import read_corpus
from crossthink_data.errors import CrossthinkError
from crossthink_data.scoring import answered, scores, template_opens

_log = logging.getLogger("lm_eval.crossthink")  # shown as lm-eval's own


class BoxedTask(ConfigurableTask):  # type: ignore[misc]  # lm-eval has no types
    """A benchmark whose answers stand in a box.

    `dataset_kwargs` name the sets of `crossthink_data.benchmarks` that it scores and, with `take`, how many items of
    them. A class, as lm-eval's own hooks do not tell a task what its prompt ended with, and call `process_docs` five
    times for one run.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__(config={key: value for key, value in config.items() if key != "class"})

    @cached_property
    def docs(self) -> datasets.Dataset:
        """Every document of the task, made once from its raw rows."""
        raw = self.dataset[self.config.test_split]
        asked = dict(self.config.dataset_kwargs or {})
        try:
            return datasets.Dataset.from_polars(make_docs(raw.to_polars(), **asked)) if asked else raw
        except CrossthinkError as error:
            _stop(str(error))

    def test_docs(self) -> datasets.Dataset:
        """What is asked."""
        return self.docs

    def process_results(self, doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
        """The metrics of one document; with `--predict_only`, lm-eval's own placeholder."""
        if not callable(self.config.process_results):
            return dict(super().process_results(doc, results))
        return _scores(doc, results, self._prompt, self._server_opens)

    @cached_property
    def _prompt(self) -> str | None:
        """One of the prompts, with what a chat template added; None where a server adds that."""
        sent = self.instances[0].args[0]
        return sent if isinstance(sent, str) else None

    @cached_property
    def _server_opens(self) -> bool:
        """Whether a server's template opens the thinking, by all that was said on the task."""
        return self._prompt is None and template_opens(said for one in self.instances for said in one.resps)


def process_results(doc: Mapping[str, Any], results: Sequence[Any]) -> dict[str, float]:
    """The metrics of one document whose prompt is not known, for a task of one's own that is no BoxedTask."""
    completions = [results[0]] if isinstance(results[0], str) else list(results[0])
    return _scores(doc, results, None, template_opens(completions))


def _scores(
    doc: Mapping[str, Any], results: Sequence[Any], prompt: str | None, server_opens: bool = False
) -> dict[str, float]:
    completions = [results[0]] if isinstance(results[0], str) else list(results[0])
    return scores([answered(doc, completions, prompt, server_opens)])[0]


def load(sets: Sequence[str], **_: Any) -> dict[str, datasets.Dataset]:
    """The raw rows of the sets, as lm-eval's `custom_dataset`. Ends with code 2 where they cannot be read."""
    try:
        read = [read_set(name) for name in sets]
    except CrossthinkError as error:
        _stop(f"{error}{_GATED if 'gpqa_diamond' in sets else ''}")
    for warning in (warning for _, warning in read):
        if warning:
            _log.warning(warning)
    return {"test": datasets.Dataset.from_polars(pl.concat([frame for frame, _ in read]))}


_GATED = ". GPQA is gated: ask for access on its page; crossthink_open is the group without it"


def load_corpus(
    corpus: str | None = None,
    blend: str | None = None,
    split: str = "test",
    corpus_revision: str | None = None,
    **_: Any,
) -> dict[str, datasets.Dataset]:
    """A published blend's documents. Ends with code 2 where it cannot be read."""
    try:
        return {"test": datasets.Dataset.from_polars(read_corpus(corpus, blend, split, corpus_revision))}
    except CrossthinkError as error:
        _stop(str(error))


def keep_all(resps: Sequence[Sequence[str]], docs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """All completions of each document: lm-eval's default keeps the first."""
    return [list(one) for one in resps]


def _stop(message: str) -> NoReturn:
    """lm-eval shows no error but a traceback; this is one line, as every command of ours ends."""
    sys.stderr.write(f"error: {message}\n")
    raise SystemExit(2)
