/** The engines that the same cases run over, each with a queue of its own for every case. */
import { randomBytes } from 'node:crypto'
import Redis from 'ioredis'
import { Pool } from 'pg'
import { bullmq } from '../../../adapters/bullmq'
import { pgBoss } from '../../../adapters/pg-boss'
import type { EngineKind } from '../../../src/deferred'
import { isServed, postgresUrl, redisUrl } from '../../support/services'

export interface TestEngine {
  readonly name: 'log' | 'bullmq' | 'pg-boss'
  readonly isThere: boolean
  /** The engine on a queue; `null` = the log. Processes that are given the same text share it. */
  readonly kind: (queue: string) => EngineKind | null
  readonly remove: (queue: string) => Promise<void>
}

/** Quick to take over, so that tests need not wait. */
export const takeOverMs = 2_000
/** One schema for all tests: making it takes a while. */
export const schema = 'rage_test'

export const testEngines: readonly TestEngine[] = [
  { name: 'log', isThere: true, kind: () => null, remove: async () => undefined },
  {
    name: 'bullmq',
    isThere: await isServed(redisUrl),
    kind: (queue) => bullmq({ connection: { url: redisUrl }, queue, takeOverMs }),
    remove: removeFromRedis,
  },
  {
    name: 'pg-boss',
    isThere: await isServed(postgresUrl),
    kind: (queue) =>
      pgBoss({
        connection: { connectionString: postgresUrl, max: 4 },
        schema,
        queue,
        pollMs: 100,
        takeOverMs,
      }),
    remove: removeFromPostgres,
  },
]

export function queueName(): string {
  return `test-${randomBytes(6).toString('hex')}`
}

async function removeFromRedis(queue: string): Promise<void> {
  const redis = new Redis(redisUrl)
  const keys = await redis.keys(`bull:${queue}:*`)
  if (keys.length > 0) await redis.del(keys)
  await redis.quit()
}

async function removeFromPostgres(queue: string): Promise<void> {
  const pool = new Pool({ connectionString: postgresUrl, max: 1 })
  for (const name of [queue, `${queue}-dead`]) {
    await unlessInTheWay(() => pool.query(`DELETE FROM ${schema}.job WHERE name = $1`, [name]))
    await unlessInTheWay(() =>
      pool.query(
        `SELECT ${schema}.delete_queue(name) FROM ${schema}.queue WHERE name = $1 AND partition_name IS NOT NULL`,
        [name],
      ),
    )
  }
  await pool.end()
}

/** Tables of one schema go while other test files look at all of them: PostgreSQL ends one of two that wait for each other. */
async function unlessInTheWay(remove: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await remove()
      return
    } catch (error) {
      if ((error as { code?: string }).code !== '40P01' || attempt === 5) throw error
    }
  }
}
