#!/usr/bin/env python3
"""Tells a story through vokend, with no library but `protobuf` from PyPI.

    client.py [--socket PATH] [--out DIR] [--scenes N] [--seed N] PROMPT

The text goes to standard output, pictures to DIR; Ctrl-C cancels the story. The messages are not
compiled in: the daemon describes them (etc/doc/protocol.md).
"""
import argparse
import os
import signal
import socket
import struct
import sys
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool
from google.protobuf import message_factory, wrappers_pb2

HEADER = struct.Struct(">IIBB")  # length of what follows, stream, kind, flags
REQUEST, RESPONSE = 1, 2  # kinds
REMOTE_CLOSED, NO_DATA, CANCELLED = 1, 4, 1  # flags, and a status


class Refused(Exception):
    """A call that ended with a status: its code and message."""


class Connection:
    """ttrpc over one socket: each call has an odd stream number of its own."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.input = self.socket.makefile("rb")
        self.next_stream = 1
        self.early = {}  # frames of other calls than the one that is waited for
        # Nothing is known of the messages yet. On the wire, a Request's service and method are an
        # Any's two fields, a Response's payload is the second, and the reply is a BytesValue.
        request = any_pb2.Any(type_url="voken.v1.Admin", value=b"GetDescriptors")
        _, _, response = self.receive(self.send(request.SerializeToString()))
        reply = wrappers_pb2.BytesValue.FromString(any_pb2.Any.FromString(response).value)
        self.messages = messages(reply.value)

    def send(self, request, flags=0):
        stream, self.next_stream = self.next_stream, self.next_stream + 2
        self.socket.sendall(HEADER.pack(len(request), stream, REQUEST, flags) + request)
        return stream

    def receive(self, stream):
        """The next frame of a call: kind, flags, payload."""
        while not self.early.get(stream):
            length, other, kind, flags = HEADER.unpack(self.read(HEADER.size))
            self.early.setdefault(other, []).append((kind, flags, self.read(length)))
        return self.early[stream].pop(0)

    def read(self, count):
        data = self.input.read(count)
        if len(data) < count:
            raise ConnectionError("the daemon has closed the connection")
        return data

    def begin(self, method, request, flags=0):
        service, name = method.split("/")
        envelope = self.messages["ttrpc.Request"](
            service=service, method=name, payload=request.SerializeToString())
        return self.send(envelope.SerializeToString(), flags)

    def reply(self, stream, reply):
        """The answer of a unary call."""
        response = self.messages["ttrpc.Response"].FromString(self.receive(stream)[2])
        if response.status.code:
            raise Refused(response.status.code, response.status.message)
        return self.messages[reply].FromString(response.payload)

    def events(self, stream):
        """The messages of a call that streams them."""
        while True:
            kind, flags, payload = self.receive(stream)
            if kind == RESPONSE:
                status = self.messages["ttrpc.Response"].FromString(payload).status
                raise Refused(status.code, status.message)
            if not flags & NO_DATA:
                yield self.messages["voken.v1.Event"].FromString(payload)
            if flags & REMOTE_CLOSED:
                return


def messages(descriptors):
    """A class for each message, by its full name."""
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(descriptors).file
    for file in files:  # each after those that it imports
        pool.Add(file)
    return message_factory.GetMessageClassesForFiles([file.name for file in files], pool)


def tell(connection, options):
    request = connection.messages["voken.v1.GenerateRequest"](
        prompt=options.prompt, scenes=options.scenes, seed=options.seed)
    os.makedirs(options.out, exist_ok=True)
    story = connection.begin("voken.v1.Generation/Generate", request, REMOTE_CLOSED)
    chunks = []
    for event in connection.events(story):
        if event.HasField("accepted"):
            cancel = connection.messages["voken.v1.CancelRequest"](job=event.job)
            signal.signal(signal.SIGINT, lambda *_: connection.begin(
                "voken.v1.Generation/Cancel", cancel))
        elif event.HasField("text_delta"):
            print(event.text_delta.text, end="", flush=True)
        elif event.HasField("image_chunk"):
            chunks.append(event.image_chunk.data)
        elif event.HasField("image_done"):
            path = os.path.join(options.out, "%03d.png" % event.image_done.index)
            with open(path, "wb") as file:
                file.write(b"".join(chunks) + event.image_done.png)
            chunks.clear()
            print("\n  → " + path, flush=True)
        elif event.HasField("failed"):
            print("\n%s: %s" % (event.failed.code, event.failed.message), file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("prompt", metavar="PROMPT")
    parser.add_argument("--socket", default=os.path.join(
        os.environ.get("XDG_RUNTIME_DIR", "/run"), "voken/voken.sock"))
    parser.add_argument("--out", default="story")
    parser.add_argument("--scenes", type=int)
    parser.add_argument("--seed", type=int)
    options = parser.parse_args()
    try:
        connection = Connection(options.socket)
        request = connection.messages["voken.v1.VersionRequest"]()
        call = connection.begin("voken.v1.Admin/Version", request)
        version = connection.reply(call, "voken.v1.VersionReply")
        print("vokend " + version.version, file=sys.stderr)
        tell(connection, options)
    except KeyboardInterrupt:  # before the story was accepted
        return 5
    except Refused as refusal:
        print("refused: " + refusal.args[1], file=sys.stderr)
        return 5 if refusal.args[0] == CANCELLED else 1
    except OSError as error:
        print("%s: %s" % (options.socket, error), file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
