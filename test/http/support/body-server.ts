/** A bare http server that reads each body as the runtime does and answers what was read, or status and code. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type BodySettings,
  type HttpOptions,
  hasUnreadBody,
  httpOptions,
  type Request,
  type Response,
  readBody,
} from '../../../src/http'
import { resolveOptions } from '../../../src/kernel'

export interface BodyServer {
  readonly port: number
  readonly url: string
  /** Bodies that are being read. */
  reading(): number
  close(): Promise<void>
}

type Answer = (body: unknown, req: Request, res: Response) => unknown

/** @param answer what is sent back as JSON; the body itself unless given. */
export async function bodyServer(
  options: HttpOptions = {},
  answer: Answer = (body) => body,
): Promise<BodyServer> {
  const settings: BodySettings = resolveOptions(httpOptions, options, 'http')
  let reading = 0
  const server = createServer((req, res) => {
    reading += 1
    void serve(req, res, settings, answer, () => (reading -= 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    reading: () => reading,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function serve(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  settings: BodySettings,
  answer: Answer,
  onRead: () => void,
): Promise<void> {
  const req = incoming as Request
  const res = outgoing as Response
  try {
    const body = await read(req, res, settings).finally(onRead)
    res.end(JSON.stringify(await answer(body, req, res)))
  } catch (error) {
    const { status = 500, code, message } = error as { status?: number; code?: string; message: string }
    res.statusCode = status
    res.end(code ?? message)
  }
}

async function read(req: Request, res: Response, settings: BodySettings): Promise<unknown> {
  return hasUnreadBody(req, settings) ? await readBody(req, res, settings) : 'left alone'
}
