# SPDX-License-Identifier: Apache-2.0
"""Where the database and the cache are, from the variables and secrets of the container."""

import os

import psycopg2
import redis


def secret(variable):
    """The text of the file that a variable names."""
    with open(os.environ[variable], encoding="utf-8") as file:
        return file.read().rstrip("\n")


def database():
    """A new connection to the database."""
    return psycopg2.connect(
        os.environ["DATABASE_URL"], password=secret("DATABASE_PASSWORD_FILE"), connect_timeout=3
    )


def cache():
    """A client of the cache, which connects when it is asked for something."""
    return redis.Redis.from_url(
        os.environ["CACHE_URL"],
        password=secret("CACHE_PASSWORD_FILE"),
        decode_responses=True,
        socket_connect_timeout=3,
    )
