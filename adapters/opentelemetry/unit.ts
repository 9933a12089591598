/**
 * A unit of work (request, job, message of a client) in OpenTelemetry: its span, and the context that has it. Marks that
 * context, so that code which comes back to the unit knows whether it is still inside, and keeps the inner span.
 */
import type { CurrentSpan, UnitSpan } from '../../src/context'
import type { Context, Span } from './api'
import type { Sdk } from './sdk'

const unitKey = Symbol('rage-js unit of work')

export class Unit implements UnitSpan {
  readonly ids: CurrentSpan | null
  readonly span: Span
  readonly context: Context
  readonly #contexts: Sdk['api']['context']

  /** @param around what the unit's own context is made from. */
  constructor(sdk: Sdk, span: Span, around: Context) {
    this.span = span
    this.ids = sdk.idsOf(span)
    this.context = sdk.api.trace.setSpan(around, span).setValue(unitKey, this)
    this.#contexts = sdk.api.context
  }

  /** It is the unit of this request. */
  isOf(_req: object): boolean {
    return false
  }

  run<T>(work: () => T): T {
    if (this.#contexts.active().getValue(unitKey) === this) return work()
    return this.#contexts.with(this.context, work)
  }
}

/** The unit that `context` belongs to, or `null`. */
export function unitOf(context: Context): Unit | null {
  return (context.getValue(unitKey) as Unit | undefined) ?? null
}
