/**
 * What the clients have in common: a method that is given a function, runs it in a transaction with a handle for it, and
 * answers a promise of the commit. Around the client stands a proxy that knows that method; everything else passes.
 *
 * The handle is wrapped too, because a transaction in a transaction (a savepoint) begins with it.
 */
import type { Transaction } from '../../src/context'

/** The runtime whose effects are held; what `createRage` returns. */
export interface Effectful {
  transaction(): Transaction
  readonly errors: { report(error: unknown): void }
}

/** Where a client has what we look for. */
export interface Shape {
  /** Methods that take a function and run it in a transaction. */
  readonly methods: readonly string[]
  /** Properties that hold another client of the same kind. */
  readonly clients: readonly string[]
  /** How the work itself rolls back through its handle, after which the promise may resolve all the same. Default: it throws. */
  readonly rollback?: {
    readonly method: string
    /** Too late for a rollback. */
    readonly hasEnded: (handle: object) => boolean
    /** Where a handle has that of the transaction around. */
    readonly parent: string
  }
}

type Method = (...args: unknown[]) => unknown

/** The transaction that a client is the handle of, and the client it began with. */
interface Handled {
  readonly unit: Transaction
  readonly parent: object
}

export function wrap<Client extends object>(
  rage: Effectful,
  client: Client,
  shape: Shape,
  handled: Handled | null = null,
): Client {
  const wrappedClients = new Map<object, object>()
  return new Proxy(client, {
    get(target, name, proxy: object) {
      const value: unknown = Reflect.get(target, name)
      if (typeof name !== 'string') return value
      if (typeof value === 'function') {
        const method = value as Method
        if (shape.methods.includes(name))
          return (...args: unknown[]) => transact(rage, shape, { client: target, proxy, method, args })
        return handled === null ? value : ofHandle(shape, handled, { name, handle: target, method })
      }
      if (typeof value !== 'object' || value === null || !shape.clients.includes(name)) return value
      let wrapped = wrappedClients.get(value)
      if (wrapped === undefined) wrappedClients.set(value, (wrapped = wrap(rage, value, shape)))
      return wrapped
    },
  })
}

interface Member {
  readonly name: string
  readonly handle: object
  readonly method: Method
}

function ofHandle({ rollback }: Shape, { unit, parent }: Handled, { name, handle, method }: Member): unknown {
  if (name === rollback?.parent) return parent
  if (name !== rollback?.method) return method
  return (...args: unknown[]) => {
    if (!rollback.hasEnded(handle)) unit.rollback()
    return Reflect.apply(method, handle, args)
  }
}

interface Call {
  readonly client: object
  /** Around the client. */
  readonly proxy: object
  readonly method: Method
  readonly args: readonly unknown[]
}

function transact(rage: Effectful, shape: Shape, { client, proxy, method, args }: Call): unknown {
  const unit = rage.transaction()
  let hasWork = false
  const wrappedArgs = args.map((argument) => {
    if (typeof argument !== 'function') return argument
    hasWork = true
    return (handle: object, ...rest: unknown[]) =>
      unit.run(() => (argument as Method)(wrap(rage, handle, shape, { unit, parent: proxy }), ...rest))
  })
  // A list of queries, or a handle to commit by hand: nothing of ours runs inside.
  if (!hasWork) return Reflect.apply(method, client, args)
  let result: unknown
  try {
    result = Reflect.apply(method, client, wrappedArgs)
  } catch (error) {
    unit.rollback()
    throw error
  }
  if (isThenable(result)) return settle(unit, result)
  // A driver without promises has committed already. Its caller waits for nothing.
  unit.commit().catch((error: unknown) => rage.errors.report(error))
  return result
}

async function settle(unit: Transaction, result: PromiseLike<unknown>): Promise<unknown> {
  let value: unknown
  try {
    value = await result
  } catch (error) {
    unit.rollback()
    throw error
  }
  await unit.commit()
  return value
}

/** Knex answers a transaction, which is a function with a `then`. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
