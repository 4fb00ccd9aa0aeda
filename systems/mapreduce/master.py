"""The master: it cuts jobs into tasks, and gives each task to a worker, again and again until one has done it (3.2).

    idle ──> in progress ──> completed
      ^           │              │
      └───────────┴──────────────┘     the worker is dead; a completed reduce task stays completed, its output is safe

A worker is dead when it has not answered the pings for a while, or when it has begun a new life. Then the output of its
map tasks is lost, and they are executed again. At the end of a job, tasks that take long get a *backup*: a second
worker executes them too, and the first that is done counts (3.6).

The master keeps nothing on its disk but the number of its life. When it dies, its jobs die with it (3.3).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from clew.systems.mapreduce.messages import (
    Attempt,
    Done,
    Key,
    Map,
    Mapped,
    Measure,
    Measured,
    Ping,
    Place,
    Pong,
    Reduce,
    Reduced,
    Submit,
    file_system_of,
)
from clew.systems.mapreduce.parameters import Parameters
from clew.systems.node import Context

Kind = Literal["map", "reduce"]
KINDS: tuple[Kind, Kind] = ("map", "reduce")


@dataclass
class Task:
    """A map task or a reduce task. It is idle, in progress or completed."""

    kind: Kind
    number: int
    attempts: int = 0
    """How many there were."""
    running: dict[int, tuple[str, int]] = field(default_factory=dict)
    """The attempts in progress, by number: the worker, and since when."""
    completed: Place | None = None
    """Which attempt has completed the task."""


@dataclass
class Job:
    """What a client has submitted."""

    name: str
    client: str
    id: int
    key: Key
    length: int | None = None
    """How many records it is about. None until the file system has told that."""
    tasks: dict[Kind, list[Task]] = field(default_factory=lambda: {"map": [], "reduce": []})
    version: int = 0
    """Of the list of places."""
    done: bool = False

    def all(self) -> Iterator[Task]:
        """All tasks, map tasks first."""
        return (task for kind in KINDS for task in self.tasks[kind])


class Master:
    """The master, in one life of its node."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._life: int
        self._jobs: dict[str, Job] = {}
        """The last job of each client, in the order in which they were submitted."""
        self._lives: dict[str, int] = {}
        """The workers that are alive, and which life each is in."""
        self._heard: dict[str, int] = {}
        """When each worker has answered a ping."""

    def start(self, ctx: Context, life: int) -> None:
        """Begin to look for workers."""
        self._life = life
        self.wake(ctx)

    def submit(self, ctx: Context, client: str, message: Submit) -> None:
        """Begin a job, unless it is known. The client's last job ends: nobody waits for that any more."""
        job = self._jobs.get(client)
        if job is not None and job.id > message.id:
            return
        if job is None or job.id < message.id:
            ctx.count("jobs")
            self._jobs.pop(client, None)
            job = self._jobs[client] = Job(self._name(message), client, message.id, message.key)
        if job.done:
            ctx.send(client, Done(job.id, job.name))
        elif job.length is None:
            ctx.send(file_system_of(ctx.nodes), Measure(job.name, job.key))

    def measured(self, ctx: Context, source: str, message: Measured) -> None:
        """Cut the job into tasks."""
        job = self._job(message.job)
        if job is not None and job.length is None:
            job.length = message.length
            maps = -(-message.length // self._parameters.split)
            job.tasks["map"] = [Task("map", number) for number in range(maps)]
            job.tasks["reduce"] = [Task("reduce", number) for number in range(self._parameters.reduce_tasks)]
            self._assign(ctx)

    def pong(self, ctx: Context, worker: str, message: Pong) -> None:
        """Note that a worker is alive. If it has died in between, all is lost that an earlier life had on its disk."""
        known = self._lives.get(worker)
        if known is not None and message.life < known:
            return
        if known is not None and message.life > known:
            self._bury(ctx, worker)
        self._lives[worker] = message.life
        self._heard[worker] = ctx.now
        self._assign(ctx)

    def mapped(self, ctx: Context, worker: str, message: Mapped) -> None:
        """Complete a map task, and tell the workers that wait for its output where it is."""
        job = self._completed(worker, "map", message.attempt)
        if job is not None:
            job.version += 1
            for task in job.tasks["reduce"]:
                self._tell(ctx, job, task)
            self._assign(ctx)

    def reduced(self, ctx: Context, worker: str, message: Reduced) -> None:
        """Complete a reduce task. The job is done when all are completed."""
        job = self._completed(worker, "reduce", message.attempt)
        if job is None:
            return
        if not job.done and all(task.completed for task in job.tasks["reduce"]):
            self._finish(ctx, job)
        self._assign(ctx)

    def wake(self, ctx: Context) -> None:
        """Ping all workers, bury the dead, and send again what was not answered."""
        for worker, heard in self._heard.items():
            if worker in self._lives and ctx.now - heard > self._parameters.dead_after:
                self._bury(ctx, worker)
        ctx.broadcast(Ping(), including_self=True)
        for job in self._jobs.values():
            for task in job.all():
                self._tell(ctx, job, task)
        self._assign(ctx)
        ctx.set_timer("master", self._parameters.ping_every)

    def _name(self, message: Submit) -> str:
        """A name that no other job has, not even one of an earlier life that is the same operation of the client."""
        return f"{message.id}.{self._life}"

    def _job(self, name: str) -> Job | None:
        return next((job for job in self._jobs.values() if job.name == name), None)

    def _completed(self, worker: str, kind: Kind, attempt: Attempt) -> Job | None:
        """Complete a task. Returns its job; None if this attempt has no meaning any more."""
        job = self._job(attempt.job)
        if job is None or attempt.task >= len(job.tasks[kind]):
            return None
        task = job.tasks[kind][attempt.task]
        if attempt.number not in task.running:
            return None
        task.running.clear()
        task.completed = Place(attempt.task, attempt.number, worker)
        return job

    def _finish(self, ctx: Context, job: Job) -> None:
        job.done = True
        ctx.send(job.client, Done(job.id, job.name))

    def _bury(self, ctx: Context, worker: str) -> None:
        """Make the tasks idle that this worker has in progress, and the map tasks that it has completed."""
        ctx.count("deaths")
        del self._lives[worker]
        for job in self._jobs.values():
            for task in () if job.done else job.all():
                task.running = {number: run for number, run in task.running.items() if run[0] != worker}
                if task.kind == "map" and task.completed is not None and task.completed.worker == worker:
                    ctx.count("maps lost")
                    task.completed = None

    def _assign(self, ctx: Context) -> None:
        """Give each worker that has nothing to do a task; one map task and one reduce task at a time."""
        unfinished = [job for job in self._jobs.values() if not job.done]
        for kind in KINDS:
            tasks = [(job, task) for job in unfinished for task in job.tasks[kind] if task.completed is None]
            busy = {worker for _, task in tasks for worker, _ in task.running.values()}
            for worker in sorted(self._lives.keys() - busy):
                waiting = [(job, task) for job, task in tasks if not task.running]
                late = [(job, task) for job, task in tasks if self._is_late(ctx, task)]
                if not waiting and not late:
                    break
                job, task = (waiting or late)[0]
                ctx.count("attempts" if waiting else "backups")
                task.attempts += 1
                task.running[task.attempts] = (worker, ctx.now)
                self._tell(ctx, job, task)

    def _is_late(self, ctx: Context, task: Task) -> bool:
        """Whether a task should have a backup. One is enough."""
        begun = [since for _, since in task.running.values()]
        return len(begun) == 1 and ctx.now - begun[0] > self._parameters.backup_after

    def _tell(self, ctx: Context, job: Job, task: Task) -> None:
        """Send a task to the workers that have it in progress."""
        for number, (worker, _) in task.running.items():
            attempt = Attempt(job.name, task.number, number)
            if task.kind == "map":
                first = task.number * self._parameters.split
                end = min(first + self._parameters.split, job.length or 0)
                ctx.send(worker, Map(attempt, job.key, first, end))
            else:
                maps = job.tasks["map"]
                places = tuple(task.completed for task in maps if task.completed is not None)
                ctx.send(worker, Reduce(attempt, len(maps), job.version, places))
