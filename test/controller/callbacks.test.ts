import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import { Controller, UnknownActionError } from '../../src/controller'
import { UnknownOptionError } from '../../src/kernel'
import { serve } from './support/serve'

let trail: string[] = []
const note = (step: string) => () => void trail.push(step)

class Base extends Controller {
  static {
    this.beforeAction(note('base'))
    this.beforeAction('authenticate')
    this.afterAction(note('base after'))
  }
  authenticate() {
    trail.push('authenticate')
    if (this.headers.authorization === undefined) this.head(401)
  }
}

class Orders extends Base {
  static {
    this.beforeAction('load', { only: ['show'] })
    this.aroundAction(async (_controller, next) => {
      trail.push('around in')
      await next()
      trail.push('around out')
    })
    this.afterAction((controller) => void trail.push(`sees ${controller.rendered?.body}`), {
      except: 'silent',
    })
    this.beforeAction(note('conditional'), { if: (controller) => controller.params.when === 'yes' })
    this.beforeAction(note('unless'), { unless: 'isQuiet' })
  }
  isQuiet() {
    return this.params.quiet === '1'
  }
  async load() {
    await new Promise((resolve) => setImmediate(resolve))
    trail.push('load')
  }
  show() {
    trail.push('show')
    return 'shown'
  }
  silent() {
    trail.push('silent')
  }
}

class Public extends Orders {
  static {
    this.skipBeforeAction('authenticate')
  }
}

async function trailOf(controller: unknown, action: string, path = '/', headers = {}): Promise<string[]> {
  trail = []
  await serve(controller, action).get(path).set(headers)
  return trail
}

describe('controller: callbacks', () => {
  it('run the base class first, around wraps what follows, after runs last declared first', async () => {
    assert.deepEqual(await trailOf(Orders, 'show', '/', { authorization: 'x' }), [
      'base',
      'authenticate',
      'load',
      'around in',
      'unless',
      'show',
      'sees "shown"',
      'around out',
      'base after',
    ])
  })

  it('halt when one renders: neither the action nor after-callbacks run', async () => {
    assert.deepEqual(await trailOf(Orders, 'show'), ['base', 'authenticate'])
  })

  it('apply only to the actions they name', async () => {
    assert.deepEqual(await trailOf(Orders, 'silent', '/', { authorization: 'x' }), [
      'base',
      'authenticate',
      'around in',
      'unless',
      'silent',
      'around out',
      'base after',
    ])
  })

  it('ask their conditions per request', async () => {
    const steps = await trailOf(Orders, 'silent', '/?when=yes&quiet=1', { authorization: 'x' })

    assert.ok(steps.includes('conditional'))
    assert.ok(!steps.includes('unless'))
  })

  it('can be skipped in a subclass without touching the base', async () => {
    assert.ok(!(await trailOf(Public, 'silent')).includes('authenticate'))
    assert.ok((await trailOf(Orders, 'silent')).includes('authenticate'))
  })

  it('that name no method are refused when the controller is compiled', () => {
    class Misspelt extends Controller {
      static {
        this.beforeAction('loda' as never)
      }
      load() {}
      show() {}
    }

    assert.throws(
      () => serve(Misspelt, 'show'),
      (error: Error) => error instanceof UnknownActionError && error.message.includes('Did you mean "load"?'),
    )
  })
})

describe('controller: a misspelt guard', () => {
  it('is refused when an action it names does not exist', () => {
    class Guarded extends Controller {
      static {
        this.beforeAction('check', { only: ['destory' as 'destroy'] })
      }
      check() {}
      destroy() {}
    }

    assert.throws(
      () => serve(Guarded, 'destroy'),
      (error: Error) =>
        error instanceof UnknownActionError && error.message.includes('Did you mean "destroy"?'),
    )
  })

  it('is refused when an option does not exist', () => {
    assert.throws(
      () =>
        class extends Controller {
          static {
            this.beforeAction(() => undefined, { olny: ['show'] } as never)
          }
        },
      { code: 'RAGE_KERNEL_UNKNOWN_OPTION' },
    )
  })
})

describe('controller: a verification after the action', () => {
  class Guarded extends Controller {
    static {
      this.rescueFrom(RangeError, (error, controller) =>
        controller.render({ text: error.message, status: 403 }),
      )
      this.afterAction((controller) => {
        if (controller.rendered?.status === 200) throw new RangeError('not authorised')
      })
    }
    show() {
      return { secret: true }
    }
  }

  it('sees what was rendered and can replace it', async () => {
    const res = await serve(Guarded, 'show').get('/')

    assert.equal(res.status, 403)
    assert.equal(res.text, 'not authorised')
  })
})

describe('controller: order and skips', () => {
  const log: string[] = []
  const note = (word: string) => () => void log.push(word)
  const timed = async (_controller: Controller, next: () => Promise<void>): Promise<void> => {
    log.push('around')
    await next()
  }
  class Base extends Controller {
    static {
      this.aroundAction(timed)
      this.beforeAction(note('base'))
      this.afterAction('audit')
    }
    audit() {
      log.push('audit')
    }
  }
  class Orders extends Base {
    static {
      this.beforeAction(note('own'))
      this.prependBeforeAction(note('first'))
      this.skipAfterAction('audit', { only: 'show' })
      this.skipAroundAction(timed, { except: 'index' })
    }
    index() {
      log.push('index')
    }
    show() {
      log.push('show')
    }
  }

  it.each([
    ['index', ['first', 'around', 'base', 'own', 'index', 'audit']],
    ['show', ['first', 'base', 'own', 'show']],
  ])('prepended first, base before own, what is skipped not at all: %s', async (action, order) => {
    log.length = 0
    await serve(Orders, action).get('/')

    assert.deepEqual(log, order)
  })
})

describe('controller: a skip with a condition', () => {
  it('is refused: skips are settled at boot, and the guard would be gone for every request', () => {
    assert.throws(
      () =>
        class extends Base {
          static {
            this.skipBeforeAction('authenticate', { if: () => false } as object)
          }
        },
      UnknownOptionError,
    )
  })
})
