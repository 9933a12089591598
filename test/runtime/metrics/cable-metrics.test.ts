import assert from 'node:assert'
import { describe, it } from 'vitest'
import { WebSocket } from 'ws'
import { Channel, Connection } from '../../../src'
import { atEnd, eventually, makeRage } from '../support/runtimes'
import { valuesOf } from './support/values'

class News extends Channel {
  override subscribed() {
    this.streamFrom('news')
  }
}
class Guest extends Connection {}

async function serving() {
  const { rage } = makeRage({ metrics: true, cable: { maxQueuedBytes: 1_024 } })
  rage.register(News, Guest)
  const { port } = await rage.listen(0, '127.0.0.1')
  const of = (name: string) => Object.fromEntries(valuesOf(rage, `rage_cable_${name}`))
  const client = (protocol = 'actioncable-v1-json', headers = {}): WebSocket => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}/cable`, [protocol], { headers })
    ws.on('error', () => undefined)
    atEnd(() => ws.terminate())
    return ws
  }
  const subscriber = async (): Promise<WebSocket> => {
    const ws = client()
    await new Promise((resolve) => ws.once('open', resolve))
    const before = of('subscriptions')['']!
    ws.send(JSON.stringify({ command: 'subscribe', identifier: '{"channel":"News"}' }))
    await eventually(() => of('subscriptions')[''] === before + 1, 'a subscription')
    return ws
  }
  return { rage, of, client, subscriber }
}

describe('cable metrics', () => {
  it('are who is connected, and to how many a broadcast went', async () => {
    const { rage, of, subscriber } = await serving()
    await subscriber()
    await subscriber()

    rage.cable.broadcast('news', 'to both')
    rage.cable.broadcast('nobody', 'to none')

    assert.deepEqual(
      [of('connections'), of('subscriptions'), of('streams')],
      [{ '': 2 }, { '': 2 }, { '': 1 }],
    )
    const fanOut = rage.metrics.collect().find(({ name }) => name === 'rage_cable_broadcast_receivers')!
    const { count, sum } = fanOut.samples[0] as { count: number; sum: number }
    assert.deepEqual({ count, sum }, { count: 2, sum: 2 })
  })

  it('count handshakes by the status of their answer', async () => {
    const { of, client, subscriber } = await serving()
    await subscriber()

    client('chess')
    client('actioncable-v1-json', { Origin: 'https://elsewhere.example.com' })
    const refused = () => Object.values(of('handshakes_total')).reduce((sum, n) => sum + n, 0)
    await eventually(() => refused() === 3, 'three handshakes')

    const { 101: accepted, ...others } = of('handshakes_total')
    assert.equal(accepted, 1)
    assert.ok(
      Object.keys(others).every((status) => status.startsWith('4')),
      JSON.stringify(others),
    )
  })

  it('count clients that are cut off because they do not read', async () => {
    const { rage, of, subscriber } = await serving()
    const ws = await subscriber()
    ws.pause()

    // More than the buffers of the kernel hold.
    const text = 'x'.repeat(4_000_000)
    await eventually(() => {
      rage.cable.broadcast('news', text)
      return of('slow_clients_total')[''] === 1
    }, 'a client that is cut off')

    await eventually(() => {
      ws.resume()
      return of('connections')[''] === 0
    }, 'nobody')
  })
})
