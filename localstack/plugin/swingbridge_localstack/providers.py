"""Provider plugins: elbv2 and autoscaling, which LocalStack's free runtime bundles (in moto) but does not route."""

from localstack.aws.spec import load_service
from localstack.services.moto import call_moto
from localstack.services.plugins import Service, aws_provider


class MotoService:
    """A provider without code of its own: LocalStack only asks it for the service's name."""

    def __init__(self, service):
        self.service = service


def _moto_service(name, **own_handlers):
    # One handler for every operation of the model. LocalStack parses and serializes; moto keeps the state.
    # An operation which moto lacks is answered as InternalFailure (501).
    def table(_provider):
        operations = load_service(name).operation_names
        to_moto = {operation: lambda context, request: call_moto(context) for operation in operations}
        return to_moto | own_handlers

    return Service.for_provider(MotoService(name), dispatch_table_factory=table)


@aws_provider()
def elbv2():
    return _moto_service("elbv2")


@aws_provider()
def autoscaling():
    # Imported here, as moto takes long to import and this module is loaded to list the providers.
    from swingbridge_localstack.autoscaling import HANDLERS

    return _moto_service("autoscaling", **HANDLERS)


@aws_provider(api="sts", name="moto")
def sts_moto():
    # Chosen by PROVIDER_OVERRIDE_STS on Python 3.11, which LocalStack's own sts cannot be imported on.
    return _moto_service("sts")
