"""What foreign code raised: data, unless it is our own cancellation."""

import asyncio


def we_are_cancelled(error: BaseException) -> bool:
    """Does somebody want this very task to end? A CancelledError may also come from inside foreign code."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def message_of(error: BaseException) -> str:
    """What the error says of itself; its `__str__` is foreign code, too."""
    try:
        return str(error)
    except BaseException as broken:  # noqa: BLE001 - whatever it raises is data
        return f"(no message: its __str__ raised {type(broken).__name__})"


def told(error: BaseException) -> str:
    """`Type: message`, or the type alone."""
    name, message = type(error).__name__, message_of(error)
    return f"{name}: {message}" if message else name
