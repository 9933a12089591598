import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { DuplicateNameError, InvalidOptionError, UnknownOptionError } from '../../src/kernel'
import { HealthChecks } from '../../src/runtime/health-checks'
import { FakeClock } from '../../src/testing'

function checksWith() {
  const clock = new FakeClock()
  const lines: [string, object, string][] = []
  const write =
    (level: string) =>
    (fields: object | string, message = ''): void =>
      void lines.push([level, fields as object, message])
  const logger = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    fatal: write('fatal'),
  }
  return { clock, lines, checks: new HealthChecks({ clock, logger }) }
}

const codes = async (checks: HealthChecks, onlyLive = false): Promise<string[]> =>
  (await checks.problems(onlyLive)).map(({ code }) => code)

describe('runtime: a health check', () => {
  it('fails when it throws, rejects or answers false, in the order they were added', async () => {
    const { checks } = checksWith()
    checks.add('throws', () => {
      throw new Error('no connection')
    })
    checks.add('works', () => undefined)
    checks.add('rejects', async () => Promise.reject('a string'))
    checks.add('false', async () => false)

    assert.deepEqual(await checks.problems(false), [
      { code: 'check.throws', message: 'no connection' },
      { code: 'check.rejects', message: 'a string' },
      { code: 'check.false', message: 'it answered false' },
    ])
  })

  it('runs once for all who ask at the same time, and its result is good for a second', async () => {
    const { checks, clock } = checksWith()
    let runs = 0
    checks.add('db', async () => {
      runs += 1
    })

    await Promise.all([checks.problems(false), checks.problems(false), checks.problems(false)])
    await clock.advance(999)
    await checks.problems(false)
    assert.equal(runs, 1)

    await clock.advance(1)
    await checks.problems(false)
    assert.equal(runs, 2)
  })

  it('fails after its time limit, is told so by its signal, and is not run again until it has come back', async () => {
    const { checks, clock } = checksWith()
    let runs = 0
    let comeBack = (): void => undefined
    const signals: AbortSignal[] = []
    checks.add('db', (signal) => {
      runs += 1
      signals.push(signal)
      return new Promise<void>((resolve) => (comeBack = resolve))
    })

    const first = checks.problems(false)
    await clock.advance(2_000)
    assert.deepEqual(await first, [{ code: 'check.db', message: 'it has not answered within 2000 ms' }])
    assert.equal(signals[0]!.aborted, true)

    await clock.advance(5_000)
    assert.deepEqual(await codes(checks), ['check.db'])
    assert.equal(runs, 1)

    comeBack()
    await new Promise((resolve) => setImmediate(resolve))
    const again = checks.problems(false)
    comeBack()
    assert.deepEqual(await again, [])
    assert.equal(runs, 2)
  })

  it('leaves one line when it fails and one when it works again', async () => {
    const { checks, clock, lines } = checksWith()
    let isUp = false
    checks.add('db', () => isUp)

    for (isUp of [false, false, true, true]) {
      await checks.problems(false)
      await clock.advance(1_000)
    }

    assert.deepEqual(lines, [
      ['warn', { check: 'db', problem: 'it answered false' }, 'a health check fails'],
      ['info', { check: 'db' }, 'a health check succeeds again'],
    ])
  })

  it('counts for liveness only when it says so', async () => {
    const { checks } = checksWith()
    checks.add('db', () => false)
    assert.equal(checks.isEmpty(true), true)
    checks.add('deadlock', () => false, { live: true })

    assert.equal(checks.isEmpty(true), false)
    assert.deepEqual(await codes(checks, true), ['check.deadlock'])
  })

  it('is refused with a name that is taken or would not fit, and with unknown options', () => {
    const { checks } = checksWith()
    checks.add('db', () => undefined)

    assert.throws(() => checks.add('db', () => undefined), DuplicateNameError)
    assert.throws(() => checks.add('my db!', () => undefined), InvalidOptionError)
    assert.throws(() => checks.add('x', () => undefined, { timeout: 1 } as never), UnknownOptionError)
    assert.throws(() => checks.add('x', undefined as never), InvalidOptionError)
  })
})
