/** A JSON body of 1 KB parsed by us against `express.json()` before the mount, in the same app with the same action. */
import { compareServers } from './support/compare-servers.mjs'

const script = new URL('./servers/body-app.mjs', import.meta.url)
const line = {
  sku: 'widget-7',
  name: 'A widget of the seventh kind',
  quantity: 3,
  price: 12.5,
  tags: ['a', 'b'],
}
const body = { order: { customer: 'ann', lines: Array.from({ length: 10 }, () => line) } }

export default async function ({ quick, log }) {
  const { ratio, noise, cpuMicrosecondsPerRequest } = await compareServers(script, {
    args: [],
    a: 'rage',
    b: 'express',
    together: true,
    path: '/orders',
    body,
    processes: quick ? 1 : 8,
    rounds: quick ? 2 : 4,
    requests: quick ? 2_000 : 4_000,
  })
  const bytes = Buffer.byteLength(JSON.stringify(body))
  log(`${bytes} bytes: ${ratio} times express.json() (noise ${noise})`)
  const { a, b } = cpuMicrosecondsPerRequest
  return {
    ratios: { body_vs_express_json: ratio },
    figures: { bytes, rage: a, express: b, unit: 'CPU µs/request', noise },
  }
}
