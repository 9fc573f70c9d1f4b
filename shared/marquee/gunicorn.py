"""gunicorn's settings for every service: `gunicorn -c shared/marquee/gunicorn.py 'services.movies:create_app()'`.

Environment: PORT, HOST (127.0.0.1), WEB_CONCURRENCY (1), THREADS (8), WORKER_CLASS (gthread; web: gevent).
"""

import gc
import os
from typing import Any

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '5000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = int(os.environ.get("THREADS", "8"))
worker_class = os.environ.get("WORKER_CLASS", "gthread")
worker_connections = 2000
# Load once, fork after: the arbiter and its worker share what was imported. Not under gevent, whose worker must
# patch the standard library before anything else is imported.
preload_app = worker_class == "gthread"
# Long, so that the pooled connections of our own clients are seldom closed just as they are used again.
keepalive = 30
timeout = 30
graceful_timeout = 20
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"
proc_name = f"marquee-{os.environ.get('SERVICE', 'service')}"


def pre_fork(server: Any, worker: Any) -> None:
    # What is here now stays: the collector need not touch it, so its pages stay shared.
    gc.collect()
    gc.freeze()


def worker_int(worker: Any) -> None:
    _drain(worker)


def worker_exit(server: Any, worker: Any) -> None:
    _drain(worker)


def child_exit(server: Any, worker: Any) -> None:
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def _drain(worker: Any) -> None:
    app = getattr(worker, "wsgi", None)
    if app is not None and hasattr(app, "extensions"):
        app.extensions["marquee.draining"] = True
