"""HTTP as agents and tools speak it: one pool of connections a run, bounded answers, one table of failures.

client.py    the pooled transport, one per TLS setting and proxy; proxies and loopback
headers.py   the head of a request, checked before it is sent
response.py  a body read within bounds and decoded by what it says it is
endpoint.py  what the URL of a service must look like in a flow
errors.py    from a status or an exception to category, outcome and code
"""
