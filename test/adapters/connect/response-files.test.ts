import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'vitest'
import { eventually, temporaryFolder } from '../../runtime/support/runtimes'
import { type Ask, ask, both, type Loose, standalone, underExpress } from './support/sides'

const folder = (): string => {
  const made = temporaryFolder()
  writeFileSync(join(made, 'a b.txt'), 'tea and biscuits')
  writeFileSync(join(made, '.hidden'), 'secret')
  writeFileSync(join(made, 'app.js'), '// tea')
  writeFileSync(join(made, 'data.json'), '[]')
  mkdirSync(join(made, 'dir'))
  return made
}
/** The outcome, errors included, for whoever answers them. */
const answering =
  (work: (req: Loose, res: Loose, next: Loose, root: string) => unknown, root: string) =>
  (req: Loose, res: Loose) => {
    const next = (error?: { status?: number; code?: string; message: string }): void => {
      if (res.headersSent) return
      res.statusCode = 299
      res.end(error === undefined ? 'next' : JSON.stringify([error.status, error.code]))
    }
    req.next = next
    return work(req, res, next, root)
  }
describe.each([4, 5] as const)('connect files: sendFile and download, semantics of Express %s', (major) => {
  type FileCase = [string, (req: Loose, res: Loose, next: Loose, root: string) => unknown, Ask?]

  it.each<FileCase>([
    ['sendFile: script', (_req, res, _next, root) => res.sendFile('app.js', { root })],
    ['sendFile: JSON', (_req, res, _next, root) => res.sendFile('data.json', { root })],
    [
      'sendFile: a type of its own',
      (_req, res, _next, root) => res.type('csv').sendFile('data.json', { root }),
    ],
    ['sendFile: absolute', (_req, res, _next, root) => res.sendFile(join(root, 'a b.txt'))],
    [
      'sendFile: root',
      (_req, res, _next, root) =>
        res.sendFile('a b.txt', { root, maxAge: '1d', immutable: true, headers: { 'X-A': 'b' } }),
    ],
    [
      'sendFile: range',
      (_req, res, _next, root) => res.sendFile('a b.txt', { root }),
      { headers: { Range: 'bytes=0-2' } },
    ],
    [
      'sendFile: bad range',
      (_req, res, _next, root) => res.sendFile('a b.txt', { root }),
      { headers: { Range: 'bytes=99-' } },
    ],
    ['sendFile: HEAD', (_req, res, _next, root) => res.sendFile('a b.txt', { root }), { method: 'HEAD' }],
    ['sendFile: no tag', (_req, res, _next, root) => res.sendFile('a b.txt', { root, etag: false })],
    ['sendFile: missing', (_req, res, _next, root) => res.sendFile('none', { root })],
    ['sendFile: above root', (_req, res, _next, root) => res.sendFile('../x', { root })],
    ['sendFile: hidden', (_req, res, _next, root) => res.sendFile('.hidden', { root })],
    [
      'sendFile: hidden, allowed',
      (_req, res, _next, root) => res.sendFile('.hidden', { root, dotfiles: 'allow' }),
    ],
    ['sendFile: a folder', (_req, res, _next, root) => res.sendFile('dir', { root })],
    [
      'sendFile: relative',
      (_req, res) => {
        try {
          res.sendFile('x')
        } catch (error) {
          res.end((error as Error).message)
        }
      },
    ],
    [
      'sendFile: nothing',
      (_req, res) => {
        try {
          res.sendFile()
        } catch (error) {
          res.end((error as Error).message)
        }
      },
    ],
    [
      'sendFile: callback with an error',
      (_req, res, next, root) => res.sendFile('none', { root }, (error: Loose) => next(error)),
    ],
    ['download', (_req, res, _next, root) => res.download(join(root, 'a b.txt'))],
    ['download: name', (_req, res, _next, root) => res.download(join(root, 'a b.txt'), 'mine.csv')],
    [
      'download: options',
      (_req, res, _next, root) =>
        res.download(
          'a b.txt',
          { root, headers: { 'X-A': 'b', 'content-disposition': 'inline' } },
          () => undefined,
        ),
    ],
    [
      'download: missing',
      (_req, res, next, root) => res.download(join(root, 'none'), 'x', (error: Loose) => next(error)),
    ],
  ])('%s', async (_name, work, given) => {
    const { express, rage } = await both(major, answering(work, folder()), given)

    assert.deepEqual(rage, express)
  })

  it('sendFile calls back when the file is sent', async () => {
    const root = folder()
    const outcomes: unknown[] = []
    await both(major, (_req, res) =>
      res.sendFile('a b.txt', { root }, (error: unknown) => outcomes.push(error)),
    )
    await new Promise((resolve) => setTimeout(resolve, 20))

    assert.deepEqual(outcomes, [undefined, undefined])
  })
})

describe('connect files: sendfile of Express 4', () => {
  it.each<[string, (res: Loose, next: Loose, root: string) => void, Ask?]>([
    ['an absolute path, escaped', (res, _next, root) => res.sendfile(`${root}/a%20b.txt`)],
    ['below a root', (res, _next, root) => res.sendfile('app.js', { root })],
    ['up and below a root', (res, _next, root) => res.sendfile('dir/../app.js', { root })],
    ['above a root', (res, _next, root) => res.sendfile('../app.js', { root })],
    ['upwards without a root', (res) => res.sendfile('dir/../../package.json')],
    ['relative to the working folder', (res) => res.sendfile('package.json')],
    ['nothing there', (res, _next, root) => res.sendfile('none', { root })],
    ['callback', (res, next, root) => res.sendfile('none', { root }, (error: Loose) => next(error))],
    ['callback only', (res, next, root) => res.sendfile(`${root}/none`, (error: Loose) => next(error))],
  ])('%s', async (_name, work, given) => {
    const root = folder()
    const { express, rage } = await both(
      4,
      answering((_req, res, next) => work(res, next, root), root),
      given,
    )

    assert.deepEqual(rage, express)
  })
})

describe.each([4, 5] as const)('connect files: a client that goes, Express %s', (major) => {
  it.each([
    ['broken!', (req: Loose) => req.socket.destroy(new Error('broken!'))],
    ['Request aborted', (req: Loose) => req.socket.destroy()],
  ])('sendFile tells its callback "%s"', async (message, leave) => {
    const root = folder()
    const handler = (told: unknown[]) => (req: Loose, res: Loose) => {
      res.sendFile('a b.txt', { root }, (error: Loose) => told.push(error.message))
      leave(req)
    }
    const [underExpressTold, standaloneTold]: unknown[][] = [[], []]

    await assert.rejects(ask(underExpress(major, [handler(underExpressTold!)])), /socket hang up/)
    await assert.rejects(ask(standalone(major, [handler(standaloneTold!)])), /socket hang up/)
    await eventually(() => underExpressTold!.length + standaloneTold!.length === 2)

    assert.deepEqual([underExpressTold, standaloneTold], [[message], [message]])
  })
})
