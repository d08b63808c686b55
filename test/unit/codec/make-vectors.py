"""Writes vectors.json: payloads encrypted by Python's cryptography package, without any code of this project.

Run: python3 test/codec/make-vectors.py > test/codec/vectors.json
Keys and nonces are fixed, so that the output is the same each time; they protect nothing.
"""

import base64
import hashlib
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field(number, content):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def payload_message(metadata, data):
    """temporal.api.common.v1.Payload: 1 is a map of metadata, 2 is data."""
    message = b"".join(field(1, field(1, k.encode()) + field(2, v)) for k, v in metadata.items())
    return message + (field(2, data) if data else b"")


def text(raw):
    return base64.b64encode(raw).decode()


def as_json(metadata, data):
    return {"metadata": {k: text(v) for k, v in metadata.items()}, **({"data": text(data)} if data else {})}


CASES = [
    ("a JSON string", "key-2026", {"encoding": b"json/plain"}, b'"hello"'),
    ("no data", "key-2026", {"encoding": b"binary/null"}, b""),
    ("all byte values, several metadata fields", "key-2025",
     {"encoding": b"binary/plain", "type": "Größe".encode()}, bytes(range(256))),
    ("a message longer than one length byte", "key-2026", {"encoding": b"json/protobuf"}, b"x" * 300),
]


def main():
    keys = {name: hashlib.sha256(name.encode()).digest() for name in ("key-2026", "key-2025")}
    vectors = []
    for name, key_id, metadata, data in CASES:
        nonce = hashlib.sha256(name.encode()).digest()[:12]
        sealed = nonce + AESGCM(keys[key_id]).encrypt(nonce, payload_message(metadata, data), None)
        envelope = {"encoding": b"binary/encrypted", "encryption-key-id": key_id.encode()}
        vectors.append({"name": name, "plain": as_json(metadata, data), "encrypted": as_json(envelope, sealed)})
    print(json.dumps({"keys": {k: text(v) for k, v in keys.items()}, "vectors": vectors}, indent=2))


main()
