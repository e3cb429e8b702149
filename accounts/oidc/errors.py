"""Why a log-in with a provider failed. `code` goes into the log; nothing of what was received does."""


class ProviderError(Exception):
    """The provider did not prove who this is."""

    code = "provider-answer-wrong"


class NotStartedError(ProviderError):
    """Nothing was started in this browser that this answers."""

    code = "provider-not-started"


class StoppedError(ProviderError):
    """The person, or the provider, did not go on."""

    code = "provider-stopped"


class UnreachableError(ProviderError):
    """It did not answer, or not in time, or not in a way that can be read."""

    code = "provider-unreachable"


class LevelTooLowError(ProviderError):
    """It proved who this is, and not surely enough."""

    code = "provider-level-too-low"
