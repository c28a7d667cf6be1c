"""From a face to a signed .pkpass, fast for the second card of a program and for the second visit of a card."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from walletpass.apple.bundle import Files, bundle
from walletpass.apple.certificates import Identity
from walletpass.apple.pass_json import (
    Issuer,
    Shared,
    Texts,
    WrittenField,
    authentication_token,
    pass_json,
    shared,
    strings_in_every_language,
    write_field,
    write_fields,
)
from walletpass.apple.signing import Signer
from walletpass.apple.validation import SERIAL_NUMBER, WEIGHT_BUDGET, faults, too_heavy
from walletpass.i18n import LANGUAGES
from walletpass.keys import Keyring
from walletpass.passes.cache import Cache
from walletpass.passes.face import Face, Field, FieldKey, Scale

DESIGNS_KEPT = 256
PICTURES_KEPT = 512  # of about 50 kB; a design has one strip per number of stamps
TEXTS_KEPT = 2048  # of about 5 kB
FIELDS_KEPT = 4096

OF_ONE_CARD: frozenset[FieldKey] = frozenset({"name", "card"})
"""Fields that no two cards share, and that are not worth remembering."""

MOST_HEADER_FIELDS = 3
MOST_SECONDARY_FIELDS = 4

_Pictures = tuple[tuple[Scale, bytes], ...]


class UnfitPass(Exception):
    """A pass that Wallet would refuse or show badly; `faults` says all that is wrong with it."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class PassRenderer:
    """Renders the passes of one installation. Threads may share it.

    identity: signs; its pass type and team identifiers go into every pass.
    base_url: the public address; phones ask `base_url/apple` for updates.
    """

    def __init__(self, identity: Identity, keyring: Keyring, base_url: str) -> None:
        self._issuer = Issuer(identity.pass_type_identifier, identity.team_identifier, f"{base_url}/apple")
        self._signer = Signer(identity)
        self._keyring = keyring
        self._shared: Cache[str, Shared] = Cache(DESIGNS_KEPT)
        self._with_pictures: Cache[tuple[str, _Pictures], Files] = Cache(PICTURES_KEPT)
        self._with_texts: Cache[object, Files] = Cache(TEXTS_KEPT)
        self._fields: dict[int, tuple[Field, WrittenField]] = {}

    @property
    def pass_type_identifier(self) -> str:
        """The pass type of all passes that are rendered here."""
        return self._issuer.pass_type_identifier

    def render(self, face: Face, key_id: str | None, now: datetime) -> bytes:
        """The finished .pkpass. now: the signing time.

        key_id: the secret key that the card was issued under, see `walletpass.keys.Keyring`.
        Raises UnfitPass, CertificateExpired, CertificateNotYetValid, walletpass.keys.RetiredKey.
        """
        token = authentication_token(self._keyring, key_id, self._issuer.pass_type_identifier, face.serial_number)
        try:
            part = self._shared.get(face.static_key, lambda: shared(face, self._issuer))
            fields = write_fields(face, self._written)
            if wrong := [*_faults_of_the_card(face, part), *fields.faults, *part.faults]:
                raise UnfitPass(wrong)
            document = pass_json(face, part, fields, token)
            files = self._files(face, part, document, fields.texts)
        except UnicodeEncodeError:
            raise UnfitPass(["a text holds half a character (a lone surrogate); type it again"]) from None
        if (weight := files.weight + len(document)) > WEIGHT_BUDGET:
            raise UnfitPass([too_heavy(weight).words])
        return bundle(files, document, lambda manifest: self._signer.sign(manifest, now))

    def _written(self, field: Field) -> WrittenField:
        """The field as written before: cards in the same state share their fields, so they are known by identity.

        What is remembered holds on to the field, so that no other one can come to have its id. The oldest need not go
        first: writing all anew once in thousands of passes costs less than keeping an order would for each.
        """
        if field.key in OF_ONE_CARD:
            return write_field(field)
        known = self._fields.get(id(field))
        if known is not None and known[0] is field:
            return known[1]
        if len(self._fields) >= FIELDS_KEPT:
            self._fields.clear()
        written = write_field(field)
        self._fields[id(field)] = field, written
        return written

    def _files(self, face: Face, part: Shared, document: bytes, texts: Texts) -> Files:
        """Pictures and strings, ready to be bundled."""
        strip = tuple(face.strip.items())
        return self._with_texts.get(
            (face.static_key, strip, texts),
            lambda: self._pictures(face, part, document, texts, strip).plus(_strings(part, texts)),
        )

    def _pictures(self, face: Face, part: Shared, document: bytes, texts: Texts, strip: _Pictures) -> Files:
        return self._with_pictures.get((face.static_key, strip), lambda: _checked_pictures(face, part, document, texts))


def _strings(part: Shared, texts: Texts) -> dict[str, bytes]:
    if not texts and not any(part.strings):
        return {}
    own = strings_in_every_language(texts)
    return {
        f"{language}.lproj/pass.strings": shared_lines + own_lines
        for language, shared_lines, own_lines in zip(LANGUAGES, part.strings, own, strict=True)
    }


def _checked_pictures(face: Face, part: Shared, document: bytes, texts: Texts) -> Files:
    """The pictures of a design with one of its strips, after the whole pass has been examined. Raises UnfitPass."""
    pictures = {
        **_scaled("icon", face.icon),
        **_scaled("logo", face.logo),
        **_scaled("strip", face.strip),
    }
    if wrong := faults(json.loads(document), {"pass.json": document, **pictures, **_strings(part, texts)}):
        raise UnfitPass(wrong)
    return Files().plus(pictures)


def _scaled(name: str, images: Mapping[Scale, bytes]) -> dict[str, bytes]:
    return {f"{name}{f'@{scale}x' if scale > 1 else ''}.png": images[scale] for scale in sorted(images)}


def _faults_of_the_card(face: Face, part: Shared) -> list[str]:
    """What a single card may get wrong although its program's design was found fit: asked for every pass."""
    faults = []
    if not SERIAL_NUMBER.fullmatch(face.serial_number):
        faults.append(
            f"the serial number {face.serial_number!r} may hold only letters, digits, dot, hyphen, underscore"
        )
    if not face.barcode.message or not _is_latin_1(face.barcode.message):
        faults.append("the barcode is empty or holds signs that scanners cannot read; use letters and digits")
    if len(face.header) > MOST_HEADER_FIELDS or len(face.secondary) > MOST_SECONDARY_FIELDS:
        faults.append(
            f"Wallet shows {MOST_HEADER_FIELDS} header and {MOST_SECONDARY_FIELDS} secondary fields; drop the rest"
        )
    fields = (*face.header, *face.secondary, *face.back)
    keys = {field.key for field in fields}
    if len(keys) < len(fields) or not part.back_keys.isdisjoint(keys):
        faults.append("two fields have the same key; every field of a pass needs its own")
    if len([field for field in fields if field.change_message is not None]) > 1:
        faults.append("more than one field has a change message; the phone would only say that the card has changed")
    return faults


def _is_latin_1(text: str) -> bool:
    try:
        text.encode("iso-8859-1")
    except UnicodeEncodeError:
        return False
    return True
