# A function that takes the session token from the SDK's credential chain inside its handler, as AWS's guide has it for
# every initialization mode. Each line of input has two numbers of invocations, all at once: so many make a session of
# their own, so many share one that keeps what it has read. Each line of output is what they got.

import json
import os
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3

URL = 'http://localhost:{PARAMETERS_SECRETS_EXTENSION_HTTP_PORT}/secretsmanager/get?secretId=s'.format(**os.environ)
KEPT = boto3.Session()


def handler(session):
    token = session.get_credentials().get_frozen_credentials().token
    request = urllib.request.Request(URL)
    request.add_header('X-Aws-Parameters-Secrets-Token', token)
    try:
        with urllib.request.urlopen(request) as response:
            return json.loads(response.read())['SecretString']
    except urllib.error.HTTPError as error:
        return f'{error.code} {error.read().decode()}'


with ThreadPoolExecutor(64) as invocations:
    for line in sys.stdin:
        own, kept = map(int, line.split())
        sessions = [boto3.Session() for _ in range(own)] + [KEPT] * kept
        print(json.dumps(list(invocations.map(handler, sessions))), flush=True)
