"""What the URL of a service must look like in a flow."""

from urllib.parse import urlsplit


def endpoint_problem(url: str, agent_type: str) -> str:
    """Why this cannot be the endpoint of an agent of this type, or nothing."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return f"an endpoint of {agent_type} begins with http:// or https:// and a host"
    if "@" in parts.netloc:
        return "credentials do not belong into an endpoint: use `authentication`"
    return ""
