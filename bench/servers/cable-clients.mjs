/** For bench/cable.mjs: clients of both sides, in a process of their own, that count what they receive. */
import { WebSocket } from 'ws'
import { ready } from '../support/in-child.mjs'

const received = { cable: 0, naive: 0 }
const atOnce = 50

ready(
  {},
  {
    async connect({ port, clients }) {
      for (let index = 0; index < clients; index += atOnce) {
        const batch = Array.from({ length: Math.min(atOnce, clients - index) }, () => [
          subscribe(`ws://127.0.0.1:${port}/cable`),
          open(`ws://127.0.0.1:${port}/naive`),
        ])
        await Promise.all(batch.flat())
      }
    },

    /** Resolves when that many have arrived since the last call; fails when they do not. */
    async received({ side, messages }) {
      const deadline = Date.now() + 10_000
      while (received[side] < messages) {
        if (Date.now() > deadline)
          throw new Error(`${side}: ${received[side]} of ${messages} messages arrived`)
        await new Promise((resolve) => setTimeout(resolve, 2))
      }
      if (received[side] > messages)
        throw new Error(`${side}: ${received[side]} messages instead of ${messages}`)
      received[side] = 0
    },
  },
)

function subscribe(url) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, ['actioncable-v1-json'], { perMessageDeflate: false })
    let confirmed = false
    ws.on('error', reject)
    ws.on('message', (content) => {
      if (confirmed) {
        received.cable += 1
        return
      }
      const text = String(content)
      if (text.includes('"welcome"'))
        ws.send('{"command":"subscribe","identifier":"{\\"channel\\":\\"Bench\\"}"}')
      else if (text.includes('"confirm_subscription"')) {
        confirmed = true
        resolve()
      }
    })
  })
}

function open(url) {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(url, { perMessageDeflate: false })
    ws.on('error', reject)
    ws.on('open', resolve)
    ws.on('message', () => {
      received.naive += 1
    })
  })
}
