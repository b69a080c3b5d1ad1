"""The `crossthink` command: thin, with heavy imports inside the commands, so that it starts at once."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crossthink_data import __version__, llm_cli
from crossthink_data.errors import CrossthinkError

if TYPE_CHECKING:
    from crossthink_data.pipeline import Run, Submitted
    from crossthink_data.plan import Plan
    from crossthink_data.progress import Progress
    from crossthink_data.row_files import Batch
    from crossthink_data.show import Table
    from crossthink_data.verify.verdict import Grade

app = typer.Typer(
    name="crossthink",
    help="Build, publish and inspect the crossthink corpus.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(llm_cli.app)

STOPPED = 130  # a shell's exit code of what Ctrl-C ended
STOPPED_MESSAGE = "stopped; a build keeps what it had finished: run it again to resume"


class Executor(StrEnum):
    """Where the tasks of a build run."""

    LOCAL, RAY, SLURM = "local", "ray", "slurm"


Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"crossthink {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True)] = False,
    debug: Annotated[bool, typer.Option(help="Show the traceback of an error.")] = False,
) -> None:
    if debug:
        os.environ["CROSSTHINK_DEBUG"] = "1"


@app.command()
def build(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, or the path of a YAML file.")],
    out: Annotated[str, typer.Option(help="Folder of the runs, or its URL, such as s3://bucket/runs.")] = "runs",
    executor: Annotated[Executor, typer.Option(help="Where its tasks run.")] = Executor.LOCAL,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Tasks at once; if not said a process a core, on a cluster all that fit.")
    ] = None,
    tasks: Annotated[int | None, typer.Option(min=1, help="Pieces of the work; changes no byte.")] = None,
    slurm: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="partition, time and more of datatrove's executor.")
    ] = None,
    show_plan: Annotated[bool, typer.Option("--plan", help="Show stages, tasks and sizes; build nothing.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Read at most this many rows of each source.")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a field.")] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Go on without benchmarks that cannot be read; the card says so.")
    ] = False,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Build a recipe into a run folder; an unchanged one is found again."""
    from crossthink_data.pipeline import cluster_tasks
    from crossthink_data.plan import make_plan
    from crossthink_data.progress import Progress
    from crossthink_data.recipe import load_recipe, without_missing
    from crossthink_data.storage import folder_at

    if slurm and executor is not Executor.SLURM:
        raise CrossthinkError("--slurm says how jobs of Slurm are made: add --executor slurm, or leave it out")
    folder, loaded = folder_at(out), load_recipe(recipe, set_)
    if allow_missing:
        loaded = without_missing(loaded)
    if executor is Executor.LOCAL:
        workers = workers or min(os.cpu_count() or 1, 8)
        tasks = tasks or 2 * workers
    else:
        folder = folder.absolute()  # tasks run in folders of their own
    with Progress(quiet) as progress:
        plan = make_plan(loaded, limit, progress.source)
        tasks = tasks or cluster_tasks(plan)
        run = None if show_plan else _run_build(executor, plan, folder, workers, tasks, slurm or [], progress)
    if run is None:
        _print_plan(plan, folder, tasks, json_)
    else:
        _print_build(run, json_)


def _run_build(
    executor: Executor,
    plan: Plan,
    folder: Path,
    workers: int | None,
    tasks: int,
    slurm: list[str],
    progress: Progress,
) -> Run | Submitted:
    """Builds where it was asked for."""
    from crossthink_data import pipeline
    from crossthink_data.ray_executor import ray_cluster
    from crossthink_data.slurm_executor import slurm_settings

    if executor is Executor.LOCAL:
        return pipeline.build(plan, folder, workers, tasks, progress.stage)
    if executor is Executor.RAY:
        with ray_cluster():
            return pipeline.build(plan, folder, workers, tasks, progress.stage, on_ray=True)
    at_once = {"workers": workers} if workers else {}
    return pipeline.build_on_slurm(plan, folder, tasks, slurm_settings(slurm) | at_once)


def _print_plan(plan: Plan, folder: Path, tasks: int, json_: bool) -> None:
    """What a build will take."""
    from crossthink_data.expected import expected_stages
    from crossthink_data.show import expected_table

    expected = expected_stages(plan, folder, tasks)
    if json_:
        print_json({"run": plan.name, "rows": plan.rows, "stages": [vars(one) for one in expected]})
    else:
        print_tables([expected_table(plan, expected)])


def _print_build(run: Run | Submitted, json_: bool) -> None:
    """What became of a build."""
    from crossthink_data.pipeline import Submitted
    from crossthink_data.show import build_summary, run_tables, stage_table
    from crossthink_data.stages import logs_of

    if isinstance(run, Submitted):
        for one in run.failed:
            why = logs_of(run.folder, one.stage, one.tasks) / "logs"
            _note(f"note: stage {one.stage} broke off with {one.done} of {one.tasks} tasks done; why is in {why}")
        if json_:
            stages = [vars(one) for one in run.stages]
            failed = [one.stage for one in run.failed]
            print_json({"run": str(run.folder), "again": run.again, "failed": failed, "stages": stages})
            return
        print_tables([stage_table(run)])
        typer.echo(f"{'with Slurm' if run.again else 'submitted'}: {run.folder}; the same command says how far it is")
        return
    for warning in run.manifest["warnings"]:
        _note(f"note: {warning}")
    for refusal in run.manifest["refused_blends"].values():
        _note(f"not built: {refusal}")
    if json_:
        print_json(build_summary(run))
        return
    print_tables(run_tables(run.manifest))
    typer.echo(f"{'found' if run.cached else 'built'}: {run.folder}")


@app.command()
def publish(
    run: Annotated[str, typer.Argument(help="A run's folder or URL, from `crossthink build`.")],
    repo_id: Annotated[str | None, typer.Argument(help="ORG/NAME on the Hub.")] = None,
    to: Annotated[Path | None, typer.Option(help="Publish to this folder instead of the Hub.")] = None,
    private: Annotated[bool, typer.Option(help="Where the repository is created: only for its owners.")] = False,
    revision: Annotated[str, typer.Option(help="The branch to commit to.")] = "main",
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Publish a run as one commit on the Hub, or as a folder that load_dataset reads."""
    from crossthink_data.progress import Progress
    from crossthink_data.publication import prepare_publication
    from crossthink_data.publish import publish_to_folder, publish_to_hub
    from crossthink_data.storage import fetched, folder_at

    if (repo_id is None) == (to is None):
        raise CrossthinkError("say where to publish: either ORG/NAME, or --to FOLDER")
    with Progress(quiet) as progress:
        progress.source("publish")
        publication = prepare_publication(fetched(folder_at(run)), repo_id or str(to))
        if to is not None:
            done = publish_to_folder(publication, to)
        else:
            done = publish_to_hub(publication, str(repo_id), private, revision)
    if json_:
        print_json(vars(done))
        return
    at = f" at {done.commit[:8]}, tag {done.tag}" if done.commit else ""
    typer.echo(f"published {done.files} files to {done.where}{at}; card: {done.where}/README.md")


@app.command()
def show(
    run: Annotated[str, typer.Argument(help="A run, a published folder, or ORG/NAME on the Hub.")],
    blend: Annotated[str | None, typer.Option(help="Show rows of this blend.")] = None,
    n: Annotated[int, typer.Option("-n", min=0, help="How many rows.")] = 1,
    revision: Annotated[str | None, typer.Option(help="Of a repository on the Hub.")] = None,
    contamination: Annotated[
        bool, typer.Option("--contamination", help="Show what was found of benchmarks, and the evidence (of a run).")
    ] = False,
    json_: Json = False,
) -> None:
    """Show a run's funnel and blends, and rows: one per domain, or the first of a blend."""
    from crossthink_data.progress import Progress
    from crossthink_data.show import contamination_tables, evidence, open_run, run_tables, sample_rows

    with Progress():
        folder, manifest = open_run(run, revision)
    if contamination:
        found = evidence(folder, manifest)
        if json_:
            print_json({"contamination": manifest["contamination"], "evidence": found})
            return
        print_tables(contamination_tables(manifest, found))
        return
    rows = sample_rows(folder, manifest, blend, n)
    if json_:
        print_json({"manifest": manifest, "rows": rows})
        return
    print_tables(run_tables(manifest))
    for row in rows:
        _print_row(row)


@app.command()
def diff(
    a: Annotated[str, typer.Argument(help="A run, a published folder, or ORG/NAME[@revision].")],
    b: Annotated[str, typer.Argument(help="What to compare it with.")],
    json_: Json = False,
) -> None:
    """Compare two runs or published versions: rows added, removed and changed, by source and column."""
    from crossthink_data.diff import compare, diff_tables
    from crossthink_data.progress import Progress
    from crossthink_data.show import open_run

    with Progress():
        (folder_a, _), (folder_b, _) = (open_run(*_at(one)) for one in (a, b))
    found = compare(folder_a, folder_b)
    if json_:
        print_json(found)
        return
    print_tables(diff_tables(found))


@app.command()
def contamination(
    dataset: Annotated[str, typer.Argument(help="ORG/NAME on the Hub, a file (JSON lines, parquet, CSV) or a folder.")],
    question: Annotated[str | None, typer.Option(help="Its question column; else found by the usual names.")] = None,
    options: Annotated[
        str | None, typer.Option(help="Its column of options, or several, A,B,C; else found by the usual names.")
    ] = None,
    files: Annotated[str | None, typer.Option(metavar="GLOB", help="Only these of its files.")] = None,
    revision: Annotated[str | None, typer.Option(help="Of a data set on the Hub.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the report.  [default: contamination/NAME]")] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Find benchmark questions in any data set."""
    from crossthink_data.contamination import check_dataset, report_json, report_table
    from crossthink_data.progress import Progress

    columns = tuple(options.split(",")) if options else ()
    folder = out or Path("contamination") / Path(dataset).name
    with Progress(quiet) as progress:
        report = check_dataset(dataset, folder, revision, question, columns, files, progress.source)
    if json_:
        print_json(report_json(report))
        return
    print_tables([report_table(report)])
    for name, why in report.not_checked.items():
        _note(f"not checked: {name}: {why}")
    typer.echo(f"evidence: {report.evidence}")


@app.command()
def grade(
    file: Annotated[Path, typer.Argument(help="JSON lines or parquet; each row has a completion and its answer.")],
    policy: Annotated[
        str, typer.Option(help="equivalent, strict; of choices label, text, label+text, any.")
    ] = "equivalent",
    flexible: Annotated[bool, typer.Option("--flexible", help="Also take an answer that stands in no box.")] = False,
    think_open: Annotated[bool, typer.Option("--think-open", help="The prompts ended inside <think>.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = min(os.cpu_count() or 1, 8),
    deadline: Annotated[float, typer.Option(min=0.01, help="Seconds an item may take.")] = 5.0,
    out: Annotated[Path | None, typer.Option(help="Write the rows with their verdicts: .jsonl or .parquet.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show each row's verdict and why.")] = False,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Grade the completions of a file against their golds."""
    from crossthink_data.grading import (
        Settings,
        explain_table,
        grade_file,
        known_policy,
        summary_json,
        summary_table,
    )
    from crossthink_data.progress import Progress

    if explain and json_:
        raise CrossthinkError("--explain shows a table and --json one object: leave one out, or write rows with --out")
    settings = Settings(known_policy(policy), flexible, think_open, workers, deadline)
    with Progress(quiet or explain) as progress:

        def each(batch: Batch, grades: list[Grade]) -> None:
            progress.source(f"{batch.numbers[-1]:,} rows")
            if explain:
                print_tables([explain_table(batch, grades)])

        summary = grade_file(file, settings, out, each)
    if json_:
        print_json(summary_json(summary, settings))
        return
    print_tables([summary_table(file, summary)])


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="lm-eval's output folders, or results_*.json files.")],
    tokenizer: Annotated[
        str | None, typer.Option(help="Count tokens with this folder or id; else with what the results name.")
    ] = None,
    regrade: Annotated[
        bool, typer.Option("--regrade", help="Grade the logged completions again, by this version.")
    ] = False,
    paper: Annotated[str, typer.Option(help="The paper's models beside yours: 7b, 32b or none.")] = "7b",
    md: Annotated[Path | None, typer.Option(help="Write the report as Markdown.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the report as one HTML file.")] = None,
    charts: Annotated[Path | None, typer.Option(help="Write its charts as PNG into this folder.")] = None,
    json_: Json = False,
) -> None:
    """Show what lm-eval measured: accuracy with intervals, tokens, breakdowns, differences, warnings, and the paper."""
    from crossthink_data.report.report import make_report, report_json
    from crossthink_data.report.tables import (
        breakdown_tables,
        difference_table,
        legend,
        main_table,
        markdown,
        task_table,
    )

    made = make_report(results, tokenizer, regrade, paper)
    if md:
        _write(md, markdown(made).encode())
    if html:
        _write(html, _charted().page.page(made).encode())
    if charts:
        for name, png in _charted().charts.charts(made).items():
            _write(charts / name, png)
    if json_:
        print_json(report_json(made))
        return
    tables = [main_table(made), task_table(made), difference_table(made), *breakdown_tables(made)]
    print_tables([table for table in tables if table.rows])
    if tables[0].rows and (said := legend(made)):
        typer.echo(said)
    for warning in made.warnings:
        _note(f"warning: {warning}")


@app.command()
def export(
    corpus: Annotated[
        str, typer.Argument(metavar="RUN|REPO", help="A run, a published folder, or ORG/NAME on the Hub.")
    ],
    format_: Annotated[str, typer.Option("--format", help="verl, nemo-rl, openrlhf or sft.")],
    out: Annotated[Path, typer.Option(help="A new or empty folder, or the file itself.")],
    blend: Annotated[str | None, typer.Option(help="Of this blend.  [default: the first]")] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "train",
    revision: Annotated[str | None, typer.Option(help="Of a repository on the Hub.")] = None,
    quiet: Quiet = False,
    json_: Json = False,
) -> None:
    """Write a blend's rows as a trainer reads them, and say how it is pointed at the reward."""
    from crossthink_data.export import export as run_export
    from crossthink_data.progress import Progress

    with Progress(quiet) as progress:
        progress.source("export")
        done = run_export(corpus, format_, out, blend, split, revision, lambda rows: progress.source(f"{rows:,} rows"))
    if json_:
        print_json(vars(done))
        return
    left_out = f"; {done.left_out:,} left out, without a rationale that can be thought" if done.left_out else ""
    typer.echo(f"exported {done.rows:,} rows of {done.blend}, split {done.split}, to {done.file}{left_out}")
    typer.echo(done.reward)


_PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


@app.command(context_settings=_PASSED_ON, add_help_option=False)
def train(context: typer.Context) -> None:
    """Train on a blend by GRPO, in this process: takes training/grpo.py's options, such as --config FILE.yaml."""
    _run_script("grpo", context.args)


@app.command(context_settings=_PASSED_ON, add_help_option=False)
def sft(context: typer.Context) -> None:
    """Warm a model up on a blend's rationales, in this process: takes training/sft.py's options."""
    _run_script("sft", context.args)


@app.command()
def sources(json_: Json = False) -> None:
    """List the known sources, their licences and revisions."""
    from crossthink_data.show import source_table

    table = source_table()
    if json_:
        print_json({"sources": table.dicts()})
        return
    print_tables([table])


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="Print this recipe, to begin one of your own from.")] = None,
    json_: Json = False,
) -> None:
    """List the recipes that come with the package, or print one."""
    from crossthink_data.recipe import recipe_text
    from crossthink_data.show import recipe_table

    if name is not None:
        text = recipe_text(name)
        typer.echo(json.dumps({"name": name, "text": text}) if json_ else text, nl=json_)
        return
    table = recipe_table()
    if json_:
        print_json({"recipes": table.dicts()})
        return
    print_tables([table])


@app.command()
def path(name: Annotated[str, typer.Argument(help="eval_tasks, training or cards.")]) -> None:
    """Print where a bundled folder lies."""
    from crossthink_data.bundled import bundled

    typer.echo(bundled(name))


def _at(name: str) -> tuple[str, str | None]:
    """ORG/NAME@revision apart; a path may hold an @."""
    if Path(name).exists() or "@" not in name:
        return name, None
    repo, _, revision = name.rpartition("@")
    return repo, revision


def _charted() -> Any:
    """The parts of the report that draw; they need matplotlib."""
    try:
        import crossthink_data.report.charts
        import crossthink_data.report.page
    except ImportError as error:
        raise CrossthinkError(f"{error}: charts need `pip install 'crossthink[eval]'`") from error
    return crossthink_data.report


def _write(path: Path, content: bytes) -> None:
    """Writes aside and renames, into a folder that need not be there."""
    if path.is_dir():
        raise CrossthinkError(f"{path} is a folder: name a file in it")
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_bytes(content)
    aside.replace(path)


def _run_script(name: str, options: list[str]) -> None:
    """Runs a script of training/ in this process, as Python would."""
    import runpy

    from crossthink_data.bundled import bundled

    script = bundled("training") / f"{name}.py"
    sys.argv = [str(script), *options]
    try:
        runpy.run_path(str(script), run_name="__main__")
    except ImportError as error:
        raise CrossthinkError(f"{error}: training needs `pip install 'crossthink[train]'`") from error


def _note(text: str) -> None:
    typer.echo(text, err=True)


def print_json(value: Any) -> None:
    """One JSON object on stdout."""
    typer.echo(json.dumps(value, default=str, ensure_ascii=False))


def print_tables(tables: list[Table]) -> None:
    """Tables on stdout, as wide as the terminal."""
    from rich.console import Console
    from rich.table import Table as RichTable
    from rich.text import Text

    console = Console(width=None if sys.stdout and sys.stdout.isatty() else 120)
    for table in tables:
        rich = RichTable(title=Text(table.title, "bold"), title_justify="left")
        for i, column in enumerate(table.columns):
            rich.add_column(Text(column), justify="left" if i < table.left else "right", overflow="fold")
        for row in table.rows:
            rich.add_row(*(Text(str(cell)) for cell in row))  # a model's brackets are no markup
        console.print(rich)


def _print_row(row: dict[str, Any]) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout and sys.stdout.isatty() else 120)
    console.rule(f"{row['domain']} · {row['source']} · {row['license']}", align="left")
    console.print(row["prompt"][0]["content"], markup=False, highlight=False)
    label = f"{row['answer_label']}) " if row["answer_label"] else ""
    console.print(f"\n→ {label}{row['answer']}\n", markup=False, highlight=False)


def main(run: Callable[..., Any] = app) -> None:
    """Runs the command; what a user can mend is one message and exit code 2."""
    try:
        run()
    except CrossthinkError as error:
        _fail(str(error))
    except SystemExit as end:  # typer turns Ctrl-C into this code, without a word
        if end.code != STOPPED:
            raise
        _fail(STOPPED_MESSAGE, STOPPED)
    except OSError as error:
        number = _errno(error)
        if number is None:
            raise
        _fail(_explain_os(error, number))
    except _store_errors() as error:
        _fail(f"the object store: {error}: see its address, its name and your keys, then run the same command again")
    except KeyboardInterrupt:
        _fail(STOPPED_MESSAGE, STOPPED)


def _store_errors() -> tuple[type[Exception], ...]:
    """What S3's library raises for a store that does not answer or takes no key; it is loaded where one is used."""
    loaded = sys.modules.get("botocore.exceptions")
    return (loaded.BotoCoreError,) if loaded else ()


def _errno(error: OSError) -> int | None:
    """The system's error number; polars' errors have it in their text only."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return int(found[1]) if error.errno is None and found else error.errno


def _explain_os(error: OSError, number: int) -> str:
    import errno

    cures = {
        errno.ENOSPC: "the disk is full: make space, then run the same command again to resume",
        errno.EACCES: "not allowed: name a folder that you may write to",
        errno.EROFS: "read-only: name a folder that you may write to",
        errno.EPERM: "not allowed: name a folder that you may write to",
        errno.ENOTDIR: "a file is in the way: name another folder",
        errno.EEXIST: "a file is in the way: name another folder",
    }
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{cures.get(number, error.strerror or error)}"


def _fail(message: str, code: int = 2) -> None:
    if os.environ.get("CROSSTHINK_DEBUG"):
        import traceback

        traceback.print_exc()
    _note(f"crossthink: {message}")
    raise SystemExit(code)


if __name__ == "__main__":
    main()
