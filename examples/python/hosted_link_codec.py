"""The payload codec of hosted-link, as docs/other-languages.md describes its wire format."""

import base64
import os
from collections.abc import Iterable, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/encrypted"
NONCE_BYTES = 12


class HostedLinkCodec(PayloadCodec):
    """Encrypts with the first key of a ring, and decrypts with the key that a payload names."""

    def __init__(self, ring: str) -> None:
        """Takes a ring as HOSTED_LINK_CODEC_KEYS has it: `id:base64,id:base64`, the primary first."""
        entries = [entry.strip().partition(":") for entry in ring.split(",")]
        self._keys = {key_id: AESGCM(base64.b64decode(key)) for key_id, _, key in entries}
        self._primary = entries[0][0]

    async def encode(self, payloads: Iterable[Payload]) -> list[Payload]:
        return [self._encrypt(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._decrypt(payload) for payload in payloads]

    def _encrypt(self, payload: Payload) -> Payload:
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._keys[self._primary].encrypt(nonce, payload.SerializeToString(), None)
        metadata = {"encoding": ENCODING, "encryption-key-id": self._primary.encode()}
        return Payload(metadata=metadata, data=nonce + sealed)

    def _decrypt(self, payload: Payload) -> Payload:
        if payload.metadata["encoding"] != ENCODING:
            return payload
        key_id = payload.metadata["encryption-key-id"].decode()
        if key_id not in self._keys:
            raise ValueError(f"the codec's ring lacks the key {key_id}")
        nonce, sealed = payload.data[:NONCE_BYTES], payload.data[NONCE_BYTES:]
        return Payload.FromString(self._keys[key_id].decrypt(nonce, sealed, None))
