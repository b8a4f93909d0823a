"""Starts functions anew when a secret has a new current version, so that no sandbox holds the old one any longer.

Called by EventBridge with "Secret Label Updated" of Secrets Manager. A changed variable makes Lambda start every sandbox
anew; invocations under way end first. Lambda calls this function again where it fails, such as when another change is
being made.
"""

import os

import boto3

VARIABLE = "SECRET_ROTATED"
# Made once for each sandbox, not for each event.
CLIENT = boto3.client("lambda")


def handler(event, context):
    version = event["detail"]["versionId"]
    for name in os.environ["FUNCTIONS"].split(","):
        present = CLIENT.get_function_configuration(FunctionName=name)
        variables = present.get("Environment", {}).get("Variables", {})
        if variables.get(VARIABLE) == version:
            continue
        CLIENT.update_function_configuration(
            FunctionName=name,
            Environment={"Variables": {**variables, VARIABLE: version}},
            # Refused where somebody else has changed it meanwhile.
            RevisionId=present["RevisionId"],
        )
