# The runtime loop of Python, as in a custom runtime: docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

import json
import os
import sys
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"


def post(path, body):
    urllib.request.urlopen(f"{API}/{path}", data=json.dumps(body).encode()).read()


def reported(error):
    return {"errorType": type(error).__name__, "errorMessage": str(error)}


try:
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    from index import handler
except Exception as error:
    post("init/error", reported(error))
    sys.exit(1)

while True:
    event = urllib.request.urlopen(f"{API}/invocation/next")
    request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    try:
        result = handler(json.load(event), None)
    except Exception as error:
        post(f"invocation/{request_id}/error", reported(error))
    else:
        post(f"invocation/{request_id}/response", result)
