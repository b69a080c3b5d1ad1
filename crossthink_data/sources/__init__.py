"""The data sets that rows come from, one short file each."""

from crossthink_data.sources import (
    arc,
    crossthink,
    deepscaler,
    gsm8k,
    legalbench,
    math,
    medmcqa,
    mmlu,
    natural_reasoning,
    nq_open,
    numinamath,
    openbookqa,
    openstax,
    orz,
    pubmedqa,
    questions,
    reasoning_gym,
    scibench,
    synthetic,
    theoremqa,
    web_questions,
)
from crossthink_data.sources.base import Source

_ALL = (
    *questions.SOURCES,
    reasoning_gym.SOURCE,
    mmlu.SOURCE,
    *crossthink.SOURCES,
    natural_reasoning.SOURCE,
    numinamath.SOURCE,
    *math.SOURCES,
    gsm8k.SOURCE,
    arc.SOURCE,
    openbookqa.SOURCE,
    pubmedqa.SOURCE,
    medmcqa.SOURCE,
    nq_open.SOURCE,
    web_questions.SOURCE,
    theoremqa.SOURCE,
    scibench.SOURCE,
    deepscaler.SOURCE,
    orz.SOURCE,
    legalbench.SOURCE,
    openstax.SOURCE,
    *synthetic.SOURCES,
)

SOURCES: dict[str, Source] = {source.name: source for source in _ALL}
