# The function of a run on Lambda, for the Python runtimes: reads as READS says, and tells how long each read took.

import http.client
import json
import os
import ssl
import time
import urllib.parse

READS = os.environ["READS"]
# "OpenSSL 3.2.2 4 Jun 2024": the version alone, as Node has it.
OPENSSL = ssl.OPENSSL_VERSION.split()[1]
PORT = int(os.environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773"))
# A client keeps its connection, as every HTTP client of a function that is called often does.
connection = http.client.HTTPConnection("localhost", PORT)

if READS == "sdk":
    import boto3

    secrets = boto3.client("secretsmanager")
    parameters = boto3.client("ssm")


class NotReady(Exception):
    pass


def handler(event, context):
    if READS == "none":
        return {"openssl": OPENSSL}
    secret_id, name = os.environ["SECRET_ID"], os.environ["PARAMETER_NAME"]
    first = timed(lambda: read_when_ready(secret_id))
    hits = [timed(lambda: read_secret(secret_id)) for _ in range(int(os.environ["HITS"]))]
    versions = range(1, int(os.environ["MISSES"]) + 1)
    misses = [timed(lambda: read_parameter(name, version)) for version in versions]
    return {"first": first, "hits": hits, "misses": misses, "openssl": OPENSSL}


def timed(act):
    start = time.perf_counter_ns()
    act()
    return (time.perf_counter_ns() - start) / 1e3


# AWS's own extension answers so until it has seen the first invocation.
def read_when_ready(secret_id):
    while True:
        try:
            return read_secret(secret_id)
        except NotReady:
            time.sleep(0.001)


def read_secret(secret_id):
    if READS == "sdk":
        return secrets.get_secret_value(SecretId=secret_id)
    return ask("/secretsmanager/get", secretId=secret_id)


def read_parameter(name, version):
    if READS == "sdk":
        return parameters.get_parameter(Name=f"{name}:{version}")
    return ask("/systemsmanager/parameters/get", name=name, version=version)


def ask(path, **query):
    token = {"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]}
    target = f"{path}?{urllib.parse.urlencode(query)}"
    try:
        connection.request("GET", target, headers=token)
        response = connection.getresponse()
    except (ConnectionError, http.client.RemoteDisconnected):
        # A server may close a connection that it has kept for a while.
        connection.close()
        connection.request("GET", target, headers=token)
        response = connection.getresponse()
    body = response.read()
    if response.status == 200:
        return json.loads(body)
    if body.startswith(b"not ready"):
        raise NotReady
    raise RuntimeError(f"{response.status} {response.getheader('X-Amzn-ErrorType', '')}")
