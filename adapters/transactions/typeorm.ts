/** TypeORM: `dataSource.transaction(work)` and `manager.transaction(work)`, nested ones too. */
import { type Effectful, wrap } from './wrapping'

const shape = { methods: ['transaction'], clients: ['manager'] }

/**
 * A TypeORM data source whose transactions, and those of its manager and repositories, hold effects until their commit:
 *
 *     export const dataSource = wrapTypeorm(rage, new DataSource({ ... }))
 *
 * @returns a proxy; the data source given is untouched, so take managers and repositories from the proxy. A query
 * runner holds nothing, neither its `startTransaction` nor its `manager`: see `rage.transaction`.
 */
export function wrapTypeorm<Source extends object>(rage: Effectful, dataSource: Source): Source {
  return wrap(rage, dataSource, shape)
}
