"""Starts a session, prints its URL, waits for its end and prints that.

    python session.py <session key> <link token>
"""

import asyncio
import json
import os
import sys
import traceback
from dataclasses import replace

from hosted_link_codec import HostedLinkCodec
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.converter import DataConverter


async def main(key: str, link_token: str) -> None:
    codec = HostedLinkCodec(os.environ["HOSTED_LINK_CODEC_KEYS"])
    client = await Client.connect(
        os.environ["TEMPORAL_ADDRESS"],
        namespace=os.environ.get("TEMPORAL_NAMESPACE", "default"),
        data_converter=replace(DataConverter.default, payload_codec=codec),
    )
    start = WithStartWorkflowOperation(
        "hostedLinkSession",
        {"request": {"key": key, "linkToken": link_token}},
        id=f"hosted-link/{key}",
        task_queue="hosted-link",
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
    )
    link = await client.execute_update_with_start_workflow("link", id="link", start_workflow_operation=start)
    print(json.dumps({"link": link}), flush=True)

    session = client.get_workflow_handle(f"hosted-link/{key}")
    print(json.dumps({"status": await session.query("status")}), flush=True)
    await session.signal("checkNow")
    print(json.dumps({"result": await session.result()}), flush=True)

    exchange = client.get_workflow_handle(f"token-exchange/{key}")
    print(json.dumps({"exchange": await exchange.result()}), flush=True)


exit_code = 0
try:
    asyncio.run(main(*sys.argv[1:]))
except Exception:
    traceback.print_exc()
    exit_code = 1
# Not by the interpreter's own end, which a thread of the SDK that is still at work can crash: one short run in ten, measured
# (https://github.com/temporalio/sdk-python/issues/300).
sys.stdout.flush()
sys.stderr.flush()
os._exit(exit_code)
