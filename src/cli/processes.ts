/** The processes of a storage folder that run, and asking one of them; the language is that of control.ts. */
import { connect } from 'node:net'
import { checkedFolder, controlFolder, socketsIn } from '../runtime'
import { ProcessError } from './errors'

const patienceMs = 10_000
const longestAnswer = 16 * 1024 * 1024

/** The sockets at which a process listens. */
export async function liveSockets(storage: string): Promise<readonly string[]> {
  const folder = controlFolder(storage)
  const sockets = await socketsIn(folder)
  if (sockets.length === 0) return []
  await checkedFolder(folder)
  const alive: string[] = []
  for (const socket of sockets) if (await isListening(socket)) alive.push(socket)
  return alive
}

/** @throws ProcessError */
export async function ask<T>(socket: string, command: string, options: object): Promise<T> {
  const line = await exchange(socket, `${JSON.stringify({ v: 1, command, options })}\n`).catch(
    (cause: Error) => {
      throw new ProcessError({ socket, reason: cause.message }, { cause })
    },
  )
  const answer = JSON.parse(line) as { ok: true; result: T } | { ok: false; message: string }
  if (!answer.ok) throw new ProcessError({ socket, reason: answer.message })
  return answer.result
}

function exchange(path: string, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(path, () => socket.end(request))
    socket.setTimeout(patienceMs, () => socket.destroy(new Error(`no answer within ${patienceMs} ms`)))
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      if (text.length > longestAnswer) socket.destroy(new Error('its answer does not end'))
    })
    socket.once('error', reject)
    socket.once('close', () =>
      text.endsWith('\n') ? resolve(text) : reject(new Error('its answer was cut off')),
    )
  })
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
