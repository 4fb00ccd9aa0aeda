"""The nodes and clients of a protocol in a live run: opened for a block, and gone however it ends."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import msgspec
import trio

from clew.harness.exception_groups import unwrap_exception_groups
from clew.harness.plan.streams import Streams
from clew.harness.runtime.live.cluster import Stage
from clew.harness.runtime.live.logs import open_logs
from clew.harness.runtime.live.protocols import node_wire as wire
from clew.harness.runtime.live.protocols.hosts import start_server
from clew.harness.runtime.live.protocols.message_record import MessageRecord
from clew.harness.runtime.live.protocols.messages import Messages, message_types
from clew.harness.runtime.live.protocols.protocol_clients import open_clients
from clew.harness.runtime.live.protocols.protocol_cluster import ProtocolCluster
from clew.harness.runtime.monitors import Monitors
from clew.harness.runtime.network import Network
from clew.harness.runtime.watchdog import Watchdog
from clew.systems import Protocol


@contextlib.asynccontextmanager
async def open_protocol_cluster(stage: Stage, system: Protocol) -> AsyncIterator[ProtocolCluster]:
    """The nodes and clients of a protocol for as long as the block lasts. However the block ends, none is left.

    Raises `SystemFailure` if a part of the system breaks.
    """
    world, progress = stage.world, stage.outcome.progress
    with contextlib.ExitStack() as files, open_logs() as logs, Watchdog(progress) as watchdog:
        monitors = Monitors(stage.plan, system, stage.outcome, watchdog)
        setup = _setup(stage, system, monitors)
        messages = Messages(system.messages)
        watched = frozenset(
            place for kind, place in message_types(system.messages).items() if kind in monitors.watching
        )
        record = MessageRecord(setup.endpoints, watched, messages, monitors, stage.journal, progress.messages)
        network = None
        if setup.network is not None:
            network = Network(setup.network, setup.nodes, setup.clients, Streams(setup.seed))
        clients = await open_clients(stage, system, setup, messages, record, network, watchdog, files)
        process, server = await start_server(world, setup, files)
        try:
            await server.ready()
            cluster = ProtocolCluster(stage, server, setup, record, clients, network, logs)
            files.callback(cluster.close)
            with unwrap_exception_groups():
                async with trio.open_nursery() as nursery:
                    cluster.nursery = nursery
                    for task in (cluster.serve, cluster.release, cluster.watch):
                        nursery.start_soon(task)
                    try:
                        yield cluster
                    finally:
                        await cluster.end()
                    nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await process.kill()


def _setup(stage: Stage, system: Protocol, monitors: Monitors) -> wire.Setup:
    plan, world = stage.plan, stage.world
    types = message_types(system.messages)
    wanted = types if stage.journal is not None else monitors.watching
    return wire.Setup(
        system=plan.system.name,
        variant=plan.system.variant,
        parameters=msgspec.Raw(msgspec.json.encode(plan.system.parameters)),
        network=None if stage.switch is not None else plan.network,
        nodes=plan.nodes,
        clients=plan.clients,
        addresses={name: world.addresses.of(name) for name in (*plan.nodes, *plan.clients)},
        data=str(stage.data),
        seed=plan.seed,
        enters={name: 10 + place for place, name in enumerate(plan.nodes)} if stage.switch is not None else {},
        recorded=frozenset(place for kind, place in types.items() if kind in wanted),
        journal=stage.journal is not None,
    )
