/** Knex: `knex.transaction(work)` and, for savepoints, `trx.transaction(work)` or `trx.savepoint(work)`. */
import { type Effectful, type Shape, wrap } from './wrapping'

const shape: Shape = {
  methods: ['transaction', 'savepoint'],
  clients: [],
  // By default Knex resolves after trx.rollback() without an error.
  rollback: {
    method: 'rollback',
    hasEnded: (trx) => (trx as { isCompleted(): boolean }).isCompleted(),
    parent: 'parentTransaction',
  },
}

/**
 * A Knex instance whose `transaction(work)` holds effects until its commit:
 *
 *     const db = wrapKnex(rage, require('knex')({ client: 'pg', connection }))
 *
 * @returns a proxy; the instance given is untouched. `transaction()` without a function holds nothing: see `rage.transaction`.
 */
export function wrapKnex<Knex extends object>(rage: Effectful, knex: Knex): Knex {
  return wrap(rage, knex, shape)
}
