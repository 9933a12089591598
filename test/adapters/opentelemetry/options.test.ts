import assert from 'node:assert'
import { describe, it } from 'vitest'
import { type OpenTelemetryOptions, openTelemetry } from '../../../adapters/opentelemetry'
import { createRage } from '../../../src'

/** Fields of the refusal. */
function refusalOf(make: () => unknown): { code: string; option: unknown } {
  try {
    make()
  } catch (error) {
    const { code, facts } = error as { code: string; facts: { option: unknown } }
    return { code, option: facts.option }
  }
  throw new Error('nothing was refused')
}

describe('opentelemetry: options', () => {
  it('that are unknown or wrong are refused by name', () => {
    const wrong: [object, string, string][] = [
      [{ jobs: 'parent' }, 'RAGE_KERNEL_INVALID_OPTION', 'openTelemetry.jobs'],
      [{ except: 'cable.*' }, 'RAGE_KERNEL_INVALID_OPTION', 'openTelemetry.except'],
      [{ ignore: '/healthz' }, 'RAGE_KERNEL_INVALID_OPTION', 'openTelemetry.ignore'],
      [{ tracerProvider: {} }, 'RAGE_KERNEL_INVALID_OPTION', 'openTelemetry.tracerProvider'],
      [{ tracer: null }, 'RAGE_KERNEL_UNKNOWN_OPTION', 'openTelemetry.tracer'],
    ]

    for (const [options, code, option] of wrong)
      assert.deepEqual(
        refusalOf(() => openTelemetry(options as OpenTelemetryOptions)),
        { code, option },
      )
  })

  it('of the runtime take a tracing system only', () => {
    assert.deepEqual(
      refusalOf(() => createRage({ tracing: openTelemetry as never })),
      { code: 'RAGE_KERNEL_INVALID_OPTION', option: 'createRage.tracing' },
    )
  })

  it('name spans that exist', () => {
    const { code } = refusalOf(() => createRage({ tracing: openTelemetry({ except: ['job.*'] }) }))

    assert.equal(code, 'RAGE_TELEMETRY_UNKNOWN_SPAN')
  })
})
