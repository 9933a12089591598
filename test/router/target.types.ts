/** What a route may point to: a wrong action does not compile. */
import type { ActionName, Mapper } from '../../src/router'

abstract class Base {
  readonly params = {}
  render(): void {}
}

class Articles extends Base {
  readonly title = 'x'
  index(): void {}
  async show(id: string): Promise<string> {
    return id + this.#hidden()
  }
  favorite(): void {}
  protected guard(): void {}
  #hidden(): string {
    return ''
  }
}

class Comments extends Base {
  readonly exchange: { readonly req: unknown }
  constructor(exchange: { readonly req: unknown }) {
    super()
    this.exchange = exchange
  }
  list(): void {}
}

type Equal<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
const holds = <T extends true>(): T | undefined => undefined

holds<Equal<ActionName<typeof Articles, keyof Base>, 'index' | 'show' | 'favorite'>>()
holds<Equal<ActionName<typeof Articles>, 'index' | 'show' | 'favorite' | 'render'>>()

type Handler = (req: { readonly url: string }, res: { end(): void }) => unknown

export function routes(r: Mapper<keyof Base & string, Handler>): void {
  r.get('/a', [Articles, 'show'])
  r.get('/a', [Comments, 'list'])
  r.get('/a', 'articles#show')
  r.get('/a', (req, res) => (req.url === '' ? res.end() : null))
  r.match('/a', [Articles, 'index'], { via: ['get'] })
  r.root([Articles, 'index'])
  r.resources('articles', Articles, { only: ['index'], param: 'slug' }, (r) => {
    r.member((r) => {
      r.post('favorite')
      r.delete('favourite', 'favorite')
      // @ts-expect-error no such action
      r.post('favourite')
    })
    r.resources('comments', Comments, (r) => {
      r.get('list')
      // @ts-expect-error an action of the outer controller
      r.get('favorite')
    })
  })
  r.resources('articles', 'articles', (r) => r.get('anything'))
  r.controller(Articles, (r) => r.get('/x', 'show'))
  r.namespace('admin', (r) => r.get('/x', [Articles, 'index']))

  // @ts-expect-error no such action
  r.get('/a', [Articles, 'shwo'])
  // @ts-expect-error a method of the base class is no action
  r.get('/a', [Articles, 'render'])
  // @ts-expect-error a property is no action
  r.get('/a', [Articles, 'title'])
  // @ts-expect-error a protected method is no action
  r.get('/a', [Articles, 'guard'])
  // @ts-expect-error an action without a controller
  r.get('/a', 'show')
  // @ts-expect-error a controller without an action
  r.get('/a', Articles)
  // @ts-expect-error no target
  r.get('/a')
  // @ts-expect-error no methods
  r.match('/a', [Articles, 'index'])
  // @ts-expect-error no such RESTful action
  r.resources('articles', Articles, { only: ['list'] })
  // @ts-expect-error no such action
  r.controller(Articles, (r) => r.get('/x', 'list'))
  // @ts-expect-error no such action
  r.root([Articles, 'list'])

  // Lists, and handlers typed by another system.
  r.get('/a', [(_req, res) => res.end(), (req) => req.url])
  r.get('/a', [foreign, foreign, [Articles, 'show']])
  r.get('/a', foreign)
  r.match('/a', foreign, { via: 'all' })
  r.root([foreign, 'articles#show'])
  r.use((req, res) => (req.url === '' ? res.end() : null))
  r.use(foreign, [foreign], (error: unknown, req: { readonly url: string }) => (error ? null : req.url))
  r.mount('/b', foreign)
  r.mount('/b', (req, res) => (req.url === '' ? res.end() : null))
  r.concern('listable', (r) => r.get('anything'))
  r.get('/a/:id', [Articles, 'show'], {
    constraints: { id: /\d+/, host: /x/, request: (req) => req.method === 'GET' },
  })

  // @ts-expect-error no such action at the end of the list
  r.get('/a', [foreign, [Articles, 'shwo']])
  // @ts-expect-error no middleware
  r.use('helmet')
  // @ts-expect-error a parameter is constrained by an expression
  r.get('/a/:id', [Articles, 'show'], { constraints: { id: 7 } })
}

declare function foreign(req: { readonly express: true }, res: { send(): void }, next: () => void): void
