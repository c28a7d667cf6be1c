"""How fast the serving stack of `walletpass serve` is, against a trivial route of the same stack in the same run.

    python bench/serve.py [--seconds 3] [--rounds 5] [--stamps 60]

Starts two servers of the same kind (granian, one process, as many threads): one with a Flask route that answers a
constant, the other a whole installation. `wrk` asks both in turn, so that a busy neighbour meets both.

    304         a phone asks for a pass that it already has, over Flask's trivial route; at least 0.6
    pass        a phone fetches a whole pass, signed anew
    on phone    seconds from the answer to a stamp until a pretend iPhone shows the new pass; median at most 0.3

Needs wrk. Exit status 1 when a limit is missed.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic, sleep

import urllib3
from cryptography import x509
from flask import Flask

sys.path.insert(0, str(Path(__file__).parents[1]))  # the tests know how to run a whole installation

from tests.installation import Installation, Key, free_port
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.phone_state import PhoneState
from walletpass.serving import serve

CONNECTIONS = 16
AT_LEAST_304 = 0.6
AT_MOST_ON_PHONE = 0.3


class Trivial:
    """A Flask application that answers a constant."""

    def __init__(self) -> None:
        self.wsgi = Flask("trivial")
        self.wsgi.get("/")(lambda: {"ok": True})

    def start(self) -> None: ...

    def stop(self) -> None: ...


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--stamps", type=int, default=60)
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("this benchmark needs wrk (Debian: apt-get install wrk)")
    with TemporaryDirectory() as folder:
        return compare(Installation(Path(folder)), given)


def compare(here: Installation, given: argparse.Namespace) -> int:
    """Both servers side by side, and the limits."""
    port = free_port()
    trivial = get_context("spawn").Process(target=partial(serve, Trivial, "127.0.0.1", port))
    trivial.start()
    with PretendAPNs(here.chain.server_certificate, here.chain.server_key, here.chain.root) as apns:
        here.settings["apns_url"] = apns.url
        here.run("init")
        try:
            with here.running("serve"):
                wait_for(f"http://127.0.0.1:{port}/")
                return measure(here, apns, f"http://127.0.0.1:{port}/", given)
        finally:
            trivial.terminate()
            trivial.join()


def measure(here: Installation, apns: PretendAPNs, trivial: str, given: argparse.Namespace) -> int:
    key = here.open_shop(stamps_required=30)
    roots = x509.load_pem_x509_certificates(here.chain.root.read_bytes())
    with IPhone("Emma", "en", apns=apns, roots=roots, clock=lambda: datetime.now(UTC)) as phone:
        card = key.post("/cards", {"program": "coffee"}).body
        phone.open(card["links"]["apple"]).result(20)
        url, headers = request_for_pass(phone)
        fresh = {name: value for name, value in headers.items() if name != "If-Modified-Since"}
        ways: dict[str, Callable[[], float]] = {
            "trivial": lambda: rate(trivial, {}, 200, given.seconds),
            "304": lambda: rate(url, headers, 304, given.seconds),
            "pass": lambda: rate(url, fresh, 200, given.seconds),
        }
        rounds = [{name: way() for name, way in ways.items()} for _ in range(given.rounds)]
        times = [seconds_to_phone(key, card["id"], phone) for _ in range(given.stamps)]
    for name in ways:
        print(f"{name:10} {median(each[name] for each in rounds):9.0f} answers a second")
    share = median(each["304"] / each["trivial"] for each in rounds)
    passes = median(each["pass"] / each["trivial"] for each in rounds)
    on_phone = median(times)
    print(f"304 over trivial   {share:.2f}   (at least {AT_LEAST_304})")
    print(f"pass over trivial  {passes:.2f}")
    print(f"on phone           median {on_phone:.3f} s (at most {AT_MOST_ON_PHONE}), slowest {max(times):.3f} s")
    return 0 if share >= AT_LEAST_304 and on_phone <= AT_MOST_ON_PHONE else 1


def request_for_pass(phone: IPhone) -> tuple[str, Mapping[str, str]]:
    """The address and headers with which the phone asks whether its pass is the latest."""
    installed = phone.state.passes[0]
    file = installed.file
    url = f"{file.web_service_url}/v1/passes/{file.pass_type_identifier}/{file.serial_number}"
    headers = {"Authorization": f"ApplePass {file.authentication_token}"}
    answer = urllib3.request("GET", url, headers=headers)
    return url, {**headers, "If-Modified-Since": answer.headers["Last-Modified"]}


def rate(url: str, headers: Mapping[str, str], status: int, seconds: int) -> float:
    """Answers a second, all of them with that status."""
    assert urllib3.request("GET", url, headers=dict(headers)).status == status
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", *sent, url]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if (errors := re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors: (.+)", report)) is not None:
        sys.exit(f"{url}: {errors[0]}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", report)
    assert found
    return float(found[1])


def seconds_to_phone(key: Key, card: str, phone: IPhone) -> float:
    """From the answer to a stamp until the phone shows it."""
    revision = phone.state.passes[0].file.digests
    sleep(1.1)  # a phone is pushed at most once a second; a queue is slower than that
    assert key.post(f"/cards/{card}/stamps", {}).status == 201
    start = monotonic()

    def shows_another(state: PhoneState) -> bool:
        return state.passes[0].file.digests != revision

    phone.wait_for(shows_another)
    return monotonic() - start


def wait_for(url: str) -> None:
    """Until the server answers."""
    for _ in range(600):
        try:
            urllib3.request("GET", url, retries=False)
            return
        except urllib3.exceptions.HTTPError:
            sleep(0.05)
    sys.exit(f"nothing answers at {url}")


if __name__ == "__main__":
    sys.exit(main())
