"""What the lock screen says when a pass has been replaced by a newer version of itself.

Source: Apple, Wallet Passes, "PassFieldContent" (changeMessage); what iOS says when a message has no `%@`, and when two
fields have something to say, has been seen on devices.
"""

from datetime import datetime

from walletpass.i18n import N_, translate
from walletpass.sandbox.pass_file import JsonField, ShownPass

VALUE = "%@"

_CHANGED = {
    "storeCard": N_("Store card changed"),
    "coupon": N_("Coupon changed"),
    "eventTicket": N_("Event ticket changed"),
    "boardingPass": N_("Boarding pass changed"),
    "generic": N_("Pass changed"),
}


def announcement(old: ShownPass, new: ShownPass) -> str | None:
    """The line on the lock screen; None when the pass changes silently.

    Fields are compared by key. A field speaks when what it shows has changed and the new version has a message.
    """
    speaking = [field for key, field in new.file.fields.items() if _speaks(old, new, key)]
    if not speaking:
        return None
    message = new.text(speaking[0]["changeMessage"])
    if len(speaking) > 1 or VALUE not in message:
        return translate(new.region.language, _CHANGED[new.file.style])
    return message.replace(VALUE, new.value(speaking[0]), 1)


def has_expired(shown: ShownPass, now: datetime) -> bool:
    """Whether the pass's own expiration date has passed."""
    until = shown.file.pass_json.get("expirationDate")
    return until is not None and datetime.fromisoformat(until) <= now


def _speaks(old: ShownPass, new: ShownPass, key: str) -> bool:
    before: JsonField | None = old.file.fields.get(key)
    now = new.file.fields[key]
    return before is not None and "changeMessage" in now and old.value(before) != new.value(now)
