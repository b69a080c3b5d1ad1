"""A task's logged completions, as the grader is asked about them."""

from __future__ import annotations

from crossthink_data.report.results import TaskRun
from crossthink_data.scoring import Answered, answered, template_opens


def answers(run: TaskRun) -> list[Answered]:
    """Every sample's document and completions; where a server's template opened the thinking, they all show it."""
    opens = template_opens(said for sample in run.samples if sample.prompt is None for said in sample.completions)
    return [answered(one.doc, one.completions, one.prompt, opens) for one in run.samples]
