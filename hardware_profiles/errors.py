"""Every deliberate error of this package: what came, what is allowed, what to do next."""

from search_engine.errors import SearchEngineError


class HardwareError(SearchEngineError):
    """Base class; `code` is stable and machine-readable."""

    code = "hardware_error"


class HostLockError(HardwareError):
    """The files of the host lock cannot be used."""

    code = "host_lock"


class HostBusyError(HostLockError):
    """The host could not be had alone in time, because trainings did not give way."""

    code = "host_busy"


class DeviceMismatchError(HardwareError):
    """The device describes another machine than the one that is asked to measure."""

    code = "device_mismatch"


class DeviceDisabledError(HardwareError):
    """The device was switched off by a member of the staff."""

    code = "device_disabled"


class PreparationError(HardwareError):
    """A runtime cannot run this network."""

    code = "preparation_failed"


class TableError(HardwareError):
    """A table cannot be read, or does not fit the device or the search space."""

    code = "invalid_table"


class MissingRowError(TableError):
    """A table has no usable row for an architecture, or for one of its layers."""

    code = "missing_row"


class DeviceMetricError(HardwareError):
    """A device does not give this metric, or knows nothing of this search space."""

    code = "device_metric"


class AgentCodeError(HardwareError):
    """The code that an agent wants to register with is not valid."""

    code = "invalid_code"


class AgentFailedError(HardwareError):
    """An agent could not measure a network, or gave up."""

    code = "agent_failed"


class AgentResultError(HardwareError):
    """An agent's result is inconsistent: its numbers do not follow from its samples."""

    code = "invalid_result"


class ProfilingError(HardwareError):
    """A device cannot be profiled, or a profiling run cannot go on."""

    code = "profiling_failed"


class NotProfiledError(HardwareError):
    """There is no model that could answer for this device and search space."""

    code = "not_profiled"


class NotMeasurableError(HardwareError):
    """This host offers no way to measure that, or the way it offers gave no usable number."""

    code = "not_measurable_here"
