/**
 * The servers that lead to one of our handlers. Found when they start to listen, which Node announces on a diagnostics
 * channel; a request handler leads to us when it is the app of a mount or has one somewhere in its stack.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import type { Entry, Middleware } from '../../src/runtime'
import type { ParentApp } from './mount'
import { exchangeIsSlow, type MessagePrototypes, presetPrototypes } from './preset-prototypes'
import { leadsTo } from './router-stack'
import { passesToApp } from './upgrades'

const listenChannel = 'tracing:net.server.listen:asyncStart'

export class Servers {
  readonly #parents = new Set<ParentApp>()
  readonly #mounts = new Set<Entry | Middleware>()
  /** The apps behind fronts. */
  readonly #legacy = new Map<unknown, unknown>()
  readonly #found: (server: Server) => void
  readonly #undo = new Set<() => void>()
  readonly #onListen = (message: unknown): void => this.#listens((message as { server?: unknown }).server)
  #presetsPrototypes = exchangeIsSlow

  /** @param found called when a server that leads here starts to listen, each time it does. */
  constructor(found: (server: Server) => void) {
    this.#found = found
  }

  addMount(mount: Entry | Middleware): void {
    if (this.#mounts.size === 0) subscribe(listenChannel, this.#onListen)
    this.#mounts.add(mount)
  }

  addFront(front: Entry, legacy: unknown): void {
    this.addMount(front)
    this.#legacy.set(front, legacy)
  }

  mountedOn(parent: ParentApp): void {
    this.#parents.add(parent)
  }

  /** An app or router has the mount. */
  get isMounted(): boolean {
    return this.#parents.size > 0
  }

  /** Has Express exchange prototypes as ever. */
  keepPrototypes(): void {
    this.#presetsPrototypes = false
  }

  detach(): void {
    unsubscribe(listenChannel, this.#onListen)
    for (const undo of this.#undo) undo()
    this.#undo.clear()
  }

  #listens(server: unknown): void {
    if (typeof (server as Server | undefined)?.listeners !== 'function') return
    for (const listener of (server as Server).listeners('request')) {
      if (!this.#leadsToMount(listener)) continue
      this.#preset(server as Server, this.#legacy.get(listener) ?? listener)
      return this.#found(server as Server)
    }
  }

  #preset(server: Server, app: unknown): void {
    if (!this.#presetsPrototypes || !hasPrototypes(app)) return
    const undo = presetPrototypes(server, app, passesToApp)
    if (undo === null) return
    this.#undo.add(undo)
    // One that listens again is found again.
    server.once('close', () => {
      undo()
      this.#undo.delete(undo)
    })
  }

  #leadsToMount(listener: unknown): boolean {
    for (const parent of this.#parents) {
      for (let app: ParentApp | undefined = parent; app !== undefined; app = app.parent)
        if (app === listener) return true
    }
    return leadsTo(listener, this.#mounts)
  }
}

function hasPrototypes(app: unknown): app is MessagePrototypes {
  const { request, response } = app as Partial<MessagePrototypes>
  return isObject(request) && isObject(response)
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
