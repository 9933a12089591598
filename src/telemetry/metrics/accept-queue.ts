/**
 * Connections that the kernel has taken and the process has not, per listening port, on Linux. The kernel lists listening
 * sockets before all others, so that reading stops after them however many connections there are.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import type { Metrics } from './metrics'

const files = ['/proc/net/tcp', '/proc/net/tcp6']
const listenState = '0A'
const chunkBytes = 16_384
/** Of one file; some thousand listening sockets. */
const mostBytes = 1_048_576

/** @param ports those that the process listens on now. */
export function addAcceptQueueMetrics(metrics: Metrics, ports: () => Iterable<number>): void {
  if (process.platform !== 'linux') return
  metrics.gauge('rage_accept_queue_connections', {
    help: 'Connections that wait to be accepted by the process, by port (Linux).',
    labels: ['port'],
    collect: (set) => {
      const own = new Set(ports())
      if (own.size === 0) return
      const lengths = new Map([...own].map((port) => [port, 0]))
      for (const file of files)
        for (const { port, waiting } of listeningSockets(file))
          if (own.has(port)) lengths.set(port, lengths.get(port)! + waiting)
      for (const [port, waiting] of lengths) set({ port: String(port) }, waiting)
    },
  })
}

interface ListeningSocket {
  readonly port: number
  /** Length of its accept queue. */
  readonly waiting: number
}

/** Nothing where there is no such file, such as without IPv6. */
export function* listeningSockets(file: string): Iterable<ListeningSocket> {
  let isFirst = true
  for (const line of linesOf(file)) {
    // The first line names the columns.
    if (isFirst) {
      isFirst = false
      continue
    }
    const [, local, , state, queues] = line.trim().split(/\s+/)
    if (state !== listenState) return
    const port = Number.parseInt(local?.split(':')[1] ?? '', 16)
    const waiting = Number.parseInt(queues?.split(':')[1] ?? '', 16)
    if (Number.isInteger(port) && Number.isInteger(waiting)) yield { port, waiting }
  }
}

function* linesOf(path: string): Iterable<string> {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return
  }
  try {
    const chunk = Buffer.alloc(chunkBytes)
    let rest = ''
    for (let read = 0; read < mostBytes; ) {
      const bytes = readSync(file, chunk, 0, chunkBytes, null)
      if (bytes === 0) break
      read += bytes
      const lines = (rest + chunk.toString('latin1', 0, bytes)).split('\n')
      rest = lines.pop()!
      yield* lines
    }
    if (rest !== '') yield rest
  } finally {
    closeSync(file)
  }
}
