"""One process that does everything: web server, worker and schedule, each in a thread of its own."""

import os
import signal
import socket
import threading
from collections.abc import Callable

import waitress
from celery import current_app
from celery.beat import Scheduler, Service
from django.core.servers.basehttp import get_internal_wsgi_application

from consent.demo.place import HOST

WEB_THREADS = 8
WORKER_THREADS = 4  # so that two long jobs hold up neither the log nor the mail
# The application answers a body over 1 MB with a sentence; the server only stops what is absurd.
LARGEST_BODY = 64 * 1024 * 1024
SECONDS_TO_STOP = 2.0
STOPPING = (signal.SIGINT, signal.SIGTERM)


class PortTakenError(Exception):
    """Somebody else took the port since it was last looked at."""


def serve(*, port: int, ready: Callable[[], None], leaving: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; call `ready` as soon as requests are answered, and `leaving` at the end.

    Raises:
        PortTakenError: the port is in use.
    """
    listener = _listener(port)
    # Blocked in every thread that follows, and waited for at the end: a handler could run while the
    # main thread holds the lock that the handler needs, and then nothing would ever stop.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    web = _web(listener)
    worker = current_app.WorkController(
        hostname="demo@localhost",
        pool_cls="threads",
        concurrency=WORKER_THREADS,
        without_gossip=True,
        without_heartbeat=True,
        without_mingle=True,
    )
    schedule = Service(app=current_app, scheduler_cls=Scheduler)
    _start(worker.start)
    _start(web.run)
    _start(schedule.start)
    ready()
    signal.sigwait(STOPPING)
    leaving()
    _leave_in_time()
    schedule.stop()
    web.task_dispatcher.shutdown(timeout=1)
    worker.stop()  # what runs is finished; the thread itself waits for messages and ends with us


def _start(run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def _listener(port: int) -> socket.socket:
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        raise PortTakenError from error


def _web(listener: socket.socket) -> waitress.server.TcpWSGIServer:
    return waitress.create_server(
        get_internal_wsgi_application(),
        sockets=[listener],
        threads=WEB_THREADS,
        clear_untrusted_proxy_headers=True,
        max_request_body_size=LARGEST_BODY,
        ident=None,
    )


def _leave_in_time() -> None:
    """Whoever pressed Ctrl-C waits no longer; what is unfinished is rolled back, as after a power cut."""
    end = threading.Timer(SECONDS_TO_STOP, os._exit, [0])
    end.daemon = True
    end.start()
