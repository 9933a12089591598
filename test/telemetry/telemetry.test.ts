import assert from 'node:assert/strict'
import { describe, it } from 'vitest'
import {
  type SpanName,
  spanNames,
  Telemetry,
  TelemetryHandler,
  type TelemetryHandlerClass,
} from '../../src/telemetry'

/** The spans that the classes hear of, once registered. */
function heardBy(...classes: (typeof Base)[]): SpanName[] {
  const telemetry = new Telemetry()
  const points = spanNames.map((name) => telemetry.point(name))
  for (const type of classes) telemetry.register(type as unknown as TelemetryHandlerClass)
  telemetry.compile()
  return points.filter(({ idle }) => !idle).map(({ name }) => name)
}

abstract class Base extends TelemetryHandler {
  override call(): void {}
}

describe('telemetry: the spans a handler asks for', () => {
  it('are exact names and patterns, of all its calls of handle', () => {
    class Some extends Base {
      static {
        this.handle('controller.action.process', 'cable.*.process')
        this.handle('*.await')
      }
    }

    assert.deepEqual(heardBy(Some), [
      'controller.action.process',
      'cable.connection.process',
      'cable.action.process',
      'core.task.await',
    ])
  })

  it('leave out what except names, of the same call only', () => {
    class Most extends Base {
      static {
        this.handle('deferred.*', { except: 'deferred.task.progress' })
        this.handle('cable.*', 'events.*', { except: ['*.process', 'cable.websocket.handshake'] })
        this.handle('events.subscriber.process')
      }
    }

    assert.deepEqual(heardBy(Most), [
      'deferred.task.enqueue',
      'deferred.task.process',
      'events.event.publish',
      'events.subscriber.process',
      'cable.stream.broadcast',
    ])
  })

  it('are inherited, and those a subclass adds are its own', () => {
    class Jobs extends Base {
      static {
        this.handle('deferred.*', { except: '*.progress' })
      }
    }
    class JobsAndEvents extends Jobs {
      static {
        this.handle('events.*')
      }
    }

    assert.deepEqual(heardBy(Jobs), ['deferred.task.enqueue', 'deferred.task.process'])
    assert.deepEqual(heardBy(JobsAndEvents), [
      'deferred.task.enqueue',
      'deferred.task.process',
      'events.event.publish',
      'events.subscriber.process',
    ])
  })

  it('are refused when there are no such spans, with the nearest name', () => {
    class Misspelt extends Base {
      static {
        this.handle('deferred.task.enqeue' as 'deferred.task.enqueue')
      }
    }
    class Excepting extends Base {
      static {
        this.handle('*', { except: 'jobs.*' })
      }
    }

    assert.throws(() => heardBy(Misspelt), {
      code: 'RAGE_TELEMETRY_UNKNOWN_SPAN',
      message: /Misspelt wants "deferred\.task\.enqeue".*Did you mean "deferred\.task\.enqueue"\?/s,
    })
    assert.throws(() => heardBy(Excepting), /Excepting wants "jobs\.\*"/)
  })

  it('must be some', () => {
    class Forgetful extends Base {}

    assert.throws(() => heardBy(Forgetful), { code: 'RAGE_TELEMETRY_IDLE_HANDLER', message: /Forgetful/ })
  })

  it('cannot be added to after boot', () => {
    const telemetry = new Telemetry()
    telemetry.compile()

    assert.throws(() => telemetry.listen({ name: 'late', spans: ['*'] }), {
      code: 'RAGE_KERNEL_REGISTRATION_CLOSED',
    })
  })
})

describe('telemetry: a handler class', () => {
  it('without call is refused; one with a field of that name is not', () => {
    const spans: string[] = []
    class Uncalled extends (TelemetryHandler as unknown as typeof Base) {
      static {
        this.handle('*')
      }
    }
    class WithField extends TelemetryHandler {
      static {
        this.handle('core.task.await')
      }
      override call = ({ name }: { name: string }): void => void spans.push(name)
    }

    assert.throws(() => heardBy(Uncalled), {
      code: 'RAGE_TELEMETRY_INCOMPLETE_HANDLER',
      message: /Uncalled has no method call/,
    })
    const telemetry = new Telemetry()
    const point = telemetry.point('core.task.await')
    telemetry.register(WithField)
    telemetry.compile()
    point.run({ tasks: 1 }, () => undefined)
    assert.deepEqual(spans, ['core.task.await'])
  })

  it('has one instance per runtime, for all its spans', () => {
    const instances = new Set<object>()
    class Counting extends TelemetryHandler {
      static {
        this.handle('*')
      }
      override call(): void {
        instances.add(this)
      }
    }
    for (let runtime = 0; runtime < 2; runtime++) {
      const telemetry = new Telemetry()
      const first = telemetry.point('cable.stream.broadcast')
      const second = telemetry.point('core.task.await')
      telemetry.register(Counting)
      telemetry.compile()
      first.run({ stream: 'a' }, () => undefined)
      second.run({ tasks: 1 }, () => undefined)
    }

    assert.equal(instances.size, 2)
  })
})
