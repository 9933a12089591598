/**
 * Traces by `openTelemetry()` against those of the official instrumentations of http and express, in the same Express 5 app,
 * with the same SDK and an exporter that drops what it gets. Ratio of requests per CPU second; above 1 = ours are cheaper.
 * `opentelemetry_vs_official` is an owned route, `opentelemetry_legacy_vs_official` a route of Express behind
 * `rage.context()`, and `opentelemetry_off` an owned route with `openTelemetry()` but without any SDK, against none of both.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/opentelemetry-app.mjs', import.meta.url)
const comparisons = {
  opentelemetry_vs_official: { a: 'owned', b: 'official' },
  opentelemetry_legacy_vs_official: { a: 'legacy', b: 'official' },
  // The instrumentations patch modules for the whole process; without them both can share one.
  opentelemetry_off: { a: 'owned-off', b: 'owned-untraced', together: true },
}

export default async function ({ quick, log }) {
  const ratios = {}
  const figures = {}
  for (const [key, { a, b, together = false }] of Object.entries(comparisons)) {
    const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
      args: [],
      a,
      b,
      together,
      path: '/items0/7',
      processes: quick ? 1 : 5,
      rounds: quick ? 2 : 10,
      requests: quick ? 500 : 2_000,
    })
    log(`${key}: ${ratio}, ${a} against ${b} (noise ${noise})`)
    ratios[key] = ratio
    figures[key] = {
      [a]: cpuMicrosecondsPerRequest.a,
      [b]: cpuMicrosecondsPerRequest.b,
      unit: 'CPU µs/request',
      noise,
    }
  }
  return { ratios, figures }
}
