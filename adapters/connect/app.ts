/** What stands in for the Express app, as `req.app` and `res.app`: settings, locals, view engines. */
import { join } from 'node:path'
import type { SurfaceSeed, ViewEngine } from '../../src/runtime'
import { type Major, Settings } from './settings'
import { type Render, Views } from './views'

export class StandInApp {
  readonly major: Major
  readonly locals: Record<string, unknown> = Object.create(null)
  readonly mountpath = '/'
  /** Compiled; `app.settings` has them by name. @internal */
  readonly compiled: Settings
  readonly #views: Views

  constructor(seed: SurfaceSeed, major: Major) {
    this.major = major
    const compiled = (this.compiled = new Settings(major))
    compiled.set('etag', 'weak')
    compiled.set('env', seed.environment)
    compiled.set('query parser', major === 4 ? 'extended' : 'simple')
    compiled.set('subdomain offset', 2)
    compiled.set('trust proxy', false)
    compiled.set('jsonp callback name', 'callback')
    compiled.set('views', join(seed.root, 'views'))
    if (seed.environment === 'production') compiled.set('view cache', true)
    for (const [name, value] of Object.entries(seed.settings)) compiled.set(name, value)
    this.locals.settings = compiled.values
    this.#views = new Views(compiled.values, seed.root)
  }

  get settings(): Readonly<Record<string, unknown>> {
    return this.compiled.values
  }

  /** The value of a setting. */
  get(name: string): unknown {
    return this.compiled.values[name]
  }

  set(name: string, ...value: readonly [] | readonly [unknown]): unknown {
    if (value.length === 0) return this.get(name)
    this.compiled.set(name, value[0])
    return this
  }

  enabled(name: string): boolean {
    return Boolean(this.get(name))
  }

  disabled(name: string): boolean {
    return !this.enabled(name)
  }

  enable(name: string): unknown {
    return this.set(name, true)
  }

  disable(name: string): unknown {
    return this.set(name, false)
  }

  path(): string {
    return ''
  }

  engine(extension: string, engine: ViewEngine): this {
    this.#views.register(extension, engine)
    return this
  }

  /** Renders a view; `done` gets the text. Its own locals win over those of the response, and these over the app's. */
  render(view: string, options?: object | Render, done?: Render): void {
    const [locals, callback] =
      typeof options === 'function' ? [{}, options as Render] : [options ?? {}, done!]
    const { _locals } = locals as { _locals?: object }
    const merged: Record<string, unknown> = { ...this.locals, ..._locals, ...locals }
    merged.cache ??= this.enabled('view cache')
    this.#views.render(view, merged, callback)
  }
}
