/**
 * An owned route through the mount against the same route in Express 5, with 10 and with 500 routes; the
 * route in the middle of the table is asked, so that Express's scan has its average length.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/http-app.mjs', import.meta.url)

export default async function ({ quick, log }) {
  const ratios = {}
  const figures = {}
  for (const routes of [10, 500]) {
    const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
      args: ['5', String(routes)],
      a: 'rage',
      b: 'express',
      path: `/items${routes / 2}/7`,
      processes: quick ? 1 : 8,
      rounds: quick ? 2 : 4,
      requests: quick ? 500 : 4_000,
    })
    log(`${routes} routes: ${ratio} times Express (noise ${noise})`)
    ratios[`dispatch_${routes}`] = ratio
    const { a, b } = cpuMicrosecondsPerRequest
    figures[`routes_${routes}`] = { rage: a, express: b, unit: 'CPU µs/request', noise }
  }
  return { ratios, figures }
}
