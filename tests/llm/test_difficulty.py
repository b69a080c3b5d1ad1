"""Pass rates of a scripted model: what each kind of answer counts as, what a band saves, and what a rerun asks."""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.band import Band
from crossthink_data.llm.difficulty import RATED, Difficulty, measure, summary
from crossthink_data.llm.endpoint import FREE, Endpoint, Prices, make_endpoint
from crossthink_data.llm.request import Sampling, seed_of
from crossthink_data.llm.tables import RESPONSES_FILE, WORK
from crossthink_data.side_table import ROWS_FILE, SideTable
from tests.llm.asking import quick, recorded
from tests.llm.scripted_endpoint import Body, ScriptedEndpoint, Seen, prompt_of
from tests.small import RECIPE, Small, build_small, build_tiny

__all__ = ["quick"]
pytestmark = pytest.mark.usefixtures("quick")

CODES, SUMS = 4, 4
RIGHT = {f"station {i} ": "ABCD"[i % 4] for i in range(CODES)} | {f"is {i} plus": str(4 * i) for i in range(SUMS)}
WRONG = {"A": "B", "B": "C", "C": "D", "D": "A"}
BEYOND = r"\boxed{9^{9^{9^9}}-1}"  # the grader knows that it does not know
FULL, CURTAILED = Difficulty(8), Difficulty(8, band=Band(0.25, 0.75))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Small:
    """Four stations with codes and four sums; the blend has each about three times."""
    blends = {"nd": {"weights": "count"}}
    return build_small(tmp_path_factory.mktemp("run"), CODES, SUMS, splits={}, size=24, blends=blends)


@pytest.fixture(scope="module")
def samples(run: Small) -> dict[int, int]:
    """seed -> which of a row's samples it is."""
    return {seed_of(id_, k): k for id_ in pool(run)["id"] for k in range(16)}


def pool(run: Small) -> pl.DataFrame:
    return pl.read_parquet(run.folder / "data" / "pool" / "*.parquet")


def asked_for(body: Body) -> str:
    """The row, as RIGHT names it."""
    (key,) = (key for key in RIGHT if key in prompt_of(body))
    return key


def box(answer: str) -> str:
    return rf"<think>So.</think> \boxed{{{answer}}}"


def right(body: Body) -> str:
    return box(RIGHT[asked_for(body)])


def wrong(body: Body) -> str:
    return box(WRONG.get(RIGHT[asked_for(body)], "-7"))


def by_sample(samples: Mapping[int, int], patterns: Mapping[str, str]) -> Callable[[Body], str]:
    """Right at the places of a row's pattern that have a 1, wrong at the others."""

    def answer(body: Body) -> str:
        return right(body) if patterns[asked_for(body)][samples[body["seed"]]] == "1" else wrong(body)

    return answer


def endpoint_of(server: ScriptedEndpoint, revision: str | None = "v1") -> Endpoint:
    return make_endpoint(server.url, "scripted", revision)


def rated(
    run: Small,
    server: ScriptedEndpoint,
    out: Path,
    settings: Difficulty | None = None,
    prices: Prices = FREE,
    **more: Any,
) -> SideTable:
    given = {"blend": None, "limit": None} | more
    endpoint = replace(endpoint_of(server), prices=prices)
    return measure(
        str(run.folder), given.pop("blend"), "train", None, given.pop("limit"), endpoint,
        settings or Difficulty(), out, **given,
    )  # fmt: skip


def by_key(run: Small, table: SideTable) -> dict[str, dict[str, Any]]:
    """The table's rows by their name in RIGHT."""
    texts = dict(pool(run).select("id", "question").iter_rows())
    return {
        next(key for key in RIGHT if key in f"{texts[row['id']]} "): row for row in table.rows.iter_rows(named=True)
    }


PATTERNS = {  # of eight samples; the number of right ones
    "station 0 ": "00000000",  # 0
    "station 1 ": "10000000",  # 1
    "station 2 ": "01010000",  # 2
    "station 3 ": "00110110",  # 4
    "is 0 plus": "11101110",  # 6
    "is 1 plus": "11110111",  # 7
    "is 2 plus": "11111111",  # 8
    "is 3 plus": "00000011",  # 2
}
IN_BAND = {key: pattern.count("1") in range(2, 7) for key, pattern in PATTERNS.items()}  # 2/8 to 6/8


# ---- what an answer counts as


def test_one_sample_of_each_row(run: Small, tmp_path: Path) -> None:
    solved = {"station 1 ", "station 2 ", "is 3 plus"}
    with ScriptedEndpoint(answer=lambda body: right(body) if asked_for(body) in solved else wrong(body)) as server:
        table = rated(run, server, tmp_path)
    found = by_key(run, table)
    assert {key for key, row in found.items() if row["pass_rate"] == 1.0} == solved
    assert {key for key, row in found.items() if row["pass_rate"] == 0.0} == RIGHT.keys() - solved
    assert {(row["samples"], row["asked"], row["of"], row["no_answer"]) for row in found.values()} == {(1, 1, 1, 0)}
    assert table.rows["id"].to_list() == sorted(pool(run)["id"])


@pytest.mark.parametrize(
    ("answer", "fault", "expected"),
    [
        pytest.param(right, "", {"right": 4, "pass_rate": 1.0, "samples": 4, "right_tokens": 2.0}, id="right"),
        pytest.param(wrong, "", {"pass_rate": 0.0, "samples": 4}, id="wrong"),
        pytest.param(lambda body: "It is B.", "", {"pass_rate": 0.0, "samples": 4, "no_answer": 4}, id="no box"),
        pytest.param(right, "length", {"right": 4, "pass_rate": 1.0, "samples": 4, "cut": 4, "right_tokens": 2.0},
                     id="cut after its answer"),
        pytest.param(lambda body: "<think>Let me", "length",
                     {"pass_rate": 0.0, "samples": 4, "no_answer": 4, "cut": 4}, id="cut in thought"),
        pytest.param(right, "empty", {"pass_rate": 0.0, "samples": 4, "no_answer": 4, "reason": "empty"}, id="empty"),
        pytest.param(right, "too long", {"lost": 4, "reason": "too_long"}, id="too long"),
        pytest.param(right, "422", {"lost": 4, "reason": "refused"}, id="refused"),
        pytest.param(lambda body: BEYOND, "", {"ungradable": 4}, id="ungradable"),
    ],
)  # fmt: skip
def test_what_an_answer_counts_as(
    run: Small, tmp_path: Path, answer: Callable[[Body], str], fault: str, expected: dict[str, Any]
) -> None:
    """Of one open question, asked four times, while the other rows are answered right."""
    key, counts = "is 2 plus", ("right", "samples", "no_answer", "cut", "ungradable", "lost")

    def said(body: Body) -> str:
        return answer(body) if asked_for(body) == key else right(body)

    def faults(seen: Seen) -> str:
        return fault if asked_for(seen.body) == key else ""

    with ScriptedEndpoint(answer=said, faults=faults) as server:
        found = by_key(run, rated(run, server, tmp_path, Difficulty(4)))
    row = found.pop(key)
    nothing = dict.fromkeys(counts, 0) | dict.fromkeys(("pass_rate", "right_tokens", "reason", "in_band"))
    assert {name: row[name] for name in nothing} == nothing | expected
    assert {other["pass_rate"] for other in found.values()} == {1.0}


def test_the_rate_is_of_the_samples_that_could_be_graded(run: Small, samples: dict[int, int], tmp_path: Path) -> None:
    """Of four: right, ungradable, wrong, wrong."""

    def said(body: Body) -> str:
        return [right(body), BEYOND, wrong(body), wrong(body)][samples[body["seed"]]]

    with ScriptedEndpoint(answer=said) as server:
        row = by_key(run, rated(run, server, tmp_path, Difficulty(4)))["is 3 plus"]
    assert (row["pass_rate"], row["samples"], row["ungradable"], row["asked"]) == (1 / 3, 3, 1, 4)


def test_the_model_the_sampling_and_the_row_are_in_the_columns(run: Small, tmp_path: Path) -> None:
    settings = Difficulty(3, Sampling(0.7, 0.9, 128))
    with ScriptedEndpoint(answer=right) as server:
        table = rated(run, server, tmp_path, settings)
        body = server.bodies()[0]
    assert dict(table.rows.schema) == RATED
    about = table.rows.select("model", "model_revision", "temperature", "top_p", "max_tokens", "of").unique().row(0)
    assert about == ("scripted", "v1", 0.7, 0.9, 128, 3)
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.7, 0.9, 128)
    of_pool = pool(run).select("id", "domain", "source", "question_type").sort("id")
    assert table.rows.select(of_pool.columns).equals(of_pool)


# ---- the band


def test_a_band_saves_calls_and_decides_as_all_samples_would(
    run: Small, samples: dict[int, int], tmp_path: Path
) -> None:
    with ScriptedEndpoint(answer=by_sample(samples, PATTERNS)) as server:
        table = rated(run, server, tmp_path, CURTAILED)
        asked = Counter(asked_for(body) for body in server.bodies())
    found = by_key(run, table)
    assert {key: row["in_band"] for key, row in found.items()} == IN_BAND
    # by hand: it is out of the band at 7 wrong, or at 7 right, and in it at 2 right and 2 wrong
    assert asked == {
        "station 0 ": 7,
        "station 1 ": 8,
        "station 2 ": 4,
        "station 3 ": 4,
        "is 0 plus": 8,
        "is 1 plus": 8,
        "is 2 plus": 7,
        "is 3 plus": 8,
    }
    assert {key: row["asked"] for key, row in found.items()} == asked
    about = table.manifest["summary"]
    assert (about["asked"], about["saved"], about["in_band"]) == (54, 10, 4)


def test_the_same_rows_are_in_the_band_without_curtailment(run: Small, samples: dict[int, int], tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=by_sample(samples, PATTERNS)) as server:
        table = rated(run, server, tmp_path, FULL)
        assert len(server.requests) == 64
    rates = {key: row["pass_rate"] for key, row in by_key(run, table).items()}
    assert rates == {key: pattern.count("1") / 8 for key, pattern in PATTERNS.items()}
    assert {key: 0.25 <= rate <= 0.75 for key, rate in rates.items()} == IN_BAND
    assert table.rows["in_band"].null_count() == 8


def test_an_ungradable_sample_is_made_up_for_by_no_further_one(
    run: Small, samples: dict[int, int], tmp_path: Path
) -> None:
    """Of 8, the first two are ungradable: 6 are left, of which 2/8 to 6/8 is 2 to 4, so five wrong ones decide."""

    def said(body: Body) -> str:
        return BEYOND if samples[body["seed"]] < 2 else wrong(body)

    with ScriptedEndpoint(answer=said) as server:
        row = by_key(run, rated(run, server, tmp_path, CURTAILED))["is 1 plus"]
    assert (row["asked"], row["samples"], row["ungradable"], row["in_band"]) == (7, 5, 2, False)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Difficulty(0), "--samples 0: at least 1"),
        (lambda: Difficulty(4, Sampling(0.0)), "they would all be one answer; raise the temperature"),
        (lambda: Difficulty(1, band=Band(0.0, 1.0)), "every rate of 1 samples lies in it"),
        (lambda: Difficulty(4, band=Band(0.4, 0.45)), "no rate of 4 samples lies in it"),
    ],
)
def test_settings_that_say_nothing_are_refused(make: Callable[[], Difficulty], said: str) -> None:
    with pytest.raises(CrossthinkError, match=said):
        make()


# ---- which rows


def test_each_id_is_asked_once_although_a_blend_repeats_it(run: Small, tmp_path: Path) -> None:
    assert len(pl.read_parquet(run.folder / "data" / "nd" / "*.parquet")) == 24
    with ScriptedEndpoint(answer=right) as server:
        table = rated(run, server, tmp_path, blend="nd")
        assert Counter(asked_for(body) for body in server.bodies()) == dict.fromkeys(RIGHT, 1)
    assert len(table.rows) == 8


def test_a_limit_takes_the_first_rows(run: Small, tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=right) as server:
        table = rated(run, server, tmp_path, limit=3)
    assert table.rows["id"].to_list() == sorted(pool(run)["id"])[:3]


# ---- resumed, found again, the same bytes


class StoppedError(Exception):
    pass


def test_an_interrupted_table_goes_on_without_asking_again(run: Small, tmp_path: Path) -> None:
    def stop(done: int) -> None:
        if done == 3:
            raise StoppedError

    with ScriptedEndpoint(answer=right) as server:
        with pytest.raises(StoppedError):
            rated(run, server, tmp_path, FULL, on_done=stop)
        (folder,) = tmp_path.glob("difficulty-*")
        assert [path.name for path in folder.iterdir()] == [WORK]
        kept = len(recorded(folder / WORK))
        assert 24 <= kept < 64
        table = rated(run, server, tmp_path, FULL)
    assert table.folder == folder
    assert not (folder / WORK).exists()
    assert table.manifest["usage"]["answers"] == 64
    last = table.manifest["last_run"]
    assert (last["replayed"], last["requests"]) == (kept, 64 - kept)
    assert table.rows["pass_rate"].to_list() == [1.0] * 8


def test_a_finished_table_is_found_again_and_nobody_asked(run: Small, tmp_path: Path) -> None:
    with ScriptedEndpoint(answer=right) as server:
        table = rated(run, server, tmp_path)
        server.stop()
        again = rated(run, server, tmp_path)
    assert (table.cached, again.cached) == (False, True)
    assert (again.folder, again.manifest) == (table.folder, table.manifest)


def test_the_same_answers_give_the_same_bytes_in_any_order(run: Small, samples: dict[int, int], tmp_path: Path) -> None:
    made = []
    answer = by_sample(samples, PATTERNS)
    for name, faults in (("a", lambda seen: ""), ("b", lambda seen: ("slow", "", "reordered")[seen.number % 3])):
        with ScriptedEndpoint(answer=answer, faults=faults, slow_s=0.05) as server:
            table = rated(run, server, tmp_path / name, FULL)
            made.append((table, [seen.body["seed"] for seen in server.answers]))
    (one, order), (other, other_order) = made
    assert order != other_order
    for file in (ROWS_FILE, RESPONSES_FILE):
        assert (one.folder / file).read_bytes() == (other.folder / file).read_bytes()
    assert one.folder.name == other.folder.name


@pytest.mark.parametrize(
    "settings",
    [
        Difficulty(2),
        Difficulty(1, Sampling(0.5)),
        Difficulty(1, Sampling(max_tokens=9)),
        Difficulty(1, band=Band(0, 0)),
    ],
)
def test_other_settings_are_another_folder(run: Small, tmp_path: Path, settings: Difficulty) -> None:
    with ScriptedEndpoint(answer=right) as server:
        assert rated(run, server, tmp_path).folder != rated(run, server, tmp_path, settings).folder


def test_another_model_revision_or_rows_are_another_folder(run: Small, tmp_path: Path) -> None:
    def name(server: ScriptedEndpoint, limit: int | None = None, **changes: Any) -> str:
        where = replace(endpoint_of(server), **changes)
        table = measure(str(run.folder), None, "train", None, limit, where, Difficulty(), tmp_path)
        return table.folder.name

    with ScriptedEndpoint(answer=right, models=("scripted", "other")) as server:
        same = [
            name(server),
            name(server, timeout_s=5.0),
            name(server, url=server.url.replace("127.0.0.1", "localhost")),
        ]
        others = [
            name(server, model="other"),
            name(server, revision="v2"),
            name(server, style="plain"),
            name(server, 5),
        ]
    assert len(set(same)) == 1
    assert len({*same, *others}) == 5


def test_every_column_of_the_rows_names_the_folder(tmp_path: Path) -> None:
    """A row of another domain asks the same, and yet its table says otherwise."""
    law = build_tiny(tmp_path / "law")
    sources = copy.deepcopy(RECIPE["sources"])
    sources["codes"]["domain"] = "history"
    history = build_tiny(tmp_path / "history", sources=sources)
    with ScriptedEndpoint(answer=right) as server:
        tables = [rated(run, server, tmp_path / "tables") for run in (law, history)]
    assert tables[0].folder != tables[1].folder
    assert [set(table.rows["domain"]) for table in tables] == [{"law", "math"}, {"history", "math"}]


def test_the_rows_are_known_by_what_they_ask_not_by_where_they_lie(tmp_path: Path) -> None:
    folders = [build_tiny(tmp_path / name) for name in ("here", "there")]
    with ScriptedEndpoint(answer=right) as server:
        first, second = (rated(run, server, tmp_path / "tables") for run in folders)
    assert second.cached
    assert second.folder == first.folder


# ---- what it took


def test_tokens_and_cost_are_in_the_manifest(run: Small, tmp_path: Path) -> None:
    def faults(seen: Seen) -> str:
        return "too long" if asked_for(seen.body) == "is 0 plus" else ""

    with ScriptedEndpoint(answer=right, faults=faults) as server:
        table = rated(run, server, tmp_path, Difficulty(2), Prices(2.0, 10.0))
        words = sum(len(prompt_of(seen.body).split()) for seen in server.answers)
    usage = table.manifest["usage"]
    assert usage == {
        "answers": 14,
        "refused": 2,
        "prompt_tokens": words,
        "completion_tokens": 28,  # "<think>So.</think>" and the box
        "cost": round((words * 2 + 28 * 10) / 1e6, 6),
        "prices": {"prompt": 2.0, "completion": 10.0},
    }
    assert (table.manifest["last_run"]["requests"], table.manifest["last_run"]["replayed"]) == (14, 0)
    said = pl.read_parquet(table.folder / RESPONSES_FILE)
    assert said["completion_tokens"].sum() == 28
    assert said["error"].drop_nulls().str.contains("maximum context length").to_list() == [True, True]


def test_the_key_is_in_no_file(run: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even while it works, nor where a server repeats it in an error."""
    key = "sk-0123456789abcdef"
    monkeypatch.setenv("CROSSTHINK_API_KEY", key)
    seen_files = 0

    def look(done: int) -> None:
        nonlocal seen_files
        for path in tmp_path.rglob("*"):
            if path.is_file():
                assert key.encode() not in path.read_bytes()
                seen_files += 1

    def faults(seen: Seen) -> str:
        return "echo key" if asked_for(seen.body) == "is 0 plus" else ""

    with ScriptedEndpoint(answer=right, faults=faults, key=key) as server:
        table = rated(run, server, tmp_path, on_done=look)
    assert seen_files > 0
    look(0)
    assert by_key(run, table)["is 0 plus"]["reason"] == "refused"


# ---- the summary


def frame(*rows: tuple[str, int, int]) -> pl.DataFrame:
    """(domain, right, samples) a row, of ten; what is missing was not asked."""
    made = [
        {"id": str(i), "domain": domain, "right": right, "samples": n, "pass_rate": right / n if n else None,
         "no_answer": 0, "cut": 0, "ungradable": 0, "lost": 0, "asked": n, "of": 10}
        for i, (domain, right, n) in enumerate(rows)
    ]  # fmt: skip
    return pl.DataFrame(made, schema_overrides=RATED).with_columns(
        in_band=pl.lit(None, pl.Boolean), reason=pl.lit(None, pl.String)
    )


def test_the_histogram_and_the_samples_saved() -> None:
    rows = frame(("law", 0, 10), ("law", 3, 10), ("law", 7, 10), ("law", 10, 10), ("art", 1, 2), ("law", 0, 0))
    found = summary(rows)
    assert list(found["domains"]) == ["art", "law"]
    assert found["domains"]["art"] == {
        "rows": 1, "without_rate": 0, "mean": 0.5, "histogram": [0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
    }  # fmt: skip
    law = found["domains"]["law"]
    assert law["histogram"] == [1, 0, 0, 1, 0, 0, 0, 1, 0, 1]  # 1.0 falls into the last
    assert (law["rows"], law["without_rate"], law["mean"]) == (5, 1, pytest.approx(0.5))
    assert (found["rows"], found["asked"], found["right"], found["saved"]) == (6, 42, 21, 18)


def test_the_histogram_has_every_rate_in_its_tenth() -> None:
    for n in (3, 7, 10, 30):
        found = summary(frame(*(("law", right, n) for right in range(n + 1))))["domains"]["law"]["histogram"]
        assert found == [sum(min(10 * right // n, 9) == i for right in range(n + 1)) for i in range(10)], n


def test_the_summary_of_no_rows() -> None:
    found = summary(pl.DataFrame(schema=RATED))
    assert (found["rows"], found["mean"], found["asked"], found["domains"]) == (0, None, 0, {})
    assert json.loads(json.dumps(found)) == found
