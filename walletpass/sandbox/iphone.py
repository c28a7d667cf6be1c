"""A pretend iPhone: keeps passes, shows what they say, and follows Apple's protocol over real connections.

What sets off which calls, and what becomes of the answers: Apple, Wallet Passes, "Adding a Web Service to Update
Passes"; what is not documented has been seen on devices.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from functools import partial
from hashlib import sha256
from secrets import token_hex
from types import TracebackType
from typing import Self

from cryptography import x509

from walletpass.apple.schema import CLASSIC_STYLES
from walletpass.apple.verification import verify
from walletpass.i18n import N_
from walletpass.sandbox.apns import PretendAPNs
from walletpass.sandbox.browser import NothingToAdd
from walletpass.sandbox.errands import Act, Errands
from walletpass.sandbox.lock_screen import announcement
from walletpass.sandbox.pass_file import PassFile, Region, ShownPass, read_pass_file
from walletpass.sandbox.phone_state import Alert, InstalledPass, Notification, PhoneState
from walletpass.sandbox.protocol_log import Exchange, shortened
from walletpass.sandbox.safari import AGENT as SAFARI_AGENT
from walletpass.sandbox.safari import Safari
from walletpass.sandbox.update_service import BadAnswer, UnexpectedStatus, UpdateService
from walletpass.sandbox.wire import Answer, NoConnection, Wire

PASSD_AGENT = "passd/1.0 CFNetwork/1568.100.1 Darwin/24.0.0"

RETRIES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0)
"""Seconds before each further try; then the phone gives up until something else reminds it."""

PATIENCE = 10.0
"""Seconds that `wait_for` waits unless told otherwise."""

NOT_ADDED = N_("Sorry, your pass cannot be added to Wallet.")
NOT_REFRESHED = N_("The pass cannot be updated right now.")


class IPhone:
    """One phone with its owner, language and time zone. What it does happens in a thread of its own.

    state: what it keeps and shows. roots: the authorities whose passes it trusts. retries: seconds before each
    further try. Methods that return a future set something off; the future ends with it, and the state says what came
    of it.
    """

    def __init__(
        self,
        name: str,
        language: str,
        *,
        apns: PretendAPNs,
        roots: Sequence[x509.Certificate],
        clock: Callable[[], datetime],
        zone: tzinfo = UTC,
        retries: Sequence[float] = RETRIES,
    ) -> None:
        self.name = name
        self.region = Region(language, zone)
        self.state = PhoneState()
        self._apns, self._roots, self._clock, self._retries = apns, tuple(roots), clock, tuple(retries)
        self._errands = Errands(f"iphone-{name}")
        self._passd = Wire("passd", PASSD_AGENT, language, clock, self.state.record)
        self._web = Wire("Safari", SAFARI_AGENT, language, clock, self.state.record)
        self._safari = Safari(self._web, owner=name)
        self._push_token = token_hex(32)
        self._services: dict[tuple[str, str], UpdateService] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Go online."""
        self._apns.register(self._push_token, self.take_push)

    def stop(self) -> None:
        """Switch the phone off; what it is doing at the moment comes to its end first."""
        self._apns.disconnect(self._push_token)
        self._errands.stop()
        self._passd.close()
        self._web.close()

    def now(self) -> datetime:
        """The time on the phone's clock."""
        return self._clock().astimezone(self.region.zone)

    def shown(self, installed: InstalledPass) -> ShownPass:
        """The pass in the phone's language."""
        return ShownPass(installed.file, self.region)

    def wait_for(self, happened: Callable[[PhoneState], object], timeout: float = PATIENCE) -> None:
        """Wait until the phone is in a certain state. Raises TimeoutError after so many seconds."""
        if not self.state.wait_for(happened, timeout):
            raise TimeoutError(f"nothing of the kind on {self.name}'s phone in {timeout:g} seconds")

    # What the owner does

    def open(self, url: str) -> Future[None]:
        """Open an address in Safari, as a QR code says it, and add the pass that it leads to."""
        return self._errands.now(lambda: self._open(url))

    def pull_to_refresh(self, pass_id: str) -> Future[None]:
        """Pull the pass down to ask for a newer version of it."""
        return self._errands.now(lambda: self._refresh(pass_id))

    def set_automatic_updates(self, pass_id: str, on: bool) -> Future[None]:
        """The switch on the back of a pass."""
        return self._errands.now(lambda: self._set_automatic_updates(pass_id, on))

    def delete(self, pass_id: str) -> Future[None]:
        """Remove the pass from Wallet."""
        return self._errands.now(lambda: self._delete(pass_id))

    def reboot(self) -> Future[None]:
        """Switch off and on again: phones then ask whether they have missed anything."""
        return self._errands.now(self._ask_all)

    def renew_push_token(self) -> Future[None]:
        """What happens when a phone is restored: APNs gives it a new token, and the old one is dead."""
        return self._errands.now(self._renew_push_token)

    def set_airplane_mode(self, on: bool) -> None:
        """Offline, pushes wait at APNs; back online, the last of them arrives and what failed is tried again."""
        self._passd.offline = self._web.offline = on
        self.state.set_airplane_mode(on)
        if on:
            self._apns.disconnect(self._push_token)
        else:
            self._apns.register(self._push_token, self.take_push)
            self._errands.hurry()

    # What the phone does

    def take_push(self, token: str, topic: str) -> None:
        """What APNs calls."""
        self.state.record(Exchange(self._clock(), "APNs", f"push for {topic}", received=(f"to {shortened(token)}",)))
        self._errands.now(lambda: self._check(topic))

    def _check(self, topic: str) -> None:
        for service in list(self._services.values()):
            if service.pass_type_identifier == topic:
                self._try(service, partial(self._update, service, pushed=True))

    def _ask_all(self) -> None:
        for service in list(self._services.values()):
            self._try(service, partial(self._update, service))

    def _update(self, service: UpdateService, *, pushed: bool = False) -> None:
        serial_numbers = service.changed_serial_numbers()
        if pushed and not serial_numbers:
            service.complain_of_push()
        for serial_number in serial_numbers:
            pass_id = _pass_id(service.pass_type_identifier, serial_number)
            if self.state.find(pass_id):
                self._try(service, partial(self._fetch, service, pass_id, listed=True))
            else:
                service.complain(f"update requested for unregistered serial number {serial_number}")

    def _fetch(self, service: UpdateService, pass_id: str, *, listed: bool = False) -> None:
        """Get a pass from its service. listed: the service itself has said that it changed."""
        installed = self.state.find(pass_id)
        if installed is None:  # deleted before its turn came
            return
        answer = service.fetch(installed.file, installed.last_modified)
        new = self._received(installed.file, answer) if answer else installed.file
        # The first fetch has no Last-Modified to show: that it brings what Safari brought is nobody's mistake.
        if listed and installed.last_modified and new.digests == installed.file.digests:
            service.complain(f"{new.serial_number}: requested update but unchanged")
        if answer:
            self._replace(installed, new, answer.headers.get("Last-Modified"))

    def _received(self, old: PassFile, answer: Answer) -> PassFile:
        """The newer version in an answer. Raises BadAnswer."""
        new, faults = self._examined(answer.body)
        if new is None:
            raise BadAnswer(f"{old.serial_number}: received invalid pass data: {'; '.join(faults)}")
        wanted, got = ((each.pass_type_identifier, each.serial_number) for each in (old, new))
        if wanted != got:
            raise BadAnswer(f"requested {' '.join(wanted)}, received {' '.join(got)}")
        return new

    def _replace(self, installed: InstalledPass, new: PassFile, last_modified: str | None) -> None:
        """The newer version takes the place of the older one, and the lock screen may say so."""
        before, after = ShownPass(installed.file, self.region), ShownPass(new, self.region)
        now = self._clock()
        line = announcement(before, after) if installed.automatic_updates else None
        self.state.replace(
            replace(
                installed,
                file=new,
                last_modified=last_modified,
                updated_at=installed.updated_at if new.digests == installed.file.digests else now,
            ),
            Notification(now, installed.id, after.organization, line) if line else None,
        )

    def _open(self, url: str) -> None:
        try:
            pkpass = self._safari.find_pass(url)
        except NothingToAdd as error:
            self._show_alert(error.words, str(error))
            return
        file, faults = self._examined(pkpass)
        if file is None:
            self._show_alert(NOT_ADDED, *faults)
            return
        self._add(file)

    def _examined(self, pkpass: bytes) -> tuple[PassFile | None, tuple[str, ...]]:
        """The pass in the bytes; or else why it is not taken."""
        report = verify(pkpass, roots=self._roots, now=self._clock())
        if not report.ok:
            return None, report.faults
        if not any(style in report.pass_json for style in CLASSIC_STYLES):
            return None, (f"this phone shows passes of the styles {', '.join(CLASSIC_STYLES)}",)
        return read_pass_file(report), ()

    def _add(self, file: PassFile) -> None:
        pass_id = _pass_id(file.pass_type_identifier, file.serial_number)
        self.state.add(InstalledPass(pass_id, file, self._clock()))
        self.state.show_alert(None)
        if service := self._service(file):
            self._try(service, partial(self._register, service, pass_id))

    def _service(self, file: PassFile) -> UpdateService | None:
        """The web service of a pass: as known so far, or as a new acquaintance."""
        url = file.web_service_url
        if url is None:
            return None
        key = (file.pass_type_identifier, url)
        if key not in self._services:
            self._services[key] = UpdateService(self._passd, self._clock, *key, device_library_identifier=token_hex(16))
        return self._services[key]

    def _register(self, service: UpdateService, pass_id: str) -> None:
        installed = self.state.find(pass_id)
        if installed is None or not installed.automatic_updates:  # the owner has thought better of it meanwhile
            return
        known = service.tag is not None
        service.register(installed.file, self._push_token)
        self._try(service, partial(self._update, service))
        if known:
            self._try(service, partial(self._fetch, service, pass_id))

    def _refresh(self, pass_id: str) -> None:
        installed = self.state.find(pass_id)
        service = self._service(installed.file) if installed else None
        if service is None:
            return
        try:
            self._fetch(service, pass_id)
        except NoConnection as error:
            self._show_alert(NOT_REFRESHED, str(error))
        except BadAnswer as error:
            service.complain(str(error))
            self._show_alert(NOT_REFRESHED, str(error))

    def _set_automatic_updates(self, pass_id: str, on: bool) -> None:
        installed = self.state.find(pass_id)
        if installed is None or installed.automatic_updates == on:
            return
        self.state.replace(replace(installed, automatic_updates=on))
        if service := self._service(installed.file):
            act = partial(self._register, service, pass_id) if on else partial(self._unregister, service, installed)
            self._try(service, act)

    def _unregister(self, service: UpdateService, installed: InstalledPass) -> None:
        now = self.state.find(installed.id)
        if now is None or not now.automatic_updates or self._service(now.file) is not service:
            service.unregister(installed.file)

    def _delete(self, pass_id: str) -> None:
        installed = self.state.remove(pass_id)
        service = self._service(installed.file) if installed else None
        if installed is None or service is None:
            return
        if installed.automatic_updates:
            self._try(service, partial(self._unregister, service, installed))
        if not any(self._service(other.file) is service for other in self.state.passes):
            # Nothing is left from there: should one of its passes come again, it will look like another phone to it.
            self._services = {key: other for key, other in self._services.items() if other is not service}

    def _renew_push_token(self) -> None:
        old, self._push_token = self._push_token, token_hex(32)
        self._apns.forget(old, since=self._clock())
        self._apns.register(self._push_token, self.take_push)
        for installed in self.state.passes:
            if service := self._service(installed.file):
                self._try(service, partial(self._register, service, installed.id))

    def _try(self, service: UpdateService, act: Act, tries: int = 0) -> None:
        """Do it now, and again later when the service cannot be reached or answers with a status that nobody knows."""
        try:
            act()
        except NoConnection:
            self._try_later(service, act, tries)
        except UnexpectedStatus as error:
            service.complain(str(error))
            self._try_later(service, act, tries)
        except BadAnswer as error:
            service.complain(str(error))

    def _try_later(self, service: UpdateService, act: Act, tries: int) -> None:
        if tries < len(self._retries):
            self._errands.later(self._retries[tries], lambda: self._try(service, act, tries + 1))

    def _show_alert(self, words: str, *reasons: str) -> None:
        self.state.show_alert(Alert(words, reasons))


def _pass_id(pass_type_identifier: str, serial_number: str) -> str:
    return sha256(f"{pass_type_identifier}/{serial_number}".encode()).hexdigest()[:12]
