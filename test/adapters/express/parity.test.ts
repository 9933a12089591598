/** The table "How paths are compared" in migration-guide/express.md: each row is sent to a legacy route and to an owned one. */
import assert from 'node:assert/strict'
import type { Express, NextFunction, Request, Response } from 'express'
import { describe, expect, it } from 'vitest'
import { makeRage } from '../../runtime/support/runtimes'
import { read } from '../../support/repository'
import { majors } from './support/majors'
import { answerTo, closed, listening } from './support/wire'

interface Row {
  readonly setting: string
  readonly route: string
  readonly request: string
  readonly express: string
  readonly owned: string
}

const rows = rowsOf(read('migration-guide/express.md'))

describe.each(majors)('parity: a path in %s', (name, express) => {
  const major = name.at(-1)!

  it.each(rows.map((row) => [`${row.setting} ${row.route} ${row.request}`.trim(), row] as const))(
    'is treated as the table says: %s',
    async (_title, row) => {
      const legacy = await answer(row, (app) =>
        app.get(major === '4' ? row.route.replace(/\*\w+/, '*') : row.route, show),
      )
      const owned = await answer(row, (app) => {
        const { rage } = makeRage()
        rage.routes((r) => void r.get(row.route, show as never))
        app.use(rage.mount())
      })

      assert.match(legacy, expected(row.express))
      if (row.owned === 'falls through') assert.equal(owned, '404')
      else assert.deepEqual([row.owned, owned], ['the same', legacy])
    },
  )

  /** `200 {"id":"7"}`, the body only when the table gives one. */
  async function answer(
    { setting, request, express: wanted }: Row,
    arrange: (app: Express) => void,
  ): Promise<string> {
    const app = express()
    if (setting !== '') app.enable(setting)
    arrange(app)
    app.use((error: Error & { status?: number }, _req: Request, res: Response, _next: NextFunction) => {
      res.status(error.status ?? 500).end()
    })
    const server = await listening(app)
    const raw = await answerTo(
      server,
      request.replace(/(.)…\((\d+)\)/, (_, char, times) => char.repeat(times)),
    )
    await closed(server)
    const [head, body] = raw.split('\r\n\r\n')
    const status = head!.slice(9, 12)
    return status === '200' && wanted.includes('{') ? `${status} ${Buffer.from(body!, 'latin1')}` : status
  }

  /** A cell such as `404 in 4, 200 in 5`, or one for both. */
  function expected(cell: string): RegExp {
    const mine = cell.split(', ').find((part) => part.endsWith(` in ${major}`))
    const text = (mine?.replace(/ in \d$/, '') ?? cell).replaceAll('`', '').replaceAll('\\|', '|')
    return new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`)
  }
})

describe('parity: the table', () => {
  it('has rows', () => {
    expect(rows.length).toBeGreaterThan(50)
  })
})

/** Express 5 gives wildcards in pieces, Express 4 without a name. */
function show(req: Request, res: Response): void {
  const { path = (req.params as Record<string, string>)['0'], ...params } = req.params as Record<
    string,
    unknown
  >
  res.json(path === undefined ? params : { path: [path].flat().join('/') })
}

function rowsOf(page: string): readonly Row[] {
  const table = /<!-- parity -->([\s\S]*?)<!-- end -->/.exec(page)![1]!
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((line) => {
      const [, setting, route, request, express, owned] = line.split(/(?<!\\)\|/).map((cell) => cell.trim())
      return {
        setting: code(setting),
        route: code(route),
        request: code(request),
        express: express!,
        owned: owned!,
      }
    })
}

function code(cell: string | undefined): string {
  return cell!.replaceAll('`', '').replaceAll('\\|', '|')
}
