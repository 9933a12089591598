/** What a server writes, byte by byte: raw requests over a real socket, the date taken out of the answers. */
import type { RequestListener, Server } from 'node:http'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'

/**
 * `'GET /path'`, or a request line, headers, an empty string and a body. An array of arrays is sent in pieces, some
 * milliseconds apart. Without a `Connection` header the server is asked to close.
 */
export type WireRequest = string | readonly string[] | { readonly pieces: readonly string[] }

export async function listening(handler: RequestListener): Promise<Server> {
  const server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

export async function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

/** Everything the server writes until it closes the connection. */
export function answerTo(server: Server, request: WireRequest): Promise<string> {
  const pieces = typeof request === 'object' && 'pieces' in request ? request.pieces : [textOf(request)]
  return new Promise((resolve, reject) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    let answer = ''
    socket.setTimeout(5_000, () => socket.destroy(new Error(`no end after: ${answer}`)))
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      answer += chunk
    })
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve(`${answer} (reset)`) : reject(error),
    )
    socket.on('close', () => resolve(withoutNow(answer)))
    void send(pieces)

    async function send(parts: readonly string[]): Promise<void> {
      for (const [index, part] of parts.entries()) {
        if (index > 0) await new Promise((wait) => setTimeout(wait, 15))
        socket.write(part, 'latin1')
      }
    }
  })
}

function textOf(request: string | readonly string[]): string {
  const [line, ...rest] = typeof request === 'string' ? [request] : request
  const bodyAt = rest.indexOf('')
  const headers = bodyAt === -1 ? rest : rest.slice(0, bodyAt)
  const body = bodyAt === -1 ? null : rest.slice(bodyAt + 1).join('\r\n')
  const has = (name: string): boolean => headers.some((header) => header.toLowerCase().startsWith(`${name}:`))
  if (!has('host')) headers.unshift('Host: shop.example.com')
  if (!has('connection')) headers.push('Connection: close')
  if (body !== null && !has('transfer-encoding') && !has('content-length'))
    headers.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`)
  return `${line} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${body ?? ''}`
}

/** What the clock of two answers says may differ by a second. The time of a cookie with Max-Age is now and that many seconds. */
function withoutNow(answer: string): string {
  return answer
    .replace(/^Date: .*\r$/gm, 'Date: -')
    .replace(/(; Max-Age=\d+; (?:Path=[^;]*; )?Expires=)\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, '$1-')
}
