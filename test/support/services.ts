/** Redis and PostgreSQL for tests. Where they have to be there (CI), tests fail without them; elsewhere they are skipped. */
import { connect } from 'node:net'

export const redisUrl = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379'
export const postgresUrl = process.env.DATABASE_URL ?? 'postgres://root@127.0.0.1:5432/test'

const mustNotSkip = process.env.CI === 'true' || process.env.RAGE_REQUIRE_SERVICES === '1'

/** Whether to run what needs the server at this address. */
export async function isServed(url: string): Promise<boolean> {
  if (mustNotSkip) return true
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('close', () => socket.destroy())
    socket.unref()
  }).then((isThere) => {
    if (isThere !== true) console.warn(`skipped: nothing answers at ${url}`)
    return isThere === true
  })
}
