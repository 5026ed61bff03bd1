"""Hooks which run before LocalStack builds its server: loopback only, and one gap of Python 3.12 and older."""

import os
import sys
import warnings

from localstack.runtime import hooks


@hooks.on_runtime_create()
def loopback_only():
    # LocalStack hands twisted the port of GATEWAY_LISTEN but not its host, so it would bind every interface.
    from twisted.internet import endpoints

    class LoopbackEndpoint(endpoints.TCP4ServerEndpoint):
        def __init__(self, reactor, port, backlog=50, interface="127.0.0.1"):
            super().__init__(reactor, port, backlog, interface)

        def listen(self, protocol_factory):
            return super().listen(protocol_factory).addErrback(_cannot_listen)

    endpoints.TCP4ServerEndpoint = LoopbackEndpoint


def _cannot_listen(failure):
    # LocalStack drops this failure and would run on without a socket while another process answers on its port.
    print(f"swingbridge: cannot listen: {failure.getErrorMessage()}", file=sys.stderr, flush=True)
    os._exit(1)


@hooks.on_runtime_create()
def warnings_deprecated():
    # LocalStack imports warnings.deprecated, which Python has since 3.13; typing_extensions has the same decorator.
    if not hasattr(warnings, "deprecated"):
        from typing_extensions import deprecated

        warnings.deprecated = deprecated
