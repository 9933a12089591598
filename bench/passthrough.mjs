/**
 * What a mount costs the routes it does not own: the same Express app with `app.use(rage.mount())`, owning
 * nothing, against without. Ratio of requests per CPU second; 1 = no cost.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/http-app.mjs', import.meta.url)

export default async function ({ quick, log }) {
  const size = { path: '/items0/7', rounds: quick ? 2 : 12, requests: quick ? 500 : 8_000 }
  const variants = {
    passthrough: ['mounted', '1', '5'],
    passthrough_express4: ['mounted', '1', '4'],
    context: ['context', '1', '5'],
  }
  const ratios = {}
  const figures = {}
  for (const [key, variant] of Object.entries(variants)) {
    const compared = await compareServers(script, { ...size, a: variant, b: ['express', '1', variant[2]] })
    log(`${key}: ${compared.ratio} of the app without (noise ${compared.noise})`)
    ratios[key] = compared.ratio
    figures[key] = {
      mounted: compared.cpuMicrosecondsPerRequest.a,
      without: compared.cpuMicrosecondsPerRequest.b,
      unit: 'CPU µs/request',
      noise: compared.noise,
    }
  }
  return { ratios, figures }
}
