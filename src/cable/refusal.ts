/** Answers a handshake that is not accepted: plain HTTP, written to the raw socket, which is then closed. */
import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/**
 * @param body what the client may know, such as an error's code.
 * @param headers further headers, such as `Retry-After`.
 */
export function refuseUpgrade(
  socket: Duplex,
  answer: {
    readonly status: number
    readonly body: string
    readonly headers?: Readonly<Record<string, string>>
  },
): void {
  const { status, body, headers = {} } = answer
  // Without a listener, a client that hangs up while it is answered would end the process.
  socket.on('error', () => socket.destroy())
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Refused'}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  // Destroyed once written: a client that never closes its side would keep the socket.
  socket.once('finish', () => socket.destroy())
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
}
