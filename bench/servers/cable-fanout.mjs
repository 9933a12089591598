/** For bench/cable.mjs: a cable at /cable and, at /naive, plain `ws` clients that are sent to one by one. */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocketServer } from 'ws'
import { Cable, Channel, cableOptions } from '../../dist/src/cable/index.js'
import { resolveOptions, Scope, systemClock } from '../../dist/src/kernel/index.js'
import { LocalBus } from '../../dist/src/pubsub/index.js'
import { ErrorReports, Telemetry } from '../../dist/src/telemetry/index.js'
import { listen, ready } from '../support/in-child.mjs'

/** Time for the clients to read one broadcast, so that neither side meets full buffers. */
const restMs = 40

class Bench extends Channel {
  subscribed() {
    this.streamFrom('bench')
  }
}

const telemetry = new Telemetry()
const cable = new Cable({
  scope: new Scope('bench'),
  clock: systemClock,
  // No pings while it is measured: they would count as CPU time of whichever side is running.
  settings: resolveOptions(cableOptions, { allowAnonymous: true, pingMs: 600_000 }, 'cable'),
  logger: { error: complain, warn: complain, info() {}, debug() {}, trace() {}, fatal: complain },
  telemetry,
  errors: new ErrorReports({ error: complain }),
  bus: new LocalBus(),
})
cable.register(Bench)
await cable.service.boot()
telemetry.compile()
cable.service.serve()

const plain = new WebSocketServer({ noServer: true, perMessageDeflate: false })
const server = createServer()
server.on('upgrade', (req, socket, head) => {
  if (req.url === '/cable') cable.handleUpgrade(req, socket, head, null)
  else plain.handleUpgrade(req, socket, head, (ws) => plain.emit('connection', ws, req))
})

const identifier = '{"channel":"Bench"}'
let sequence = 0

function nextMessage() {
  sequence += 1
  return { n: 100_000 + sequence, text: 'x'.repeat(51) }
}

const send = {
  cable: () => cable.broadcast('bench', nextMessage()),
  naive() {
    const text = JSON.stringify({ identifier, message: nextMessage() })
    for (const ws of plain.clients) ws.send(text)
  },
}

ready(
  { port: await listen(server) },
  {
    async send({ side, broadcasts, messages }) {
      const before = process.cpuUsage()
      for (let index = 0; index < broadcasts; index++) {
        for (let message = 0; message < messages; message++) send[side]()
        await sleep(restMs)
      }
      const { user, system } = process.cpuUsage(before)
      return { cpuSeconds: (user + system) / 1e6 }
    },
  },
)

function complain(_fields, message) {
  process.stderr.write(`${message}\n`)
}
