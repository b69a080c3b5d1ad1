"""Over real HTTP, in short: what was counted, never how long it took."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from crossthink_data.errors import CrossthinkError
from crossthink_data.llm.admission import Admission
from tests.llm.law_server import MODEL, LawServer, serving
from tests.llm.laws import Law, read_law
from tests.llm.simulate import Run, work

LAWS = Path(__file__).parents[1] / "bench" / "admission_laws"
ASKED = {"model": MODEL, "messages": [{"role": "user", "content": "Is it so?"}]}


async def through(law: Law, rows: int) -> tuple[Run, Admission, LawServer]:
    """So many rows through our controller."""
    admission = Admission(clock=time.monotonic)
    async with serving(law) as (url, server), aiohttp.ClientSession() as session:

        async def send(tokens: int) -> None:
            try:
                async with session.post(f"{url}/v1/chat/completions", json={**ASKED, "max_tokens": tokens}) as response:
                    await response.json()
            except aiohttp.ClientError as error:
                raise ConnectionError(str(error)) from error
            if response.status != 200:
                raise ConnectionError(str(response.status))

        return await work(admission, send, [["short"]] * rows), admission, server


def test_every_row_is_answered_once_and_in_order() -> None:
    run, admission, server = asyncio.run(through(Law(kind="saturating", latency_s=0.02, slots=4), 300))
    assert [number for _, number in run.began] == list(range(300))
    assert server.served == len(run.ended) == 300
    seen = admission.snapshot()
    assert (seen["rows"], seen["in_flight"], seen["waiting"]) == (0, 0, 0)
    assert seen["intervals"] > 3


@pytest.mark.parametrize("how", ["refused", "503"])
def test_an_outage_loses_no_row(how: str) -> None:
    law = Law.model_validate(
        {"kind": "constant", "latency_s": 0.02, "events": [{"at_s": 0.2, "outage_s": 0.5, "how": how}]}
    )
    run, _, server = asyncio.run(through(law, 2000))
    assert server.served == len(run.ended) == 2000
    assert run.failed > 0


def test_dribbled_answers_are_whole() -> None:
    law = Law.model_validate(
        {"kind": "constant", "latency_s": 0.01, "events": [{"at_s": 0, "slow_share": 0.3, "slow_s": 0.05}]}
    )
    run, _, server = asyncio.run(through(law, 100))
    assert server.served == len(run.ended) == 100
    assert run.failed == 0


def test_the_server_speaks_as_openai_does() -> None:
    async def main() -> None:
        async with serving(Law(kind="constant", latency_s=0.001)) as (url, _), aiohttp.ClientSession() as session:
            models: Any = await (await session.get(f"{url}/v1/models")).json()
            assert [model["id"] for model in models["data"]] == [MODEL]
            chat: Any = await (await session.post(f"{url}/v1/chat/completions", json=ASKED)).json()
            assert chat["choices"][0]["message"] == {"role": "assistant", "content": "yes"}
            asked = {"model": MODEL, "prompt": "Is it so?"}
            text: Any = await (await session.post(f"{url}/v1/completions", json=asked)).json()
            assert text["choices"][0]["text"] == "yes"
            wrong = await session.post(f"{url}/v1/completions", json={**asked, "model": "other"})
            assert (wrong.status, "'law'" in await wrong.text()) == (404, True)

    asyncio.run(main())


@pytest.mark.parametrize("path", sorted(LAWS.glob("*.yaml")), ids=lambda path: path.stem)
def test_our_laws_can_be_read(path: Path) -> None:
    read_law(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: steep\nlatency_s: 1", "kind: Input should be 'constant'"),
        ("kind: constant", "latency_s: Field required"),
        ("kind: constant\nlatency_s: 0", "latency_s: Input should be greater than 0"),
        ("kind: saturating\nlatency_s: 1", "a saturating law needs slots"),
        ("kind: heavy_tailed\nlatency_s: 1\ntail: pareto\nshape: 1", "has no mean"),
        ("kind: constant\nlatency_s: 1\nspeed: 2", "speed: Extra inputs"),
        ("kind: constant\nlatency_s: 1\nevents: [{at_s: 1}]", "exactly one of"),
        ("kind: constant\nlatency_s: 1\nevents: [{at_s: 1, capacity: 1, others: 2}]", "exactly one of"),
        ("- 1", "law: Input should be"),
        ("{", "cannot be read as YAML"),
    ],
)
def test_a_bad_law_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "law.yaml"
    path.write_text(text)
    with pytest.raises(CrossthinkError, match=r"law\.yaml: ") as caught:
        read_law(path)
    assert said in str(caught.value)


def test_a_law_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CrossthinkError, match=r"none\.yaml: cannot be read"):
        read_law(tmp_path / "none.yaml")
