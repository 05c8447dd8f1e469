"""Language models that misbehave as told: ``python -m tests.coach.faulty_model``.

Each NAME is a model with the address ``/NAME/v1``. A plan, posted to /plan, gives for each of them
``text`` (what it answers; else advice without a source), ``first`` (seconds to its first piece),
``usage`` (tokens read and written) and ``faults``, one for each request in turn, then none, or the
last one for ever with ``always``. A fault is a table of: ``text``, ``first``, ``status`` (with
``retry_after``), ``silence`` (never a piece), ``cut`` (hang up after so many pieces), ``stall``
(say no more after so many), ``linger`` (do not end the stream), ``whole`` (do not stream),
``piece`` (this instead of the first one), ``pulse`` (comments before the first piece).

Its first line says the port. /asked gives the requests since the plan was posted; /come waits until
there were ``n`` of them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from aiohttp import web
from tests.served import Served

Fault = dict[str, Any]
ADVICE = json.dumps({"text": "Ask what they compare it with.", "sources": []})
PIECE = 6
"""Characters."""


class Models:
    def __init__(self) -> None:
        self.plans: dict[str, dict[str, Any]] = {}
        self.asked: list[dict[str, Any]] = []
        self.came = asyncio.Condition()

    async def plan(self, request: web.Request) -> web.Response:
        self.plans, self.asked = await request.json(), []
        return web.json_response({})

    async def tell(self, _: web.Request) -> web.Response:
        return web.json_response(self.asked)

    async def come(self, request: web.Request) -> web.Response:
        count = int(request.match_info["count"])
        async with self.came:
            await self.came.wait_for(lambda: len(self.asked) >= count)
        return web.json_response({})

    async def complete(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        body = await request.json()
        self.asked.append({"model": name, "headers": dict(request.headers), "body": body})
        async with self.came:
            self.came.notify_all()
        plan = self.plans[name]
        faults = plan.get("faults", [])
        fault = faults.pop(0) if faults and not plan.get("always") else (faults or [{}])[-1]
        if "silence" in fault:
            await asyncio.Event().wait()
        await asyncio.sleep(fault.get("first", plan.get("first", 0.0)))
        if "status" in fault:
            said = {"error": {"message": "as you wished: " + request.headers["Authorization"]}}
            headers = {"Retry-After": fault["retry_after"]} if "retry_after" in fault else {}
            return web.json_response(said, status=fault["status"], headers=headers)
        text = fault.get("text", plan.get("text", ADVICE))
        if "whole" in fault:
            return web.json_response(
                {
                    "choices": [{"message": {"role": "assistant", "content": text}}],
                    "usage": {"prompt_tokens": 100, "completion_tokens": 10},
                }
            )
        return await self._stream(request, plan, fault, text)

    async def _stream(
        self, request: web.Request, plan: dict[str, Any], fault: Fault, text: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for _ in range(fault.get("pulse", 0)):
            await response.write(b": still thinking\n\n")
        pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
        for number, piece in enumerate(pieces):
            if number == fault.get("stall"):
                await asyncio.Event().wait()
            if number == fault.get("cut"):
                assert request.transport is not None
                request.transport.abort()
                return response
            said: Any = {"choices": [{"index": 0, "delta": {"content": piece}}]}
            data = fault["piece"] if "piece" in fault and number == 0 else json.dumps(said)
            await response.write(f"data: {data}\n\n".encode())
        if "usage" in plan:
            read, written = plan["usage"]
            usage = {"prompt_tokens": read, "completion_tokens": written}
            await response.write(
                f"data: {json.dumps({'choices': [], 'usage': usage})}\n\n".encode()
            )
        if "linger" in fault:
            await asyncio.Event().wait()
        await response.write(b"data: [DONE]\n\n")
        return response


async def main() -> None:
    models = Models()
    app = web.Application()
    app.router.add_post("/plan", models.plan)
    app.router.add_get("/asked", models.tell)
    app.router.add_get("/come/{count}", models.come)
    app.router.add_post("/{name}/v1/chat/completions", models.complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    # It ends with the process that started it, however that ends.
    await asyncio.to_thread(sys.stdin.read)


class FaultyModels(Served):
    """The server in a process of its own."""

    def __init__(self) -> None:
        super().__init__("tests.coach.faulty_model")


if __name__ == "__main__":
    asyncio.run(main())
