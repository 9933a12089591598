import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, it } from 'vitest'
import { Controller } from '../../src/controller'
import { serve } from './support/serve'

const unhandled: unknown[] = []
const note = (error: unknown): void => void unhandled.push(error)
beforeEach(() => {
  unhandled.length = 0
  process.on('unhandledRejection', note)
})
afterEach(async () => {
  // Node tells of them a turn later.
  await wait(5)
  process.off('unhandledRejection', note)
  assert.deepEqual(unhandled, [])
})

/** Knows `good`, fails for `broken`. */
async function lookUp(token: string): Promise<boolean> {
  await wait(5)
  if (token === 'broken') throw new Error('no database')
  return token === 'good'
}

let destroyed = 0
const seen: unknown[] = []

class Forgetful extends Controller {
  static {
    this.beforeAction('guard', { only: 'guarded' })
    this.beforeAction('catching', { only: 'caughtBefore' })
    this.beforeAction('swallowing', { only: 'swallowed' })
    this.aroundAction('within', { only: 'surrounded' })
    this.afterAction('look', { only: 'looked' })
    this.rescueFrom(RangeError, (error, controller) =>
      controller.render({ text: error.message, status: 404 }),
    )
  }
  #login() {
    return this.authenticateOrRequestWithHttpToken(lookUp)
  }
  value() {
    this.#login()
    return 'secret'
  }
  shown() {
    this.#login()
    this.render({ text: '"secret"' })
  }
  streamed() {
    this.#login()
    const stream = Readable.from(['"secret"'])
    stream.on('close', () => {
      destroyed += 1
    })
    this.render({ stream })
  }
  later() {
    // Begins when the action has ended, and before its promise has.
    return Promise.resolve().then(() => {
      this.#login()
      return 'secret'
    })
  }
  throwing() {
    this.#login()
    throw new RangeError('"secret"')
  }
  twice() {
    this.#login()
    this.authenticateOrRequestWithHttpToken(async () => true)
    return 'secret'
  }
  optional() {
    this.authenticateWithHttpToken(lookUp)
    return 'secret'
  }
  async caught() {
    try {
      if (!(await this.#login())) return
      return 'secret'
    } catch {
      return this.render({ text: 'later', status: 503 })
    }
  }
  looked() {
    this.#login()
    return 'secret'
  }
  look() {
    seen.push(this.rendered?.status)
  }
  guard() {
    this.#login()
  }
  guarded() {
    return 'secret'
  }
  async catching() {
    try {
      await this.#login()
    } catch {
      this.head(503)
    }
  }
  caughtBefore() {
    return 'secret'
  }
  swallowing() {
    Promise.resolve(this.#login()).catch(() => undefined)
  }
  swallowed() {
    return 'secret'
  }
  async within(next: () => Promise<void>) {
    this.#login()
    await next()
  }
  surrounded() {
    seen.push('ran')
    return 'secret'
  }
  direct() {
    this.#login()
    this.res.end('sent')
  }
}

const ask = (action: string, token: string) =>
  serve(Forgetful, action).get('/').set('Authorization', `Bearer ${token}`)

describe('controller: an asynchronous login that nobody waits for', () => {
  for (const action of ['value', 'shown', 'streamed', 'later', 'twice', 'guarded', 'surrounded'])
    it.each([
      ['good', 200],
      ['bad', 401],
      ['broken', 500],
    ])(`answers ${action} as if it had been: %s`, async (token, status) => {
      const res = await ask(action, token)

      assert.equal(res.status, status)
      assert.equal((res.text ?? String(res.body)).includes('secret'), status === 200)
    })

  it('lets go of the stream that is not sent', async () => {
    destroyed = 0
    await ask('streamed', 'bad')

    assert.equal(destroyed, 1)
  })

  it('tells nothing of an error behind it', async () => {
    assert.equal((await ask('throwing', 'good')).status, 404)
    const res = await ask('throwing', 'bad')

    assert.equal(res.status, 401)
    assert.doesNotMatch(res.text, /secret/)
  })

  it('is seen refused by after-callbacks, and lets nothing run that it surrounds', async () => {
    seen.length = 0
    await ask('looked', 'bad')
    await ask('surrounded', 'bad')

    assert.deepEqual(seen, [401])
  })

  it('is no refusal where nothing is required, but fails the request if it fails', async () => {
    assert.equal((await ask('optional', 'bad')).status, 200)
    assert.equal((await ask('optional', 'broken')).status, 500)
  })

  it('has answered already where the action writes by itself: nothing rejects', async () => {
    for (const token of ['bad', 'broken']) assert.equal((await ask('direct', token)).text, 'sent')
    await wait(20)
  })
})

describe('controller: an asynchronous login whose failure is caught', () => {
  it.each(['caught', 'caughtBefore'])('is left to who caught it and answered: %s', async (action) => {
    assert.equal((await ask(action, 'good')).status, 200)
    assert.equal((await ask(action, 'bad')).status, 401)
    assert.equal((await ask(action, 'broken')).status, 503)
  })

  it('does not let the action run when a guard answered nothing', async () => {
    assert.equal((await ask('swallowed', 'broken')).status, 500)
  })
})
