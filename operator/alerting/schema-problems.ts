// What a schema's check found, as sentences. Values are not repeated: they may be secrets.

export interface SchemaError {
  readonly keyword: string
  readonly instancePath: string
  readonly message: string
  readonly params: object
}

/** Mistakes told at once: enough to mend a file in one go, too few to be one. */
const PROBLEMS_MOST = 20

export function problemsOf(errors: readonly SchemaError[]): string[] {
  const told = new Set<string>()
  for (const { keyword, instancePath, message, params } of errors) {
    const place = instancePath || '/'
    // Said by the `boolean` error at each unknown field itself.
    if (keyword === 'additionalProperties') continue
    // Each choice that did not fit says so itself before the choice does.
    if (keyword === 'anyOf') continue
    if (keyword === 'boolean') told.add(`${place}: is not a known field`)
    else if (keyword === 'required') {
      const { requiredProperties } = params as { requiredProperties: readonly string[] }
      for (const name of requiredProperties) told.add(`${instancePath}/${name}: is required`)
    } else if (keyword === 'const') {
      const { allowedValue } = params as { allowedValue: unknown }
      const open = [...told].find(line => line.startsWith(`${place}: must be one of `))
      if (open !== undefined) told.delete(open)
      told.add(
        open === undefined
          ? `${place}: must be one of ${String(allowedValue)}`
          : `${open}, ${String(allowedValue)}`,
      )
    } else if (keyword === 'enum') {
      const { allowedValues } = params as { allowedValues: readonly unknown[] }
      told.add(`${place}: must be one of ${allowedValues.join(', ')}`)
    } else told.add(`${place}: ${message}`)
  }
  return [...told].slice(0, PROBLEMS_MOST)
}
