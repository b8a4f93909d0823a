import json

from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

# Powertools has a cache of its own; each read here is to ask the extension.
FRESH = {'force_fetch': True}


def code(call, name):
    try:
        call(name, **FRESH)
    except GetParameterError as error:
        # It is raised while that of botocore is handled.
        return type(error.__context__).__name__


some = parameters.get_parameters_by_name(
    {'/app/a': {}, '/none': {}}, raise_on_error=False, max_age=0
)
seen = {
    'read': [parameters.get_secret('s', **FRESH), parameters.get_secret('s', **FRESH)],
    'noSecret': code(parameters.get_secret, 'none'),
    'noParameter': code(parameters.get_parameter, '/none'),
    'listed': ['/app/' + name for name in parameters.get_parameters('/app', **FRESH)],
    'some': [[name for name in some if name != '_errors'], some['_errors']],
}
parameters.set_secret('s', 'what the client has written')
parameters.set_parameter('/app/a', 'what the client has written, too', overwrite=True)
seen['writtenSecret'] = parameters.get_secret('s', **FRESH)
seen['writtenParameter'] = parameters.get_parameter('/app/a', **FRESH)
print(json.dumps(seen))
