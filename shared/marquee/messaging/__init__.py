"""Events between services: recorded with their cause, published once confirmed, handled once.

outbox.record -> relay -> broker (RabbitMQ or Redis Streams) -> consumer -> inbox and handler in one transaction.
"""
