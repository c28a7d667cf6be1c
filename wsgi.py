"""The WSGI entry point for any server: `gunicorn wsgi:app`, `granian --interface wsgi wsgi:app`."""

from walletpass.app import Application
from walletpass.settings import read_settings

application = Application(read_settings())
application.start()
app = application.wsgi
