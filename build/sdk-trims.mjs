// @ts-check
import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'

// What the SDK brings and a Lambda extension never runs. Each entry replaces one kind of file; an entry that matches
// nothing fails the build, so that a new SDK version cannot quietly undo it. The tests of src/upstream run with and
// without these.
/** @type {{ why: string, file: RegExp, replace: (text: string) => string }[]} */
const SDK_TRIMS = [
  {
    why: 'profiles, SSO, process, web identity and metadata credentials; sdk-config.ts gives every setting itself',
    file: /client-(ssm|secrets-manager)\/dist-es\/runtimeConfig\.js$/,
    replace: () => `
      import { version } from '../package.json'
      import { calculateBodyLength } from '@smithy/core/serde'
      import { getRuntimeConfig as getSharedRuntimeConfig } from './runtimeConfig.shared'
      export const getRuntimeConfig = (config) => {
        const shared = getSharedRuntimeConfig(config)
        return {
          ...shared,
          ...config,
          runtime: 'node',
          bodyLengthChecker: calculateBodyLength,
          userAgent: 'aws-sdk-js/' + version,
        }
      }`,
  },
  {
    why: 'the classes of modelled errors: unmodelled ones carry the same name, and failure.ts looks at nothing else',
    file: /client-(ssm|secrets-manager)\/dist-es\/schemas\/schemas_0\.js$/,
    replace: (text) => {
      const constants = new Map(
        [...text.matchAll(/^const (_\w+) = ("[^"\\]*");$/gm)].map(([, name, value]) => [name, value]),
      )
      const unregistered = text.replace(/^n0_registry\.registerError\(.*\);$/gm, '')
      // esbuild keeps an unused object with computed keys: computing them might have an effect.
      return unregistered.replace(/\[(_\w+)\]:/g, (key, name) =>
        constants.has(name) ? `${constants.get(name)}:` : key,
      )
    },
  },
  {
    why: 'runtime extensions, of which there are none',
    file: /client-(ssm|secrets-manager)\/dist-es\/runtimeExtensions\.js$/,
    replace: () => 'export const resolveRuntimeExtensions = (config) => config',
  },
  {
    why: 'endpoints from profiles; the environment is read by src/config',
    file: /core\/dist-es\/submodules\/endpoints\/middleware-endpoint\/adaptors\/getEndpointFromConfig\.js$/,
    replace: () => 'export const getEndpointFromConfig = async () => undefined',
  },
  {
    why: 'a bucket is no parameter',
    file: /core\/dist-es\/submodules\/endpoints\/middleware-endpoint\/service-customizations\/index\.js$/,
    replace: () => 'export const resolveParamsForS3 = () => undefined',
  },
  {
    why: 'the clock-skew setting from profiles; sdk-config.ts gives it',
    file: /core\/dist-es\/submodules\/httpAuthSchemes\/aws_sdk\/clock-skew-defaults\.js$/,
    replace: () => 'export const DEFAULT_DISABLE_CLOCK_SKEW_CORRECTION = false',
  },
  {
    why: 'event streams',
    file: /@smithy\/core\/dist-es\/submodules\/event-streams\/index\.js$/,
    replace: () => 'export const EventStreamSerde = undefined, eventStreamSerdeProvider = undefined',
  },
  {
    why: 'adaptive retries',
    file: /core\/dist-es\/submodules\/retry\/util-retry\/AdaptiveRetryStrategy\.js$/,
    replace: () => 'export const AdaptiveRetryStrategy = undefined',
  },
  {
    why: 'SHA-256 in JavaScript, for a Node without crypto',
    file: /core\/dist-es\/submodules\/checksum\/sha256\/Sha256Js\.js$/,
    replace: () => 'export const Sha256Js = undefined',
  },
  {
    why: 'a log of inputs and outputs',
    file: /core\/dist-es\/submodules\/client\/middleware-logger\/loggerMiddleware\.js$/,
    replace: () => `
      export const loggerMiddleware = undefined, loggerMiddlewareOptions = undefined
      export const getLoggerPlugin = () => ({ applyToStack: () => {} })`,
  },
  {
    why: 'web streams, of which node:http brings none; to name the class makes Node load all of them, 1.5 ms',
    file: /core\/dist-es\/submodules\/serde\/util-stream\/stream-type-check\.js$/,
    replace: () => 'export const isReadableStream = () => false, isBlob = () => false',
  },
  {
    why: 'web streams: what we send is a string',
    file: /core\/dist-es\/submodules\/retry\/middleware-retry\/isStreamingPayload\/isStreamingPayload\.js$/,
    replace: () => 'export const isStreamingPayload = () => false',
  },
  {
    why: 'a User-Agent made anew for each call, with how the client is used: docs/performance.md',
    file: /core\/dist-es\/submodules\/client\/middleware-user-agent\/user-agent-middleware\.js$/,
    replace: () => `
      export const userAgentMiddleware = undefined, getUserAgentMiddlewareOptions = undefined
      export const getUserAgentPlugin = ({ userAgent, customUserAgent }) => {
        const value = [userAgent, ...customUserAgent.map((pair) => pair.join('/'))].join(' ')
        const setUserAgent = (next) => (args) => {
          args.request.headers['user-agent'] = value
          return next(args)
        }
        return { applyToStack: (stack) => stack.add(setUserAgent, { name: 'setUserAgent', step: 'build' }) }
      }`,
  },
  {
    why: 'the trace id of the current invocation, of which an extension has none',
    file: /core\/dist-es\/submodules\/client\/middleware-recursion-detection\/getRecursionDetectionPlugin\.js$/,
    replace: () => 'export const getRecursionDetectionPlugin = () => ({ applyToStack: () => {} })',
  },
]

/** @type {import('esbuild').Plugin} */
export const sdkTrimmer = {
  name: 'sdk-trimmer',
  setup(pluginBuild) {
    const unused = new Set(SDK_TRIMS)
    for (const trim of SDK_TRIMS) {
      pluginBuild.onLoad({ filter: trim.file }, async ({ path }) => {
        const text = await readFile(path, 'utf8')
        const contents = trim.replace(text)
        if (contents !== text) unused.delete(trim)
        return { contents, resolveDir: dirname(path) }
      })
    }
    pluginBuild.onEnd(() => ({
      errors: [...unused].map(({ file }) => ({ text: `nothing to trim at ${file}` })),
    }))
  },
}
