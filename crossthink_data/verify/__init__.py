"""What a completion answered and whether it is right: the one extractor and grader of data, evals and rewards.

>>> extract(r"<think>2 + 2 = 4</think> \\boxed{4}").answer
'4'
>>> compare(Gold("1/2", "number"), r"\\frac{1}{2}").outcome
'correct'

`extract` and `compare` take one completion, a `Grader` takes batches. The conventions are the table in `compare`.
"""

from __future__ import annotations

from crossthink_data.verify.compare import compare
from crossthink_data.verify.extract import extract
from crossthink_data.verify.gold import Gold, infer_type
from crossthink_data.verify.grade import Item
from crossthink_data.verify.grader import Grader, shared_grader
from crossthink_data.verify.verdict import Extraction, Grade, Policy, Verdict

__all__ = [
    "Extraction",
    "Gold",
    "Grade",
    "Grader",
    "Item",
    "Policy",
    "Verdict",
    "compare",
    "extract",
    "infer_type",
    "shared_grader",
]
