"""A shop as Google knows it: a class, objects, pictures, save links, and an ear for callbacks."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from pathlib import Path
from threading import Condition, Thread
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from PIL import Image
from werkzeug import Request, Response
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.apple_service import Clock
from walletpass.google.answers import Answer, Outcome
from walletpass.google.client import Client
from walletpass.google.ecv2 import Message, read_roots, verify
from walletpass.google.identity import load_issuer
from walletpass.google.save_link import SaveLinks
from walletpass.sandbox.google import ISSUER_ID, PretendGoogle

CLASS, CARD = f"{ISSUER_ID}.coffee", f"{ISSUER_ID}.card-1"


@cache
def service_key() -> RSAPrivateKey:
    """The key of the service account: one for all tests, because making one takes long."""
    return generate_private_key(65537, 2048)


def localized(**words: str) -> dict[str, Any]:
    """The same text in several languages, English for everybody else."""
    others = [{"language": code, "value": text} for code, text in words.items() if code != "en"]
    return {"defaultValue": {"language": "en", "value": words["en"]}, "translatedValues": others}


class Shop:
    """Speaks to Google with the real client, and serves what Google and phones come for."""

    def __init__(self, google: PretendGoogle, folder: Path, clock: Clock) -> None:
        self.google, self.clock = google, clock
        self.key_file = google.write_service_account(folder / "service-account.json", key=service_key())
        self.issuer = load_issuer(ISSUER_ID, self.key_file)
        self.client = Client(self.issuer, google.url, turns=lambda: timedelta(0), clock=clock)
        self.links = SaveLinks(self.issuer, google.save_url)
        self.pages: dict[str, Response] = {"/logo.png": picture("brown"), "/hero.png": picture("beige")}
        self.asked: list[str] = []
        self.called: list[bytes] = []
        self.statuses: list[int] = []
        self._calls = Condition()
        self._server = make_server(
            "127.0.0.1", 0, Request.application(self._respond), threaded=True, request_handler=Quiet
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def open(self) -> Iterator["Shop"]:
        thread = Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        yield self
        self._server.shutdown()
        thread.join()
        self._server.server_close()
        self.client.close()

    def a_class(self, **changes: Any) -> dict[str, Any]:
        return {
            "id": CLASS,
            "issuerName": "Bean Bar",
            "programName": "Coffee Card",
            "programLogo": {"sourceUri": {"uri": f"{self.url}/logo.png"}},
            "hexBackgroundColor": "#3c2414",
            "multipleDevicesAndHoldersAllowedStatus": "ONE_USER_ALL_DEVICES",
            "callbackOptions": {"url": f"{self.url}/callback"},
            "reviewStatus": "UNDER_REVIEW",
            **changes,
        }

    def a_card(self, balance: str = "4/10", **changes: Any) -> dict[str, Any]:
        return {
            "id": CARD,
            "classId": CLASS,
            "state": "ACTIVE",
            "loyaltyPoints": {"label": "Stamps", "balance": {"string": balance}},
            "secondaryLoyaltyPoints": {"label": "Rewards", "balance": {"int": 0}},
            "barcode": {"type": "QR_CODE", "value": "X1", "alternateText": "GZJ Y72"},
            "heroImage": {"sourceUri": {"uri": f"{self.url}/hero.png"}},
            **changes,
        }

    def publish(self, **changes: Any) -> None:
        """Class and card are at Google from now on."""
        done(self.client.insert_class(self.a_class()))
        done(self.client.insert_object(self.a_card(**changes)))

    def stamp(self, balance: str, *, notify: bool = True, **changes: Any) -> Answer:
        """The card's balance changes."""
        points = {"loyaltyPoints": {"label": "Stamps", "balance": {"string": balance}}}
        rings = {"notifyPreference": "NOTIFY_ON_UPDATE"} if notify else {}
        return self.client.patch_object(CARD, {**points, **rings, **changes})

    def say(self, header: str, body: str, message_id: str, kind: str = "TEXT_AND_NOTIFY") -> Answer:
        """The card has something to say."""
        message = {"id": message_id, "header": header, "body": body, "messageType": kind}
        return self.client.add_message(CARD, {"message": message})

    def link(self) -> str:
        """What the button of the card leads to."""
        return self.links.skinny(CARD, self.clock())

    def wait_for_calls(self, count: int) -> None:
        """Wait until Google has called back so often."""
        with self._calls:
            if not self._calls.wait_for(lambda: len(self.called) >= count, 20):
                raise TimeoutError(f"Google has called back {len(self.called)} times")

    def heard(self) -> list[Message]:
        """What Google has said, believed only after verification."""
        roots = read_roots(json.dumps(self.google.signer.keys_document()).encode())
        return [verify(each, recipient=ISSUER_ID, roots=roots, now=self.clock()) for each in self.called]

    def _respond(self, request: Request) -> Response:
        if request.path == "/callback":
            with self._calls:
                self.called.append(request.get_data())
                self._calls.notify_all()
            return Response(status=self.statuses.pop(0) if self.statuses else 200)
        self.asked.append(request.path)
        return self.pages.get(request.path) or Response(status=404)


def picture(colour: str) -> Response:
    """A picture of one colour."""
    data = io.BytesIO()
    Image.new("RGB", (30, 10), colour).save(data, "PNG")
    return Response(data.getvalue(), content_type="image/png")


def done(answer: Answer) -> Answer:
    """The answer, which has to be a good one."""
    assert answer.outcome is Outcome.DONE, answer
    return answer


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Nothing."""
