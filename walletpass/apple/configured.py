"""The identity that an installation's settings name."""

from walletpass.apple.certificates import Identity, load_identity
from walletpass.settings import Settings


def configured_identity(settings: Settings) -> Identity | None:
    """Who signs the passes; None where Apple Wallet is not set up. Raises CertificateError."""
    if settings.apple_certificate is None:
        return None
    password = settings.apple_key_password
    return load_identity(
        settings.apple_certificate,
        settings.apple_key,
        password.get_secret_value() if password else None,
        settings.apple_wwdr_certificate,
    )
