"""`python -m walletpass`: the command line."""

from walletpass.cli import main

main()
