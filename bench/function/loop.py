# A function and the runtime loop of Python in one, as loop.cjs. The loop of Lambda's own runtime is a library in C, so
# this one has a bare socket; the function reads as a function would.

import os
import socket

env = os.environ
value = env["BENCH_VALUE"]
if env["BENCH_READS"] == "sdk":
    import boto3

    value = boto3.client("secretsmanager").get_secret_value(SecretId=env["BENCH_SECRET"])["SecretString"]
elif env["BENCH_READS"] == "extension":
    import json
    import urllib.request

    port = env["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"]
    request = urllib.request.Request(
        f"http://localhost:{port}{env['BENCH_PATH']}",
        headers={"X-Aws-Parameters-Secrets-Token": env["AWS_SESSION_TOKEN"]},
    )
    value = json.load(urllib.request.urlopen(request))["SecretString"]
if value != env["BENCH_VALUE"]:
    raise SystemExit("the function has read another value")

host, port = env["AWS_LAMBDA_RUNTIME_API"].split(":")
api = socket.create_connection((host, int(port)))
api.sendall(f"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
api.recv(1)
