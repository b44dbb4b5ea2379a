# SPDX-License-Identifier: Apache-2.0
"""Brings the tables of the database up to date: runs each file of migrations/ once, in the order of their names."""

import pathlib

import settings

with settings.database() as connection, connection.cursor() as cursor:
    cursor.execute("create table if not exists migrations (name text primary key)")
    cursor.execute("select name from migrations")
    done = {name for (name,) in cursor}
    for file in sorted((pathlib.Path(__file__).parent / "migrations").glob("*.sql")):
        if file.name not in done:
            print("running", file.name)
            cursor.execute(file.read_text())
            cursor.execute("insert into migrations values (%s)", (file.name,))
print("the tables are up to date")
