"""Tickets that cost less, as website, paper, mail and door agree on them."""

# Whoever has one of these brings a card to the door. A child brings none: the door looks.
WITH_CARD = ("student", "senior", "carer")
