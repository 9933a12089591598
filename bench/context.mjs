/**
 * What `rage.context()` costs a request: the same Express app with `app.use(rage.context())` first and a mount that owns
 * nothing, against without. Ratio of requests per CPU second; 1 = no cost. `context_alone` is without prototypes given to
 * requests when they are made (`presetPrototypes: false`), which is most of the gain on Node 20 and 22 and off on 24;
 * `context_vs_mount` against the mount without the context. Entering contexts makes everything in a process dearer, so
 * the sides are measured in processes of their own, in turns.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/http-app.mjs', import.meta.url)
const comparisons = {
  context: { major: '5', a: 'context', b: 'express' },
  context_express4: { major: '4', a: 'context', b: 'express' },
  context_alone: { major: '5', a: 'context-alone', b: 'express' },
  context_vs_mount: { major: '5', a: 'context', b: 'mounted' },
  // What no context can be cheaper than: one AsyncLocalStorage, entered with an empty object.
  storage_only: { major: '5', a: 'storage', b: 'express' },
}

export default async function ({ quick, log }) {
  const ratios = {}
  const figures = {}
  for (const [key, { major, a, b }] of Object.entries(comparisons)) {
    const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
      args: [major, '1'],
      a,
      b,
      path: '/items0/7',
      processes: quick ? 1 : 5,
      rounds: quick ? 2 : 10,
      requests: quick ? 500 : 2_000,
    })
    log(`${key}: ${ratio} (noise ${noise})`)
    ratios[key] = ratio
    const { a: inFront, b: behind } = cpuMicrosecondsPerRequest
    figures[key] = { [a]: inFront, [b]: behind, unit: 'CPU µs/request', noise }
  }
  return { ratios, figures }
}
