/** A request that the application wants no spans of: nothing below it makes any, whoever instruments it. */
import type { RequestSpan } from '../../src/telemetry'
import type { Context } from './api'
import type { Sdk } from './sdk'

export class IgnoredRequest implements RequestSpan {
  readonly ids = null
  readonly #sdk: Sdk
  readonly #context: Context

  constructor(sdk: Sdk, around: Context) {
    this.#sdk = sdk
    this.#context = sdk.suppress(around)
  }

  run<T>(work: () => T): T {
    const { context } = this.#sdk.api
    return this.#sdk.isSuppressed(context.active()) ? work() : context.with(this.#context, work)
  }

  servedBy(): void {}

  passedOn(): void {}

  failed(): void {}
}
