"""What an operator does to a Marquee that runs: back it up, bring it back, check its books, rotate its secrets.

One place for both ways to run: addresses come from the environment, `python -m local` fills it in for `make run`.
"""
