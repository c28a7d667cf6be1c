"""What a pretend phone shows, ready to be drawn, in the phone's own language."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

from babel.dates import format_date, format_time, format_timedelta

from walletpass.i18n import N_, translate
from walletpass.sandbox.iphone import IPhone
from walletpass.sandbox.pass_file import Region
from walletpass.sandbox.phone_state import Alert, InstalledPass, Notification
from walletpass.sandbox.wallet_view import PassView, Picture, view_of

SHOWN_NOTIFICATIONS = 6

_YEAR = re.compile(r",? ?y\.? ?")


class Labels(NamedTuple):
    """The words of iOS itself."""

    no_passes: str
    show: str
    details: str
    done: str
    automatic_updates: str
    refresh: str
    remove: str
    voided: str
    expired: str
    clear: str


class WalletPass(NamedTuple):
    """A pass in Wallet: what is drawn of it, and what Wallet adds on its back.

    can_update: whether it has a web service to be updated from.
    """

    id: str
    view: PassView
    updated: str
    can_update: bool
    automatic_updates: bool

    @property
    def colours(self) -> str:
        """The colours of the pass, in one word."""
        return self.view.colours


class LockScreenLine(NamedTuple):
    """A notification. key: its own as long as it is there."""

    key: str
    icon: Picture | None
    organization: str
    text: str
    when: str


class ShownAlert(NamedTuple):
    text: str
    reasons: Sequence[str]


@dataclass(frozen=True)
class PhoneView:
    """One phone. number: its place on the page, from 1."""

    number: int
    name: str
    language: str
    time: str
    day: str
    airplane_mode: bool
    alert: ShownAlert | None
    notifications: Sequence[LockScreenLine]
    passes: Sequence[WalletPass]
    labels: Labels
    kind: str = "iphone"


def phone_view(number: int, phone: IPhone) -> PhoneView:
    """The phone as it looks now."""
    now, region, state = phone.now(), phone.region, phone.state
    passes = [_wallet_pass(phone, each, now) for each in state.passes]
    icons = {each.id: each.view.icon for each in passes}
    return PhoneView(
        number=number,
        name=phone.name,
        language=region.language,
        time=f"{now:%H:%M}",
        day=format_date(now, _YEAR.sub("", region.locale.date_formats["full"].pattern), locale=region.locale),
        airplane_mode=state.airplane_mode,
        alert=shown_alert(state.alert, region),
        notifications=[
            shown_line(each, icons.get(each.pass_id), now, region) for each in state.notifications[:SHOWN_NOTIFICATIONS]
        ],
        passes=passes,
        labels=_labels(region.language),
    )


def shown_alert(alert: Alert | None, region: Region) -> ShownAlert | None:
    """The alert on top of everything."""
    return ShownAlert(translate(region.language, alert.words), alert.reasons) if alert else None


def _wallet_pass(phone: IPhone, installed: InstalledPass, now: datetime) -> WalletPass:
    return WalletPass(
        id=installed.id,
        view=view_of(phone.shown(installed), now),
        updated=translate(
            phone.region.language, N_("Updated: %(moment)s"), moment=_moment(installed.updated_at, now, phone.region)
        ),
        can_update=installed.file.web_service_url is not None,
        automatic_updates=installed.automatic_updates,
    )


def shown_line(notification: Notification, icon: Picture | None, now: datetime, region: Region) -> LockScreenLine:
    """A notification as it is shown now."""
    said = f"{notification.at.isoformat()} {notification.pass_id} {notification.text}"
    return LockScreenLine(
        key=sha256(said.encode()).hexdigest()[:12],
        icon=icon,
        organization=notification.organization,
        text=notification.text,
        when=_age(notification.at, now, region),
    )


def _age(at: datetime, now: datetime, region: Region) -> str:
    """How long ago, as short as a lock screen says it."""
    age = now - at
    if age.total_seconds() < 60:
        return translate(region.language, N_("now"))
    return format_timedelta(age, "minute", threshold=1, add_direction=True, format="narrow", locale=region.locale)


def _moment(at: datetime, now: datetime, region: Region) -> str:
    """The time of a moment today, the date of any other."""
    local = at.astimezone(region.zone)
    if local.date() == now.date():
        return format_time(local, "short", tzinfo=region.zone, locale=region.locale)
    return format_date(local, "medium", locale=region.locale)


def _labels(language: str) -> Labels:
    return Labels(
        *(
            translate(language, text)
            for text in (
                N_("No cards yet"),
                N_("Show this card"),
                N_("Pass details"),
                N_("Done"),
                N_("Automatic updates"),
                N_("Pull to refresh"),
                N_("Remove pass"),
                N_("No longer valid"),
                N_("Expired"),
                N_("Clear"),
            )
        )
    )
