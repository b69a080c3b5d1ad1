"""Files of Hub data sets: revisions made exact, files fetched into the Hub's own cache.

`HF_ENDPOINT`, the token and the cache are the hub client's own settings.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit

from huggingface_hub import HfApi, constants, get_token, hf_hub_download, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from crossthink_data.errors import CrossthinkError

HUB = "https://huggingface.co"


@dataclass(frozen=True)
class Pinned:
    """A data set at one commit; `warning` says why it is not the commit that was asked for, if it is not."""

    repo: str
    revision: str
    names: tuple[str, ...]
    warning: str | None = None


def check_address() -> None:
    """Raises CrossthinkError where the Hub's address has a user or password, which errors and logs would show."""
    if "@" in urlsplit(constants.ENDPOINT).netloc:
        raise CrossthinkError(
            "HF_ENDPOINT has a user or password in it, which is not supported: give the address without, and log in "
            "with `hf auth login` or set HF_TOKEN"
        )


@contextmanager
def hub_errors(repo: str) -> Iterator[None]:
    """Turns what the Hub's client raises into one message with the cure."""
    check_address()
    try:
        yield
    except GatedRepoError as error:
        raise CrossthinkError(
            f"{repo} is gated: ask for access on its page, then log in with `hf auth login` or set HF_TOKEN"
        ) from error
    except RepositoryNotFoundError as error:
        raise CrossthinkError(_NOT_SEEN.format(repo=repo, where=constants.ENDPOINT)) from error
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else None
        if status == 401:  # without a token, also of what is not there
            message = _WRONG_TOKEN if get_token() else _NOT_SEEN
            raise CrossthinkError(message.format(repo=repo, where=constants.ENDPOINT)) from error
        raise CrossthinkError(
            f"{constants.ENDPOINT} refused {repo} with {status or 'no answer'}: {error.server_message or error}"
        ) from error
    except HFValidationError as error:
        raise CrossthinkError(f"{repo!r} is no data set's name: {error}") from error
    except (HTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise CrossthinkError(
            f"cannot reach {constants.ENDPOINT} for {repo} ({error}): check the network and HF_ENDPOINT, then run it "
            "again"
        ) from error


_NOT_SEEN = "no data set {repo} at {where} that you may see: check the name, or log in with `hf auth login`"
_WRONG_TOKEN = "{where} does not know this token: log in with `hf auth login`, or mend HF_TOKEN"  # noqa: S105 - a message


def pin(repo: str, revision: str | None, or_main: bool = False) -> Pinned:
    """The commit behind a revision, and its files.

    A mirror of the Hub has commits of its own: with `or_main`, for a commit that this package and no user named, the
    mirror's `main` is taken where it lacks that commit, and the result says so. Raises CrossthinkError otherwise.
    """
    with hub_errors(repo):
        try:
            return _pinned(repo, revision)
        except RevisionNotFoundError as error:
            if constants.ENDPOINT == HUB or not or_main:
                raise CrossthinkError(
                    f"{repo} has no revision {revision}: name one that it has (for a source of a recipe, by --set "
                    "sources.NAME.revision=…)"
                ) from error
            warning = f"{constants.ENDPOINT} has no commit {revision} of {repo}: its main was read instead"
            return _pinned(repo, "main", warning)


def _pinned(repo: str, revision: str | None, warning: str | None = None) -> Pinned:
    info = HfApi().dataset_info(repo, revision=revision)
    names = tuple(sorted(sibling.rfilename for sibling in info.siblings or ()))
    return Pinned(repo, str(info.sha), names, warning)


def fetch(pinned: Pinned, patterns: tuple[str, ...]) -> list[tuple[str, Path]]:
    """(name, local path) of every file that one of the globs names, in the order of the globs, then by name."""
    names = [name for pattern in patterns for name in pinned.names if _matches(name, pattern)]
    if not names:
        raise CrossthinkError(
            f"{pinned.repo}@{pinned.revision[:8]} has no file like {', '.join(patterns)}; it has "
            f"{', '.join(pinned.names[:20]) or 'none'}"
        )
    with hub_errors(pinned.repo):
        return [
            (
                name,
                Path(hf_hub_download(pinned.repo, name, repo_type="dataset", revision=pinned.revision)),
            )
            for name in dict.fromkeys(names)
        ]


def _matches(name: str, pattern: str) -> bool:
    """A `*` stays inside its folder."""
    parts, wanted = name.split("/"), pattern.split("/")
    return len(parts) == len(wanted) and all(map(fnmatchcase, parts, wanted))


def fetch_all(pinned: Pinned) -> Path:
    """Every file of a data set at this commit, as a folder in the Hub's cache."""
    with hub_errors(pinned.repo):
        return Path(snapshot_download(pinned.repo, repo_type="dataset", revision=pinned.revision))
