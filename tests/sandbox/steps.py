"""What tests do with a phone and a service, and what they wait for."""

import io
import zipfile
from collections.abc import Callable

from tests.sandbox.pass_service import PassService, stamps
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.phone_state import PhoneState

SECONDS = 20


def add(phone: IPhone, service: PassService, serial_number: str = "card-1", value: str = "4 / 10") -> str:
    """Put a pass on the phone; returns its id there."""
    phone.open(service.issue(serial_number, fields={"headerFields": [stamps(value)]})).result(SECONDS)
    assert phone.state.alert is None
    return phone.state.passes[0].id


def change(service: PassService, value: str, serial_number: str = "card-1") -> None:
    service.issue(serial_number, fields={"headerFields": [stamps(value)]})


def update(service: PassService, value: str, serial_number: str = "card-1") -> None:
    """A stamp: the pass changes, and its phones are told."""
    change(service, value, serial_number)
    service.push(serial_number)


def shows(value: str, place: int = 0) -> Callable[[PhoneState], bool]:
    return lambda state: stamps_on(state, place) == value


def stamps_on(state: PhoneState, place: int = 0) -> object:
    return state.passes[place].file.fields["stamps"]["value"]


def lines(phone: IPhone) -> list[str]:
    return [each.text for each in phone.state.notifications]


def exchanged(phone: IPhone, what: str, times: int) -> None:
    """Wait for so many exchanges of a kind."""
    phone.wait_for(lambda state: sum(what in each.what for each in state.exchanges) >= times)


def complained(phone: IPhone, service: PassService) -> str:
    """What the phone writes into the service's log, once it does."""
    exchanged(phone, "POST /apple/v1/log", 1)
    [line] = service.log
    return line


def tampered(pkpass: bytes) -> bytes:
    """The same pass with one more stamp than was signed."""
    changed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(pkpass)) as old, zipfile.ZipFile(changed, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            new.writestr(name, data.replace(b"/ 10", b"/ 11") if name == "pass.json" else data)
    return changed.getvalue()
