/** What can be asked of one kind of engine and not of another, said at once and clearly. */
import { InvalidOptionError } from '../kernel'
import type { EngineKind } from './engine'
import { EngineUnsupportedError } from './errors'

/** @param kind `null` = jobs live in the log, which can do it. @throws EngineUnsupportedError */
export function refuseOnEngine(kind: EngineKind | null, feature: string, instead: string): void {
  if (kind !== null) throw new EngineUnsupportedError({ engine: kind.name, feature, instead })
}

/**
 * The caller's transaction, as the engine wants it; `null` = none was given.
 *
 * @throws EngineUnsupportedError, InvalidOptionError
 */
export function transactionOn(kind: EngineKind | null, given: unknown): object | null {
  if (given === undefined || given === null) return null
  const transactions = kind?.transactions ?? null
  if (transactions === null) {
    throw new EngineUnsupportedError({
      engine: kind?.name ?? 'The log',
      feature: 'take part in a transaction',
      instead: 'Use pgBoss() of rage-js/pg-boss as deferred.engine, or enqueue after the commit.',
    })
  }
  if (!transactions.accepts(given)) {
    const { expects: expected } = transactions
    throw new InvalidOptionError({ option: 'transaction', expected, given: nameOf(given) })
  }
  return given as object
}

/** What connects to a database holds its password. */
function nameOf(given: unknown): unknown {
  return typeof given === 'object' ? (given?.constructor?.name ?? 'an object') : given
}
