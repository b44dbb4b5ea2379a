# SPDX-License-Identifier: Apache-2.0
"""Notes on a page.

    GET  /            the page
    POST /            a note from the page's form
    GET  /api/notes   the newest notes, which copy of the application answers, and how many pages each has shown
    POST /api/notes   a note: {"text": "…"}
    GET  /health      200 where database and cache can be reached
"""

import html
import http.server
import json
import pathlib
import signal
import socket
import string
import sys
import urllib.parse

import psycopg2
import redis
import settings

HERE = socket.gethostname()
PAGE = string.Template((pathlib.Path(__file__).parent / "page.html").read_text(encoding="utf-8"))
CACHE = settings.cache()


def read_notes():
    with settings.database() as connection, connection.cursor() as cursor:
        cursor.execute("select id, text, author, written from notes order by written desc limit 20")
        return [
            {"id": id, "text": text, "author": author, "written": written.isoformat()}
            for id, text, author, written in cursor
        ]


def write_note(text):
    with settings.database() as connection, connection.cursor() as cursor:
        cursor.execute("insert into notes (text, author) values (%s, %s) returning id", (text, HERE))
        return {"id": cursor.fetchone()[0], "text": text, "author": HERE}


def read_counts():
    return {name: int(count) for name, count in CACHE.hgetall("pages").items()}


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer({"/": self.page, "/api/notes": self.list_notes, "/health": self.health})

    def do_POST(self):
        self.answer({"/": self.post_form, "/api/notes": self.post_note})

    def answer(self, routes):
        try:
            routes.get(self.path, self.unknown)()
        except (psycopg2.OperationalError, redis.RedisError) as error:
            self.send(503, {"error": str(error).strip()})
        except (psycopg2.errors.CheckViolation, ValueError, KeyError, TypeError):
            self.send(400, {"error": 'a note is {"text": "…"} with 1 to 500 characters'})

    def page(self):
        CACHE.hincrby("pages", HERE)
        notes = "".join(
            f"<li>{html.escape(note['text'])}<small>{note['written']:.19} by {note['author']}</small></li>"
            for note in read_notes()
        )
        counts = "".join(f"<li>{name}: {count}</li>" for name, count in sorted(read_counts().items()))
        self.send(200, PAGE.substitute(here=HERE, notes=notes, counts=counts), "text/html; charset=utf-8")

    def post_form(self):
        write_note(urllib.parse.parse_qs(self.body())["text"][0])
        self.send_response(303)
        self.send_header("Location", "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def list_notes(self):
        self.send(200, {"answered_by": HERE, "notes": read_notes(), "pages": read_counts()})

    def post_note(self):
        self.send(201, write_note(json.loads(self.body())["text"]))

    def health(self):
        CACHE.ping()
        settings.database().close()
        self.send(200, {"status": "ok"})

    def unknown(self):
        self.send(404, {"error": f"nothing at {self.path}"})

    def body(self):
        return self.rfile.read(min(int(self.headers.get("Content-Length", 0)), 10_000)).decode()

    def send(self, status, body, kind="application/json"):
        data = (body if isinstance(body, str) else json.dumps(body) + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code="-", size="-"):
        if self.path != "/health":
            print(self.command, self.path, int(code), flush=True)


if __name__ == "__main__":
    # The first process of a container has no default for signals.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("listening on port 8000", flush=True)
    http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
