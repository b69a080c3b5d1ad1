"""The package runs nothing that came from outside, and its secrets stay out of what it prints and writes.

The limits of what is read are tested beside their readers (`docs/security.md` says where).
"""

from __future__ import annotations

import ast
import pickle
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from crossthink_data.errors import CrossthinkError
from crossthink_data.load import load_blend
from crossthink_data.publish import publish_to_hub
from tests.command import Crossthink, Ran
from tests.hub_fixture import Hub, running_hub
from tests.hub_git import Change
from tests.hub_http import Account
from tests.hub_store import Settings
from tests.llm.scripted_endpoint import ScriptedEndpoint, in_turn
from tests.llm.test_make_questions import two_lists
from tests.publishing import publication_of
from tests.small import Small, build_tiny

ROOT = Path(__file__).parents[1]
CODE = ("crossthink_data", "training", "eval_tasks")

# ---- what the code may call

# What runs, or unpickles, what a file says. datatrove pickles its executors by itself, from our own process to our own.
NEVER_IMPORTED = {"cloudpickle", "dill", "joblib", "marshal", "multiprocess", "pickle", "pty", "shelve"}
NEVER_CALLED = {
    *("eval", "exec", "compile", "__import__"),
    *("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"),
    *("yaml.load", "yaml.load_all", "yaml.full_load", "yaml.unsafe_load"),
    *("torch.load", "pandas.read_pickle", "pd.read_pickle"),
    *("shutil.unpack_archive", "tempfile.mktemp"),
}
NEVER_A_METHOD = {"extractall", "extract_all", "read_pickle"}  # `archive.extractfile` writes nothing
NEVER_NAMED = {"yaml.FullLoader", "yaml.Loader", "yaml.UnsafeLoader"}
NEVER_GIVEN = {"allow_pickle": True, "shell": True, "trust_remote_code": True, "verify": False, "weights_only": False}


@cache
def trees() -> tuple[tuple[Path, ast.Module], ...]:
    paths = sorted(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))
    return tuple((path.relative_to(ROOT), ast.parse(path.read_bytes())) for path in paths)


def faults(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what stands there) of everything that is never to be called or imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from _imported(node.lineno, [alias.name for alias in node.names])
        elif isinstance(node, ast.ImportFrom):
            yield from _imported(node.lineno, [node.module or ""])
            yield from ((node.lineno, f"from {node.module} import {one}") for one in _called_by_name(node))
        elif isinstance(node, ast.Call):
            yield from _called(node)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in NEVER_NAMED:
            yield node.lineno, ast.unparse(node)


def _imported(line: int, names: list[str]) -> Iterator[tuple[int, str]]:
    yield from ((line, f"import {name}") for name in names if name.split(".")[0] in NEVER_IMPORTED)


def _called_by_name(node: ast.ImportFrom) -> list[str]:
    return [alias.name for alias in node.names if f"{node.module}.{alias.name}" in NEVER_CALLED]


def _called(call: ast.Call) -> Iterator[tuple[int, str]]:
    name = ast.unparse(call.func)
    if name in NEVER_CALLED or (isinstance(call.func, ast.Attribute) and call.func.attr in NEVER_A_METHOD):
        yield call.lineno, f"{name}(…)"
    for given in call.keywords:
        value = given.value.value if isinstance(given.value, ast.Constant) else None
        if given.arg in NEVER_GIVEN and value is NEVER_GIVEN[given.arg]:
            yield call.lineno, f"{name}({given.arg}={value})"


def test_nothing_that_runs_what_a_file_says() -> None:
    found = [f"{path}:{line}: {what}" for path, tree in trees() for line, what in faults(tree)]
    assert found == []
    assert len(trees()) > 150  # it has looked at them


FAULTY = [
    ("import pickle", "import pickle"),
    ("import os, dill.session", "import dill.session"),
    ("from joblib import load", "import joblib"),
    ("from os import system", "from os import system"),
    ("from yaml import load", "from yaml import load"),
    ("eval(text)", "eval(…)"),
    ("yaml.load(text, Loader=yaml.SafeLoader)", "yaml.load(…)"),
    ("Loader = yaml.UnsafeLoader", "yaml.UnsafeLoader"),
    ("torch.load(path)", "torch.load(…)"),
    ("tarfile.open(path).extractall(folder)", "tarfile.open(path).extractall(…)"),
    ("np.load(path, allow_pickle=True)", "np.load(allow_pickle=True)"),
    ("subprocess.run(text, shell=True)", "subprocess.run(shell=True)"),
    ("AutoModel.from_pretrained(name, trust_remote_code=True)", "AutoModel.from_pretrained(trust_remote_code=True)"),
]


@pytest.mark.parametrize(("code", "what"), FAULTY, ids=[what for _, what in FAULTY])
def test_it_would_be_found(code: str, what: str) -> None:
    assert list(faults(ast.parse(f"\n{code}"))) == [(2, what)]


HARMLESS = [
    "import yaml",
    "yaml.safe_load(text)",
    "yaml.SafeLoader(text)",
    "frame.list.eval(expr)",
    "re.compile(text)",
    "np.load(path)",
]


@pytest.mark.parametrize("code", HARMLESS)
def test_what_is_harmless(code: str) -> None:
    assert list(faults(ast.parse(code))) == []


# ---- the pins

OWN = "crossthink"
LEFT_OUT = {"vllm"}  # extras that need a GPU: nothing here is tested with them


def extras() -> dict[str, list[Requirement]]:
    """The direct dependencies of the package ("") and of each extra that the pins are for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {name: [Requirement(one) for one in group] for name, group in groups.items() if name not in LEFT_OUT}


def pins() -> dict[str, str]:
    """The versions in the file of constraints, by the canonical name."""
    lines = (ROOT / "constraints-cpu.txt").read_text().splitlines()
    pinned = [re.fullmatch(r"([A-Za-z0-9_.-]+)==(\S+)", line) for line in lines if not line.startswith("#")]
    assert all(pinned), "a line is no NAME==VERSION"
    return {canonicalize_name(pin[1]): pin[2] for pin in pinned if pin}


@pytest.mark.parametrize("extra", extras())
def test_every_direct_dependency_has_a_pin_that_it_takes(extra: str) -> None:
    pinned = pins()
    for asked in extras()[extra]:
        pin = pinned.get(canonicalize_name(asked.name))
        assert pin is not None, f"{asked.name} of extra {extra!r} has no pin: make constraints-cpu.txt again"
        assert asked.specifier.contains(pin), f"{asked} does not take the pinned {pin}"


@pytest.mark.parametrize("extra", extras())
def test_an_installed_dependency_is_one_that_pyproject_takes(extra: str) -> None:
    for asked in extras()[extra]:
        try:
            installed = version(asked.name)
        except PackageNotFoundError:  # of an extra that is not installed here
            assert extra
            continue
        assert asked.specifier.contains(installed), f"{asked} does not take the installed {installed}"


def test_every_package_that_a_pinned_one_needs_is_pinned() -> None:
    """So that the same file gives the same environment."""
    pinned = pins()
    needs = {name: _needs(name) for name in pinned}
    missing = {need: name for name, found in needs.items() for need in found if need not in pinned}
    assert missing == {}


def _needs(name: str) -> set[str]:
    """What the installed package needs here, without extras; nothing where it is not installed."""
    try:
        asked = [Requirement(one) for one in requires(name) or ()]
    except PackageNotFoundError:
        return set()
    here = [one for one in asked if one.marker is None or one.marker.evaluate({"extra": ""})]
    return {str(canonicalize_name(one.name)) for one in here} - {"setuptools", "pip"}


# ---- repositories of others

PROOF = "ran"  # the file that code from a repository would leave behind
SCRIPT = """
from pathlib import Path
Path({proof!r}).touch()
import datasets
class Corpus(datasets.GeneratorBasedBuilder):
    def _info(self):
        return datasets.DatasetInfo(features=datasets.Features({{"question": datasets.Value("string")}}))
    def _split_generators(self, dl_manager):
        return [datasets.SplitGenerator(name="train")]
    def _generate_examples(self):
        yield 0, {{"question": "Why?"}}
"""


class _Touch:
    """Unpickled, it leaves the proof behind."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.proof,)


def foreign(hub: Hub, repo_id: str, files: dict[str, bytes]) -> str:
    repo = hub.store.repo("datasets", repo_id)
    hub.store.create(repo, Settings(created=0), "mallory", [Change(name, data) for name, data in files.items()])
    return repo_id


def hostile(proof: Path) -> dict[str, bytes]:
    """A script of the repository's name, as `datasets` once ran it, pickles, and code that tools look for."""
    script, packed = SCRIPT.format(proof=str(proof)).encode(), pickle.dumps(_Touch(proof))
    pickles = dict.fromkeys(("data/train.pkl", "data.pt", "pytorch_model.bin", "train.npy", "0.pickle"), packed)
    code = dict.fromkeys(("setup.py", "conftest.py", "modeling_x.py", "sitecustomize.py"), script)
    return {**pickles, **code}


def test_the_hostile_files_do_run_where_they_are_let(tmp_path: Path) -> None:
    files = hostile(tmp_path / PROOF)
    pickle.loads(files["data.pt"])  # noqa: S301 - what all of this is about
    assert (tmp_path / PROOF).exists()
    (tmp_path / PROOF).unlink()
    subprocess.run([sys.executable, "-c", files["setup.py"].decode()], check=True, timeout=60)
    assert (tmp_path / PROOF).exists()


def test_loading_runs_no_script(hub: Hub, tmp_path: Path) -> None:
    proof = tmp_path / PROOF
    name = foreign(hub, "mallory/scripted", {"scripted.py": SCRIPT.format(proof=str(proof)).encode(), **hostile(proof)})
    with pytest.raises(CrossthinkError, match=r"cannot load mallory/scripted, .*scripts are no longer supported"):
        load_blend(name)
    assert not proof.exists()


def test_reading_a_repository_runs_nothing_in_it(crossthink: Crossthink, hub: Hub, tmp_path: Path) -> None:
    proof = tmp_path / PROOF
    rows = b'{"question": "What follows the moon?", "answer": "The tides."}\n'
    name = foreign(hub, "mallory/mixed", {"train.jsonl": rows, **hostile(proof)})
    assert crossthink("contamination", name, "--out", tmp_path / "report", "-q").code in (0, 2)
    assert crossthink("show", name).refusal().startswith("mallory/mixed was not published by crossthink")
    assert not proof.exists()


def test_a_publication_beside_hostile_files_loads_and_runs_nothing(hub: Hub, tmp_path: Path) -> None:
    tiny = build_tiny(tmp_path / "tiny")
    published = publish_to_hub(publication_of(tiny, "acme/beside"), "acme/beside")
    from huggingface_hub import CommitOperationAdd, HfApi

    proof = tmp_path / PROOF
    added = [CommitOperationAdd(f"code/{name}", data) for name, data in hostile(proof).items()]
    HfApi().create_commit("acme/beside", added, commit_message="Add code", repo_type="dataset")
    assert published.commit
    assert load_blend("acme/beside", "nd").num_rows == 8
    assert not proof.exists()


# ---- secrets

TOKEN, PASSWORD, KEY = "hf_zyzzyvaTokenOfATest", "zyzzyvaPasswordOfATest", "sk-zyzzyvaKeyOfATest"
SECRETS = (TOKEN, PASSWORD, KEY)
# All that the libraries would ever tell, and the traceback.
LOUD = """
import logging, sys
logging.basicConfig(level=1)
from loguru import logger
logger.remove()
logger.add(sys.stderr, level=0, backtrace=True, diagnose=False)
from crossthink_data.cli import main
main()
"""


def loud(env: dict[str, str], *args: object) -> Ran:
    """The command in a process of its own, which logs all that can be logged."""
    told = {"HF_DEBUG": "1", "HF_HUB_VERBOSITY": "debug", "DATASETS_VERBOSITY": "debug", "PYTHONASYNCIODEBUG": "1"}
    command = [sys.executable, "-c", LOUD, "--debug", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, env=env | told, timeout=100, check=False)
    return Ran(done.returncode, done.stdout, done.stderr)


def assert_hidden(ran: Ran, *folders: Path) -> None:
    """None of the secrets, nor the base64 of user and password, is in what was printed or written."""
    from base64 import b64encode

    hidden = [*SECRETS, *(b64encode(f"alice:{one}".encode()).decode() for one in SECRETS)]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    for secret in hidden:
        assert secret not in ran.out + ran.err, [line for line in ran.err.splitlines() if secret in line]
        assert [path for path in files if secret.encode() in path.read_bytes() + path.name.encode()] == []


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Small:
    return build_tiny(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Hub]:
    """A Hub whose tokens are the secrets of these tests."""
    tokens = {TOKEN: Account("alice", "write"), f"{TOKEN}Read": Account("bob", "read")}
    with running_hub(tmp_path / "hub", tokens) as running:
        yield running


PUBLISHING = {
    "it works": (TOKEN, "", "", 0),
    "a wrong token": (f"{TOKEN}Wrong", "", "", 2),
    "a token that may not write": (f"{TOKEN}Read", "", "", 2),
    "refused": (TOKEN, "POST /api/repos/create", "403", 2),
    "failing": (TOKEN, "GET /api/datasets", "500", 2),
    "cut": (TOKEN, "/commit/", "cut", 2),
}


@pytest.mark.parametrize(("token", "call", "how", "code"), PUBLISHING.values(), ids=PUBLISHING)
def test_the_token_in_publishing(
    guarded: Hub, tiny: Small, tmp_path: Path, token: str, call: str, how: str, code: int
) -> None:
    if call:
        guarded.fail_next(call, how, times=99)
    ran = loud(guarded.client_env(tmp_path / "home", token), "publish", tiny.folder, "acme/loud")
    assert ran.code == code, ran.err
    assert any("repos/create" in line for line in guarded.requests)
    assert {"huggingface_hub", "httpcore2"} <= {
        line.split(":")[1].split(".")[0] for line in ran.err.splitlines() if line.startswith("DEBUG:")
    }
    assert_hidden(ran, tmp_path, tiny.folder)


def test_a_password_in_a_proxys_address(guarded: Hub, tiny: Small, tmp_path: Path) -> None:
    proxy = f"http://alice:{PASSWORD}@127.0.0.1:9"
    env = guarded.client_env(tmp_path / "home", TOKEN) | {"HTTP_PROXY": proxy, "http_proxy": proxy, "NO_PROXY": ""}
    ran = loud(env, "publish", tiny.folder, "acme/loud")
    assert ran.code == 2
    assert guarded.requests == []
    assert_hidden(ran, tmp_path, tiny.folder)


@pytest.mark.parametrize(
    "command",
    [("publish", "RUN", "acme/x"), ("difficulty", "acme/x", "--model", "m", "--endpoint", "http://127.0.0.1:9")],
    ids=["publish", "difficulty"],
)
def test_a_password_in_the_hubs_address(guarded: Hub, tiny: Small, tmp_path: Path, command: tuple[str, ...]) -> None:
    address = guarded.url.replace("//", f"//alice:{PASSWORD}@")
    env = guarded.client_env(tmp_path / "home", TOKEN) | {"HF_ENDPOINT": address}
    ran = loud(env, *(str(tiny.folder) if part == "RUN" else part for part in command))
    assert ran.code == 2
    assert "HF_ENDPOINT has a user or password in it" in ran.err
    assert guarded.requests == []
    assert_hidden(ran, tmp_path, tiny.folder)


def test_the_token_of_a_login(guarded: Hub, tiny: Small, tmp_path: Path) -> None:
    """`hf auth login` keeps it in a file of HF_HOME."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "token").write_text(f"{TOKEN}\n")
    ran = loud(guarded.client_env(home, ""), "publish", tiny.folder, "acme/login")
    assert ran.code == 0, ran.err
    assert any("repos/create" in line for line in guarded.requests)
    (home / "token").unlink()
    assert_hidden(ran, tmp_path, tiny.folder)


def test_keys_in_a_build_with_every_kind_of_file(guarded: Hub, tiny: Small, tmp_path: Path) -> None:
    keys = dict.fromkeys(("CROSSTHINK_API_KEY", "OPENAI_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), KEY)
    env = guarded.client_env(tmp_path / "home", TOKEN) | keys | {"AWS_SESSION_TOKEN": KEY}
    ran = loud(env, "build", tiny.recipe, "--out", tmp_path / "runs", "--workers", 2)
    assert ran.code == 0, ran.err
    run = next((tmp_path / "runs").glob("*/manifest.json")).parent
    published = loud(env, "publish", run, "--to", tmp_path / "published")
    assert published.code == 0, published.err
    assert_hidden(Ran(0, ran.out + published.out, ran.err + published.err), tmp_path)


@pytest.mark.parametrize("fault", ["", "echo key", "401", "500"])
def test_a_models_key(tiny: Small, tmp_path: Path, guarded: Hub, fault: str) -> None:
    with ScriptedEndpoint(faults=in_turn(*[fault] * 3), key=KEY) as server:
        env = guarded.client_env(tmp_path / "home", TOKEN) | {"CROSSTHINK_API_KEY": KEY}
        asked = ("--model", "scripted", "--endpoint", server.url, "--samples", 1, "--out", tmp_path / "tables")
        ran = loud(env, "difficulty", tiny.folder, *asked)
        assert any(KEY in value for seen in server.requests for value in seen.headers.values()), ran.err
    assert ran.code == (2 if fault == "401" else 0), ran.err
    assert_hidden(ran, tmp_path, tiny.folder)


@pytest.mark.parametrize("command", ["synthesize", "selflabel"])
@pytest.mark.parametrize("fault", ["", "echo key"])
def test_a_models_key_in_other_commands(tiny: Small, tmp_path: Path, guarded: Hub, command: str, fault: str) -> None:
    people, skills = two_lists(tmp_path)
    what: dict[str, tuple[object, ...]] = {
        "synthesize": ("synthesize", "--personas", people, "--skills", skills, "--limit", 2),
        "selflabel": ("selflabel", tiny.recipe, "--state", tmp_path / "state"),
    }
    with ScriptedEndpoint(faults=in_turn(fault), key=KEY) as server:
        env = guarded.client_env(tmp_path / "home", TOKEN) | {"CROSSTHINK_API_KEY": KEY}
        asked = ("--model", "scripted", "--endpoint", server.url, "--samples", 2, "--out", tmp_path / "tables")
        ran = loud(env, *what[command], *asked)
        assert any(KEY in value for seen in server.requests for value in seen.headers.values()), ran.err
    assert ran.code in (0, 2), ran.err
    assert_hidden(ran, tmp_path, tiny.folder)


@pytest.mark.parametrize("url", [f"http://alice:{PASSWORD}@127.0.0.1:9", f"http://127.0.0.1:9/v1?key={PASSWORD}"])
def test_a_password_in_a_models_address(tiny: Small, tmp_path: Path, guarded: Hub, url: str) -> None:
    ran = loud(guarded.client_env(tmp_path), "difficulty", tiny.folder, "--model", "m", "--endpoint", url)
    assert ran.code == 2
    assert_hidden(ran, tmp_path)
