// Small checks that compose: each looks at one JSON value and says what is wrong with it and where, or nothing.

/** Returns the problem, beginning with the place, or undefined. */
export type Check = (value: unknown, place: string) => string | undefined

export function text(pattern?: RegExp, wanted = 'text'): Check {
  return (value, place) =>
    typeof value === 'string' && (pattern === undefined || pattern.test(value))
      ? undefined
      : `${place}: expected ${wanted}`
}

export function integer(least: number): Check {
  return (value, place) =>
    Number.isSafeInteger(value) && (value as number) >= least
      ? undefined
      : `${place}: expected a whole number from ${least} on`
}

export function flag(value: unknown, place: string): string | undefined {
  return typeof value === 'boolean' ? undefined : `${place}: expected true or false`
}

export function oneOf(...allowed: string[]): Check {
  return (value, place) =>
    allowed.includes(value as string) ? undefined : `${place}: expected one of ${allowed.join(', ')}`
}

export function isoDate(value: unknown, place: string): string | undefined {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value))
    ? undefined
    : `${place}: expected a date like 2026-01-31T12:00:00.000Z`
}

export function base64(mostBytes: number): Check {
  return (value, place) => {
    if (typeof value !== 'string' || Buffer.from(value, 'base64').toString('base64') !== value) {
      return `${place}: expected base64`
    }
    const bytes = Buffer.from(value, 'base64').length
    return bytes > mostBytes ? `${place}: ${bytes} bytes, but ${mostBytes} are the most` : undefined
  }
}

export function listOf(check: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return `${place}: expected a list`
    return first(
      value.map((item, index) => [`${place}[${index}]`, item] as const),
      check,
    )
  }
}

/** An object with any keys of one form. */
export function mapOf(key: RegExp, wanted: string, check: Check): Check {
  return (value, place) => {
    if (!isRecord(value)) return `${place}: expected an object`
    const odd = Object.keys(value).find((name) => !key.test(name))
    if (odd !== undefined) return `${place}[${JSON.stringify(odd)}]: expected ${wanted} as key`
    return first(
      Object.entries(value).map(([k, v]) => [`${place}[${JSON.stringify(k)}]`, v] as const),
      check,
    )
  }
}

/** An object with these keys and no others; `required` ones must be there. */
export function record(fields: Readonly<Record<string, Check>>, required: readonly string[] = []): Check {
  return (value, place) => {
    if (!isRecord(value)) return `${place || 'top level'}: expected an object`
    for (const key of required) {
      if (value[key] === undefined) return `${place}: needs ${JSON.stringify(key)}`
    }
    for (const [key, member] of Object.entries(value)) {
      const here = place === '' ? key : `${place}.${key}`
      const check = Object.hasOwn(fields, key) ? fields[key] : undefined
      if (check === undefined) return `${here}: unknown key (known: ${Object.keys(fields).join(', ')})`
      const problem = check(member, here)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function first(items: readonly (readonly [string, unknown])[], check: Check): string | undefined {
  for (const [place, item] of items) {
    const problem = check(item, place)
    if (problem !== undefined) return problem
  }
  return undefined
}
