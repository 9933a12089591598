/**
 * hello-JSON through `rage.front(app)` against the same route in Express 5 and in Fastify 5, each in a process of
 * its own, by the CPU time a request costs.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/front-app.mjs', import.meta.url)

export default async function ({ quick, log }) {
  const ratios = {}
  const figures = {}
  for (const peer of ['express', 'fastify']) {
    const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
      args: [],
      a: 'front',
      b: peer,
      path: '/hello',
      processes: quick ? 1 : 8,
      rounds: quick ? 2 : 4,
      requests: quick ? 500 : 8_000,
    })
    log(`front: ${ratio} times ${peer} (noise ${noise})`)
    ratios[`front_${peer}`] = ratio
    const { a, b } = cpuMicrosecondsPerRequest
    figures[peer] = { front: a, [peer]: b, unit: 'CPU µs/request', noise }
  }
  return { ratios, figures }
}
