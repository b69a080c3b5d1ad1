"""Recipes: what to build, as a validated YAML file whose hash names the run.

Every error names the file, the field and the rule. `docs/recipes.md` explains each field.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from crossthink_data.decontaminate import Decontamination
from crossthink_data.errors import CrossthinkError, unknown
from crossthink_data.filters import Thresholds
from crossthink_data.kinds import Category, Domain, QuestionType
from crossthink_data.labels import SELFLABEL
from crossthink_data.near_dedup import NearDedup
from crossthink_data.pass_rates import DIFFICULTY, KeepHard
from crossthink_data.templates import TemplateMode
from crossthink_data.yaml_text import load_yaml

RECIPES = Path(__file__).parent / "recipes"
TABLES = {"labels": SELFLABEL, "pass_rates": DIFFICULTY}  # fields that name side tables, and of which kind

Rows = Annotated[int, Field(ge=1, le=10**10)]  # a slip of the pen beyond
Share = Annotated[float, Field(gt=0, lt=0.5)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Group = Literal["gpr", "mr", "mcq", "open"]  # a category or a question type
SourceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


# Licences that a row may have; an allow-list names some of them.
SPDX = (
    *("apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cdla-permissive-2.0", "mit", "odc-by", "unlicense"),
    *("cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "gfdl-1.3", "odbl-1.0"),
    *("cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-4.0"),
)


class Strict(BaseModel):
    """A part of a recipe: unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Columns(Strict):
    """Which column of an inline source holds what; `options` is a list column or a list of columns."""

    question: str
    answer: str | None = None  # the answer's text; or
    answer_index: str | None = None  # the 0-based index of the right option; or
    answer_label: str | None = None  # its letter
    options: str | list[str] | None = None
    passage: str | None = None
    rationale: str | None = None
    source_id: str | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> Columns:
        given = [self.answer, self.answer_index, self.answer_label]
        if sum(value is not None for value in given) != 1:
            raise ValueError("give exactly one of answer, answer_index and answer_label")
        if self.answer is None and self.options is None:
            raise ValueError("answer_index and answer_label need options")
        return self


class SourceEntry(Strict):
    """One source of a recipe: a known one by its name, or an inline one by `columns`."""

    count: Annotated[int, Field(ge=0)] | None = None  # its nominal size, which weights by count go by; 0: no weight
    size: Rows | None = None  # sampled down to this many rows, after everything that removes rows
    template: TemplateMode | None = None  # instead of the recipe's
    revision: str | None = None  # instead of the pinned one
    path: Path | None = None  # a folder with the source's files, instead of the Hub
    less: tuple[str, ...] = ()  # benchmarks whose questions are left out here
    # the rest is for inline sources
    columns: Columns | None = None
    repo: str | None = None
    files: tuple[str, ...] = ()
    license: str | None = None
    category: Category = "gpr"
    question_type: QuestionType | None = None
    domain: Domain = "general"

    @model_validator(mode="after")
    def _inline(self) -> SourceEntry:
        if self.columns is None and (self.repo or self.files or self.license or self.question_type):
            raise ValueError("repo, files, license and question_type belong to an inline source: give columns too")
        if self.columns is not None and not self.files:
            raise ValueError("an inline source needs files: paths here, or globs inside its repo")
        return self


class Blend(Strict):
    """One blend; exactly one of weights, shares and scores says how it is mixed."""

    weights: Literal["count"] | dict[str, Weight] | None = None  # by nominal size, or given per source
    shares: dict[Group, Weight] | None = None  # of categories or of question types; inside by nominal size
    scores: dict[str, Weight | None] | None = None  # weight = score / sum of scores
    size: Rows | None = None  # rows of its train split, instead of the recipe's
    keep_hard: KeepHard | None = None  # only rows with a pass rate in this band; null takes all

    @model_validator(mode="after")
    def _one_rule(self) -> Blend:
        if sum(value is not None for value in (self.weights, self.shares, self.scores)) != 1:
            raise ValueError("give exactly one of weights, shares and scores")
        if isinstance(self.weights, dict) and abs(sum(self.weights.values()) - 1) > 1e-6:
            raise ValueError(f"weights must sum to 1, these sum to {sum(self.weights.values()):.6g}")
        for part in (self.shares, self.scores):
            if part is not None and None not in part.values() and not sum(value or 0 for value in part.values()):
                raise ValueError("at least one share or score must be above 0")
        if self.shares is not None and not (set(self.shares) <= {"gpr", "mr"} or set(self.shares) <= {"mcq", "open"}):
            raise ValueError("shares go by category (gpr, mr) or by question type (mcq, open), not by both")
        return self


class Recipe(Strict):
    """A whole recipe; the order of `sources` is their priority among duplicates."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
    description: str = ""
    seed: int = 0
    sources: Annotated[dict[SourceName, SourceEntry], Field(min_length=1)]
    template: TemplateMode = "as_is"
    filters: Thresholds = Thresholds()
    near_dedup: NearDedup | None = NearDedup()  # null leaves near-duplicates in
    decontaminate: Decontamination | None = None  # null compares with no benchmark
    labels: Path | None = None  # a table of `crossthink selflabel`: golds for rows that have none
    pass_rates: Path | None = None  # a table of `crossthink difficulty`
    licenses: tuple[str, ...] | None = None  # the allow-list, SPDX ids in lower case; null takes any licence
    max_bad_lines: Annotated[int, Field(ge=0)] = 100  # unreadable lines per source that are only counted
    splits: dict[Literal["validation", "test"], Share] = Field(default_factory=dict)
    size: Rows = 83_200  # rows of a blend: 650 steps of 128 prompts
    blends: Annotated[dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")], Blend], Field(min_length=1)]

    @field_validator("licenses", mode="before")
    @classmethod
    def _known_licenses(cls, value: Any) -> Any:
        """An id that no row can have is a slip of the pen."""
        if not isinstance(value, list | tuple):
            return value
        ids = tuple(str(one).lower() for one in value)
        for one in ids:
            if one not in SPDX:
                raise ValueError(str(unknown("licence", one, SPDX)))
        return ids

    @model_validator(mode="after")
    def _names(self) -> Recipe:
        reserved = {"pool", "provenance", "removed"} & set(self.blends)
        if reserved:
            raise ValueError(f"blends: {', '.join(sorted(reserved))} is the name of a config that every run has")
        if sum(self.splits.values()) >= 1:
            raise ValueError("splits: validation and test together must leave rows to train on")
        for name, blend in self.blends.items():
            named = {**(blend.weights if isinstance(blend.weights, dict) else {}), **(blend.scores or {})}
            for source in named:
                if source not in self.sources:
                    raise ValueError(f"blends.{name}: {unknown('source', source, self.sources)}")
        return self


def recipe_names() -> list[str]:
    """The recipes that come with the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def recipe_text(name: str) -> str:
    """The YAML of a recipe by name or path."""
    return _find(name).read_text(encoding="utf-8")


def load_recipe(name_or_path: str, settings: list[str] | None = None) -> Recipe:
    """A recipe by name or path, with `KEY=VALUE` settings (dotted keys, YAML values) laid over it.

    A source or blend that a setting makes null is left out. Raises CrossthinkError naming file, field and rule.
    """
    path = _find(name_or_path)
    data = _read_yaml(path)
    if isinstance(data.get("sources"), dict):  # in the file, a bare `name:` is a source with nothing to say of it
        data["sources"] = {name: {} if entry is None else entry for name, entry in data["sources"].items()}
    for setting in settings or []:
        _set(data, setting)
    for part in ("sources", "blends"):
        if isinstance(data.get(part), dict):
            data[part] = {key: value for key, value in data[part].items() if value is not None}
    _resolve_paths(data, path.parent)
    try:
        return Recipe.model_validate(data)
    except ValidationError as error:
        problems = [_explain(path, problem) for problem in error.errors() if not _other_kind(problem)]
        raise CrossthinkError("\n".join(problems)) from error


def without_missing(recipe: Recipe) -> Recipe:
    """The recipe, allowed to go on without benchmarks that cannot be read."""
    if recipe.decontaminate is None:
        return recipe
    return recipe.model_copy(update={"decontaminate": recipe.decontaminate.model_copy(update={"allow_missing": True})})


def _find(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if path.suffix in (".yaml", ".yml"):
        if not os.path.isfile(path):  # noqa: PTH113 - Path's raises where a name is too long to be one
            raise CrossthinkError(f"no recipe file {path}: check the path, or name one of {', '.join(recipe_names())}")
        return path
    if name_or_path not in recipe_names():
        raise unknown("recipe", name_or_path, recipe_names())
    return RECIPES / f"{name_or_path}.yaml"


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise CrossthinkError(f"{path}: not YAML: {error}") from error
    if not isinstance(data, dict):
        raise CrossthinkError(f"{path}: a recipe is a mapping with name, sources and blends")
    return data


def _set(data: dict[str, Any], setting: str) -> None:
    key, equals, value = setting.partition("=")
    if not equals:
        raise CrossthinkError(f"--set {setting}: write it as KEY=VALUE, for example --set seed=7")
    *parents, last = key.split(".")
    for parent in parents:
        inner = data.get(parent)
        if inner is None:
            inner = data[parent] = {}
        if not isinstance(inner, dict):
            raise CrossthinkError(f"--set {setting}: {parent} holds no fields")
        data = inner
    try:
        data[last] = load_yaml(value)
    except yaml.YAMLError as error:
        raise CrossthinkError(f"--set {setting}: the value is not YAML: {error}") from error


def _resolve_paths(data: dict[str, Any], folder: Path) -> None:
    """Local paths of a recipe are relative to its file; for a bundled one, to the current folder."""
    folder = Path.cwd() if folder == RECIPES else folder
    for table in TABLES:
        if isinstance(data.get(table), str):
            data[table] = str((folder / data[table]).absolute())
    sources = data.get("sources")
    for entry in sources.values() if isinstance(sources, dict) else ():
        if not isinstance(entry, dict):
            continue
        if isinstance(entry.get("path"), str):
            entry["path"] = str((folder / entry["path"]).absolute())
        if entry.get("columns") and not entry.get("repo") and isinstance(entry.get("files"), list):
            entry["files"] = [str((folder / str(file)).absolute()) for file in entry["files"]]


def _other_kind(problem: Mapping[str, Any]) -> bool:
    """Whether pydantic only says that a mapping of weights is not the word `count` either."""
    is_weights = problem["loc"][2:3] == ("weights",)  # of blends.NAME; a mapping elsewhere is the only problem there is
    return is_weights and problem["type"] == "literal_error" and isinstance(problem["input"], dict)


def _explain(path: Path, problem: Mapping[str, Any]) -> str:
    parts = [str(part) for part in problem["loc"]]
    field = ".".join(part for part in parts if part == "[key]" or "[" not in part) or "recipe"
    message = problem["msg"].removeprefix("Value error, ")
    given = problem.get("input")
    shown = f" (given: {given!r})" if isinstance(given, str | int | float | bool) else ""
    return f"{path}: {field}: {message}{shown}"
