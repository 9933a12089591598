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
    const compared = await compareServers(script, {
      a: ['rage', String(routes)],
      b: ['express', String(routes)],
      path: `/items${routes / 2}/7`,
      rounds: quick ? 2 : 12,
      requests: quick ? 500 : 8_000,
    })
    log(`${routes} routes: ${compared.ratio} times Express (noise ${compared.noise})`)
    ratios[`dispatch_${routes}`] = compared.ratio
    figures[`routes_${routes}`] = {
      rage: compared.cpuMicrosecondsPerRequest.a,
      express: compared.cpuMicrosecondsPerRequest.b,
      unit: 'CPU µs/request',
      noise: compared.noise,
    }
  }
  return { ratios, figures }
}
