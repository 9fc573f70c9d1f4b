"""gunicorn's settings for every service: `gunicorn -c shared/marquee/gunicorn.py 'services.movies:create_app()'`.

Environment: SERVICE, PORT, HOST (127.0.0.1), THREADS (8), WORKER_CLASS (gthread; web and movies: gevent),
DRAIN_SECONDS (5): how long after SIGTERM it is not ready but still serves, before it closes its door;
RELOAD (1: read changed code anew, for developers).
"""

import gc
import mmap
import os
import signal
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '5000')}"
# More of them are more containers: metrics and what is kept in memory are one process's.
workers = 1
threads = int(os.environ.get("THREADS", "8"))
# Many look at pages and reach for seats at the same moment (decision 5).
_usual_class = "gevent" if os.environ.get("SERVICE") in ("web", "movies") else "gthread"
worker_class = os.environ.get("WORKER_CLASS") or _usual_class
worker_connections = 2000
# Load once, fork after: the arbiter and its worker share what was imported. Not under gevent, whose worker must
# patch the standard library before anything else is imported.
reload = os.environ.get("RELOAD") == "1"
preload_app = worker_class == "gthread" and not reload
# Long, so that the pooled connections of our own clients are seldom closed just as they are used again.
keepalive = 30
timeout = 30
graceful_timeout = 18
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
proc_name = f"marquee-{os.environ.get('SERVICE', 'service')}"


def pre_fork(server: Any, worker: Any) -> None:
    # What is here now stays: the collector need not touch it, so its pages stay shared.
    gc.collect()
    gc.freeze()


def when_ready(server: Any) -> None:
    signal.signal(signal.SIGTERM, lambda *_: _drain(server))


def post_worker_init(worker: Any) -> None:
    extensions = getattr(worker.wsgi, "extensions", {})
    extensions["marquee.is_draining"] = _is_draining
    if worker_class == "gevent" and "marquee.database" in extensions:
        from marquee import green

        green.install()
        worker.wsgi = green.at_most(threads, worker.wsgi)


def pre_request(worker: Any, request: Any) -> None:
    if _is_draining():
        # Each answer now says "Connection: close", so that pooled connections leave while the door is still open.
        worker.cfg.set("keepalive", 0)


# --- leaving without losing a request -----------------------------------------------------------------
#
# gunicorn closes its socket at the first SIGTERM, before anybody could know. So the signal first only makes
# /readyz say 503; when those who ask had time to send their requests elsewhere, gunicorn gets to see it.

_drain_seconds = float(os.environ.get("DRAIN_SECONDS", "5"))
_flag = mmap.mmap(-1, 1)  # anonymous and shared: what the arbiter writes its workers read


def _is_draining() -> bool:
    return _flag[0] == 1


def _drain(server: Any) -> None:
    """Once; a second SIGTERM does not wait."""
    if _is_draining() or not _drain_seconds:
        server.signal(signal.SIGTERM, None)
        return
    _flag[0] = 1
    signal.signal(signal.SIGALRM, lambda *_: server.signal(signal.SIGTERM, None))
    signal.setitimer(signal.ITIMER_REAL, _drain_seconds)
