#!/bin/sh
# Installs the Debian packages that the tests use. Does nothing where it may not; the tests then say what is missing.
set -eu
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 0

wanted=""
command -v chromium >/dev/null || wanted="$wanted chromium"
command -v openssl >/dev/null || wanted="$wanted openssl"
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || wanted="$wanted postgresql"
[ -z "$wanted" ] && exit 0

echo "installing:$wanted"
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $wanted >/dev/null
