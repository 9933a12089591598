/** An Express app with everything that is measured, after real traffic through all of it. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import { WebSocket } from 'ws'
import { prometheus } from '../../../../adapters/prometheus'
import {
  Channel,
  Connection,
  Controller,
  type Rage,
  type RageOptions,
  Subscriber,
  Task,
} from '../../../../src'
import { atEnd, eventually, makeRage } from '../../../runtime/support/runtimes'
import { ask } from './scrape'

export interface BusyApp {
  readonly rage: Rage
  readonly port: number
}

/** Mount, legacy routes, jobs that succeed, are retried and die, events, a client of the cable. */
export async function busyApp(options: RageOptions = {}): Promise<BusyApp> {
  class Placed {}
  class Mail extends Task {
    static override retries = 1
    static override retryIn = () => 0
    perform(fate: unknown) {
      if (fate === 'fail') throw new Error('no post today')
    }
  }
  class Later extends Task {
    perform() {}
  }
  class Works extends Subscriber {
    static override on = [Placed]
    call() {}
  }
  class Fails extends Subscriber {
    static override on = [Placed]
    call() {
      throw new Error('not for me')
    }
  }
  class News extends Channel {
    override subscribed() {
      this.streamFrom('news')
    }
  }
  class Guest extends Connection {}
  class Orders extends Controller {
    show() {
      return { id: this.params.id }
    }
    fails() {
      throw new Error('broken')
    }
  }

  const { rage } = makeRage(options)
  rage.register(Mail, Later, Works, Fails, News, Guest)
  rage.routes((r) => {
    r.get('/orders/:id', [Orders, 'show'])
    r.get('/broken', [Orders, 'fails'])
  })
  const app = express()
  app.get('/metrics', prometheus(rage))
  app.use(rage.context())
  app.use(rage.mount())
  app.get('/legacy/:id', (req, res) => void res.json({ id: req.params.id }))
  // Express's own prints the stack.
  app.use(((_error, _req, res, _next) => void res.status(500).end()) as express.ErrorRequestHandler)
  const { server, port } = await listen(app)
  await rage.boot()

  for (const path of ['/orders/1', '/orders/2', '/legacy/3', '/broken', '/nowhere']) await ask(port, path)
  await Mail.enqueue('go')
  await Mail.enqueue('fail')
  await Later.enqueue(undefined, { delay: 3_600 })
  await rage.events.publish(new Placed())
  await joinCable(port)
  rage.cable.broadcast('news', { text: 'hello' })
  await eventually(() => rage.deferred.stats().dead === 1, 'the death of the job')
  void server
  return { rage, port }
}

export async function listen(app: express.Express): Promise<{ server: Server; port: number }> {
  const server = await new Promise<Server>((resolve) => {
    const listening = app.listen(0, '127.0.0.1', () => resolve(listening))
  })
  atEnd(() => {
    server.closeAllConnections()
    return new Promise((resolve) => void server.close(() => resolve()))
  })
  return { server, port: (server.address() as AddressInfo).port }
}

/** A client that is connected and subscribed to News. */
async function joinCable(port: number): Promise<void> {
  const client = new WebSocket(`ws://127.0.0.1:${port}/cable`, ['actioncable-v1-json'])
  atEnd(() => client.terminate())
  const messages: string[] = []
  client.on('message', (data) => messages.push(String(data)))
  const identifier = JSON.stringify({ channel: 'News' })
  await eventually(() => messages.some((one) => one.includes('welcome')), 'a welcome')
  client.send(JSON.stringify({ command: 'subscribe', identifier }))
  await eventually(() => messages.some((one) => one.includes('confirm_subscription')), 'a subscription')
}
