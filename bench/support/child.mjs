/**
 * A server under test runs in a process of its own, so that the load generator does not share its CPU
 * time. This is the parent's half; the child's is in-child.mjs.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const running = new Set()
process.on('exit', () => {
  for (const child of running) child.process.kill('SIGKILL')
})

/**
 * Forks `script` and resolves when it has called `ready(...)`.
 *
 * @param script  URL or path, mostly `new URL('./servers/x.mjs', import.meta.url)`.
 * @param options `args`: strings; `env`: added to this process's; `execArgv`: such as `['--expose-gc']`;
 *                `readyMs`: 20,000 by default.
 */
export async function startChild(script, options = {}) {
  const { args = [], env = {}, execArgv = [], readyMs = 20_000 } = options
  const path = script instanceof URL ? fileURLToPath(script) : script
  const child = new Child(
    // Its standard output goes to our standard error: the last line of ours is the result.
    fork(path, args, { env: { ...process.env, ...env }, execArgv, stdio: ['ignore', 2, 2, 'ipc'] }),
    path,
  )
  running.add(child)
  await child.untilReady(readyMs)
  return child
}

/** Ends every child that is still running; the runner calls it after each bench. */
export async function stopChildren() {
  await Promise.all([...running].map((child) => child.stop()))
}

class Child {
  #path
  #nextId = 0
  #waiting = new Map()
  #exit
  #ready

  constructor(process, path) {
    this.process = process
    /** What the child passed to `ready`; mostly `{ port }`. */
    this.facts = {}
    this.#path = path
    this.#ready = withResolvers()
    this.#exit = new Promise((resolve) => process.once('exit', (code, signal) => resolve({ code, signal })))
    process.on('message', (message) => this.#receive(message))
    process.on('error', (error) => this.#fail(error))
    void this.#exit.then(({ code, signal }) => {
      running.delete(this)
      this.#fail(new Error(`${this.#path} ended (code ${code}, signal ${signal})`))
    })
  }

  get pid() {
    return this.process.pid
  }

  get port() {
    return this.facts.port
  }

  get url() {
    return `http://127.0.0.1:${this.port}`
  }

  /** Resolves with `{ code, signal }` when the process has ended. */
  get ended() {
    return this.#exit
  }

  async untilReady(readyMs) {
    const timer = setTimeout(
      () => this.#fail(new Error(`${this.#path} was not ready within ${readyMs} ms`)),
      readyMs,
    )
    try {
      this.facts = await this.#ready.promise
    } catch (error) {
      this.process.kill('SIGKILL')
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  /** Calls a function the child gave to `ready(facts, { name })`, and resolves with what it returned. */
  request(name, argument = null) {
    const id = ++this.#nextId
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.process.send({ id, name, argument }, (error) => error && this.#waiting.delete(id) && reject(error))
    })
  }

  /** `{ cpuSeconds, rssBytes, heapBytes }` since the child began. */
  usage() {
    return this.request('usage')
  }

  /** Runs `work` and answers `{ result, cpuSeconds }`: the child's CPU time (user and system) meanwhile. */
  async cpuDuring(work) {
    const before = await this.usage()
    const result = await work()
    const after = await this.usage()
    return { result, cpuSeconds: after.cpuSeconds - before.cpuSeconds }
  }

  /** Ends this process, by its id: SIGTERM, and SIGKILL after `graceMs`. Resolves once it is gone. */
  async stop(graceMs = 3_000) {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      this.process.kill('SIGTERM')
      const timer = setTimeout(() => this.process.kill('SIGKILL'), graceMs)
      await this.#exit
      clearTimeout(timer)
    }
    return this.#exit
  }

  /** SIGKILL, for benches of recovery. Resolves once it is gone. */
  kill() {
    this.process.kill('SIGKILL')
    return this.#exit
  }

  #receive(message) {
    if (message?.ready !== undefined) return this.#ready.resolve(message.ready)
    const waiting = this.#waiting.get(message?.id)
    if (waiting === undefined) return
    this.#waiting.delete(message.id)
    if (message.error === undefined) waiting.resolve(message.value)
    else waiting.reject(new Error(message.error))
  }

  #fail(error) {
    this.#ready.reject(error)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}

/** Node 20 has no Promise.withResolvers. */
function withResolvers() {
  const deferred = {}
  deferred.promise = new Promise((resolve, reject) => Object.assign(deferred, { resolve, reject }))
  // Before anybody waits for it, a failure must not end the runner.
  deferred.promise.catch(() => undefined)
  return deferred
}
