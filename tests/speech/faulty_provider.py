"""OpenAI-compatible providers that misbehave as told: ``python -m tests.speech.faulty_provider``.

Each NAME is a provider with the address ``/NAME/v1``. A plan, posted to /plan, gives for each of
them ``faults`` (one for each request in turn, then none), ``mix`` (after these: faults with their
probabilities), ``latency`` (seconds, from and to) and ``text`` (what it transcribes; else the
number of samples and their checksum, ``words_of``). A fault is a table of: ``status`` (with
``retry_after``, ``said``), ``wait`` (seconds longer), ``silence`` (no answer at all), ``hang_up``
(without a byte), ``cut`` (after so many bytes), ``raw`` (these bytes), ``body`` (this one, with
status 200), ``words`` (their times), ``redirect``.

Its first line says the port. /asked gives the requests since the plan was posted; /come waits until
there were ``n`` of them.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import numpy as np
from tests.served import Served
from tests.speech.faulty_engine import words_of

Fault = dict[str, Any]
WAV_HEADER = 44


class Provider:
    """What it was told, and what it was asked."""

    def __init__(self, plan: dict[str, Any], seed: int) -> None:
        self.faults: list[Fault] = list(plan.get("faults", []))
        self.mix: list[tuple[float, Fault]] = plan.get("mix", [])
        self.latency: tuple[float, float] = plan.get("latency", (0.0, 0.0))
        self.text: str | None = plan.get("text")
        self.chance = random.Random(seed)

    def fault(self) -> Fault:
        if self.faults:
            return self.faults.pop(0)
        at = self.chance.random()
        for share, fault in self.mix:
            if (at := at - share) < 0:
                return fault
        return {}


class Server:
    def __init__(self) -> None:
        self.providers: dict[str, Provider] = {}
        self.asked: list[dict[str, Any]] = []
        self.came = asyncio.Condition()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answers one request; whether the connection stays open."""
        line, *rest = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        path = line.split()[1].decode()
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (one.decode().partition(":") for one in rest if one)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        if path == "/plan":
            plan = json.loads(body)
            names = enumerate(plan.items())
            self.providers = {name: Provider(one, seed) for seed, (name, one) in names}
            self.asked = []
            return self._answer(writer, b"{}")
        if path == "/mix":  # as /plan, without forgetting
            for name, plan in json.loads(body).items():
                self.providers[name].mix = plan["mix"]
            return self._answer(writer, b"{}")
        if path == "/asked":
            return self._answer(writer, json.dumps(self.asked).encode())
        if path.startswith("/come/"):
            count = int(path.removeprefix("/come/"))
            async with self.came:
                await self.came.wait_for(lambda: len(self.asked) >= count)
            return self._answer(writer, b"{}")
        name = path.split("/")[1]
        connection = str(writer.get_extra_info("peername"))
        fields = form(headers, body)
        shown = {key: value for key, value in fields.items() if isinstance(value, str)}
        self.asked.append(
            {
                "provider": name,
                "path": path,
                "connection": connection,
                "authorization": headers.get("authorization"),
                **shown,
            }
        )
        async with self.came:
            self.came.notify_all()
        return await self._transcribe(self.providers[name], fields, reader, writer)

    async def _transcribe(
        self,
        provider: Provider,
        fields: dict[str, Any],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        fault = provider.fault()
        await asyncio.sleep(provider.chance.uniform(*provider.latency) + fault.get("wait", 0))
        if "silence" in fault:
            await reader.read()
            return False
        if "hang_up" in fault:
            return False
        if "raw" in fault:
            writer.write(fault["raw"].encode())
            return False
        if "status" in fault:
            headers = {"Retry-After": fault["retry_after"]} if "retry_after" in fault else {}
            if "redirect" in fault:
                headers["Location"] = fault["redirect"]
            said = json.dumps({"error": fault.get("said", {"message": "as you wished"})})
            return self._answer(writer, said.encode(), fault["status"], headers)
        samples = np.frombuffer(fields["file"][WAV_HEADER:], "<i2").astype(np.int16)
        answer: dict[str, Any] = {"text": provider.text or words_of(samples)}
        if "words" in fault:
            answer["words"] = fault["words"]
        body = fault.get("body", json.dumps(answer)).encode()
        if "cut" in fault:
            writer.write(head(200, len(body), {}) + body[: fault["cut"]])
            return False
        return self._answer(writer, body)

    def _answer(
        self,
        writer: asyncio.StreamWriter,
        body: bytes,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> bool:
        writer.write(head(status, len(body), headers or {}) + body)
        return True


def head(status: int, length: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {status}", f"Content-Length: {length}"]
    lines += ["Content-Type: application/json", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def form(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """The fields of a multipart form; a file's are its bytes."""
    message = BytesParser(policy=HTTP).parsebytes(
        f"Content-Type: {headers['content-type']}\r\n\r\n".encode() + body
    )
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        fields[str(name)] = content if part.get_filename() else content.decode()
    return fields


async def main() -> None:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    print(listening.sockets[0].getsockname()[1], flush=True)
    # It ends with the process that started it, however that ends.
    await asyncio.to_thread(sys.stdin.read)


class FaultyProviders(Served):
    """The server in a process of its own."""

    def __init__(self) -> None:
        super().__init__("tests.speech.faulty_provider")

    def mix(self, **mixes: list[tuple[float, Fault]]) -> None:
        """From now on these faults, with these probabilities."""
        plans = {name: {"mix": mix} for name, mix in mixes.items()}
        self.open("/mix", json.dumps(plans).encode())


if __name__ == "__main__":
    asyncio.run(main())
