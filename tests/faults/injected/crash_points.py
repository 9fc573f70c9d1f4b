"""Where a program can be made to die: the twelve crash points, each by the call whose before and after it is.

Point: (the program it happens in, module, function).
"""

POINTS = {
    # The hold: before, nothing is written; after, committed and the answer never sent.
    "C1": ("movies", "services.movies.domain.holds", "hold_at_once"),
    # The outbox: before, taken and not sent; after, the broker has it and nobody noted so.
    "C2": ("movies-worker", "marquee.messaging.streams", "StreamsPublisher.publish"),
    "C3": ("movies-worker", "marquee.messaging.relay", "Relay._mark"),
    # The attempt: before and after its row is written.
    "C4": ("payment-worker", "services.payment.domain.payments", "open_payment"),
    # The call to Stripe: before, the row stands and Stripe knows nothing; after, Stripe acted and we never heard.
    "C5": ("payment-worker", "services.payment.provider", "StripeProvider.open"),
    # Stripe's answer: before and after it is noted, in a transaction that never commits.
    "C6": ("payment-worker", "services.payment.domain.payments", "opened"),
    # An event: before, delivered; after, its effects are committed and nobody acknowledged it.
    "C7": ("movies-worker", "marquee.messaging.consumer", "Consumer._run_handlers"),
    # A webhook: before and after it is stored, in a transaction that never commits.
    "C8": ("payment", "services.payment.domain.payments", "receive_webhook"),
    # Money after the time was up: before and after the seats are claimed again.
    "C9": ("movies-worker", "services.movies.domain.settlement", "_take_seats_back"),
    # The refund: before it is asked for; after, Stripe gave it back and we never heard.
    "C10": ("payment-worker", "services.payment.provider", "StripeProvider.refund"),
    # The tickets: before and after their rows are written.
    "C11": ("ticket-worker", "services.ticket.domain.tickets", "issue_tickets"),
    # The mail: before it is sent; after, the server took it and nobody noted so.
    "C12": ("notification-worker", "services.notification.mailer", "SmtpMailer.send"),
}
