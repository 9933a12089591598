/**
 * Parameters checked by a schema of any library that speaks Standard Schema (zod, valibot, arktype, ...). Known by
 * the member `~standard`: none of them is imported. Source: https://standardschema.dev, version 1.
 */
import { isThenable } from '../kernel'
import type { Controller } from './controller'
import { InvalidParamsError, NotASchemaError } from './errors'
import type { Exchange } from './exchange'

interface Issue {
  readonly message: string
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

type Result<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly Issue[] }

/** The part of Standard Schema that is used. */
export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => Result<Output> | Promise<Result<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema makes of its input. */
export type SchemaOutput<S extends Schema> = NonNullable<S['~standard']['types']>['output']

/** One field that is wrong. */
export interface InvalidField {
  /** Dotted, as in `items.0.sku`; empty for the whole. */
  readonly path: string
  readonly message: string
}

/** What a schema is given: everything, or what came by one way. */
export type ParamsSource = 'params' | 'path' | 'query' | 'body'

/** One declaration of `validates`. */
export interface SchemaUse {
  readonly schema: Schema
  readonly from: ParamsSource
}

/** @throws NotASchemaError */
export function validator(
  schema: Schema,
  from: ParamsSource,
  where: string,
  exchangeOf: (controller: Controller) => Exchange,
): (controller: Controller) => unknown {
  const standard = (Object(schema) as Partial<Schema>)['~standard']
  if (typeof standard?.validate !== 'function') throw new NotASchemaError({ where })
  return (controller) => {
    const exchange = exchangeOf(controller)
    const keep = (result: Result<unknown>): void => {
      if (result.issues !== undefined)
        throw new InvalidParamsError({ where, issues: result.issues.map(fieldOf) })
      exchange.keepValidated(schema, result.value, from)
    }
    const result = standard.validate(exchange.paramsFrom(from))
    return isThenable(result) ? result.then((settled) => keep(settled as Result<unknown>)) : keep(result)
  }
}

function fieldOf({ path = [], message }: Issue): InvalidField {
  const keys = path.map((step) => String(typeof step === 'object' ? step.key : step))
  return { path: keys.join('.'), message }
}
