"""`python -m headway`: the command line without its script on the PATH."""

from headway.cli.main import main

main(prog_name="headway")
