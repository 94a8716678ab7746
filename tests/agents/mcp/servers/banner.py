"""Greets on stdout, where only messages belong."""

from plain import serve, text

print("Welcome to Banner 1.0!\n")
print('{"level": "info", "msg": "a log line in JSON"}', flush=True)


def call(request):
    print("debug: called", flush=True)
    text(request, "hello")


serve(call=call)
