/**
 * An owned route through the mount against the same route in Express 5, with 10 and with 500 routes; the
 * route in the middle of the table is asked, so that Express's scan has its average length. `_alone`: the mount with
 * `presetPrototypes: false`, so that Express exchanges prototypes on both sides.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/http-app.mjs', import.meta.url)

export default async function ({ quick, log }) {
  const ratios = {}
  const figures = {}
  for (const [routes, variant] of [
    [10, 'rage'],
    [500, 'rage'],
    [10, 'rage-alone'],
    [500, 'rage-alone'],
  ]) {
    const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
      args: ['5', String(routes)],
      a: variant,
      b: 'express',
      path: `/items${routes / 2}/7`,
      processes: quick ? 1 : 6,
      rounds: quick ? 2 : 4,
      requests: quick ? 500 : 4_000,
    })
    log(`${variant}, ${routes} routes: ${ratio} times Express (noise ${noise})`)
    const name = `${routes}${variant.replace('rage', '').replace('-', '_')}`
    ratios[`dispatch_${name}`] = ratio
    const { a, b } = cpuMicrosecondsPerRequest
    figures[`routes_${name}`] = { rage: a, express: b, unit: 'CPU µs/request', noise }
  }
  return { ratios, figures }
}
