import { readFile } from 'node:fs/promises'
import { Ajv, type ErrorObject } from 'ajv'
import { UpiError } from '../core/errors.ts'
import { expandMapping, MAPPING_SCHEMA, type Mapping } from '../core/import/mapping.ts'

/** Reads a mapping file; names all that is wrong with it in one line. */
export async function readMapping(path: string): Promise<Mapping> {
  const mapping = expandMapping(await readJson(path))
  const hasShape = new Ajv({ allErrors: true, allowUnionTypes: true }).compile<Mapping>(
    MAPPING_SCHEMA,
  )
  if (hasShape(mapping)) return mapping
  const faults = (hasShape.errors ?? []).map(faultOf)
  throw new UpiError('OPTION_INVALID', `${path}: ${faults.join('; ')}`, {
    fix: './upi import FILE --print-map shows one',
  })
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (cause) {
    const message = !(cause instanceof SyntaxError)
      ? `${path} cannot be read: ${(cause as Error).message}`
      : `${path} is not JSON: ${cause.message}`
    throw new UpiError('OPTION_INVALID', message, { cause })
  }
}

function faultOf({ keyword, instancePath, params, message }: ErrorObject): string {
  const place = instancePath.slice(1).replaceAll('/', '.')
  const inside = (name: string) => (place === '' ? name : `${place}.${name}`)
  if (keyword === 'additionalProperties') return `${inside(params.additionalProperty)} is not known`
  const name = place === '' ? 'the mapping' : place
  if (keyword === 'enum')
    return `${name} must be one of ${params.allowedValues.map((each: unknown) => JSON.stringify(each)).join(', ')}`
  return `${name} ${message}`
}
