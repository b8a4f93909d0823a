// What `--help` says. JavaScript, because `npm start -- --help` prints it before anything is built.

export const HELP = `Usage: npm start -- [options]

Serves secrets and parameters at http://localhost:2773, exactly as the layer does beside a Lambda function: the
built bundle runs as a child process under an emulator of the Lambda host. Ctrl-C shuts it down in order.

  --seed FILE   the secrets and parameters of the emulated AWS, from where you stand (default: the project's own
                local/seed.json); changes of the file are taken over while it runs, as rotations
  --port N      the port to serve on; 0 is any that is free (default: PARAMETERS_SECRETS_EXTENSION_HTTP_PORT, or 2773)
  --host ADDR   where to listen, for containers: 0.0.0.0 lets everybody who reaches this machine ask, with the token
  --allow-host NAME
                a name by which callers may call it besides localhost, such as a container's; may be repeated
  --control N   a port where faults and rotations of the emulated AWS are asked for: curl -X POST
                localhost:N/throttle, /unavailable, /hang, /delay/200, /deny/NAME, /clear, and with a new value as the
                body (-d value) /rotate/NAME and /parameter/app/url
  --requests    print a line for each request; for looking, not for load, as it costs more than a hit
  --aws         ask the real AWS instead of the emulator: credentials and region come from your own profile, by the
                AWS SDK's provider chain (AWS_PROFILE, AWS_REGION, SSO, ...), and reach the extension as environment
                variables, as on Lambda; restart when they expire
  --help        this text

The token that callers must send is "local-token", or the value of AWS_SESSION_TOKEN where that is set. The extension's
own variables (PARAMETERS_SECRETS_EXTENSION_*, SECRETS_MANAGER_*, SSM_PARAMETER_STORE_*) are passed on to it.
`
