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
