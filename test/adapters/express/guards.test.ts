/**
 * The security property: moving a route behind a mount opens no path. Guards and routes are generated, and URLs made from the
 * route by everything attackers try. A URL whose legacy handler a guard stops, or that no legacy handler answers, never
 * reaches the owned route. Also `MountRouting`: routers keep the rules they were made with, whatever the app says later.
 */
import assert from 'node:assert/strict'
import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Express, RequestHandler } from 'express'
import fc from 'fast-check'
import { describe, it } from 'vitest'
import { createMount } from '../../../adapters/express/mount'
import { Servers } from '../../../adapters/express/servers'
import { Upgrades } from '../../../adapters/express/upgrades'
import type { HostedApplication } from '../../../src/runtime'
import { type OwnedMatch, OwnedRoutes } from '../../../src/runtime/owned-routes'
import { majors } from './support/majors'

type Any = Parameters<RequestHandler>
type Outcome = 'guard' | 'route' | 'nothing' | 'malformed'
type Answer = { outcome?: Outcome }

const mark =
  (outcome: Outcome) =>
  (_req: Any[0], res: Any[1]): void => {
    ;(res as Answer).outcome = outcome
    res.end()
  }

/** What is in front of the route, and where both stand. */
interface Setting {
  readonly route: string
  readonly guard: string
  readonly kind: 'use' | 'all' | 'all below' | 'router' | 'route' | 'sub-app'
  readonly place: 'app' | 'router' | 'prefix'
  readonly caseSensitive: boolean
  readonly strict: boolean
}

const word = fc.constantFrom('admin', 'Admin', 'panel', 'a.b', 'x-y', 'u')
const segment = fc.oneof(word, fc.constantFrom(':id', ':name'))
const routes = fc
  .tuple(word, fc.array(segment, { maxLength: 3 }), fc.constantFrom('', '', '/', '/*rest'))
  .map(([first, rest, end]) => {
    const unique = rest.map((part, index) => (part.startsWith(':') ? `:p${index}` : part))
    return `/${[first, ...unique].join('/')}${end}`
  })

const settings: fc.Arbitrary<Setting> = routes.chain((route) =>
  fc.record({
    route: fc.constant(route),
    guard: fc.nat({ max: 4 }).map((count) => {
      const parts = route.split('/').filter((part) => part !== '' && part !== '*rest')
      return `/${parts.slice(0, Math.max(1, Math.min(count, parts.length))).join('/')}`
    }),
    kind: fc.constantFrom('use', 'all', 'all below', 'router', 'route', 'sub-app'),
    place: fc.constantFrom('app', 'router', 'prefix'),
    caseSensitive: fc.boolean(),
    strict: fc.boolean(),
  }),
)

/** The path of the route with values, then damaged in one to four ways. */
const twist = fc.constantFrom<((path: string, at: number) => string)[]>(
  ...(
    [
      (path) => path,
      (path) => path.toUpperCase(),
      (path) => path.toLowerCase(),
      (path) => `${path}/`,
      (path) => `${path}//`,
      (path) => path.replace(/\/$/, ''),
      (path) => `/${path}`,
      (path) => `/.${path}`,
      (path) => `/x/..${path}`,
      (path) => `${path}/..`,
      (path) => `${path}/.`,
      (path) => `${path};a=b`,
      (path) => `${path}?x=/`,
      (path) => `${path}#x`,
      (path) => `${path}%00`,
      (path) => `${path}%2F`,
      (path) => `${path}%20`,
      (path) => `${path}%`,
      (path) => `http://h${path}`,
      (path) => `HTTPS://h:80${path}`,
      (path) => `http://u@h${path}`,
      (path) => `//h${path}`,
      (path) => path.replaceAll('/', '\\'),
      (path, at) => insert(path, at, '/'),
      (path, at) => insert(path, at, '%2f'),
      (path, at) => insert(path, at, '\\'),
      (path, at) => insert(path, at, '.'),
      (path, at) => insert(path, at, '\u00a0'),
      (path, at) => insert(path, at, '\u212a'),
      (path, at) => insert(path, at, '\t'),
      (path, at) => encodeAt(path, at, false),
      (path, at) => encodeAt(path, at, true),
      (path, at) => path.slice(0, at) + path.slice(at + 1),
      (path, at) => path.slice(0, at) + swapCase(path.charAt(at)) + path.slice(at + 1),
    ] as ((path: string, at: number) => string)[]
  ).map((each) => [each]),
)
const urls = (route: string, prefix: string): fc.Arbitrary<string> =>
  fc
    .tuple(
      fc.array(fc.constantFrom('1', 'admin', '', '..', '%2e', 'a%2Fb', 'é', '%E0%A4%A', 'panel'), {
        minLength: 3,
        maxLength: 3,
      }),
      fc.array(fc.tuple(twist, fc.nat({ max: 24 })), { maxLength: 4 }),
    )
    .map(([values, twists]) => {
      let next = 0
      const path = prefix + route.replace(/[:*]\w+/g, () => values[next++ % 3]!)
      return twists.reduce((twisted, [[apply], at]) => apply!(twisted, at % (twisted.length + 1)), path)
    })

describe.each(majors)('guards: what stands before a mount in %s', (name, express) => {
  const isFour = name === 'Express 4'

  const legacyPattern = (route: string): string => (isFour ? route.replace('*rest', '*') : route)

  /** The app with the guard, and the route either owned or legacy. */
  function build(setting: Setting, arm: 'rage' | 'legacy'): Express {
    const { route, guard, kind, place, caseSensitive, strict } = setting
    const app = express()
    const options = { caseSensitive, strict }
    app.set('case sensitive routing', caseSensitive && place !== 'router')
    app.set('strict routing', strict && place !== 'router')
    const target = place === 'router' ? (express.Router(options) as unknown as Express) : app
    const prefix = place === 'prefix' ? '/api' : ''
    const deny = mark('guard')
    const path = prefix + guard
    if (kind === 'use') target.use(path, deny)
    else if (kind === 'all') target.all(path, deny)
    else if (kind === 'all below') target.all(isFour ? `${path}/*` : `${path}/*rest`, deny)
    else if (kind === 'route') target.route(path).all(deny)
    else {
      const inner = kind === 'router' ? express.Router(options) : express()
      inner.use(deny)
      target.use(path, inner)
    }
    if (arm === 'rage') target.use(...([prefix || '/', mountOwning(route)] as [string, RequestHandler]))
    else if (prefix === '') target.get(legacyPattern(route), mark('route'))
    else target.use(prefix, express.Router(options).get(legacyPattern(route), mark('route')))
    if (target !== app) app.use(target)
    return app
  }

  it('stops whatever it would have stopped had the route not moved', async () => {
    const counts: Record<string, number> = {}
    await fc.assert(
      fc.asyncProperty(
        settings.chain((setting) =>
          fc.record({
            setting: fc.constant(setting),
            paths: fc.array(urls(setting.route, setting.place === 'prefix' ? '/api' : ''), {
              minLength: 15,
              maxLength: 15,
            }),
          }),
        ),
        async ({ setting, paths }) => {
          const owned = build(setting, 'rage')
          const legacy = build(setting, 'legacy')
          for (const url of paths) {
            const before = await outcomeOf(legacy, url)
            const after = await outcomeOf(owned, url)
            counts[`${before} then ${after}`] = (counts[`${before} then ${after}`] ?? 0) + 1
            if (after === 'route') assert.equal(before, 'route', JSON.stringify(url))
            if (before === 'guard') assert.equal(after, 'guard', JSON.stringify(url))
          }
        },
      ),
      { numRuns: 250 },
    )
    // The property says nothing unless guards were met and routes were reached.
    assert.ok(counts['guard then guard']! > 100, JSON.stringify(counts))
    assert.ok(counts['route then route']! > 100, JSON.stringify(counts))
  })

  it('owns nothing but what a legacy route of the same pattern would have matched', async () => {
    let reached = 0
    await fc.assert(
      fc.asyncProperty(
        fc.record({ route: routes, caseSensitive: fc.boolean(), strict: fc.boolean() }).chain((setting) =>
          fc.record({
            setting: fc.constant(setting),
            paths: fc.array(urls(setting.route, ''), { minLength: 20, maxLength: 20 }),
          }),
        ),
        async ({ setting: { route, caseSensitive, strict }, paths }) => {
          const app = (arm: 'rage' | 'legacy'): Express => {
            const made = express()
            made.set('case sensitive routing', caseSensitive)
            made.set('strict routing', strict)
            return arm === 'rage'
              ? made.use(mountOwning(route))
              : made.get(legacyPattern(route), mark('route'))
          }
          const [owned, legacy] = [app('rage'), app('legacy')]
          for (const url of paths) {
            if ((await outcomeOf(owned, url)) !== 'route') continue
            reached++
            assert.equal(await outcomeOf(legacy, url), 'route', JSON.stringify(url))
          }
        },
      ),
      { numRuns: 250 },
    )
    assert.ok(reached > 200, `only ${reached} reached`)
  })

  it('keeps the rules of a router, whatever the app is set to', async () => {
    const app = express()
    const router = express.Router({ caseSensitive: true, strict: true })
    router.use('/admin', mark('guard'))
    router.use(mountOwning('/admin/x'))
    app.use(router)

    assert.equal(await outcomeOf(app, '/admin/x'), 'guard')
    assert.equal(await outcomeOf(app, '/ADMIN/x'), 'nothing')
  })

  it('keeps the rules that the app had when its first route was made', async () => {
    const app = express()
    app.enable('case sensitive routing')
    app.use('/admin', mark('guard'))
    app.disable('case sensitive routing')
    app.use(mountOwning('/admin/x'))

    assert.equal(await outcomeOf(app, '/ADMIN/x'), 'nothing')
  })

  it('goes by the strictest router in sight when the mount is wrapped in a function', async () => {
    const app = express()
    const router = express.Router({ caseSensitive: true })
    const mount = mountOwning('/admin/x')
    router.use('/admin', mark('guard'))
    router.use((req, res, next) => mount(req, res, next))
    app.use(router)

    assert.equal(await outcomeOf(app, '/ADMIN/x'), 'nothing')
  })

  it('is not undone by an app that is mounted through a router', async () => {
    const app = express()
    const sub = express()
    sub.enable('case sensitive routing')
    sub.use('/admin', mark('guard'))
    sub.use(mountOwning('/admin/x'))
    app.use(express.Router().use('/sub', sub))

    assert.equal(await outcomeOf(app, '/sub/admin/x'), 'guard')
    assert.equal(await outcomeOf(app, '/sub/ADMIN/x'), 'nothing')
  })
})

function mountOwning(route: string): RequestHandler {
  const routes = new OwnedRoutes()
  routes.draw((r) => void r.get(route, () => undefined))
  // The port between runtime and host, as far as a request needs it: real routes, and a note in place of an action.
  const app = {
    cablePath: null,
    find: routes.find.bind(routes),
    ownsPath: routes.ownsPath.bind(routes),
    routeKeys: () => [],
    serve: ({ malformed }: OwnedMatch, _req: unknown, res: Any[1]) =>
      mark(malformed ? 'malformed' : 'route')(_req as Any[0], res),
  } as unknown as HostedApplication
  const servers = new Servers(() => undefined)
  return createMount(app, { upgrades: new Upgrades(app), servers }) as unknown as RequestHandler
}

/** What answers, asked without a server: URLs that Node's parser would refuse are tried too. */
function outcomeOf(app: Express, url: string): Promise<Outcome> {
  return new Promise((resolve) => {
    const req = new IncomingMessage(new Socket())
    req.method = 'GET'
    req.url = url
    const res = new ServerResponse(req)
    res.end = () => {
      resolve((res as Answer).outcome ?? 'nothing')
      return res
    }
    ;(app as unknown as (...args: unknown[]) => void)(req, res, (error: unknown) =>
      resolve(error ? 'malformed' : 'nothing'),
    )
  })
}

function insert(path: string, at: number, text: string): string {
  return path.slice(0, at) + text + path.slice(at)
}

function encodeAt(path: string, at: number, isLower: boolean): string {
  const code = path.charCodeAt(at)
  if (!(code < 128)) return path
  const hex = `%${code.toString(16).padStart(2, '0')}`
  return path.slice(0, at) + (isLower ? hex : hex.toUpperCase()) + path.slice(at + 1)
}

function swapCase(character: string): string {
  return character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase()
}
