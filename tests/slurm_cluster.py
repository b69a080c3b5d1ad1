"""A Slurm cluster of two nodes on this one machine, for tests: real daemons, and everything of theirs in one folder.

It takes Debian's packages `slurmctld`, `slurmd`, `slurm-client` and `munge` (measured with Slurm 22.05 of Debian 12),
and no root, systemd, accounting database or cgroups: the daemons run as the caller. They listen on what the name of
this machine resolves to, because Slurm can be told no other address; /etc/hosts usually makes it a loopback one. What
they say is in the folder's *.log.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "scancel", "scontrol", "sinfo", "squeue", "srun")
SBIN = ("/usr/sbin", "/usr/local/sbin")  # where the daemons are, which a user's PATH may lack
PARTITION = "main"
NODES = ("node1", "node2")
CPUS = 4  # of each node, and its memory: what Slurm gives away, whatever the machine has
MEMORY_MB = 16_000
LIMIT_S = 30.0  # for each thing that is waited for; all the daemons are up in about a second
POLL_S = 0.05

# As stock as can be, so that what passes here passes elsewhere: a job whose dependency failed stays in the queue. But
# the scheduler looks for jobs every second, so that a stage waits for about one: by its own settings it would be three.
CONFIG = """
ClusterName=test
SlurmctldHost={host}({address})
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
MailProg=/bin/true
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=1
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
"""
NODE = "NodeName={name} NodeHostname={host} NodeAddr={address} Port={port} CPUs={cpus} RealMemory={memory}\n"
ALL_NODES = f"PartitionName={PARTITION} Nodes=ALL Default=YES MaxTime=INFINITE State=UP\n"


def slurm_missing() -> str:
    """Why no cluster can run here, or "" where one can."""
    absent = [name for name in PROGRAMS if not _find(name)]
    if absent:
        return f"no {', '.join(absent)}: apt-get install slurmctld slurmd slurm-client munge"
    try:
        socket.gethostbyname(_host())
    except OSError as error:
        return f"Slurm needs the name of this machine, {_host()}, to resolve ({error}): add it to /etc/hosts"
    return ""


@contextmanager
def running_slurm(folder: Path) -> Iterator[dict[str, str]]:
    """The environment variables that lead Slurm's commands to a new cluster, whose files are in `folder`.

    At the end its jobs are cancelled, and with them their processes, and then the daemons end. Raises RuntimeError,
    with what the daemons said, when they do not come up or the jobs do not end.
    """
    _write_files(folder := folder.resolve())
    env = {"SLURM_CONF": str(folder / "slurm.conf")}
    with ExitStack() as daemons:
        daemons.enter_context(_daemon(_munged(folder), folder / "munged.log", env))
        _wait(lambda: (folder / "munge.socket").exists(), "munged made no socket", folder)
        daemons.enter_context(_daemon(["slurmctld", "-D"], folder / "slurmctld.log", env))
        for node in NODES:
            daemons.enter_context(_daemon(["slurmd", "-D", "-N", node], folder / f"slurmd-{node}.log", env))
        idle = "\n".join(["idle"] * len(NODES))
        _wait(lambda: _printed(env, "sinfo", "-hN", "-o%t") == idle, "the nodes were not idle", folder)
        try:
            yield env
        finally:
            _printed(env, "scancel", f"--user={_user()}")
            _wait(lambda: _printed(env, "squeue", "-h") == "", "the jobs did not end", folder)


# ---- its files


def _write_files(folder: Path) -> None:
    for name in ("state", *(f"spool-{node}" for node in NODES)):
        (folder / name).mkdir(parents=True)
    key = folder / "munge.key"
    key.touch(mode=0o600)  # munged takes no key that others may read
    key.write_bytes(secrets.token_bytes(128))
    (folder / "slurm.conf").write_text(_config(folder))


def _config(folder: Path) -> str:
    host, address = _host(), socket.gethostbyname(_host())
    port, *ports = _free_ports(address, 1 + len(NODES))
    nodes = [
        NODE.format(name=name, host=host, address=address, port=its_port, cpus=CPUS, memory=MEMORY_MB)
        for name, its_port in zip(NODES, ports, strict=True)
    ]
    common = CONFIG.format(folder=folder, host=host, address=address, port=port, user=_user())
    return "".join([common, *nodes, ALL_NODES])


def _host() -> str:
    """The name of this machine as Slurm has it: without its domain."""
    return socket.gethostname().partition(".")[0]


def _user() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def _free_ports(address: str, count: int) -> list[int]:
    """Ports that are free, each another one: all are held until the last is found."""
    with ExitStack() as held:
        servers = [held.enter_context(socket.create_server((address, 0))) for _ in range(count)]
        return [int(server.getsockname()[1]) for server in servers]


# ---- its processes


def _munged(folder: Path) -> list[str]:
    """munged, which is made (--force) to take a folder that is closed to others, as one of a test is."""
    files = {"socket": "munge.socket", "key-file": "munge.key", "pid-file": "munged.pid", "seed-file": "munge.seed"}
    return ["munged", "--foreground", "--force", *(f"--{option}={folder / name}" for option, name in files.items())]


@contextmanager
def _daemon(command: list[str], log: Path, env: dict[str, str]) -> Iterator[None]:
    with log.open("wb") as output:
        found = [_find(command[0]) or command[0], *command[1:]]
        # a session of its own: Ctrl-C is for the test, which still needs the controller to cancel the jobs
        process = subprocess.Popen(
            found, stdout=output, stderr=output, env={**os.environ, **env}, start_new_session=True
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(LIMIT_S)


def _find(program: str) -> str | None:
    return shutil.which(program, path=os.pathsep.join((os.environ.get("PATH", ""), *SBIN)))


def _printed(env: dict[str, str], *command: str) -> str | None:
    """What a command of Slurm's prints; None when it fails, as all do while the controller does not answer."""
    whole_env = {**os.environ, **env}
    done = subprocess.run(command, env=whole_env, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def _wait(is_so: Callable[[], bool], complaint: str, folder: Path) -> None:
    ends = time.monotonic() + LIMIT_S
    while not is_so():
        if time.monotonic() > ends:
            said = [f"{log.name}: {log.read_text()[-2000:]}" for log in sorted(folder.glob("*.log"))]
            raise RuntimeError("\n".join([f"Slurm: {complaint} within {LIMIT_S:.0f} s", *said]))
        time.sleep(POLL_S)
