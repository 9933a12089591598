/**
 * Methods of ordinary objects as jobs: `await rage.deferred.wrap(mailer).welcome(user.id)`. The object is registered under
 * a name, which is that of a task like any other: after a restart the method is looked up on the object of that name, and
 * while there is none the job is kept.
 */
import { InvalidOptionError } from '../kernel'
import type { EnqueueOptions } from './enqueue-options'
import { UnknownObjectError } from './errors'
import { type EnqueuedJob, Task, type TaskClass } from './task'

/** The methods of `T`, each of which enqueues a job of itself. */
export type Wrapped<T> = {
  readonly [K in keyof T as T[K] extends (...args: never) => unknown ? K : never]: T[K] extends (
    ...args: infer Args
  ) => unknown
    ? (...args: Args) => Promise<EnqueuedJob>
    : never
}

export interface Call {
  readonly method: string
  readonly args: readonly unknown[]
}

/** The task whose jobs call methods of this object. */
export function taskOfObject(name: string, object: object): TaskClass<Call> {
  if ((typeof object !== 'object' && typeof object !== 'function') || object === null)
    throw new InvalidOptionError({
      option: 'registerObject',
      expected: 'an object or a class',
      given: object,
    })
  if (typeof name !== 'string' || name === '')
    throw new InvalidOptionError({ option: 'registerObject', expected: 'a name first', given: name })
  return class CallMethod extends Task<Call> {
    static override taskName = name

    override perform({ method, args }: Call): unknown {
      const call = methodOf(object, method)
      if (call === null) throw new TypeError(`${name}.${method} is not a method`)
      return Reflect.apply(call, object, args)
    }
  }
}

/** @throws UnknownObjectError */
export function wrapObject<T extends object>(
  object: T,
  task: TaskClass<Call> | undefined,
  options: EnqueueOptions | undefined,
  enqueue: (task: TaskClass<Call>, call: Call, options: EnqueueOptions | undefined) => Promise<EnqueuedJob>,
): Wrapped<T> {
  if (task === undefined) throw new UnknownObjectError({ given: describe(object) })
  return new Proxy(object, {
    // A property that is no method is not there: `await` must not find a `then`, nor anybody a value.
    get: (_, method) => {
      if (typeof method !== 'string' || methodOf(object, method) === null) return undefined
      return (...args: readonly unknown[]) => enqueue(task, { method, args }, options)
    },
  }) as unknown as Wrapped<T>
}

type Method = (...args: readonly unknown[]) => unknown

/** What every object inherits is nobody's work. */
function methodOf(object: object, name: string): Method | null {
  if (name in Object.prototype || name in Function.prototype) return null
  const value: unknown = Reflect.get(object, name)
  return typeof value === 'function' ? (value as Method) : null
}

function describe(object: unknown): string {
  if (typeof object === 'function') return `the class ${object.name || 'without a name'}`
  if (typeof object !== 'object' || object === null) return String(object)
  return `an object of ${object.constructor?.name || 'no class'}`
}
