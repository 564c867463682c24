"""Serves providers' schemas to Terraform, so that `terraform validate` and `terraform test` judge a
configuration by them where the providers themselves are not to be had.

Speaks as much of Terraform's plugin protocol (version 6, gRPC) as these two ask: what a provider
takes. It accepts all that fits the schema, and never plans or makes anything: tests use Terraform's
own mocks.
"""

import json
import os
import sys
from concurrent import futures
from pathlib import Path

import grpc

from schema import Attribute, Block, Nested, read_wheel

NESTING = {"struct": 1, "list": 2, "set": 3, "map": 4}


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def number(tag: int, value: int) -> bytes:
    return varint(tag << 3) + varint(value) if value else b""


def message(tag: int, content: bytes) -> bytes:
    return varint(tag << 3 | 2) + varint(len(content)) + content


def attribute(name: str, of: Attribute) -> bytes:
    return b"".join([
        message(1, name.encode()),
        message(2, json.dumps(of.type).encode()),
        number(4, of.required),
        number(5, of.optional),
        number(6, of.computed),
    ])


def nested(name: str, of: Nested) -> bytes:
    counted = of.nesting in ("list", "set")
    return b"".join([
        message(1, name.encode()),
        message(2, block(of.block)),
        number(3, NESTING[of.nesting]),
        number(4, counted and of.required),
        number(5, counted and of.single),
    ])


def block(of: Block) -> bytes:
    attributes = (message(2, attribute(*item)) for item in sorted(of.attributes.items()))
    blocks = (message(3, nested(*item)) for item in sorted(of.blocks.items()))
    return b"".join([*attributes, *blocks])


def schema(of: Block) -> bytes:
    return message(2, block(of))


def provider_schema(schemas) -> bytes:
    """A GetProviderSchema.Response."""

    def named(tag, blocks):
        entries = (message(1, name.encode()) + message(2, schema(of)) for name, of in blocks.items())
        return b"".join(message(tag, entry) for entry in entries)

    return b"".join([
        message(1, schema(schemas.provider)),
        named(2, schemas.resources),
        named(3, schemas.data_sources),
    ])


class Answers(grpc.GenericRpcHandler):
    """Everything that is asked is answered with no complaint, and what a provider takes in full."""

    def __init__(self, response: bytes):
        self.response = response

    def service(self, call):
        method = call.method.rsplit("/", 1)[1]
        if not call.method.startswith("/tfplugin6.Provider/"):
            return None
        answer = self.response if method == "GetProviderSchema" else b""
        return grpc.unary_unary_rpc_method_handler(lambda request, context: answer)


def serve(response: bytes) -> tuple:
    server = grpc.server(
        futures.ThreadPoolExecutor(max_workers=4), options=[("grpc.max_send_message_length", -1)]
    )
    server.add_generic_rpc_handlers([Answers(response)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def attachment(port: int) -> dict:
    """How Terraform reaches a provider that runs already."""
    return {
        "Protocol": "grpc",
        "ProtocolVersion": 6,
        "Pid": os.getpid(),
        "Test": True,
        "Addr": {"Network": "tcp", "String": f"127.0.0.1:{port}"},
    }
