import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { ErrorReports } from '../../src/telemetry'
import { FakeClock } from '../../src/testing'
import { warningsDuring } from './metrics/support/warnings'

const silent = { error() {}, warn() {}, info() {} }

function errorsWith(reporter: Parameters<ErrorReports['register']>[0]) {
  const clock = new FakeClock()
  const errors = new ErrorReports(silent, { clock })
  errors.register(reporter)
  return { errors, clock }
}

describe('telemetry: a reporter', () => {
  it('that throws or rejects is named in one warning, and does not keep others from being told', async () => {
    const seen: unknown[] = []
    const { errors } = errorsWith(function Broken() {
      throw new Error('no network')
    })
    errors.register({
      async report() {
        throw new Error('late')
      },
    })
    errors.register((error) => void seen.push(error))

    const warnings = await warningsDuring(async () => {
      errors.report('one')
      errors.report('two')
      await new Promise((resolve) => setImmediate(resolve))
    })

    assert.deepEqual(seen, ['one', 'two'])
    assert.deepEqual(
      warnings.map(({ code, message }) => [code, message.match(/reporter (\w+)/)?.[1]]),
      [
        ['RAGE_W044', 'Broken'],
        ['RAGE_W044', 'Object'],
      ],
    )
  })

  it('whose answer throws when it is looked at is named in one warning too', async () => {
    const { errors } = errorsWith(function Trapped() {
      return Object.defineProperty({}, 'then', {
        get() {
          throw new Error('then')
        },
      })
    })

    const warnings = await warningsDuring(() => errors.report('one'))

    assert.deepEqual(
      warnings.map(({ code, message }) => [code, /Trapped/.test(message)]),
      [['RAGE_W044', true]],
    )
  })

  it('that hangs is named in one warning after ten seconds', async () => {
    const { errors, clock } = errorsWith(function Hanging() {
      return new Promise(() => undefined)
    })

    const warnings = await warningsDuring(async () => {
      errors.report('one')
      errors.report('two')
      await clock.advance(9_999)
    })
    const later = await warningsDuring(() => clock.advance(1))

    assert.deepEqual(warnings, [])
    assert.deepEqual(
      later.map(({ code, message }) => [code, /Hanging/.test(message)]),
      [['RAGE_W045', true]],
    )
  })

  it('with a hundred reports under way is told no more until some are done', async () => {
    let told = 0
    const ends: (() => void)[] = []
    const { errors } = errorsWith(function Slow() {
      told += 1
      return new Promise<void>((resolve) => void ends.push(resolve))
    })

    const warnings = await warningsDuring(() => {
      for (let n = 0; n < 150; n++) errors.report(new Error(String(n)))
    })
    ends[0]!()
    await new Promise((resolve) => setImmediate(resolve))
    errors.report(new Error('after'))

    assert.equal(told, 101)
    assert.deepEqual(
      warnings.map(({ code }) => code),
      ['RAGE_W046'],
    )
  })

  it('is waited for by a drain, until the deadline', async () => {
    let finish = (): void => undefined
    const { errors } = errorsWith(function Slow() {
      return new Promise<void>((resolve) => (finish = resolve))
    })
    await errors.service.boot()
    errors.report('one')
    const deadline = new AbortController()

    const draining = errors.service.drain(deadline.signal)
    let report: unknown = null
    void draining.then((done) => (report = done))
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(report, null)
    finish()

    assert.deepEqual(await draining, { finished: 0, abandoned: [] })
  })

  it('that is not done by the deadline is named in the drain report', async () => {
    const { errors } = errorsWith(function Hanging() {
      return new Promise(() => undefined)
    })
    await errors.service.boot()
    errors.report('one')

    const report = await errors.service.drain(AbortSignal.abort())

    assert.deepEqual(report.abandoned, ['error reports to Hanging: 1'])
  })
})
