/**
 * What a mount costs, or saves, the routes it does not own: the same Express app with `app.use(rage.mount())`, owning
 * nothing, against without. Ratio of requests per CPU second; 1 = no cost. `passthrough_alone` is the mount with
 * `presetPrototypes: false`, `empty_middleware` a middleware that does nothing, below which no mount can be.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/http-app.mjs', import.meta.url)
const comparisons = {
  passthrough: { major: '5', variant: 'mounted' },
  passthrough_express4: { major: '4', variant: 'mounted' },
  passthrough_alone: { major: '5', variant: 'mounted-alone' },
  empty_middleware: { major: '5', variant: 'empty' },
  // Entering contexts makes everything in the process dearer, so this one cannot share it.
  context: { major: '5', variant: 'context', together: false },
}

export default async function ({ quick, log }) {
  const ratios = {}
  const figures = {}
  for (const [key, { major, variant, together = true }] of Object.entries(comparisons)) {
    const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
      args: [major, '1'],
      a: variant,
      b: 'express',
      together,
      path: '/items0/7',
      processes: quick ? 1 : 5,
      rounds: quick ? 2 : 10,
      requests: quick ? 500 : 2_000,
    })
    log(`${key}: ${ratio} of the app without (noise ${noise})`)
    ratios[key] = ratio
    const { a, b } = cpuMicrosecondsPerRequest
    figures[key] = { with: a, without: b, unit: 'CPU µs/request', noise }
  }
  return { ratios, figures }
}
