/**
 * An action with a chain of five callbacks against the same action without any: hello-JSON without Express, where
 * nothing else costs much. Callbacks are compiled into one function; an around-action makes it asynchronous, and is
 * measured apart.
 */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/callbacks-app.mjs', import.meta.url)

export default async function ({ quick, log }) {
  const ratios = {}
  const figures = {}
  for (const chain of ['five', 'around']) {
    const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
      args: [],
      a: chain,
      b: 'none',
      together: true,
      path: '/hello',
      processes: quick ? 1 : 8,
      rounds: quick ? 2 : 4,
      requests: quick ? 3_000 : 8_000,
    })
    log(`${chain}: ${ratio} times the action without callbacks (noise ${noise})`)
    ratios[chain === 'five' ? 'five_callbacks' : 'five_callbacks_one_around'] = ratio
    const { a, b } = cpuMicrosecondsPerRequest
    figures[chain] = { callbacks: a, none: b, unit: 'CPU µs/request', noise }
  }
  return { ratios, figures }
}
