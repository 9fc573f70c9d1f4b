"""What Stripe's objects do: each module is one kind of object and its rules."""
