import json

import boto3
from botocore.exceptions import ClientError

secrets, ssm = boto3.client('secretsmanager'), boto3.client('ssm')


def code(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        # The type is one that botocore makes of AWS' own name of the error.
        assert type(error).__name__ == error.response['Error']['Code']
        return type(error).__name__


def secret():
    return secrets.get_secret_value(SecretId='s')['SecretString']


pages = ssm.get_paginator('get_parameters_by_path').paginate(Path='/app')
some = ssm.get_parameters(Names=['/app/a', '/none'])
seen = {
    'read': [secret(), secret()],
    'binary': secrets.get_secret_value(SecretId='blob')['SecretBinary'].hex(),
    'created': int(secrets.get_secret_value(SecretId='s')['CreatedDate'].timestamp()),
    'noSecret': code(secrets.get_secret_value, SecretId='none'),
    'noParameter': code(ssm.get_parameter, Name='/none'),
    'listed': [one['Name'] for page in pages for one in page['Parameters']],
    'some': [[one['Name'] for one in some['Parameters']], some['InvalidParameters']],
    'described': secrets.describe_secret(SecretId='s')['Name'],
}
secrets.put_secret_value(SecretId='s', SecretString='what the client has written')
ssm.put_parameter(Name='/app/a', Value='what the client has written, too', Overwrite=True)
seen['writtenSecret'] = secret()
seen['writtenParameter'] = ssm.get_parameter(Name='/app/a')['Parameter']['Value']
print(json.dumps(seen))
