# A client of AWS's provider (aws-workload-credentials-provider), as its README has it: requests, and the token in a file.

import json
import os
import sys

import requests

BASE = f"http://localhost:{os.environ['PARAMETERS_SECRETS_EXTENSION_HTTP_PORT']}"
with open(sys.argv[1]) as file:
    TOKEN = file.read().strip()


def get_secret(path, header="X-Aws-Parameters-Secrets-Token"):
    response = requests.get(BASE + path, headers={header: TOKEN})
    if response.status_code == 200:
        return json.loads(response.text)["SecretString"]
    raise Exception(f"Status code {response.status_code} - {response.text}")


def failure(path):
    try:
        return get_secret(path)
    except Exception as error:
        return str(error)


print(
    json.dumps(
        {
            "ping": requests.get(BASE + "/ping").text,
            "query": get_secret("/secretsmanager/get?secretId=s"),
            "refreshed": get_secret("/secretsmanager/get?secretId=s&refreshNow=true"),
            "path": get_secret("/v1/s"),
            "nested": get_secret("/v1/app/nested?versionStage=AWSCURRENT"),
            "header": get_secret("/v1/s", "X-Vault-Token"),
            "missing": failure("/v1/none"),
        }
    )
)
