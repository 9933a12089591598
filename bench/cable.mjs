/**
 * What the server pays to send a message to a thousand clients of one stream: its CPU time (user and system)
 * per broadcast through the cable, beside encoding once and calling `ws.send` for each client. Both have their
 * own clients, in a process of their own, and take turns.
 *
 * A single message cannot be had for much less: the system call dominates, and the floor in C is 0.67 of
 * `ws.send`. Ten messages in one tick are joined into one write per client, and that is where it pays.
 */
import { alternate } from './support/alternate.mjs'
import { startChild } from './support/child.mjs'
import { round } from './support/machine.mjs'

const burstMessages = 10

export default async function cable({ quick, log }) {
  const clients = quick ? 200 : 1_000
  const rounds = quick ? 2 : 12
  const broadcasts = quick ? 5 : 20
  const server = await startChild(new URL('./servers/cable-fanout.mjs', import.meta.url))
  const readers = await startChild(new URL('./servers/cable-clients.mjs', import.meta.url))
  await readers.request('connect', { port: server.port, clients })
  const memory = await server.usage()

  /** Broadcasts per CPU-second; fails when a message is lost. */
  const measure = (side, messages) => async () => {
    const { cpuSeconds } = await server.request('send', { side, broadcasts, messages })
    await readers.request('received', { side, messages: broadcasts * messages * clients })
    return (broadcasts * messages) / cpuSeconds
  }
  const compare = async (messages) => {
    const sides = { a: measure('cable', messages), b: measure('naive', messages) }
    for (const side of [sides.a, sides.b, sides.a, sides.b]) await side()
    return alternate(rounds, sides)
  }
  const single = await compare(1)
  const burst = await compare(burstMessages)
  await readers.stop()
  await server.stop()

  const microseconds = (rate) => round(1e6 / rate / clients, 2)
  const figures = {
    compared: 'server CPU time per message and client: JSON once + ws.send per client / cable.broadcast',
    clients,
    messageBytes: 120,
    cableMicroseconds: microseconds(single.a),
    naiveMicroseconds: microseconds(single.b),
    noise: single.noise,
    burstMessages,
    burstCableMicroseconds: microseconds(burst.a),
    burstNaiveMicroseconds: microseconds(burst.b),
    burstNoise: burst.noise,
    serverRssMegabytesWithAllClients: round(memory.rssBytes / 2 ** 20, 1),
  }
  log(
    `one message: ${figures.cableMicroseconds} µs of CPU per client, ws.send ${figures.naiveMicroseconds} µs`,
  )
  log(
    `${burstMessages} in one tick: ${figures.burstCableMicroseconds} µs per message and client, ws.send ${figures.burstNaiveMicroseconds} µs`,
  )
  return { ratios: { fanout_vs_naive: single.ratio, fanout_burst_vs_naive: burst.ratio }, figures }
}
