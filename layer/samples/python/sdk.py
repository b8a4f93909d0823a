# python runtimes, with the layer for x86_64 or arm64. The code is what it was before there was an extension; the
# function's variable AWS_ENDPOINT_URL_SECRETS_MANAGER is http://localhost:2773. boto3 1.28 or newer reads it.
import os

import boto3

secrets = boto3.client("secretsmanager")


def handler(event, context):
    secret = secrets.get_secret_value(SecretId=os.environ["SECRET_ID"])["SecretString"]
    return {"secretLength": len(secret)}
