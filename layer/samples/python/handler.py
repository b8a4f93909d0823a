"""python runtimes, with the x86_64 or arm64 layer. SECRET_ID and PARAMETER_NAME are variables of the function."""

import json
import os
import urllib.parse
import urllib.request

PORT = os.environ.get("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "2773")


def ask(path, **query):
    request = urllib.request.Request(
        f"http://localhost:{PORT}{path}?{urllib.parse.urlencode(query)}",
        headers={"X-Aws-Parameters-Secrets-Token": os.environ["AWS_SESSION_TOKEN"]},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


def handler(event, context):
    secret = ask("/secretsmanager/get", secretId=os.environ["SECRET_ID"])
    parameter = ask("/systemsmanager/parameters/get", name=os.environ["PARAMETER_NAME"], withDecryption="true")
    return {
        "secretLength": len(secret["SecretString"]),
        "parameterVersion": parameter["Parameter"]["Version"],
    }
