/**
 * transactions: clients of databases whose transactions hold the effects of what runs inside of them: jobs, events,
 * broadcasts and `rage.afterCommit` happen after the commit and never after a rollback. It begins, commits and retries nothing
 * itself, and leaves the client it is given as it is.
 */
export { wrapDrizzle } from './drizzle'
export { wrapKnex } from './knex'
export { wrapPrisma } from './prisma'
export { wrapTypeorm } from './typeorm'
export type { Effectful } from './wrapping'
