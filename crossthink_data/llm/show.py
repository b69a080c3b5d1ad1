"""What the commands that ask a model print, as plain tables."""

from __future__ import annotations

from typing import Any

from crossthink_data.llm.difficulty import BINS
from crossthink_data.show import Table


def usage_table(manifest: dict[str, Any]) -> Table:
    """What asking took, in all and in the last run."""
    usage, last = manifest["usage"], manifest["last_run"]
    named = [
        ["answers", usage["answers"]],
        ["of them asked in this run", last["requests"]],
        ["refused for good", usage["refused"]],
        ["attempts repeated", last["failures"]],
        ["prompt tokens", usage["prompt_tokens"]],
        ["completion tokens", usage["completion_tokens"]],
        ["seconds", last["seconds"]],
    ]
    cost = [["cost", usage["cost"]]] if any(usage["prices"].values()) else []
    return Table(str(manifest["settings"]["model"]), ["asked", "in all"], [*named, *cost])


def difficulty_tables(manifest: dict[str, Any]) -> list[Table]:
    """Rates per domain with their histogram, what became of the samples, and what it took."""
    about = manifest["summary"]
    edges = [f"{i / BINS:.1f}" for i in range(BINS)]
    domains = [
        [name, one["rows"], _rate(one["mean"]), one["without_rate"], *one["histogram"]]
        for name, one in about["domains"].items()
    ]
    samples = [[name, about[name]] for name in ("asked", "right", "no_answer", "cut", "ungradable", "lost", "saved")]
    if manifest["settings"]["band"]:
        samples.append(["rows in the band", about["in_band"]])
    return [
        Table("pass rates", ["domain", "rows", "mean", "none", *edges], domains),
        Table("samples", ["samples", "in all"], samples),
        *_faults("first lost or empty sample", "rows", about["reasons"]),
        usage_table(manifest),
    ]


def synthesis_tables(manifest: dict[str, Any]) -> list[Table]:
    """What became of documents and passages, by reason and domain, and what it took."""
    about = manifest["summary"]
    documents = about.get("documents")
    rows = [["kept", about["kept"]], *([reason, count] for reason, count in about["reasons"].items())]
    tables = [Table(f"{about['rows']:,} questions asked for", ["became", "rows"], rows)]
    if about["domains"]:
        domains = [[name, one["rows"], one["kept"]] for name, one in about["domains"].items()]
        tables.append(Table("by domain", ["domain", "rows", "kept"], domains))
    if documents:
        read = [["kept", documents["kept"]], *([reason, count] for reason, count in documents["removed"].items())]
        tables.insert(0, Table(f"{documents['read']:,} documents read", ["became", "documents"], read))
    return [*tables, usage_table(manifest)]


def selflabel_tables(manifest: dict[str, Any]) -> list[Table]:
    """Thresholds per domain, what the round changed, and what it took."""
    about = manifest["summary"]
    domains = [[name, *_threshold(one)] for name, one in about["thresholds"].items()]
    changes = [[name, rows] for name, rows in about["changes"].items()]
    target = manifest["settings"]["target"]
    return [
        Table(
            f"round {about['round']}: labels of which {target * 100:g}% shall be right",
            ["domain", "agreement", "validation rows right", "shows at least", "none is adopted, for"],
            domains,
        ),
        Table(f"adopted: {about['adopted_rows']:,} rows", ["change", "rows"], changes),
        *_faults("of an answer", "answers", about["reasons"]),
        usage_table(manifest),
    ]


def _faults(of: str, counted: str, reasons: dict[str, int]) -> list[Table]:
    """A table of them, where there are any."""
    return [Table("faults", [of, counted], [[name, number] for name, number in reasons.items()])] if reasons else []


def _threshold(one: dict[str, Any]) -> list[str]:
    right = f"{one['right']} of {one['kept']}"
    return [_rate(one["confidence"]), right, _rate(one["precision"]), one["reason"] or ""]


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
