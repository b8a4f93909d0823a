// What CloudWatch makes of a line of the log.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

import assert from 'node:assert/strict'
import { Ajv } from 'ajv'

/** The document's own rules, and the limits that its text adds: 100 metrics, 30 dimensions, 100 values each. */
const SCHEMA = {
  type: 'object',
  required: ['_aws'],
  properties: {
    _aws: {
      type: 'object',
      required: ['CloudWatchMetrics', 'Timestamp'],
      properties: {
        Timestamp: { type: 'integer', minimum: 1_600_000_000_000 },
        CloudWatchMetrics: {
          type: 'array',
          minItems: 1,
          items: {
            type: 'object',
            required: ['Namespace', 'Dimensions', 'Metrics'],
            additionalProperties: false,
            properties: {
              Namespace: { type: 'string', minLength: 1, maxLength: 1024 },
              Dimensions: {
                type: 'array',
                minItems: 1,
                items: {
                  type: 'array',
                  minItems: 1,
                  maxItems: 30,
                  items: { type: 'string', minLength: 1, maxLength: 250 },
                },
              },
              Metrics: {
                type: 'array',
                minItems: 1,
                maxItems: 100,
                items: {
                  type: 'object',
                  required: ['Name'],
                  additionalProperties: false,
                  properties: {
                    Name: { type: 'string', minLength: 1, maxLength: 1024 },
                    Unit: { enum: ['Count', 'Milliseconds'] },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
  additionalProperties: {
    anyOf: [
      { type: ['string', 'number'] },
      { type: 'array', minItems: 1, maxItems: 100, items: { type: 'number' } },
    ],
  },
} as const

interface Document {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string
      readonly Dimensions: readonly (readonly string[])[]
      readonly Metrics: readonly { readonly Name: string }[]
    }[]
  }
  readonly [member: string]: unknown
}

export interface Extracted {
  readonly namespace: string
  readonly dimensions: Readonly<Record<string, unknown>>
  readonly values: Readonly<Record<string, unknown>>
}

const validate = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(SCHEMA)

/** Throws an AssertionError for a line that CloudWatch would not take. */
export function metricsIn(line: string): Extracted {
  const document = JSON.parse(line) as Document
  assert.ok(validate(document), JSON.stringify(validate.errors))
  const [directive] = document._aws.CloudWatchMetrics
  const of = (names: readonly string[]) =>
    Object.fromEntries(
      names.map((name) => {
        assert.ok(name in document, `${name} is a member of the root`)
        return [name, document[name]]
      }),
    )
  return {
    namespace: directive!.Namespace,
    dimensions: of(directive!.Dimensions[0]!),
    values: of(directive!.Metrics.map(({ Name }) => Name)),
  }
}
