"""The metadata of the movies service's tables."""

from sqlalchemy.orm import DeclarativeBase

from marquee.db import new_metadata


class Base(DeclarativeBase):
    metadata = new_metadata()
