"""The commands that ask a model: thin, as `cli` is, to which they belong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from crossthink_data.errors import CrossthinkError

if TYPE_CHECKING:
    from crossthink_data.llm.endpoint import Endpoint, Style
    from crossthink_data.side_table import SideTable

app = typer.Typer()

DAY_S = 86_400.0

Model = Annotated[str, typer.Option("--model", help="The model's name at the endpoint.")]
Url = Annotated[str, typer.Option("--endpoint", help="URL of an OpenAI-compatible server, e.g. of `vllm serve`.")]
Weights = Annotated[str | None, typer.Option("--model-revision", help="Of the model's weights; goes into the table.")]
PromptStyle = Annotated[str, typer.Option("--prompt-style", help="chat, or plain for a model without a template.")]
Timeout = Annotated[float, typer.Option("--timeout", min=1, help="Seconds that one request may take.")]
AllowFailed = Annotated[
    bool, typer.Option("--allow-failed", help="Finish though requests fail each time; their rows are counted.")
]
Objective = Annotated[
    float | None,
    typer.Option(
        "--latency-objective", min=0.01, max=DAY_S, help="Seconds that 95% of requests must keep; else learned."
    ),
]
PriceIn = Annotated[float, typer.Option("--price-in", min=0, help="Of a million prompt tokens.")]
PriceOut = Annotated[float, typer.Option("--price-out", min=0, help="Of a million completion tokens.")]
Out = Annotated[Path, typer.Option("--out", help="Folder of the tables.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="Only the first rows.")]
Temperature = Annotated[float, typer.Option("--temperature", help="0 takes the likeliest token.")]
TopP = Annotated[float, typer.Option("--top-p", help="Share of the likeliest tokens to sample from.")]
MaxTokens = Annotated[int, typer.Option("--max-tokens", help="A completion's most tokens.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]

TABLES = Path("tables")
LABELS = TABLES / "selflabel-state"
STYLES = ("chat", "plain")
T = TypeVar("T")


@app.command()
def difficulty(
    corpus: Annotated[str, typer.Argument(metavar="RUN|REPO", help="A run, a published folder, or ORG/NAME.")],
    model: Model,
    endpoint: Url,
    blend: Annotated[str | None, typer.Option(help="Rows of this blend.  [default: the pool]")] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    revision: Annotated[str | None, typer.Option(help="Of a repository on the Hub.")] = None,
    limit: Limit = None,
    samples: Annotated[int, typer.Option(min=1, help="Answers to each question, at most.")] = 1,
    band: Annotated[
        str | None, typer.Option(metavar="LOW-HIGH", help="Ask no more once it is sure whether the rate lies in it.")
    ] = None,
    temperature: Temperature = 1.0,
    top_p: TopP = 1.0,
    max_tokens: MaxTokens = 2048,
    model_revision: Weights = None,
    prompt_style: PromptStyle = "chat",
    timeout: Timeout = 600.0,
    allow_failed: AllowFailed = False,
    objective: Objective = None,
    price_in: PriceIn = 0.0,
    price_out: PriceOut = 0.0,
    out: Out = TABLES,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Measure how often a model answers each row right; a recipe takes the table as `pass_rates`."""
    with _needs_extra():
        from crossthink_data.llm.band import parse_band
        from crossthink_data.llm.difficulty import Difficulty, measure
        from crossthink_data.llm.request import Sampling
    from crossthink_data.llm.show import difficulty_tables
    from crossthink_data.progress import Progress

    settings = Difficulty(samples, Sampling(temperature, top_p, max_tokens), parse_band(band) if band else None)
    prices = (price_in, price_out)
    where = _endpoint(endpoint, model, model_revision, prompt_style, timeout, allow_failed, objective, prices)
    with Progress(quiet) as progress:
        table = measure(
            corpus, blend, split, revision, limit, where, settings, out,
            lambda done: progress.source(f"{done:,} rows"),
        )  # fmt: skip
    _show(table, difficulty_tables(table.manifest), json_)


@app.command(name="synthesize")
def synthesize_(
    model: Model,
    endpoint: Url,
    documents: Annotated[
        list[Path] | None, typer.Argument(help="WARC, parquet, JSON lines, OpenStax archives, or folders of them.")
    ] = None,
    personas: Annotated[Path | None, typer.Option(help="Instead: a file with a persona a line, for maths.")] = None,
    skills: Annotated[Path | None, typer.Option(help="And one with a skill a line.")] = None,
    text: Annotated[str, typer.Option(help="Column of a table that holds the text.")] = "text",
    license_: Annotated[str | None, typer.Option("--license", help="Of documents that name none.")] = None,
    passage_chars: Annotated[int, typer.Option(help="Characters of a passage, at most.")] = 4_000,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first passages, or so many problems.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Independent solutions, which vote on the key.")] = 5,
    threshold: Annotated[float, typer.Option(help="Share of them that must give the key.")] = 0.6,
    options_min: Annotated[int, typer.Option(help="Options of a question, at least.")] = 4,
    options_max: Annotated[int, typer.Option(help="And at most.")] = 10,
    seed: Annotated[int, typer.Option(help="Another one makes other questions.")] = 0,
    temperature: Annotated[float, typer.Option(help="Of questions.")] = 0.7,
    solve_temperature: Annotated[float, typer.Option(help="Of solutions.")] = 1.0,
    max_tokens: Annotated[int, typer.Option(help="A question's most tokens.")] = 1024,
    solve_max_tokens: Annotated[int, typer.Option(help="A solution's most tokens.")] = 2048,
    model_revision: Weights = None,
    prompt_style: PromptStyle = "chat",
    timeout: Timeout = 600.0,
    allow_failed: AllowFailed = False,
    objective: Objective = None,
    price_in: PriceIn = 0.0,
    price_out: PriceOut = 0.0,
    out: Out = TABLES,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Make questions of documents, or maths problems of personas and skills; a recipe takes the table as a source."""
    with _needs_extra():
        from crossthink_data.llm.asking import Synthesis
        from crossthink_data.llm.documents import Reading
        from crossthink_data.llm.make_questions import problems_from_personas, questions_from_documents
        from crossthink_data.llm.request import Sampling
    from crossthink_data.llm.show import synthesis_tables
    from crossthink_data.progress import Progress

    settings = Synthesis(
        samples, threshold, options_min, options_max,
        Sampling(temperature, 1.0, max_tokens), Sampling(solve_temperature, 1.0, solve_max_tokens), seed=seed,
    )  # fmt: skip
    prices = (price_in, price_out)
    where = _endpoint(endpoint, model, model_revision, prompt_style, timeout, allow_failed, objective, prices)
    with Progress(quiet) as progress:

        def on_done(done: int) -> None:
            progress.source(f"{done:,} passages")

        if documents and not (personas or skills):
            reading = Reading(text, license_, passage_chars)
            table = questions_from_documents(documents, reading, limit, where, settings, out, on_done)
        elif personas and skills and limit and not documents:
            table = problems_from_personas(personas, skills, license_, limit, where, settings, out, on_done)
        else:
            raise CrossthinkError("give documents; or, for maths, --personas FILE --skills FILE --limit N")
    _show(table, synthesis_tables(table.manifest), json_)


@app.command()
def selflabel(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, or the path of a YAML file.")],
    model: Annotated[list[str], typer.Option("--model", help="A model of the ensemble; give it again for more.")],
    endpoint: Annotated[list[str], typer.Option("--endpoint", help="Of all models, or one for each in their order.")],
    source: Annotated[list[str] | None, typer.Option(help="Rows of this source.  [default: of all]")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a field.")] = None,
    state: Annotated[Path, typer.Option(help="Folder of the rounds so far, which this one goes on from.")] = LABELS,
    samples: Annotated[int, typer.Option(min=1, help="Answers of each model.")] = 8,
    target: Annotated[float, typer.Option(help="Share of the adopted labels that shall be right.")] = 0.9,
    alpha: Annotated[float, typer.Option(help="Chance, in each domain, that fewer are.")] = 0.05,
    validation: Annotated[
        int, typer.Option(min=1, help="Rows with a gold to learn on, at most, in each domain.")
    ] = 400,
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many rows without a gold.")] = None,
    temperature: Temperature = 1.0,
    top_p: TopP = 1.0,
    max_tokens: MaxTokens = 2048,
    model_revision: Annotated[
        list[str] | None, typer.Option("--model-revision", help="Of each model's weights, in their order.")
    ] = None,
    prompt_style: PromptStyle = "chat",
    timeout: Timeout = 600.0,
    allow_failed: AllowFailed = False,
    objective: Objective = None,
    price_in: PriceIn = 0.0,
    price_out: PriceOut = 0.0,
    out: Out = TABLES,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Label rows without a gold, by one more round; a recipe takes the table as `labels`."""
    with _needs_extra():
        from crossthink_data.llm.request import Sampling
        from crossthink_data.llm.selflabel import SelfLabel, label_round
    from crossthink_data.llm.show import selflabel_tables
    from crossthink_data.llm.unlabelled import only_sources, unlabelled_rows
    from crossthink_data.plan import make_plan
    from crossthink_data.progress import Progress
    from crossthink_data.recipe import load_recipe

    settings = SelfLabel(samples, target, alpha, Sampling(temperature, top_p, max_tokens))
    revisions = _each("--model-revision", model_revision or [None], model)
    ensemble = [
        _endpoint(url, name, weights, prompt_style, timeout, allow_failed, objective, (price_in, price_out))
        for name, url, weights in zip(model, _each("--endpoint", endpoint, model), revisions, strict=True)
    ]
    with Progress(quiet) as progress:
        loaded = load_recipe(recipe, [*(set_ or []), "decontaminate=null"])
        plan = make_plan(only_sources(loaded, source or []), None, progress.source)
        rows = unlabelled_rows(plan, source or [], validation, limit)
        done = label_round(
            rows, ensemble, settings, state, out,
            lambda done: progress.source(f"{done:,} rows"),
        )  # fmt: skip
    _show(done.table, selflabel_tables(done.table.manifest), json_, state=str(state), finished=done.finished)
    if not json_:
        typer.echo(f"state after round {done.state.round}: {state}" + (", nothing changed" if done.finished else ""))


def _each(option: str, given: Sequence[T], models: list[str]) -> Sequence[T]:
    """One for each model, or the same for all."""
    if len(given) not in (1, len(models)):
        raise CrossthinkError(f"{len(given)} of {option} for {len(models)} of --model: give one, or one for each")
    return given if len(given) == len(models) else [given[0]] * len(models)


def _endpoint(
    url: str,
    model: str,
    revision: str | None,
    style: str,
    timeout_s: float,
    allow_failed: bool,
    objective_s: float | None,
    prices: tuple[float, float],
) -> Endpoint:
    from crossthink_data.errors import unknown
    from crossthink_data.llm.endpoint import Prices, make_endpoint

    if style not in STYLES:
        raise unknown("--prompt-style", style, STYLES)
    known: Style = "chat" if style == "chat" else "plain"
    return make_endpoint(url, model, revision, known, timeout_s, allow_failed, objective_s, Prices(*prices))


@contextmanager
def _needs_extra() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise CrossthinkError(f"{error}: asking a model needs `pip install 'crossthink[llm]'`") from error


def _show(table: SideTable, tables: list[Any], json_: bool, **more: Any) -> None:
    from crossthink_data.cli import print_json, print_tables

    if json_:
        print_json({"table": str(table.folder), "cached": table.cached, **more, **table.manifest})
        return
    print_tables(tables)
    typer.echo(f"{'found' if table.cached else 'made'}: {table.folder}")
