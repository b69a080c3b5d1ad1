"""The data set's card, made from the run: front matter for the Hub, and a body that a reader can check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from crossthink_data.bundled import bundled
from crossthink_data.manifest import built_rows
from crossthink_data.pool import SPLITS
from crossthink_data.provenance import PROVENANCE, PROVENANCE_SCHEMA
from crossthink_data.schema import ARROW_SCHEMA, REMOVED_SCHEMA
from crossthink_data.sources.base import UNKNOWN_LICENSE

SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10**7, "1M<n<10M"),
)
KNOWN_LICENSES = {  # ids that the Hub's front matter takes
    "apache-2.0", "mit", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0",
    "cc-by-nc-4.0", "cc-by-nc-sa-4.0", "odc-by", "bsd-3-clause", "unknown",
}  # fmt: skip
EXAMPLE_CHARS = 1_500  # of an example's question


def render_card(run: Path, manifest: dict[str, Any], repo_id: str) -> str:
    """README.md of a publication: front matter and body."""
    body = (
        markdown_templates()
        .get_template("dataset.md.jinja")
        .render(
            manifest=manifest,
            repo_id=repo_id,
            configs=config_names(manifest),
            provenance=sum(one["rows"] for path, one in manifest["files"].items() if f"/{PROVENANCE}/" in path),
            totals=totals(manifest),
            reasons=reasons(manifest),
            table=domain_table(manifest),
            licenses=license_table(manifest),
            restricted=restricted_rows(manifest),
            examples=examples(run, manifest),
            weights=weight_tables(manifest),
        )
    )
    return f"---\n{front_matter(manifest)}---\n\n{body}"


def markdown_templates() -> Environment:
    """The templates of cards that are Markdown, where nothing is escaped by itself."""
    return Environment(
        loader=FileSystemLoader(bundled("cards") / "templates"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - Markdown, not HTML
    )


def config_names(manifest: dict[str, Any]) -> list[str]:
    """The configs in the order of the recipe: the blends (the first is the default), then the pool."""
    return [*manifest["blends"], "pool"]


def front_matter(manifest: dict[str, Any]) -> str:
    """YAML front matter: configs with their splits and features' sizes, licences, size, tags."""
    rows = sum(sum(split.values()) for split in manifest["pool"].values())
    licenses = sorted({row["license"] for row in manifest["table"]})
    named = [one for one in licenses if one in KNOWN_LICENSES and one != "unknown"]
    if len(named) < len(licenses):
        named.append("other")
    infos = [_info(name, manifest, ARROW_SCHEMA) for name in config_names(manifest)]
    infos += [_info(PROVENANCE, manifest, PROVENANCE_SCHEMA), _info("removed", manifest, REMOVED_SCHEMA)]
    infos = [info for info in infos if info["splits"]]  # `load_dataset` can not load what has no rows
    front = {
        "pretty_name": f"crossthink {manifest['recipe']}",
        "license": named[0] if len(named) == 1 else named,
        "language": ["en"],
        "task_categories": ["question-answering", "multiple-choice"],
        "tags": ["reinforcement-learning", "reasoning", "rlvr", "crossthink"],
        "size_categories": [next((name for limit, name in SIZES if rows < limit), "10M<n<100M")],
        "configs": [_config(info, default=i == 0) for i, info in enumerate(infos)],
        "dataset_info": infos,
    }
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True)


def _config(info: dict[str, Any], default: bool) -> dict[str, Any]:
    name = info["config_name"]
    data_files = [{"split": one["name"], "path": f"data/{name}/{one['name']}-*.parquet"} for one in info["splits"]]
    return {"config_name": name, **({"default": True} if default else {}), "data_files": data_files}


def _info(name: str, manifest: dict[str, Any], schema: pa.Schema) -> dict[str, Any]:
    """Features, and per split that has rows their number and the bytes of its files."""
    splits: dict[str, dict[str, Any]] = {}
    for path, about in manifest["files"].items():
        _, config, file = path.split("/")
        if config == name:
            split = file.split("-")[0]
            found = splits.setdefault(split, {"name": split, "num_bytes": 0, "num_examples": 0})
            found["num_bytes"] += about["bytes"]
            found["num_examples"] += about["rows"]
    size = sum(split["num_bytes"] for split in splits.values())
    return {
        "config_name": name,
        "features": [_feature(field) for field in schema],
        "splits": [splits[split] for split in SPLITS if split in splits and splits[split]["num_examples"]],
        "download_size": size,
        "dataset_size": size,
    }


def _feature(field: pa.Field) -> dict[str, Any]:
    """A field in the form that `datasets` reads: a struct in a list is a list of its features."""
    if not pa.types.is_list(field.type):
        return {"name": field.name, "dtype": _DTYPES.get(str(field.type), str(field.type))}
    inside = field.type.value_type
    if pa.types.is_struct(inside):
        return {"name": field.name, "list": [_feature(one) for one in inside]}
    return {"name": field.name, "list": _DTYPES.get(str(inside), str(inside))}


_DTYPES = {"double": "float64"}


def totals(manifest: dict[str, Any]) -> dict[str, int]:
    """The funnel over all sources."""
    sources = manifest["sources"].values()
    counts = {name: sum(source[name] for source in sources) for name in ("read", "derived", "not_sampled", "pool")}
    return counts | {"removed": sum(sum(source["removed"].values()) for source in sources)}


def reasons(manifest: dict[str, Any]) -> list[str]:
    """Every reason for which a row was removed, the most frequent first."""
    counts: dict[str, int] = {}
    for source in manifest["sources"].values():
        for reason, rows in source["removed"].items():
            counts[reason] = counts.get(reason, 0) + rows
    return sorted(counts, key=lambda reason: (-counts[reason], reason))


def domain_table(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Pool rows by domain, question type and source, the licences of each."""
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for one in manifest["table"]:
        key = (one["domain"], one["question_type"], one["source"])
        row = rows.setdefault(
            key, {"domain": key[0], "question_type": key[1], "source": key[2], "rows": 0, "licenses": []}
        )
        row["rows"] += one["rows"]
        row["licenses"].append(one["license"])
    return list(rows.values())


def license_table(manifest: dict[str, Any]) -> dict[str, int]:
    """Pool rows by licence, the most frequent first."""
    counts: dict[str, int] = {}
    for row in manifest["table"]:
        counts[row["license"]] = counts.get(row["license"], 0) + row["rows"]
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def restricted_rows(manifest: dict[str, Any]) -> dict[str, int]:
    """Pool rows whose licence is not established, and rows that may not be used commercially."""
    licenses = license_table(manifest)
    return {
        "unknown": licenses.get(UNKNOWN_LICENSE, 0),
        "noncommercial": sum(rows for name, rows in licenses.items() if "-nc" in name),
    }


def weight_tables(manifest: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """blend -> per source: the weight asked for, the share got, rows drawn more than once."""
    tables = {}
    for name, blend in manifest["blends"].items():
        rows = blend["rows"]["train"]
        total = sum(rows.values()) or 1
        tables[name] = [
            {
                "source": source,
                "asked": weight,
                "got": rows[source] / total,
                "rows": rows[source],
                "repeated": blend["repeated"].get(source, 0),
            }
            for source, weight in blend["weights"].items()
        ]
    return tables


def examples(run: Path, manifest: dict[str, Any], n: int = 1) -> list[dict[str, Any]]:
    """n rows of the pool per domain: the first by id of those that are not too long to read."""
    pool = built_rows(run, manifest, "pool", "train")
    fits = pool.filter(
        pl.col("question").str.len_chars() + pl.col("passage").fill_null("").str.len_chars() < EXAMPLE_CHARS
    )
    ids = fits.group_by("domain").agg(pl.col("id").sort().head(n)).collect()["id"].explode()
    return pool.filter(pl.col("id").is_in(ids.implode())).sort("domain", "id").collect().to_dicts()
